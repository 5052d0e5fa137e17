"""Figures of cycling: efficiency and where the loss went, charge-discharge profiles, sections after stripping."""

from collections.abc import Sequence
from math import ceil

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from phasefield import cycles
from phasefield.cycles import Cycle
from phasefield.dead_lithium import PIECE
from phasefield.plotting import panels, style
from phasefield.snapshots import Run, SnapshotError
from phasefield.units import mAh_per_cm2, mV

SHOWN = 6  # cycles in a figure
LOSSES = (  # of a cycle: gain, label, colour
    ("sei", "SEI", "#E69F00"),
    ("dead_change", "Dead lithium", style.DEAD),
    ("connected_change", "Connected lithium", style.LITHIUM),
    ("inserted", "In the host", "#8E9A9B"),
    ("double_layer", "Double layer", "#D3C6A6"),
)
UNKNOWN = ("metallic", "Lithium, dead or not", style.LITHIUM)  # in place of the two where no snapshot tells
SEEN = 0.01  # of what the best cycle has lost: parts that are always below are in no legend
LOSES, DWARFS = 5.0, 4.0  # %, and times the largest loss of the others: a first cycle that loses more is cut off
MANY = 40  # bars that no longer stand apart
MARKED = 100  # cycles whose points still stand apart; more are a line
CYCLE, EFFICIENCY, LOST = "Cycle", "Coulombic efficiency (%)", "Not returned (% of plated)"


def chosen(found: Sequence[Cycle], numbers: Sequence[int] | None = None, most: int = SHOWN) -> list[Cycle]:
    """The cycles of these numbers, or of the first, second, fifth, tenth, ... and the last so many at most.

    Raises: SnapshotError for a number that no cycle has.
    """
    if numbers is None:
        steps = [1, 2, *(factor * 10**power for power in range(9) for factor in (5, 10, 20))]
        numbers = sorted({n for n in steps if n < len(found)} | {len(found)})
        if len(numbers) > most:
            numbers = [numbers[round(i)] for i in np.linspace(0, len(numbers) - 1, most)]
    if missing := [n for n in numbers if not 1 <= n <= len(found)]:
        raise SnapshotError(f"there is no cycle {missing[0]}; the run has 1 to {len(found)}")
    return [found[n - 1] for n in dict.fromkeys(numbers)]


def draw_efficiency(axes: Axes, found: Sequence[Cycle], colour=style.LITHIUM, label: str | None = None) -> None:
    """Efficiency of cycles over their number."""
    size = float(np.clip(60 / len(found), 1.5, 4.0))
    marks = {"marker": "o", "markersize": size, "linewidth": 0.6} if len(found) <= MARKED else {"linewidth": 0.9}
    numbers, values = [cycle.number for cycle in found], [100 * cycle.efficiency for cycle in found]
    # steady lines lie over those that fluctuate across them
    axes.plot(numbers, values, color=colour, label=label, zorder=2 + 1 / (1 + np.std(values)), **marks)
    axes.set(ylabel=EFFICIENCY)
    _number_cycles(axes, numbers)
    axes.yaxis.get_major_formatter().set_useOffset(False)
    style.open_frame(axes)


def _number_cycles(axes: Axes, numbers: Sequence[int]) -> None:
    axes.set_xlabel(CYCLE)
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))
    low, high = axes.get_xlim() if axes.lines[1:] else (1, 1)
    axes.set_xlim(min([low, *(n - 0.6 for n in numbers)]), max([high, *(n + 0.6 for n in numbers)]))


def draw_losses(axes: Axes, groups: Sequence[Sequence[Cycle]]) -> None:
    """What has not come back of each group of cycles, over what was plated, stacked by where it stays.

    The bars stand at 1, 2, ...
    """
    known = all(cycle.dead_change is not None for group in groups for cycle in group)
    parts = [part for part in LOSSES if known or part[0] not in ("dead_change", "connected_change")]
    parts += [] if known else [UNKNOWN]
    plated = np.array([sum(cycle.plated for cycle in group) for group in groups])
    lost = [[sum(getattr(cycle, name) for cycle in group) for group in groups] for name, *_ in parts]
    shares = 100 * np.array(lost) / plated
    seen = np.abs(shares) > SEEN * np.abs(shares).sum(axis=0).min()
    places, width = np.arange(len(groups)) + 1, 0.7 if len(groups) < MANY else 1.0
    above, below = np.zeros(len(groups)), np.zeros(len(groups))
    for (_, label, colour), values, matters in zip(parts, shares, seen.any(axis=1), strict=True):
        start = np.where(values >= 0, above, below)
        axes.bar(places, values, width, bottom=start, color=colour, linewidth=0, label=label if matters else None)
        above, below = above + np.maximum(values, 0), below + np.minimum(values, 0)
    axes.axhline(0, color=style.INK, linewidth=0.6)
    axes.use_sticky_edges = False
    axes.margins(y=0.08)
    axes.set_xlim(0.4, len(groups) + 0.6)
    style.open_frame(axes)
    if seen.any():
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), reverse=True)


