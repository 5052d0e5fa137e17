"""Run files with analytic content to draw figures from, and a check of the figures."""

from itertools import combinations

import matplotlib
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.text import Text

from phasefield import snapshots
from phasefield.plotting import style
from phasefield.units import FARADAY, mA_per_cm2, mAh_per_cm2, um

MOLAR_VOLUME = 13.0e-6  # m3/mol
BOTTOM, THICK = 4, 45  # cells: collector, host


def particles(shape, rng):
    """Distance to the nearest surface of random spheres [cells], negative inside; periodic sideways."""
    z, *sideways = np.meshgrid(*(np.arange(n) + 0.5 for n in shape), indexing="ij")
    distance = np.full(shape, 99.0)
    area = np.prod(shape[1:])
    for _ in range(int(0.75 * area * THICK / (45 if len(shape) == 2 else 160))):
        radius = rng.uniform(2.2, 4.5)
        square = (z - rng.uniform(BOTTOM + 2.5, BOTTOM + THICK - 2.5)) ** 2
        for x, n in zip(sideways, shape[1:], strict=True):
            gap = np.abs(x - rng.uniform(0, n))
            square = square + np.minimum(gap, n - gap) ** 2
        distance = np.minimum(distance, np.sqrt(square) - radius)
    return distance


def step(x):
    return 0.5 * (1 + np.tanh(x))


def potential_curve(time, spike, plateau):
    """A fake one [V]: the double layer charges, nuclei appear at 20 ms, their area grows."""
    charging = 1 - np.exp(-time / 4e-3)
    relaxed = step(4 * np.log10(np.maximum(time, 1e-9) / 0.04))
    return -(spike * charging * (1 - relaxed) + plateau * relaxed) - 2e-3 * time / 28_800


def write_run(folder, shape=(80, 32, 32), filling="bottom", spike=0.1, plateau=0.02, top=4.0, count=9, spacing=um):
    """A whole run with `count` snapshots up to `top` mAh/cm2; lithium comes from the bottom, the top, or evenly."""
    rng = np.random.default_rng(0)
    z = np.arange(shape[0]).reshape(-1, *[1] * (len(shape) - 1)) + 0.5 + np.zeros(shape)
    distance = particles(shape, rng)
    collector = step(BOTTOM - z)
    solid = np.minimum(step(-distance), 1 - collector)
    cnt = np.minimum(np.exp(-((distance / 0.8) ** 2)) * 0.6, solid)
    pore = 1 - solid - collector
    path = folder / "run.vtkhdf"
    names = ("phase", "concentration", "electronic_potential", "ionic_potential", "reaction")
    metadata = {"config": "", "seed": 0, "host_bottom": BOTTOM * spacing, "host_top": (BOTTOM + THICK) * spacing}
    static = {"pore_fraction": pore, "fraction_collector": collector, "fraction_llto": solid - cnt, "fraction_cnt": cnt}
    snapshots.create(path, shape, spacing, static, dict.fromkeys(names, "f4"), metadata)
    front = {"bottom": z - BOTTOM, "top": np.abs(z - BOTTOM - THICK), "even": 0.4 * z + 9 * distance}[filling]
    for capacity in np.linspace(0, top, count) * mAh_per_cm2:
        thickness, low, high = MOLAR_VOLUME * capacity / FARADAY, -50.0, 900.0
        for _ in range(40):
            middle = 0.5 * (low + high)
            phase = step((middle - front) / 1.5)
            low, high = (middle, high) if (pore * phase).mean() * shape[0] * spacing < thickness else (low, middle)
        fields = {
            "phase": phase,
            "concentration": 1000 + 3 * (z - shape[0]),
            "ionic_potential": 2e-4 * z + 0.005,
            "electronic_potential": -1e-3 * (1 - solid) * z / shape[0],
            "reaction": 4e5 * pore * phase * (1 - phase) * z / shape[0],
        }
        snapshots.append(path, capacity / (0.5 * mA_per_cm2), capacity, fields)
    time = np.concatenate([np.geomspace(1e-4, 100, 120), np.linspace(160, top * 7200, 300)])
    history = {
        "time": time,
        "time_step": np.gradient(time),
        "charge": time * 0.5 * mA_per_cm2,
        "current_density": np.full_like(time, 0.5 * mA_per_cm2),
        "potential": potential_curve(time, spike, plateau),
        "newton_iterations": rng.integers(2, 5, len(time)),
    }
    snapshots.append_history(path, history)
    return path


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
