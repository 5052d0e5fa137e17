"""Whole runs: seconds from start to end, and where the steps and the time go."""

import jax
import numpy as np
from measure import report

from phasefield import build, timeline
from phasefield.config import compose
from phasefield.units import mAh_per_cm2

RUNS = {
    "CNT, 80x32x32": ["host=cnt"],
    "LLTO@CNT, 80x32x32 (the default)": ["host=llto_cnt"],
    "LLTO@CNT, 128x64x64, 0.5 um": [
        "host=llto_cnt", "grid.width_um=32", "grid.spacing_um=0.5", "grid.collector_um=3", "grid.electrolyte_um=16"
    ],
}  # fmt: skip
LARGE = {
    "LLTO@CNT, 192x128x128, 0.5 um": [
        "host=llto_cnt", "grid.width_um=64", "grid.spacing_um=0.5", "grid.electrolyte_um=48",
    ],
    "LLTO@CNT, 256x256x256": [
        "host=llto_cnt", "grid.width_um=256", "host.thickness_um=200", "grid.electrolyte_um=53", "precision=float32",
        "protocol.capacity_mAh_cm2=0.2",
    ],
}  # fmt: skip
STAGES = {"nucleation": (0.0, 0.1), "growth": (0.1, 2.0), "filling": (2.0, np.inf)}  # mAh/cm2


def study(kind: str, largest: int | None = None) -> None:
    """Args: kind: cpu or gpu; the large boxes are for a GPU. largest: leave out boxes with longer sides."""
    rows, stages = [], []
    for name, overrides in (RUNS | (LARGE if kind == "gpu" else {})).items():
        config = compose(overrides)
        shape, _ = build.grid_shape(config)
        if largest is not None and max(shape) > largest:
            continue
        model = build.model(config, build.geometry(config))
        state = build.initial_state(config, model)
        outcome = timeline.run(model, state, build.protocol(config), build.time_control(config))
        history, cells = outcome.history, int(np.prod(shape))
        steps = len(history["time"])
        rows.append(
            {
                "run": name,
                "steps": steps,
                "rejected": int(history["rejected_steps"][-1]),
                "Newton a step": float(np.mean(history["newton_iterations"])),
                "CG a step": float(np.mean(history["linear_iterations"])),
                "start and compile s": outcome.compile_time,
                "run s": outcome.wall_time,
                "s a step": outcome.wall_time / steps,
                "us a cell": outcome.wall_time / cells * 1e6,
                "ledger": float(np.max(history["ledger_error"])),
            }
        )
        stages += stages_of(name, history)
        report("runs", rows, finished=False)
        report("stages", stages, finished=False)
        jax.clear_caches()
    report("runs", rows)
    report("stages", stages)


def stages_of(name, history) -> list[dict]:
    """What the steps of each stage took."""
    capacity = history["charge"] / mAh_per_cm2
    rejected = np.diff(history["rejected_steps"], prepend=0)
    rows = []
    for stage, (begin, end) in STAGES.items():
        own = (capacity > begin) & (capacity <= end)
        if own.any():
            rows.append(
                {
                    "run": name,
                    "stage": f"{stage}, to {min(end, capacity[-1]):.3g} mAh/cm2",
                    "steps": int(own.sum()),
                    "rejected": int(rejected[own].sum()),
                    "median dt s": float(np.median(history["time_step"][own])),
                    "Newton a step": float(np.mean(history["newton_iterations"][own])),
                    "CG a step": float(np.mean(history["linear_iterations"][own])),
                    "most CG": int(np.max(history["linear_iterations"][own])),
                }
            )
    return rows
