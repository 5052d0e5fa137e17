"""The loop over time: segments of steps in one jitted program, the choice of dt, health checks, callbacks."""

import time as clock
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from phasefield import diagnostics, sharding
from phasefield import model as model_module
from phasefield.model import Model
from phasefield.physics import interface, nucleation
from phasefield.precision import cast
from phasefield.protocol import Step
from phasefield.state import State

SEGMENT = 8  # most steps between two looks of the host program; they share the coarse levels of the multigrid
EXPENSIVE = 50  # linear iterations of a step after which these levels are built anew
STALE = 4.0  # factor by which dt may leave the one these levels were built for
SALT = 2  # place in _Carry.failure
CRAWL = 1e-3  # of dt_max: steps this short for want of salt get nowhere
LITTLE_SALT = 0.02  # of the initial concentration
PATIENCE = 5  # accepted steps after a repeated one before dt grows again
OHMIC = 0.01  # of dt_first: below it a change of potential is the ohmic drop of a new current, which no dt resolves
FEW_NUCLEI = 4.0  # that any step may add

CUT_OFFS = ("", "time or capacity", "potential_min", "potential_max", "dt_min")
RUNNING, REACHED, BELOW, ABOVE, STUCK = range(5)


class SimulationError(RuntimeError):
    """A run that cannot go on; the message says where it stood and what to try."""


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class TimeControl:
    """What limits a time step; all traced.

    Args:
        phase_change: largest change of xi in a step [-]; twice this repeats the step.
        overpotential_change: largest change of the electrode's potential, and of eta in the mean over the surface, in a
            step [V]; three times this repeats it.
        nucleation_fraction: expected new nuclei in a step over those there are [-].
        growth: largest factor from one dt to the next [-].
        dt_first, dt_min, dt_max: [s].
    """

    phase_change: float = 0.1
    overpotential_change: float = 0.004
    nucleation_fraction: float = 0.1
    growth: float = 2.0
    dt_first: float = 1e-4
    dt_min: float = 1e-7
    dt_max: float = 120.0


@dataclass(frozen=True)
class Outcome:
    """A finished run.

    Args:
        state: at the end.
        history: one array a quantity, one entry a time step; see `diagnostics.HISTORY`.
        cut_offs: what ended each protocol step.
        compile_time, wall_time: [s], the second without the first.
    """

    state: State
    history: dict[str, np.ndarray]
    cut_offs: tuple[str, ...]
    compile_time: float
    wall_time: float


@dataclass(frozen=True)
class Snapshot:
    """The fields at one moment; `charge` is what has passed since the start [C/m2], stripping counted negative."""

    model: Model
    state: State
    plating: jax.Array
    overpotential: jax.Array
    charge: float
    history: dict[str, np.ndarray] = field(repr=False)


@dataclass(frozen=True)
class Progress:
    """Where a run stands: time [s], charge [C/m2], potential [V], dt [s], share of the protocol that is done."""

    time: float
    charge: float
    potential: float
    dt: float
    done: float
    steps: int
    rejected: int
    history: dict[str, np.ndarray] = field(repr=False)


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class _Carry:
    state: State
    charge: jax.Array  # C/m2 passed since the start
    throughput: jax.Array  # the same without sign
    stored_at_start: jax.Array  # C/m2
    dt: jax.Array
    linear: jax.Array  # linear iterations of the last attempt
    patience: jax.Array  # accepted steps to go before dt may grow
    starved: jax.Array  # a step was repeated for want of salt, and there still is next to none where it was
    steps: jax.Array
    rejected: jax.Array
    stopped: jax.Array
    failure: jax.Array  # (4,) why the last attempt was repeated: solver, phase, salt, not finite
    plating: jax.Array
    overpotential: jax.Array
    history: dict[str, jax.Array]


def _attempt(model, control, current_density, carry, dt, preconditioner):
    """One step and whether it is good enough: (after, report, accepted, failure, largest changes)."""
    working = dt.astype(model.pore.dtype)
    after, report = model_module.step(model, carry.state, current_density, working, preconditioner)
    after = replace(after, time=carry.state.time + dt)  # in float64 whatever the fields are in
    change = jnp.max(jnp.abs(after.phase - carry.state.phase))
    eta = carry.state.electronic_potential - carry.state.ionic_potential
    eta_after = after.electronic_potential - after.ionic_potential
    # the mean over the surface: single cells of a floating conductor may jump when they nucleate, and implicitly so
    mean_swing = diagnostics.surface_mean(model, jnp.abs(eta_after - eta))
    swing = jnp.maximum(mean_swing, jnp.abs(diagnostics.potential(after) - diagnostics.potential(carry.state)))
    finite = jnp.isfinite(change) & jnp.isfinite(swing) & jnp.all(jnp.isfinite(after.concentration))
    low, high = interface.PHASE_BOUNDS
    in_bounds = (jnp.min(after.phase) >= low) & (jnp.max(after.phase) <= high)
    in_bounds &= change <= 2 * control.phase_change
    has_salt = jnp.min(after.concentration) > 0
    failure = jnp.stack([~report.converged, ~in_bounds, ~has_salt, ~finite])
    resolvable = dt > OHMIC * control.dt_first
    accepted = ~jnp.any(failure) & ((swing <= 3 * control.overpotential_change) | ~resolvable)
    return after, report, accepted, failure, change, swing


