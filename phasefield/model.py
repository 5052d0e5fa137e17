"""The model: what is fixed during a run, and one step of it."""

from dataclasses import dataclass, field, replace

import jax
import jax.numpy as jnp
import numpy as np

from phasefield import operators
from phasefield.cathode import Cathode
from phasefield.grid import Grid
from phasefield.host.geometry import SMALLEST_REACTIVE_PORE
from phasefield.host.passages import passages
from phasefield.materials import Electrolyte, Host, Lithium, SolidElectrolyteInterphase
from phasefield.physics import charge, coverage, interface, islands, nucleation, transport
from phasefield.physics import lithiation as uptake
from phasefield.physics import sei as interphase
from phasefield.precision import cast
from phasefield.solvers import fusion, multigrid
from phasefield.solvers.multigrid import Hierarchy
from phasefield.state import FAR, Film, State, covered_share


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Model:
    """Everything a step needs to know; made by `build_model`.

    Args:
        grid, host, electrolyte, lithium: see there.
        temperature: [K].
        nucleation_prefactor: J0 [1/(m2 s)]. nucleation_steepness: b [-].
        nucleus_cells: static, edge of the surface that a nucleus makes active, in cells.
        film_thickness: of the lithium that it holds from then on and that conducts along it [m]; 0 for none.
        closed_film: thickness from which lithium on a wall keeps ions from it [m], see `physics.islands`.
        film_cells: static, to how many cells away from a wall lithium belongs to the film on it.
        interface_width: delta [m]. front_mobility: Gamma over the speed of the fastest front [-].
        pore: eps_p [-]; reactive_pore: the same where large enough to react, else 0.
        pore_faces: of reactive pore between neighbours, see `interface.pore_faces`.
        passages: kappa of the empty pores between neighbours over that in the open [-], see `host.passages`.
        surface: a_sub, area of host and collector per volume where it can react [1/m].
        facing: axis that the wall in a cell faces, see `nucleation.facing`.
        surface_shares: part of it that belongs to each host phase [-], shape (K, *grid.shape).
        charge_tolerance, salt_tolerance: misplaced current and salt, over the applied [-].
        newton_iterations, linear_iterations: most per step, per solve.
        sei: the film on lithium, None for none.
        insertion_active: static; False holds the lithiation of the host where it is.
        cathode: of a full cell; None where the counter electrode is lithium.
    """

    grid: Grid
    host: Host
    electrolyte: Electrolyte
    lithium: Lithium
    temperature: float
    nucleation_prefactor: float
    nucleation_steepness: float
    film_thickness: float
    closed_film: float
    interface_width: float
    front_mobility: float
    pore: jax.Array
    reactive_pore: jax.Array
    pore_faces: tuple[jax.Array, ...]
    passages: tuple[jax.Array, ...]
    surface: jax.Array
    facing: jax.Array
    surface_shares: jax.Array
    charge_tolerance: float
    salt_tolerance: float
    newton_iterations: int
    linear_iterations: int
    sei: SolidElectrolyteInterphase | None
    nucleus_cells: int = field(metadata={"static": True})
    film_cells: int = field(metadata={"static": True})
    insertion_active: bool = field(metadata={"static": True})
    cathode: Cathode | None = None


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Preconditioner:
    """Coarse levels of the two implicit solves; made by `precondition`, good for many steps."""

    charge: Hierarchy
    salt: Hierarchy


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class StepReport:
    """How a step went: its reaction, whether its solves met their tolerances, whether its fronts were followed."""

    reaction: charge.Reaction
    converged: jax.Array
    followed: jax.Array
    newton_iterations: jax.Array
    linear_iterations: jax.Array
    charge_error: jax.Array


FARTHEST = 30.0  # cells that lithium may reach in a step; one that asks for more is not followed, and to be repeated


