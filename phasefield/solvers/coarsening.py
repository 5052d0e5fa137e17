"""Coarsening an operator along one axis: operator-dependent interpolation and Galerkin products.

Operators are stencils here, arrays (3, .., 3, *shape): minus the coupling to the neighbour at each offset, the diagonal
in the centre.

The points of even index are kept. On a periodic axis of odd length the last and the first are then neighbours across
the seam; arrays over the skipped points have one plane more there, and on closed odd axes, that means nothing.
"""

import jax.numpy as jnp
from jax import lax

from phasefield import operators
from phasefield.solvers.stencils import halo, neighbours, offsets, window


def finest_stencil(faces, diagonal):
    """An operator as a stencil: `faces` couple to the `neighbours`, shape (2 ndim, *shape)."""
    ndim = len(faces) // 2
    zero = jnp.zeros_like(diagonal)
    entries = dict(zip(neighbours(ndim), -faces, strict=True)) | {(0,) * ndim: diagonal}
    return jnp.stack([entries.get(offset, zero) for offset in offsets(ndim)]).reshape((3,) * ndim + diagonal.shape)


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
    lower, upper = (
        -sum(_odd(_pad_even(stencil[_entry(o, axis, end)], axis), axis) for o in offsets(ndim - 1)) for end in (0, 2)
    )
    return _share(lower, upper, axis, periodic or stencil.shape[ndim + axis] % 2 == 1)


def finest_weight(faces, axis, periodic):
    """The same of the finest operator, from its couplings to the `neighbours`, shape (2 ndim, *shape)."""
    lower, upper = (_odd(_pad_even(face, axis), axis) for face in faces[2 * axis : 2 * axis + 2])
    return _share(lower, upper, axis, periodic or faces.shape[1 + axis] % 2 == 1)


def _share(lower, upper, axis, goes_on):
    """That of the lower one in both; goes_on: whether there is a point above the last skipped one."""
    lower, upper = jnp.maximum(lower, 0), jnp.maximum(upper, 0)
    total = lower + upper
    weight = jnp.where(total > 0, lower / jnp.where(total > 0, total, 1), 0.5)
    return weight if goes_on else _replace_plane(weight, axis, -1, 1)


def galerkin(stencil, weight, axis, periodic):
    """P' A P with the axis coarsened; `weight` is that of the lower neighbour in the skipped points."""
    ndim, shape = weight.ndim, stencil.shape[weight.ndim :]

    def line(_, places):
        return [lax.dynamic_slice(stencil, place, (*(1,) * ndim, *shape)).reshape(shape) for place in places]

    return _coarsen_lines(line, offsets(ndim - 1), weight, axis, periodic)


def finest_galerkin(faces, diagonal, weight, axis, periodic):
    """The same of the finest operator, from its couplings to the `neighbours` and its diagonal.

    Its stencil would be 3^d arrays of its size, and of their 3^(d-1) lines along the axis all but 2d - 1 are zero.
    """
    ndim = weight.ndim
    lines = [(0,) * (ndim - 1), *neighbours(ndim - 1)]
    sideways = jnp.array([0, *(k for k in range(2 * ndim) if k // 2 != axis)])  # face that each line is of, if not 0

    def line(i, _):
        first = i == 0
        lower, upper = (jnp.where(first, -face, 0) for face in faces[2 * axis : 2 * axis + 2])
        return lower, jnp.where(first, diagonal, -lax.dynamic_index_in_dim(faces, sideways[i], keepdims=False)), upper

    return _coarsen_lines(line, lines, weight, axis, periodic)


def _entry(offset, axis, end):
    """Index in a stencil of what lies at a transverse offset, and at 0, 1 or 2 along the axis."""
    return (*(o + 1 for o in offset[:axis]), end, *(o + 1 for o in offset[axis:]))


def _coarsen_lines(line, lines, weight, axis, periodic):
    """The product.

    Args: line: (i, places) -> the operator's three entries along the axis at the transverse offset lines[i], and where
        in a stencil they stand.
    """
    ndim = weight.ndim
    starts = jnp.array([_entry(offset, axis, 0) for offset in lines])
    haloed = halo(weight, periodic)
    seen = jnp.stack([window(haloed, (*o[:axis], 0, *o[axis:]), weight.shape) for o in lines])

    def previous(u):
        return operators.shift(u, axis, -1, periodic[axis])

    left_before = previous(1 - weight)

    def coarsen(coarse, at):
        """One transverse offset more; this in a loop compiles once, not 9 times."""
        i, lower = at  # weight of the skipped point above each kept one, seen from there
        upper = 1 - lower
        places = [(*starts[i].at[axis].set(end), *(0,) * ndim) for end in range(3)]
        entries = line(i, places)
        odd_ring = periodic[axis] and entries[0].shape[axis] % 2 == 1
        entries = [_pad_even(entry, axis) for entry in entries]
        even, odd = [_even(entry, axis) for entry in entries], [_odd(entry, axis) for entry in entries]
        lower_before, upper_before = previous(lower), previous(upper)
        if odd_ring:  # nothing is skipped between the last kept point and the first: each sees the other itself
            lower, upper = (_replace_plane(u, axis, -1, value) for u, value in ((lower, 0), (upper, 1)))
            lower_before, upper_before = (
                _replace_plane(u, axis, 0, value) for u, value in ((lower_before, 1), (upper_before, 0))
            )
        even_row = [even[0] * lower_before, even[1] + even[0] * upper_before + even[2] * lower, even[2] * upper]
        odd_row = [odd[0] + odd[1] * lower, odd[2] + odd[1] * upper]  # columns: this kept point, the next
        row = (
            even_row[0] + left_before * previous(odd_row[0]),
            even_row[1] + weight * odd_row[0] + left_before * previous(odd_row[1]),
            even_row[2] + weight * odd_row[1],
        )
        for place, entry in zip(places, row, strict=True):
            coarse = lax.dynamic_update_slice(coarse, entry.reshape((1,) * ndim + weight.shape), place)
        return coarse, None

    empty = jnp.zeros((3,) * ndim + weight.shape, weight.dtype)
    return lax.scan(coarsen, empty, (jnp.arange(len(lines)), seen))[0]


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


def tie(stencils, which, link, axis, periodic):
    """The operators, shape (m, 3, .., 3, *shape), where in the fields `which` each point is tied by `link` to the next
    along `axis`."""
    before = operators.shift(link, axis, -1, periodic[axis])
    lower, centre, upper = (_entry((0,) * (link.ndim - 1), axis, end) for end in range(3))
    for place, added in ((lower, -before), (centre, before + link), (upper, -link)):
        stencils = stencils.at[(which, *place)].add(added)
    return stencils


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
