"""Geometric multigrid with operator-dependent interpolation, for one field or for two coupled ones.

The systems are symmetric positive definite,

    A = diag over fields of [ -div(k_m grad .) + d_m ]  +  g (x) [[1, -1], [-1, 1]],

with jumps of k by many orders of magnitude and conductors that float. Each level is coarsened one axis at a time to the
points of even index: a skipped point takes the mean of its two neighbours weighted by the operator's own couplings to
them (stencil summed over the other axes), so interpolation follows the conductors; coarse operators are Galerkin
products. This is Dendy's black-box multigrid (J. Comput. Phys. 48 (1982) 366) with the interpolation factorised by
axis, which keeps the 3^d-point stencils and makes the products a dozen array operations an axis. g is lumped: it is
summed with the mean of the fields' transfers, which cost no iteration against Galerkin products of it and saves a third
of the work; where the fields follow different neighbours it also ties these to each other (`parted_coupling`), or a
coarse operator would lose it and overshoot. Smoothing is two sweeps of Jacobi with the fields' 2x2 block of each point.

On the coarse levels the correction is sought by a few steps of conjugate gradients with the cycle from there down (a
K-cycle: Notay & Vassilevski, Numer. Linear Algebra Appl. 15 (2008) 473), which stop where it is found: after one or two
in most hosts, later where many pieces of lithium float in an insulator, which coarse points cannot all tell apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import accumulate, pairwise
from math import prod

import jax
import jax.numpy as jnp
from jax import lax

from phasefield.precision import cast
from phasefield.solvers import conjugate_gradients, dense, pieces
from phasefield.solvers.coarsening import (
    finest_galerkin,
    finest_stencil,
    finest_weight,
    galerkin,
    interpolation_weight,
    parted_coupling,
    prolong_axis,
    restrict_axis,
    tie,
)
from phasefield.solvers.fusion import separately
from phasefield.solvers.stencils import all_neighbours, apply_stencil
from phasefield.solvers.system import (
    System,
    apply,
    diagonal,
    exchange,
    inverse_block_diagonal,
    invert_blocks,
    multiply_blocks,
)

# Of the sweeps before and after the coarse correction: fourth-kind Chebyshev, the polynomial of degree 2 that bounds a
# V-cycle's error best where D^-1 A reaches to 2 (Lottes, Numer. Linear Algebra Appl. 30 (2023) e2518).
DAMPINGS = (1.4472, 0.5528)
STEPS = (4, 8, 4)  # of conjugate gradients at most, on the coarse levels from the finest down; the last for all below
REDUCTION = 0.1  # of the residual of a coarse level, at which they stop
FULL = lax.Precision.HIGHEST  # of products with matrices: GPUs take single precision in 10 bits by default
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
    """The coarse levels of a system; they may serve later, slightly different systems too.

    Args:
        pieces: of the last of two fields, `pieces.labels`; None for one field.
    """

    levels: tuple[Level, ...]
    coarsest_inverse: jax.Array
    pieces: jax.Array | None
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
        precision: dtype that its levels are kept in; that of the system if None. They are worked out in float64: what
            ties an insulated pocket to the rest is the difference of numbers 1e10 times larger.
    """
    return build_together((system,), precision)[0]


def build_together(systems: Sequence[System], precision=None) -> list[Hierarchy]:
    """The hierarchies of systems on one grid: one program for all their fields compiles in half the time of two."""
    precision = systems[0].faces.dtype if precision is None else jnp.dtype(precision)
    periodic = systems[0].periodic
    ends = list(accumulate((len(system.faces) for system in systems), initial=0))
    parts = [slice(*pair) for pair in pairwise(ends)]
    systems = [cast(system, jnp.float64) for system in systems]
    faces = jnp.concatenate([system.faces for system in systems])
    own = jnp.concatenate([system.diagonals for system in systems])
    operator = None  # that of the finest level is its faces
    diagonals = jnp.concatenate([diagonal(system) for system in systems])
    couplings = [system.coupling for system in systems]
    shape = own.shape[1:]
    levels = [[] for _ in systems]
    while prod(shape) > COARSEST and (axes := axes_to_coarsen(shape)):
        fine_shape, weights = shape, []
        for axis in axes:
            if operator is None:
                w = jax.vmap(partial(finest_weight, axis=axis, periodic=periodic[axis]))(faces)
                operator = jax.vmap(partial(finest_galerkin, axis=axis, periodic=periodic))(faces, diagonals, w)
            else:
                w = jax.vmap(partial(interpolation_weight, axis=axis, periodic=periodic[axis]))(operator)
                operator = jax.vmap(partial(galerkin, axis=axis, periodic=periodic))(operator, w)
            own = jax.vmap(partial(restrict_axis, axis=axis, periodic=periodic[axis]))(own, w)
            for part, g in zip(parts, couplings, strict=True):
                if g is not None:
                    operator = tie(operator, part, parted_coupling(g, w[part], axis), axis, periodic)
            transfer = jax.vmap(partial(restrict_axis, axis=axis, periodic=periodic[axis]), in_axes=(None, 0))
            couplings = [
                None if g is None else jnp.mean(transfer(g, w[part]), axis=0)
                for g, part in zip(couplings, parts, strict=True)
            ]
            weights.append(w)
        shape = own.shape[1:]
        stencils = _with_row_sums(operator, own)
        for part, g, chain in zip(parts, couplings, levels, strict=True):
            inverse = invert_blocks(_smoothing_diagonal(operator[part]), g)
            chain.append(Level(stencils[part], g, inverse, tuple(w[part] for w in weights), axes, fine_shape))
    if operator is None:
        operator = jax.vmap(finest_stencil)(faces, diagonals)
    stencils = _with_row_sums(operator, own)
    hierarchies = []
    for system, part, g, chain in zip(systems, parts, couplings, levels, strict=True):
        coarsest = dense.scaled_inverse(_dense(stencils[part], g, shape, periodic), precision)
        floating = None if g is None else pieces.labels(system.faces[-1], periodic)
        hierarchies.append(cast(Hierarchy(tuple(chain), coarsest, floating, periodic), precision))
    return hierarchies


