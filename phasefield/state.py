"""What evolves."""

from dataclasses import dataclass, replace
from functools import reduce
from itertools import combinations, product
from math import pi, sqrt

import jax
import jax.numpy as jnp

from phasefield import operators

SIDES = (-1, +1)  # below and above, along an axis
FAR = 2.0  # cells from the rim of what is nucleated at which distances from it end
FLAT, CORNER = 0.02, 0.08  # slope of the distance, squared: less is no rim; beside a corner that is not reached yet
STRAIGHT = 0.01  # of a rim's slant: less is along the faces, to rounding


def away_from_rim(rim_distance):
    """Slopes of the distance at cell centres, one array an axis: differences to the neighbour that lies nearer to the
    rim, positive upwards; 0 where neither does."""
    slopes = []
    for below, above in _neighbours(rim_distance):
        rise = jnp.maximum(rim_distance - jnp.minimum(below, above), 0.0)
        slopes.append(jnp.where(below <= above, rise, -rise))
    return slopes


def _neighbours(rim_distance):
    """The distances below and above, a pair an axis; `FAR` beyond closed ends."""
    return [
        tuple(operators.beside(rim_distance, axis, side, FAR) for side in SIDES) for axis in range(rim_distance.ndim)
    ]


def covered_share(rim_distance):
    """Share of each cell's surface that is covered [-]: behind one slanting rim, or behind those along its faces.

    Args: rim_distance: of the cell's centre from the rim [cells], negative where it is covered.
    """
    return jnp.maximum(_behind_slanting_rim(rim_distance), _behind_rims_along_faces(rim_distance))


def _behind_rims_along_faces(u):
    """Share of each cell that is behind rims which have come in through any of its faces or around its edges [-].

    A neighbour that is u deep behind a rim has let it go u - 1/2 into the cell, though no farther than the cell's own
    distance says. Two from opposite sides add up, and crossing ones cover 1 - (1 - s_1)(1 - s_2) together. From a
    neighbour beyond an edge comes a quarter of a disc, where neither face beside that edge leads to the nearest rim,
    less what has come through these. So a gap between nuclei fills from all around at once.
    """
    neighbours = _neighbours(u)
    gone = [[jnp.maximum(0.5 - jnp.maximum(beside + 1, u), 0.0) for beside in pair] for pair in neighbours]
    apart = [[1 - jnp.clip(u - beside, 0.0, 1.0) for beside in pair] for pair in neighbours]  # 0: rim comes from there
    left = 1.0
    for pair in gone:
        left = left * jnp.maximum(1 - sum(pair), 0.0)
    for (a, b), i, j in product(combinations(range(u.ndim), 2), (0, 1), (0, 1)):
        beyond_edge = operators.beside(neighbours[a][i], b, SIDES[j], FAR)
        radius = jnp.maximum(jnp.minimum(-0.5 - beyond_edge, sqrt(0.5) - u), 0.0)
        disc = pi / 4 * jnp.maximum(radius - gone[a][i], 0.0) * jnp.maximum(radius - gone[b][j], 0.0)
        left = left - disc * apart[a][i] * apart[b][j]
    return 1 - jnp.maximum(left, 0.0)


def _behind_slanting_rim(rim_distance):
    """Share of each cell that is behind a straight rim which comes from the direction of its neighbours [-].

    A rim along the faces of a cell, u away from its centre, covers 1/2 - u of it; one that comes from a corner nothing
    until it has passed that corner, and a triangle then. With the direction away from the rim, of which m_1 is the
    largest component and m_2 the length of the others,

        share = 1/m_2 * integral from -m_2/2 to m_2/2 of clip((m_1/2 - u + t)/m_1, 0, 1) dt

    Where rims come from several sides the slopes are together steeper than that of one, which counts as along a face.

    Source: area of a cell behind a line, Scardovelli & Zaleski, J. Comput. Phys. 164 (2000) 228.
    """
    rises = [jnp.minimum(jnp.abs(slope), 1.0) for slope in away_from_rim(rim_distance)]
    largest, squared = reduce(jnp.maximum, rises), sum(rise**2 for rise in rises)
    one_rim = jnp.clip(2 - squared, 0.0, 1.0) * jnp.clip((squared - FLAT) / (CORNER - FLAT), 0.0, 1.0)
    steepness = jnp.sqrt(jnp.where(squared > 0, squared, 1.0))
    across = one_rim * jnp.sqrt(jnp.maximum(squared - largest**2, 0.0)) / steepness
    along = jnp.sqrt(1 - across**2)
    middle, half = 0.5 - rim_distance / along, 0.5 * across / along
    slanted = (_area_under(middle + half) - _area_under(middle - half)) / jnp.where(half > 0, 2 * half, 1.0)
    return jnp.where(across > STRAIGHT, slanted, jnp.clip(0.5 - rim_distance, 0.0, 1.0))


def _area_under(x):
    """Integral of clip(x, 0, 1) from 0 to x [-]."""
    inside = jnp.clip(x, 0.0, 1.0)
    return 0.5 * inside**2 + jnp.maximum(x - 1, 0.0)


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Film:
    """The solid electrolyte interphase on the lithium.

    Args:
        charge: that it takes to form what lies on the surface [C/m3]; shape grid.shape.
        due: part of it that has not passed yet [C/m3]; shape grid.shape.
        left: that it took to form what lies whole on walls stripped bare [C/m3]; shape grid.shape.
        formed: charge that has passed since the start [C/m2 of geometric area], float64.
    """

    charge: jax.Array
    due: jax.Array
    left: jax.Array
    formed: jax.Array


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class State:
    """Everything the next step needs.

    Args:
        phase: xi, lithium fraction of the pore [-]; shape grid.shape.
        concentration: salt in the electrolyte [mol/m3]; shape grid.shape.
        electronic_potential, ionic_potential: [V]; shape grid.shape.
        lithiation: theta of each host phase [-]; shape (K, *grid.shape).
        rim_distance: of cells from the rim of what lithium has nucleated on or spread over, in cells; negative within,
            `FAR` at most; shape grid.shape.
        nucleated: share of the surface within that rim [-], its `covered_share`; shape grid.shape.
        nuclei: that have appeared so far.
        double_layer_charge: on bare surface [C/m3]; shape grid.shape.
        random_key: JAX PRNG key, as its data (two uint32): splits anew in every step.
        time: [s].
        film: None where the model has no SEI.
    """

    phase: jax.Array
    concentration: jax.Array
    electronic_potential: jax.Array
    ionic_potential: jax.Array
    lithiation: jax.Array
    rim_distance: jax.Array
    nucleated: jax.Array
    nuclei: jax.Array
    double_layer_charge: jax.Array
    random_key: jax.Array
    time: jax.Array
    film: Film | None = None

    def with_rims(self, rim_distance) -> "State":
        """This state with what lithium covers as far as these distances say [cells]; shape grid.shape."""
        return replace(self, rim_distance=rim_distance, nucleated=covered_share(rim_distance))

    def with_nucleated(self, share) -> "State":
        """This state with so much of each cell's surface nucleated [-], by rims along faces; shape grid.shape."""
        return replace(self, rim_distance=jnp.where(share > 0, 0.5 - share, FAR), nucleated=share)
