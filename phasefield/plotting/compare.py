"""Several runs side by side on the same scales, from their files."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from phasefield.plotting import panels, style
from phasefield.plotting.cycling import compare_cycles
from phasefield.snapshots import Run, load
from phasefield.units import mAh_per_cm2

LEFT, DEPTH, POTENTIAL, GAP = 19.0, 24.0, 34.0, 2.5  # mm
LABELS = 8.0  # mm, for the heights of a depth profile
LARGEST_MEASURES = 1_000_000  # bytes
TALLEST, SHORTEST = 232.0, 24.0  # mm, of all rows together, of one row


class ComparisonError(ValueError):
    """Runs that cannot be put side by side as asked."""


def compare_runs(
    folders: Sequence,
    output_png,
    output_csv=None,
    capacities: Sequence[float] = (1, 2, 4),
    labels: Sequence[str] | None = None,
) -> list[Path]:
    """Write the comparison of runs as PNG and, when asked, their measures as CSV; the paths written.

    Of runs with cycles there is a second figure beside the first, NAME_cycles.png.
    Args:
        folders: of the runs, each with run.vtkhdf and measures.json.
        output_png, output_csv: where to.
        capacities: to show [mAh/cm2].
        labels: of the runs, the names of their folders when not given.
    Raises: ComparisonError for no runs, labels of another number, or measures that cannot be read.
        SnapshotError for files that are no runs.
    """
    folders = [Path(folder) for folder in folders]
    labels = [folder.name for folder in folders] if labels is None else list(labels)
    _check(folders, labels)
    runs = [load(folder) for folder in folders]
    measures = [] if output_csv is None else [_read_measures(folder / "measures.json") for folder in folders]
    written = style.save(compare_figure(runs, labels, capacities), output_png)
    if cycled := compare_cycles(runs, labels):
        output_png = Path(output_png)
        written += style.save(cycled, output_png.with_name(f"{output_png.stem}_cycles.png"))
    if output_csv is not None:
        output_csv = Path(output_csv)
        output_csv.parent.mkdir(parents=True, exist_ok=True)
        output_csv.write_text(measures_table(measures, labels), newline="")
        written.append(output_csv)
    return written


def _read_measures(path: Path) -> dict:
    try:
        if path.stat().st_size > LARGEST_MEASURES:
            raise ValueError(f"it is larger than {LARGEST_MEASURES} bytes")
        measures = json.loads(path.read_text())
    except (OSError, ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else error
        raise ComparisonError(f"{path} cannot be read ({reason}); finish the run, or leave the table out") from None
    if not isinstance(measures, dict):
        raise ComparisonError(f"{path} holds no measures by name; finish the run, or leave the table out")
    return measures


def _check(runs: Sequence, labels: Sequence[str]) -> None:
    if not runs or len(labels) != len(runs):
        raise ComparisonError(
            f"there are {len(runs)} runs and {len(labels)} labels; give one label to each of the runs"
        )


def measures_table(measures: Sequence[Mapping], labels: Sequence[str]) -> str:
    """CSV text with a header and one row a run; a list becomes numbered columns, what a run lacks stays empty.

    Args: measures: of each run, name -> number, text or list of numbers. labels: of the runs.
    """
    _check(measures, labels)
    rows = []
    for label, one in zip(labels, measures, strict=True):
        row = {"run": label}
        for name, value in one.items():
            values = {f"{name}_{i}": v for i, v in enumerate(value)} if isinstance(value, list) else {name: value}
            row.update({key: "" if v is None else v for key, v in values.items()})
        rows.append(row)
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


@style.styled
def compare_figure(runs: Sequence[Run], labels: Sequence[str], capacities: Sequence[float] = (1, 2, 4)) -> Figure:
    """Runs in rows; in columns sections at capacities [mAh/cm2], depth profiles and potential, on shared scales.

    A section that its run did not reach is left empty and says so. Raises: ComparisonError for unequal numbers.
    """
    _check(runs, labels)
    runs, count = list(runs), len(capacities)
    boxes = np.array([panels.extent(run) for run in runs])
    left, right, lower, upper = 0.0, boxes[:, 1].max(), boxes[:, 2].min(), boxes[:, 3].max()
    shape = (upper - lower) / (right - left)
    fixed = LEFT + DEPTH + POTENTIAL + 22 + count * GAP
    wide = min((style.PAGE - fixed) / count, ((TALLEST - 24) / len(runs) - 4) / shape)
    level = wide * shape >= SHORTEST  # else the depth profiles are taller than the sections, with labels of their own
    if not level:
        wide -= LABELS / count
    high = wide * shape
    row_height = max(high, SHORTEST)
    slack = style.PAGE - fixed - count * wide - (0 if level else LABELS)
    depth, potential = DEPTH + 0.4 * slack, POTENTIAL + 0.6 * slack
    figure = style.new_figure(style.PAGE, 13 + len(runs) * (row_height + 4) + 8)
    panels.draw_key(figure, runs, 3.5)
    colours = style.capacity_colours(count)
    limits = panels.potential_limits(runs, first=True)
    furthest = max([run.history["charge"].max() for run in runs if len(run.history.get("charge", ()))], default=1.0)

    for row, (run, label) in enumerate(zip(runs, labels, strict=True)):
        top, last = 13 + row * (row_height + 4), row == len(runs) - 1
        shown, first = {}, None
        for column, capacity in enumerate(capacities):
            axes = style.place(figure, LEFT + column * (wide + GAP), top, wide, high, facecolor="0.94")
            first = first or axes
            index = _draw_reached(axes, run, capacity)
            if index is not None:  # under the title, the colour of this capacity in the depth profile
                shown[index] = colours[column]
                axes.plot([0, 1], [1, 1], transform=axes.transAxes, color=colours[column], linewidth=2.5, clip_on=False)
            axes.set(xlim=(left, right), ylim=(lower, upper), xticks=[])
            if column:
                axes.set_yticklabels([])
            if row == 0:
                axes.set_title(f"{capacity:g} mAh/cm²")
            if row == column == 0:
                panels.draw_scale_bar(axes, run)
        first.set_ylabel("Height (µm)")
        _name_row(figure, label, top + row_height / 2)

        start = LEFT + count * (wide + GAP) + (2 if level else LABELS)
        profile = style.place(figure, start, top, depth, row_height)
        panels.draw_depth(profile, run, shown, legend=row == 0 and row_height > 45)
        profile.set_ylim(lower, upper)
        if level:
            profile.set_yticks(first.get_yticks(), [""] * len(first.get_yticks()))
            profile.set_ylim(lower, upper)
        curve = style.place(figure, style.PAGE - potential - 3, top, potential, row_height)
        panels.draw_potential(curve, run)
        curve.set(xlim=(-0.02 * furthest / mAh_per_cm2, furthest / mAh_per_cm2), ylim=limits)
        curve.set_ylabel(style.POTENTIAL if row_height > 34 else "Potential (mV)")
        if not last:
            for axes in (profile, curve):
                axes.set_xlabel("")
                axes.tick_params(labelbottom=False)
    return figure


def _draw_reached(axes: Axes, run: Run, capacity: float) -> int | None:
    """Draw the section at a capacity [mAh/cm2] if the run reached it; the index of its snapshot, or None."""
    index = run.nearest(capacity=capacity)
    nearest = run.capacities[index] / mAh_per_cm2
    if abs(nearest - capacity) <= panels.REACHED * capacity:
        panels.draw_section(axes, run, index)
        return index
    text = f"not reached;\nnearest is\n{nearest:.2f}"
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", fontsize=6, color=style.FAINT)
    return None


def _name_row(figure: Figure, label: str, middle: float) -> None:
    """The label of a run at the left edge, its middle at a height in mm below the upper edge."""
    height = figure.get_figheight() * style.INCH
    place = {"rotation": 90, "ha": "center", "va": "center", "fontsize": 8, "fontweight": "bold"}
    figure.text(3 / style.PAGE, 1 - middle / height, style.literal(label), **place)
