"""What lithium covers of the surface, by the distance to its rim: nuclei, how they grow together, what is laid bare.

A share of each cell alone does not tell where its rim is: moved by differences, rims smear out, and the gaps between
nuclei of a cell or two fill a quarter too late on cells of 1 um. A distance does, to within a cell.
"""

import jax.numpy as jnp
from jax import lax

from phasefield import operators
from phasefield.physics import interface
from phasefield.state import FAR, covered_share

STABLE = 0.5  # cells that a rim moves in a sub-step
INSIDE, OUTSIDE = -0.5, 0.5  # a cell that is covered to its edges, one beside a rim that reaches its edge


def with_patches(model, rim_distance, patches):
    """Distance from the rim [cells] once these cells are covered too, whole.

    Exact about patches of any shape, along the wall, up to `FAR`: the square of the distance is a sum over axes.

    Args: patches: 1 in each cell that is covered, 0 elsewhere.
    """
    far = FAR**2
    wall, squared = model.surface > 0, jnp.where(patches > 0, 0.0, far)
    for axis in range(squared.ndim):
        nearest = squared
        for side in (-1, +1):
            moved = squared
            for away in range(1, int(FAR) + 1):
                moved = _beside(jnp.where(wall, moved, far), axis, side, far)
                nearest = jnp.minimum(nearest, moved + (away - 0.5) ** 2)
        squared = jnp.where(wall, nearest, squared)
    found = jnp.where(patches > 0, INSIDE, jnp.sqrt(squared)).astype(rim_distance.dtype)
    return jnp.minimum(rim_distance, found)


def spread(model, rim_distance, front_speed, dt):
    """Distance from the rim [cells] after dt, in which lithium spreads over the surface as fast as it grows.

        du/dt = -v,   |grad u| = 1

    A nucleus grows sideways at the speed it grows upwards, and what it has reached is covered. Where nuclei are larger
    than cells, the front of the lithium does the same by itself; on coarser cells it is smeared out over several of
    them, holds less area the larger they are, and knows nothing of walls. A rim goes on within the wall only, and in
    each cell at that cell's speed: neighbours tell how far it is, but cover nothing. (In a corner between two of them
    that are covered, the distance from both is that of a slanting rim, a third of the cell behind it.)

    Args: front_speed: v, at which lithium would grow in each cell [m/s]; negative where it would be stripped.

    Source: level sets kept as distances, Sethian, Proc. Natl. Acad. Sci. 93 (1996) 1591.
    """
    wall = model.surface > 0
    way = jnp.where(wall, jnp.maximum(front_speed, 0.0), 0.0) * dt / model.grid.spacing
    substeps = jnp.maximum(jnp.ceil(jnp.max(way) / STABLE), 1).astype(jnp.int32)
    way = (way / substeps).astype(rim_distance.dtype)

    def substep(_, u):
        moved = jnp.where(u < FAR, jnp.maximum(u - way, INSIDE), u)
        found = jnp.maximum(_from_neighbours(jnp.where(wall, moved, FAR)), OUTSIDE)
        return jnp.where(wall, jnp.minimum(moved, found), u)

    return lax.fori_loop(0, substeps, substep, rim_distance)


def _from_neighbours(u):
    """Distance that follows from those of the neighbours, at most `FAR`: |grad u| = 1 in upwind differences."""
    nearest = [jnp.minimum(_beside(u, axis, -1, FAR), _beside(u, axis, +1, FAR)) for axis in range(u.ndim)]
    for last in range(u.ndim - 1, 0, -1):  # in order, the least first
        for here in range(last):
            pair = nearest[here : here + 2]
            nearest[here : here + 2] = jnp.minimum(*pair), jnp.maximum(*pair)
    total, squared, found = nearest[0], nearest[0] ** 2, nearest[0] + 1
    for count, further in enumerate(nearest[1:], start=2):
        total, squared = total + further, squared + further**2
        discriminant = total**2 - count * (squared - 1)
        found = jnp.where(found > further, (total + jnp.sqrt(jnp.maximum(discriminant, 0.0))) / count, found)
    return jnp.minimum(found, FAR)


def _beside(u, axis, side, beyond):
    """The neighbour's value, `beyond` beyond a closed end."""
    return operators.shift(u - beyond, axis, side, operators.laterally_periodic(u.ndim)[axis]) + beyond


def laid_bare(rim_distance, phase, plating):
    """Distance from the rim [cells]: `FAR` where stripping has taken the lithium but for a trace, and about there.

    Lithium has to nucleate there anew; what is left elsewhere grows on.
    Args: phase: xi after the step. plating: rate in it [A/m3].
    """
    covered = covered_share(rim_distance) > 0
    bared = covered & (plating < 0) & (phase < interface.COVERED)
    about = bared.astype(rim_distance.dtype)
    for _ in range(int(FAR)):
        about = operators.largest_around(about)
    return jnp.where(bared | ((about > 0) & ~covered), FAR, rim_distance)
