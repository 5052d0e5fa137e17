"""What figures are made of: sections, depth profiles and potential curves, each drawn into given axes."""

from math import ceil

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke

from phasefield.measures import Spike, nucleation_spike
from phasefield.plotting import style
from phasefield.snapshots import Run, SnapshotError
from phasefield.units import hour, mAh_per_cm2, mV, um

SOLID = "fraction_"
DASHES = (0, (4, 3))
OUTLINES = ((style.INK, "Host surface"), (style.LITHIUM, "Lithium surface"))
INSERTION = 0.2  # V; lithium enters the host at potentials above
REACHED = 0.05  # a run has reached a capacity when a snapshot lies within this fraction of it


def choose(run: Run, capacities=None, count: int = 4) -> list[int]:
    """Snapshots nearest to capacities [mAh/cm2], or `count` of them evenly apart up to the last."""
    if not len(run.times):
        raise SnapshotError(f"{run.path} has no snapshots to draw; wait for the run to write one")
    if capacities is not None:
        return list(dict.fromkeys(run.nearest(capacity=q) for q in capacities))
    measure = run.capacities if np.all(np.diff(run.capacities) > 0) else run.times
    targets = np.linspace(0, measure[-1], count + 1)[1:]
    return [int(i) for i in dict.fromkeys(np.argmin(np.abs(measure - target)) for target in targets)]


def capacity_label(run: Run, index: int, unit: bool = True) -> str:
    """The capacity of a snapshot, with its time where the run also strips and the capacity comes back."""
    text = f"{run.capacities[index] / mAh_per_cm2:.2f}" + (" mAh/cm²" if unit else "")
    return text if np.all(np.diff(run.capacities) > 0) else f"{text}, {run.times[index] / hour:.2g} h"


def extent(run: Run) -> tuple[float, float, float, float]:
    """Left, right, lower and upper edge of the section [um], heights from the collector surface."""
    bottom, width, height = run.host_bottom / um, run.shape[-1] * run.spacing / um, run.shape[0] * run.spacing / um
    return 0.0, width, -bottom, height - bottom


def heights(run: Run) -> np.ndarray:
    """Heights of the cell centres above the collector surface [um]."""
    return ((np.arange(run.shape[0]) + 0.5) * run.spacing - run.host_bottom) / um


def solids(run: Run) -> list[str]:
    """Names of the solid phases, the collector first."""
    names = [name.removeprefix(SOLID) for name in run.static_names if name.startswith(SOLID)]
    return sorted(names, key=lambda name: (name != "collector", names.index(name)))


def section_grid(run: Run, count: int, width: float, tallest: float, gap: float = 6) -> tuple[int, float, float]:
    """Columns, width and height [mm] of the panels that show `count` sections largest in the room there is.

    Args: gap: between rows [mm].
    """
    shape = run.shape[0] / run.shape[-1]
    options = []
    for columns in range(1, count + 1):
        rows = ceil(count / columns)
        wide = (width - 3 * (columns - 1)) / columns
        wide = min(wide, (tallest - gap * (rows - 1)) / rows / shape)
        # full rows first, unless that costs more than a third of the width
        options.append((wide if count % columns == 0 else 0.75 * wide, wide, columns))
    _, wide, columns = max(options)
    return columns, wide, wide * shape


def picture(run: Run, index: int, dead: np.ndarray | None = None) -> np.ndarray:
    """RGB picture (z, x, 3) of the section: each cell mixes the colours of what is in it, by volume.

    Args: dead: cells of the section whose lithium is dead and has its own colour, bool.
    """
    colours = style.phase_colours(solids(run))
    parts = {name: run.section(SOLID + name, 0)[..., None] for name in colours}
    pore = np.clip(1 - sum(parts.values(), np.zeros((run.shape[0], run.shape[-1], 1))), 0, 1)
    lithium = pore * np.clip(run.section("phase", index), 0, 1)[..., None]  # for the eye only
    metal = np.array(style.to_rgb(style.LITHIUM))
    if dead is not None:
        metal = np.where(dead[..., None], np.array(style.to_rgb(style.DEAD)), metal)
    mixed = (pore - lithium) * np.array(style.to_rgb(style.ELECTROLYTE)) + lithium * metal
    return np.clip(mixed + sum(parts[name] * colours[name] for name in parts), 0, 1)


def pore_filling(run: Run, indices) -> np.ndarray:
    """Lithium fraction of the pores in each plane (snapshots, z) [-]; NaN where a plane has almost no pores."""
    axes = tuple(range(1, len(run.shape)))
    pore = run.field("pore_fraction", 0)
    volume = pore.mean(axis=axes)
    filled = np.stack([(pore * run.field("phase", index)).mean(axis=axes) for index in indices])
    return np.where(volume > 0.02, filled / np.maximum(volume, 0.02), np.nan)


