"""What diffuse walls do to the conductivity of the pores: they open necks that are hardly wider than a cell.

The electrolyte in the layer of the CNT host of the study `numerics`, kappa_e pore^1.5 as the model has it, between its
two faces: on three cells, with walls twice as diffuse as the model's, as diffuse as them and sharp.
"""

from phasefield import build, effective_conductivity
from phasefield.config import compose
from validation.results import write_table

PACKINGS = (0, 1, 2, 3, 4)
CELLS = (1.0, 0.5, 0.25)  # um
MODEL_WALLS = 0.6  # cells, standard deviation of the Gaussian
WALLS = (2 * MODEL_WALLS, MODEL_WALLS, 0.0)
MEANS = ("arithmetic", "harmonic")
HEADER = ("packing", "cell_um", "wall_cells", *(f"kappa_S_m_{mean}" for mean in MEANS))


def study() -> None:
    rows = []
    for packing in PACKINGS:
        for cell in CELLS:
            for walls in WALLS:
                rows.append([packing, cell, walls, *conductivities(packing, cell, walls)])
                print(*rows[-1], flush=True)
    write_table("necks", HEADER, rows)


def conductivities(packing: int, cell: float, walls: float) -> list[float]:
    """Of the electrolyte in the pores [S/m], with either mean on the faces."""
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
    kappa = electrolyte.conductivity * host.pore[host.planes].clip(0) ** electrolyte.bruggeman_exponent
    return [effective_conductivity(kappa, mean=mean) for mean in MEANS]


if __name__ == "__main__":
    study()
