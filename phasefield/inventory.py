"""What the lithium inventory of a cell makes of its coulombic efficiency: how capacity fades, and how soon. numpy.

Lithium that plates and does not strip again is lost. Where the anode holds an excess, that is eaten first and the
capacity stays; after it the cathode gets less back each cycle. All capacities are in one unit, of the reader's choice.
"""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np

from phasefield.arguments import Check

SHARE = "between 0 and 1 (99.14 % is 0.9914)"


class InventoryError(ValueError):
    """An efficiency, excess or retention that cannot be; the message says what is allowed."""


check = Check(InventoryError)


def retention(efficiency, excess=0.0, cycles=100) -> np.ndarray:
    """Discharge capacity after 0, 1, ... cycles over that of the cathode [-]; shape (cycles + 1,), the first is 1.

        q_n = min(Q, E_(n-1) + CE_n q_(n-1)),   E_n = E_(n-1) + CE_n q_(n-1) - q_n

    A charge brings what the cathode holds, q_(n-1), to the anode, of which CE comes back; the excess E makes up the
    rest, as long as there is any, and after that the capacity is that of the cell before times CE: limited by the
    cathode first, by lithium afterwards. The cathode itself does not age here, and takes all back that is offered.

    Args:
        efficiency: CE of plating and stripping, 0 to 1: a number, or one for each cycle, shape (cycles,).
        excess: lithium in the anode before the first charge, over Q [-]. A cell that is built with as much lithium
            as N/P says and a cathode full of lithium has N/P of it; one whose N/P counts the cathode's lithium too has
            N/P - 1. What a new cathode gives on its first charge and never takes back stays in the anode and belongs to
            the excess as well.
        cycles: how many.

    Raises:
        InventoryError: a number out of range, or not one efficiency a cycle.

    Example: an anode-free cell at 99.14 %.

        >>> from phasefield.inventory import retention
        >>> round(float(retention(0.9914)[-1]), 2)
        0.42
        >>> round(float(retention(0.9914, excess=1.0)[-1]), 2)
        1.0
    """
    excess = _amount("excess", excess)
    _check_cycles(cycles, least=0)
    efficiency = _shares("efficiency", efficiency)
    if efficiency.shape not in ((), (cycles,)):
        raise InventoryError(
            f"efficiency has shape {efficiency.shape}; it must be one number or {cycles}, one for each cycle"
        )
    result, left = np.ones(cycles + 1), excess
    for n, each in enumerate(np.broadcast_to(efficiency, cycles), 1):
        there = left + each * result[n - 1]
        result[n] = min(1.0, there)
        left = there - result[n]
    return result


def implied_efficiency(retention, cycles, excess=0.0) -> float:
    """Mean efficiency [-] at which a retention is left after so many cycles.

        CE = r^(1/n) without excess

    With excess the same for what is left once it is eaten; found by bisection, to 1e-12.

    Args:
        retention: capacity over that of the cathode, above 0 and below 1 [-].
        cycles: after which it is left.
        excess: lithium in the anode before, over the cathode's capacity [-]; see `retention`.

    Raises:
        InventoryError: a number out of range.

    Example: 42 % after 100 cycles of an anode-free cell.

        >>> from phasefield.inventory import implied_efficiency
        >>> print(f"{implied_efficiency(0.42, 100):.2%}")
        99.14%
    """
    left = check.number("retention", retention, "above 0 and below 1 (42 % is 0.42)", lambda r: 0 < r < 1)
    excess = _amount("excess", excess)
    _check_cycles(cycles)
    if excess == 0:
        return left ** (1 / cycles)
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if _fade(middle, excess, cycles) < left else (low, middle)
    return 0.5 * (low + high)


def cycles_to_exhaustion(efficiency, excess) -> float:
    """Cycles after which the excess is eaten and the capacity begins to fall [-]: excess/(1 - CE); infinite at CE 1.

    Args: efficiency: CE [-], 0 to 1. excess: lithium in the anode before, over the cathode's capacity [-].
    Raises: InventoryError: a number out of range.

    Example: N/P 4 at the efficiency of copper.

        >>> from phasefield.inventory import cycles_to_exhaustion
        >>> round(cycles_to_exhaustion(0.886, excess=4))
        35
    """
    efficiency = check.number("efficiency", efficiency, SHARE, lambda ce: 0 <= ce <= 1)
    excess = _amount("excess", excess)
    return float("inf") if efficiency == 1 else excess / (1 - efficiency)


