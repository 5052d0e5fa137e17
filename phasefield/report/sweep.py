"""What the report of several runs says."""

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import numpy as np

from phasefield import sources, status, sweep
from phasefield.measures import WORDS
from phasefield.plotting import compare_runs, style
from phasefield.plotting.sweep import label, sweep_figure
from phasefield.report import files
from phasefield.report.words import PRINTED, measure, number
from phasefield.snapshots import Run, SnapshotError, load
from phasefield.units import mAh_per_cm2

MARKS = ("run.vtkhdf", "measures.json", "status.json")  # a folder with one of these is that of a run
ROWS, MOST = 6, 36  # runs in a figure of the comparison, and in all of them
LONGEST = 14  # letters of a label beside a row of the figure
DRAWN = "top_bottom_index"  # over what was swept
VARIED = 8  # columns of what differs between the runs


@dataclass(frozen=True)
class One:
    """A run of several: number, folder, name, measures, status and reason, configuration, and its file if readable."""

    index: int
    folder: Path
    name: str
    measures: Mapping
    status: str
    reason: str
    config: Mapping
    run: Run | None


def find_runs(folder: Path) -> list[Path]:
    """Folders of runs below a folder at any depth, in the order a reader would number them; hidden ones left out."""
    found = []
    for place, folders, names in os.walk(folder):
        folders[:] = [each for each in folders if not each.startswith(".")]
        if Path(place) != folder and any(mark in names for mark in MARKS):
            found.append(Path(place))
    return sorted(found, key=sweep.numbered)


def describe_sweep(folder: Path, folders: Sequence[Path], output: Path) -> dict:
    """What the template needs of the runs in `folders`, below `folder`; links start from where `output` is."""
    runs = [_read(i, each, folder) for i, each in enumerate(folders, 1)]
    counts = {state: sum(one.status == state for one in runs) for state in dict.fromkeys(one.status for one in runs)}
    names = [name for name in WORDS if any(sweep.is_number(one.measures.get(name)) for one in runs)]
    varied = differing([one.config for one in runs])
    return {
        "title": folder.resolve().name,
        "counts": counts,
        "overview": overview(folder),
        "measure": label(DRAWN),
        "figures": comparison(runs),
        "shown": min(sum(one.run is not None for one in runs), MOST),
        "numbered": any(label.startswith("run ") for label in labels_of(runs).values()),
        "varied": varied,
        "heads": [(WORDS[name][0], PRINTED.get(WORDS[name][1], WORDS[name][1])) for name in names],
        "rows": [
            {
                "number": one.index,
                "name": one.name,
                "link": link(one.folder, output),
                "report": link(one.folder / "report.html", output) if (one.folder / "report.html").is_file() else "",
                "status": one.status,
                "reason": one.reason,
                "varied": [number(dict(sources.flat(one.config)).get(key)) for key in varied],
                "measures": [measure(name, one.measures.get(name)).number for name in names],
            }
            for one in runs
        ],
    }


def _read(index: int, folder: Path, root: Path) -> One:
    """What there is of a run, readable or not."""
    measures, told = status.read_json(folder / status.MEASURES), status.read(folder)
    state, reason = str(told.get("status") or "unknown"), str(told.get("reason") or "")
    run = None
    try:
        run = load(folder)
    except SnapshotError as error:
        reason = reason or str(error).replace(f"{folder}{os.sep}", "")
    config = sources.read_config(str(run.metadata.get("config", ""))) if run else {}
    return One(index, folder, folder.relative_to(root).as_posix(), measures, state, reason, config, run)


def link(path: Path, output: Path) -> str:
    """Relative address of a file or folder from the page."""
    relative = quote(Path(os.path.relpath(path.resolve(), output.resolve().parent)).as_posix())
    return f"./{relative}" + ("/" if path.is_dir() else "")


def differing(configs: Sequence[Mapping]) -> list[str]:
    """Keys whose values differ between configurations; of a host with another name only the name."""
    flats = [dict(sources.flat(config)) for config in configs if config]
    keys = dict.fromkeys(key for each in flats for key in each)
    differ = [key for key in keys if any(not sources.same(each.get(key), flats[0].get(key)) for each in flats)]
    for block, key in (("host", "host.name"), ("protocol", "protocol.name")):
        if key in differ:
            differ = [each for each in differ if each == key or not each.startswith(f"{block}.")]
    return [key for key in differ if not key.startswith("protocol.steps")][:VARIED]


def labels_of(runs: Sequence[One]) -> dict[int, str]:
    """Index -> label beside a row of the comparison: the names of the folders, or numbers where one is too long."""
    names = [one.folder.name for one in runs]
    plain = max(map(len, names)) <= LONGEST and len(set(names)) == len(names)
    return {one.index: one.folder.name if plain else f"run {one.index}" for one in runs}


def overview(folder: Path) -> str:
    """Picture of the top/bottom index over what was swept, empty where nothing was or no run has one."""
    try:
        table = sweep.table(folder)
        figure = sweep_figure(table, DRAWN) if any(table.axes()) else None
    except sweep.SweepError:
        return ""
    if figure is None:
        return ""
    with tempfile.TemporaryDirectory() as drawn:
        return files.data_uri(style.save(figure, Path(drawn) / "overview.png")[0])


def comparison(runs: Sequence[One]) -> list[str]:
    """The runs side by side, in figures of a few, as pictures; those without a readable snapshot are left out."""
    shown = [one for one in runs if one.run is not None and len(one.run.times)][:MOST]
    if not shown:
        return []
    top = max(float(np.max(one.run.capacities)) for one in shown) / mAh_per_cm2
    capacities = [float(f"{share * top:.3g}") for share in (0.25, 0.5, 1)] if top > 0 else [0.0]
    labels, pictures = labels_of(runs), []
    with tempfile.TemporaryDirectory() as folder:
        for start in range(0, len(shown), ROWS):
            some = shown[start : start + ROWS]
            path = Path(folder) / f"{start}.png"
            compare_runs([one.folder for one in some], path, None, capacities, [labels[one.index] for one in some])
            pictures.append(files.data_uri(path))
    return pictures
