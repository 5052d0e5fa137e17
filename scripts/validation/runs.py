"""Many runs, side by side, each in a folder of its own; what is there already is not run again."""

import json
import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from phasefield import measures, snapshots
from phasefield.units import mAh_per_cm2, mV, um
from validation.results import ROOT

OUTPUTS = ROOT / "outputs" / "validation"
WORKERS = max(1, (os.cpu_count() or 1))


def finished(folder: Path) -> bool:
    """Whether a run has been there and has come to its end, good or bad."""
    path = folder / "measures.json"
    return path.exists() and json.loads(path.read_text()).get("status") in ("finished", "failed")


def run_all(cases: dict[str, list[str]], study: str, hosts: dict | None = None) -> dict[str, Path]:
    """The folder of each case; the overrides of a case are those of `phasefield simulate`.

    Args: hosts: Config -> Geometry of the cases whose host is not the one that their configuration describes.
    """
    folders = {name: OUTPUTS / study / name for name in cases}
    todo = [
        (folders[name], overrides, (hosts or {}).get(name))
        for name, overrides in cases.items()
        if not finished(folders[name])
    ]
    if todo:
        context = multiprocessing.get_context("spawn")
        cores = context.Queue()
        for core in sorted(os.sched_getaffinity(0)):
            cores.put(core)
        with context.Pool(min(WORKERS, cores.qsize(), len(todo)), _take_core, (cores,)) as pool:
            for count, folder in enumerate(pool.imap_unordered(_run, todo), 1):
                print(f"{study}: {count} of {len(todo)}, {folder.name}", flush=True)
    return folders


def _take_core(cores) -> None:
    """One core a run: two runs side by side on two cores get more done than one run on both."""
    os.sched_setaffinity(0, {cores.get()})


def _run(task: tuple[Path, list[str], Callable | None]) -> Path:
    from phasefield.config import compose
    from phasefield.experiment import run_experiment
    from phasefield.timeline import SimulationError

    folder, overrides, host = task
    config = compose([*overrides, "protocol.snapshot_every_mAh_cm2=0.5"])
    try:
        run_experiment(config, folder, progress=False, geometry=None if host is None else host(config))
    except SimulationError as error:
        print(f"{folder.name}: {error}", flush=True)
    return folder


def measured(folder: Path, capacity: float) -> dict | None:
    """Where the lithium is at a capacity [mAh/cm2], and what the run was like; None where it did not get there."""
    run = snapshots.load(folder)
    final = json.loads((folder / "measures.json").read_text())
    index = run.nearest(capacity=capacity)
    if abs(run.capacities[index] / mAh_per_cm2 - capacity) > 0.01:
        return None
    pore = run.static["pore_fraction"].astype(np.float64)
    phase = run.field("phase", index).astype(np.float64)
    history = run.history
    row = min(int(np.searchsorted(history["charge"], capacity * mAh_per_cm2 * (1 - 1e-9))), len(history["charge"]) - 1)
    return {
        **measures.where_lithium_lies(pore, phase, run.spacing, run.host_bottom, run.host_top),
        "roughness_um": measures.roughness(pore, phase, run.spacing) / um,
        "potential_mV": float(history["potential"][row]) / mV,
        "nucleation_overpotential_mV": final["nucleation_overpotential_mV"],
        "nuclei": float(history["nuclei"][row]),
        "active_surface": float(history["active_surface"][row]),
        "ledger_error": final["ledger_error"],
        "steps": final["steps"],
        "wall_time_s": final["wall_time_s"],
    }
