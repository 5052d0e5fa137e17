"""A measure over what was swept: a map over two numbers, lines over one, bars over names."""

from collections.abc import Sequence
from itertools import product
from math import ceil

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from phasefield.plotting import style
from phasefield.sweep import SweepError, Table, averaged

WORDS = {  # of measures and swept keys, for the axes
    "top_bottom_index": "Top/bottom index",
    "pore_filling": "Filling of the pores",
    "fraction_lower_third": "Lithium in the lower third",
    "fraction_upper_third": "Lithium in the upper third",
    "fraction_above_host": "Lithium above the host",
    "nucleation_overpotential_mV": "Nucleation overpotential (mV)",
    "centre_of_mass_um": "Centre of mass (µm)",
    "roughness_um": "Roughness (µm)",
    "isolated_fraction": "Dead share of the lithium",
    "protocol.current_density_mA_cm2": "Current density (mA/cm²)",
    "protocol.capacity_mAh_cm2": "Capacity (mAh/cm²)",
    "lithium.exchange_current_density_A_m2": "Exchange current density (A/m²)",
    "host.porosity": "Porosity",
    "host.thickness_um": "Thickness of the host (µm)",
}
UNITS = {unit: unit for unit in ("mV", "V", "nm", "K", "h", "s")} | {
    "mA_cm2": "mA/cm²",
    "mAh_cm2": "mAh/cm²",
    "S_m": "S/m",
    "A_m2": "A/m²",
    "um": "µm",
    "mol_L": "mol/L",
    "m2_s": "m²/s",
}
HOSTS = {"cu": "Cu", "cnt": "CNT", "llto": "LLTO", "llto_cnt": "LLTO@CNT"}
SIGNED = ("top_bottom_index",)  # from -1 to 1, on a diverging scale
DECADES = 10.0  # ratio of largest to smallest from which an axis is logarithmic
COLUMNS, HIGH = 3, 52.0  # of small maps; mm


@style.styled
def sweep_figure(table: Table, measure: str = "top_bottom_index", x: str | None = None, y: str | None = None) -> Figure:
    """A measure of the finished runs over what was swept, mean and standard deviation over all else (seeds).

    Args: x, y: swept keys of the axes; the first two that are numbers when not given. With one of them it is drawn as
        lines, with none as points; names that were swept, such as host, are panels or colours.
    Raises: SweepError for keys that were not swept and measures that no run has.
    """
    numeric, names = table.axes()
    for key in (x, y):
        if key is not None and key not in numeric:
            raise SweepError(f"{key} is not a swept number; there are {', '.join(numeric) or 'none'}")
    axes = [key for key in (x, y) if key is not None]
    axes += [key for key in numeric if key not in axes][: 2 - len(axes)] if y is not None or x is None else []
    names += [key for key in numeric if key not in axes]
    if len(axes) == 2:
        return _maps(table, measure, axes, names)
    return _lines(table, measure, axes[0], names) if axes else _points(table, measure, names)


def label(key: str) -> str:
    """How a measure or a swept key is written on an axis."""
    if key in WORDS:
        return WORDS[key]
    last = key.rpartition(".")[2]
    for suffix, unit in sorted(UNITS.items(), key=lambda each: -len(each[0])):
        if last.endswith(f"_{suffix}"):
            return f"{last.removesuffix(f'_{suffix}').replace('_', ' ').capitalize()} ({unit})"
    return last.replace("_", " ").capitalize()


def _groups(found, count: int) -> list[tuple]:
    """The combinations of names among the first keys, in order of appearance."""
    return list(dict.fromkeys(key[:count] for key in found))


def _name(group: Sequence) -> str:
    return ", ".join(f"{value:g}" if isinstance(value, float) else HOSTS.get(value, str(value)) for value in group)


