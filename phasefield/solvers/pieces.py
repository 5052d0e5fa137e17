"""Deflation of conductors that float: one unknown for each piece, which coarse points may not tell apart.

A piece of lithium or of its film in an insulator has nearly one potential, held by what little it exchanges. Where
pieces are a cell or two thin and hang together around corners, interpolation along one axis at a time cuts them into
parts and ties these to their surroundings; each such piece then costs conjugate gradients an iteration or more. Solved
for on its own, as a number for each piece, that potential is no longer their concern.

Source: Vuik, Segal & Meijerink, J. Comput. Phys. 152 (1999) 385; as a step after another preconditioner (A-DEF2): Tang,
Nabben, Vuik & Erlangga, J. Sci. Comput. 39 (2009) 340.
"""

import jax.numpy as jnp
from jax import lax

from phasefield import operators
from phasefield.solvers.system import System

JOINED = 1e-7  # of the best conductance: what is joined by less is apart; a host above that ties its pieces well enough
SWEEPS = 32  # cells that a label travels at most; longer pieces become several, which does no harm
SLOTS = 2**14  # for the numbers of pieces; where two share one, they are corrected by their mean
NOWHERE = jnp.iinfo(jnp.uint32).max


def labels(faces, periodic, joined=JOINED):
    """Number of the piece that each cell is part of, 1 to SLOTS - 1, int32; 0 where a cell is joined to none.

    Args:
        faces: conductances to the neighbours of one field, shape (2 ndim, *shape), see `System.faces`.
        joined: share of the best conductance above which two cells are.
    """
    shape = faces.shape[1:]
    joined = faces > joined * jnp.max(faces)
    part = jnp.any(joined, axis=0)

    def sweep(carry):
        label, sweeps, _ = carry
        smallest = label
        for axis, wraps in enumerate(periodic):
            for to_neighbour, side in zip(joined[2 * axis : 2 * axis + 2], (-1, +1), strict=True):
                theirs = jnp.where(to_neighbour, operators.shift(smallest, axis, side, wraps), NOWHERE)
                smallest = jnp.minimum(smallest, theirs)
        return smallest, sweeps + 1, jnp.any(smallest != label)

    def travels(carry):
        return carry[2] & (carry[1] < SWEEPS)

    label, *_ = lax.while_loop(travels, sweep, (jnp.where(part, _scattered(shape), NOWHERE), 0, jnp.array(True)))
    return jnp.where(part, label % jnp.uint32(SLOTS - 1) + 1, 0).astype(jnp.int32)


def _scattered(shape):
    """A number for each cell, uint32, as if drawn: the places of neighbours have nothing in common."""
    n = jnp.zeros(shape, jnp.uint32)
    for axis, length in enumerate(shape):
        n = n * jnp.uint32(length) + lax.broadcasted_iota(jnp.uint32, shape, axis)
    for factor, bits in ((0x7FEB352D, 16), (0x846CA68B, 15)):  # the mixing of lowbias32 (C. Wellons)
        n = (n ^ (n >> bits)) * jnp.uint32(factor)
    return n ^ (n >> 16)


def correction(system: System, label):
    """r -> what the pieces of the last field are raised by: sum of r over what holds each in its place.

    Args:
        label: of `labels`, of this system or of one before.
    """
    faces, leak = system.faces[-1], system.diagonals[-1]
    if system.coupling is not None:
        leak = leak + system.coupling

    def raised(r):
        held = leak
        for axis, wraps in enumerate(system.periodic):
            for face, side in zip(faces[2 * axis : 2 * axis + 2], (-1, +1), strict=True):
                held = held + jnp.where(operators.shift(label, axis, side, wraps) == label, 0, face)
        held, pulled = (jnp.zeros(SLOTS, r.dtype).at[label].add(u) for u in (held, r[-1]))
        rise = jnp.where(held > 0, pulled / jnp.where(held > 0, held, 1), 0).at[0].set(0)
        return jnp.zeros_like(r).at[-1].set(rise[label])

    return raised
