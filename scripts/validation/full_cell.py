"""Full cells with NCM622 at N/P 4, N/P 2 and anode-free: their cycles in 2D, and the fade that follows from them.

The efficiency is that of the run's own ledger; what it says of hundreds of cycles is an extrapolation by
`phasefield.inventory`, beside the same with the efficiencies of the paper.
"""

from phasefield import snapshots
from phasefield.inventory import (
    cycles_to_exhaustion,
    efficiency_of_exhaustion,
    half_cycles,
    implied_efficiency,
    mean_efficiency,
    retention,
)
from phasefield.plotting import style
from phasefield.plotting.full_cell import Fade, Observed, cycles, full_cells
from phasefield.plotting.style import save
from phasefield.units import mAh_per_cm2
from validation import results
from validation.runs import run_all

CASES = {  # name: (label, overrides, N/P)
    "np4": ("N/P 4", ["experiment=full_cell_np4"], 4),
    "np2": ("N/P 2", ["experiment=full_cell_np2"], 2),
    "anode_free": ("anode-free", ["experiment=anode_free"], 0),
    "np4_cu": ("N/P 4, Cu", ["experiment=full_cell_np4", "host=cu"], 4),
}
HALF_CELL = 0.9924  # A Fig. 4e, LLTO@CNT at 1 mA/cm2 and 1 mAh/cm2
ANODE_FREE = (100, 0.42)  # A Fig. S8: cycles, retention
FALLS = {"N/P 2": (190, 2), "N/P 4, Cu": (35, 4)}  # A Fig. 5: cycles, N/P
STABLE = 250  # A Fig. 5: cycles of N/P 4 without a fall
LAST = 600


def study() -> None:
    folders = run_all({name: overrides for name, (_, overrides, _) in CASES.items()}, "full_cell")
    runs = {name: snapshots.load(folder) for name, folder in folders.items()}
    rows = [_simulated(CASES[name][0], CASES[name][2], run) for name, run in runs.items()]
    header = ("cell", "cycles", "charged_mAh_cm2", "discharged_mAh_cm2", "efficiency", "lost_mAh_cm2", "ledger_error",
              "retention_at_100", "cycles_to_exhaustion")  # fmt: skip
    results.write_table("full_cell", header, rows)
    results.write_table("full_cell_inventory", ("observed", "excess", "efficiency"), _implied())
    blue, red, green = style.RUNS[0], style.RUNS[1], style.RUNS[2]
    fades = [
        Fade(f"N/P 4 at {HALF_CELL:.2%}", HALF_CELL, (3, 4), blue),
        Fade(f"N/P 2 at {HALF_CELL:.2%}", HALF_CELL, (1, 2), red),
        Fade(f"anode-free at {HALF_CELL:.2%}", HALF_CELL, (0, 0), green),
        Fade(f"anode-free at {_anode_free():.2%}", _anode_free(), (0, 0), green, "--"),
        Fade(f"anode-free, simulated: {_of(rows, 'anode-free'):.2%}", _of(rows, "anode-free"), (0, 0), green, ":"),
    ]
    observed = [
        Observed("measured, N/P 4: not falling yet", STABLE, 1.0, blue, ">"),
        Observed("measured, N/P 2: begins to fall", FALLS["N/P 2"][0], 1.0, red, "v"),
        Observed("measured, anode-free: 42 %", *ANODE_FREE, green, "o"),
    ]
    shown = ("np4", "np2", "anode_free")
    figure = full_cells([runs[name] for name in shown], [CASES[name][0] for name in shown], fades, observed, LAST)
    path, *_ = save(figure, results.FIGURES / "full_cell.png")
    results.shrink(path)


def _simulated(label: str, np_ratio: float, run) -> list:
    """One row: what the cycler counted in a run, and the inventory with the efficiency that follows from it."""
    halves = {what: [q for kind, _, q in half_cycles(run.history) if kind == what]
              for what in ("deposit", "charge", "discharge", "strip")}  # fmt: skip
    given = halves["charge"], halves["discharge"], sum(halves["deposit"]), sum(halves["strip"])
    # without excess each discharge takes all there is, and the last says how many per cent; the first leaves a trace
    efficiency = halves["discharge"][-1] / halves["charge"][-1] if np_ratio == 0 else mean_efficiency(*given)
    plated, back = sum(halves["charge"]) + given[2], sum(halves["discharge"]) + given[3]
    held = min(efficiency, 1.0)  # what the bare surface stores as a double layer may lift it above 1 by 1e-4
    last = cycles(run.history)[-1]
    return [label, len(halves["charge"]), last[0][2] / mAh_per_cm2, last[-1][2] / mAh_per_cm2, f"{efficiency:.6f}",
            (plated - back) / mAh_per_cm2, run.history["ledger_error"].max(),
            float(retention(held, np_ratio, 100)[-1]), cycles_to_exhaustion(held, np_ratio)]  # fmt: skip


def _of(rows: list, label: str) -> float:
    return min(float(next(row for row in rows if row[0] == label)[4]), 1.0)


def _anode_free() -> float:
    return implied_efficiency(ANODE_FREE[1], ANODE_FREE[0])


def _implied() -> list:
    """What the paper's full cells say of the efficiency, and what its half cells say of the full cells."""
    rows = [[f"anode-free: {ANODE_FREE[1]:.0%} after {ANODE_FREE[0]} cycles", "0", f"{_anode_free():.2%}"]]
    for label, (count, np_ratio) in FALLS.items():
        bounds = np_ratio, np_ratio - 1
        implied = " to ".join(f"{efficiency_of_exhaustion(count, excess):.1%}" for excess in bounds)
        rows.append([f"{label}: falls after {count} cycles", f"{bounds[1]} to {bounds[0]}", implied])
    left = retention(HALF_CELL, 0, 100)[-1]
    rows.append([f"half cell: anode-free would keep {left:.1%} after 100 cycles", "0", f"{HALF_CELL:.2%}"])
    for np_ratio in (2, 4):
        ends = [round(cycles_to_exhaustion(HALF_CELL, excess)) for excess in (np_ratio - 1, np_ratio)]
        text = f"half cell: N/P {np_ratio} would fall after {ends[0]} to {ends[1]} cycles"
        rows.append([text, f"{np_ratio - 1} to {np_ratio}", f"{HALF_CELL:.2%}"])
    return rows


if __name__ == "__main__":
    study()