@jax.jit
def _segment(model, control, step_limits, carry, most_steps):
    """Up to `most_steps` accepted steps of one protocol step; fewer where the preconditioner has served its time."""
    current_density, time_end, potential_min, potential_max = step_limits
    working_current = current_density.astype(model.pore.dtype)
    built_for = carry.dt
    preconditioner = model_module.precondition(model, carry.state, built_for.astype(model.pore.dtype))

    def unfinished(carry):
        fresh = (carry.dt <= STALE * built_for) & (carry.dt >= built_for / STALE) & (carry.linear <= EXPENSIVE)
        return (carry.steps < most_steps) & (carry.stopped == RUNNING) & fresh

    def body(carry):
        left = time_end - carry.state.time
        # the last stretch in two even steps rather than a full one and a crumb
        dt = jnp.where(left <= carry.dt, left, jnp.where(left < 2 * carry.dt, 0.5 * left, carry.dt))
        after, report, accepted, failure, change, swing = _attempt(
            model, control, working_current, carry, dt, preconditioner
        )
        factor = jnp.minimum(control.overpotential_change / jnp.maximum(swing, 1e-12), control.growth)
        factor = jnp.maximum(factor, jnp.minimum(OHMIC * control.dt_first / dt, 1))
        factor = jnp.minimum(factor, control.phase_change / jnp.maximum(change, 1e-12))
        factor = jnp.where((carry.patience > 0) | carry.starved, jnp.minimum(factor, 1), factor)
        # a step cut short by the end of its protocol step says nothing against the dt before it
        longer = jnp.where((dt < carry.dt) & (factor >= 1), jnp.maximum(dt * factor, carry.dt), dt * factor)
        rate = nucleation.unsaturated_rate(model, after, report.reaction.overpotential)
        nuclei = jnp.maximum(control.nucleation_fraction * after.nuclei, FEW_NUCLEI)
        longer = jnp.minimum(jnp.minimum(longer, nuclei / jnp.maximum(rate, 1e-30)), control.dt_max)
        # where salt runs out, steps get shorter and do not grow again; a run that crawls like that is at its end
        shorter = jnp.where(failure[SALT], 0.25, 0.5) * dt
        little = jnp.min(after.concentration) < LITTLE_SALT * model.electrolyte.concentration
        starved = (carry.starved & little) | failure[SALT]
        dt_next = jnp.where(accepted, longer, shorter)

        charge = carry.charge + current_density * dt
        potential = diagnostics.potential(after)
        reached = time_end - after.time <= 1e-9 * time_end
        stopped = jnp.where(reached, REACHED, RUNNING)
        stopped = jnp.where(potential <= potential_min, BELOW, stopped)
        stopped = jnp.where(potential >= potential_max, ABOVE, stopped)
        too_short = (shorter < control.dt_min) | (starved & (shorter < CRAWL * control.dt_max))
        stopped = jnp.where(accepted, stopped, jnp.where(too_short, STUCK, RUNNING))

        throughput = carry.throughput + jnp.abs(current_density) * dt
        gained = diagnostics.stored_charge(model, after) - carry.stored_at_start
        row = {
            **diagnostics.history_row(model, after, report, current_density, dt, potential),
            "charge": charge,
            "ledger_error": jnp.abs(gained - charge) / jnp.where(throughput > 0, throughput, jnp.inf),
            "rejected_steps": carry.rejected,
        }
        history = {
            name: values.at[carry.steps].set(jnp.where(accepted, row[name], values[carry.steps]))
            for name, values in carry.history.items()
        }

        def choose(new, old):
            return jnp.where(accepted, new, old)

        return _Carry(
            state=jax.tree.map(choose, after, carry.state),
            charge=choose(charge, carry.charge),
            throughput=choose(throughput, carry.throughput),
            stored_at_start=carry.stored_at_start,
            dt=dt_next,
            linear=report.linear_iterations,
            patience=jnp.where(accepted, jnp.maximum(carry.patience - 1, 0), PATIENCE),
            starved=starved,
            steps=carry.steps + accepted,
            rejected=carry.rejected + ~accepted,
            stopped=stopped,
            failure=failure,
            plating=choose(report.reaction.plating, carry.plating),
            overpotential=choose(report.reaction.overpotential, carry.overpotential),
            history=history,
        )

    return lax.while_loop(unfinished, body, carry)


@jax.jit
def _first_carry(model, state, control):
    zero = jnp.zeros((), jnp.int64)
    return _Carry(
        state=state,
        charge=jnp.zeros((), jnp.float64),
        throughput=jnp.zeros((), jnp.float64),
        stored_at_start=diagnostics.stored_charge(model, state).astype(jnp.float64),
        dt=control.dt_first,
        linear=jnp.zeros((), jnp.int32),
        patience=zero,
        starved=jnp.zeros((), bool),
        steps=zero,
        rejected=zero,
        stopped=zero,
        failure=jnp.zeros(4, bool),
        plating=jnp.zeros_like(model.pore),
        overpotential=jnp.zeros_like(model.pore),
        history={name: jnp.zeros(SEGMENT, jnp.float64) for name in diagnostics.HISTORY},
    )


