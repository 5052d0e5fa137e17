"""What the electrolyte conducts through pores that close: the model's cells of 1 um against voxels of 0.25 um.

In the uppermost 10 um of the LLTO@CNT host of the study `numerics`, between its two faces, over that in the open. The
model: in a run at an i0 of 0.1 A/m2, which plates a film of nearly even thickness, with its own means on the faces.
The voxels: sharp walls, and a film of even thickness on them, by the Euclidean distance.
"""

from functools import cache

import jax.numpy as jnp
import numpy as np
from scipy import ndimage

from phasefield import build, effective_conductivity, snapshots
from phasefield.conduction import between_plates
from phasefield.config import compose
from phasefield.model import Model
from phasefield.physics.conductivities import through_pores
from phasefield.units import mAh_per_cm2, um
from validation.results import write_table
from validation.runs import run_all

BASE = ["host=llto_cnt", "grid.width_um=16"]
OVERRIDES = [*BASE, "lithium.exchange_current_density_A_m2=0.1"]  # plates evenly
VOXEL = 0.25  # um
DEPTH = 10.0  # um from the top of the host
HEADER = (
    "capacity_mAh_cm2", "lithium_um", "model", "film_um", "lithium_in_voxels_um", "voxels_harmonic", "voxels_arithmetic"
)  # fmt: skip


def study() -> None:
    folder = run_all({"even": OVERRIDES}, "closing_pores")["even"]
    pore, distance = sharp_layer()
    rows = []
    for capacity, lithium, kappa in model(folder):
        rows.append([capacity, lithium, kappa, *even_film(pore, distance, lithium)])
        print(*rows[-1], flush=True)
    write_table("closing_pores", HEADER, rows)


def model(folder) -> list[tuple[float, float, float]]:
    """(capacity [mAh/cm2], lithium in the layer [um], conductivity over that in the open) of each snapshot."""
    run = snapshots.load(folder)
    layer = layer_between(run, run.host_top - DEPTH * um, run.host_top)
    pore = run.static["pore_fraction"][layer]
    found = []
    for index, capacity in enumerate(run.capacities / mAh_per_cm2):
        lithium = float((pore * run.field("phase", index)[layer]).sum() * run.spacing / um / pore[0].size)
        found.append((float(capacity), lithium, conductivity(run, index, layer, tuple(OVERRIDES))))
    return found


def layer_between(run, bottom: float, top: float) -> slice:
    """Of axis 0 between two heights [m]."""
    return slice(round(bottom / run.spacing), round(top / run.spacing))


def conductivity(run, index: int, layer: slice, overrides: tuple[str, ...]) -> float:
    """Of the electrolyte between the faces of a layer, over that in the open [-], with the model's means on the faces.

    Args: index: of the snapshot. overrides: of the run.
    """
    host = model_of(overrides)
    exponent = float(host.electrolyte.bruggeman_exponent)
    left = (1 - run.field("phase", index)[layer].astype(np.float64)).clip(0) ** exponent
    ends = np.asarray(host.reactive_pore)[layer][[0, -1]] ** exponent * left[[0, -1]]
    passages = [np.asarray(passage)[layer] for passage in host.passages]
    return between_plates(through_pores(passages, jnp.asarray(left)), ends).effective_conductivity


@cache
def model_of(overrides: tuple[str, ...]) -> Model:
    """The model of a run; built once."""
    config = compose(overrides)
    return build.model(config, build.geometry(config))


def sharp_layer() -> tuple[np.ndarray, np.ndarray]:
    """(whether a voxel is pore, its distance from the walls [um]) in the layer."""
    host = build.geometry(compose([*BASE, f"grid.spacing_um={VOXEL}", "host.diffuse_cells=0"]))
    pore = np.asarray(host.pore) > 0.5
    far = round(4 / VOXEL)
    around = np.pad(pore, [(0, 0), (far, far), (far, far)], mode="wrap")
    distance = ndimage.distance_transform_edt(around)[:, far:-far, far:-far] * VOXEL
    top = round(host.top / um / VOXEL)
    layer = slice(top - round(DEPTH / VOXEL), top)
    return pore[layer], distance[layer]


def even_film(pore, distance, lithium: float) -> tuple[float, float, float, float]:
    """(thickness [um], lithium [um], conductivity with the harmonic and the arithmetic mean) next to that much."""
    films = np.concatenate([[0.0], np.unique(distance[pore])])
    held = np.array([(pore & (distance <= film)).mean() for film in films]) * DEPTH
    nearest = int(np.argmin(np.abs(held - lithium)))
    left = (pore & (distance > films[nearest])).astype(float)
    means = (effective_conductivity(left, mean=mean) for mean in ("harmonic", "arithmetic"))
    return float(films[nearest]), float(held[nearest]), *means


if __name__ == "__main__":
    study()
