"""Materials, electrolyte, lithium, film and cathode in SI units."""

import jax.numpy as jnp
import numpy as np

from phasefield import config as schema
from phasefield.build.protocols import protocol
from phasefield.cathode import Cathode, open_circuit_curve
from phasefield.config import Config, ConfigError
from phasefield.host.geometry import COLLECTOR
from phasefield.materials import Electrolyte, HostPhase, Insertion, Lithium, SolidElectrolyteInterphase
from phasefield.units import (
    FARADAY,
    GAS_CONSTANT,
    cm2,
    cm3,
    g_per_cm3,
    mAh_per_cm2,
    mAh_per_g,
    mol_per_L,
    mV,
    nm,
)

CURVE_POINTS = 4096  # of an equilibrium potential
CURVE_END = 1e-5  # theta at which the curve is cut off, from either end: it is infinite at 0 and 1


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
    """U against lithium [V] at 4096 evenly spaced theta from 0 to 1, strictly falling.

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