def build_model(
    grid: Grid,
    host: Host,
    electrolyte: Electrolyte,
    lithium: Lithium,
    *,
    temperature: float = 300.15,
    nucleation_prefactor: float,
    nucleation_steepness: float,
    nucleus_size: float | None = None,
    film_thickness: float = 0.0,
    closed_film: float = 0.5e-6,
    interface_width: float | None = None,
    front_mobility: float = 5.0,
    charge_tolerance: float = 1e-5,
    salt_tolerance: float = 1e-5,
    newton_iterations: int = 15,
    linear_iterations: int = 100,
    sei: SolidElectrolyteInterphase | None = None,
    insertion_active: bool = True,
    cathode: Cathode | None = None,
    dtype=jnp.float64,
) -> Model:
    """The model on this grid with its derived fields, all numbers cast to `dtype`.

    Args:
        nucleus_size: edge of the surface that a nucleus makes active [m], in whole cells; one cell if None.
        film_thickness: of the lithium that nucleated surface holds at least, and that conducts along it [m]; 0: none.
        closed_film: thickness from which lithium on a wall keeps ions from it [m], see `physics.islands`.
        interface_width: delta [m]; half a cell if None.
        front_mobility: Gamma over the speed of the fastest front [-].
        sei: the film that forms on lithium; None leaves it out.
        insertion_active: whether host phases take up lithium during the run.
        cathode: of a full cell; None where the counter electrode is lithium.
    """
    periodic = operators.laterally_periodic(grid.ndim)
    fractions = jnp.asarray(host.fractions, jnp.float64)
    solid = jnp.sum(fractions, axis=0)
    pore = jnp.clip(1 - solid, 0, 1)  # rounding of a sum of fractions
    reacts = pore >= SMALLEST_REACTIVE_PORE
    areas = jnp.stack([operators.norm(operators.gradient(f, grid.spacing)) for f in fractions])
    all_areas = jnp.sum(areas, axis=0)
    reactive_pore = jnp.where(reacts, pore, 0.0)
    surface = operators.norm(operators.gradient(solid, grid.spacing)) if host.surface is None else host.surface
    model = Model(
        grid=grid,
        host=replace(host, surface=None, subgrid_pore=None),
        electrolyte=electrolyte,
        lithium=lithium,
        temperature=temperature,
        nucleation_prefactor=nucleation_prefactor,
        nucleation_steepness=nucleation_steepness,
        film_thickness=film_thickness,
        closed_film=closed_film,
        film_cells=islands.reach(closed_film, grid.spacing),
        nucleus_cells=1 if nucleus_size is None else max(1, round(nucleus_size / grid.spacing)),
        interface_width=0.5 * grid.spacing if interface_width is None else interface_width,
        front_mobility=front_mobility,
        pore=pore,
        reactive_pore=reactive_pore,
        pore_faces=interface.pore_faces(pore, reactive_pore, periodic),
        passages=tuple(passages(np.asarray(reactive_pore), electrolyte.bruggeman_exponent, host.subgrid_pore)),
        surface=jnp.where(reacts, surface, 0.0),
        facing=jnp.where(reacts & (surface > 0), nucleation.facing(pore), 0),
        surface_shares=areas / jnp.where(all_areas > 0, all_areas, 1.0),
        charge_tolerance=charge_tolerance,
        salt_tolerance=salt_tolerance,
        newton_iterations=newton_iterations,
        linear_iterations=linear_iterations,
        sei=sei,
        insertion_active=insertion_active,
        cathode=cathode,
    )
    return cast(model, dtype)


