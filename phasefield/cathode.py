"""The positive electrode of a full cell without extent: one stoichiometry, one overpotential."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from phasefield.units import FARADAY, GAS_CONSTANT

POINTS = 512  # of an open-circuit curve
END = 1e-5  # stoichiometry at which the curve is cut off, from either end


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Cathode:
    """A cathode that is alike throughout; all traced.

    Args:
        capacity: charge that takes its stoichiometry from 0 to 1 [C/m2 of the geometric area].
        start: stoichiometry y at which the cell is assembled [-].
        stoichiometry, potential: open-circuit curve: y [-], rising, and U(y) against lithium [V], falling; both of
            shape (points,), linear between them and constant beyond.
        exchange_current_density: of the geometric area [A/m2].
        resistance: in series with it, of the geometric area [Ohm m2].
    """

    capacity: float
    start: float
    stoichiometry: jax.Array
    potential: jax.Array
    exchange_current_density: float
    resistance: float


def stoichiometry(cathode: Cathode, charge):
    """Lithium in the cathode, y [-], when `charge` [C/m2] has left it; any shape."""
    return cathode.start - charge / cathode.capacity


def open_circuit(cathode: Cathode, y):
    """Potential at rest against lithium [V] at a stoichiometry [-]; any shape."""
    return jnp.interp(y, cathode.stoichiometry, cathode.potential)


def overpotential(cathode: Cathode, current_density, temperature):
    """By which the potential lies above the one at rest [V]; positive currents charge the cell.

        eta = (2RT/F) asinh(i/(2 i0)) + i R

    which is Butler-Volmer with both transfer coefficients 1/2, solved for eta.

    Args: current_density: of the geometric area [A/m2], any shape. temperature: [K].
    Source: Newman & Thomas-Alyea, 3rd ed., ch. 8.
    """
    thermal = 2 * GAS_CONSTANT * temperature / FARADAY
    reaction = thermal * jnp.arcsinh(current_density / (2 * cathode.exchange_current_density))
    return reaction + current_density * cathode.resistance


def cell_voltage(cathode: Cathode, y, current_density, electrode_potential, temperature):
    """Cathode over electrode [V]: U(y) + eta(i) - E, with E the electrode against lithium beside the cathode.

    Args: y: stoichiometry [-]. current_density: [A/m2], positive charges. electrode_potential: E [V]. temperature: [K].
    """
    return open_circuit(cathode, y) + overpotential(cathode, current_density, temperature) - electrode_potential


def charge_left(cathode: Cathode, y, current_density, electrode_potential, temperature, lowest, highest):
    """Charge [C/m2], without sign, until the cell voltage meets the bound it goes to, were E to stay; else infinite.

    Infinite at rest, where that bound is, and where the open-circuit curve does not reach it.

    Args: see `cell_voltage`. lowest, highest: bounds of the cell voltage [V]; they may be infinite.
    """
    bound = jnp.where(current_density > 0, highest, lowest)
    at_rest = bound + electrode_potential - overpotential(cathode, current_density, temperature)
    end = jnp.interp(-at_rest, -cathode.potential, cathode.stoichiometry)
    left = jnp.maximum(jnp.sign(current_density) * (y - end), 0) * cathode.capacity
    reached = (at_rest >= cathode.potential[-1]) & (at_rest <= cathode.potential[0]) & (current_density != 0)
    return jnp.where(reached, left, jnp.inf)


def open_circuit_curve(centres, fractions, width_factors, temperature) -> tuple[np.ndarray, np.ndarray]:
    """(y, U): stoichiometry [-], rising, and potential at rest against lithium [V], falling; 512 points.

        y(U) = sum_j x_j/(1 + exp(F (U - U_j)/(w_j RT)))

    at evenly spaced U, as far as y is 1e-5 from 0 and 1.

    Args: centres, fractions, width_factors: U_j [V], x_j and w_j [-] of each kind of site; the x_j are made to add up
        to 1. temperature: [K].
    Source: Verbrugge et al., J. Electrochem. Soc. 164 (2017) E3243.
    """
    centres, fractions, widths = (np.asarray(each, float)[:, None] for each in (centres, fractions, width_factors))
    fractions, widths = fractions / fractions.sum(), widths * GAS_CONSTANT * temperature / FARADAY

    def filled(potential):
        return (fractions / (1 + np.exp((potential - centres) / widths))).sum(axis=0)

    reach = widths * -np.log(END)
    wide = np.linspace((centres - reach).min(), (centres + reach).max(), 100 * POINTS)
    inside = wide[np.abs(filled(wide) - 0.5) <= 0.5 - END]
    potential = np.linspace(inside[-1], inside[0], POINTS)
    return filled(potential), potential
