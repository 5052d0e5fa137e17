"""The figures of one run, from its file."""

from collections.abc import Sequence
from math import ceil
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator, NullFormatter

from phasefield.cycles import of_run
from phasefield.plotting import cycling, panels, style
from phasefield.plotting.full_cell import cell_voltages, is_full_cell
from phasefield.plotting.nyquist import TABLE, nyquist_figure, read_spectra, thickness_beside
from phasefield.plotting.render import render_run
from phasefield.plotting.voltammogram import is_swept, voltammogram
from phasefield.snapshots import Run, SnapshotError, load
from phasefield.units import hour, mAh_per_cm2, mol_per_L, mV, um

TALLEST = 78.0  # mm, of the sections together
TRACE = 0.25  # volume fraction of electrolyte, or of conductors, below which maps of them are left blank
MILLIAMPERE_PER_CM3 = 1e3  # A/m3


def plot_run(
    path,
    output_folder,
    capacities: Sequence[float] | None = None,
    pdf: bool = False,
    chosen: Sequence[int] | None = None,
) -> list[Path]:
    """Write summary, sections, depth, potential and maps as PNG (and PDF), a 3D run's render as PNG; the paths written.

    A run with cycles has efficiency, profiles and stripped as well, one with a swept potential its voltammogram.
    A full cell has its voltage, and a folder with what `phasefield impedance` left in it the Nyquist plot.

    Args:
        path: of a run file or its folder.
        output_folder: made where it is missing.
        capacities: to show [mAh/cm2]; four up to the last when not given. The maps show the last of them.
        chosen: numbers of the cycles to show; up to six between the first and the last when not given.
    Raises: SnapshotError for a file that is missing, damaged, no run, or without snapshots, and for a cycle that is not
        there.
    """
    run, folder = load(path), Path(output_folder)
    figures = {
        "summary": run_figure(run, capacities),
        "sections": cross_sections(run, capacities),
        "depth": depth_profile(run, capacities),
        "potential": potential_figure(run),
    }
    if is_swept(run.history):
        figures["voltammogram"] = voltammogram([run])
    if is_full_cell(run.history):
        figures["cell_voltage"] = cell_voltages(run)
    if (table := run.path.with_name(TABLE)).is_file():
        figures["nyquist"] = nyquist_figure(read_spectra(table), thickness_beside(table))
    if found := [cycle for cycle in of_run(run) if cycle.complete]:
        shown = cycling.chosen(found, chosen)
        figures["efficiency"] = cycling.efficiency_figure(found)
        figures["profiles"] = cycling.profile_figure(run, shown)
        if stripped := cycling.stripped_figure(run, shown):
            figures["stripped"] = stripped
    elif chosen is not None:
        raise SnapshotError(f"{run.path} has no complete cycle to show; leave the cycles out")
    if any(name in run.field_names for name, *_ in MAPS):
        figures["maps"] = maps(run, None if capacities is None else capacities[-1])
    paths = [path for name, figure in figures.items() for path in style.save(figure, folder / f"{name}.png", pdf)]
    rendered = render_run(run.path, folder / "render.png", None if capacities is None else run.nearest(capacities[-1]))
    return [*paths, rendered] if rendered else paths


def _draw_sections(figure: Figure, run: Run, indices: list[int], left: float, top: float, sizes, colours=None) -> list:
    """The sections in rows and columns; their axes."""
    columns, wide, high = sizes
    drawn = []
    for i, index in enumerate(indices):
        row, column = divmod(i, columns)
        axes = style.place(figure, left + column * (wide + 3), top + row * (high + 6), wide, high)
        panels.draw_section(axes, run, index)
        axes.set_title(panels.capacity_label(run, index), fontsize=7)
        if colours is not None:  # the colour of this capacity in the depth profile
            axes.plot([0, 1], [1, 1], transform=axes.transAxes, color=colours[index], linewidth=2.5, clip_on=False)
        if column:
            axes.set_yticklabels([])
        else:
            axes.set_ylabel(style.HEIGHT if high > 35 else "Height (µm)")
        drawn.append(axes)
    panels.draw_scale_bar(drawn[0], run)
    return drawn


@style.styled
def cross_sections(run: Run, capacities: Sequence[float] | None = None) -> Figure:
    """Vertical sections through the middle of host and lithium, at capacities [mAh/cm2]."""
    indices = panels.choose(run, capacities)
    sizes = columns, _, high = panels.section_grid(run, len(indices), style.PAGE - 18, 120.0)
    rows = ceil(len(indices) / columns)
    figure = style.new_figure(style.PAGE, 15 + rows * (high + 6))
    left = max(14.0, (style.PAGE - columns * (sizes[1] + 3)) / 2)
    _draw_sections(figure, run, indices, left, 13, sizes)
    panels.draw_key(figure, run, 3.5)
    return figure


