"""Nuclei in a host at one overpotential: what they cover and plate, by height, against distances.

The nuclei that CNT draws on cells of 1 um, grown with every potential held where it is, so that all fronts are as fast
and only geometry counts. Without cells lithium covers the walls and fills the pores within its way of what nucleated:
straight distances from the sharp host, on cells of 1/16 um.
"""

from collections.abc import Iterator
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
from scipy.ndimage import distance_transform_edt

from phasefield import build
from phasefield.config import compose
from phasefield.physics import charge, coverage, interface, reactions
from phasefield.units import FARADAY, um
from validation.cells import CELLS, case
from validation.packings import DRAWN_BY, WHOLE, in_cells, run
from validation.results import markdown, read_table, write_table

PACKINGS = (0, 1, 2)
ETA = -0.02  # V
STEP = 0.05  # um that fronts go in a step
WAYS = (0.1, 0.2, 0.4, 0.6, 0.8)  # um
FINE = 16  # cells a micrometre, of the distances
SLAB = 10  # um, which are taken at a time
AT_THE_TOP = 2.0  # um below the host's top
REGIONS = ("lower third", "middle third", "upper third", "top")
EXACT = "distances"
HEADER = ("packing", "cell_um", "region", "way_um", "covered_um2_um2", "volume_um")


def study() -> None:
    rows = []
    for packing in PACKINGS:
        i0, drawn = next(iter(DRAWN_BY.items()))
        nucleated = np.asarray(run(case("cnt", i0, packing, CELLS[0])[1], drawn)[1].state.nucleated) > WHOLE
        found = {cell: in_model(packing, cell, nucleated) for cell in CELLS} | {EXACT: by_distance(packing, nucleated)}
        for cell, results in found.items():
            for way, amounts in zip(WAYS, results, strict=True):
                amounts_of = zip(REGIONS, amounts.T.tolist(), strict=True)
                rows += [[packing, cell, where, way, *both] for where, both in amounts_of]
        print(*rows[-len(REGIONS) :], sep="\n", flush=True)
    write_table("grown_nuclei", HEADER, rows)


@jax.jit
def grown(model, state):
    """The state after all fronts have gone `STEP` [um], with every potential where it was."""
    fixed = charge.conductors(model, state)
    potentials = jnp.stack([jnp.zeros_like(model.pore), jnp.full_like(model.pore, ETA)])
    i, _ = reactions.lithium_kinetics(model, fixed, potentials[1])
    speed = i * model.lithium.molar_volume / FARADAY
    dt = STEP * um / jnp.max(speed)
    plating, *others, _ = reactions.rates(model, state, fixed, potentials, dt)
    none = jnp.zeros_like(plating)
    reaction = charge.Reaction(
        plating, *others, none, none, potentials[1], speed, jnp.max(speed), jnp.zeros(()), jnp.zeros(())
    )
    state = replace(state, phase=interface.advance(model, state, reaction, dt))
    return state.with_rims(coverage.spread(model, state.rim_distance, speed, dt))


def after_ways(model, state, ways=WAYS) -> Iterator:
    """The state after each way [um]."""
    for count in range(1, round(max(ways) / STEP) + 1):
        state = grown(model, state)
        if np.isclose(count * STEP, ways).any():
            yield state


def in_model(packing: int, cell: str, nucleated) -> list[np.ndarray]:
    """Covered area and volume by region, per area of the box, shape (2, regions), after each way."""
    config = compose(case("cnt", "1", packing, cell)[1])
    geometry = build.geometry(config)
    model = build.model(config, geometry)
    finer = round(float(CELLS[0]) / float(cell))
    patches = in_cells(nucleated, finer)[: model.grid.shape[0]]
    start = build.initial_state(config, model)
    start = start.with_rims(coverage.with_patches(model, start.rim_distance, jnp.asarray(patches, model.pore.dtype)))
    where, edge = region(geometry, model.grid.shape[0]), model.grid.spacing / um
    return [
        np.stack([by_region(model.surface * um * s.nucleated, where), by_region(model.reactive_pore * s.phase, where)])
        * edge
        for s in after_ways(model, start)
    ]


