"""Steps of a protocol that contradict each other or themselves."""

from collections.abc import Sequence
from dataclasses import fields
from itertools import chain
from math import inf

from phasefield.config.schema import Host, Protocol, Step

MOST_STEPS = 100_000  # of a protocol, written out
MOST_SNAPSHOTS = 100_000
OF_A_BLOCK = ("repeat", "efficiency_min", "steps")  # keys of a step


def check_protocol(protocol: Protocol, host: Host) -> list[str]:
    """What is wrong with its steps; where nothing is, whether it is too long or strips what was never plated."""
    return _check_steps(protocol.steps, "protocol.steps") or _check_course(protocol, host)


def largest_current(steps: Sequence[Step]) -> float:
    """Largest current of the steps, without sign [mA/cm2]."""
    return max(
        abs(step.current_density_mA_cm2 or 0.0) if step.steps is None else largest_current(step.steps) for step in steps
    )


def _check_steps(steps: Sequence[Step], key: str) -> list[str]:
    """Steps that never end, end in two ways that exclude each other, or hold both steps and a current."""
    problems = []
    for i, step in enumerate(steps):
        here = f"{key}[{i}]"
        own = {each.name: getattr(step, each.name) for each in fields(step) if each.name not in OF_A_BLOCK}
        if step.steps is not None:
            if any(value is not None for value in own.values()):
                given = ", ".join(name for name, value in own.items() if value is not None)
                problems.append(f"{here} has steps of its own and {given}; move these into a step")
            inside = _check_steps(step.steps, f"{here}.steps")
            problems += inside or _check_efficiency(step, here)
            continue
        if step.efficiency_min is not None:
            problems.append(
                f"{here}.efficiency_min is {step.efficiency_min:g}, but the step is no block; it is judged by what a "
                "repetition of several steps takes up and gives back (try efficiency_min beside repeat and steps)"
            )
            continue
        problems += _check_hold(step, here) if step.potential_V is not None else _check_current(step, here)
        low, high = step.potential_min_V, step.potential_max_V
        if low is not None and high is not None and low >= high:
            problems.append(f"{here}.potential_min_V is {low:g}, not below potential_max_V, {high:g}; swap them")
    return problems


def _check_efficiency(block: Step, here: str) -> list[str]:
    """A block that ends by its efficiency: that it may take charge up and give it back."""
    if block.efficiency_min is None:
        return []
    currents = _currents(block.steps)
    if None in currents or (min(currents) < 0 < max(currents)):
        return []
    lacking = "strips: give one a negative" if max(currents) > 0 else "plates: give one a positive"
    return [
        f"{here}.efficiency_min is {block.efficiency_min:g}, but none of its steps {lacking} current_density_mA_cm2, "
        "or a potential_V, or take efficiency_min away"
    ]


def _currents(steps: Sequence[Step]) -> list[float | None]:
    """Of each step, those of blocks once [mA/cm2]; None where a potential is given."""
    each = ([step.current_density_mA_cm2] if step.steps is None else _currents(step.steps) for step in steps)
    return list(chain.from_iterable(each))


def _check_current(step: Step, here: str) -> list[str]:
    """A step of constant current: that it has one, and an end."""
    current = step.current_density_mA_cm2
    if current is None:
        return [
            f"{here}.current_density_mA_cm2 is not given, nor potential_V; one of them must be a number (try 0.5, or 0 "
            "to rest)"
        ]
    foreign = [name for name in ("sweep_rate_mV_s", "current_min_mA_cm2") if getattr(step, name) is not None]
    if foreign:
        return [f"{here} has {' and '.join(foreign)}, which belong to a potential_V; take current_density_mA_cm2 away"]
    limit, of_cell = (
        ("potential_min_V", "cell_voltage_max_V") if current > 0 else ("potential_max_V", "cell_voltage_min_V")
    )
    if current == 0 and step.capacity_mAh_cm2 is not None:
        return [f"{here} has capacity_mAh_cm2 but no current; a rest ends by time_h (try time_h: 1)"]
    if current == 0 and step.time_h is None:
        return [f"{here} rests without an end; give it time_h (try time_h: 1)"]
    ends = (step.capacity_mAh_cm2, step.time_h, getattr(step, limit), getattr(step, of_cell))
    if current and all(end is None for end in ends):
        does = "plates" if current > 0 else "strips"
        return [f"{here} {does} without an end; give it capacity_mAh_cm2, time_h or {limit}, in a full cell {of_cell}"]
    return []