@style.styled
def efficiency_figure(found: Sequence[Cycle]) -> Figure:
    """Coulombic efficiency over complete cycles, and where what did not come back stays."""
    figure = style.new_figure(170, 62)
    efficiency = style.place(figure, 16, 6, 52, 45, "a")
    draw_efficiency(efficiency, found)
    losses = style.place(figure, 88, 6, 52, 45, "b")
    draw_losses(losses, [[cycle] for cycle in found])
    losses.set(xlabel=CYCLE, ylabel=LOST)
    losses.xaxis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))
    _cut_first(efficiency, losses, found)
    return figure


def _cut_first(efficiency: Axes, losses: Axes, found: Sequence[Cycle]) -> None:
    """Limits that show the other cycles where the first has lost so much more, as hosts do that keep what they take up.

    Its value is written where it leaves the axes.
    """
    first, *others = [100 * cycle.efficiency for cycle in found]
    if len(others) < 2 or 100 - first <= max(LOSES, DWARFS * max(abs(100 - value) for value in others)):
        return
    low, high = min(others), max(*others, 100.0)
    span = max(high - low, 0.01)
    efficiency.set_ylim(low - 0.3 * span, high + 0.1 * span)
    bars = [bar.get_bbox() for bar in losses.patches if bar.get_x() > 1]
    deepest, highest = min(bar.ymin for bar in bars), max(bar.ymax for bar in bars)
    room = max(highest - deepest, 0.01)
    losses.set_ylim(deepest - 0.08 * room, highest + 0.3 * room)
    place = {"textcoords": "offset points", "fontsize": 6.5, "color": style.FAINT}
    efficiency.annotate(f"{first:.1f} ↓", (found[0].number, low - 0.3 * span), (-8, 3), ha="left", **place)
    losses.annotate(f"{100 - first:.1f} ↑", (1.4, highest + 0.3 * room), (2, -2), ha="left", va="top", **place)


def _half(history, begin: float, end: float) -> tuple[np.ndarray, np.ndarray]:
    """Charge passed since `begin` without sign [mAh/cm2] and potential [V] of the rows in (begin, end] with current."""
    rows = (history["time"] > begin) & (history["time"] <= end)
    charge = history["charge"]
    moves = np.diff(charge, prepend=charge[:1]) != 0
    before = charge[np.searchsorted(history["time"], begin, "right") - 1]
    rows &= moves
    return np.abs(charge[rows] - before) / mAh_per_cm2, history["potential"][rows]


def draw_profiles(axes: Axes, run: Run, shown: Sequence[Cycle], colours: Sequence, unit: float = 1.0) -> None:
    """Potential [V over unit] against the charge of each half cycle, a colour a cycle."""
    for cycle, colour in zip(shown, colours, strict=True):
        for begin, end, label in ((cycle.start, cycle.turn, f"{cycle.number}"), (cycle.turn, cycle.end, None)):
            charge, potential = _half(run.history, begin, end)
            axes.plot(charge, potential / unit, color=colour, label=label)
    axes.set_xlabel("Capacity of the half cycle (mAh/cm²)")
    axes.axhline(0, color=style.FAINT, linewidth=0.5, zorder=0)
    style.open_frame(axes)


