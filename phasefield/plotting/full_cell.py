"""Full cells: cell voltage against capacity, cycle by cycle, and the capacity that the lithium inventory leaves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from phasefield.inventory import half_cycles, retention
from phasefield.plotting import style
from phasefield.snapshots import Run
from phasefield.units import mAh_per_cm2, mV

VOLTAGE = "Cell voltage (V)"
CYCLE = "Cycle"
RETENTION = "Capacity retention"
BELOW = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.16), "ncols": 2}  # of legends that find no room within


def is_full_cell(history: Mapping[str, np.ndarray]) -> bool:
    """Whether a cathode was charged or discharged."""
    return "cathode_stoichiometry" in history and bool(cycles(history))


def cycles(history: Mapping[str, np.ndarray]) -> list[list[tuple[str, slice, float]]]:
    """The half cycles of a full cell, see `inventory.half_cycles`, in cycles; each begins with a charge."""
    found: list[list] = []
    for half in half_cycles(history):
        if half[0] == "charge" or (half[0] == "discharge" and not found):
            found.append([])
        if half[0] in ("charge", "discharge"):
            found[-1].append(half)
    return found


@style.styled
def cell_voltages(run: Run) -> Figure:
    """Cell voltage, and the electrode against lithium, against the capacity of each charge and discharge."""
    figure = style.new_figure(style.PAGE, 66)
    voltage = style.place(figure, 14, 6, 70, 48, "a")
    electrode = style.place(figure, 104, 6, 70, 48, "b")
    draw_half_cycles(voltage, run, "cell_voltage")
    draw_half_cycles(electrode, run, "potential", mV)
    voltage.set(ylabel=VOLTAGE)
    electrode.set(ylabel=style.POTENTIAL, ylim=_plating(run))
    found = cycles(run.history)
    shown = range(len(found)) if len(found) <= 6 else (0, len(found) - 1)
    colours = style.capacity_colours(len(found))
    handles = [Line2D([], [], color=colours[i], label=f"Cycle {i + 1}") for i in shown]
    handles += [Line2D([], [], color=style.INK, label="charge")]
    handles += [Line2D([], [], color=style.INK, linestyle="--", label="discharge")]
    voltage.legend(handles=handles, loc="lower center", ncols=2)
    return figure


def draw_half_cycles(axes: Axes, run: Run, name: str, unit: float = 1.0, colour=None, label: str | None = None) -> None:
    """A column of the history against the capacity of its charge or discharge, later cycles darker or all alike."""
    found = cycles(run.history)
    colours = style.capacity_colours(len(found)) if colour is None else [colour] * len(found)
    passed = np.abs(run.history["current_density"]) * run.history["time_step"]
    for halves, own in zip(found, colours, strict=True):
        for what, steps, _ in halves:
            axes.plot(np.cumsum(passed[steps]) / mAh_per_cm2, run.history[name][steps] / unit, color=own,
                      linestyle="-" if what == "charge" else "--", label=label)  # fmt: skip
            label = None
    axes.set(xlabel=style.CAPACITY, xlim=(0, None))
    style.open_frame(axes)


def _plating(run: Run) -> tuple[float, float]:
    """Limits [mV] that show the plating, not the rise at the end of a discharge that takes all lithium."""
    values = np.concatenate([run.history["potential"][s] for halves in cycles(run.history) for _, s, _ in halves]) / mV
    low, high = np.percentile(values, (1, 85))
    return low - 0.6 * (high - low), high + 0.8 * (high - low)


@dataclass(frozen=True)
class Fade:
    """Capacity over the cycles as the inventory gives it, for excesses between two bounds [cathode capacities]."""

    label: str
    efficiency: float
    excess: tuple[float, float]
    colour: str
    linestyle: str = "-"


@dataclass(frozen=True)
class Observed:
    """A point of an experiment: cycle and retention, or the cycle at which something happened."""

    label: str
    cycle: float
    retention: float
    colour: str
    marker: str = "o"


@style.styled
def full_cells(runs: Sequence[Run], labels: Sequence[str], fades: Sequence[Fade], observed: Sequence[Observed],
               last: int) -> Figure:  # fmt: skip
    """Cell voltages of runs, all cycles of a run in one colour, beside the retention over `last` cycles."""
    figure = style.new_figure(style.PAGE, 98)
    voltage = style.place(figure, 14, 6, 66, 62, "a")
    fade = style.place(figure, 100, 6, 74, 62, "b")
    for i, (run, label) in enumerate(zip(runs, labels, strict=True)):
        draw_half_cycles(voltage, run, "cell_voltage", colour=style.RUNS[i % len(style.RUNS)], label=label)
    voltage.set(ylabel=VOLTAGE)
    handles, names = voltage.get_legend_handles_labels()
    handles += [Line2D([], [], color=style.INK, label="charge")]
    handles += [Line2D([], [], color=style.INK, linestyle="--", label="discharge")]
    voltage.legend(handles, [*names, "charge", "discharge"], **BELOW)
    draw_retention(fade, fades, observed, last)
    return figure


def draw_retention(axes: Axes, fades: Sequence[Fade], observed: Sequence[Observed], last: int) -> None:
    """Retention against cycle: each fade a line, or a band between the bounds of its excess; points as observed."""
    number = np.arange(last + 1)
    for each in fades:
        low, high = (retention(each.efficiency, excess, last) for excess in each.excess)
        if each.excess[0] < each.excess[1]:
            axes.fill_between(number, low, high, color=each.colour, alpha=0.18, linewidth=0)
            axes.plot(number, high, color=each.colour, linestyle=each.linestyle, linewidth=0.6)
        axes.plot(number, low, color=each.colour, linestyle=each.linestyle, label=each.label)
    for each in observed:
        axes.plot([each.cycle], [each.retention], each.marker, color=each.colour, markersize=4.5, zorder=5,
                  markeredgecolor="white", markeredgewidth=0.6, clip_on=False, label=each.label)  # fmt: skip
    axes.set(xlabel=CYCLE, ylabel=RETENTION, xlim=(0, last), ylim=(0, 1.04))
    axes.yaxis.set_major_formatter("{x:.0%}")
    axes.legend(**BELOW)
    style.open_frame(axes)
