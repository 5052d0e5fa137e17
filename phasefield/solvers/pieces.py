"""Deflation of conductors that float: one unknown for each piece, which coarse points may not tell apart.

A piece of lithium or of its film in an insulator has nearly one potential, held by what little it exchanges. Where
pieces are a cell or two thin and hang together around corners, interpolation along one axis at a time cuts them into
parts and ties these to their surroundings; each such piece then costs conjugate gradients an iteration or more. Solved
for on its own, as a number for each piece, that potential is no longer their concern.

Source: Vuik, Segal & Meijerink, J. Comput. Phys. 152 (1999) 385; as a step after another preconditioner (A-DEF2): Tang,
Nabben, Vuik & Erlangga, J. Sci. Comput. 39 (2009) 340.
"""

from math import prod

import jax.numpy as jnp
from jax import lax

from phasefield import operators
from phasefield.solvers.system import System

JOINED = 1e-7  # of the best conductance: what is joined by less is apart; a host above that ties its pieces well enough
SWEEPS = 8  # cells that a number travels at most before parts of pieces are put together by their numbers
ROUNDS = 32  # of that at most; a piece still in parts would do no harm
JUMPS = 4  # by 2^4 parts a round
SLOTS = 2**18 + 1  # for numbers; in boxes of more cells two pieces may share one, and are corrected by their mean
NOWHERE = jnp.iinfo(jnp.uint32).max


def labels(faces, periodic, joined=JOINED):
    """Number of the piece that each cell is part of, int32, from 1; 0 where a cell is joined to none.

    Args:
        faces: conductances to the neighbours of one field, shape (2 ndim, *shape), see `System.faces`.
        joined: share of the best conductance above which two cells are.
    """
    shape = faces.shape[1:]
    slots = min(prod(shape) + 1, SLOTS)
    joined = faces > joined * jnp.max(faces)
    part = jnp.any(joined, axis=0)

    def least(number):
        """Of a cell and those that it is joined to."""
        for axis, wraps in enumerate(periodic):
            for to_neighbour, side in zip(joined[2 * axis : 2 * axis + 2], (-1, +1), strict=True):
                theirs = operators.shift(number, axis, side, wraps)
                number = jnp.where(to_neighbour, jnp.minimum(number, theirs), number)
        return number

    def put_together(carry):
        """Every cell of a part takes the least number that any of them has come upon."""
        label, rounds, _ = carry
        table = jnp.arange(slots, dtype=label.dtype).at[label].min(least(label))
        for _ in range(JUMPS):
            table = table[table]
        together = table[label]
        return together, rounds + 1, jnp.any(together != label)

    def unfinished(carry):
        return carry[2] & (carry[1] < ROUNDS)

    number = lax.fori_loop(0, SWEEPS, lambda _, n: least(n), jnp.where(part, _numbers(shape), NOWHERE))
    label = jnp.where(part, number % jnp.uint32(slots - 1) + 1, 0).astype(jnp.int32)
    return lax.while_loop(unfinished, put_together, (label, 0, jnp.array(True)))[0]


def _numbers(shape):
    """A number for each cell, uint32: its place, or in boxes of more cells than slots one as if drawn."""
    n = jnp.zeros(shape, jnp.uint32)
    for axis, length in enumerate(shape):
        n = n * jnp.uint32(length) + lax.broadcasted_iota(jnp.uint32, shape, axis)
    if prod(shape) < SLOTS:
        return n
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
        slots = min(label.size + 1, SLOTS)
        held, pulled = (jnp.zeros(slots, r.dtype).at[label].add(u) for u in (held, r[-1]))
        rise = jnp.where(held > 0, pulled / jnp.where(held > 0, held, 1), 0).at[0].set(0)
        return jnp.zeros_like(r).at[-1].set(rise[label])

    return raised
