"""What diffuse walls do to the conductivity of the pores: open necks hardly wider than a cell, and narrow the rest.

The electrolyte in the layer of the CNT host of the study `numerics`, between its two faces: kappa_e pore^1.5 as the
model has it on three cells, with walls twice as diffuse as the model's, as diffuse as them and sharp. And what it is
without walls to speak of: kappa_e pore, the open share of each cell, sharp, on cells down to an eighth.
"""

from phasefield import build, effective_conductivity
from phasefield.config import compose
from validation.results import markdown, read_table, write_table

PACKINGS = (0, 1, 2, 3, 4)
CELLS = (1.0, 0.5, 0.25)  # um
FINEST = 0.125  # um, of the open share alone
MODEL_WALLS = 0.6  # cells, standard deviation of the Gaussian
WALLS = (2 * MODEL_WALLS, MODEL_WALLS, 0.0)
MEANS = ("arithmetic", "harmonic")
OPEN_SHARE = 1.0  # exponent of the pore fraction
HEADER = ("packing", "cell_um", "wall_cells", "exponent", *(f"kappa_S_m_{mean}" for mean in MEANS))


def study() -> None:
    rows = []
    for packing in PACKINGS:
        choices = [(cell, walls, None) for cell in CELLS for walls in WALLS]
        choices += [(cell, 0.0, OPEN_SHARE) for cell in (*CELLS, FINEST)]
        for choice in choices:
            rows.append([packing, *conductivities(packing, *choice)])
            print(*rows[-1], flush=True)
    write_table("necks", HEADER, rows)


def conductivities(packing: int, cell: float, walls: float, exponent: float | None) -> list[float]:
    """(cell, walls, exponent, conductivity of the electrolyte in the pores [S/m] with either mean on the faces).

    Args: exponent: of the pore fraction; that of the electrolyte if None.
    """
    config = compose(
        [
            "host=cnt",
            "grid.width_um=16",
            f"grid.spacing_um={cell}",
            f"host.diffuse_cells={walls}",
            f"seed={packing}",
        ]
    )
    host = build.geometry(config)
    electrolyte = build.electrolyte(config)
    exponent = float(electrolyte.bruggeman_exponent) if exponent is None else exponent
    kappa = electrolyte.conductivity * host.pore[host.planes].clip(0) ** exponent
    return [cell, walls, exponent, *(effective_conductivity(kappa, mean=mean) for mean in MEANS)]


def kappa(packing: int, cell: float, walls: float, exponent: float | None = None) -> float:
    """Conductivity that the study found [S/m], with the model's mean on the faces; exponent: as above."""
    for row in read_table("necks"):
        same = (float(row["packing"]), float(row["cell_um"]), float(row["wall_cells"])) == (packing, cell, walls)
        if same and (float(row["exponent"]) == OPEN_SHARE) == (exponent == OPEN_SHARE):
            return float(row["kappa_S_m_harmonic"])
    raise ValueError(f"necks.csv has no packing {packing} on {cell} um with walls of {walls} cells")


def right_kappa(packing: int) -> float:
    """Conductivity of the pores [S/m]: what their open shares give on the finest cells."""
    return kappa(packing, FINEST, 0.0, OPEN_SHARE)


def necks_table() -> str:
    """For the page: of each packing what the model has on each cell, and what is right."""
    lines = []
    for packing in PACKINGS:
        models = [kappa(packing, cell, MODEL_WALLS) for cell in CELLS]
        open_shares = [kappa(packing, cell, 0.0, OPEN_SHARE) for cell in CELLS]
        off = (f"{value:.4f} ({100 * (value / right_kappa(packing) - 1):+.0f} %)" for value in (*models, *open_shares))
        lines.append([packing, *off, f"{right_kappa(packing):.4f}"])
    cells = [f"{cell:g} µm" for cell in CELLS]
    header = ["packing", *(f"model, {c}" for c in cells), *(f"open share, {c}" for c in cells), f"{FINEST:g} µm"]
    return markdown(header, lines)


if __name__ == "__main__":
    study()
