"""A run: its protocol followed segment by segment, with snapshots and progress; alone, or together with others."""

import time as clock
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import jax
import numpy as np

from phasefield import sharding, stepping, stuck
from phasefield.limits import CUT_OFFS, REACHED, RUNNING, STUCK, Limits
from phasefield.model import Model
from phasefield.precision import cast
from phasefield.protocol import SLEW_RATE, Step, steps_left_out
from phasefield.state import State
from phasefield.stepping import Carry, TimeControl

INEFFICIENT = "efficiency_min"  # of a step that is left out
IDLE = Limits(0.0, 0.0, most_steps=0)


class SimulationError(RuntimeError):
    """A run that cannot go on; the message says where it stood and what to try."""


@dataclass(frozen=True)
class Outcome:
    """A finished run.

    Args:
        state: at the end.
        history: one array a quantity, one entry a time step; see `diagnostics.HISTORY`.
        cut_offs: what ended each protocol step; "efficiency_min" for one that was left out.
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


@dataclass(frozen=True)
class Position:
    """Where in its protocol a run stands between two segments; with its Carry, all it needs to go on from there.

    Args:
        step: of the protocol, counted from 0.
        stop: snapshots of this protocol step that have been taken.
        begins: whether this protocol step has not begun.
        started, charge_started, potential_started: time [s], charge [C/m2] and potential [V] at which it began.
        cut_offs: what ended the protocol steps before, see `Outcome`.
        ended: time steps in the history when they did.
        charge_elsewhere: charge that the steps before passed against lithium, in a full cell [C/m2].
        history: so far, see `Outcome`.
    """

    step: int = 0
    stop: int = 0
    begins: bool = True
    started: float = 0.0
    charge_started: float = 0.0
    potential_started: float = 0.0
    cut_offs: tuple[str, ...] = ()
    ended: tuple[int, ...] = ()
    charge_elsewhere: float = 0.0
    history: dict[str, np.ndarray] | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Course:
    """What a run is to do and who wants to hear of it.

    Args:
        protocol: its steps.
        snapshot_interval: charge between snapshots [C/m2], without sign; None for the ends of protocol steps only.
        on_snapshot: called at the start, at each interval and at the end of each protocol step.
        on_progress: called after each segment of up to 8 time steps.
        on_pause: called before each segment with () -> (Position, Carry), from which `start` goes on. What it raises
            ends the run.
        start: where the run goes on; its Carry is that of the first segment.
    """

    protocol: Sequence[Step]
    snapshot_interval: float | None = None
    on_snapshot: Callable[[Snapshot], None] | None = None
    on_progress: Callable[[Progress], None] | None = None
    on_pause: Callable[[Callable[[], tuple[Position, Carry]]], None] | None = None
    start: Position = Position()

    def follow(self, model: Model, control: TimeControl):
        """Generator of the `Limits` of each segment; takes (`stepping.glance` of it, () -> its Carry), and returns
        (history, cut_offs) in the end.

        Raises: SimulationError: a step failed down to dt_min. The last good state has been given to `on_snapshot`.
        """
        seen, whole = yield IDLE  # compiles
        here, log = replace(self.start, history=None), _Log(self.start.history, seen)
        total = sum(step.longest for step in self.protocol)
        if self.start.history is None:
            self._show(model, whole(), log)
        while here.step < len(self.protocol):
            step = self.protocol[here.step]
            if here.begins:
                now = {f"{name}_started": float(seen[name]) for name in ("charge", "potential")}
                here = replace(here, started=float(seen["time"]), **now)
            end, is_last = _next_stop(step, here, self.snapshot_interval)
            stopped = RUNNING
            while stopped == RUNNING:
                if self.on_pause is not None:
                    self.on_pause(lambda here=here, whole=whole: (replace(here, history=log.history()), whole()))
                seen, whole = yield _limits(step, end, here)
                here, stopped = replace(here, begins=False), int(seen["stopped"])
                log.add(seen)
                self._report(seen, log, total)
            self._show(model, whole(), log)
            if stopped == STUCK:
                raise SimulationError(stuck.why(model, seen, whole(), control))
            if stopped == REACHED and not is_last:
                here = replace(here, stop=here.stop + 1)
            else:
                elsewhere = float(seen["charge"]) - here.charge_started if step.half_cell else 0.0
                here = replace(here, charge_elsewhere=here.charge_elsewhere + elsewhere)
                here = _behind(self.protocol, here, CUT_OFFS[stopped], log.history())
        return log.history(), here.cut_offs

    def _show(self, model: Model, carry: Carry, log: "_Log") -> None:
        if self.on_snapshot is not None:
            charge = float(carry.charge)
            self.on_snapshot(Snapshot(model, carry.state, carry.plating, carry.overpotential, charge, log.history()))

    def _report(self, seen: dict, log: "_Log", total: float) -> None:
        if self.on_progress is None:
            return
        history = log.history()
        now = {name: float(seen[name]) for name in ("time", "charge", "potential", "dt")}
        done = now["time"] / total if np.isfinite(total) else float("nan")
        steps, rejected = len(history["time"]), int(seen["rejected"])
        self.on_progress(Progress(**now, done=done, steps=steps, rejected=rejected, history=history))


class _Log:
    """The history, put together from segments when it is asked for."""

    def __init__(self, history: dict[str, np.ndarray] | None, seen: dict):
        empty = {name: values[:0] for name, values in seen["history"].items()}
        self._parts = [empty if history is None else history]

    def add(self, seen: dict) -> None:
        self._parts.append({name: values[: seen["steps"]] for name, values in seen["history"].items()})

    def history(self) -> dict[str, np.ndarray]:
        """One array a quantity, one entry a time step."""
        if len(self._parts) > 1:
            self._parts = [{name: np.concatenate([part[name] for part in self._parts]) for name in self._parts[0]}]
        return dict(self._parts[0])


class Clocks:
    """Seconds of compiling, up to the end of the first segment, and of running since."""

    def __init__(self):
        self.started, self.compiling = clock.perf_counter(), None

    def segment_is_done(self) -> None:
        if self.compiling is None:
            self.compiling, self.started = self.running(), clock.perf_counter()

    def running(self) -> float:
        return clock.perf_counter() - self.started


_begin = jax.jit(stepping.begin)
_segment = jax.jit(stepping.advance)


def run(
    model: Model,
    state: State,
    protocol: Sequence[Step],
    control: TimeControl | None = None,
    *,
    carry: Carry | None = None,
    **course,
) -> Outcome:
    """Run the protocol from `state`.

    Args:
        carry: to go on from, in place of `state`; belongs to `start`.
        course: snapshot_interval, on_snapshot, on_progress, on_pause, start of `Course`.

    Raises:
        SimulationError: a step failed down to dt_min. The last good state has been given to `on_snapshot`.
    """
    control = TimeControl() if control is None else control
    traced = cast(control, np.float64)  # or a whole number would compile anew
    clocks = Clocks()
    steps = Course(protocol, **course).follow(model, control)
    limits = next(steps)
    carry = _begin(model, state, traced) if carry is None else carry
    while True:
        carry = _segment(model, traced, limits, sharding.alike(carry, model.pore))
        seen = jax.device_get(stepping.glance(carry))
        clocks.segment_is_done()
        try:
            limits = steps.send((seen, lambda carry=carry: carry))
        except StopIteration as end:
            return Outcome(carry.state, *end.value, clocks.compiling, clocks.running())


def blank(model: Model, state: State, control: TimeControl) -> Carry:
    """Shapes and dtypes of the Carry of this run."""
    return jax.eval_shape(_begin, model, state, cast(control, np.float64))


def _limits(step: Step, end: float, here: Position) -> Limits:
    def given(value, otherwise):
        return float(otherwise if value is None else value)

    return Limits(
        current_density=given(step.current_density, 0.0),
        time_end=float(end),
        potential_min=given(step.potential_min, -np.inf),
        potential_max=given(step.potential_max, np.inf),
        begins=here.begins,
        holds=step.holds,
        potential_from=here.potential_started,
        potential_to=given(step.potential, 0.0),
        rate=given(step.sweep_rate, SLEW_RATE),
        started=here.started,
        charge_started=here.charge_started,
        charge_end=given(step.capacity, np.inf) if step.holds else np.inf,
        current_min=given(step.current_min, 0.0),
        cell_voltage_min=given(step.cell_voltage_min, -np.inf),
        cell_voltage_max=given(step.cell_voltage_max, np.inf),
        half_cell=step.half_cell,
        charge_elsewhere=here.charge_elsewhere,
    )


def _next_stop(step: Step, here: Position, interval: float | None) -> tuple[float, bool]:
    """(time of the next snapshot or end [s], whether it is the end) of a protocol step."""
    end = here.started + step.longest
    if step.sweep_rate is not None:
        end = min(end, here.started + abs(step.potential - here.potential_started) / step.sweep_rate)
    if interval is not None and step.current_density:
        snapshot = here.started + (here.stop + 1) * (interval / abs(step.current_density))
        if snapshot < end * (1 - 1e-9):
            return snapshot, False
    return end, True


def _behind(protocol: Sequence[Step], here: Position, cut_off: str, history: dict[str, np.ndarray]) -> Position:
    """Where to go on: at the next protocol step, or behind the rest of a block that has not been efficient enough."""
    cut_offs, ended = (*here.cut_offs, cut_off), (*here.ended, len(history["time"]))
    while left := steps_left_out(protocol, ended, history):
        cut_offs, ended = cut_offs + (INEFFICIENT,) * left, ended + ended[-1:] * left
    return Position(step=len(ended), cut_offs=cut_offs, ended=ended, charge_elsewhere=here.charge_elsewhere)