def draw_section(axes: Axes, run: Run, index: int, dead: np.ndarray | None = None) -> None:
    """Host and lithium in the section through the middle, with lines at collector and host surface.

    Args: dead: see `picture`.
    """
    axes.imshow(picture(run, index, dead), origin="lower", extent=extent(run), interpolation="bilinear", aspect="equal")
    mark_host(axes, run)
    axes.set_xticks([])


def mark_host(axes: Axes, run: Run, colour: str = style.INK) -> None:
    """Lines at the collector surface and at the top of the host."""
    axes.axhline(0, color=colour, linewidth=0.6)
    axes.axhline((run.host_top - run.host_bottom) / um, color=colour, linewidth=0.7, linestyle=DASHES)


def outline(axes: Axes, run: Run, index: int, lithium: bool = True) -> None:
    """The surfaces of host and lithium as lines with a pale rim, seen on any colour; thin where cells are small."""
    pore = run.section("pore_fraction", 0)
    surfaces = (pore, pore * run.section("phase", index))[: 1 + lithium]
    for values, (colour, _) in zip(surfaces, OUTLINES, strict=False):
        draw_outline(axes, run, values, 0.5, colour)


def draw_outline(axes: Axes, run: Run, values: np.ndarray, level: float, colour) -> None:
    """A line with a pale rim where the values of a section pass a level; thin where cells are small."""
    x = (np.arange(values.shape[1]) + 0.5) * run.spacing / um
    cell = axes.get_position().width * axes.figure.get_figwidth() * style.INCH / len(x)  # mm
    line = float(np.clip(0.8 * cell, 0.35, 0.8))
    rim = [withStroke(linewidth=2 * line, foreground="white")]
    if values.min() < level < values.max():
        axes.contour(x, heights(run), values, [level], colors=colour, linewidths=line).set_path_effects(rim)


def draw_scale_bar(axes: Axes, run: Run) -> None:
    """A bar of a round length of about a third of the width, in the upper right corner."""
    left, right, _, upper = extent(run)
    rounds = np.outer(10.0 ** np.arange(-3, 5), (1, 2, 5)).ravel()
    length = rounds[rounds <= 0.4 * (right - left)][-1]
    x, y = right - 0.06 * (right - left) - length, upper - 0.06 * (right - left)
    axes.plot([x, x + length], [y, y], color=style.INK, linewidth=1.6, solid_capstyle="butt")
    room = axes.get_position().width * axes.figure.get_figwidth() * style.INCH * length / (right - left)  # mm
    centre = room > 8  # else the text is longer than the bar and would leave the panel
    place = {"ha": "center" if centre else "right", "va": "top", "textcoords": "offset points", "xytext": (0, -2.5)}
    axes.annotate(f"{length:g} µm", (x + length / (1 + centre), y), fontsize=6.5, **place)


def draw_key(figure: Figure, run_or_runs, top: float, lines: bool = True, dead: bool = False) -> None:
    """The legend of the sections, or with `lines` off of bodies, in one row at a height in mm below the upper edge.

    Args: dead: whether dead lithium has its own colour.
    """
    runs = run_or_runs if isinstance(run_or_runs, list | tuple) else [run_or_runs]
    names = list(dict.fromkeys(name for run in runs for name in solids(run)))
    colours = style.phase_colours(names)
    edge = {"edgecolor": style.INK, "linewidth": 0.4}
    handles = [Patch(facecolor=style.LITHIUM, label="Lithium", **edge)]
    handles += [Patch(facecolor=style.DEAD, label="Dead lithium", **edge)] * dead
    handles += [Patch(facecolor=colours[name], label=style.phase_label(name), **edge) for name in names[1:]]
    handles += [Patch(facecolor=colours[name], label=style.phase_label(name), **edge) for name in names[:1]]
    handles += [Patch(facecolor=style.ELECTROLYTE, label="Electrolyte", **edge)]
    handles += [Line2D([], [], color=style.INK, linewidth=0.7, linestyle=DASHES, label="Host top")] * lines
    draw_legend(figure, handles, top)


def draw_legend(figure: Figure, handles: list, top: float) -> None:
    """A legend in one row, centred at a height in mm below the upper edge."""
    place = {"loc": "center", "bbox_to_anchor": (0.5, 1 - top / (figure.get_figheight() * style.INCH))}
    figure.legend(handles=handles, ncols=len(handles), handleheight=0.9, columnspacing=1.6, borderpad=0, **place)


def draw_depth(axes: Axes, run: Run, colours: dict, legend: bool = True) -> None:
    """Lithium fraction of the pores against height, a line for each snapshot; colours: index -> colour."""
    if colours:
        for (index, colour), filling in zip(colours.items(), pore_filling(run, colours), strict=True):
            axes.plot(filling, heights(run), color=colour, label=capacity_label(run, index, unit=False))
    mark_host(axes, run)
    axes.set(xlim=(-0.02, 1.05), ylim=extent(run)[2:], xlabel=style.FILLING)
    axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    style.open_frame(axes)
    if legend and colours:
        veil = {"frameon": True, "facecolor": "white", "edgecolor": "none", "framealpha": 0.9}
        axes.legend(title="mAh/cm²", loc="best", borderpad=0.2, labelspacing=0.3, **veil)


