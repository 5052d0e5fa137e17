"""Coarsening a stencil along one axis: operator-dependent interpolation and Galerkin products.

The points of even index are kept. On a periodic axis of odd length the last and the first are then neighbours across
the seam; arrays over the skipped points have one plane more there, and on closed odd axes, that means nothing.
"""

import jax.numpy as jnp
from jax import lax

from phasefield import operators
from phasefield.solvers.stencils import halo, neighbours, offsets, own_diagonal, window


def finest_stencil(faces, own):
    """Stencil of one field: `faces` to the neighbours, shape (2 ndim, *shape), and what it ties to no neighbour."""
    ndim = len(faces) // 2
    zero = jnp.zeros_like(own)
    entries = dict(zip(neighbours(ndim), -faces, strict=True)) | {(0,) * ndim: own}
    return jnp.stack([entries.get(offset, zero) for offset in offsets(ndim)]).reshape((3,) * ndim + own.shape)


def _pad_even(u, axis):
    """u with one more plane of zeros at the end of `axis` where its length is odd."""
    if u.shape[axis] % 2 == 0:
        return u
    config = [(0, 0, 0)] * u.ndim
    config[axis] = (0, 1, 0)
    return lax.pad(u, jnp.zeros((), u.dtype), config)


def _even(u, axis):
    return lax.slice_in_dim(u, 0, u.shape[axis], stride=2, axis=axis)


def _odd(u, axis):
    return lax.slice_in_dim(u, 1, u.shape[axis], stride=2, axis=axis)


def _replace_plane(u, axis, index, value):
    """u with one plane across `axis` set to a value."""
    return u.at[(slice(None),) * axis + (index,)].set(value)


def _interleave(even, odd, axis):
    zero = jnp.zeros((), even.dtype)
    config = [(0, 0, 0)] * even.ndim
    config[axis] = (0, 1, 1)
    first = lax.pad(even, zero, config)
    config[axis] = (1, 0, 1)
    return first + lax.pad(odd, zero, config)


def interpolation_weight(stencil, axis, periodic):
    """Weight of the lower neighbour in each skipped point: its share of the couplings along `axis`."""
    ndim = stencil.ndim // 2
    others = tuple(b for b in range(ndim) if b != axis)
    rows = _odd(_pad_even(stencil, ndim + axis), ndim + axis)
    lower, _, upper = jnp.moveaxis(jnp.sum(rows, axis=others) if others else rows, 0, 0)
    lower, upper = jnp.maximum(-lower, 0), jnp.maximum(-upper, 0)
    total = lower + upper
    weight = jnp.where(total > 0, lower / jnp.where(total > 0, total, 1), 0.5)
    if periodic or stencil.shape[ndim + axis] % 2 == 1:
        return weight
    return _replace_plane(weight, axis, -1, 1)  # nothing is above the last point


def galerkin(stencil, weight, axis, periodic):
    """Stencil of P' A P with the axis coarsened; `weight` is that of the lower neighbour in the skipped points.

    P leaves constants as they are, so the sums of the rows are those of the finer rows, restricted.
    """
    ndim = weight.ndim
    lead = ndim - 1
    centre = (1,) * ndim
    own = restrict_axis(stencil[centre], weight, axis, periodic[axis])
    odd_ring = periodic[axis] and stencil.shape[ndim + axis] % 2 == 1
    entries = stencil.at[centre].set(own_diagonal(stencil))
    lines = jnp.moveaxis(_pad_even(entries, ndim + axis), axis, lead)  # ([3]*(d-1), 3, *shape)
    lines = lines.reshape((3**lead, 3, *lines.shape[ndim:]))

    def transverse(w):
        """w seen from each transverse offset: (3**(d-1), *coarse shape)."""
        haloed = halo(w, periodic)
        return jnp.stack([window(haloed, (*o[:axis], 0, *o[axis:]), w.shape) for o in offsets(lead)])

    def previous(u):
        return operators.shift(u, axis, -1, periodic[axis])

    left_before = previous(1 - weight)

    def coarsen(line):
        """The three entries along the axis at one transverse offset; this in a loop compiles once, not 9 times."""
        entries, lower, upper = line  # the last two: weights of the skipped point above each kept one, seen from there
        even, odd = _even(entries, 1 + axis), _odd(entries, 1 + axis)
        lower_before, upper_before = previous(lower), previous(upper)
        if odd_ring:  # nothing is skipped between the last kept point and the first: each sees the other itself
            lower, upper = (_replace_plane(u, axis, -1, value) for u, value in ((lower, 0), (upper, 1)))
            lower_before, upper_before = (
                _replace_plane(u, axis, 0, value) for u, value in ((lower_before, 1), (upper_before, 0))
            )
        even_row = [even[0] * lower_before, even[1] + even[0] * upper_before + even[2] * lower, even[2] * upper]
        odd_row = [odd[0] + odd[1] * lower, odd[2] + odd[1] * upper]  # columns: this kept point, the next
        return jnp.stack(
            [
                even_row[0] + left_before * previous(odd_row[0]),
                even_row[1] + weight * odd_row[0] + left_before * previous(odd_row[1]),
                even_row[2] + weight * odd_row[1],
            ]
        )

    coarse = lax.map(coarsen, (lines, transverse(weight), transverse(1 - weight)))
    return jnp.moveaxis(coarse.reshape((3,) * ndim + weight.shape), lead, axis).at[centre].set(own)


def parted_coupling(coupling, weights, axis):
    """What g between two fields ties along `axis` where they are interpolated from different neighbours.

        g_s (w_0 - w_1)^2 in each skipped point s

    Added to the couplings of each field it makes g, summed with the mean of the fields' transfers, at least 2/3 of its
    Galerkin product: in a skipped point between coarse points a and b, with d = u_0 - u_1 and w the mean weight,

        u_0 - u_1 = w d_a + (1 - w) d_b + (w_0 - w_1)/2 [(u_0a - u_0b) + (u_1a - u_1b)].

    Without it nothing is left of g where an electronic conductor meets an ionic one in a skipped point: the electrons
    go to the one neighbour, the ions to the other, and in neither is there anything to couple.

    Args: coupling: g, shape of the finer level. weights: of the lower neighbour, one for each field.
    """
    skipped = _odd(_pad_even(coupling, axis), axis)
    return skipped * (weights[0] - weights[1]) ** 2


def tie(stencil, link, axis, periodic):
    """The stencil with each point tied by `link` to the next along `axis`."""
    ndim = link.ndim
    before = operators.shift(link, axis, -1, periodic[axis])
    centre = (1,) * ndim
    lower, upper = ((*centre[:axis], end, *centre[axis + 1 :]) for end in (0, 2))
    return stencil.at[lower].add(-before).at[upper].add(-link)


def prolong_axis(u, weight, axis, length, periodic):
    """Values on the finer axis of `length` points."""
    skipped = weight * u + (1 - weight) * operators.shift(u, axis, +1, periodic)
    fine = _interleave(u, skipped, axis)
    return lax.slice_in_dim(fine, 0, length, axis=axis)


def restrict_axis(r, weight, axis, periodic):
    """Transpose of prolong_axis."""
    r = _pad_even(r, axis)
    even, odd = _even(r, axis), _odd(r, axis)
    return even + weight * odd + operators.shift((1 - weight) * odd, axis, -1, periodic)