@style.styled
def profile_figure(run: Run, shown: Sequence[Cycle]) -> Figure:
    """Charge-discharge profiles of cycles: the whole potential and, where lithium is plated, the plateaus near 0 V."""
    plates = any(cycle.plating_overpotential is not None for cycle in shown)
    figure = style.new_figure(150 if plates else 90, 64)
    colours = style.capacity_colours(len(shown))
    last = style.place(figure, 14, 6, 52, 46, "a" if plates else "")
    draw_profiles(last, run, shown, colours)
    last.set_ylabel(style.POTENTIAL.replace("mV", "V"))
    if plates:
        last = style.place(figure, 86, 6, 46, 46, "b")
        draw_profiles(last, run, shown, colours, mV)
        last.set(ylabel=style.POTENTIAL, ylim=_plateaus(shown))
    last.legend(title="Cycle", loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def _plateaus(shown: Sequence[Cycle]) -> tuple[float, float]:
    """Limits [mV] that hold the plateaus of plating and stripping, at least 20 mV either way."""
    low = min((cycle.plating_overpotential or 0.0 for cycle in shown), default=0.0)
    high = max((cycle.stripping_overpotential or 0.0 for cycle in shown), default=0.0)
    return min(1.5 * low / mV, -20.0), max(1.5 * high / mV, 20.0)


def after_stripping(run: Run, shown: Sequence[Cycle]) -> list[tuple[Cycle, int]]:
    """(cycle, snapshot at its end) of those that have one."""
    pairs = [(cycle, cycles.nearest(run.times, cycle.end, cycles.NEAR * (cycle.end - cycle.start))) for cycle in shown]
    return [(cycle, index) for cycle, index in pairs if index is not None]


def caption(cycle: Cycle, label: str = "") -> str:
    """Label and number of a cycle, and the dead lithium at its end."""
    name = f"{style.literal(label)}, cycle {cycle.number}" if label else f"Cycle {cycle.number}"
    return name + ("" if cycle.dead is None else f"\n{cycle.dead / mAh_per_cm2:.3f} mAh/cm² dead")


def draw_stripped(axes: Axes, run: Run, index: int) -> None:
    """The section of a snapshot, dead lithium in its own colour with a line around it: much lies in thin gaps."""
    dead = cycles.dead_cells(run, index, section=True)
    panels.draw_section(axes, run, index, dead)
    if dead is not None:
        lithium = np.where(dead, run.section("pore_fraction", 0) * run.section("phase", index), 0.0)
        panels.draw_outline(axes, run, lithium, PIECE, style.DEAD)


@style.styled
def stripped_figure(run: Run, shown: Sequence[Cycle]) -> Figure | None:
    """Sections through the middle after the stripping of cycles; None where no snapshot was taken then."""
    pairs = after_stripping(run, shown)
    if not pairs:
        return None
    columns, wide, high = panels.section_grid(run, len(pairs), style.PAGE - 18, 120.0, gap=9)
    rows = ceil(len(pairs) / columns)
    figure = style.new_figure(style.PAGE, 9 + rows * (high + 9))
    left = max(14.0, (style.PAGE - columns * (wide + 3)) / 2)
    for i, (cycle, index) in enumerate(pairs):
        row, column = divmod(i, columns)
        axes = style.place(figure, left + column * (wide + 3), 15 + row * (high + 9), wide, high)
        draw_stripped(axes, run, index)
        axes.set_title(caption(cycle), fontsize=7)
        if column:
            axes.set_yticklabels([])
        else:
            axes.set_ylabel(style.HEIGHT if high > 35 else "Height (µm)")
        if i == 0:
            panels.draw_scale_bar(axes, run)
    panels.draw_key(figure, run, 3.5, dead=True)
    return figure


@style.styled
def compare_cycles(runs: Sequence[Run], labels: Sequence[str]) -> Figure | None:
    """Efficiency over cycles of several runs, what they lost in all, and sections after the last cycle they share.

    None where no run has a complete cycle.
    """
    found = [[cycle for cycle in cycles.of_run(run) if cycle.complete] for run in runs]
    kept = [(run, each, label, colour) for run, each, label, colour in
            zip(runs, found, labels, np.resize(style.RUNS, len(runs)), strict=True) if each]  # fmt: skip
    if not kept:
        return None
    last = min(len(each) for _, each, *_ in kept)
    boxes = np.array([panels.extent(run) for run, *_ in kept])
    right, lower, upper = boxes[:, 1].max(), boxes[:, 2].min(), boxes[:, 3].max()
    shape = (upper - lower) / right
    wide = min((style.PAGE - 22) / len(kept) - 3, 70.0, 110.0 / shape)
    figure = style.new_figure(style.PAGE, 78 + wide * shape)
    efficiency = style.place(figure, 16, 6, 50, 42, "a")
    for _, each, label, colour in kept:
        draw_efficiency(efficiency, each, colour, style.literal(label))
    efficiency.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    lost = style.place(figure, 106, 6, 40, 42, "b")
    draw_losses(lost, [each for _, each, *_ in kept])
    turned = {"rotation": 30, "ha": "right", "rotation_mode": "anchor"} if len(kept) > 3 else {}
    lost.set_xticks(range(1, len(kept) + 1), [style.literal(label) for _, _, label, _ in kept], **turned)
    lost.set_ylabel(f"{LOST},\nover all cycles")
    panels.draw_key(figure, [run for run, *_ in kept], 62, dead=True)
    style.place_letter(figure, 6, 71, "c")
    left = max(14.0, (style.PAGE - len(kept) * (wide + 3)) / 2)
    for i, (run, each, label, _) in enumerate(kept):
        axes = style.place(figure, left + i * (wide + 3), 75, wide, wide * shape, facecolor="0.94")
        axes.set_title(caption(each[last - 1], label), fontsize=7)
        if pairs := after_stripping(run, [each[last - 1]]):
            draw_stripped(axes, run, pairs[0][1])
        else:
            axes.text(0.5, 0.5, "no snapshot", transform=axes.transAxes, ha="center", va="center", color=style.FAINT)
        axes.set(xlim=(0, right), ylim=(lower, upper), xticks=[])
        if i == 0:
            axes.set_ylabel("Height (µm)")
            panels.draw_scale_bar(axes, run)
        else:
            axes.set_yticklabels([])
    return figure
