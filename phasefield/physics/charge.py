"""Balance of charge: electrons in the solids, ions in the electrolyte, coupled only by the reactions."""

from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
from jax import lax

from phasefield import operators
from phasefield.physics import conductivities, coverage, interface, islands, kinetics, reactions, sei
from phasefield.solvers import conjugate_gradients, multigrid, pieces
from phasefield.solvers.system import System, apply, conductances, diagonal
from phasefield.units import FARADAY

OVERPOTENTIAL_STEP = 0.05  # V: largest change of eta in one Newton iteration
RESIDUAL_REDUCTION = 0.02  # of each linear solve; Newton does the rest
FRONT = 0.02  # of xi (1 - xi): where there is a front whose speed counts
REST_CURRENT = 0.01  # A/m2: what errors are held against when no current flows


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Reaction:
    """What the balanced potentials drive.

    Args:
        plating: volumetric plating rate s [A/m3].
        double_layer: charging current of bare surface [A/m3].
        insertion: uptake of each host phase [A/m3], shape (K, *shape).
        film: formation of SEI [A/m3].
        double_layer_charge: of bare surface after the step [C/m3].
        overpotential: eta = phi_s - phi_l - U of lithium [V].
        front_speed: at which lithium grows or, negative, shrinks, wherever there is a front [m/s].
        fastest_front: largest size of it, on the fronts there are [m/s].
        collector_current: through the collector [A/m2 of geometric area].
        applied_current: that enters at the top [A/m2 of geometric area]: what was asked for, or what reacts in a hold.
    """

    plating: jax.Array
    double_layer: jax.Array
    insertion: jax.Array
    film: jax.Array
    double_layer_charge: jax.Array
    overpotential: jax.Array
    front_speed: jax.Array
    fastest_front: jax.Array
    collector_current: jax.Array
    applied_current: jax.Array


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Hold:
    """A potential that the cycler holds through the last half cell of electrolyte, i = -G (V + phi_l) at the top.

    Args:
        potential: V, electrode against lithium [V].
        conductance: G [S/m2]; 0 holds nothing and leaves the applied current as it is.
    """

    potential: jax.Array | float = 0.0
    conductance: jax.Array | float = 0.0


NO_HOLD = Hold()


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Conductors:
    """Coefficients of the two charge equations that stay fixed during a step."""

    host_ionic: jax.Array  # kappa of the host alone [S/m]
    ionic: jax.Array  # kappa [S/m]
    ionic_conductances: jax.Array  # of kappa to each neighbour [S/m3]
    electronic: jax.Array  # sigma [S/m], without
    along_walls: jax.Array  # that of lithium as a film on nucleated walls [S/m]
    diffusional_source: jax.Array  # div(kappa_D grad ln c) [A/m3]
    exchange_current_density: jax.Array  # i0 [A/m2]
    front_area: jax.Array  # a_Li of fronts [1/m]
    gap_area: jax.Array  # a_Li between fronts that meet [1/m]
    film_area: jax.Array  # a_Li on walls, see `coverage.film_area` [1/m]
    bare_area: jax.Array  # a_sub (1 - xi) [1/m]
    equilibrium_potential: jax.Array  # U of lithium: Gibbs-Thomson shift [V]
    film_resistance: jax.Array | None  # of the SEI on lithium [Ohm m2]


def conductors(model, state) -> Conductors:
    """Coefficients of the charge balance in this state."""
    electrolyte, lithium = model.electrolyte, model.lithium
    xi, bare = state.phase, jnp.maximum(1 - state.phase, 0.0)
    host_ionic = islands.ionic_conductivity(model, state)
    return Conductors(
        host_ionic=host_ionic,
        ionic=conductivities.ionic_conductivity(model, state, host_ionic),
        ionic_conductances=conductivities.ionic_conductances(model, state, host_ionic),
        electronic=conductivities.electronic_conductivity(model, state),
        along_walls=conductivities.wall_conductivity(model, state),
        diffusional_source=conductivities.diffusion_source(model, state),
        exchange_current_density=kinetics.exchange_current_density(
            lithium.exchange_current_density,
            state.concentration,
            electrolyte.concentration,
            lithium.cathodic_transfer_coefficient,
        ),
        front_area=interface.front_area(model, xi),
        gap_area=interface.gap_area(model, xi),
        film_area=coverage.film_area(model, state.nucleated, xi),
        bare_area=model.surface * bare,
        equilibrium_potential=interface.gibbs_thomson(model, state.phase),
        film_resistance=None if model.sei is None else sei.resistance(model, state),
    )


