"""Contradictions of a full cell: between its cathode, its counter electrode and the steps of the protocol."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from phasefield.config.schema import Counter, Step

CELL_KEYS = ("cell_voltage_min_V", "cell_voltage_max_V", "half_cell")


def check_cathode(counter: Counter) -> list[str]:
    """What is wrong with the cathode of a counter electrode; nothing where it is lithium."""
    cathode, key = counter.cathode, "counter.cathode"
    if cathode is None:
        return []
    problems = []
    low, high = cathode.voltage_window_V
    if low >= high:
        problems.append(f"{key}.voltage_window_V is [{low:g}, {high:g}]; it must rise (try [3.0, 4.3])")
    if (cathode.sites is None) == (cathode.open_circuit is None):
        given = "neither sites nor open_circuit" if cathode.sites is None else "both sites and open_circuit"
        problems.append(f"{key} has {given}; one of them gives its open-circuit curve, keep or add one")
    total = sum(site.fraction for site in cathode.sites or ())
    if cathode.sites is not None and abs(total - 1) > 1e-4:
        problems.append(f"{key}.sites have fractions that add up to {total:g}; they must add up to 1")
    if cathode.open_circuit is not None:
        falls = all(a[0] < b[0] and a[1] > b[1] for a, b in pairwise(cathode.open_circuit))
        if len(cathode.open_circuit) < 2 or not falls:
            problems.append(
                f"{key}.open_circuit must be two pairs of stoichiometry and potential or more, the stoichiometry "
                "rising and the potential falling (try [[0.2, 4.3], [0.9, 3.6]])"
            )
        if any(not 0 <= y <= 1 for y, _ in cathode.open_circuit):
            problems.append(f"{key}.open_circuit has a stoichiometry outside of 0 to 1; the first of a pair is one")
    return problems


def check_full_cell(steps: Sequence[Step], counter: Counter, key: str = "protocol.steps") -> list[str]:
    """Steps that a full cell cannot do, or only a full cell can."""
    problems = []
    for here, step in _each(steps, key):
        given = [name for name in CELL_KEYS if getattr(step, name) not in (None, False)]
        low, high = step.cell_voltage_min_V, step.cell_voltage_max_V
        if counter.cathode is None and given:
            problems.append(
                f"{here} has {' and '.join(given)}, but the counter electrode is {counter.name}; choose a cathode (try "
                "counter=ncm622)"
            )
        elif counter.cathode is not None and step.potential_V is not None and not step.half_cell:
            problems.append(
                f"{here}.potential_V is {step.potential_V:g}, held against lithium, and counter is {counter.name}: a "
                "full cell takes currents only and holds no voltage; give it half_cell: true, or a current with "
                "cell_voltage_max_V"
            )
        elif step.half_cell and len(given) > 1:
            problems.append(
                f"{here} has half_cell and {' and '.join(given[:-1])}: a half cell has no cell voltage; use "
                "potential_min_V or potential_max_V, against lithium"
            )
        elif low is not None and high is not None and low >= high:
            problems.append(f"{here}.cell_voltage_min_V is {low:g}, not below cell_voltage_max_V, {high:g}; swap them")
    return problems


def _each(steps: Sequence[Step], key: str) -> Iterator[tuple[str, Step]]:
    """(key, step) of each step, those of blocks once."""
    for i, step in enumerate(steps):
        if step.steps is None:
            yield f"{key}[{i}]", step
        else:
            yield from _each(step.steps, f"{key}[{i}].steps")
