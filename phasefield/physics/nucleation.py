"""Nucleation of lithium on bare host and collector surface: a property of the surface, since critical nuclei of 1-2 nm
lie far below the grid. How what has nucleated spreads: `coverage`."""

import jax
import jax.numpy as jnp

from phasefield import operators
from phasefield.physics import coverage

THROUGH = 3  # cells to either side that a nucleus reaches through a wall, which is diffuse by one


def activation_rate(overpotential, nucleation_overpotential, prefactor, steepness):
    """Nuclei per area and time [1/(m2 s)] on a bare surface; zero where eta >= 0.

        J = J0 exp(-b (eta_nuc/eta)^2)

    Args:
        overpotential: eta [V]. nucleation_overpotential: eta_nuc [V], a property of the surface.
        prefactor: J0 [1/(m2 s)]. steepness: b [-].

    Source: classical nucleation in two dimensions, with the barrier written through the overpotential at which the
    surface nucleates at the rate of the experiment.
    """
    driven = overpotential < 0
    ratio = nucleation_overpotential / jnp.where(driven, overpotential, -1.0)
    return jnp.where(driven, prefactor * jnp.exp(-steepness * ratio**2), 0.0)


def surface_rate(model, lithiation, overpotential):
    """Activations per volume and time [1/(m3 s)]: each phase's rate on its share of the bare surface."""
    total = 0.0
    for phase, share, theta in zip(model.host.phases, model.surface_shares, lithiation, strict=True):
        pristine, lithiated = phase.nucleation_overpotential
        barrier = pristine + (lithiated - pristine) * theta
        rate = activation_rate(overpotential, barrier, model.nucleation_prefactor, model.nucleation_steepness)
        total = total + share * rate
    return model.surface * total


def events(model, lithiation, overpotential):
    """Rate at which each cell's surface nucleates [1/s]. A box of two dimensions is as deep as a nucleus is wide."""
    depth = model.nucleus_cells ** (3 - model.grid.ndim)
    return surface_rate(model, lithiation, overpotential) * model.grid.cell_volume * depth


def expected(model, state, before, after, dt):
    """Probability that a nucleus appears on the bare surface of each cell within dt [-]: 1 - exp(-J A dt).

    The rate doubles every mV or so, and is that of the whole step: Simpson's rule over an overpotential that changes
    evenly. That at the end alone draws too many nuclei while it deepens, and too far up in a host.

    Args: before, after: overpotential at the beginning and at the end of dt [V].
    """
    middle = 0.5 * (before + after)
    weights = ((before, 1 / 6), (middle, 4 / 6), (after, 1 / 6))
    mean = sum(weight * events(model, state.lithiation, overpotential) for overpotential, weight in weights)
    return -jnp.expm1(-mean * (1 - state.nucleated) * dt)


def sample(model, state, before, after, dt):
    """(distance from the rim, nuclei, random key) after dt, in which nuclei appear and cover the surface about them.

    Args: before, after: overpotential at the beginning and at the end of dt [V].
    """
    key, draw = jax.random.split(jax.random.wrap_key_data(state.random_key))
    chance = expected(model, state, before, after, dt)
    hit = jax.random.uniform(draw, chance.shape, chance.dtype) < chance
    patches = cube_around(through_wall(hit.astype(chance.dtype), model.facing), model.nucleus_cells)
    rim_distance = coverage.with_patches(model, state.rim_distance, patches)
    return rim_distance, state.nuclei + jnp.sum(hit, dtype=state.nuclei.dtype), jax.random.key_data(key)


def walls_changed(model, before, after):
    """Whether walls have become conductors or insulators, which they do at once as they nucleate or are laid bare."""
    bared = jnp.any((before.nucleated > 0) & (after.nucleated == 0))
    return ((after.nuclei != before.nuclei) | bared) & (model.film_thickness > 0)


def facing(pore):
    """Axis that the wall in each cell faces most, 1, 2 or 3, negative where pore lies below; shape and int8.

    Args: pore: eps_p [-].
    """
    slopes = jnp.stack(operators.gradient(pore, 1.0))
    axis = jnp.argmax(jnp.abs(slopes), axis=0)
    slope = jnp.take_along_axis(slopes, axis[None], axis=0)[0]
    return (jnp.sign(slope) * (axis + 1)).astype(jnp.int8)


def through_wall(hit, facing):
    """1 in each cell that is 1 and in those before and behind it in the same wall.

    A wall is diffuse over some cells, each of which holds a part of its area. What nucleates is the wall: on its own, a
    cell of 1 um would make a third of a square micrometre active and one of 0.25 um nearly all of it.
    """
    periodic = operators.laterally_periodic(hit.ndim)
    reached = hit
    for axis in range(hit.ndim):
        along = jnp.where(jnp.abs(facing) == axis + 1, facing, 0)
        for offset in (-1, +1):
            moved, wall = hit, along
            for _ in range(THROUGH):
                moved, wall = (operators.shift(u, axis, offset, periodic[axis]) for u in (moved, wall))
                reached = jnp.maximum(reached, jnp.where((wall == along) & (along != 0), moved, 0))
    return reached


def cube_around(hit, cells):
    """1 in the cube of `cells` cells around each cell that is 1; an even cube reaches one cell farther up."""
    periodic = operators.laterally_periodic(hit.ndim)
    for axis in range(hit.ndim):
        reached = hit
        for offset, count in ((-1, cells // 2), (+1, (cells - 1) // 2)):
            moved = hit
            for _ in range(count):
                moved = operators.shift(moved, axis, offset, periodic[axis])
                reached = jnp.maximum(reached, moved)
        hit = reached
    return hit


def unsaturated_rate(model, state, overpotential):
    """Expected nuclei per time in the whole box [1/s], of the cells that a step can resolve.

    Cells that would become active within a tenth of a millisecond do so in any step and are not counted.
    """
    rate = events(model, state.lithiation, overpotential)
    return jnp.sum(jnp.where(rate < 1e4, rate * (1 - state.nucleated), 0.0))


def time_for(nuclei, before, after, dt):
    """Time in which so many nuclei appear [s], were the rate to grow on as it did; long where there is none.

    Args: nuclei: wanted. before, after: rate at the beginning and at the end of the last step [1/s]. dt: of it [s].
    """
    steady, rises = nuclei / jnp.maximum(after, 1e-30), (before > 0) & (after > before)
    growth = (jnp.log(jnp.where(rises, after, 2.0)) - jnp.log(jnp.where(rises, before, 1.0))) / dt
    return jnp.where(rises, jnp.log1p(growth * steady) / growth, steady)