def holding_conductance(model):
    """G of a potential held at the top face [S/m2]: half a cell of electrolyte."""
    return 2 * model.electrolyte.conductivity / model.grid.spacing


def system(model, fixed: Conductors, gain, conductance=0.0) -> System:
    """The linearised balance of both charges; phi_s = 0 on the collector face, and G of a `Hold` on the top."""
    h, periodic = model.grid.spacing, operators.laterally_periodic(model.grid.ndim)
    grounded = jnp.zeros_like(fixed.electronic).at[0].set(2 * fixed.electronic[0] / h**2)
    held = jnp.zeros_like(fixed.ionic).at[-1].set(conductance / h)
    electrons = conductances(fixed.electronic, h, periodic)
    along_walls = conductances(fixed.along_walls, h, periodic, mean="harmonic")
    return System(
        jnp.stack([fixed.ionic_conductances, electrons + along_walls]), jnp.stack([held, grounded]), gain, h, periodic
    )


def linearised(model, state, fixed: Conductors, dt, conductance=0.0) -> System:
    """The balance of both charges linearised at this state; conductance: of a `Hold`."""
    potentials = jnp.stack([state.ionic_potential, state.electronic_potential])
    *_, gain = reactions.rates(model, state, fixed, potentials, dt)
    return system(model, fixed, gain, conductance)


def solve(model, state, fixed: Conductors, current_density, dt, hierarchy, hold: Hold = NO_HOLD):
    """(ionic and electronic potential (2, *shape), Reaction, Convergence) of the step from `state` by dt.

    Newton on the two equations of charge, each iteration one multigrid-CG solve. The error is the current misplaced
    anywhere, sum |residual| V, over the applied current. At the end the ionic potential is shifted by the constant that
    makes the reactions carry exactly the applied current, so the ledger closes to rounding.

    Args:
        fixed: `conductors` of this state.
        current_density: applied [A/m2 of geometric area], positive plates.
        dt: [s]. hierarchy: from `precondition`, of this or a recent state.
        hold: adds to the current what it takes to hold a potential.
    """
    h, volume = model.grid.spacing, model.grid.cell_volume
    everywhere = system(model, fixed, jnp.zeros_like(fixed.ionic), hold.conductance)
    film = reactions.film_formation(model, state, dt)
    forming = jnp.sum(film) * volume

    def evaluate(potentials):
        plating, double_layer, insertion, gain = reactions.rates(model, state, fixed, potentials, dt)
        total = plating + double_layer + jnp.sum(insertion, axis=0) + film
        residual = apply(everywhere, potentials) + jnp.stack([total + fixed.diffusional_source, -total])
        residual = residual.at[0, -1].add((hold.conductance * hold.potential - current_density) / h)
        return residual, gain

    def scale(potentials):
        current = applied(current_density, hold, potentials)
        return jnp.maximum(jnp.maximum(jnp.abs(current), REST_CURRENT) * model.grid.area, forming)

    def misplaced(residual, scale):
        return jnp.sum(jnp.abs(residual)) * volume / scale

    stiffness = diagonal(everywhere)

    def reachable(potentials):
        """The tolerance, or what the rounding of the potentials themselves misplaces: in float32 that is more."""
        rounding = 0.5 * jnp.finfo(potentials.dtype).eps * misplaced(stiffness * potentials, scale(potentials))
        return jnp.maximum(model.charge_tolerance, rounding)

    def unfinished(carry):
        potentials, _, _, error, iterations, _, failed, _ = carry
        # at least one iteration: a step always answers its own balance
        unbalanced = (error > reachable(potentials)) | (iterations == 0)
        return unbalanced & (iterations < model.newton_iterations) & ~failed

    def newton(carry):
        potentials, residual, gain, error, iterations, linear, _, damping = carry
        linearised = replace(everywhere, coupling=gain)
        change, convergence = conjugate_gradients.solve(
            lambda u: apply(linearised, u),
            multigrid.preconditioner(linearised, hierarchy),
            -residual,
            jnp.maximum(RESIDUAL_REDUCTION * error, 0.3 * reachable(potentials)),
            lambda r: misplaced(r, scale(potentials)),
            model.linear_iterations,
            positive=h,
            correction=pieces.correction(linearised, hierarchy.pieces),
        )
        largest = jnp.max(jnp.where(gain > 0, jnp.abs(change[1] - change[0]), 0.0))
        share = jnp.minimum(damping, OVERPOTENTIAL_STEP / jnp.maximum(largest, 1e-30))
        potentials = potentials + share * change
        residual, gain = evaluate(potentials)
        before, error = error, misplaced(residual, scale(potentials))
        # the tail of a front reacts on one side of eta = 0 only: full steps may go to and fro across it for ever
        damping = jnp.where(error > before, 0.5 * damping, jnp.minimum(2 * damping, 1.0))
        return (
            potentials, residual, gain, error, iterations + 1, linear + convergence.iterations, ~jnp.isfinite(error),
            damping,
        )  # fmt: skip

    potentials = jnp.stack([state.ionic_potential, state.electronic_potential])
    residual, gain = evaluate(potentials)
    zero = jnp.zeros((), jnp.int32)
    start = (potentials, residual, gain, misplaced(residual, scale(potentials)), zero, zero, jnp.zeros((), bool),
             jnp.ones((), potentials.dtype))  # fmt: skip
    potentials, residual, gain, error, iterations, linear, failed, _ = lax.while_loop(unfinished, newton, start)
    balanced = (error <= reachable(potentials)) & ~failed
    potentials, reaction = _close(model, state, fixed, potentials, film, current_density, dt, hold)
    convergence = conjugate_gradients.Convergence(balanced, linear, error)
    return potentials, reaction, convergence, iterations


