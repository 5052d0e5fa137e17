"""A 3D run cut open: host and lithium as bodies, by PyVista where it is installed, else by matplotlib."""

import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.image import imread
from mpl_toolkits.mplot3d.art3d import Poly3DCollection
from scipy.ndimage import zoom

import phasefield
from phasefield.plotting import panels, style
from phasefield.snapshots import Run, load
from phasefield.units import um

WIDTH, TALLEST = 110.0, 150.0  # mm
TIMEOUT = 180  # s; a first picture takes 5
FACES = 96  # cells along an edge that matplotlib draws at most
TRACE = 0.01  # solid or lithium in a plane, above which it is drawn
SHADES = {"x": 0.86, "y": 1.0, "z": 0.94}  # of faces, by their normal


def render_run(path, output, index: int | None = None) -> Path | None:
    """Write the picture of a snapshot, of the last when not given, as PNG; the path written, None for a 2D run.

    PyVista draws in a process of its own: a graphics driver that fails ends that process and not this one, and the
    picture is drawn without it.
    Args: path: of a run file or its folder. index: of the snapshot.
    Raises: SnapshotError for a file that is no run or without snapshots.
    """
    run = load(path)
    if len(run.shape) != 3:
        return None
    index = panels.choose(run)[-1] if index is None else index
    picture = scene_picture(run, index) if find_spec("pyvista") else None
    return style.save(block_figure(run, index) if picture is None else scene_figure(run, index, picture), output)[0]


def scene_picture(run: Run, index: int) -> np.ndarray | None:
    """The RGB picture (height, width, 3) that `phasefield.plotting.scene` draws, trimmed; None where it cannot."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "scene.png"
        command = [sys.executable, "-m", "phasefield.plotting.scene", run.path, output, index]
        paths = [str(Path(phasefield.__file__).resolve().parents[1]), os.environ.get("PYTHONPATH", "")]
        try:
            subprocess.run(
                list(map(str, command)),
                check=True,
                capture_output=True,
                timeout=TIMEOUT,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))},
            )
            picture = imread(output)[..., :3]
        except (OSError, subprocess.SubprocessError, ValueError, SyntaxError):  # what a broken PNG raises is the last
            return None
    seen = (picture < 0.99).any(axis=-1)
    if not seen.any():
        return None
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    return picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


@style.styled
def scene_figure(run: Run, index: int, picture: np.ndarray) -> Figure:
    """A drawn scene with the key of its colours and what it shows."""
    shape = picture.shape[0] / picture.shape[1]
    high = min((WIDTH - 20) * shape, TALLEST)
    figure = style.new_figure(WIDTH, high + 21)
    axes = style.place(figure, (WIDTH - high / shape) / 2, 11, high / shape, high)
    axes.imshow(picture, interpolation="antialiased")
    axes.set_axis_off()
    _frame(figure, run, index)
    return figure


@style.styled
def block_figure(run: Run, index: int) -> Figure:
    """The box as a block with its front quarter cut away; what fills its cells is seen on the faces. By matplotlib."""
    figure = style.new_figure(WIDTH, 131)
    axes = style.place(figure, 8, 10, WIDTH - 16, 112, projection="3d", proj_type="ortho", computed_zorder=False)
    colours = mixed(run, index)
    solid = (1 - run.static["pore_fraction"] * (1 - run.field("phase", index))).mean(axis=(1, 2))
    end = min(int(np.flatnonzero(solid > TRACE)[-1]) + 2, run.shape[0])
    step = -(-max(run.shape) // FACES)
    colours = zoom(colours[:end:step, ::step, ::step], (2, 2, 2, 1), order=1, mode="nearest", grid_mode=True)
    corners, faces = _faces(colours)
    axes.add_collection3d(Poly3DCollection(corners, facecolors=faces, edgecolors=faces, linewidths=0.4, clip_on=False))
    nz, ny, nx = colours.shape[:3]
    axes.set(xlim=(0, nx), ylim=(0, ny), zlim=(0, nz))
    axes.set_box_aspect((nx, ny, nz), zoom=1.12)
    axes.view_init(elev=25, azim=-50)
    axes.set_axis_off()
    _frame(figure, run, index)
    return figure


def mixed(run: Run, index: int) -> np.ndarray:
    """RGB of every cell (z, y, x, 3), the colours of what is in it mixed by volume."""
    colours = style.phase_colours(panels.solids(run))
    parts = {name: run.static[panels.SOLID + name][..., None] for name in colours}
    lithium = (run.static["pore_fraction"] * np.clip(run.field("phase", index), 0, 1))[..., None]
    rest = np.clip(1 - lithium - sum(parts.values()), 0, 1)
    inside = rest * np.array(style.to_rgb(style.ELECTROLYTE)) + lithium * np.array(style.to_rgb(style.LITHIUM))
    return np.clip(inside + sum(parts[name] * colours[name] for name in parts), 0, 1)


def _faces(colours: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Corners (faces, 4, 3) as x, y, z and colours of the faces seen from the front, the front quarter left out.

    The faces of the walls that lie further back come first.
    """
    nz, ny, nx = colours.shape[:3]
    i, j = nx // 2, ny // 2
    walls = [  # normal, where it stands, along which cells, their colours (z, s, 3)
        ("x", nx, range(j, ny), colours[:, j:, -1]),
        ("y", j, range(i, nx), colours[:, j, i:]),
        ("x", i, range(j), colours[:, :j, i - 1]),
        ("y", 0, range(i), colours[:, 0, :i]),
    ]
    corners, faces = [], []
    for normal, at, cells, picture in walls:
        for n, s in enumerate(cells):
            for z in range(nz):
                square = [(s, z), (s + 1, z), (s + 1, z + 1), (s, z + 1)]
                corners.append([(at, a, b) if normal == "x" else (a, at, b) for a, b in square])
                faces.append(picture[z, n] * SHADES[normal])
    for y in range(ny):
        for x in range(nx):
            if not (x >= i and y < j):
                corners.append([(x, y, nz), (x + 1, y, nz), (x + 1, y + 1, nz), (x, y + 1, nz)])
                faces.append(colours[-1, y, x] * SHADES["z"])
    return np.array(corners, float), np.array(faces)


def _frame(figure: Figure, run: Run, index: int) -> None:
    """The key above a picture and, below, what it shows."""
    panels.draw_key(figure, run, 4, lines=False)
    text = f"{panels.capacity_label(run, index)}; {run.shape[-1] * run.spacing / um:g} µm wide"
    figure.text(0.5, 4 / (figure.get_figheight() * style.INCH), text, ha="center", va="center")
