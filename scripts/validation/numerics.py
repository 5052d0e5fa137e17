"""Does the answer depend on what is not physics? Cell size, front width, Gamma, time steps, tolerances, precision, the
height and width of the box and where its periodic sides lie.

One 3D host of 16 um, of CNT and of LLTO@CNT, varied one at a time about the default. Nucleation is random, and the same
seed on another grid is another draw: what a difference has to be held against is the spread over draws on one host.
"""

from validation.results import write_table
from validation.runs import measured, run_all

BASE = ["grid.width_um=16"]
HOSTS = {"cnt": "CNT", "llto_cnt": "LLTO@CNT"}
VARIED = {
    "default": [],
    "cell 0.5 um": ["grid.spacing_um=0.5"],
    "cell 0.25 um": ["grid.spacing_um=0.25"],
    "front width 0.75 cells": ["grid.interface_cells=0.75"],
    "front width 1.5 cells": ["grid.interface_cells=1.5"],
    "Gamma 2": ["solver.front_mobility=2"],
    "Gamma 10": ["solver.front_mobility=10"],
    "time steps halved": [
        "solver.phase_change=0.05",
        "solver.overpotential_change_mV=4",
        "solver.dt_max_s=60",
        "solver.nucleation_fraction=0.1",
    ],
    "time steps doubled": [
        "solver.phase_change=0.2",
        "solver.overpotential_change_mV=16",
        "solver.dt_max_s=240",
        "solver.nucleation_fraction=0.4",
    ],
    "tolerances 100 times tighter": ["solver.charge_tolerance=1e-7", "solver.salt_tolerance=1e-7"],
    "float32": ["precision=float32"],
    "electrolyte 50 um high": ["grid.electrolyte_um=50"],
}
COLUMNS = ("top_bottom_index", "fraction_lower_third", "fraction_upper_third", "fraction_above_host", "pore_filling")
CAPACITIES = (1.0, 4.0)


def name_of(host: str, variation: str) -> str:
    return f"{host}_{variation.replace(' ', '_')}"


def study() -> None:
    cases = {
        name_of(host, variation): [f"host={host}", *BASE, *overrides]
        for variation, overrides in VARIED.items()
        for host in HOSTS
    }
    folders = run_all(cases, "numerics")
    rows = []
    for host, label in HOSTS.items():
        for variation in VARIED:
            folder = folders[name_of(host, variation)]
            for capacity in CAPACITIES:
                found = measured(folder, capacity)
                if found is not None:
                    values = [found[column] for column in (*COLUMNS, "potential_mV", "nucleation_overpotential_mV")]
                    rows.append([label, variation, capacity, *values, found["ledger_error"], found["steps"]])
    header = ["host", "variation", "capacity_mAh_cm2", *COLUMNS, "potential_mV", "nucleation_overpotential_mV"]
    write_table("numerics", [*header, "ledger_error", "steps"], rows)