@style.styled
def depth_profile(run: Run, capacities: Sequence[float] | None = None) -> Figure:
    """Lithium fraction of the pores against height: lines at capacities [mAh/cm2], and a map over all snapshots."""
    figure = style.new_figure(style.PAGE, 73)
    lines = style.place(figure, 14, 5, 58, 58, "a")
    indices = panels.choose(run, capacities)
    panels.draw_depth(lines, run, dict(zip(indices, style.capacity_colours(len(indices)), strict=True)))
    lines.set_ylabel(style.HEIGHT)
    over = style.place(figure, 88, 5, 68, 58, "b", sharey=lines)
    filling = panels.pore_filling(run, range(len(run.times))).T
    rising = bool(np.all(np.diff(run.capacities) > 0))
    x = run.capacities / mAh_per_cm2 if rising else run.times / hour
    shading = {"shading": "nearest", "vmin": 0, "vmax": 1, "cmap": style.SEQUENTIAL, "rasterized": True}
    mesh = over.pcolormesh(x, panels.heights(run), filling, **shading)
    panels.mark_host(over, run, "white")
    over.set(xlabel=style.CAPACITY if rising else "Time (h)", ylim=panels.extent(run)[2:], facecolor="0.9")
    if len(x) > 1:
        over.set_xlim(x[0], x[-1])
    over.tick_params(labelleft=False)
    figure.colorbar(mesh, cax=style.place(figure, 160, 5, 3, 58), label=style.FILLING)
    return figure


def _draw_potentials(figure: Figure, run: Run, left: float, top: float, widths, height: float, letters) -> None:
    """The first seconds on a logarithmic axis, where nucleation shows, and the whole run beside it."""
    early = style.place(figure, left, top, widths[0], height, letters[0])
    whole = style.place(figure, left + widths[0] + 6, top, widths[1], height, sharey=early)
    place = left + widths[0] + 6
    style.place_letter(figure, place - 4, top - 1.5, letters[1])
    panels.draw_start(early, run)
    panels.draw_potential(whole, run, mark=False)
    panels.draw_insertion(whole, run)
    whole.tick_params(labelleft=False)
    early.set_ylabel(style.POTENTIAL)
    if limits := panels.potential_limits([run], first=True):
        early.set_ylim(limits)


@style.styled
def potential_figure(run: Run) -> Figure:
    """Potential against time at the start, with the nucleation spike marked, and against capacity."""
    figure = style.new_figure(140, 62)
    _draw_potentials(figure, run, 14, 6, (42, 74), 46, "ab")
    return figure


@style.styled
def run_figure(run: Run, capacities: Sequence[float] | None = None) -> Figure:
    """The summary: sections at capacities [mAh/cm2], depth profiles, potential, and how the solver went."""
    indices = panels.choose(run, capacities)
    depth = 34.0
    sizes = columns, wide, high = panels.section_grid(run, len(indices), style.PAGE - 14 - depth - 8, TALLEST)
    rows = ceil(len(indices) / columns)
    if rows > 1:  # then the depth profile needs its own axis labels
        sizes = columns, wide, high = panels.section_grid(run, len(indices), style.PAGE - 14 - depth - 16, TALLEST)
        rows = ceil(len(indices) / columns)
    tall, top = rows * high + (rows - 1) * 6, 14.0
    below = top + tall + 16
    figure = style.new_figure(style.PAGE, below + 36 + 11)
    colours = dict(zip(indices, style.capacity_colours(len(indices)), strict=True))
    drawn = _draw_sections(figure, run, indices, 14, top, sizes, colours)
    style.place_letter(figure, 4, top - 1.5, "a")
    panels.draw_key(figure, run, 3.5)

    left = 14 + columns * (wide + 3) + (2 if rows == 1 else 12)
    profile = style.place(figure, left, top, min(style.PAGE - left - 4, 60), tall)
    style.place_letter(figure, left - (4 if rows == 1 else 10), top - 1.5, "b")
    panels.draw_depth(profile, run, colours)
    if rows == 1:
        profile.set_yticks(drawn[0].get_yticks())
        profile.set_ylim(drawn[0].get_ylim())
        profile.set_yticklabels([])
    else:
        profile.set_ylabel(style.HEIGHT)

    _draw_potentials(figure, run, 14, below, (32, 62), 36, "cd")
    _draw_solver(figure, run, 132, below, 44, 36)
    return figure


