"""The cycles of a run and the ledger of each: what was plated and stripped, and where the difference stays. numpy.

A cycle is a stretch of plating (current into the electrode) and the stretch of stripping that follows it. Rests belong
to the cycle that ends after them, so that every time step from the first plating to the last stripping counts once.
Plated is all charge that goes in, whether it becomes lithium or enters the host, and stripped all that comes out: the
efficiency is that of an experimenter, who sees only the current. What comes out before anything went in is no cycle.
"""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from phasefield import dead_lithium, status
from phasefield.snapshots import Run
from phasefield.units import FARADAY, cm3, hour, mAh_per_cm2, mV

FILE = "cycles.csv"  # in the folder of a run
NOISE = 1e-6  # of the largest charge that passes one way: less than that is no turn, but a current about zero
FLICKER = 1e-2  # the same where the current follows a potential, and changes its sign on its way through zero
STEADY = 3  # time steps of one current: it is given
NEAR = 1e-2  # of a cycle: how far from its end the snapshot may lie that tells its dead lithium


@dataclass(frozen=True)
class Cycle:
    """One cycle; charges in C/m2 of geometric area, changes from its start to its end.

        plated - stripped = metallic + inserted + double_layer + sei,    metallic = dead_change + connected_change

    Args:
        number: from 1.
        start, turn, end: at which the cycle before ended, plating ended, stripping ended [s].
        plated, stripped: charge in and charge out, both positive.
        metallic, inserted, double_layer, sei: what metallic lithium, host, double layer and SEI have gained.
        lithium: metallic lithium at the end.
        dead, dead_before: dead lithium at the end and at the start; None where no snapshot tells.
        plating_end, stripping_end: potential against lithium at the turn and at the end [V].
        plating_overpotential, stripping_overpotential: mean potential against lithium while it is plated and stripped,
            by the lithium that is [V]; None where none is.
        complete: whether the stripping has come to its end.
    """

    number: int
    start: float
    turn: float
    end: float
    plated: float
    stripped: float
    metallic: float
    inserted: float
    double_layer: float
    sei: float
    lithium: float
    dead: float | None
    dead_before: float | None
    plating_end: float
    stripping_end: float
    plating_overpotential: float | None
    stripping_overpotential: float | None
    complete: bool

    @property
    def efficiency(self) -> float:
        """Coulombic efficiency: charge out over charge in [-]."""
        return self.stripped / self.plated

    @property
    def dead_change(self) -> float | None:
        """Dead lithium gained in this cycle, negative where more has reconnected [C/m2]."""
        return None if self.dead is None or self.dead_before is None else self.dead - self.dead_before

    @property
    def connected_change(self) -> float | None:
        """Lithium gained that is still joined to the collector [C/m2]."""
        return None if self.dead_change is None else self.metallic - self.dead_change

    @property
    def connected(self) -> float | None:
        """Lithium at the end that is still joined to the collector [C/m2]."""
        return None if self.dead is None else self.lithium - self.dead

    @property
    def closure_error(self) -> float:
        """|plated - stripped - what has been gained| over plated [-]."""
        gained = self.metallic + self.inserted + self.double_layer + self.sei
        return abs(self.plated - self.stripped - gained) / self.plated


def cycles(
    history: Mapping[str, np.ndarray],
    molar_volume: float,
    dead: Callable[[float, float], float | None] = lambda time, within: None,
    finished: bool = True,
) -> tuple[Cycle, ...]:
    """The cycles of a history, the last of them incomplete while it strips; one that has not begun to is left out.

    Args:
        history: columns of `diagnostics.HISTORY`; a column `sei_charge` [C/m2] counts where there is one.
        molar_volume: of lithium [m3/mol].
        dead: (time [s], within [s]) -> dead lithium [C/m2] in the snapshot at that time, None where there is none.
        finished: whether the run goes no further, which completes the last cycle.
    """
    so_far = history.get("charge", np.zeros(0))
    passed = np.diff(so_far, prepend=so_far[:1])
    stretches = _stretches(passed, np.diff(history["time"], prepend=np.nan)) if len(passed) else []
    if stretches and stretches[0][0] < 0:  # comes out before anything went in
        before, stretches = stretches[0][2], stretches[1:]
    else:
        before = 0
    found = []
    for number, ((_, _, turn), (_, _, end)) in enumerate(zip(stretches[::2], stretches[1::2], strict=False), 1):
        complete = finished or 2 * number < len(stretches)
        found.append(_cycle(number, history, passed, molar_volume, dead, before, turn, end, complete))
        before = end
    return tuple(found)


