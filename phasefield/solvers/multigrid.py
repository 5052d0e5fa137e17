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
from jax import lax

from phasefield.solvers.coarsening import (
    apply_stencil,
    finest_stencils,
    galerkin,
    interpolation_weight,
    prolong_axis,
    restrict_axis,
)
from phasefield.solvers.system import System, apply, exchange, invert_blocks, multiply_blocks

DAMPING = 0.8
COARSEST = 256  # cells below which a level is solved directly


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


def prolong(level: Level, u, periodic):
    """The correction on the finer level, (m, *fine_shape), from u, (m, *shape)."""
    fields = []
    for m in range(u.shape[0]):
        v = u[m]
        for axis, weights in zip(reversed(level.axes), reversed(level.weights), strict=True):
            v = prolong_axis(v, weights[m], axis, level.fine_shape[axis], periodic[axis])
        fields.append(v)
    return jnp.stack(fields)


def restrict(level: Level, r, periodic):
    """The residual on this level, (m, *shape), from r, (m, *fine_shape)."""
    fields = []
    for m in range(r.shape[0]):
        v = r[m]
        for axis, weights in zip(level.axes, level.weights, strict=True):
            v = restrict_axis(v, weights[m], axis, periodic[axis])
        fields.append(v)
    return jnp.stack(fields)


def axes_to_coarsen(shape, periodic):
    """Which axes of a level may be halved: periodic ones of even length, closed ones of any length above 2."""
    return tuple(a for a, n in enumerate(shape) if n > 2 and (n % 2 == 0 or not periodic[a]))


def build(system: System) -> Hierarchy:
    """The hierarchy of a system: a few tens of operator applications."""
    periodic = system.periodic
    ndim, fields = len(periodic), len(system.conductivities)
    own = finest_stencils(system)
    coupling = system.coupling
    shape = system.conductivities[0].shape
    levels = []
    while prod(shape) > COARSEST and (axes := axes_to_coarsen(shape, periodic)):
        fine_shape, weights = shape, []
        for axis in axes:
            w = tuple(interpolation_weight(s, axis) for s in own)
            own = tuple(galerkin(s, v, axis, periodic) for s, v in zip(own, w, strict=True))
            if coupling is not None:
                coupling = sum(restrict_axis(coupling, v, axis, periodic) for v in w) / fields
            weights.append(w)
        shape = own[0].shape[ndim:]
        levels.append(Level(own, coupling, _inverse_diagonal(own, coupling), tuple(weights), axes, fine_shape))
    if prod(shape) > 16 * COARSEST:
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
        return invert_blocks(((diagonal[0],),))
    return invert_blocks(((diagonal[0] + coupling, -coupling), (-coupling, diagonal[1] + coupling)))


def _apply_stencils(stencils, coupling, u, periodic):
    parts = [apply_stencil(s, v, periodic) for s, v in zip(stencils, u, strict=True)]
    return jnp.stack(exchange(parts, coupling, u))


def _dense(stencils, coupling, shape, periodic):
    fields = len(stencils)
    n = fields * prod(shape)
    columns = jax.vmap(lambda e: _apply_stencils(stencils, coupling, e.reshape((fields, *shape)), periodic).reshape(-1))
    return columns(jnp.eye(n, dtype=stencils[0].dtype)).T


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

        def before(_, carry):
            u, residual = carry
            u = u + DAMPING * multiply_blocks(inverse, residual)
            return u, b - operator(u)

        def after(_, u):
            return u + DAMPING * multiply_blocks(inverse, b - operator(u))

        # rolled loops: XLA's CPU backend would fuse a chain of sweeps and compute each of them many times over
        u, residual = lax.fori_loop(0, sweeps, before, (jnp.zeros_like(b), b))
        below = hierarchy.levels[depth]
        correction = descend(depth + 1, restrict(below, residual, periodic))
        return lax.fori_loop(0, sweeps, after, u + prolong(below, correction, periodic))

    if not hierarchy.levels:
        return (hierarchy.coarsest_inverse @ r.reshape(-1)).reshape(r.shape)
    return descend(0, r)
