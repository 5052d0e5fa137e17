"""Cells, walls and fronts: how far the answer hangs on their widths, and whether the verdicts do.

Walls and fronts are diffuse over a cell or so, and open what is narrower. Two questions on hosts 16 um wide:

- which of the widths it is. CNT that nucleates everywhere at once (no barrier), so that no draws of nuclei blur the
  comparison, on one packing: cell, walls and front varied one at a time;
- whether it matters for the comparison with the experiment: its hosts again, at the two exchange current densities
  where they differ most, each packing on cells of 1 and of 0.5 um; and one packing of LLTO@CNT on 0.25 um.
"""

import numpy as np

from phasefield import snapshots
from validation import closing_pores
from validation.experiment import (
    CAPACITIES,
    CLAIMS,
    EXCHANGE,
    SEEDS,
    SUBSTRATES,
    SUMMARY,
    mean_and_spread,
    summary_row,
)
from validation.results import markdown, read_table, write_table
from validation.runs import measured, run_all

BASE = ["grid.width_um=16"]
BARRIER = "material.cnt.nucleation_overpotential_mV=[0,0]"
WITHOUT_BARRIER = ["host=cnt", BARRIER]
WIDTHS = (  # cell (um), standard deviation of the walls (cells), width of the front (cells), up to (mAh/cm2)
    (1.0, 1.2, 1, 4),
    (1.0, 0.6, 1, 4),
    (1.0, 1.2, 0.5, 4),
    (1.0, 0.6, 0.5, 4),
    (0.5, 1.2, 1, 4),
    (0.5, 0.6, 0.5, 4),
    (0.25, 0.6, 0.5, 1),
)
WIDTH_NAMES = ("cell_um", "walls_um", "front_um")
CELLS = ("1", "0.5")  # um
PACKINGS = {  # of each host at each i0: 2 to 12 min of a core each on 0.5 um
    "cnt": {"1": 3, "10": 2},
    "llto": {"1": 2},
    "llto_cnt": {"1": 2, "10": 2},
}
CLOSING = ("llto_cnt", "10", 0)  # host, i0 and packing whose top closes while it is filled: on a third cell too
CLOSING_CELLS = (*CELLS, "0.25")
DRAWN = ("cnt", "10", 0)  # host, i0 and packing that has so few nuclei that each draw of them is another host
DRAWS = {  # what changes them, at 1 mAh/cm2; None: the run of the comparison
    "0": None,
    **{str(draw): [f"nucleation.seed={draw}"] for draw in (1, 2, 3, 4)},
    "no barrier": [BARRIER],
}
MEASURES = ("top_bottom_index", "fraction_upper_third", "fraction_above_host", "pore_filling", "potential_mV")
DRAW_MEASURES = ("top_bottom_index", "nuclei", "nucleation_overpotential_mV")
CLOSING_MEASURES = ("top_bottom_index", "fraction_above_host", "potential_mV")
CHECKED = [claim for claim in CLAIMS if claim.substrate != "Cu"]


def width_cases() -> dict[str, list[str]]:
    return {
        f"widths_{cell:g}_{walls:g}_{front:g}": [
            *WITHOUT_BARRIER,
            *BASE,
            f"grid.spacing_um={cell:g}",
            f"host.diffuse_cells={walls:g}",
            f"grid.interface_cells={front:g}",
            f"protocol.capacity_mAh_cm2={end}",
        ]
        for cell, walls, front, end in WIDTHS
    }


def experiment_cases() -> dict[str, list[str]]:
    return dict(
        case(host, i0, seed, cell)
        for i0 in EXCHANGE
        for cell in CELLS
        for host in SUBSTRATES
        if host != "cu"
        for seed in seeds(host, i0)
    )


def case(host: str, i0: str, seed: int, cell: str) -> tuple[str, list[str]]:
    """Name of a run of the experiment on a cell [um], and its overrides."""
    i0_key = "lithium.exchange_current_density_A_m2"
    return case_name(host, i0, seed, cell), [
        f"host={host}", *BASE, f"grid.spacing_um={cell}", f"{i0_key}={i0}", f"seed={seed}",
    ]  # fmt: skip