def applied(current_density, hold: Hold, potentials):
    """Current that enters at the top [A/m2]."""
    return current_density - hold.conductance * (hold.potential + jnp.mean(potentials[0][-1]))


def _close(model, state, fixed, potentials, film, current_density, dt, hold):
    """Shift the ionic potential by the constant that makes the reactions carry exactly the applied current.

    One Newton step in that constant: it is of the order of the tolerance, and what is left of its square.
    """
    volume, area = model.grid.cell_volume, model.grid.area
    plating, double_layer, insertion, gain = reactions.rates(model, state, fixed, potentials, dt)
    total = jnp.sum(plating + double_layer + jnp.sum(insertion, axis=0) + film) * volume
    surplus = total - applied(current_density, hold, potentials) * area
    shift = surplus / (jnp.sum(gain) * volume + hold.conductance * area)  # upwards lowers eta, which plates more
    potentials = potentials.at[0].add(-shift)
    plating, double_layer, insertion, _ = reactions.rates(model, state, fixed, potentials, dt)
    reacted = jnp.sum(plating + double_layer + jnp.sum(insertion, axis=0) + film) * volume / area
    eta = potentials[1] - potentials[0] - fixed.equilibrium_potential
    i, _ = reactions.lithium_kinetics(model, fixed, eta)
    front_speed = i * model.lithium.molar_volume / FARADAY
    on_front = fixed.front_area * model.interface_width > FRONT
    collector_current = 2 * jnp.sum(fixed.electronic[0] * potentials[1][0]) / model.grid.spacing
    return potentials, Reaction(
        plating=plating,
        double_layer=double_layer,
        insertion=insertion,
        film=film,
        double_layer_charge=model.lithium.double_layer_capacitance * fixed.bare_area * eta,
        overpotential=eta,
        front_speed=front_speed,
        fastest_front=jnp.max(jnp.where(on_front, jnp.abs(front_speed), 0.0)),
        collector_current=collector_current * model.grid.spacing**2 / area,
        applied_current=jnp.where(hold.conductance > 0, reacted, current_density),
    )
