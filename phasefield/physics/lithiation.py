"""Lithium uptake of host phases, and what it does to their conductivities."""

import jax.numpy as jnp

from phasefield.physics import kinetics


def conductivity(pair, theta):
    """Conductivity [S/m] of a phase at lithiation theta: log10 goes linearly from pristine to lithiated; 0 stays 0."""
    pristine, lithiated = pair
    conducts = (pristine > 0) & (lithiated > 0)
    start, end = jnp.where(conducts, pristine, 1.0), jnp.where(conducts, lithiated, 1.0)
    return jnp.where(conducts, start * (end / start) ** theta, 0.0)


def equilibrium_potential(insertion, theta):
    """(U, dU/dtheta) [V] against lithium, linear between the points of the phase's curve."""
    points = insertion.potential.shape[0]
    position = jnp.clip(theta, 0, 1) * (points - 1)  # outside 0..1 the end slopes go on; see below
    lower = jnp.minimum(position.astype(jnp.int32), points - 2)
    slope = (insertion.potential[lower + 1] - insertion.potential[lower]) * (points - 1)
    start = lower.astype(slope.dtype) / (points - 1)  # an int32 divided would come back as a float32
    return insertion.potential[lower] + slope * (theta - start), slope


def insertion_rate(insertion, fraction, theta, overpotential, transfer_coefficient, temperature, dt):
    """Volumetric insertion current [A/m3] over a step, positive inserts, and its slope -ds/deta [S/m3].

        s = f k bv(phi_s - phi_l - U(theta_new)),   theta_new = theta + dt s/(F c_max f)

    linearised once in theta, so that a step of any length is stable: what flows in lowers the U it flows to.

    Args:
        overpotential: phi_s - phi_l [V] (not yet minus U).
        fraction, theta: volume fraction and lithiation of the phase.
    """
    potential, slope = equilibrium_potential(insertion, theta)
    present = fraction > 1e-6
    rate, gain = kinetics.butler_volmer(
        overpotential - potential, insertion.exchange_rate, transfer_coefficient, temperature
    )
    resistance = -slope * dt / insertion.capacity  # V per (A per m3 of the phase)
    # one Newton step of s = bv(eta + R s): s/(1 + R g), with g itself seen at eta: monotone in eta for every R
    damped = 1 + resistance * gain
    rate_step = rate / damped
    return jnp.where(present, fraction * rate_step, 0.0), jnp.where(present, fraction * gain / damped, 0.0)


def advance(model, state, insertion_rates, dt):
    """Lithiation after dt: dtheta/dt = s_int/(F c_max f), shape (K, *shape)."""
    updated = []
    fractions = model.host.fractions
    for phase, f, theta, s in zip(model.host.phases, fractions, state.lithiation, insertion_rates, strict=True):
        if phase.insertion is None:
            updated.append(theta)
        else:
            updated.append(theta + jnp.where(f > 1e-6, dt * s / (phase.insertion.capacity * jnp.maximum(f, 1e-6)), 0.0))
    return jnp.stack(updated)