def case_name(host: str, i0: str, seed: int, cell: str) -> str:
    return f"{host}_i0_{i0}_seed{seed}_{cell}um"


def draw_cases() -> dict[str, list[str]]:
    return {
        draw_name(draw, cell): [*case(*DRAWN, cell)[1], *change, "protocol.capacity_mAh_cm2=1"]
        for cell in CELLS
        for draw, change in DRAWS.items()
        if change
    }


def draw_name(draw: str, cell: str) -> str:
    return f"draw_{draw.replace(' ', '_')}_{cell}um" if DRAWS[draw] else case_name(*DRAWN, cell)


def seeds(host: str, i0: str) -> tuple[int, ...]:
    """The packings that are compared."""
    return SEEDS[: PACKINGS[host].get(i0, 0)]


def study() -> None:
    closing = dict([case(*CLOSING, CLOSING_CELLS[-1])])
    folders = run_all({**width_cases(), **experiment_cases(), **draw_cases(), **closing}, "cells")
    write_widths(folders)
    write_experiment(folders)
    write_draws(folders)
    write_fine(folders)
    write_closing(folders)


def write_widths(folders) -> None:
    rows = []
    for (name, overrides), (cell, walls, front, _) in zip(width_cases().items(), WIDTHS, strict=True):
        for capacity in CAPACITIES:
            found = measured(folders[name], capacity)
            if found is not None:
                run = snapshots.load(folders[name])
                host = closing_pores.layer_between(run, run.host_bottom, run.host_top)
                index = run.nearest(capacity=capacity)
                relative = closing_pores.conductivity(run, index, host, tuple(overrides))
                rows.append([cell, walls * cell, front * cell, capacity, relative, *(found[m] for m in MEASURES)])
    write_table("widths", [*WIDTH_NAMES, "capacity_mAh_cm2", "electrolyte_conductivity", *MEASURES], rows)


def write_experiment(folders) -> None:
    """One row a claim of the paper: both cells at each i0, the change from packing to packing, and the verdicts."""
    labels = {label: host for host, label in SUBSTRATES.items()}
    rows = []
    for claim in CHECKED:
        for i0 in EXCHANGE:
            host = labels[claim.substrate]
            if not seeds(host, i0):
                continue
            values = {
                cell: [value_of(claim, folders[case_name(host, i0, seed, cell)]) for seed in seeds(host, i0)]
                for cell in CELLS
            }
            coarse, fine = (values[cell] for cell in CELLS)
            pairs = [b - a for a, b in zip(coarse, fine, strict=True) if a is not None and b is not None]
            means = [mean_and_spread(values[cell])[0] for cell in CELLS]
            verdicts = ["not reached" if mean is None else claim.verdict(mean) for mean in means]
            change = (*mean_and_spread(pairs), len(pairs))
            rows.append([claim.substrate, claim.capacity, claim.text, i0, *means, *change, *verdicts])
    write_table(
        "cells",
        [
            "substrate",
            "capacity_mAh_cm2",
            "claim",
            "exchange_current_density_A_m2",
            *(f"mean_{cell}_um" for cell in CELLS),
            "change",
            "change_sd",
            "packings",
            *(f"verdict_{cell}_um" for cell in CELLS),
        ],
        rows,
    )


def write_draws(folders) -> None:
    """One row a draw of nuclei and cell, at 1 mAh/cm2."""
    rows = []
    for cell in CELLS:
        for draw in DRAWS:
            found = measured(folders[draw_name(draw, cell)], 1.0)
            rows.append([cell, draw, *(found[name] for name in DRAW_MEASURES)])
    write_table("draws", ["cell_um", "draw", *DRAW_MEASURES], rows)


