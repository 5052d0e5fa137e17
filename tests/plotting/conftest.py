"""Invented runs to draw figures from, and a check of the figures."""

from itertools import combinations

import matplotlib
import numpy as np
import pytest
from invented import write_run
from matplotlib.axes import Axes
from matplotlib.text import Text

from phasefield.plotting import style


@pytest.fixture(scope="session")
def run_files(tmp_path_factory):
    """Paths of small runs by name: two in 3D, one in 2D."""
    folder = tmp_path_factory.mktemp("runs")
    kinds = {
        "bottom": {"shape": (60, 12, 12), "filling": "bottom", "count": 5},
        "even": {"shape": (60, 12, 12), "filling": "even", "spike": 0.0, "count": 5},
        "flat": {"shape": (60, 40), "filling": "top", "count": 5},
    }
    paths = {}
    for name, options in kinds.items():
        (folder / name).mkdir()
        paths[name] = write_run(folder / name, **options)
    return paths


def find_overlaps(figure):
    """Pairs of texts whose boxes overlap, and texts that leave the figure."""
    with matplotlib.rc_context(style._RC):
        figure.draw_without_rendering()
    unseen = set(undrawn(figure))
    boxes = []
    for text in figure.findobj(Text):
        if text.get_visible() and text.get_text().strip() and text not in unseen:
            boxes.append((text.get_text(), text.get_window_extent()))
    page = figure.bbox
    outside = [t for t, b in boxes if b.x0 < -1 or b.y0 < -1 or b.x1 > page.width + 1 or b.y1 > page.height + 1]
    clashes = [
        (one, two)
        for (one, a), (two, b) in combinations(boxes, 2)
        if min(a.x1, b.x1) - max(a.x0, b.x0) > 1 and min(a.y1, b.y1) - max(a.y0, b.y0) > 1
    ]
    return clashes + outside


def undrawn(figure):
    """Labels of ticks beyond the limits: they exist but are not drawn."""
    for axes in figure.findobj(Axes):
        for axis in (axes.xaxis, axes.yaxis):
            scaled = axis.get_transform().transform
            low, high = sorted(scaled(np.array(axis.get_view_interval())))
            margin = 1e-6 * (high - low)
            for tick in [*axis.majorTicks, *axis.minorTicks]:
                if not low - margin <= scaled(tick.get_loc()) <= high + margin:
                    yield from (tick.label1, tick.label2)


@pytest.fixture
def overlapping_texts():
    """The function that finds overlapping texts of a figure."""
    return find_overlaps
