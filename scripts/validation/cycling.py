"""Cycling of the four substrates in 2D and in 3D: coulombic efficiency, and where the charge of each cycle stays."""

from phasefield import cycles as ledger
from phasefield import dead_lithium, snapshots
from phasefield.plotting.cycling import compare_cycles
from phasefield.plotting.style import save
from phasefield.units import mAh_per_cm2
from validation import results
from validation.runs import run_all

HOSTS = {"llto_cnt": "LLTO@CNT", "llto": "LLTO", "cnt": "CNT", "cu": "Cu"}
LITHIUM_ALONE = ["sei=film", "protocol.insertion=false", "protocol.start_lithiated=true"]
FLAT = ["grid=quick", "grid.spacing_um=1"]
DEEP = ["grid=default"]
CASES = {  # name: (what it stands for, overrides, hosts)
    "1_1": ("1 mA/cm2, 1 mAh/cm2, 2D", [*FLAT, "protocol=cycle_1_1", "protocol.cycles=200", *LITHIUM_ALONE], HOSTS),
    "3d": ("the same in 3D", [*DEEP, "protocol=cycle_1_1", "protocol.cycles=3", *LITHIUM_ALONE], HOSTS),
    "kept": ("2D, film kept whole on walls", [*FLAT, "protocol=cycle_1_1", "protocol.cycles=10", *LITHIUM_ALONE,
             "sei.kept_when_stripped=1"], HOSTS),
    "2_2": ("2 mA/cm2, 2 mAh/cm2, 2D", [*FLAT, "protocol=cycle_2_2", "protocol.cycles=5", *LITHIUM_ALONE], HOSTS),
    "4_4": ("4 mA/cm2, 4 mAh/cm2, 2D", [*FLAT, "protocol=cycle_4_4", "protocol.cycles=5", *LITHIUM_ALONE], HOSTS),
    "1_4": ("1 mA/cm2, 4 mAh/cm2, 2D", [*FLAT, "protocol=cycle_1_4", "protocol.cycles=5", *LITHIUM_ALONE], HOSTS),
    "fine": ("1/1 in 2D, cells of 0.5 um", ["grid=quick", "grid.spacing_um=0.5", "protocol=cycle_1_1",
             "protocol.cycles=5", *LITHIUM_ALONE], HOSTS),
    "packing": ("1/1 in 2D, another packing", [*FLAT, "protocol=cycle_1_1", "protocol.cycles=10", *LITHIUM_ALONE,
                "seed=1"], HOSTS),
    "formation": ("1/1 in 2D, film formed in 6 s", [*FLAT, "protocol=cycle_1_1", "protocol.cycles=5", *LITHIUM_ALONE,
                  "sei.formation_time_s=6"], ("llto_cnt", "cnt")),
    "insertion": ("1 mA/cm2, 1 mAh/cm2, 2D, pristine host that takes part", [*FLAT, "protocol=cycle_1_1",
                  "protocol.cycles=5", "sei=film"], ("llto_cnt", "llto")),
}  # fmt: skip


def study() -> None:
    cases = {
        f"{name}_{host}": [f"host={host}", *overrides]
        for name, (_, overrides, hosts) in CASES.items()
        for host in hosts
    }
    folders = run_all(cases, "cycling")
    each, means = [], []
    for name, (what, _, hosts) in CASES.items():
        for host in hosts:
            run = snapshots.load(folders[f"{name}_{host}"])
            found = [cycle for cycle in ledger.of_run(run) if cycle.complete]
            for cycle in found:
                charges = (cycle.plated, cycle.stripped, cycle.sei, cycle.dead_change, cycle.connected_change,
                           cycle.inserted, cycle.double_layer)  # fmt: skip
                each.append([what, HOSTS[host], cycle.number, cycle.efficiency,
                             *(None if q is None else q / mAh_per_cm2 for q in charges),
                             cycle.closure_error])  # fmt: skip
            later = found[1:] or found
            means.append([what, HOSTS[host], len(found), found[0].efficiency, min(c.efficiency for c in later),
                          sum(c.efficiency for c in later) / len(later), found[-1].efficiency,
                          *(_share(later, part) for part in ("sei", "dead_change", "connected_change", "inserted")),
                          *_dead(run, found[-1]),
                          max(c.closure_error for c in found), run.history["ledger_error"].max()])  # fmt: skip
    runs = [snapshots.load(folders[f"1_1_{host}"]) for host in HOSTS]
    path, *_ = save(compare_cycles(runs, list(HOSTS.values())), results.FIGURES / "cycling.png")
    results.shrink(path)
    results.write_table(
        "cycles",
        ("case", "host", "cycle", "efficiency", "plated_mAh_cm2", "stripped_mAh_cm2", "sei_mAh_cm2", "dead_mAh_cm2",
         "connected_mAh_cm2", "inserted_mAh_cm2", "double_layer_mAh_cm2", "closure_error"),
        each,
    )  # fmt: skip
    results.write_table(
        "cycling",
        ("case", "host", "cycles", "efficiency_first", "efficiency_least_after", "efficiency_mean_after",
         "efficiency_last", "sei_share", "dead_share", "connected_share", "inserted_share",
         "dead_by_connectivity_mAh_cm2", "dead_by_potential_mAh_cm2", "dead_pieces", "closure_error",
         "ledger_error"),
        means,
    )  # fmt: skip


def _dead(run, cycle) -> tuple[float, float | None, int]:
    """Dead lithium at the end of a cycle by connectivity and by the potential [mAh/cm2], and its pieces."""
    index = ledger.nearest(run.times, cycle.end, ledger.NEAR * (cycle.end - cycle.start))
    volume = ledger.molar_volume(run)
    lithium = run.field("pore_fraction", 0) * run.field("phase", index)
    potentials = [run.field(name, index) for name in ("electronic_potential", "ionic_potential")]
    joined_not, floats = ledger.dead_cells(run, index), dead_lithium.by_potential(lithium, *potentials)
    charges = [None if cells is None else ledger.charge(lithium, cells, run.spacing, volume) / mAh_per_cm2
               for cells in (joined_not, floats)]  # fmt: skip
    return *charges, len(dead_lithium.pieces(lithium, joined_not, run.spacing).volumes)


def _share(found, part: str) -> float | None:
    """Of the charge plated in these cycles, that stayed there [-]."""
    values = [getattr(cycle, part) for cycle in found]
    return None if None in values else sum(values) / sum(cycle.plated for cycle in found)


if __name__ == "__main__":
    study()
