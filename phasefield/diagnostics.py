"""What a run is judged by: the ledger, where the lithium is, and how rough it lies."""

import jax.numpy as jnp
import numpy as np
from scipy import ndimage

from phasefield.units import FARADAY, mA_per_cm2, mAh_per_cm2, mV, um

HISTORY = (
    "time",  # s
    "time_step",  # s
    "charge",  # C/m2 passed since the start
    "current_density",  # A/m2
    "potential",  # V, electrode against lithium at the top of the box
    "lithium",  # m of dense lithium
    "inserted_charge",  # C/m2 held by host phases
    "double_layer_charge",  # C/m2 on bare surface
    "collector_current",  # A/m2
    "nucleated_cells",
    "newton_iterations",
    "linear_iterations",
    "rejected_steps",  # so far
    "charge_error",  # misplaced current over the applied
    "smallest_phase",
    "largest_phase",
    "smallest_concentration",  # mol/m3
    "largest_overpotential",  # V, most negative eta on the surface
)


def potential(state):
    """Electrode potential against lithium at the top of the box [V]."""
    return -jnp.mean(state.ionic_potential[-1])


def _per_area(model, field):
    """Volume integral over geometric area [unit of field x m]."""
    return jnp.sum(field) * model.grid.spacing / model.grid.columns


def lithium_thickness(model, state):
    """Dense lithium in the box [m3 per m2]."""
    return _per_area(model, model.pore * state.phase)


def inserted_charge(model, state):
    """Charge held by host phases [C/m2]."""
    total = jnp.zeros((), model.pore.dtype)
    for phase, f, theta in zip(model.host.phases, model.host.fractions, state.lithiation, strict=True):
        if phase.insertion is not None:
            total = total + phase.insertion.capacity * _per_area(model, f * theta)
    return total


def double_layer_charge(model, state):
    """Charge on bare surface [C/m2]; negative where electrons wait for lithium."""
    return _per_area(model, state.double_layer_charge)


def history_row(model, after, report, current_density, charge, dt, potential):
    """One entry of the history, by name; `rejected_steps` is the loop's own."""
    on_surface = model.surface * model.grid.spacing > 0.05
    return {
        "time": after.time,
        "time_step": dt,
        "charge": charge,
        "current_density": current_density,
        "potential": potential,
        "lithium": lithium_thickness(model, after),
        "inserted_charge": inserted_charge(model, after),
        "double_layer_charge": double_layer_charge(model, after),
        "collector_current": report.reaction.collector_current,
        "nucleated_cells": jnp.sum(after.nucleated),
        "newton_iterations": report.newton_iterations,
        "linear_iterations": report.linear_iterations,
        "charge_error": report.charge_error,
        "smallest_phase": jnp.min(after.phase),
        "largest_phase": jnp.max(after.phase),
        "smallest_concentration": jnp.min(after.concentration),
        "largest_overpotential": jnp.min(jnp.where(on_surface, report.reaction.overpotential, 0.0)),
    }
