"""Geometric multigrid with operator-dependent interpolation, for one field or for two coupled ones.

The systems are symmetric positive definite,

    A = diag over fields of [ -div(k_m grad .) + d_m ]  +  g (x) [[1, -1], [-1, 1]],

with jumps of k by many orders of magnitude and conductors that float. Each level is coarsened one axis at a time to the
points of even index: a skipped point takes the mean of its two neighbours weighted by the operator's own couplings to
them (stencil summed over the other axes), so interpolation follows the conductors; coarse operators are Galerkin
products. This is Dendy's black-box multigrid (J. Comput. Phys. 48 (1982) 366) with the interpolation factorised by axis,
which keeps the 3^d-point stencils and makes the products a dozen array operations an axis. g is
lumped: it is summed with the mean of the fields' transfers. Smoothing is damped Jacobi
with the fields' 2x2 block of each point.
"""

from dataclasses import dataclass, field
from functools import partial

import jax
import jax.numpy as jnp
from jax import lax

from phasefield import operators

DAMPING = 0.8
COARSEST = 256  # unknowns of a field below which a level is solved directly


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class System:
    """The finest operator.

    Args:
        conductivities: k of each field [S/m], one array a field; strictly positive.
        diagonals: d of each field [S/m3]: Dirichlet faces, mass terms.
        coupling: g [S/m3] between two fields; None for one field.
        spacing: [m].
        periodic: static, one flag an axis.
    """

    conductivities: tuple[jax.Array, ...]
    diagonals: tuple[jax.Array, ...]
    coupling: jax.Array | None
    spacing: jax.Array
    periodic: tuple[bool, ...] = field(metadata={"static": True})


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Level:
    """A coarse operator and how it was reached: a stencil (3, .., 3, *shape) for each field, without g; g lumped."""

    stencils: tuple[jax.Array, ...]
    coupling: jax.Array | None
    inverse_diagonal: jax.Array  # (m, m, *shape): inverse of each point's block
    weights: tuple[tuple[jax.Array, ...], ...]  # [coarsened axis][field]: weight of the lower neighbour
    axes: tuple[int, ...] = field(metadata={"static": True})  # axes coarsened to get here
    fine_shape: tuple[int, ...] = field(metadata={"static": True})


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Hierarchy:
    """The coarse levels of a system; they may serve later, slightly different systems too."""

    levels: tuple[Level, ...]
    coarsest_inverse: jax.Array
    periodic: tuple[bool, ...] = field(metadata={"static": True})


# ---------------------------------------------------------------- finest level


def apply(system: System, u):
    """A u [A/m3] of the stacked fields u, shape (m, *shape)."""
    parts = [
        d * v - operators.diffusion(k, v, system.spacing, system.periodic)
        for k, d, v in zip(system.conductivities, system.diagonals, u, strict=True)
    ]
    return jnp.stack(_exchange(parts, system.coupling, u))


def inverse_block_diagonal(system: System):
    """Inverse of the block that couples the fields in each point, shape (m, m, *shape)."""
    diagonal = [
        d + operators.diffusion_diagonal(k, system.spacing, system.periodic)
        for k, d in zip(system.conductivities, system.diagonals, strict=True)
    ]
    if system.coupling is None:
        return (1 / diagonal[0])[None, None]
    g = system.coupling
    return _invert_blocks(((diagonal[0] + g, -g), (-g, diagonal[1] + g)))


def _invert_blocks(block):
    if len(block) == 1:
        return (1 / block[0][0])[None, None]
    (a, b), (c, d) = block
    # a d - b c of [[k1 + g, -g], [-g, k2 + g]] would cancel; scaling the rows first keeps it safe in float32
    ratio_b, ratio_c = b / a, c / d
    determinant = 1 - ratio_b * ratio_c
    tiny = 10 * jnp.finfo(a.dtype).eps
    determinant = jnp.where(determinant > tiny, determinant, tiny)
    return jnp.stack(
        [
            jnp.stack([1 / (a * determinant), -ratio_b / (d * determinant)]),
            jnp.stack([-ratio_c / (a * determinant), 1 / (d * determinant)]),
        ]
    )


def _multiply_blocks(block, r):
    return jnp.stack([sum(block[i, j] * r[j] for j in range(r.shape[0])) for i in range(r.shape[0])])


# ---------------------------------------------------------------- stencils


def _halo(u, periodic):
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


def _window(haloed, offset, shape):
    """u[i + offset] of the haloed u, offsets -1, 0, 1 along the last axes."""
    lead = haloed.ndim - len(offset)
    start = (0,) * lead + tuple(o + 1 for o in offset)
    stop = haloed.shape[:lead] + tuple(o + 1 + n for o, n in zip(offset, shape, strict=True))
    return lax.slice(haloed, start, stop)


def _apply_stencil(stencil, v, periodic):
    haloed = _halo(v, periodic)
    return sum(
        stencil[tuple(o + 1 for o in offset)] * _window(haloed, offset, v.shape) for offset in _offsets(v.ndim)
    )


