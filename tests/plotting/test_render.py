"""Pictures of 3D runs cut open: what is solid is seen, what was cut away is not, and PyVista may be missing or fail."""

import subprocess

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.image import imread

from phasefield import snapshots
from phasefield.plotting import plot_run, render, scene, style


def share(picture, colour, near=0.25):
    """Part of a picture whose colour is near to one, brighter or darker by the light."""
    colour = np.array(to_rgb(colour))
    bright = picture[..., :3].max(axis=-1, keepdims=True)
    alike = np.abs(picture[..., :3] / np.maximum(bright, 1e-3) - colour / colour.max()).max(axis=-1) < near
    return float((alike & (bright[..., 0] > 0.2)).mean())


def test_a_2d_run_has_no_render(run_files, tmp_path):
    assert render.render_run(run_files["flat"], tmp_path / "render.png") is None
    assert not list(tmp_path.iterdir())


def test_pyvista_shows_lithium_collector_and_cut(run_files):
    pytest.importorskip("pyvista")
    run = snapshots.load(run_files["bottom"])
    empty, full = render.scene_picture(run, 0), render.scene_picture(run, 4)
    assert full is not None and min(full.shape[:2]) > 300
    assert share(empty, style.LITHIUM) < 0.01 < 0.1 < share(full, style.LITHIUM)
    assert share(full, style.COLLECTOR, 0.15) > 0.005
    rows = np.flatnonzero((np.abs(full - np.array(to_rgb(style.LITHIUM))).max(axis=-1) < 0.1).any(axis=1))
    assert rows.mean() > 0.4 * len(full)  # it came from the bottom


def test_the_block_shows_what_fills_its_cells(run_files, overlapping_texts):
    run = snapshots.load(run_files["bottom"])
    colours = render.mixed(run, 4)
    assert colours.shape == (*run.shape, 3)
    np.testing.assert_allclose(colours[0], np.broadcast_to(to_rgb(style.COLLECTOR), colours[0].shape), atol=0.02)
    np.testing.assert_allclose(colours[-1], 1, atol=0.02)
    corners, faces = render._faces(colours)
    nz, ny, nx = run.shape
    assert len(corners) == len(faces) == nz * (nx + ny) + 3 * nx * ny // 4
    inside = (corners[..., 0] > nx // 2) & (corners[..., 1] < ny // 2)
    assert not inside.any()  # the front quarter is gone
    assert overlapping_texts(render.block_figure(run, 4)) == []


@pytest.mark.parametrize("trouble", ["missing", "crashes"])
def test_without_pyvista_matplotlib_draws(run_files, tmp_path, monkeypatch, trouble):
    def crash(command, **options):
        raise subprocess.CalledProcessError(-6, command)

    monkeypatch.setattr(render, "find_spec", lambda name: None if trouble == "missing" else name)
    monkeypatch.setattr(subprocess, "run", crash)
    path = render.render_run(run_files["even"], tmp_path / "new/render.png")
    assert path == tmp_path / "new/render.png"
    assert share(imread(path), style.LITHIUM) > 0.01


def test_the_surface_encloses_as_much_as_there_is():
    values = np.zeros((10, 10, 10))
    values[:3] = 0.4
    values[3:6] = 0.1
    level = scene.enclosing_level(values)
    assert (values > level).sum() <= values.sum() <= (values >= level).sum()
    assert scene.enclosing_level(np.zeros(8)) == scene.THINNEST
    assert scene.enclosing_level(np.ones(8)) == scene.SOLID


def test_the_figures_of_a_3d_run_include_the_render(run_files, tmp_path, monkeypatch):
    monkeypatch.setattr(render, "find_spec", lambda name: None)
    assert tmp_path / "render.png" in plot_run(run_files["bottom"], tmp_path, capacities=[2])
    assert (tmp_path / "render.png").stat().st_size > 20_000
