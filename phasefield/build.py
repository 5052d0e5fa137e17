"""From a configuration in the user's units to SI objects: the only conversion of units."""

from dataclasses import replace
from math import ceil
from pathlib import Path

import jax.numpy as jnp
import numpy as np

from phasefield import config as schema
from phasefield import memory, sharding
from phasefield import model as model_module
from phasefield.cathode import Cathode, open_circuit_curve
from phasefield.config import Config, ConfigError
from phasefield.grid import Grid
from phasefield.host import Geometry, ImageRequest, PackingRequest, generate, load_image
from phasefield.host.geometry import COLLECTOR
from phasefield.host.image_files import open_image
from phasefield.materials import Electrolyte, Host, HostPhase, Insertion, Lithium, SolidElectrolyteInterphase
from phasefield.model import Model
from phasefield.protocol import Repetition, Step
from phasefield.state import State
from phasefield.stepping import TimeControl
from phasefield.units import (
    FARADAY,
    GAS_CONSTANT,
    cm2,
    cm3,
    g_per_cm3,
    hour,
    mA_per_cm2,
    mAh_per_cm2,
    mAh_per_g,
    mol_per_L,
    mV,
    nm,
    um,
)

MULTIPLE = 16  # cells: what multigrid can halve four times
CURVE_POINTS = 256  # of an equilibrium potential
CURVE_END = 1e-5  # theta at which the curve is cut off, from either end: it is infinite at 0 and 1
BASE_MEMORY = {2: 1.0e9, 3: 1.5e9}  # bytes: Python, JAX and compiling; measured on a processor
BYTES_PER_CELL = {2: 1200, 3: 3500}  # estimated from the fields, stencils and coarse levels, in float64
HOST_BYTES_PER_CELL = 300  # estimated from the arrays that are alive while a host is generated


def dtype(config: Config):
    """Floating-point type of the fields."""
    return jnp.float64 if config.precision == "float64" else jnp.float32


