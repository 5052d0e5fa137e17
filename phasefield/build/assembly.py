"""The model of a configuration, and the state that it starts from."""

import jax.numpy as jnp

from phasefield import model as model_module
from phasefield.build.materials import cathode, electrolyte, lithium, phases, sei
from phasefield.config import Config
from phasefield.grid import Grid
from phasefield.host import Geometry
from phasefield.materials import Host
from phasefield.model import Model
from phasefield.state import State
from phasefield.units import nm, um


def dtype(config: Config):
    """Floating-point type of the fields."""
    return jnp.float64 if config.precision == "float64" else jnp.float32


def model(config: Config, geometry: Geometry) -> Model:
    """The model on this geometry."""
    solver = config.solver
    return model_module.build_model(
        Grid(geometry.shape, geometry.spacing),
        Host(
            phases(config, geometry.names),
            geometry.fractions,
            geometry.bottom,
            geometry.top,
            geometry.surface,
            geometry.subgrid_pore,
        ),
        electrolyte(config),
        lithium(config),
        temperature=config.temperature_K,
        nucleation_prefactor=config.nucleation.prefactor_per_m2_s,
        nucleation_steepness=config.nucleation.steepness,
        nucleus_size=config.nucleation.nucleus_um * um,
        film_thickness=config.nucleation.film_nm * nm,
        closed_film=config.nucleation.closed_film_um * um,
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
