"""Figures of a run: made in 2D and 3D, labelled with units, without overlapping text."""

import re
import runpy
import shutil
from functools import cache
from pathlib import Path

import matplotlib
import numpy as np
import pytest

from phasefield import snapshots
from phasefield.plotting import panels, run, style
from phasefield.units import mAh_per_cm2, um


@cache
def figures(path):
    loaded = snapshots.load(path)
    draw = (run.run_figure, run.cross_sections, run.depth_profile, run.potential_figure, run.maps)
    return [one(loaded) for one in draw]


@pytest.mark.parametrize("kind", ["bottom", "flat"])
def test_no_text_overlaps(run_files, overlapping_texts, kind):
    for figure in figures(run_files[kind]):
        assert overlapping_texts(figure) == []


@pytest.mark.parametrize("kind", ["bottom", "flat"])
def test_every_label_has_its_unit(run_files, kind):
    plain = {"", style.FILLING, "Step", "Newton\niterations"}  # pure numbers
    for figure in figures(run_files[kind]):
        labels = {label for axes in figure.axes for label in (axes.get_xlabel(), axes.get_ylabel())} - plain
        assert labels and all(re.search(r"\((s|h|µm|V|mV|mA/cm³|mol/L|mAh/cm²)\)$", label) for label in labels), labels


def test_the_script_writes_every_figure(run_files, tmp_path, monkeypatch):
    shutil.copy(run_files["flat"], tmp_path)
    monkeypatch.setattr("sys.argv", ["plot.py", str(tmp_path), "1", "4"])
    runpy.run_path(str(Path(__file__).parents[2] / "scripts" / "plot.py"))
    paths = list((tmp_path / "figures").iterdir())
    assert {path.name for path in paths} == {f"{n}.png" for n in ("summary", "sections", "depth", "potential", "maps")}
    assert all(path.stat().st_size > 2000 for path in paths)


def test_a_pdf_is_written_when_asked(run_files, tmp_path):
    figure = run.potential_figure(snapshots.load(run_files["flat"]))
    assert style.save(figure, tmp_path / "potential.png", pdf=True)[1].read_bytes()[:4] == b"%PDF"


def test_the_style_leaves_the_users_settings_alone(run_files):
    before = dict(matplotlib.rcParams)
    run.potential_figure(snapshots.load(run_files["flat"]))
    assert dict(matplotlib.rcParams) == before


def test_the_spike_is_found_and_its_absence_too(run_files):
    history = snapshots.load(run_files["bottom"]).history
    spike = panels.nucleation_spike(snapshots.load(run_files["bottom"]).history)
    assert spike.potential == history["potential"].min() and 1e-3 < spike.time < 0.1
    assert panels.nucleation_spike(snapshots.load(run_files["even"]).history) is None


def test_filling_by_depth_holds_all_lithium(run_files):
    loaded = snapshots.load(run_files["bottom"])
    pore, phase = loaded.static["pore_fraction"], loaded.field("phase", -1)
    filling, volume = panels.pore_filling(loaded, [-1])[0], pore.mean(axis=(1, 2))
    some = np.isfinite(filling)
    assert (filling[some] * volume[some]).sum() == pytest.approx((pore * phase).mean(axis=(1, 2)).sum(), rel=1e-2)


def test_the_picture_mixes_colours_by_volume(run_files):
    loaded = snapshots.load(run_files["bottom"])
    pixels = panels.picture(loaded, -1)
    assert pixels.shape == (60, 12, 3) and pixels.min() >= 0 and pixels.max() <= 1
    np.testing.assert_allclose(pixels[0, 0], style.to_rgb(style.COLLECTOR), atol=0.02)
    np.testing.assert_allclose(panels.picture(loaded, 0)[-1], 1, atol=0.02)  # no lithium yet: electrolyte


def write_odd_run(folder, capacities, potential=()):
    """A tiny run of other kinds: one snapshot, no history, stripping, insertion."""
    path = folder / "run.vtkhdf"
    shape = (20, 10)
    pore = np.ones(shape)
    snapshots.create(path, shape, um, {"pore_fraction": pore}, {"phase": "f4", "concentration": "f4"}, {})
    for i, capacity in enumerate(capacities):
        fields = {"phase": np.full(shape, 0.1 * capacity), "concentration": np.full(shape, 1000.0)}
        snapshots.append(path, 3600.0 * i, capacity * mAh_per_cm2, fields)
    if len(potential):
        rows = np.arange(len(potential))
        columns = {"time": 10.0 + rows, "charge": 50 * rows, "potential": potential, "time_step": 1.0 + rows}
        snapshots.append_history(path, columns)
    return path


@pytest.mark.parametrize(
    ("capacities", "potential"),
    [((0,), ()), ((1,), [-0.1]), ((0, 1, 0.5, 0), [-0.02, -0.02, 0.02, 0.02]), ((0, 1), np.linspace(1.6, -0.03, 50))],
)
def test_short_stripping_and_inserting_runs_are_drawn(tmp_path, overlapping_texts, capacities, potential):
    path = write_odd_run(tmp_path, capacities, potential)
    for draw in (run.run_figure, run.depth_profile, run.maps):
        assert overlapping_texts(draw(snapshots.load(path))) == []
    if len(potential) == 50:  # insertion at 1.6 V would dwarf the plating
        assert panels.potential_limits([snapshots.load(path)])[1] < 150


def test_a_run_without_snapshots_is_refused(tmp_path):
    with pytest.raises(snapshots.SnapshotError, match="no snapshots"):
        run.run_figure(snapshots.load(write_odd_run(tmp_path, ())))
