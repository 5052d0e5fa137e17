"""Geometric multigrid with operator-dependent interpolation, for one field or for two coupled ones.

The systems are symmetric positive definite,

    A = diag over fields of [ -div(k_m grad .) + d_m ]  +  g (x) [[1, -1], [-1, 1]],

with jumps of k by many orders of magnitude and conductors that float. Each level is coarsened one axis at a time to the
points of even index: a skipped point takes the mean of its two neighbours weighted by the operator's own couplings to
them (stencil summed over the other axes), so interpolation follows the conductors; coarse operators are Galerkin
products. This is Dendy's black-box multigrid (J. Comput. Phys. 48 (1982) 366) with the interpolation factorised by
axis, which keeps the 3^d-point stencils and makes the products a dozen array operations an axis. g is lumped: it is
summed with the mean of the fields' transfers, which cost no iteration against Galerkin products of it and saves a third
of the work. Smoothing is damped Jacobi with the fields' 2x2 block of each point.
"""

from dataclasses import dataclass, field
from functools import partial
from math import prod

import jax
import jax.numpy as jnp

from phasefield.precision import cast
from phasefield.solvers.coarsening import (
    finest_stencil,
    galerkin,
    interpolation_weight,
    prolong_axis,
    restrict_axis,
)
from phasefield.solvers.fusion import separately
from phasefield.solvers.stencils import apply_stencil
from phasefield.solvers.system import (
    System,
    apply,
    diagonal,
    exchange,
    inverse_block_diagonal,
    invert_blocks,
    multiply_blocks,
)

DAMPING = 0.8
SWEEPS = 2  # of smoothing before and after the coarse correction
SHIFT = 16  # rounding errors of the unit diagonal
COARSEST = 256  # cells below which a level is solved directly


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Level:
    """A coarse operator of m fields and how it was reached.

    Args:
        stencils: of each field without g, shape (m, 3, .., 3, *shape). coupling: g, lumped; None for one field.
        inverse_diagonal: inverse of each point's block, shape (m, m, *shape).
        weights: of the lower neighbour in the skipped points, one array (m, ...) for each of `axes`.
        axes: static, coarsened to get here, in this order. fine_shape: static, of the level above.
    """

    stencils: jax.Array
    coupling: jax.Array | None
    inverse_diagonal: jax.Array
    weights: tuple[jax.Array, ...]
    axes: tuple[int, ...] = field(metadata={"static": True})
    fine_shape: tuple[int, ...] = field(metadata={"static": True})


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Hierarchy:
    """The coarse levels of a system; they may serve later, slightly different systems too."""

    levels: tuple[Level, ...]
    coarsest_inverse: jax.Array
    periodic: tuple[bool, ...] = field(metadata={"static": True})


def prolong(level: Level, u, periodic):
    """The correction on the finer level, (m, *fine_shape), from u, (m, *shape)."""
    for axis, weight in zip(reversed(level.axes), reversed(level.weights), strict=True):
        finer = partial(prolong_axis, axis=axis, length=level.fine_shape[axis], periodic=periodic[axis])
        u = jax.vmap(finer)(u, weight)
    return u


def restrict(level: Level, r, periodic):
    """The residual on this level, (m, *shape), from r, (m, *fine_shape)."""
    for axis, weight in zip(level.axes, level.weights, strict=True):
        r = jax.vmap(partial(restrict_axis, axis=axis, periodic=periodic[axis]))(r, weight)
    return r


def axes_to_coarsen(shape):
    """Which axes of a level are halved: those longer than 2."""
    return tuple(a for a, n in enumerate(shape) if n > 2)


