"""Rates of the electrode reactions. Current densities are positive where they plate lithium."""

import jax.numpy as jnp

from phasefield.units import FARADAY, GAS_CONSTANT


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


def exchange_current_density(reference, concentration, reference_concentration, cathodic_transfer_coefficient):
    """i0 = i0_ref (c/c_ref)^a [A/m2]."""
    return reference * (concentration / reference_concentration) ** cathodic_transfer_coefficient
