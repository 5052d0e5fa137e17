"""Simulated seconds a wall second of plain plating on a flat electrode, against the common one-potential model with
FiPy, with scipy and pyamg and, where the system has it (Debian: python3-dolfinx), with DOLFINx, in one run. Needs the
extra `peers`; set OMP_NUM_THREADS=1, or the peers suffer on a busy machine.

They do not solve our equations and we not theirs; see README.md for what is not comparable. The same are the box, the
cells, the lithium it starts from, the diffusivity, conductivity and concentration of the electrolyte, the exchange
current density, and the mean current, which is what theirs draws at the potential that it is held at.
"""

import os
import tempfile
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import one_potential as theirs
from measure import answer_of, python_with, report

from phasefield import build, timeline
from phasefield.config import compose
from phasefield.protocol import Step
from phasefield.units import mA_per_cm2, um

DURATION = 2.0  # s
TRIES = 2
DOLFINX = Path(__file__).with_name("one_potential_dolfinx.py")
COLLECTOR = 3.0  # um
EXPERIMENT = 8.0  # h, 4 mAh/cm2 at 0.5 mA/cm2
BOX = [
    "host=cu",
    "grid.dimensions=2",
    f"grid.spacing_um={theirs.SPACING}",
    f"grid.width_um={theirs.CELLS * theirs.SPACING}",
    f"grid.collector_um={COLLECTOR}",
    f"host.thickness_um={theirs.LITHIUM}",
    f"grid.electrolyte_um={theirs.CELLS * theirs.SPACING - theirs.LITHIUM - COLLECTOR}",
]
ELECTROLYTE = [
    "electrolyte.concentration_mol_L=1",
    f"electrolyte.diffusivity_m2_s={theirs.DIFFUSIVITY * um**2}",
    f"electrolyte.conductivity_S_m={theirs.ELECTROLYTE}",
    f"lithium.exchange_current_density_A_m2={theirs.REACTION / theirs.AREA * theirs.CHARGE * 1e6:.4g}",
]


def study(kind: str, largest: int | None = None) -> None:
    """Args: kind: cpu or gpu, of ours; the peers run on the processor. largest: does not matter here."""
    os.environ.setdefault("FIPY_SOLVERS", "scipy")
    try:
        fipy, scipy, pyamg = (f"{name} {version(name)}" for name in ("FiPy", "scipy", "pyamg"))
    except PackageNotFoundError as missing:
        raise SystemExit(f"the study plating needs {missing.name}; try pip install fipy==4.0.3 pyamg==5.4.1") from None
    cases = {
        f"{fipy}, LU of {scipy}": (theirs.with_fipy, theirs.STEP),
        f"{scipy} and {pyamg}": (theirs.with_scipy, theirs.STEP),
        f"{scipy} and {pyamg}, longer steps": (theirs.with_scipy, 10 * theirs.STEP),
    }
    rows = []
    for name, (solve, dt) in cases.items():
        took, *fields = shortest(solve, dt)
        rows.append(row(name, fields[0].shape, DURATION, took, round(DURATION / dt)) | theirs.checks(DURATION, *fields))
        report("plating", rows, finished=False)
    rows += with_dolfinx()
    report("plating", rows, finished=False)
    drawn = rows[0]["current A/m2"]
    rows.append(ours("phasefield, as the first line", ELECTROLYTE, drawn, DURATION, True))
    report("plating", rows, finished=False)
    rows.append(ours("phasefield, bare copper, 8 h", [], 0.5 * mA_per_cm2, EXPERIMENT * 3600, False))
    for each in rows[:-1]:
        each["wall over ours for the same 2 s"] = each["wall s a simulated s"] / rows[-2]["wall s a simulated s"]
    rows[-1]["wall over ours for the same 2 s"] = ""
    report("plating", rows)


def with_dolfinx() -> list[dict]:
    """A row on one core and one on two; none where it is not installed."""
    python = python_with("dolfinx")
    if python is None:
        print("dolfinx is not installed: left out")
        return []
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fields.npz"
        for ranks in (1, 2):
            answers = [answer_of(python, DOLFINX, DURATION, theirs.STEP, path, ranks=ranks) for _ in range(TRIES)]
            if None in answers:
                continue
            fields = np.load(path)
            took = min(answer["seconds"] for answer in answers)
            name = f"DOLFINx {answers[0]['version']} and hypre, {ranks} core{'s' if ranks > 1 else ''}"
            checked = theirs.checks(DURATION, *(fields[each] for each in ("xi", "c", "phi", "grown")))
            rows.append(row(name, fields["xi"].shape, DURATION, took, round(DURATION / theirs.STEP)) | checked)
    return rows


def shortest(solve, dt):
    """What the quickest of the tries returned."""
    return min((solve(DURATION, dt) for _ in range(TRIES)), key=lambda outcome: outcome[0])


def row(name, shape, duration, took, steps, rejected=0, compiling=0.0) -> dict:
    return {
        "solver": name,
        "cells": "x".join(map(str, shape)),
        "simulated s": duration,
        "steps": steps,
        "rejected": rejected,
        "mean dt s": duration / steps,
        "wall s": took,
        "compile s": compiling,
        "wall s a simulated s": took / duration,
        "simulated s a wall s": duration / took,
    }


def ours(name, overrides, current, duration, on_lithium) -> dict:
    """A run of phasefield at a current density [A/m2], on copper that holds lithium already or on bare copper."""
    config = compose(BOX + overrides)
    model = build.model(config, build.geometry(config))
    state = build.initial_state(config, model)
    if on_lithium:
        z = (jnp.arange(model.grid.shape[0]) + 0.5) * model.grid.spacing
        front = 0.5 - 0.5 * jnp.tanh((z - (COLLECTOR + theirs.LITHIUM) * um) / (2 * model.grid.spacing))
        phase = jnp.broadcast_to(front[:, None], model.grid.shape) * (model.pore > 0.05)
        state = replace(state, phase=phase.astype(state.phase.dtype))
    control = build.time_control(config)
    runs = [
        timeline.run(model, state, (Step(current_density=current, duration=duration),), control)
        for _ in range(TRIES + 1 if on_lithium else 1)  # the first compiles
    ]
    best = min(runs, key=lambda outcome: outcome.wall_time)
    steps, rejected = len(best.history["time"]), int(best.history["rejected_steps"][-1])
    lithium = best.history["lithium"]
    plated = float(lithium[-1] - np.mean(np.asarray(state.phase * model.pore).sum(0)) * model.grid.spacing) / um
    return row(name, model.grid.shape, duration, best.wall_time, steps, rejected, runs[0].compile_time) | {
        "through separator A/m2": current,
        "current A/m2": current,
        "plated um": plated,
        "contour over plated": "",
        "speed over that of a sharp front": "",
    }