def efficiency_of_exhaustion(cycles, excess) -> float:
    """Mean efficiency [-] of a cell whose excess is eaten after so many cycles: 1 - excess/n, the inverse of the above.

    Args: cycles: n, above `excess`. excess: lithium in the anode before, over the cathode's capacity [-].
    Raises: InventoryError: a number out of range.

    Example: N/P 2 falls after 190 cycles, its excess being one or two times the cathode.

        >>> from phasefield.inventory import efficiency_of_exhaustion
        >>> print(f"{efficiency_of_exhaustion(190, 2):.1%} to {efficiency_of_exhaustion(190, 1):.1%}")
        98.9% to 99.5%
    """
    excess = _amount("excess", excess)
    allowed = f"above 0 and no fewer than the excess, {excess:g}, of which one a cycle is lost at most"
    return 1 - excess / check.number("cycles", cycles, allowed, lambda n: n > 0 and n >= excess)


def mean_efficiency(charged, discharged, deposited=0.0, recovered=0.0) -> float:
    """Mean efficiency of the anode [-] over the cycles of a cell, from charges that its cycler counts.

        CE = (sum discharged + recovered)/(sum charged + deposited)

    A cell with an excess cycles at 100 % whatever it loses; the loss shows where what is left is stripped at the end.

    Args:
        charged, discharged: of each cycle, without sign; numbers or arrays.
        deposited: lithium plated before the first cycle. recovered: stripped after the last one, all there is.

    Raises:
        InventoryError: nothing has been plated, or a number is negative.

    Source: Adams et al., Adv. Energy Mater. 8 (2018) 1702097.

    Example: ten cycles of 1 on top of 4, of which 3.9 come back.

        >>> from phasefield.inventory import mean_efficiency
        >>> print(f"{mean_efficiency([1] * 10, [1] * 10, deposited=4, recovered=3.9):.2%}")
        99.29%
    """
    given = {"charged": charged, "discharged": discharged, "deposited": deposited, "recovered": recovered}
    sums = {}
    for name, values in given.items():
        values = check.array(name, values, "charges without sign, 0 or more")
        if (values < 0).any():
            raise InventoryError(f"{name} is as low as {values.min():g}; charges are counted without sign, 0 or more")
        sums[name] = float(values.sum())
    plated = sums["charged"] + sums["deposited"]
    if plated == 0:
        raise InventoryError("charged and deposited are 0; the efficiency of a cell that has plated nothing is unknown")
    return (sums["discharged"] + sums["recovered"]) / plated


def half_cycles(history: Mapping[str, np.ndarray]) -> list[tuple[str, slice, float]]:
    """(what, steps, charge [C/m2]) of each charge, discharge, deposit and strip in the history of a full cell.

    Deposits and strips are made against lithium, and leave the cathode's stoichiometry as it is. Steps at rest belong
    to none.

    Args: history: `time_step`, `current_density` and `cathode_stoichiometry` of a run with a cathode.
    Raises: InventoryError: a history without a cathode.
    """
    if "cathode_stoichiometry" not in history:
        raise InventoryError("history has no cathode_stoichiometry; full cells have one (try counter=ncm622)")
    current, y = history["current_density"], history["cathode_stoichiometry"]
    moves = np.diff(y, prepend=y[:1]) != 0
    moves[:1] = len(y) > 1 and y[1] != y[0]
    kind = np.where(current > 0, 1, np.where(current < 0, 2, 0)) + np.where(moves, 2, 0) * (current != 0)
    edges = [0, *(np.flatnonzero(np.diff(kind)) + 1), len(kind)]
    names = {1: "deposit", 2: "strip", 3: "charge", 4: "discharge"}
    found = []
    for first, last in pairwise(edges):
        if last > first and kind[first]:
            steps = slice(int(first), int(last))
            passed = np.abs((current * history["time_step"])[steps].sum())
            found.append((names[int(kind[first])], steps, float(passed)))
    return found


def _fade(efficiency: float, excess: float, cycles: int) -> float:
    return float(retention(efficiency, excess, cycles)[-1])


def _amount(name: str, value) -> float:
    return check.number(name, value, "0 or more, in units of the cathode's capacity", lambda v: v >= 0)


def _shares(name: str, values) -> np.ndarray:
    values = check.array(name, values, SHARE)
    if ((values < 0) | (values > 1)).any():
        raise InventoryError(f"{name} reaches from {values.min():g} to {values.max():g}; it must be {SHARE}")
    return values


def _check_cycles(cycles, least: int = 1) -> None:
    if isinstance(cycles, bool) or not isinstance(cycles, int | np.integer) or not least <= cycles <= 10**6:
        raise InventoryError(f"cycles is {cycles!r}; it must be a whole number from {least} to 1000000")
