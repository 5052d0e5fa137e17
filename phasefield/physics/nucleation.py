"""Nucleation of lithium on bare host and collector surface: a property of the surface, since critical nuclei of 1-2 nm
lie far below the grid."""

import jax
import jax.numpy as jnp


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


def expected(model, state, overpotential, dt):
    """Probability that each bare surface cell becomes active within dt [-]: 1 - exp(-J A dt)."""
    events = surface_rate(model, state.lithiation, overpotential) * model.grid.cell_volume * dt
    return jnp.where(state.nucleated > 0, 0.0, -jnp.expm1(-events))


def sample(model, state, overpotential, dt):
    """(nucleated, random key) after dt: bare surface cells become active with their probability."""
    key, draw = jax.random.split(jax.random.wrap_key_data(state.random_key))
    chance = expected(model, state, overpotential, dt)
    hit = jax.random.uniform(draw, chance.shape, chance.dtype) < chance
    return jnp.where(hit, 1.0, state.nucleated).astype(state.nucleated.dtype), jax.random.key_data(key)


def unsaturated_rate(model, state, overpotential):
    """Expected activations per time in the whole box [1/s], of the cells that a step can resolve.

    Cells that would become active within a tenth of a millisecond do so in any step and are not counted.
    """
    rate = surface_rate(model, state.lithiation, overpotential) * model.grid.cell_volume
    countable = (state.nucleated == 0) & (rate < 1e4)
    return jnp.sum(jnp.where(countable, rate, 0.0))
