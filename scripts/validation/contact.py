"""Contact: how far LLTO's nucleation spike hangs on the line where LLTO, copper and electrolyte meet.

Pristine LLTO hardly conducts electrons, so that of its surface only what lies in the diffuse foot of the collector can
plate, unless what has nucleated conducts. Cell, width of the walls, conductivity of pristine LLTO and such a film are
varied, up to 0.1 mAh/cm2 on hosts 16 um wide; and what the film does to LLTO up to 4 mAh/cm2.
"""

from validation.results import markdown, read_table, write_table
from validation.runs import measured, run_all

WIDTHS = ((1.0, 1.0), (1.0, 0.5), (0.5, 2.0), (0.5, 1.0), (0.5, 0.5))  # cell (um), deviation of the walls (cells)
END = 0.1  # mAh/cm2
SURFACES = (  # conductivity of pristine LLTO (S/m), film of lithium on nucleated walls (nm)
    ("1e-6", "0"),  # the default
    ("1e-5", "0"),
    ("2.4e-4", "0"),  # the bound that B gives
    ("1e-6", "2"),  # a critical nucleus
)
HEADER = (
    "conductivity_S_m",
    "film_nm",
    "cell_um",
    "walls_um",
    "spike_mV",
    "overpotential_at_the_end_mV",
    "index_at_the_end",
)
CHOICES = [(*surface, *widths) for surface in SURFACES for widths in WIDTHS]


PACKINGS = {"1": 3, "10": 2, "0.1": 2}  # of each exchange current density (A/m2), to the end
CAPACITIES = (1, 2, 4)  # mAh/cm2
FILMS = ("0", "2")  # nm
WHOLE_MEASURES = (
    "nucleation_overpotential_mV",
    "top_bottom_index",
    "fraction_lower_third",
    "fraction_above_host",
    "pore_filling",
)


def cases() -> dict[str, list[str]]:
    return {
        f"{sigma}_{film}_{cell:g}_{walls:g}": [
            "host=llto",
            "grid.width_um=16",
            f"grid.spacing_um={cell:g}",
            f"host.diffuse_cells={walls:g}",
            f"material.llto.electronic_conductivity_S_m=[{sigma},2.0]",
            f"nucleation.film_nm={film}",
            f"protocol.capacity_mAh_cm2={END}",
        ]
        for sigma, film, cell, walls in CHOICES
    }


def whole_cases() -> dict[str, list[str]]:
    return {
        f"whole_{i0}_{seed}_{film}": [
            "host=llto",
            "grid.width_um=16",
            f"lithium.exchange_current_density_A_m2={i0}",
            f"seed={seed}",
            f"nucleation.film_nm={film}",
        ]
        for i0, packings in PACKINGS.items()
        for seed in range(packings)
        for film in FILMS
    }


def study() -> None:
    folders = run_all({**cases(), **whole_cases()}, "contact")
    write_spikes(folders)
    write_whole(folders)


def write_spikes(folders) -> None:
    rows = []
    for name, (sigma, film, cell, walls) in zip(cases(), CHOICES, strict=True):
        found = measured(folders[name], END)
        ends = [-found["potential_mV"], found["top_bottom_index"]]
        rows.append([sigma, film, cell, walls * cell, found["nucleation_overpotential_mV"], *ends])
    write_table("contact", HEADER, rows)


def write_whole(folders) -> None:
    """Mean over the packings at each exchange current density, charge and film."""
    rows = []
    for i0, packings in PACKINGS.items():
        for capacity in CAPACITIES:
            for film in FILMS:
                found = [measured(folders[f"whole_{i0}_{seed}_{film}"], capacity) for seed in range(packings)]
                means = [sum(each[measure] for each in found) / packings for measure in WHOLE_MEASURES]
                rows.append([i0, capacity, film, packings, *means])
    header = ["exchange_current_density_A_m2", "capacity_mAh_cm2", "film_nm", "packings", *WHOLE_MEASURES]
    write_table("film", header, rows)


def film_table() -> str:
    """For the page: without and with the film, side by side."""
    rows = read_table("film")
    out = []
    for one, other in zip(rows[::2], rows[1::2], strict=True):
        pairs = [
            f"{float(one[m]):.0f}, {float(other[m]):.0f}" if m.endswith("_mV") else _share(one[m], other[m], m)
            for m in WHOLE_MEASURES
        ]
        out.append([one["exchange_current_density_A_m2"], one["capacity_mAh_cm2"], one["packings"], *pairs])
    header = [
        "i0 (A/m²)",
        "mAh/cm²",
        "packings",
        "spike (mV)",
        "index",
        "lower third",
        "above the host",
        "pores filled",
    ]
    return markdown(header, out)


def _share(one, other, measure: str) -> str:
    form = "+.2f" if measure == "top_bottom_index" else ".0%"
    return f"{float(one):{form}}, {float(other):{form}}"


def contact_table() -> str:
    """For the page: rows are widths, columns surfaces."""
    rows = read_table("contact")
    out = []
    for width in dict.fromkeys((row["cell_um"], row["walls_um"]) for row in rows):
        found = {
            (row["conductivity_S_m"], row["film_nm"]): row for row in rows if (row["cell_um"], row["walls_um"]) == width
        }
        ends = [found[surface] for surface in SURFACES]
        out.append(
            [*width, *(f"{float(r['spike_mV']):.0f}, {float(r['overpotential_at_the_end_mV']):.0f}" for r in ends)]
        )
    names = [f"σ = {sigma} S/m" + (f", film of {film} nm" if film != "0" else "") for sigma, film in SURFACES]
    return markdown(["cell (µm)", "walls (µm)", *names], out)
