"""What a report takes from the folder of a run: measures, status, figures, film; and pictures as text."""

import base64
import tempfile
from collections.abc import Mapping
from pathlib import Path

from phasefield.plotting import plot_run
from phasefield.plotting.animation import AnimationError, animate_run, has_ffmpeg
from phasefield.plotting.full_cell import is_full_cell
from phasefield.plotting.nyquist import TABLE
from phasefield.plotting.voltammogram import is_swept
from phasefield.snapshots import Run, SnapshotError

KINDS = {".png": "image/png", ".gif": "image/gif", ".mp4": "video/mp4"}
FIGURES = {  # of `phasefield plot`: what they show
    "summary": "Summary: sections, lithium by height, potential, and how the solver went",
    "render": "Host and lithium as bodies, the front quarter cut away; the surface drawn encloses the lithium there is",
    "sections": "Vertical sections through the middle",
    "depth": "Lithium fraction of the pores against height, and over the run",
    "potential": "Potential in the first seconds, where nucleation shows, and over the run",
    "nyquist": "Impedance before and after lithiation: Nyquist plots, and conductivity between blocking plates",
    "efficiency": "Coulombic efficiency of each cycle, and where what was not returned stays",
    "profiles": "Potential of chosen cycles against the charge of each half cycle",
    "stripped": "Sections after the stripping of chosen cycles, with the lithium that is dead",
    "cell_voltage": "Voltage of the full cell against the charge of each half cycle",
    "voltammogram": "Current against the potential that was swept",
    "maps": "Salt concentration, potentials and plating current at the end",
}


def data_uri(path: Path) -> str:
    """A picture or film as the address that holds it."""
    return f"data:{KINDS[path.suffix]};base64,{base64.b64encode(path.read_bytes()).decode('ascii')}"


CYCLING = ("efficiency", "profiles", "stripped")
OPTIONAL = {"maps", "stripped"}  # may be missing, where the run file has not the fields or a snapshot


def figures(run: Run, cycled: bool) -> dict[str, dict[str, str]]:
    """Caption and picture of each figure of a run, those that are missing drawn into figures/ beside it.

    Where that folder cannot be written the report has them all the same.
    Args: cycled: whether the run has a complete cycle.
    Raises: SnapshotError for a run without snapshots.
    """
    path, left_out = run.path, {"render"} if len(run.shape) == 2 else set()
    left_out |= (set() if cycled else set(CYCLING)) | (set() if is_swept(run.history) else {"voltammogram"})
    left_out |= set() if is_full_cell(run.history) else {"cell_voltage"}
    left_out |= set() if path.with_name(TABLE).is_file() else {"nyquist"}
    folder, wanted = path.parent / "figures", [name for name in FIGURES if name not in left_out]
    found = {name: folder / f"{name}.png" for name in wanted if (folder / f"{name}.png").is_file()}
    if set(wanted) - set(found) - OPTIONAL:
        with tempfile.TemporaryDirectory() as drawn:
            for each in plot_run(path, drawn):
                if each.stem in wanted and each.stem not in found:
                    found[each.stem] = _keep(each, folder)
            return _shown(found)
    return _shown(found)


def _shown(found: Mapping[str, Path]) -> dict[str, dict[str, str]]:
    return {name: {"caption": FIGURES[name], "picture": data_uri(path)} for name, path in found.items()}


def _keep(picture: Path, folder: Path) -> Path:
    """The picture in a folder, or where it is when it cannot be written there."""
    try:
        folder.mkdir(exist_ok=True)
        (folder / picture.name).write_bytes(picture.read_bytes())
    except OSError:
        return picture
    return folder / picture.name


def film(path: Path) -> str:
    """The film of a run, mp4 where ffmpeg is installed, else gif; empty for a run of fewer than two snapshots."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            return data_uri(animate_run(path, Path(folder) / ("film.mp4" if has_ffmpeg() else "film.gif")))
        except (AnimationError, SnapshotError):
            return ""
