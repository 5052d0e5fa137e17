"""Rates of the electrode reactions. Current densities are positive where they plate lithium."""

import jax.numpy as jnp

from phasefield.units import FARADAY, GAS_CONSTANT

FILM_ITERATIONS = 5  # settle the rate to rounding from 1 V down, for films of 1e-5 to 1 Ohm m2
SMALLEST = 1e-30  # V: no film


def butler_volmer(overpotential, exchange_current_density, cathodic_transfer_coefficient, temperature):
    """Current density [A/m2], positive plates, and its slope -di/deta [S/m2], never negative.

        i = i0 [ exp(-a F eta/RT) - exp((1 - a) F eta/RT) ]

    Args:
        overpotential: eta [V], negative while plating; any shape.
        exchange_current_density: i0 [A/m2] (or [A/m3]: the result is volumetric then); broadcastable.
        cathodic_transfer_coefficient: a [-]. temperature: [K].

    Source: Newman & Thomas-Alyea, Electrochemical Systems, 3rd ed., ch. 8.
    """
    i0, a, f = exchange_current_density, cathodic_transfer_coefficient, FARADAY / (GAS_CONSTANT * temperature)
    cathodic, anodic = jnp.exp(-a * f * overpotential), jnp.exp((1 - a) * f * overpotential)
    return i0 * (cathodic - anodic), i0 * f * (a * cathodic + (1 - a) * anodic)


def through_film(overpotential, exchange_current_density, resistance, cathodic_transfer_coefficient, temperature):
    """`butler_volmer` behind a film: (i, -di/deta) with i = i_BV(eta + R i), the film taking its share of eta.

    Args: resistance: R of the film [Ohm m2]; broadcastable.

    Newton for the overpotential behind the film, e = eta + R i_BV(e). It starts from the smaller of |eta| and
    the e at which the film alone would take all of eta; every iterate lies between there and the answer.
    """
    i0, a, f = exchange_current_density, cathodic_transfer_coefficient, FARADAY / (GAS_CONSTANT * temperature)
    size, branch = jnp.abs(overpotential), jnp.where(overpotential < 0, a, 1 - a) * f
    limited = jnp.log1p(size / jnp.maximum(resistance * i0, SMALLEST)) / branch
    behind = jnp.sign(overpotential) * jnp.minimum(size, limited)
    for _ in range(FILM_ITERATIONS):
        i, slope = butler_volmer(behind, i0, a, temperature)
        behind = behind - (behind - overpotential - resistance * i) / (1 + resistance * slope)
    i, slope = butler_volmer(behind, i0, a, temperature)
    return i, slope / (1 + resistance * slope)


def exchange_current_density(reference, concentration, reference_concentration, cathodic_transfer_coefficient):
    """i0 = i0_ref (c/c_ref)^a [A/m2]."""
    return reference * (concentration / reference_concentration) ** cathodic_transfer_coefficient
