"""Packings: whether a cell shifts the answer, or only draws another one, from packing to packing.

What a host does once pores close hangs on which of them close first, and one packing on two cells says little about
the cell. Five packings 16 um wide, each on cells of 1 and of 0.5 um; the difference counts against its standard error.
CNT draws its nuclei, and at an i0 of 10 A/m2 so few that where they stand blurs it: there once as drawn on either
cell, and at 1 and 10 A/m2 with those drawn on 1 um on both. And CNT without a barrier once more with an electrolyte
that makes up for what the pores conduct too well or too badly on either cell (study `necks`, which comes first).
"""

import jax.numpy as jnp
import numpy as np

from phasefield import build, measures, timeline
from phasefield.config import compose
from phasefield.host import Geometry
from phasefield.physics import coverage
from phasefield.timeline import Outcome
from validation.cells import BARRIER, CELLS, case
from validation.experiment import SEEDS
from validation.necks import kappa, right_kappa
from validation.results import markdown, read_table, write_table
from validation.runs import measured, run_all

PUT_RIGHT = "CNT without barrier, pores as they conduct"
HOSTS = {  # label: host, i0 (A/m2), what else, up to (mAh/cm2)
    "LLTO@CNT": ("llto_cnt", "1", [], 4.0),
    "CNT without barrier": ("cnt", "1", [BARRIER], 2.0),
    PUT_RIGHT: ("cnt", "1", [BARRIER], 2.0),
    "CNT": ("cnt", "10", [], 1.0),
}
CAPACITIES = (0.5, 1.0, 2.0, 4.0)  # mAh/cm2
MEASURES = {  # of the page's table: its header and form
    "top_bottom_index": ("index", "+.3f"),
    "fraction_above_host": ("above the host", ".3f"),
}
SAME = "CNT, same nuclei"
SAME_UP_TO = 1.0  # mAh/cm2
DRAWN_BY = {"1": 0.005, "10": 0.002}  # i0 (A/m2): when all nuclei are there (mAh/cm2)
WHOLE = 0.99  # of a cell's surface
NO_MORE = [f"material.{name}.nucleation_overpotential_mV=[1000,1000]" for name in ("cnt", "cu")]
RUN = ("host", "exchange_current_density_A_m2", "capacity_mAh_cm2", "cell_um", "packing")


def cases() -> dict[str, list[str]]:
    return {
        name(label, seed, cell): [
            *case(host, i0, seed, cell)[1],
            *change,
            *(put_right(host, seed, cell) if label == PUT_RIGHT else []),
            f"protocol.capacity_mAh_cm2={end:g}",
        ]
        for label, (host, i0, change, end) in HOSTS.items()
        for cell in CELLS
        for seed in SEEDS
    }


def put_right(host: str, seed: int, cell: str) -> list[str]:
    """An electrolyte in which the empty pores conduct on this cell as they should."""
    own = compose([f"host={host}"]).electrolyte
    factor = right_kappa(seed) / kappa(seed, float(cell))
    return [
        f"electrolyte.conductivity_S_m={own.conductivity_S_m * factor}",
        f"electrolyte.diffusivity_m2_s={own.diffusivity_m2_s * factor}",
    ]


def name(label: str, seed: int, cell: str) -> str:
    return f"{label.replace(',', '').replace(' ', '_')}_seed{seed}_{cell}um"


def study() -> None:
    """One row a run and charge."""
    folders = run_all(cases(), "packings")
    rows = []
    for label, (_, i0, _, end) in HOSTS.items():
        for capacity in (each for each in CAPACITIES if each <= end):
            for cell in CELLS:
                for seed in SEEDS:
                    found = measured(folders[name(label, seed, cell)], capacity)
                    rows.append([label, i0, capacity, cell, seed, *(found[m] for m in MEASURES)])
    rows += [row for i0, drawn in DRAWN_BY.items() for seed in SEEDS for row in with_same_nuclei(i0, drawn, seed)]
    write_table("packings", [*RUN, *MEASURES], rows)


def with_same_nuclei(i0: str, drawn: float, seed: int) -> list[list]:
    """Rows as above of CNT in one packing on both cells, with the nuclei that it has drawn on the coarser by then."""
    nucleated = np.asarray(run(case("cnt", i0, seed, CELLS[0])[1], drawn)[1].state.nucleated)
    rows = []
    for cell in CELLS:
        finer = round(float(CELLS[0]) / float(cell))
        geometry, outcome = run([*case("cnt", i0, seed, cell)[1], *NO_MORE], SAME_UP_TO, in_cells(nucleated, finer))
        phase = np.asarray(outcome.state.phase)
        found = measures.where_lithium_lies(
            np.asarray(geometry.pore), phase, geometry.spacing, geometry.bottom, geometry.top
        )
        rows.append([SAME, i0, SAME_UP_TO, cell, seed, *(found[m] for m in MEASURES)])
    return rows


def in_cells(field, finer: int):
    """The field on cells so much finer."""
    for axis in range(3):
        field = field.repeat(finer, axis)
    return field


def run(overrides: list[str], capacity: float, nucleated=None) -> tuple[Geometry, Outcome]:
    """Up to a capacity [mAh/cm2], from nuclei on the cells whose whole surface has nucleated.

    As they are drawn: `State.with_nucleated` would leave their rims to what neighbours tell, which is late at corners.
    """
    config = compose([*overrides, f"protocol.capacity_mAh_cm2={capacity:g}"])
    geometry = build.geometry(config)
    model = build.model(config, geometry)
    state = build.initial_state(config, model)
    if nucleated is not None:
        patches = jnp.asarray(nucleated > WHOLE, model.pore.dtype)
        state = state.with_rims(coverage.with_patches(model, state.rim_distance, patches))
    return geometry, timeline.run(model, state, build.protocol(config), build.time_control(config))


def packings_table() -> str:
    """For the page: mean ± standard deviation on each cell, and the mean change ± its standard error."""
    rows = read_table("packings")
    out = []
    for choice in dict.fromkeys(tuple(row[key] for key in RUN[:3]) for row in rows):
        line = list(choice)
        for measure, (_, form) in MEASURES.items():
            coarse, fine = (
                np.array([float(r[measure]) for r in rows if tuple(r[k] for k in RUN[:4]) == (*choice, cell)])
                for cell in CELLS
            )
            change = fine - coarse
            error = change.std(ddof=1) / np.sqrt(len(change))
            unsigned = form.removeprefix("+")
            line += [f"{values.mean():{form}} ± {values.std(ddof=1):{unsigned}}" for values in (coarse, fine)]
            line += [f"{change.mean():+.3f} ± {error:.3f}"]
        out.append(line)
    header = ["host", "i0 (A/m²)", "mAh/cm²"]
    for label, _ in MEASURES.values():
        header += [*(f"{label}, {cell} µm" for cell in CELLS), "change"]
    return markdown(header, out)