def _check_hold(step: Step, here: str) -> list[str]:
    """A step of given potential: that it has no current as well, and an end."""
    if step.current_density_mA_cm2 is not None:
        return [f"{here} has both potential_V and current_density_mA_cm2; keep one of them"]
    ends = (step.time_h, step.capacity_mAh_cm2, step.current_min_mA_cm2, step.sweep_rate_mV_s)
    if all(end is None for end in ends):
        return [
            f"{here} holds {step.potential_V:g} V without an end; give it time_h, capacity_mAh_cm2 or "
            "current_min_mA_cm2, or sweep_rate_mV_s to sweep there"
        ]
    if step.sweep_rate_mV_s is not None and step.current_min_mA_cm2 is not None:
        return [
            f"{here} has both sweep_rate_mV_s and current_min_mA_cm2; a sweep ends where it arrives, keep one of them"
        ]
    return []


def _check_course(protocol: Protocol, host: Host) -> list[str]:
    """Protocols that are too long, or that strip lithium which was never plated."""
    count = _count(protocol.steps)
    if count > MOST_STEPS:
        return [
            f"protocol.steps makes {count:.3g} steps with its repeats; it must make at most {MOST_STEPS} (try a "
            "smaller repeat)"
        ]
    gives = protocol.insertion and protocol.start_lithiated and any((host.lithiation or {}).values())
    plated, passed = 0.0, 0.0  # at most, and in both directions [mAh/cm2]
    problems = []
    for here, step in _written_out(protocol.steps, "protocol.steps"):
        current, most = step.current_density_mA_cm2, _most_charge(step)
        if current is None:  # a potential is given: what passes is not known
            plated = inf
        elif current > 0:
            plated += inf if most is None else most
        elif current < 0 and step.cell_voltage_min_V is not None:
            pass  # down to the cathode's fill, or to nothing left
        elif current < 0 and most is None:
            plated = 0.0  # down to potential_max_V: nothing is left
        elif current < 0:
            if most > plated * (1 + 1e-9) and step.potential_max_V is None and not gives:
                problems.append(
                    f"{here} strips {most:g} mAh/cm2 at current_density_mA_cm2 {current:g}, but at most {plated:g} are "
                    "plated before it; a positive current plates, a negative one strips (try potential_max_V: 0.5 to "
                    "end where nothing is left)"
                )
                break
            plated = max(plated - most, 0.0)
        passed += most or 0.0
    if passed > MOST_SNAPSHOTS * protocol.snapshot_every_mAh_cm2:
        problems.append(
            f"protocol.snapshot_every_mAh_cm2 is {protocol.snapshot_every_mAh_cm2:g}, which makes "
            f"{passed / protocol.snapshot_every_mAh_cm2:.3g} snapshots; it must make at most {MOST_SNAPSHOTS} "
            f"(try {passed / 100:.3g})"
        )
    return problems


def _count(steps: Sequence[Step]) -> int:
    return sum(step.repeat * (1 if step.steps is None else _count(step.steps)) for step in steps)


def _written_out(steps: Sequence[Step], key: str):
    """Yield (key, step) of each step in the order in which they run, blocks as often as they are repeated."""
    for i, step in enumerate(steps):
        for _ in range(step.repeat):
            if step.steps is None:
                yield f"{key}[{i}]", step
            else:
                yield from _written_out(step.steps, f"{key}[{i}].steps")


def _most_charge(step: Step) -> float | None:
    """Charge a step passes at most, without sign [mAh/cm2]; None where only a potential ends it."""
    ends = [step.capacity_mAh_cm2] if step.capacity_mAh_cm2 is not None else []
    ends += [abs(step.current_density_mA_cm2) * step.time_h] if step.time_h and step.current_density_mA_cm2 else []
    return min(ends) if ends else None
