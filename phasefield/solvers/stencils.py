"""Stencils on cell-centred fields: neighbours through a halo, and weights that differ from cell to cell.

A stencil is an array (3, .., 3, *shape): for each cell, minus the coupling to the neighbour at each offset -1, 0, 1;
and in its centre not the diagonal of the operator but the sum of the row, what ties the cell to no neighbour,

    (A v)_i = s_i v_i + sum over neighbours j of a_ij (v_j - v_i),  s_i = sum over j of a_ij.

In single precision the diagonal of a conductor in an insulator has lost what ties it to anything else, its row has not.
"""

import jax.numpy as jnp
from jax import lax


def halo(u, periodic):
    """u with one more plane at each end of its last axes: wrapped on periodic axes, zero on closed ones."""
    lead = u.ndim - len(periodic)
    for axis, wraps in enumerate(periodic, start=lead):
        if wraps:
            first, last = lax.slice_in_dim(u, 0, 1, axis=axis), lax.slice_in_dim(u, u.shape[axis] - 1, None, axis=axis)
            u = lax.concatenate([last, u, first], axis)
        else:
            config = [(0, 0, 0)] * u.ndim
            config[axis] = (1, 1, 0)
            u = lax.pad(u, jnp.zeros((), u.dtype), config)
    return u


def window(haloed, offset, shape):
    """u[i + offset] of the haloed u, offsets -1, 0, 1 along the last axes."""
    lead = haloed.ndim - len(offset)
    start = (0,) * lead + tuple(o + 1 for o in offset)
    stop = haloed.shape[:lead] + tuple(o + 1 + n for o, n in zip(offset, shape, strict=True))
    return lax.slice(haloed, start, stop)


def around(v, periodic):
    """offset -> v[i + offset], for offsets -1, 0, 1 along each axis; where an axis is closed nothing may couple across
    its ends, for the first one wraps all the same.

    Planes of the first axis move whole, along the others a halo serves all offsets. Where the first axis is cut into
    blocks for several devices a neighbour's plane then travels once; through a halo it would for each offset anew.
    """
    sideways = halo(v, periodic[1:])
    moved = {o: roll(sideways, 0, o) for o in (-1, +1)}

    def neighbour(offset):
        first, rest = offset[0], offset[1:]
        return window(moved[first] if first else sideways, rest, v.shape[1:])

    return neighbour


def roll(u, axis, offset):
    """u[i + offset] along a periodic axis."""
    n = u.shape[axis]
    if offset % n == 0:
        return u
    ends = lax.slice_in_dim(u, offset % n, n, axis=axis), lax.slice_in_dim(u, 0, offset % n, axis=axis)
    return lax.concatenate(ends, axis)


def apply_stencil(stencil, v, periodic):
    """A v of one field; no coupling across closed ends."""
    neighbour = around(v, periodic)
    flow = stencil[(1,) * v.ndim] * v
    for offset in all_neighbours(v.ndim):
        flow = flow + stencil[tuple(o + 1 for o in offset)] * (neighbour(offset) - v)
    return flow


def offsets(ndim):
    """All offsets of a 3^ndim stencil, in the order of its flattened axes."""
    if ndim == 0:
        return [()]
    return [(o, *rest) for o in (-1, 0, 1) for rest in offsets(ndim - 1)]


def all_neighbours(ndim):
    """The offsets without the cell itself."""
    return [offset for offset in offsets(ndim) if any(offset)]


def neighbours(ndim):
    """Offsets of the 2 ndim nearest neighbours, below and above along each axis in turn."""
    return [tuple(side if b == a else 0 for b in range(ndim)) for a in range(ndim) for side in (-1, 1)]