def first_plating(history) -> slice:
    """Rows of the history up to the last charge that went in before any came back; all of them where none came back."""
    passed = np.diff(history["charge"], prepend=history["charge"][:1])
    rising = np.flatnonzero(passed > 0)
    back = np.flatnonzero(passed < 0)
    back = back[back > rising[0]] if len(rising) else back[:0]
    return slice(0, int(rising[rising < back[0]][-1]) + 1 if len(back) else len(passed))


def draw_potential(axes: Axes, run: Run, colour=style.LITHIUM, label: str | None = None, mark: bool = True) -> None:
    """Potential against capacity, with the nucleation spike marked; what follows the first plating thin and pale."""
    history = run.history
    if not len(history.get("potential", ())):
        axes.text(0.5, 0.5, "no history", transform=axes.transAxes, ha="center", va="center", color=style.FAINT)
    else:
        charge, potential, first = history["charge"] / mAh_per_cm2, history["potential"] / mV, first_plating(history)
        if first.stop < len(charge):
            axes.plot(charge[first.stop - 1 :], potential[first.stop - 1 :], color="0.8", linewidth=0.5, zorder=1)
        axes.plot(charge[first], potential[first], color=colour, label=label)
        spike = nucleation_spike(run.history)
        if spike and mark:
            draw_spike(axes, spike.charge / mAh_per_cm2, spike)
    axes.set(xlabel=style.CAPACITY)
    style.open_frame(axes)


def draw_start(axes: Axes, run: Run, colour=style.LITHIUM) -> None:
    """Potential against time on a logarithmic axis, from the start or, after insertion, from the fall below 0 V."""
    time, potential = (run.history.get(name, np.array([])) for name in ("time", "potential"))
    axes.set(xlabel=style.TIME)
    style.open_frame(axes)
    if not len(potential):
        return
    spike, start = nucleation_spike(run.history), 0.0
    if potential[0] > INSERTION and (potential < 0).any():
        start = time[max(int(np.argmax(potential < 0)) - 1, 0)]
        axes.set_xlabel(f"{style.TIME.removesuffix(' (s)')} since 0 V (s)")
    shown = time > start
    if not shown.any():
        return
    since = time[shown] - start
    first = since[0]
    last = min(max(1e3 * (spike.time - start if spike else first), 1.0, 30 * first), since[-1])
    kept = since <= last
    axes.plot(since[kept], potential[shown][kept] / mV, color=colour)
    axes.set(xscale="log" if last > 10 * first else "linear", xlim=(first, max(last, 2 * first)))
    if spike and spike.time > start:
        draw_spike(axes, spike.time - start, spike)


def draw_insertion(axes: Axes, run: Run, colour=style.LITHIUM) -> None:
    """An inset with the whole potential in volts, for runs that begin with insertion far above the plating.

    It stands at the left, where the axes are empty: what is cut there comes first.
    """
    if not len(run.history.get("potential", ())):
        return
    first = first_plating(run.history)
    potential = run.history["potential"][first]
    if potential.max() > INSERTION:
        charge = run.history["charge"] / mAh_per_cm2
        inserted = np.ptp(charge[first][potential > INSERTION]) / max(np.ptp(charge), 1e-9)
        inset = axes.inset_axes((0.07, 0.55, min(max(0.85 * inserted - 0.05, 0.25), 0.46), 0.36))
        inset.plot(charge[first], potential, color=colour, linewidth=0.8)
        inset.set_title("Whole potential (V)", fontsize=6, pad=2)
        inset.tick_params(labelsize=5.5)


def draw_spike(axes: Axes, x: float, spike: Spike) -> None:
    """A marker at the spike with its value."""
    y, colour = spike.potential / mV, style.RUNS[1]
    axes.plot([x], [y], "v", color=colour, markersize=3.5, clip_on=False, zorder=5)
    text = f"{y:.0f} mV".replace("-", "−")
    axes.annotate(text, (x, y), xytext=(5, -1), textcoords="offset points", ha="left", va="center", color=colour)


def potential_limits(runs: list[Run], first: bool = False) -> tuple[float, float] | None:
    """Limits [mV] that show plating and spikes of all runs; insertion far above 0 V would dwarf them and is cut.

    Args: first: of the first plating only.
    """
    histories = [run.history for run in runs if len(run.history.get("potential", ()))]
    values = [each["potential"][first_plating(each) if first else slice(None)] / mV for each in histories]
    if not values:
        return None
    low, high = min(v.min() for v in values), max(v.max() for v in values)
    inserts = high > INSERTION / mV
    high = min(max(high, 0.0), max(-0.3 * low, 20.0) if inserts else max(-low, 50.0))
    margin = 0.08 * (high - low)
    return low - margin, high + margin