def _offsets(ndim):
    if ndim == 0:
        return [()]
    return [(o, *rest) for o in (-1, 0, 1) for rest in _offsets(ndim - 1)]


def _finest_stencils(system: System):
    """Stencils of each field, without g."""
    ndim = len(system.periodic)
    centre = (1,) * ndim
    stencils = []
    for k, d in zip(system.conductivities, system.diagonals, strict=True):
        entries = {centre: d + operators.diffusion_diagonal(k, system.spacing, system.periodic)}
        for a in range(ndim):
            face = operators.face_mean(k, a, system.periodic[a]) / system.spacing**2
            upper = tuple(2 if b == a else 1 for b in range(ndim))
            lower = tuple(0 if b == a else 1 for b in range(ndim))
            entries[upper] = -face
            entries[lower] = -operators.shift(face, a, -1, system.periodic[a])
        stencils.append(_assemble(entries, ndim))
    return tuple(stencils)


def _assemble(entries, ndim):
    shape, dtype = next(iter(entries.values())).shape, next(iter(entries.values())).dtype
    zero = jnp.zeros(shape, dtype)
    flat = [entries.get(tuple(o + 1 for o in offset), zero) for offset in _offsets(ndim)]
    return jnp.stack(flat).reshape((3,) * ndim + shape)


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


def _interleave(even, odd, axis):
    zero = jnp.zeros((), even.dtype)
    config = [(0, 0, 0)] * even.ndim
    config[axis] = (0, 1, 1)
    first = lax.pad(even, zero, config)
    config[axis] = (1, 0, 1)
    return first + lax.pad(odd, zero, config)


# ---------------------------------------------------------------- coarsening one axis


def _interpolation_weight(stencil, axis):
    """Weight of the lower neighbour in each skipped point: its share of the couplings along `axis`."""
    ndim = stencil.ndim // 2
    others = tuple(b for b in range(ndim) if b != axis)
    rows = _odd(_pad_even(stencil, ndim + axis), ndim + axis)
    lower, _, upper = jnp.moveaxis(jnp.sum(rows, axis=others) if others else rows, 0, 0)
    lower, upper = jnp.maximum(-lower, 0), jnp.maximum(-upper, 0)
    total = lower + upper
    return jnp.where(total > 0, lower / jnp.where(total > 0, total, 1), 0.5)


def _galerkin(stencil, weight, axis, periodic):
    """Stencil of P' A P with the axis coarsened; `weight` is that of the lower neighbour in the skipped points."""
    ndim = weight.ndim
    s = jnp.moveaxis(_pad_even(stencil, ndim + axis), axis, 0)  # (3, [3]*(d-1), *shape)
    lead = ndim - 1
    even, odd = _even(s, ndim + axis), _odd(s, ndim + axis)

    def transverse(w):
        """w seen from each transverse offset: ([3]*(d-1), *coarse shape)."""
        haloed = _halo(w, periodic)
        windows = [_window(haloed, (*o[:axis], 0, *o[axis:]), w.shape) for o in _offsets(lead)]
        return jnp.stack(windows).reshape((3,) * lead + w.shape)

    def previous(u):
        return operators.shift(u, u.ndim - ndim + axis, -1, periodic[axis])

    lower, upper = transverse(weight), transverse(1 - weight)  # of the skipped point above each kept one
    lower_before, upper_before = previous(lower), previous(upper)
    even_row = [even[0] * lower_before, even[1] + even[0] * upper_before + even[2] * lower, even[2] * upper]
    odd_row = [odd[0] + odd[1] * lower, odd[2] + odd[1] * upper]  # columns: this kept point, the next
    left_before = previous(1 - weight)
    coarse = jnp.stack(
        [
            even_row[0] + left_before * previous(odd_row[0]),
            even_row[1] + weight * odd_row[0] + left_before * previous(odd_row[1]),
            even_row[2] + weight * odd_row[1],
        ]
    )
    return jnp.moveaxis(coarse, 0, axis)


def _prolong_axis(u, weight, axis, length, periodic):
    """Values on the finer axis of `length` points."""
    skipped = weight * u + (1 - weight) * operators.shift(u, axis, +1, periodic)
    fine = _interleave(u, skipped, axis)
    return lax.slice_in_dim(fine, 0, length, axis=axis)


def _restrict_axis(r, weight, axis, periodic):
    """Transpose of _prolong_axis."""
    r = _pad_even(r, axis)
    even, odd = _even(r, axis), _odd(r, axis)
    return even + weight * odd + operators.shift((1 - weight) * odd, axis, -1, periodic)


def prolong(level: Level, u, periodic):
    """The correction on the finer level, (m, *fine_shape), from u, (m, *shape)."""
    fields = []
    for m in range(u.shape[0]):
        v = u[m]
        for axis, weights in zip(reversed(level.axes), reversed(level.weights), strict=True):
            v = _prolong_axis(v, weights[m], axis, level.fine_shape[axis], periodic[axis])
        fields.append(v)
    return jnp.stack(fields)