def by_distance(packing: int, nucleated) -> list[np.ndarray]:
    """The same without cells; the area covered as a share of that of all walls as the model has it."""
    edge = 1 / FINE
    geometry = build.geometry(compose(case("cnt", "1", packing, str(2 * edge))[1]))
    solid, margin = geometry.subgrid_pore < 0.5, round(max(WAYS) * FINE) + 2
    where = region(geometry, len(solid))
    covered, volume = np.zeros((2, len(WAYS), len(REGIONS)))
    faces_of_all = 0
    for low in range(0, len(solid), SLAB * FINE):
        first, last = max(low - margin, 0), min(low + SLAB * FINE + margin, len(solid))
        inner = slice(low - first, min(low + SLAB * FINE, len(solid)) - first)
        around = ((0, 0), (margin, margin), (margin, margin))
        here = np.pad(solid[first:last], around, mode="wrap")
        patch = np.pad(in_cells(nucleated[first // FINE : -(-last // FINE)], FINE)[first % FINE :][: last - first],
                       around, mode="wrap")  # fmt: skip
        faces = open_faces(here)
        seeds = patch & (faces > 0)
        far = distance_transform_edt(~seeds) if seeds.any() else np.full(here.shape, np.inf)
        crop = (inner, slice(margin, -margin), slice(margin, -margin))
        here, faces, far = here[crop], faces[crop], far[crop] - 0.5
        faces_of_all += faces.sum()
        for k, way in enumerate(WAYS):
            reached = np.clip(way * FINE - far + 0.5, 0, 1)
            covered[k] += by_region(faces * reached, where[low : low + len(here)])
            volume[k] += by_region(~here * reached, where[low : low + len(here)]) * edge
    area = geometry.surface.sum() * geometry.spacing / np.prod(geometry.shape[1:])
    covered *= area / faces_of_all * solid[0].size
    return list(np.stack([covered, volume], axis=1))


def open_faces(solid):
    """Faces of each solid cell that meet pore; the sides of the array are not right, its lower and upper ends none."""
    count = np.zeros(solid.shape, np.int8)
    for axis in range(3):
        for offset in (-1, 1):
            beside = np.roll(~solid, offset, axis)
            if axis == 0:
                beside[0 if offset > 0 else -1] = False
            count += beside & solid
    return count


def region(geometry, planes: int) -> np.ndarray:
    """Number of the region that each plane lies in."""
    bottom, top = geometry.bottom / um, geometry.top / um
    height = (np.arange(planes) + 0.5) * geometry.shape[0] * geometry.spacing / um / planes
    third = (top - bottom) / 3
    return np.digitize(height, [bottom + third, bottom + 2 * third, top - AT_THE_TOP])


def by_region(field, where) -> np.ndarray:
    """Sum of a field's planes over each region, per column of cells."""
    planes = np.asarray(field).mean(axis=(1, 2))
    return np.bincount(where, planes, minlength=len(REGIONS))


def grown_nuclei_table() -> str:
    """For the page: volume and covered area over those of distances, mean over the packings."""
    rows = read_table("grown_nuclei")

    def total(packing, cell, where, way, what):
        return next(
            float(r[what])
            for r in rows
            if (r["packing"], r["cell_um"], r["region"], r["way_um"]) == (packing, cell, where, f"{way:g}")
        )

    packings = list(dict.fromkeys(r["packing"] for r in rows))
    lines = []
    for where in REGIONS:
        line = [where]
        for what in HEADER[-2:]:
            for cell in CELLS:
                ratios = [
                    np.mean([total(p, cell, where, way, what) / total(p, EXACT, where, way, what) for p in packings])
                    for way in WAYS
                ]
                line.append(", ".join(f"{ratio:.2f}" for ratio in ratios))
        lines.append(line)
    return markdown(["", *(f"{what}, {cell} µm" for what in ("covered", "plated") for cell in CELLS)], lines)


if __name__ == "__main__":
    study()
