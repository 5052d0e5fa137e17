"""Contact: how far LLTO's nucleation spike hangs on the line where LLTO, copper and electrolyte meet.

Pristine LLTO hardly conducts electrons, so that of its surface only what lies in the diffuse foot of the collector can
plate. Cell, width of the walls and conductivity of pristine LLTO are varied, up to 0.1 mAh/cm2 on hosts 16 um wide.
"""

from validation.results import markdown, read_table, write_table
from validation.runs import measured, run_all

WIDTHS = ((1.0, 1.0), (1.0, 0.5), (0.5, 2.0), (0.5, 1.0), (0.5, 0.5))  # cell (um), deviation of the walls (cells)
END = 0.1  # mAh/cm2
CONDUCTIVITIES = ("1e-6", "1e-5", "2.4e-4")  # S/m: the default, one between, and the bound that B gives


def cases() -> dict[str, list[str]]:
    return {
        f"{sigma}_{cell:g}_{walls:g}": [
            "host=llto",
            "grid.width_um=16",
            f"grid.spacing_um={cell:g}",
            f"host.diffuse_cells={walls:g}",
            f"material.llto.electronic_conductivity_S_m=[{sigma},2.0]",
            f"protocol.capacity_mAh_cm2={END}",
        ]
        for sigma in CONDUCTIVITIES
        for cell, walls in WIDTHS
    }


def study() -> None:
    folders = run_all(cases(), "contact")
    rows = []
    choices = [(sigma, cell, walls) for sigma in CONDUCTIVITIES for cell, walls in WIDTHS]
    for (sigma, cell, walls), folder in zip(choices, folders.values(), strict=True):
        found = measured(folder, END)
        rows.append([sigma, cell, walls * cell, found["nucleation_overpotential_mV"], -found["potential_mV"]])
    write_table("contact", ["conductivity_S_m", "cell_um", "walls_um", "spike_mV", "overpotential_at_the_end_mV"], rows)


def contact_table() -> str:
    """For the page: rows are widths, columns conductivities."""
    rows = read_table("contact")
    sigmas = list(dict.fromkeys(row["conductivity_S_m"] for row in rows))
    out = []
    for cell, walls in dict.fromkeys((row["cell_um"], row["walls_um"]) for row in rows):
        found = {row["conductivity_S_m"]: row for row in rows if (row["cell_um"], row["walls_um"]) == (cell, walls)}
        pairs = [(float(found[s]["spike_mV"]), float(found[s]["overpotential_at_the_end_mV"])) for s in sigmas]
        out.append([cell, walls, *(f"{spike:.0f}, {end:.0f}" for spike, end in pairs)])
    return markdown(["cell (µm)", "walls (µm)", *(f"σ = {s} S/m" for s in sigmas)], out)
