"""Does the answer depend on what is not physics? Cell size, front width, Gamma, time steps, tolerances, precision, the
height and width of the box and where its periodic sides lie.

One 3D host of 16 um, of CNT and of LLTO@CNT, varied one at a time about the default. Nucleation is random, and the same
seed on another grid is another draw: what a difference has to be held against is the spread over draws on one host,
which `nucleation.seed` gives on each grid. LLTO@CNT takes lithium everywhere from the start and draws nothing.
"""

from dataclasses import replace

import numpy as np

from phasefield import build
from phasefield.config import Config
from phasefield.host import Geometry
from validation.results import write_table
from validation.runs import measured, run_all

BASE = ["grid.width_um=16"]
HOSTS = {"cnt": "CNT", "llto_cnt": "LLTO@CNT"}
DRAWS = (1, 2, 3)
HALVED = [
    "solver.phase_change=0.05",
    "solver.overpotential_change_mV=2",
    "solver.capacity_change_mAh_cm2=0.015",
    "solver.nucleation_fraction=0.05",
]
DOUBLED = [
    "solver.phase_change=0.2",
    "solver.overpotential_change_mV=8",
    "solver.capacity_change_mAh_cm2=0.06",
    "solver.nucleation_fraction=0.2",
]
VARIED = {
    "default": [],
    **{f"draw {draw}": [f"nucleation.seed={draw}"] for draw in DRAWS},
    "cell 0.5 um": ["grid.spacing_um=0.5"],
    **{f"cell 0.5 um, draw {draw}": ["grid.spacing_um=0.5", f"nucleation.seed={draw}"] for draw in DRAWS},
    "cell 0.25 um": ["grid.spacing_um=0.25"],
    "front width 0.75 cells": ["grid.interface_cells=0.75"],
    "walls and fronts twice as wide": ["grid.interface_cells=1", "host.diffuse_cells=1.2"],
    "Gamma 2": ["solver.front_mobility=2"],
    "Gamma 10": ["solver.front_mobility=10"],
    "time steps halved": HALVED,
    **{f"time steps halved, draw {draw}": [*HALVED, f"nucleation.seed={draw}"] for draw in DRAWS},
    "time steps doubled": DOUBLED,
    **{f"time steps doubled, draw {draw}": [*DOUBLED, f"nucleation.seed={draw}"] for draw in DRAWS},
    "tolerances 100 times tighter": ["solver.charge_tolerance=1e-7", "solver.salt_tolerance=1e-7"],
    "float32": ["precision=float32"],
    "electrolyte 50 um high": ["grid.electrolyte_um=50"],
    "shifted by half the box": [],
    "four of it in one box": ["grid.width_um=32"],
    **{f"packing {seed}": [f"seed={seed}"] for seed in (1, 2, 3, 4)},
    "box 32 um wide": ["grid.width_um=32"],
    "box 48 um wide": ["grid.width_um=48"],
}


def shifted(config: Config) -> Geometry:
    """The host with its periodic sides in what was the middle of the box."""
    return moved(
        build.geometry(config), lambda field: np.roll(field, [n // 2 for n in field.shape[-2:]], axis=(-2, -1))
    )


def tiled(config: Config) -> Geometry:
    """The host of a box half as wide, four times side by side."""
    half = replace(config, grid=replace(config.grid, width_um=config.grid.width_um / 2))
    return moved(build.geometry(half), lambda field: np.tile(field, (2, 2)))


def moved(host: Geometry, change) -> Geometry:
    """The host with `change` made to its fields."""
    fields = ("fractions", "surface", "subgrid_pore")
    return replace(host, particles=None, **{name: change(getattr(host, name)) for name in fields})


HOSTS_BY_HAND = {"shifted by half the box": shifted, "four of it in one box": tiled}
COLUMNS = (
    "top_bottom_index",
    "fraction_lower_third",
    "fraction_upper_third",
    "fraction_above_host",
    "pore_filling",
    "potential_mV",
    "nucleation_overpotential_mV",
    "nuclei",
    "active_surface",
    "ledger_error",
    "steps",
)
CAPACITIES = (1.0, 4.0)


def variations(host: str) -> dict[str, list[str]]:
    """What is varied in a host: other draws only where nuclei are drawn."""
    return {name: overrides for name, overrides in VARIED.items() if host == "cnt" or "draw" not in name}


def name_of(host: str, variation: str) -> str:
    return f"{host}_{variation.replace(',', '').replace(' ', '_')}"


def study() -> None:
    cases = {
        name_of(host, variation): [f"host={host}", *BASE, *overrides]
        for host in HOSTS
        for variation, overrides in variations(host).items()
    }
    by_hand = {name_of(host, variation): made for variation, made in HOSTS_BY_HAND.items() for host in HOSTS}
    folders = run_all(cases, "numerics", by_hand)
    rows = []
    for host, label in HOSTS.items():
        for variation in variations(host):
            folder = folders[name_of(host, variation)]
            for capacity in CAPACITIES:
                found = measured(folder, capacity)
                if found is not None:
                    rows.append([label, variation, capacity, *(found[column] for column in COLUMNS)])
    write_table("numerics", ["host", "variation", "capacity_mAh_cm2", *COLUMNS], rows)
