"""The bodies of a 3D run, drawn by PyVista off-screen: python -m phasefield.plotting.scene RUN PNG INDEX"""

import sys

import numpy as np
from scipy.ndimage import zoom

from phasefield.plotting import panels, style
from phasefield.snapshots import Run, load
from phasefield.units import um

PIXELS = (1500, 1800)
SOLID = 0.5  # of host in a cell at its surface
THINNEST = 0.05  # of lithium in a cell at its surface
FINER = 6  # pixels along the edge of a cell on the cut
CLOSE = 1e-3  # cells


def draw(run: Run, index: int, output) -> None:
    """Write the scene as PNG: host translucent, lithium as a body, the front quarter of the box cut away.

    On the cut every cell shows what it holds. The surface of the lithium encloses as much volume as there is lithium:
    films thinner than a cell are a fraction of it, and at one half they would not be seen.
    """
    import pyvista

    pore = run.static["pore_fraction"]
    lithium = pore * np.clip(run.field("phase", index), 0, 1)
    collector = run.static.get("fraction_collector", np.zeros(run.shape))
    nz, ny, nx = run.shape
    edge, floor = run.spacing / um, -run.host_bottom / um
    wide, deep, top = nx * edge, ny * edge, nz * edge + floor

    plotter = pyvista.Plotter(off_screen=True, window_size=PIXELS, lighting="light kit")
    plotter.set_background("white")
    cut = {"bounds": (nx // 2 * edge, 2 * wide, -deep, ny // 2 * edge, 2 * floor - 1, 2 * top), "invert": True}
    names = panels.solids(run)[1:]
    colours = style.phase_colours(panels.solids(run))
    most = max(names, key=lambda name: run.static[panels.SOLID + name].sum(), default=None)
    for values, level, look in (
        (np.clip(1 - pore - collector, 0, 1), SOLID, {"color": colours.get(most), "opacity": 0.3, "specular": 0.1}),
        (lithium, enclosing_level(lithium), {"color": style.LITHIUM, "specular": 0.35, "specular_power": 20}),
    ):
        body = _body(pyvista, values, level, edge, floor)
        if body.n_points and (body := body.smooth_taubin(n_iter=10).clip_box(**cut)).n_points:
            plotter.add_mesh(body, smooth_shading=True, ambient=0.1, **look)
    if floor < 0:
        slab = pyvista.Box((0, wide, 0, deep, floor, 0)).triangulate()
        plotter.add_mesh(slab.clip_box(**cut), color=style.COLLECTOR)
    for section in _cuts(pyvista, run, lithium, colours):
        if section.n_cells:
            plotter.add_mesh(section, scalars="colour", rgb=True, lighting=False)

    middle = (wide / 2, deep / 2, (top + floor) / 2)
    plotter.camera_position = [(middle[0] + 110, middle[1] - 130, middle[2] + 75), middle, (0, 0, 1)]
    plotter.enable_parallel_projection()
    plotter.reset_camera()
    plotter.enable_anti_aliasing("ssaa")
    plotter.render()  # or the screenshot may show what was there before
    plotter.screenshot(str(output))


def enclosing_level(values: np.ndarray) -> float:
    """The level whose isosurface encloses as many cells as the values [-] add up to, in 0.05..0.5."""
    falling = np.sort(values, axis=None)[::-1]
    return float(np.clip(falling[min(int(values.sum()), falling.size - 1)], THINNEST, SOLID))


def _body(pyvista, values: np.ndarray, level: float, edge: float, floor: float):
    """The isosurface of a field, closed where the box ends."""
    padded = np.pad(np.pad(values, 1, mode="edge"), 1)
    start = [-CLOSE, 0.0]
    axes = [np.concatenate([start, np.arange(n) + 0.5, [n, n + CLOSE]]) * edge for n in values.shape[::-1]]
    grid = pyvista.RectilinearGrid(axes[0], axes[1], axes[2] + floor)
    grid.point_data["value"] = padded.ravel()
    return grid.contour([level], scalars="value")


def _cuts(pyvista, run: Run, lithium: np.ndarray, colours):
    """The two faces of the cut, with the colours of what fills them, open where electrolyte does."""
    _, ny, nx = run.shape
    edge, floor = run.spacing / um, -run.host_bottom / um
    i, j = nx // 2, ny // 2
    for across, plane, start in ((0, np.s_[:, :j, i - 1], 0), (1, np.s_[:, j, i:], i)):
        parts = {name: run.static[panels.SOLID + name][plane] for name in colours}
        filled = lithium[plane] + sum(parts.values())
        colour = lithium[plane][..., None] * np.array(style.to_rgb(style.LITHIUM))
        colour = colour + sum(parts[name][..., None] * colours[name] for name in parts)
        finer = {"order": 1, "mode": "nearest", "grid_mode": True}
        colour = zoom(colour / np.maximum(filled, 1e-6)[..., None], (FINER, FINER, 1), **finer)
        filled = zoom(filled, FINER, **finer)
        heights = np.arange(filled.shape[0] + 1) / FINER * edge + floor
        along = (start + np.arange(filled.shape[1] + 1) / FINER) * edge
        z, s = np.meshgrid(heights, along, indexing="ij")
        at = np.full_like(s, (i + 20 * CLOSE if across == 0 else j - 20 * CLOSE) * edge)
        section = pyvista.StructuredGrid(*((at, s, z) if across == 0 else (s, at, z)))
        section.cell_data["colour"] = (255 * np.clip(colour, 0, 1)).astype(np.uint8).transpose(1, 0, 2).reshape(-1, 3)
        section.cell_data["filled"] = filled.T.ravel()
        yield section.threshold(SOLID, scalars="filled")


if __name__ == "__main__":
    path, picture, chosen = sys.argv[1:]
    draw(load(path), int(chosen), picture)