def grid_shape(config: Config) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Cells of the box (nz, [ny,] nx), each a multiple of 16, and notes on what was rounded up to get there.

    Raises: ConfigError where there is no such box.
    """
    grid = config.grid
    height = grid.collector_um + _layer_um(config) + grid.electrolyte_um
    across = _cells(grid.width_um, grid.spacing_um)
    up = _cells(height, grid.spacing_um)
    shape = (up, *(across,) * (grid.dimensions - 1))
    notes = []
    if across * grid.spacing_um > grid.width_um * (1 + 1e-9):
        notes.append(
            f"box widened from {grid.width_um:g} to {across * grid.spacing_um:g} um, {across} cells: the solver wants "
            f"multiples of {MULTIPLE}"
        )
    if up * grid.spacing_um > height * (1 + 1e-9):
        more = grid.electrolyte_um + up * grid.spacing_um - height
        notes.append(
            f"electrolyte above the host raised from {grid.electrolyte_um:g} to {more:g} um, box {up} cells high: "
            f"the solver wants multiples of {MULTIPLE}"
        )
    if max(shape) > 2**15 or np.prod(shape, dtype=float) > 2**31:
        raise ConfigError(
            f"grid.spacing_um is {grid.spacing_um:g}, which makes a box of {' x '.join(map(str, shape))} cells; try a "
            "coarser spacing, a smaller grid.width_um or grid.dimensions=2"
        )
    if sharding.blocks(config.devices, shape) is None:
        fitting = [str(n) for n in range(1, 65) if sharding.blocks(n, shape)]
        raise ConfigError(
            f"devices is {config.devices}, but a box of {' x '.join(map(str, shape))} cells cannot be cut into as many "
            f"equal blocks; try one of {', '.join(fitting)}"
        )
    return shape, tuple(notes)


def memory_estimate(config: Config) -> float:
    """Peak memory of a run [bytes], roughly."""
    shape, _ = grid_shape(config)
    each = BYTES_PER_CELL[len(shape)] * (1.0 if config.precision == "float64" else 0.6)
    return BASE_MEMORY[len(shape)] + each * float(np.prod(shape, dtype=float))


def check_memory(config: Config) -> None:
    """Nothing; raises ConfigError where generating and measuring the host needs more memory than the computer has."""
    shape, _ = grid_shape(config)
    needed, there = HOST_BYTES_PER_CELL * float(np.prod(shape, dtype=float)), memory.of_computer()
    if there is not None and needed > there:
        raise ConfigError(
            f"grid.spacing_um is {config.grid.spacing_um:g}, which makes a box of {' x '.join(map(str, shape))} cells: "
            f"its host needs about {needed / 1e9:.3g} GB, and the computer has {there / 1e9:.3g} GB; try a coarser "
            "spacing, a smaller grid.width_um or grid.dimensions=2"
        )


def _cells(length: float, spacing: float) -> int:
    """Cells that cover a length, rounded up to a multiple of 16."""
    return MULTIPLE * ceil(length / spacing / MULTIPLE - 1e-9)


def _layer_um(config: Config) -> float:
    """Thickness of the host layer [um], that of the image where it is one."""
    host = config.host
    if host.kind != "image":
        return host.thickness_um
    image = host.image
    size, _ = open_image(Path(image.path), image.raw_shape, image.raw_dtype)
    voxels = size[min(image.axis, len(size) - 1)]  # an axis the file does not have is refused where it is read
    if image.crop is not None and image.axis < len(image.crop):
        voxels = len(range(voxels)[slice(*image.crop[image.axis])])
    return max(voxels, 1) * image.voxel_um


def geometry(config: Config) -> Geometry:
    """The host on its collector, generated from `seed` or read from an image.

    Raises: ConfigError, HostError where it cannot be built as asked for.
    """
    host, (shape, _) = config.host, grid_shape(config)
    coating = host.coating if host.kind != "bare" else None
    box = {
        "shape": shape,
        "spacing": config.grid.spacing_um * um,
        "collector_thickness": config.grid.collector_um * um,
        "diffuse_cells": host.diffuse_cells,
        "coating_phase": coating,
        "coating_thickness": host.coating_thickness_um * um if coating else 0.0,
    }
    if host.kind == "bare":
        return generate(PackingRequest(**box, thickness=0.0, solid_phase=None), config.seed)
    if host.kind == "image":
        return load_image(
            ImageRequest(
                **box,
                path=host.image.path,
                labels=host.image.labels,
                voxel_size=host.image.voxel_um * um,
                phases=tuple(sorted(config.material)),
                crop=host.image.crop,
                axis=host.image.axis,
                flip=host.image.flip,
                raw_shape=host.image.raw_shape,
                raw_dtype=host.image.raw_dtype,
            )
        )
    smallest, largest = host.particle_diameter_um
    request = PackingRequest(
        **box,
        thickness=host.thickness_um * um,
        porosity=host.porosity,
        porosity_tolerance=host.porosity_tolerance,
        particle_diameter=(smallest * um, largest * um),
        particle_flatness=host.particle_flatness,
        pore_diameter=host.pore_diameter_um * um,
        solid_phase=host.solid,
    )
    return generate(request, config.seed)


def phases(config: Config, names: tuple[str, ...] | None = None) -> tuple[HostPhase, ...]:
    """Properties of these phases of a geometry, in their order; of the collector and every material if not given."""
    names = (COLLECTOR, *sorted(config.material)) if names is None else names
    return tuple(_phase(config, name) for name in names)


def _phase(config: Config, name: str) -> HostPhase:
    material = config.material[config.host.collector if name == COLLECTOR else name]
    pristine, lithiated = material.nucleation_overpotential_mV
    return HostPhase(
        name=name,
        ionic_conductivity=material.ionic_conductivity_S_m,
        electronic_conductivity=material.electronic_conductivity_S_m,
        nucleation_overpotential=(pristine * mV, lithiated * mV),
        insertion=None if name == COLLECTOR else _insertion(config, material),
    )


def _insertion(config: Config, material: schema.Material) -> Insertion | None:
    given = material.insertion
    if given is None:
        return None
    return Insertion(
        capacity=given.capacity_mAh_g * mAh_per_g * material.density_g_cm3 * g_per_cm3,
        exchange_rate=given.exchange_rate_A_m3,
        potential=jnp.asarray(equilibrium_potential(given, config.temperature_K)),
    )


def equilibrium_potential(insertion: schema.Insertion, temperature: float) -> np.ndarray:
    """U against lithium [V] at 256 evenly spaced theta from 0 to 1, strictly falling.

        theta(U) = sum_j x_j/(1 + exp(F (U - U_j)/(w RT)))

    inverted by bisection and cut off 1e-5 from either end, where it would be infinite.
    """
    width = insertion.width_factor * GAS_CONSTANT * temperature / FARADAY
    centres = np.array([site.potential_V for site in insertion.sites])[:, None]
    shares = np.array([site.fraction for site in insertion.sites])[:, None]
    theta = np.clip(np.linspace(0, 1, CURVE_POINTS), CURVE_END, 1 - CURVE_END)
    low = np.full(CURVE_POINTS, centres.min() - 20 * width)
    high = np.full(CURVE_POINTS, centres.max() + 20 * width)
    for _ in range(60):
        middle = 0.5 * (low + high)
        too_full = (shares / (1 + np.exp((middle - centres) / width))).sum(axis=0) > theta
        low, high = np.where(too_full, middle, low), np.where(too_full, high, middle)
    return 0.5 * (low + high)


def electrolyte(config: Config) -> Electrolyte:
    """The electrolyte."""
    given = config.electrolyte
    return Electrolyte(
        concentration=given.concentration_mol_L * mol_per_L,
        conductivity=given.conductivity_S_m,
        diffusivity=given.diffusivity_m2_s,
        transference_number=given.transference_number,
        thermodynamic_factor=given.thermodynamic_factor,
        bruggeman_exponent=given.bruggeman_exponent,
    )


def lithium(config: Config) -> Lithium:
    """Metallic lithium."""
    given = config.lithium
    return Lithium(
        molar_volume=given.molar_volume_cm3_mol * cm3,
        conductivity=given.conductivity_S_m,
        exchange_current_density=given.exchange_current_density_A_m2,
        cathodic_transfer_coefficient=given.cathodic_transfer_coefficient,
        surface_energy=given.surface_energy_J_m2,
        double_layer_capacitance=given.double_layer_capacitance_F_m2,
    )


def sei(config: Config) -> SolidElectrolyteInterphase | None:
    """The film on lithium, None for none."""
    given = config.sei
    if given.thickness_nm == 0:
        return None
    return SolidElectrolyteInterphase(
        thickness=given.thickness_nm * nm,
        molar_volume=given.molar_volume_cm3_mol * cm3,
        lithium_per_formula=given.lithium_per_formula,
        resistivity=given.resistivity_Ohm_m,
        solvent_diffusivity=given.solvent_diffusivity_m2_s,
        solvent_concentration=given.solvent_concentration_mol_L * mol_per_L,
        formation_time=given.formation_time_s,
        kept_when_stripped=given.kept_when_stripped,
    )


def cathode(config: Config) -> Cathode | None:
    """That of a full cell; None where the counter electrode is lithium.

    Raises: ConfigError where its open-circuit curve does not span its voltage window or the cut-offs of the protocol.
    """
    given = config.counter.cathode
    if given is None:
        return None
    if given.sites is None:
        y, potential = np.array(given.open_circuit, float).T
    else:
        sites = np.array([(site.potential_V, site.fraction, site.width_factor) for site in given.sites])
        y, potential = open_circuit_curve(*sites.T, config.temperature_K)
    steps = [step for step in protocol(config) if not step.half_cell]
    wanted = [("counter.cathode.voltage_window_V", value) for value in given.voltage_window_V]
    wanted += [("cell_voltage_min_V", step.cell_voltage_min) for step in steps if step.cell_voltage_min is not None]
    wanted += [("cell_voltage_max_V", step.cell_voltage_max) for step in steps if step.cell_voltage_max is not None]
    for key, value in wanted:
        if not potential[-1] <= value <= potential[0]:
            raise ConfigError(
                f"{key} is {value:g}, but the open-circuit curve of {config.counter.name} spans {potential[-1]:.3g} to "
                f"{potential[0]:.3g} V; try a voltage within it"
            )
    full, empty = np.interp(-np.array(given.voltage_window_V), -potential, y)
    return Cathode(
        capacity=given.capacity_mAh_cm2 * mAh_per_cm2 / (full - empty),
        start=full + given.state_of_charge * (empty - full),
        stoichiometry=jnp.asarray(y),
        potential=jnp.asarray(potential),
        exchange_current_density=given.exchange_current_density_A_m2 * given.area_ratio,
        resistance=given.resistance_Ohm_cm2 * cm2,
    )


def model(config: Config, geometry: Geometry) -> Model:
    """The model on this geometry."""
    solver = config.solver
    return model_module.build_model(
        Grid(geometry.shape, geometry.spacing),
        Host(phases(config, geometry.names), geometry.fractions, geometry.bottom, geometry.top, geometry.surface),
        electrolyte(config),
        lithium(config),
        temperature=config.temperature_K,
        nucleation_prefactor=config.nucleation.prefactor_per_m2_s,
        nucleation_steepness=config.nucleation.steepness,
        nucleus_size=config.nucleation.nucleus_um * um,
        interface_width=config.grid.interface_cells * geometry.spacing,
        front_mobility=solver.front_mobility,
        charge_tolerance=solver.charge_tolerance,
        salt_tolerance=solver.salt_tolerance,
        newton_iterations=solver.newton_iterations,
        linear_iterations=solver.linear_iterations,
        sei=sei(config),
        insertion_active=config.protocol.insertion,
        cathode=cathode(config),
        dtype=dtype(config),
    )


def lithiation(config: Config, names: tuple[str, ...]) -> tuple[float, ...]:
    """Lithiation of these phases at the start [-]."""
    given = config.host.lithiation if config.protocol.start_lithiated else None
    return tuple((given or {}).get(name, 0.0) for name in names)


def initial_state(config: Config, model: Model) -> State:
    """The electrode before any current."""
    names = tuple(phase.name for phase in model.host.phases)
    seed = config.seed if config.nucleation.seed is None else config.nucleation.seed
    return model_module.initial_state(model, seed, lithiation(config, names))


def protocol(config: Config) -> tuple[Step, ...]:
    """What the cycler does, blocks of repeated steps written out."""
    return _steps(config.protocol.steps)


def _steps(given: tuple[schema.Step, ...]) -> tuple[Step, ...]:
    out: tuple[Step, ...] = ()
    for step in given:
        once = (_step(step),) if step.steps is None else _steps(step.steps)
        if step.efficiency_min is None:
            out += once * step.repeat
        else:
            for left in reversed(range(step.repeat)):
                out += _judged(once, step.efficiency_min, left)
    return out


def _judged(once: tuple[Step, ...], efficiency_min: float, left: int) -> tuple[Step, ...]:
    """A repetition of a block, which is to be this efficient for the repetitions that are left to follow."""
    repetition = Repetition(efficiency_min, steps=len(once), left=left * len(once))
    return (*once[:-1], replace(once[-1], repetitions=(*once[-1].repetitions, repetition)))


def _step(step: schema.Step) -> Step:
    current, rate, least = step.current_density_mA_cm2, step.sweep_rate_mV_s, step.current_min_mA_cm2
    return Step(
        current_density=None if current is None else current * mA_per_cm2,
        capacity=None if step.capacity_mAh_cm2 is None else step.capacity_mAh_cm2 * mAh_per_cm2,
        duration=None if step.time_h is None else step.time_h * hour,
        potential_min=step.potential_min_V,
        potential_max=step.potential_max_V,
        potential=step.potential_V,
        sweep_rate=None if rate is None else rate * mV,
        current_min=None if least is None else least * mA_per_cm2,
        cell_voltage_min=step.cell_voltage_min_V,
        cell_voltage_max=step.cell_voltage_max_V,
        half_cell=bool(step.half_cell),
    )


def snapshot_interval(config: Config) -> float:
    """Charge between snapshots [C/m2]."""
    return config.protocol.snapshot_every_mAh_cm2 * mAh_per_cm2


def time_control(config: Config) -> TimeControl:
    """What limits a time step."""
    solver = config.solver
    return TimeControl(
        phase_change=solver.phase_change,
        overpotential_change=solver.overpotential_change_mV * mV,
        nucleation_fraction=solver.nucleation_fraction,
        growth=solver.growth,
        dt_first=solver.dt_first_s,
        dt_min=solver.dt_min_s,
        dt_max=solver.dt_max_s,
    )


def film_notes(config: Config) -> tuple[str, ...]:
    """A note where lithium is stripped and nothing of it is lost to a film."""
    currents = [step.current_density or 0.0 for step in protocol(config)]
    if config.sei.thickness_nm > 0 or min(currents) >= 0 or max(currents) <= 0:
        return ()
    return ("no SEI forms: what cycling loses is dead lithium and what the host keeps; sei=film adds it",)


def room(config: Config, geometry: Geometry) -> tuple[float, float]:
    """Charge of dense lithium that fits into the pores of the host, and into the whole box [C/m2]."""
    charge = FARADAY / lithium(config).molar_volume  # C per m3 of lithium
    per_plane = geometry.pore.mean(axis=tuple(range(1, geometry.ndim))) * geometry.spacing
    return float(geometry.layer @ per_plane) * charge, float(per_plane.sum()) * charge


def check_room(config: Config, geometry: Geometry) -> tuple[str, ...]:
    """Notes on whether the lithium of the protocol fits.

    Raises: ConfigError where it does not fit into the box.
    """
    charge = largest = 0.0
    of_cathode = cathode(config)
    for step in protocol(config):
        if step.holds:
            continue  # how much that passes is not known beforehand
        if step.longest != float("inf"):
            charge = max(charge + step.current_density * step.longest, 0.0)
            largest = max(largest, charge)
        elif of_cathode is not None and not step.half_cell:  # until the cathode is empty, or full again
            charge = max(charge + float(np.sign(step.current_density)) * of_cathode.capacity, 0.0)
            largest = max(largest, charge)
        elif step.current_density < 0:
            charge = 0.0
    pores, box = room(config, geometry)
    if largest > 0.95 * box:
        raise ConfigError(
            f"the protocol plates {largest / mAh_per_cm2:.3g} mAh/cm2, but the box has room for "
            f"{box / mAh_per_cm2:.3g}; try a larger grid.electrolyte_um or a smaller protocol.capacity_mAh_cm2"
        )
    if geometry.layer.any() and largest > pores:
        return (
            f"the pores hold {pores / mAh_per_cm2:.3g} mAh/cm2; what is plated beyond that lies on top of the host",
        )
    return ()