def _draw_solver(figure: Figure, run: Run, left: float, top: float, width: float, height: float) -> None:
    """Size and Newton iterations of each step."""
    history, half = run.history, (height - 3) / 2
    rows = [("time_step", "Time\nstep (s)"), ("newton_iterations", "Newton\niterations")]
    drawn = []
    for i, (name, label) in enumerate(rows):
        axes = style.place(figure, left, top + i * (half + 3), width, half, "" if i else "e")
        if len(history.get(name, ())):
            axes.plot(history[name], color=style.FAINT, linewidth=0.8)
        axes.set_ylabel(label)
        style.open_frame(axes)
        drawn.append(axes)
    step, newton = drawn
    step.tick_params(labelbottom=False)
    if len(set(history.get("time_step", ()))) > 1:
        step.set_yscale("log")
        step.yaxis.set_minor_formatter(NullFormatter())
    newton.set(xlabel="Step", ylim=(0, None))
    newton.yaxis.set_major_locator(MaxNLocator(3, integer=True))
    newton.sharex(step)
    figure.align_ylabels(drawn)


MAPS = (  # field, title with unit, factor to the unit, which cells mean something
    ("concentration", "Salt concentration (mol/L)", 1 / mol_per_L, "electrolyte"),
    ("ionic_potential", "Ionic potential (mV)", 1 / mV, "all"),
    ("electronic_potential", "Electronic potential (mV)", 1 / mV, "conductor"),
    ("reaction", "Plating current (mA/cm³)", 1 / MILLIAMPERE_PER_CM3, "all"),
)


@style.styled
def maps(run: Run, capacity: float | None = None) -> Figure:
    """Sections of concentration, potentials and plating current at a capacity [mAh/cm2], the last when not given."""
    index = panels.choose(run, None if capacity is None else [capacity])[-1]
    shown = [entry for entry in MAPS if entry[0] in run.field_names]
    if not shown:
        raise SnapshotError(f"{run.path} keeps none of {[name for name, *_ in MAPS]}; add them to the snapshot fields")
    columns, wide, high = panels.section_grid(run, len(shown), style.PAGE - 18, 95.0)
    rows, pitch = ceil(len(shown) / columns), max(wide + 3, 37.0)  # room for the labels of the colour bars
    figure = style.new_figure(style.PAGE, 9 + rows * (high + 17))
    pore, phase = run.section("pore_fraction", 0), run.section("phase", index)
    room = {
        "electrolyte": pore * (1 - phase) > TRACE,
        "conductor": 1 - pore * (1 - phase) > TRACE,
        "all": np.ones_like(pore, bool),
    }
    for i, (name, title, factor, where) in enumerate(shown):
        row, column = divmod(i, columns)
        left, top = 14 + column * pitch, 8 + row * (high + 17)
        axes = style.place(figure, left, top, wide, high, facecolor="0.88")
        values = np.where(room[where], run.section(name, index) * factor, np.nan)
        colouring, extend = _colouring(values, signed=name == "reaction")
        image = axes.imshow(values, origin="lower", extent=panels.extent(run), **colouring)
        panels.outline(axes, run, index, lithium=name != "reaction")  # plating shows lithium itself
        axes.axhline((run.host_top - run.host_bottom) / um, color="white", linewidth=0.8, linestyle=panels.DASHES)
        axes.set_xticks([])
        if column:
            axes.set_yticklabels([])
        else:
            axes.set_ylabel(style.HEIGHT if high > 35 else "Height (µm)")
        bar = style.place(figure, left + 0.06 * wide, top + high + 2.5, 0.88 * wide, 2.5)
        ticks = MaxNLocator(3)
        figure.colorbar(image, cax=bar, orientation="horizontal", label=title, extend=extend, ticks=ticks)
    handles = [Line2D([], [], color=colour, label=label) for colour, label in panels.OUTLINES]
    panels.draw_legend(figure, [Patch(visible=False, label=panels.capacity_label(run, index)), *handles], 4)
    return figure


def _colouring(values: np.ndarray, signed: bool) -> tuple[dict, str]:
    """Colour map with limits for a map, and which ends of its colour bar go on; outliers do not set the scale."""
    seen = values[np.isfinite(values)]
    if not seen.size:
        return {"cmap": style.SEQUENTIAL, "vmin": 0, "vmax": 1}, "neither"
    low, high = np.percentile(seen, (0.5, 99.5)) if signed else (seen.min(), seen.max())
    if signed and low < -0.02 * abs(high):
        high = max(abs(low), abs(high))
        return {"cmap": style.DIVERGING, "vmin": -high, "vmax": high}, "both"
    if high - low <= 1e-9 * max(abs(high), 1e-9):  # a constant still needs a scale
        low, high = low - 0.5, high + 0.5
    return {"cmap": style.SEQUENTIAL, "vmin": low, "vmax": high}, "max" if signed else "neither"