def _maps(table: Table, measure: str, keys: Sequence[str], names: Sequence[str]) -> Figure:
    found = averaged(table, measure, [*names, *keys])
    groups = _groups(found, len(names))
    xs, ys = (sorted({key[len(names) + i] for key in found}) for i in (0, 1))
    columns = min(COLUMNS, len(groups))
    rows = ceil(len(groups) / columns)
    wide = (style.PAGE - 36 - 6 * (columns - 1)) / columns if columns > 1 else 70.0
    figure = style.new_figure(min(style.PAGE, 36 + columns * wide + 6 * (columns - 1)), rows * (HIGH + 8) + 12)
    values = [each[0] for each in found.values()]
    signed = measure in SIGNED
    limits = (-1.0, 1.0) if signed else (min(values), max(values))
    colours = style.DIVERGING if signed else style.SEQUENTIAL
    for number, group in enumerate(groups):
        row, column = divmod(number, columns)
        axes = style.place(figure, 16 + column * (wide + 6), 8 + row * (HIGH + 8), wide, HIGH)
        grid = np.full((len(ys), len(xs)), np.nan)
        for (i, low), (j, high) in product(enumerate(xs), enumerate(ys)):
            if (*group, low, high) in found:
                grid[j, i] = found[(*group, low, high)][0]
        shown = axes.imshow(grid, origin="lower", aspect="auto", cmap=colours, vmin=limits[0], vmax=limits[1])
        _write_values(axes, grid, limits, signed)
        axes.set_xticks(range(len(xs)), [f"{value:g}" for value in xs])
        axes.set_yticks(range(len(ys)), [f"{value:g}" for value in ys] if column == 0 else [""] * len(ys))
        axes.set_title(_name(group))
        if row == rows - 1 or number + columns >= len(groups):
            axes.set_xlabel(label(keys[0]))
        if column == 0:
            axes.set_ylabel(label(keys[1]))
    right = 16 + columns * wide + 6 * (columns - 1) + 3
    bar = figure.colorbar(shown, cax=style.place(figure, right, 8, 3, HIGH))
    bar.set_label(label(measure))
    bar.outline.set_linewidth(0.6)
    return figure


def _write_values(axes: Axes, grid: np.ndarray, limits, signed: bool) -> None:
    """Each value in its cell, in a colour that is seen there; a cross where no run is finished."""
    middle, half = sum(limits) / 2, max((limits[1] - limits[0]) / 2, 1e-12)
    for (row, column), value in np.ndenumerate(grid):
        if np.isnan(value):
            axes.text(column, row, "×", ha="center", va="center", color=style.FAINT)
            continue
        dark = abs(value - middle) > 0.5 * half if signed else value - middle < 0.2 * half
        text = f"{value:+.2f}".replace("-", "−") if signed else f"{value:.3g}"
        axes.text(column, row, text, ha="center", va="center", fontsize=6.5, color="white" if dark else style.INK)


def _lines(table: Table, measure: str, key: str, names: Sequence[str]) -> Figure:
    found = averaged(table, measure, [*names, key])
    figure = style.new_figure(style.COLUMN + (25 if names else 0), 62)
    axes = style.place(figure, 15, 5, style.COLUMN - 20, 45)
    for colour, group in zip(style.RUNS * 9, _groups(found, len(names)), strict=False):
        xs = sorted(each[-1] for each in found if each[:-1] == group)
        middle, spread = (np.array([found[(*group, x)][i] for x in xs]) for i in (0, 1))
        axes.errorbar(xs, middle, spread, marker="o", markersize=3, capsize=2, color=colour, label=_name(group))
    ends = [each[-1] for each in found]
    if min(ends) > 0 and max(ends) / min(ends) >= DECADES:
        axes.set_xscale("log")
    _finish(axes, measure)
    axes.set_xlabel(label(key))
    if names:
        axes.legend(loc="upper left", bbox_to_anchor=(1.02, 1.0), borderaxespad=0)
    return figure


def _points(table: Table, measure: str, names: Sequence[str]) -> Figure:
    found = averaged(table, measure, names)
    figure = style.new_figure(style.COLUMN, 62)
    longest = max(len(_name(group)) for group in found)
    left = min(45.0, 6 + 1.4 * longest)
    axes = style.place(figure, left, 5, style.COLUMN - left - 4, 45)
    for row, (middle, spread, _) in enumerate(found.values()):
        axes.errorbar(middle, row, xerr=spread, marker="o", markersize=4, capsize=2, color=style.RUNS[0])
        axes.text(middle, row - 0.18, f"{middle:.3g}", ha="center", va="bottom", fontsize=6)
    axes.set_yticks(range(len(found)), [_name(group) or "all" for group in found])
    axes.set(ylim=(len(found) - 0.5, -0.6), xlabel=label(measure))
    if measure in SIGNED:
        axes.set_xlim(-1.05, 1.05)
        axes.axvline(0, color=style.FAINT, linewidth=0.6)
    style.open_frame(axes)
    return figure


def _finish(axes: Axes, measure: str) -> None:
    axes.set_ylabel(label(measure))
    if measure in SIGNED:
        axes.set_ylim(-1.05, 1.05)
        axes.axhline(0, color=style.FAINT, linewidth=0.6)
    style.open_frame(axes)