def build(system: System, precision=None) -> Hierarchy:
    """The hierarchy of a system: a few tens of operator applications.

    Args:
        precision: dtype that its levels are kept in; that of the system if None.
    """
    precision = system.faces.dtype if precision is None else jnp.dtype(precision)
    periodic = system.periodic
    ndim = len(periodic)
    own = jax.vmap(finest_stencil)(system.faces, diagonal(system))
    coupling = system.coupling
    shape = system.diagonals.shape[1:]
    levels = []
    while prod(shape) > COARSEST and (axes := axes_to_coarsen(shape)):
        fine_shape, weights = shape, []
        for axis in axes:
            w = jax.vmap(partial(interpolation_weight, axis=axis))(own)
            own = jax.vmap(partial(galerkin, axis=axis, periodic=periodic))(own, w)
            if coupling is not None:
                transfer = jax.vmap(partial(restrict_axis, axis=axis, periodic=periodic[axis]), in_axes=(None, 0))
                coupling = jnp.mean(transfer(coupling, w), axis=0)
            weights.append(w)
        shape = own.shape[1 + ndim :]
        inverse = invert_blocks(own[_centre(ndim)], coupling)
        levels.append(Level(own, coupling, inverse, tuple(weights), axes, fine_shape))
    coarsest = _inverse(_dense(own, coupling, shape, periodic), precision)
    return cast(Hierarchy(tuple(levels), coarsest, periodic), precision)


def _centre(ndim):
    return (slice(None), *(1,) * ndim)


def _apply_stencils(stencils, coupling, u, periodic):
    return jax.vmap(partial(apply_stencil, periodic=periodic))(stencils, u) + exchange(coupling, u)


def _inverse(matrix, precision):
    """Inverse of a symmetric positive definite matrix whose rows differ by many orders of magnitude.

    Scaled to a unit diagonal, and shifted by some rounding errors of the precision it will be kept in: a conductor that
    floats is singular to rounding, and in float32 could come out negative, or drown the rest.
    """
    scale = 1 / jnp.sqrt(jnp.diagonal(matrix))
    scaled = scale[:, None] * matrix * scale
    shift = SHIFT * jnp.finfo(precision).eps
    inverse = jnp.linalg.inv(0.5 * (scaled + scaled.T) + shift * jnp.eye(len(matrix), dtype=matrix.dtype))
    return scale[:, None] * inverse * scale


def _dense(stencils, coupling, shape, periodic):
    full = (stencils.shape[0], *shape)
    columns = jax.vmap(lambda e: _apply_stencils(stencils, coupling, e.reshape(full), periodic).reshape(-1))
    return columns(jnp.eye(prod(full), dtype=stencils.dtype)).T


def preconditioner(system: System, hierarchy: Hierarchy):
    """r -> approximately A^-1 r by a V-cycle, in the precision of the hierarchy.

    What single precision leaves over is far less than what a V-cycle leaves over, and it moves half the bytes.
    """
    precision = hierarchy.coarsest_inverse.dtype
    inverse = cast(inverse_block_diagonal(system), precision)
    system = cast(system, precision)

    def cycle(r):
        size = jnp.max(jnp.abs(r))  # residuals near convergence would leave the range of single precision
        size = jnp.where(size > 0, size, 1.0)
        return size * v_cycle(system, hierarchy, (r / size).astype(precision), inverse).astype(r.dtype)

    return cycle


def v_cycle(system: System, hierarchy: Hierarchy, r, inverse_diagonal):
    """Approximately A^-1 r, (m, *shape): one symmetric V-cycle.

    Args:
        system: the finest operator; `hierarchy` may come from an earlier one.
        r: residual of each field, shape (m, *shape).
        inverse_diagonal: `inverse_block_diagonal(system)`, computed once per system.
    """
    periodic = hierarchy.periodic
    alone = partial(separately, system.spacing)

    def descend(depth, b):
        if depth == len(hierarchy.levels):
            return (hierarchy.coarsest_inverse @ b.reshape(-1)).reshape(b.shape)
        if depth == 0:
            operator, inverse = partial(apply, system), inverse_diagonal
        else:
            level = hierarchy.levels[depth - 1]
            operator = partial(_apply_stencils, level.stencils, level.coupling, periodic=periodic)
            inverse = level.inverse_diagonal

        def residual(u):
            return alone(lambda u, b: b - operator(u), u, b)

        def sweep(u):
            return alone(lambda u, r: u + DAMPING * multiply_blocks(inverse, r), u, residual(u))

        u = alone(lambda b: DAMPING * multiply_blocks(inverse, b), b)
        for _ in range(SWEEPS - 1):
            u = sweep(u)
        below = hierarchy.levels[depth]
        correction = descend(depth + 1, alone(lambda r: restrict(below, r, periodic), residual(u)))
        u = alone(lambda u, correction: u + prolong(below, correction, periodic), u, correction)
        for _ in range(SWEEPS):
            u = sweep(u)
        return u

    return descend(0, r)