def restrict(level: Level, r, periodic):
    """The residual on this level, (m, *shape), from r, (m, *fine_shape)."""
    fields = []
    for m in range(r.shape[0]):
        v = r[m]
        for axis, weights in zip(level.axes, level.weights, strict=True):
            v = _restrict_axis(v, weights[m], axis, periodic[axis])
        fields.append(v)
    return jnp.stack(fields)


# ---------------------------------------------------------------- hierarchy


def axes_to_coarsen(shape, periodic):
    """Which axes of a level may be halved: periodic ones of even length, closed ones of any length above 2."""
    return tuple(a for a, n in enumerate(shape) if n > 2 and (n % 2 == 0 or not periodic[a]))


def coarsest_shape(shape, periodic):
    """Shape of the level that is solved directly."""
    while _size(shape) > COARSEST and (axes := axes_to_coarsen(shape, periodic)):
        shape = tuple((n + 1) // 2 if a in axes else n for a, n in enumerate(shape))
    return shape


def _size(shape):
    size = 1
    for n in shape:
        size *= n
    return size


def build(system: System) -> Hierarchy:
    """The hierarchy of a system: a few tens of operator applications."""
    periodic = system.periodic
    ndim, fields = len(periodic), len(system.conductivities)
    own = _finest_stencils(system)
    coupling = system.coupling
    shape = system.conductivities[0].shape
    levels = []
    while _size(shape) > COARSEST and (axes := axes_to_coarsen(shape, periodic)):
        fine_shape, weights = shape, []
        for axis in axes:
            w = tuple(_interpolation_weight(s, axis) for s in own)
            own = tuple(_galerkin(s, v, axis, periodic) for s, v in zip(own, w, strict=True))
            if coupling is not None:
                coupling = sum(_restrict_axis(coupling, v, axis, periodic) for v in w) / fields
            weights.append(w)
        shape = own[0].shape[ndim:]
        levels.append(Level(own, coupling, _inverse_diagonal(own, coupling), tuple(weights), axes, fine_shape))
    if _size(shape) > 16 * COARSEST:
        raise ValueError(
            f"a grid of {system.conductivities[0].shape} cells can be halved only to {shape}; choose numbers of cells "
            "along the periodic axes that are a small number times a power of two"
        )
    matrix = _dense(own, coupling, shape, periodic)
    return Hierarchy(tuple(levels), jnp.linalg.inv(matrix), periodic)


def _inverse_diagonal(stencils, coupling):
    centre = (1,) * (stencils[0].ndim // 2)
    diagonal = [s[centre] for s in stencils]
    if coupling is None:
        return _invert_blocks(((diagonal[0],),))
    return _invert_blocks(((diagonal[0] + coupling, -coupling), (-coupling, diagonal[1] + coupling)))


def _apply_stencils(stencils, coupling, u, periodic):
    parts = [_apply_stencil(s, v, periodic) for s, v in zip(stencils, u, strict=True)]
    return jnp.stack(_exchange(parts, coupling, u))


def _exchange(parts, coupling, u):
    if coupling is None:
        return parts
    exchange = coupling * (u[0] - u[1])
    return [parts[0] + exchange, parts[1] - exchange]


def _dense(stencils, coupling, shape, periodic):
    fields = len(stencils)
    n = fields * _size(shape)
    columns = jax.vmap(lambda e: _apply_stencils(stencils, coupling, e.reshape((fields, *shape)), periodic).reshape(-1))
    return columns(jnp.eye(n, dtype=stencils[0].dtype)).T


def _smooth(operator, inverse_diagonal, u, b, sweeps):
    def sweep(_, u):
        return u + DAMPING * _multiply_blocks(inverse_diagonal, b - operator(u))

    return lax.fori_loop(0, sweeps, sweep, u)


def v_cycle(system: System, hierarchy: Hierarchy, r, inverse_diagonal, sweeps: int = 2):
    """Approximately A^-1 r, (m, *shape): one symmetric V-cycle.

    Args:
        system: the finest operator; `hierarchy` may come from an earlier one.
        r: residual of each field, shape (m, *shape).
        inverse_diagonal: `inverse_block_diagonal(system)`, computed once per system.
        sweeps: smoothing steps before and after the coarse correction.
    """
    periodic = hierarchy.periodic

    def descend(depth, b):
        if depth == len(hierarchy.levels):
            return (hierarchy.coarsest_inverse @ b.reshape(-1)).reshape(b.shape)
        if depth == 0:
            operator, inverse = partial(apply, system), inverse_diagonal
        else:
            level = hierarchy.levels[depth - 1]
            operator = partial(_apply_stencils, level.stencils, level.coupling, periodic=periodic)
            inverse = level.inverse_diagonal
        u = _smooth(operator, inverse, DAMPING * _multiply_blocks(inverse, b), b, sweeps - 1)
        below = hierarchy.levels[depth]
        u = u + prolong(below, descend(depth + 1, restrict(below, b - operator(u), periodic)), periodic)
        return _smooth(operator, inverse, u, b, sweeps)

    if not hierarchy.levels:
        return (hierarchy.coarsest_inverse @ r.reshape(-1)).reshape(r.shape)
    return descend(0, r)