def write_fine(folders) -> None:
    """The measures of the experiment on the smallest cell, as `experiment` writes them for 1 um."""
    rows = []
    for i0 in EXCHANGE:
        for host, label in SUBSTRATES.items():
            if host == "cu" or not seeds(host, i0):
                continue
            for capacity in CAPACITIES:
                runs = [folders[case_name(host, i0, seed, CELLS[-1])] for seed in seeds(host, i0)]
                found = [values for values in (measured(run, capacity) for run in runs) if values is not None]
                rows.append(summary_row(label, i0, capacity, found))
    write_table("experiment_fine", SUMMARY, rows)


def write_closing(folders) -> None:
    """How a host whose top closes fills, on three cells."""
    rows = []
    for capacity in np.arange(0.5, 4.01, 0.5):
        found = [measured(folders[case_name(*CLOSING, cell)], capacity) for cell in CLOSING_CELLS]
        rows.append([capacity, *(each[name] for name in CLOSING_MEASURES for each in found)])
    columns = [f"{name}_{cell}_um" for name in CLOSING_MEASURES for cell in CLOSING_CELLS]
    write_table("closing", ["capacity_mAh_cm2", *columns], rows)


def value_of(claim, folder) -> float | None:
    """The measure, or the sum of measures, that a claim is held against; None where the run did not get there."""
    found = measured(folder, claim.capacity)
    return None if found is None else float(np.sum([found[name] for name in claim.measures]))


def widths_table() -> str:
    """For the page: one row a choice of widths."""
    rows = read_table("widths")
    out = []
    for choice in dict.fromkeys(tuple(row[key] for key in WIDTH_NAMES) for row in rows):
        index = {
            float(row["capacity_mAh_cm2"]): f"{float(row['top_bottom_index']):+.3f}"
            for row in rows
            if tuple(row[key] for key in WIDTH_NAMES) == choice
        }
        first = next(row for row in rows if tuple(row[key] for key in WIDTH_NAMES) == choice)
        relative = f"{float(first['electrolyte_conductivity']):.3f}"
        out.append([*choice, relative, *(index.get(capacity, "–") for capacity in CAPACITIES)])
    header = ["cell (µm)", "walls (µm)", "front (µm)", f"κ at {CAPACITIES[0]:g} mAh/cm² over that in the open"]
    header += [f"index at {capacity:g}" for capacity in CAPACITIES]
    return markdown(header, out)


def cells_table() -> str:
    """For the page: each claim on both cells at each i0."""
    rows = read_table("cells")
    out = []
    for row in rows:
        means = [row[f"mean_{cell}_um"] for cell in CELLS]
        verdicts = list(dict.fromkeys(row[f"verdict_{cell}_um"] for cell in CELLS))
        change = f"{float(row['change']):+.2g} ± {float(row['change_sd']):.1g}" if row["change"] else "–"
        out.append(
            [
                row["substrate"],
                row["claim"],
                row["capacity_mAh_cm2"],
                row["exchange_current_density_A_m2"],
                *(f"{float(mean):.3g}" if mean else "–" for mean in means),
                change,
                row["packings"],
                ", then ".join(verdicts),
            ]
        )
    header = ["substrate", "claim", "mAh/cm²", "i0 (A/m²)", *(f"{cell} µm" for cell in CELLS)]
    return markdown([*header, "change", "packings", "verdict"], out)


def closing_table() -> str:
    """For the page: index, lithium above the host and potential at each charge, cell by cell."""
    forms = dict(zip(CLOSING_MEASURES, ("+.3f", ".1%", ".1f"), strict=True))
    out = [
        [row["capacity_mAh_cm2"]]
        + [format(float(row[f"{name}_{cell}_um"]), forms[name]) for name in CLOSING_MEASURES for cell in CLOSING_CELLS]
        for row in read_table("closing")
    ]
    names = ("index", "above the host", "potential (mV)")
    return markdown(["mAh/cm²", *(f"{name}, {cell} µm" for name in names for cell in CLOSING_CELLS)], out)