def initial_state(model: Model, seed: int, lithiation=None) -> State:
    """The electrode at rest before any current: no lithium, even salt, bare surfaces.

    Args:
        seed: of the nucleation.
        lithiation: theta of each host phase, K numbers; 0 if None. With insertion active the ionic potential starts at
            the open-circuit potential of the most lithiated phase that inserts.
    """
    shape, dtype = model.grid.shape, model.pore.dtype
    thetas = [0.0] * len(model.host.phases) if lithiation is None else list(lithiation)
    open_circuit = jnp.zeros((), dtype)
    if model.insertion_active and any(phase.insertion is not None for phase in model.host.phases):
        open_circuit = jnp.min(
            jnp.stack(
                [
                    uptake.equilibrium_potential(phase.insertion, jnp.asarray(theta, dtype))[0]
                    for phase, theta in zip(model.host.phases, thetas, strict=True)
                    if phase.insertion is not None
                ]
            )
        )
    zeros = jnp.zeros(shape, dtype)
    theta_fields = jnp.stack([jnp.full(shape, theta, dtype) for theta in thetas])
    return State(
        phase=zeros,
        concentration=jnp.full(shape, model.electrolyte.concentration, dtype),
        electronic_potential=zeros,
        ionic_potential=jnp.full(shape, -open_circuit, dtype),
        lithiation=theta_fields,
        rim_distance=jnp.full(shape, FAR, dtype),
        nucleated=zeros,
        nuclei=jnp.zeros((), jnp.int32),
        double_layer_charge=model.lithium.double_layer_capacitance * model.surface * open_circuit,
        random_key=jax.random.key_data(jax.random.key(seed)),
        time=jnp.zeros((), jnp.float64),
        film=None if model.sei is None else Film(zeros, zeros, zeros, jnp.zeros((), jnp.float64)),
    )


@jax.jit
def precondition(model: Model, state: State, dt, conductance=0.0) -> Preconditioner:
    """Coarse levels for the solves of this state and of those that follow; conductance: of a `charge.Hold`."""
    fixed = charge.conductors(model, state)
    systems = (
        charge.linearised(model, state, fixed, dt, conductance),
        transport.system(model, state, fixed.host_ionic, state.phase, state.ionic_potential, dt),
    )
    return Preconditioner(*multigrid.build_together(systems, jnp.float32))


def step(model: Model, state: State, current_density, dt, preconditioner: Preconditioner, hold=charge.NO_HOLD):
    """(State, StepReport) after dt [s] at `current_density` [A/m2 of electrode, positive plates], or at a `Hold`.

    Balance charge, move the interface, transport salt, lithiate the host, nucleate and spread, cover fresh lithium.
    """
    fixed = charge.conductors(model, state)
    potentials, reaction, balance, newton = charge.solve(
        model, state, fixed, current_density, dt, preconditioner.charge, hold
    )
    followed = fastest_growth(model, reaction) * dt <= FARTHEST * model.grid.spacing
    moving = jnp.where(followed, dt, 0.0)
    phase = interface.advance(model, state, reaction, moving)
    concentration, salt = transport.advance(
        model, state, fixed.host_ionic, phase, potentials[0], reaction.applied_current, dt, preconditioner.salt
    )
    theta = uptake.advance(model, state, reaction.insertion, dt)
    before = state.electronic_potential - state.ionic_potential - fixed.equilibrium_potential
    rim_distance, nuclei, key = nucleation.sample(model, state, before, reaction.overpotential, dt)
    rim_distance = coverage.spread(model, rim_distance, reaction.front_speed, moving)
    rim_distance = coverage.laid_bare(model, rim_distance, phase, reaction.plating)
    nucleated = fusion.separately(model.grid.spacing, covered_share, rim_distance)
    film = None if model.sei is None else interphase.advance(model, state, phase, nucleated, reaction, moving)
    after = State(
        phase=phase,
        concentration=concentration,
        electronic_potential=potentials[1],
        ionic_potential=potentials[0],
        lithiation=theta,
        rim_distance=rim_distance,
        nucleated=nucleated,
        nuclei=nuclei,
        double_layer_charge=reaction.double_layer_charge,
        random_key=key,
        time=state.time + dt,
        film=film,
    )
    return after, StepReport(
        reaction=reaction,
        converged=balance.converged & salt.converged,
        followed=followed,
        newton_iterations=newton,
        linear_iterations=balance.iterations + salt.iterations,
        charge_error=balance.error,
    )


def fastest_growth(model: Model, reaction: charge.Reaction):
    """Speed of what grows fastest, a front or lithium over the surface [m/s]."""
    overgrowth = jnp.max(jnp.where(model.surface > 0, reaction.front_speed, 0.0))
    return jnp.maximum(reaction.fastest_front, overgrowth)