def run(
    model: Model,
    state: State,
    protocol: Sequence[Step],
    control: TimeControl | None = None,
    *,
    snapshot_interval: float | None = None,
    on_snapshot: Callable[[Snapshot], None] | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> Outcome:
    """Run the protocol from `state`.

    Args:
        snapshot_interval: charge between snapshots [C/m2], without sign; None for the ends of protocol steps only.
        on_snapshot: called at the start, at each interval and at the end of each protocol step.
        on_progress: called after each segment of up to 8 time steps.

    Raises:
        SimulationError: a step failed down to dt_min. The last good state has been given to `on_snapshot`.
    """
    control = TimeControl() if control is None else control
    traced_control = cast(control, jnp.float64)
    started = clock.perf_counter()
    carry = _first_carry(model, state, traced_control)

    def segment(limits, carry, most_steps):
        return _segment(model, traced_control, limits, sharding.alike(carry, model.pore), most_steps)

    carry = jax.block_until_ready(segment(_limits(protocol[0], 0.0), carry, 0))  # no steps: compiles
    compile_time = clock.perf_counter() - started
    started = clock.perf_counter()

    history = {name: [] for name in diagnostics.HISTORY}
    cut_offs = []

    def so_far():
        return {name: np.concatenate(parts) if parts else np.zeros(0) for name, parts in history.items()}

    def show():
        if on_snapshot is not None:
            moment = Snapshot(model, carry.state, carry.plating, carry.overpotential, float(carry.charge), so_far())
            on_snapshot(moment)

    show()
    total = sum(step.longest for step in protocol)
    for step in protocol:
        begin = float(carry.state.time)
        carry = replace(carry, dt=jnp.asarray(control.dt_first, jnp.float64))
        ends = _stops(step, begin, snapshot_interval)
        for end, is_last in ends:
            stopped = RUNNING
            while stopped == RUNNING:
                carry = _restart_count(carry)
                carry = segment(_limits(step, end), carry, SEGMENT)
                taken, stopped = int(carry.steps), int(carry.stopped)
                for name, values in carry.history.items():
                    history[name].append(np.asarray(values[:taken]))
                if on_progress is not None:
                    now = float(carry.state.time)
                    done = now / total if np.isfinite(total) else float("nan")
                    on_progress(
                        Progress(
                            time=now,
                            charge=float(carry.charge),
                            potential=float(diagnostics.potential(carry.state)),
                            dt=float(carry.dt),
                            done=done,
                            steps=sum(map(len, history["time"])),
                            rejected=int(carry.rejected),
                            history=so_far(),
                        )
                    )
            show()
            if stopped == STUCK:
                raise SimulationError(_why_stuck(carry, control))
            if stopped != REACHED or is_last:
                cut_offs.append(CUT_OFFS[stopped])
                break
    return Outcome(carry.state, so_far(), tuple(cut_offs), compile_time, clock.perf_counter() - started)


def _restart_count(carry):
    zero = jnp.zeros((), jnp.int64)
    return replace(carry, steps=zero, stopped=zero, linear=jnp.zeros((), jnp.int32))


def _limits(step: Step, end: float):
    bounds = (
        step.current_density,
        end,
        -np.inf if step.potential_min is None else step.potential_min,
        np.inf if step.potential_max is None else step.potential_max,
    )
    return tuple(jnp.asarray(b, jnp.float64) for b in bounds)


def _stops(step: Step, begin: float, interval: float | None):
    """Yield (time of the next snapshot or end [s], whether it is the end) of a protocol step."""
    end = begin + step.longest
    if interval is not None and step.current_density != 0:
        spacing = interval / abs(step.current_density)
        count = 1
        while begin + count * spacing < end * (1 - 1e-9):
            yield begin + count * spacing, False
            count += 1
    yield end, True


def _why_stuck(carry, control):
    solver, phase, _, finite = (bool(x) for x in np.asarray(carry.failure))
    where = f"at t = {float(carry.state.time):.4g} s, {float(carry.charge) / 36e3:.4g} mAh/cm2"
    if bool(carry.starved):
        why = (
            f"the salt is used up (smallest c {float(jnp.min(carry.state.concentration)):.3g} mol/m3): the current is "
            "above what the electrolyte can carry into this host; try a lower current density, a larger transference "
            "number or concentration, or see the map of c"
        )
    elif finite:
        why = "a field became infinite or not a number; this is a bug worth reporting with the run's config.yaml"
    elif solver:
        why = "the charge or salt balance does not converge; try solver.linear_iterations or precision=float64"
    elif phase:
        why = "the lithium fraction leaves its bounds or changes too fast; try a smaller solver.phase_change"
    else:
        why = "the overpotential changes too fast; try a larger solver.overpotential_change"
    return f"stopped {where}: dt fell to {float(carry.dt):.2g} s (dt_min {control.dt_min:g} s) because {why}"
