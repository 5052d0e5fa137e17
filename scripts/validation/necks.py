"""What the pores of a host conduct on cells of 1, 0.5 and 0.25 um, and what they conduct in truth.

The electrolyte in the layer of the CNT host of the study `numerics`, between its two faces: as the model has it, from
halves of the cells; from its diffuse cells alone, kappa_e pore^1.5 with either mean on the faces; and without walls to
speak of, kappa_e pore, the open share of each cell, sharp, on cells down to an eighth.
"""

from phasefield import build, effective_conductivity
from phasefield.config import compose
from phasefield.host.measures import ionic_conductivity
from validation.results import markdown, read_table, write_table

PACKINGS = (0, 1, 2, 3, 4)
CELLS = (1.0, 0.5, 0.25)  # um
FINEST = 0.125  # um, of the open share alone
MODEL, OPEN_SHARE = "model", "open share"
DIFFUSE = {"diffuse cells, harmonic mean": "harmonic", "diffuse cells, arithmetic mean": "arithmetic"}
HEADER = ("packing", "cell_um", "what", "kappa_S_m")


def study() -> None:
    rows = []
    for packing in PACKINGS:
        choices = [(cell, what) for cell in CELLS for what in (MODEL, *DIFFUSE)]
        choices += [(cell, OPEN_SHARE) for cell in (*CELLS, FINEST)]
        for cell, what in choices:
            rows.append([packing, cell, what, conductivity(packing, cell, what)])
            print(*rows[-1], flush=True)
    write_table("necks", HEADER, rows)


def conductivity(packing: int, cell: float, what: str) -> float:
    """Of the electrolyte in the pores [S/m]."""
    config = compose(
        [
            "host=cnt",
            "grid.width_um=16",
            f"grid.spacing_um={cell}",
            f"seed={packing}",
            *(["host.diffuse_cells=0"] if what == OPEN_SHARE else []),
        ]
    )
    host, electrolyte = build.geometry(config), build.electrolyte(config)
    if what == MODEL:
        return ionic_conductivity(host, electrolyte.conductivity, electrolyte.bruggeman_exponent)
    exponent = 1.0 if what == OPEN_SHARE else electrolyte.bruggeman_exponent
    pores = electrolyte.conductivity * host.pore[host.planes].clip(0) ** exponent
    return effective_conductivity(pores, mean=DIFFUSE.get(what, "harmonic"))


def kappa(packing: int, cell: float, what: str = MODEL) -> float:
    """Conductivity that the study found [S/m]."""
    for row in read_table("necks"):
        if (float(row["packing"]), float(row["cell_um"]), row["what"]) == (packing, cell, what):
            return float(row["kappa_S_m"])
    raise ValueError(f"necks.csv has no packing {packing} on {cell} um, {what}")


def right_kappa(packing: int) -> float:
    """Conductivity of the pores [S/m]: what their open shares give on the finest cells."""
    return kappa(packing, FINEST, OPEN_SHARE)


def necks_table() -> str:
    """For the page: of each packing what the model has on each cell, and what is right."""
    lines = []
    for packing in PACKINGS:
        found = [kappa(packing, cell, what) for what in (MODEL, OPEN_SHARE) for cell in CELLS]
        off = (f"{value:.4f} ({100 * (value / right_kappa(packing) - 1):+.0f} %)" for value in found)
        lines.append([packing, *off, f"{right_kappa(packing):.4f}"])
    header = ["packing", *(f"{what}, {cell:g} µm" for what in (MODEL, OPEN_SHARE) for cell in CELLS)]
    return markdown([*header, f"{FINEST:g} µm"], lines)


if __name__ == "__main__":
    study()
