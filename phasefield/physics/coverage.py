"""What lithium covers of the surface, by the distance to its rim: nuclei, how they grow together, what is laid bare.

A share of each cell alone does not tell where its rim is: moved by differences, rims smear out, and the gaps between
nuclei of a cell or two fill a quarter too late on cells of 1 um. A distance does, to within a cell.
"""

from math import pi, sqrt

import jax.numpy as jnp
from jax import lax

from phasefield import operators
from phasefield.physics import interface
from phasefield.solvers import fusion
from phasefield.state import FAR, SIDES, away_from_rim, covered_share

STABLE = 0.5  # cells that a rim moves in a sub-step
INSIDE, OUTSIDE = -0.5, 0.5  # a cell that is covered to its edges, one beside a rim that reaches its edge
DEEP = -1.5  # a cell whose rim has gone through its neighbours too: what it tells them ends there
LEAVES = 0.1  # of a cell's surface: with so little left bare, the rim begins to leave it


def with_patches(model, rim_distance, patches):
    """Distance from the rim [cells] once these cells are covered too, whole.

    Exact about patches of any shape, along the wall, up to `FAR`: the square of the distance is a sum over axes.

    Args: patches: 1 in each cell that is covered, 0 elsewhere.
    """
    far = FAR**2
    wall, squared = model.surface > 0, jnp.where(patches > 0, 0.0, far)
    for axis in range(squared.ndim):
        nearest = squared
        for side in SIDES:
            moved = squared
            for away in range(1, int(FAR) + 1):
                moved = operators.beside(jnp.where(wall, moved, far), axis, side, far)
                nearest = jnp.minimum(nearest, moved + (away - 0.5) ** 2)
        squared = jnp.where(wall, nearest, squared)
    found = jnp.where(patches > 0, INSIDE, jnp.sqrt(squared)).astype(rim_distance.dtype)
    return jnp.minimum(rim_distance, found)


def film_area(model, nucleated, phase):
    """Area of the lithium on walls per volume [1/m], but for what its front counts.

        a = a_sub max(n - xi, 0) [1 + (pi/2 - 1) min((1 - n)/0.1, 1)]

    Where a cell is covered whole, n = 1, its front takes over from the wall as it fills. In one that a rim runs through
    the lithium stands on the covered share: where that is filled, it has a front only. The edge of what grows is round,
    a quarter of a circle, with pi/2 of area for what it covers, until the rim leaves the cell for the next one.
    """
    film = jnp.maximum(nucleated - jnp.maximum(phase, 0.0), 0.0)
    return model.surface * film * (1 + (pi / 2 - 1) * jnp.minimum((1 - nucleated) / LEAVES, 1.0))


def spread(model, rim_distance, front_speed, dt):
    """Distance from the rim [cells] after dt, in which lithium spreads over the surface as fast as it grows.

        du/dt = -v |grad_t u|,   |grad u| = 1

    A nucleus grows sideways at the speed it grows upwards, and what it has reached is covered. Where nuclei are larger
    than cells, the front of the lithium does the same by itself; on coarser cells it is smeared out over several of
    them, holds less area the larger they are, and knows nothing of walls. A rim goes on within the wall only, and in
    each cell at that cell's speed: neighbours tell how far it is, but cover nothing. (In a corner between two of them
    that are covered, the distance from both is that of a slanting rim, a third of the cell behind it.)

    Walls are diffuse: distances are straight through them, and a rim that leans over the wall runs ahead on it. So it
    is slowed by how steep the distance is along the wall, grad_t u, at most as far as nuclei lean, which reach through
    a wall along the axis that it faces most.

    Args: front_speed: v, at which lithium would grow in each cell [m/s]; negative where it would be stripped.

    Source: level sets kept as distances, Sethian, Proc. Natl. Acad. Sci. 93 (1996) 1591.
    """
    wall, normal = model.surface > 0, operators.gradient(model.pore, 1.0)
    way = jnp.where(wall, jnp.maximum(front_speed, 0.0), 0.0) * dt / model.grid.spacing
    way = fusion.separately(model.grid.spacing, lambda w, u: w * _along_wall(u, normal), way, rim_distance)
    substeps = jnp.maximum(jnp.ceil(jnp.max(way) / STABLE), 1).astype(jnp.int32)
    way = (way / substeps).astype(rim_distance.dtype)

    def substep(_, u):
        moved = jnp.where(u < FAR, jnp.maximum(u - way, DEEP), u)
        found = jnp.maximum(_from_neighbours(jnp.where(wall, moved, FAR)), OUTSIDE)
        return jnp.where(wall, jnp.minimum(moved, found), u)

    return lax.fori_loop(0, substeps, substep, rim_distance)


def _along_wall(u, normal):
    """Share of the slope of u that lies along a wall with this normal, of any length [-]; 1 where no rim is left."""
    slopes = away_from_rim(u)
    lengths = operators.norm(slopes) * operators.norm(normal)
    cosine = sum(s * n for s, n in zip(slopes, normal, strict=True)) / jnp.where(lengths > 0, lengths, 1.0)
    along = jnp.maximum(jnp.sqrt(jnp.maximum(1 - cosine**2, 0.0)), 1 / sqrt(u.ndim))
    return jnp.where(u > INSIDE, along, 1.0).astype(u.dtype)


def _from_neighbours(u):
    """Distance that follows from those of the neighbours, at most `FAR`: |grad u| = 1 in upwind differences."""
    nearest = [jnp.minimum(*(operators.beside(u, axis, side, FAR) for side in SIDES)) for axis in range(u.ndim)]
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


def laid_bare(model, rim_distance, phase, plating):
    """Distance from the rim [cells]: `FAR` where stripping has taken the lithium but for a trace, and about there.

    Lithium has to nucleate there anew; what is left elsewhere grows on, its rim where the bare surface begins.
    Args: phase: xi after the step. plating: rate in it [A/m3].
    """
    covered = fusion.separately(model.grid.spacing, covered_share, rim_distance) > 0
    bared = covered & (plating < 0) & (phase < interface.COVERED)
    beside = operators.largest_around(bared.astype(rim_distance.dtype))
    about = beside
    for _ in range(int(FAR) - 1):
        about = operators.largest_around(about)
    left = jnp.where(beside > 0, jnp.maximum(rim_distance, INSIDE), rim_distance)
    return jnp.where(bared | ((about > 0) & ~covered), FAR, left)