def _with_row_sums(operator, own):
    """Stencils with the sum of each row, which P carries down by itself, in place of the diagonal; shape (m, ...)."""
    return operator.at[(slice(None), *(1,) * (own.ndim - 1))].set(own)


def _smoothing_diagonal(operator):
    """D of each field with D^-1 A at most 2: the diagonal, raised where products have left positive couplings."""
    ndim = operator.ndim // 2
    couplings = sum(jnp.abs(operator[(slice(None), *(o + 1 for o in offset))]) for offset in all_neighbours(ndim))
    centre = operator[(slice(None), *(1,) * ndim)]
    return jnp.maximum(centre, 0.5 * (jnp.abs(centre) + couplings))


def _apply_stencils(stencils, coupling, u, periodic):
    return jax.vmap(partial(apply_stencil, periodic=periodic))(stencils, u) + exchange(coupling, u)


def _dense(stencils, coupling, shape, periodic):
    """Matrix of an operator, (n, n) for its n unknowns."""
    full = (stencils.shape[0], *shape)
    n = prod(full)
    stencils = _everywhere(stencils, len(shape))
    coupling = None if coupling is None else _everywhere(coupling, len(shape))
    columns = jax.vmap(lambda e: _apply_stencils(stencils, coupling, e.reshape(full), periodic).reshape(-1))
    return columns(jnp.eye(n, dtype=stencils.dtype)).T


def _everywhere(u, ndim):
    """u itself. Where its last ndim axes are spread over devices, each gets all of it, by sums over them.

    Products with identities: the compiler would gather u otherwise, or spread the dense matrix too.
    """
    for axis in range(u.ndim - ndim, u.ndim):
        unit = jnp.eye(u.shape[axis], dtype=u.dtype)
        u = jnp.moveaxis(jnp.tensordot(u, unit, axes=(axis, 0), precision=FULL), -1, axis)
    return u


def preconditioner(system: System, hierarchy: Hierarchy, steps: tuple[int, ...] = STEPS):
    """r -> approximately A^-1 r by a cycle, in the precision of the hierarchy; with the `steps` of `v_cycle`.

    What single precision leaves over is far less than what a cycle leaves over, and it moves half the bytes.
    """
    precision = hierarchy.coarsest_inverse.dtype
    inverse = cast(inverse_block_diagonal(system), precision)
    system = cast(system, precision)

    def cycle(r):
        size = jnp.max(jnp.abs(r))  # residuals near convergence would leave the range of single precision
        size = jnp.where(size > 0, size, 1.0)
        return size * v_cycle(system, hierarchy, (r / size).astype(precision), inverse, steps).astype(r.dtype)

    return cycle


def v_cycle(system: System, hierarchy: Hierarchy, r, inverse_diagonal, steps: tuple[int, ...] = STEPS):
    """Approximately A^-1 r, (m, *shape): one cycle.

    Args:
        system: the finest operator; `hierarchy` may come from an earlier one.
        r: residual of each field, shape (m, *shape).
        inverse_diagonal: `inverse_block_diagonal(system)`, computed once per system.
        steps: static, see `STEPS`. With (1,) it is a V-cycle, linear in r and symmetric; else very nearly.
    """
    periodic = hierarchy.periodic
    ndim = len(periodic)
    alone = partial(separately, system.spacing)

    def at(depth):
        """(operator, inverse block diagonal) of a level, 0 the finest."""
        if depth == 0:
            return partial(apply, system), inverse_diagonal
        level = hierarchy.levels[depth - 1]
        return partial(_apply_stencils, level.stencils, level.coupling, periodic=periodic), level.inverse_diagonal

    def residual(operator, u, b):
        return alone(lambda u, b: b - operator(u), u, b)

    def correct(depth, b):
        """Approximately the solution of a level; exactly that of the coarsest."""
        if depth == len(hierarchy.levels):
            solution = jnp.matmul(hierarchy.coarsest_inverse, _everywhere(b, ndim).reshape(-1), precision=FULL)
            return _everywhere(solution.reshape(b.shape), ndim)
        operator, inverse = at(depth)

        def sweep(u, damping):
            return alone(lambda u, r: u + damping * multiply_blocks(inverse, r), u, residual(operator, u, b))

        u = alone(lambda b: DAMPINGS[0] * multiply_blocks(inverse, b), b)
        for damping in DAMPINGS[1:]:
            u = sweep(u, damping)
        below = hierarchy.levels[depth]
        coarse = alone(lambda r: restrict(below, r, periodic), residual(operator, u, b))
        correction = seek(depth + 1, coarse)
        u = alone(lambda u, correction: u + prolong(below, correction, periodic), u, correction)
        for damping in DAMPINGS:
            u = sweep(u, damping)
        return u

    def seek(depth, b):
        """The solution of a coarse level, by some steps of conjugate gradients with the cycle from there down."""
        if depth == len(hierarchy.levels):
            return correct(depth, b)
        most = steps[min(depth, len(steps)) - 1]
        cycle = partial(correct, depth)
        if most == 1:
            return cycle(b)
        operator, inverse = at(depth)

        def size(r):
            return jnp.sqrt(conjugate_gradients.dot(r, multiply_blocks(inverse, r)))

        return conjugate_gradients.solve(operator, cycle, b, REDUCTION * size(b), size, most, positive=system.spacing)[
            0
        ]

    return correct(0, r)