def _stretches(passed: np.ndarray, dt: np.ndarray) -> list[tuple[int, int, int]]:
    """(sign, first row, last row) of each stretch of current in one direction, rests within and noise left out."""
    rows = np.flatnonzero(passed)
    if not len(rows):
        return []
    begins = np.r_[0, np.flatnonzero(np.diff(np.sign(passed[rows]))) + 1]
    first, last = rows[begins], rows[np.r_[begins[1:] - 1, len(rows) - 1]]
    total, current = np.abs(np.add.reduceat(passed[rows], begins)), np.abs(passed[rows] / dt[rows])
    least, most = np.minimum.reduceat(current, begins), np.maximum.reduceat(current, begins)
    given = (np.diff(np.r_[begins, len(rows)]) >= STEADY) & (most - least < 1e-6 * most)
    kept = total > np.where(given, NOISE, FLICKER) * total.max()
    merged: list[tuple[int, int, int]] = []
    for sign, begin, end in zip(np.sign(passed[first[kept]]), first[kept], last[kept], strict=True):
        if merged and merged[-1][0] == sign:
            begin = merged.pop()[1]
        merged.append((int(sign), int(begin), int(end)))
    return merged


def _cycle(number, history, passed, molar_volume, dead, before: int, turn: int, end: int, complete: bool) -> Cycle:
    """The cycle between two rows of the history: after `before`, up to `end`, with its last plating at `turn`."""
    time, potential = history["time"], history["potential"]
    lithium = history["lithium"] * FARADAY / molar_volume

    def gained(name):
        return float(history[name][end] - history[name][before]) if name in history else 0.0

    def weighted(rows, sign):
        weights = np.maximum(sign * np.diff(lithium)[rows.start - 1 : rows.stop - 1], 0)
        total = weights.sum()
        enough = total > NEAR * abs(passed[rows].sum())
        return float((weights * potential[rows]).sum() / total) if enough else None

    within = NEAR * float(time[end] - time[before])
    whole, plating, stripping = slice(before + 1, end + 1), slice(before + 1, turn + 1), slice(turn + 1, end + 1)
    return Cycle(
        number=number,
        start=float(time[before]),
        turn=float(time[turn]),
        end=float(time[end]),
        plated=float(np.maximum(passed[whole], 0).sum()),
        stripped=float(np.maximum(-passed[whole], 0).sum()),
        metallic=float(lithium[end] - lithium[before]),
        inserted=gained("inserted_charge"),
        double_layer=-gained("double_layer_charge"),
        sei=gained("sei_charge"),
        lithium=float(lithium[end]),
        dead=dead(float(time[end]), within),
        dead_before=dead(float(time[before]), within),
        plating_end=float(potential[turn]),
        stripping_end=float(potential[end]),
        plating_overpotential=weighted(plating, 1),
        stripping_overpotential=weighted(stripping, -1),
        complete=complete,
    )


def of_run(run: Run) -> tuple[Cycle, ...]:
    """The cycles of a run file, finished or not; none where its configuration has no molar volume of lithium.

    A file of before there was `dead_lithium` in it tells its dead lithium by the potential.
    """
    volume = molar_volume(run)
    if volume is None or not {"time", "charge", "potential", "lithium"} <= set(run.history):
        return ()
    state = status.read(run.path.parent).get("status", status.FINISHED)

    read = cache(lambda index: dead_charge(run, index, volume))  # the end of one cycle is the start of the next

    def dead(time, within):
        index = nearest(run.times, time, within)
        return None if index is None else read(index)

    return cycles(run.history, volume, dead, state == status.FINISHED)


def nearest(times: np.ndarray, time: float, within: float) -> int | None:
    """Index of the snapshot nearest to a time [s], None where none lies so near."""
    if not len(times):
        return None
    index = int(np.argmin(np.abs(np.asarray(times) - time)))
    return index if abs(times[index] - time) <= within else None


