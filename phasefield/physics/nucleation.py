"""Nucleation of lithium on bare host and collector surface: a property of the surface, since critical nuclei of 1-2 nm
lie far below the grid."""

import jax
import jax.numpy as jnp

from phasefield import operators


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


def expected(model, state, overpotential, dt):
    """Probability that a nucleus appears in each bare surface cell within dt [-]: 1 - exp(-J A dt)."""
    rate = events(model, state.lithiation, overpotential)
    return jnp.where(state.nucleated > 0, 0.0, -jnp.expm1(-rate * dt))


def sample(model, state, overpotential, dt):
    """(nucleated, random key) after dt: nuclei appear with their probability and make the surface about them active."""
    key, draw = jax.random.split(jax.random.wrap_key_data(state.random_key))
    chance = expected(model, state, overpotential, dt)
    hit = (jax.random.uniform(draw, chance.shape, chance.dtype) < chance).astype(state.nucleated.dtype)
    return jnp.maximum(state.nucleated, spread(hit, model.nucleus_cells)), jax.random.key_data(key)


def spread(hit, cells):
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


def nuclei(model, state):
    """How many nuclei the active cells amount to [-]."""
    return jnp.sum(state.nucleated) / model.nucleus_cells**model.grid.ndim


def unsaturated_rate(model, state, overpotential):
    """Expected nuclei per time in the whole box [1/s], of the cells that a step can resolve.

    Cells that would become active within a tenth of a millisecond do so in any step and are not counted.
    """
    rate = events(model, state.lithiation, overpotential)
    countable = (state.nucleated == 0) & (rate < 1e4)
    return jnp.sum(jnp.where(countable, rate, 0.0))
