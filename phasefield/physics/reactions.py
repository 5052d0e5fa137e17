"""What reacts at given potentials: lithium on fronts, walls and in gaps, double layer, insertion, SEI."""

import jax.numpy as jnp

from phasefield.physics import interface, kinetics, lithiation, sei
from phasefield.units import FARADAY

SMALLEST_STOCK = 1e-20  # C/m3: nothing left to strip, or no pore to fill


def lithium_kinetics(model, fixed, eta):
    """Current density on lithium [A/m2 of its area] and its slope -di/deta [S/m2], behind its film where it has one.

    Args: fixed: `charge.Conductors`.
    """
    a, temperature = model.lithium.cathodic_transfer_coefficient, model.temperature
    if fixed.film_resistance is None:
        return kinetics.butler_volmer(eta, fixed.exchange_current_density, a, temperature)
    return kinetics.through_film(eta, fixed.exchange_current_density, fixed.film_resistance, a, temperature)


def film_formation(model, state, dt):
    """Current that forms SEI in a step [A/m3]; what fresh lithium owes, whatever the potentials."""
    return jnp.zeros_like(model.pore) if model.sei is None else sei.formation(model, state, dt)


def rates(model, state, fixed, potentials, dt, moving=None):
    """(plating, double layer, insertion (K, ...), total slope -ds/deta) at given potentials (ionic, electronic).

    The slope of a step of length dt is the admittance at the Laplace variable 1/dt; `spectroscopy` gives a complex one.
    Args: moving: time for which fronts move [s]; dt if None, 0 leaves them where they are.
    """
    lithium, a, temperature = model.lithium, model.lithium.cathodic_transfer_coefficient, model.temperature
    moving = dt if moving is None else moving
    eta = potentials[1] - potentials[0] - fixed.equilibrium_potential
    i, slope = lithium_kinetics(model, fixed, eta)
    # the far tail of a front would grow on its own, e-fold by e-fold; stripped alone it would end in a kink at eta = 0
    is_front = jnp.minimum(state.phase, 1 - state.phase) > interface.TRACE
    way = moving * lithium.molar_volume / FARADAY * i / model.interface_width
    mean, last = interface.area_on_the_way(jnp.where(is_front, state.phase, 0.5), way)
    area = jnp.where(is_front, fixed.front_area, 0.0)
    plating, gain = area * mean * i, area * last * slope
    to_plate = jnp.where(eta <= 0, fixed.film_area, 0.0)  # falls to zero by itself as the pore fills
    plating, gain = plating + to_plate * i, gain + to_plate * slope
    # a gap that has closed is no surface to strip, and a bare wall holds nothing to strip
    rest = jnp.where(eta <= 0, fixed.gap_area, fixed.film_area * interface.covered(state.phase))
    plating, gain = _with_rest(plating, gain, rest * i, rest * slope, model, state, moving)

    capacitance = lithium.double_layer_capacitance * fixed.bare_area
    double_layer = -(capacitance * eta - state.double_layer_charge) / dt
    gain = gain + capacitance / dt

    insertion = jnp.zeros(state.lithiation.shape, jnp.result_type(state.lithiation, dt))
    if model.insertion_active:
        for k, phase in enumerate(model.host.phases):
            if phase.insertion is not None:
                rate, rate_gain = lithiation.insertion_rate(
                    phase.insertion, model.host.fractions[k], state.lithiation[k],
                    potentials[1] - potentials[0], a, temperature, dt,
                )  # fmt: skip
                insertion = insertion.at[k].set(rate)
                gain = gain + rate_gain
    return plating, double_layer, insertion, gain


def _with_rest(front, front_gain, rest, rest_gain, model, state, dt):
    """Plating rate and slope of fronts, and of gaps to plate or walls to strip: no more in a step than fronts leave.

        s_w = s_left (1 - exp(-s_kin/s_left)),   s_left = eps_p xi' F/(Vm dt),

    what a rate in proportion to what is left does exactly; far from s_left it is s_kin. xi' is the lithium that is left
    where it is stripped, and the pore that is left, 1 - xi, where it is plated.
    """
    taken = jnp.where(rest < 0, state.phase, 1 - state.phase)
    stock = model.reactive_pore * jnp.maximum(taken, 0.0) * FARADAY / model.lithium.molar_volume
    left = jnp.maximum(stock - dt * jnp.abs(front), SMALLEST_STOCK)
    share = jnp.abs(rest) * dt / left
    remaining = jnp.exp(-share)
    return front + rest * interface.mean_decay(share), remaining * ((1 + share) * front_gain + rest_gain)