def dead_cells(run: Run, index: int, section: bool = False) -> np.ndarray | None:
    """Cells whose lithium is dead in a snapshot, or in its section through the middle, bool.

    By connectivity, as the file says; by the potential where the file is of before, None where that says nothing.
    """
    read = run.section if section else run.field
    if "dead_lithium" in run.field_names:
        return read("dead_lithium", index) > 0
    potentials = ("electronic_potential", "ionic_potential")
    if not {"phase", *potentials} <= set(run.field_names):
        return None
    lithium = read("pore_fraction", 0) * read("phase", index)
    if not lithium.any():
        return np.zeros(lithium.shape, bool)
    return dead_lithium.by_potential(lithium, *(read(name, index) for name in potentials))


def dead_charge(run: Run, index: int, molar_volume: float) -> float | None:
    """Dead lithium in a snapshot [C/m2], None where nothing tells; molar_volume: of lithium [m3/mol]."""
    dead = dead_cells(run, index)
    if dead is None:
        return None
    return charge(run.field("pore_fraction", 0) * run.field("phase", index), dead, run.spacing, molar_volume)


def charge(lithium, dead, spacing: float, molar_volume: float) -> float:
    """Charge that dead lithium holds [C/m2]; lithium, dead, spacing: of `dead_lithium.thickness`."""
    return dead_lithium.thickness(lithium, dead, spacing) * FARADAY / molar_volume


def molar_volume(run: Run) -> float | None:
    """Molar volume of lithium of a run [m3/mol], from its configuration; None where that does not say."""
    from phasefield import sources  # hydra, which it knows the configuration by, takes its time

    lithium = sources.read_config(str(run.metadata.get("config", ""))).get("lithium")
    volume = lithium.get("molar_volume_cm3_mol") if isinstance(lithium, Mapping) else None
    return volume * cm3 if isinstance(volume, int | float) and volume > 0 else None


def table(found: Sequence[Cycle]) -> str:
    """CSV text, a row a cycle: hours, mAh/cm2 and mV; empty where something is not known."""
    rows = []
    for cycle in found:
        charges = {
            "plated": cycle.plated, "stripped": cycle.stripped, "metallic": cycle.metallic,
            "inserted": cycle.inserted, "double_layer": cycle.double_layer, "sei": cycle.sei,
            "dead_change": cycle.dead_change, "connected_change": cycle.connected_change,
            "dead": cycle.dead, "connected": cycle.connected,
        }  # fmt: skip
        potentials = ("plating_end", "stripping_end", "plating_overpotential", "stripping_overpotential")
        rows.append({
            "cycle": cycle.number,
            **{f"{name}_h": getattr(cycle, name) / hour for name in ("start", "turn", "end")},
            "coulombic_efficiency": cycle.efficiency,
            **{f"{name}_mAh_cm2": _over(value, mAh_per_cm2) for name, value in charges.items()},
            "closure_error": cycle.closure_error,
            **{f"{name}_mV": _over(getattr(cycle, name), mV) for name in potentials},
            "complete": int(cycle.complete),
        })  # fmt: skip
    text = io.StringIO()
    if rows:
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: f"{v:.8g}" if isinstance(v, float) else v for name, v in row.items()} for row in rows)
    return text.getvalue()


def _over(value: float | None, unit: float) -> float | None:
    return None if value is None else value / unit


def summary(found: Sequence[Cycle]) -> dict:
    """Measures of the complete cycles, JSON-ready; nothing where there is none."""
    whole = [cycle for cycle in found if cycle.complete]
    if not whole:
        return {}

    def lost(name):
        values = [getattr(cycle, name) for cycle in whole]
        return None if None in values else sum(values) / mAh_per_cm2

    later = [cycle.efficiency for cycle in whole[1:]]
    return {
        "cycles": len(whole),
        "efficiency_first": whole[0].efficiency,
        "efficiency_last": whole[-1].efficiency,
        "efficiency_after_first": float(np.mean(later)) if later else None,
        "lost_to_sei_mAh_cm2": lost("sei"),
        "lost_to_dead_mAh_cm2": lost("dead_change"),
        "lost_to_insertion_mAh_cm2": lost("inserted"),
        "lost_to_connected_mAh_cm2": lost("connected_change"),
        "cycle_closure_error": max(cycle.closure_error for cycle in whole),
    }
