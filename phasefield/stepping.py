"""Segments of time steps in one program: each step tried, judged, kept or repeated, and the next dt chosen."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from phasefield import diagnostics
from phasefield import limits as limits_module
from phasefield import model as model_module
from phasefield.limits import RUNNING, SEGMENT, STUCK, Limits
from phasefield.physics import charge, interface, nucleation
from phasefield.precision import cast
from phasefield.state import State
from phasefield.units import mAh_per_cm2

BUILDING = 12  # linear iterations that coarse levels cost: once steps have taken so many more than the first, new ones
STALE = 4.0  # factor by which dt may leave the one these levels were built for
CRAWL = 1e-3  # of the longest: steps this short for want of salt get nowhere
LITTLE_SALT = 0.02  # of the initial concentration
SINKS = 0.01  # of the least concentration, lost in a step: less, and there salt has found its balance
PATIENCE = 5  # accepted steps after a repeated one before dt grows again
OHMIC = 0.01  # of dt_first: below it a change of potential is the ohmic drop of a new current, which no dt resolves
RUNNING_OUT = 0.03  # V: above it the last lithium goes, and steps may change the potential in proportion to it
FEW_NUCLEI = 4.0  # that any step may add


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class TimeControl:
    """What limits a time step; all traced.

    Args:
        phase_change: largest change of xi in a step [-]; twice this repeats the step.
        overpotential_change: largest change of the electrode's potential, and of eta in the mean over the surface, in a
            step [V]; three times this repeats it.
        capacity_change: largest charge that passes in a step, without sign [C/m2].
        nucleation_fraction: expected new nuclei in a step over those there are [-].
        growth: largest factor from one dt to the next [-].
        dt_first, dt_min, dt_max: [s].
    """

    phase_change: float = 0.1
    overpotential_change: float = 0.004
    capacity_change: float = 0.03 * mAh_per_cm2
    nucleation_fraction: float = 0.1
    growth: float = 2.0
    dt_first: float = 1e-4
    dt_min: float = 1e-7
    dt_max: float = 600.0


class Failure(NamedTuple):
    """What was wrong with a step that is to be repeated; nothing of it where the potential changed too fast."""

    solver: jax.Array  # a solve did not converge
    phase: jax.Array  # xi leaves its bounds or changes too fast
    salt: jax.Array  # none is left somewhere
    not_finite: jax.Array


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Carry:
    """A run between two segments, and what has become of the last one."""

    state: State
    potential: jax.Array  # V
    current: jax.Array  # A/m2 of the last step
    charge: jax.Array  # C/m2 passed since the start
    throughput: jax.Array  # the same without sign
    stored_at_start: jax.Array  # C/m2
    dt: jax.Array
    linear: jax.Array  # linear iterations of the first step with the coarse levels of this segment
    more: jax.Array  # those that later ones have taken beyond that
    patience: jax.Array  # accepted steps to go before dt may grow
    starved: jax.Array  # a step was repeated for want of salt, and there still is next to none where it was
    steps: jax.Array  # of the last segment
    rejected: jax.Array  # so far
    stopped: jax.Array  # the last segment, by what
    failure: Failure  # of the last attempt
    plating: jax.Array
    overpotential: jax.Array
    history: dict[str, jax.Array]  # of the last segment


SMALL = ("potential", "current", "charge", "dt", "starved", "steps", "rejected", "stopped", "failure", "history")


def glance(carry: Carry) -> dict:
    """What the host program looks at between two segments: all but the fields."""
    return {"time": carry.state.time, **{name: getattr(carry, name) for name in SMALL}}


def _attempt(model, control, limits, carry, dt, preconditioner):
    """One step and whether it is good enough: (after, report, accepted, failure, largest changes)."""
    dtype = model.pore.dtype
    after, report = model_module.step(
        model, carry.state, limits.current_density.astype(dtype), dt.astype(dtype), preconditioner,
        charge.Hold(limits.potential(carry.state.time + dt).astype(dtype), _conductance(model, limits)),
    )  # fmt: skip
    after = replace(after, time=carry.state.time + dt)  # in float64 whatever the fields are in
    change = jnp.max(jnp.abs(after.phase - carry.state.phase))
    eta = carry.state.electronic_potential - carry.state.ionic_potential
    eta_after = after.electronic_potential - after.ionic_potential
    # the mean over the surface: single cells of a floating conductor may jump when they nucleate, and implicitly so
    mean_swing = diagnostics.surface_mean(model, jnp.abs(eta_after - eta))
    swing = jnp.maximum(mean_swing, jnp.abs(diagnostics.potential(after) - carry.potential))
    finite = jnp.isfinite(change) & jnp.isfinite(swing) & jnp.all(jnp.isfinite(after.concentration))
    low, high = interface.PHASE_BOUNDS
    in_bounds = (jnp.min(after.phase) >= low) & (jnp.max(after.phase) <= high)
    in_bounds &= report.followed & (change <= 2 * control.phase_change)
    has_salt = jnp.min(after.concentration) > 0
    failure = Failure(solver=~report.converged, phase=~in_bounds, salt=~has_salt, not_finite=~finite)
    resolvable = dt > OHMIC * control.dt_first
    gentle = swing <= _swings(model, control, limits, carry.potential).largest
    accepted = ~jnp.any(jnp.stack(failure)) & (gentle | ~resolvable)
    return after, report, accepted, failure, change, swing


class Swings(NamedTuple):
    """Changes of the potential in a step [V]."""

    aim: jax.Array
    largest: jax.Array  # a larger one repeats the step


def _swings(model, control, limits, potential) -> Swings:
    """Of a step from a potential; coarser where a given current only recharges the double layer.

    A step aims not beyond the potential that ends the protocol step, and past it may land no further from it than it
    began. In a full cell the cell voltage ends a step, so steps stay fine.
    """
    runs_out = ~limits.holds & ((limits.current_density < 0) | (not model.insertion_active)) & (model.cathode is None)
    least = control.overpotential_change
    coarse = jnp.where(runs_out, least * potential / RUNNING_OUT, least)
    to_its_end = jnp.abs(jnp.where(limits.current_density < 0, limits.potential_max, -jnp.inf) - potential)
    aim = jnp.maximum(jnp.minimum(coarse, to_its_end), least)
    return Swings(aim, largest=jnp.maximum(jnp.minimum(3 * aim, 2 * to_its_end), 3 * least))


def _conductance(model, limits):
    """Of the hold [S/m2], 0 where there is none."""
    return jnp.where(limits.holds, charge.holding_conductance(model), 0.0).astype(model.pore.dtype)


def advance(model, control: TimeControl, limits: Limits, carry: Carry) -> Carry:
    """One segment: accepted steps of one protocol step, fewer where the preconditioner has served its time.

    Args: control: its numbers as arrays of float64.
    """
    limits = cast(limits, jnp.float64)
    time_end = limits.time_end
    carry = replace(
        carry,
        dt=jnp.where(limits.begins, control.dt_first, carry.dt),
        linear=jnp.zeros_like(carry.linear),
        more=jnp.zeros_like(carry.more),
        steps=jnp.zeros_like(carry.steps),
        stopped=jnp.zeros_like(carry.stopped),
    )
    built_for = carry.dt
    preconditioner = model_module.precondition(
        model, carry.state, built_for.astype(model.pore.dtype), _conductance(model, limits)
    )

    at_start = carry.state

    def unfinished(carry):
        fresh = (carry.dt <= STALE * built_for) & (carry.dt >= built_for / STALE) & (carry.more <= BUILDING)
        fresh &= ~nucleation.walls_changed(model, at_start, carry.state)
        return (carry.steps < limits.most_steps) & (carry.stopped == RUNNING) & fresh

    def body(carry):
        left = time_end - carry.state.time
        to_pass = limits.charge_end - jnp.abs(carry.charge - limits.charge_started)
        left = jnp.minimum(left, jnp.maximum(to_pass / jnp.maximum(jnp.abs(carry.current), 1e-30), control.dt_first))
        if model.cathode is not None:
            allowed = limits_module.cathode_allows(model, limits, carry.charge, carry.potential)
            left = jnp.minimum(left, jnp.maximum(allowed, control.dt_first))
        # the last stretch in two even steps rather than a full one and a crumb
        dt = jnp.where(left <= carry.dt, left, jnp.where(left < 2 * carry.dt, 0.5 * left, carry.dt))
        after, report, accepted, failure, change, swing = _attempt(model, control, limits, carry, dt, preconditioner)
        potential = diagnostics.potential(after)
        aim = _swings(model, control, limits, potential).aim
        factor = jnp.minimum(aim / jnp.maximum(swing, 1e-12), control.growth)
        factor = jnp.maximum(factor, jnp.minimum(OHMIC * control.dt_first / dt, 1))
        factor = jnp.minimum(factor, control.phase_change / jnp.maximum(change, 1e-12))
        factor = jnp.where((carry.patience > 0) | carry.starved, jnp.minimum(factor, 1), factor)
        # a step cut short by the end of its protocol step says nothing against the dt before it
        longer = jnp.where((dt < carry.dt) & (factor >= 1), jnp.maximum(dt * factor, carry.dt), dt * factor)
        rates = [
            nucleation.unsaturated_rate(model, state, overpotential)
            for state, overpotential in ((carry.state, carry.overpotential), (after, report.reaction.overpotential))
        ]
        nuclei = jnp.maximum(control.nucleation_fraction * after.nuclei, FEW_NUCLEI)
        current = jnp.where(limits.holds, report.reaction.applied_current.astype(jnp.float64), limits.current_density)
        longest = jnp.minimum(control.capacity_change / jnp.maximum(jnp.abs(current), 1e-30), control.dt_max)
        longer = jnp.minimum(jnp.minimum(longer, nucleation.time_for(nuclei, *rates, dt)), longest)
        # where salt runs out, steps get shorter and do not grow again; a run that crawls like that is at its end.
        # In a pore that closes, salt sinks to where what comes in is what is used: that is no end
        shorter = jnp.where(failure.salt, 0.25, 0.5) * dt
        least_before, least = jnp.min(carry.state.concentration), jnp.min(after.concentration)
        sinks = (least < LITTLE_SALT * model.electrolyte.concentration) & (least < (1 - SINKS) * least_before)
        starved = (carry.starved & sinks) | failure.salt
        dt_next = jnp.where(accepted, longer, shorter)

        charge_passed = carry.charge + current * dt
        cell = {}
        if model.cathode is not None:
            cell = limits_module.full_cell(model, limits, charge_passed, current, potential)
        stopped = limits_module.stopped(limits, after.time, charge_passed, current, potential, cell.get("cell_voltage"))
        too_short = (shorter < control.dt_min) | (starved & (shorter < CRAWL * longest))
        stopped = jnp.where(accepted, stopped, jnp.where(too_short, STUCK, RUNNING))

        throughput = carry.throughput + jnp.abs(current) * dt
        gained = diagnostics.stored_charge(model, after) - carry.stored_at_start
        row = {
            **diagnostics.history_row(model, after, report, current, dt, potential),
            "charge": charge_passed,
            "ledger_error": jnp.abs(gained - charge_passed) / jnp.where(throughput > 0, throughput, jnp.inf),
            "rejected_steps": carry.rejected,
            **cell,
        }
        history = {
            name: values.at[carry.steps].set(jnp.where(accepted, row[name], values[carry.steps]))
            for name, values in carry.history.items()
        }

        def choose(new, old):
            return jnp.where(accepted, new, old)

        return Carry(
            state=jax.tree.map(choose, after, carry.state),
            potential=choose(potential, carry.potential),
            current=choose(current, carry.current),
            charge=choose(charge_passed, carry.charge),
            throughput=choose(throughput, carry.throughput),
            stored_at_start=carry.stored_at_start,
            dt=dt_next,
            linear=jnp.where(carry.linear > 0, carry.linear, report.linear_iterations),
            more=carry.more + jnp.where(carry.linear > 0, jnp.maximum(report.linear_iterations - carry.linear, 0), 0),
            patience=jnp.where(accepted, jnp.maximum(carry.patience - 1, 0), PATIENCE),
            starved=starved,
            steps=carry.steps + accepted,
            rejected=carry.rejected + ~accepted,
            stopped=stopped.astype(carry.stopped.dtype),  # not weakly typed, or the next segment would compile anew
            failure=failure,
            plating=choose(report.reaction.plating, carry.plating),
            overpotential=choose(report.reaction.overpotential, carry.overpotential),
            history=history,
        )

    return lax.while_loop(unfinished, body, carry)


def begin(model, state: State, control: TimeControl) -> Carry:
    """A run before its first segment."""
    zero = jnp.zeros((), jnp.int64)
    return Carry(
        state=state,
        potential=diagnostics.potential(state),
        current=jnp.zeros((), jnp.float64),
        charge=jnp.zeros((), jnp.float64),
        throughput=jnp.zeros((), jnp.float64),
        stored_at_start=diagnostics.stored_charge(model, state).astype(jnp.float64),
        dt=control.dt_first,
        linear=jnp.zeros((), jnp.int32),
        more=jnp.zeros((), jnp.int32),
        patience=zero,
        starved=jnp.zeros((), bool),
        steps=zero,
        rejected=zero,
        stopped=zero,
        failure=Failure(*jnp.zeros(4, bool)),
        plating=jnp.zeros_like(model.pore),
        overpotential=jnp.zeros_like(model.pore),
        history={name: jnp.zeros(SEGMENT, jnp.float64) for name in diagnostics.columns(model)},
    )
