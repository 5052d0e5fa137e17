"""What the report of one run says."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from phasefield import sources, status
from phasefield.cycles import Cycle, molar_volume, of_run
from phasefield.measures import WORDS
from phasefield.plotting.cycling import chosen
from phasefield.plotting.style import phase_label
from phasefield.report import files
from phasefield.report.words import Measure, measure, number, where
from phasefield.snapshots import Run, load
from phasefield.units import FARADAY, mAh_per_cm2, um

VERDICT = (  # of the measures, what comes first
    "capacity_mAh_cm2",
    "top_bottom_index",
    "fraction_lower_third",
    "fraction_above_host",
    "pore_filling",
    "nucleation_overpotential_mV",
    "cycles",
    "efficiency_after_first",
    "isolated_fraction",
    "ledger_error",
)
GOALS = {"float64": 1e-6, "float32": 1e-3}  # of the ledger error
HOSTS = {"cu": "Bare copper", "llto_cnt": "LLTO@CNT"}  # names that are not those of a phase
COLUMNS = (  # of the table of cycles: words, unit, the value in that unit
    ("cycle", "", lambda cycle: cycle.number),
    ("efficiency", "%", lambda cycle: 100 * cycle.efficiency),
    ("plated", "mAh/cm²", lambda cycle: cycle.plated / mAh_per_cm2),
    ("stripped", "mAh/cm²", lambda cycle: cycle.stripped / mAh_per_cm2),
    ("SEI", "mAh/cm²", lambda cycle: cycle.sei / mAh_per_cm2),
    ("dead lithium", "mAh/cm²", lambda cycle: _in_mAh(cycle.dead_change)),
    ("connected lithium", "mAh/cm²", lambda cycle: _in_mAh(cycle.connected_change)),
    ("host", "mAh/cm²", lambda cycle: cycle.inserted / mAh_per_cm2),
    ("double layer", "mAh/cm²", lambda cycle: cycle.double_layer / mAh_per_cm2),
    ("missing of plated", "", lambda cycle: cycle.closure_error),
)
ALL_CYCLES = 30  # that a table shows; of more only chosen ones
LEFT_OUT = {"host", "seed", "status", "reason"}  # of measures.json: they are no measures


def describe_run(path: Path) -> dict:
    """What the template needs of a run. Raises: SnapshotError for a file that is no run or without snapshots."""
    run = load(path)
    folder = run.path.parent
    found = [cycle for cycle in of_run(run) if cycle.complete]
    measures, told = status.read_json(folder / status.MEASURES), status.read(folder)
    state, reason = str(told.get("status") or "unknown"), str(told.get("reason") or "")
    return {
        "title": title(run, measures),
        "where": where(measures),
        "status": state,
        "reason": reason,
        "verdict": [measure(name, measures[name]) for name in VERDICT if measures.get(name) is not None],
        "closes": closes(run, measures),
        "goal": number(goal(run), 2),
        "figures": files.figures(run, bool(found)),
        "film": files.film(run.path),
        "measures": [measure(name, value) for name, value in in_order(measures).items()],
        "ledger": ledger(run),
        "cycles": cycle_rows(found),
        "cycle_heads": [(words, unit) for words, unit, _ in COLUMNS],
        "cycles_in_all": len(found),
        "groups": sources.parameters(str(run.metadata.get("config", "")), str(run.metadata.get("command_line", ""))),
        "set": sources.SET,
        "legend": sources.legend(),
        "provenance": provenance(run),
    }


def title(run: Run, measures: Mapping) -> str:
    """Host, and the capacity that was reached."""
    name = str(measures.get("host") or run.path.resolve().parent.name)
    host, charge = HOSTS.get(name) or phase_label(name), run.history.get("charge", run.capacities)
    if not len(charge):
        return host
    most, end = float(max(charge)), float(charge[-1])
    return f"{host}, {number(most / mAh_per_cm2, 3)} mAh/cm²" + (" and back" if end < 0.99 * most else "")


def in_order(measures: Mapping) -> dict:
    """The measures as `WORDS` has them, then those it does not know."""
    names = [*(name for name in WORDS if name in measures), *(name for name in measures if name not in WORDS)]
    return {name: measures[name] for name in names if name not in LEFT_OUT}


def goal(run: Run) -> float:
    """What the ledger error should be below, in the precision of the run."""
    return GOALS.get(str(run.metadata.get("dtype")), GOALS["float64"])


def closes(run: Run, measures: Mapping) -> bool | None:
    """Whether the charge ledger closes; None where it is not known."""
    error = measures.get("ledger_error")
    return None if isinstance(error, bool) or not isinstance(error, int | float) else error <= goal(run)


def ledger(run: Run) -> dict[str, str] | None:
    """Where the charge that passed has gone, in mAh/cm2, and what is missing; None without history.

        passed = lithium F/Vm + inserted - double layer + SEI,

    each as what it gained since the first time step on file. The double layer counts negative where electrons wait.
    """
    names = ("charge", "lithium", "inserted_charge", "double_layer_charge")
    history, volume = run.history, molar_volume(run)
    if volume is None or any(not len(history.get(name, ())) for name in names):
        return None
    passed, lithium, inserted, double_layer = (float(history[name][-1] - history[name][0]) for name in names)
    film = history.get("sei_charge", (0.0,))  # a file of before there was one has none
    metallic, sei = lithium * FARADAY / volume, float(film[-1] - film[0])
    missing = metallic + inserted - double_layer + sei - passed
    rows = {"passed": passed, "lithium": metallic, "inserted": inserted, "double_layer": -double_layer, "sei": sei}
    result = {name: _charge(value) for name, value in rows.items()}
    result["missing"] = number(missing / mAh_per_cm2, 2)
    result["relative"] = number(abs(missing / passed), 2) if passed else "–"
    errors = history.get("ledger_error", ())
    result["largest"] = number(float(max(errors)), 2) if len(errors) else "–"
    return result


def cycle_rows(found: Sequence[Cycle]) -> list[list[str]]:
    """The table of complete cycles as text, see COLUMNS: all of them, or where they are many the chosen ones."""
    shown = found if len(found) <= ALL_CYCLES else chosen(found, most=ALL_CYCLES)
    return [[number(value(cycle), 2 if words.startswith("missing") else 4) for words, _, value in COLUMNS]
            for cycle in shown]  # fmt: skip


def _in_mAh(charge: float | None) -> float | None:
    return None if charge is None else charge / mAh_per_cm2


def _charge(value: float) -> str:
    """A charge in mAh/cm2, small ones with their power of ten."""
    value /= mAh_per_cm2
    return f"{value:.6f}".replace("-", "−") if abs(value) >= 1e-4 or value == 0 else number(value, 3)


def provenance(run: Run) -> list[Measure]:
    """Where a run comes from: (what, text)."""
    about = run.metadata
    changed = " with changes that are in no commit" if about.get("git_dirty") else ""
    shape = " x ".join(map(str, run.shape))
    rows = {
        "command": about.get("command_line"),
        "started": about.get("started"),
        "commit": f"{about['git_commit']}{changed}" if about.get("git_commit") else None,
        "versions": _versions(about.get("versions")),
        "device": about.get("device"),
        "precision": about.get("dtype"),
        "seed": about.get("seed"),
        "grid": f"{shape} cells of {number(run.spacing / um)} µm, {len(run.times)} snapshots",
        "file format": about.get("format_version"),
    }
    return [Measure(words, str(text), "") for words, text in rows.items() if text not in (None, "")]


def _versions(text) -> str | None:
    try:
        found = json.loads(str(text))
    except ValueError:
        return None
    return ", ".join(f"{name} {version}" for name, version in found.items()) if isinstance(found, dict) else None
