"""What is recorded of every time step, computed beside the step on the device."""

import jax.numpy as jnp

from phasefield.units import FARADAY

HISTORY = (
    "time",  # s
    "time_step",  # s
    "charge",  # C/m2 passed since the start, stripping negative
    "current_density",  # A/m2
    "potential",  # V, electrode against lithium at the top of the box
    "lithium",  # m of dense lithium
    "inserted_charge",  # C/m2 held by host phases
    "double_layer_charge",  # C/m2 on bare surface
    "sei_charge",  # C/m2 that the SEI has taken since the start
    "collector_current",  # A/m2
    "nuclei",  # that have appeared so far
    "active_surface",  # share of host and collector surface that lithium has nucleated on or spread over
    "newton_iterations",
    "linear_iterations",
    "rejected_steps",  # so far
    "ledger_error",  # |stored charge gained - charge passed| over the charge passed without sign, since the start
    "charge_error",  # misplaced current over the applied
    "smallest_phase",
    "largest_phase",
    "smallest_concentration",  # mol/m3
    "largest_overpotential",  # V, most negative eta on the surface
)
FULL_CELL = (  # besides, where the counter electrode is a cathode
    "cell_voltage",  # V, cathode over electrode; lithium over electrode in steps against lithium
    "cathode_stoichiometry",
)


def columns(model):
    """Names of the history of this model."""
    return HISTORY if model.cathode is None else HISTORY + FULL_CELL


def potential(state):
    """Electrode potential against lithium at the top of the box [V]."""
    return -jnp.mean(state.ionic_potential[-1])


def _per_area(model, field):
    """Volume integral over geometric area [unit of field x m]."""
    return jnp.sum(field, dtype=jnp.float64) * model.grid.spacing / model.grid.columns


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


def sei_charge(state):
    """Charge that the SEI has taken since the start [C/m2]."""
    return jnp.zeros((), jnp.float64) if state.film is None else state.film.formed


def stored_charge(model, state):
    """Charge that lithium, host, double layer and SEI hold [C/m2]; what it gains is the charge passed."""
    metallic = lithium_thickness(model, state) * FARADAY / model.lithium.molar_volume
    return metallic + inserted_charge(model, state) - double_layer_charge(model, state) + sei_charge(state)


def surface_mean(model, field):
    """Mean of a field over the surface of host and collector [unit of the field]; 0 where there is none."""
    area = jnp.sum(model.surface)
    return jnp.sum(model.surface * field) / jnp.where(area > 0, area, 1)


def history_row(model, after, report, current_density, dt, potential):
    """One entry of the history, by name; what counts from the start of the run is the loop's own."""
    on_surface = model.surface * model.grid.spacing > 0.05
    return {
        "time": after.time,
        "time_step": dt,
        "current_density": current_density,
        "potential": potential,
        "lithium": lithium_thickness(model, after),
        "inserted_charge": inserted_charge(model, after),
        "double_layer_charge": double_layer_charge(model, after),
        "sei_charge": sei_charge(after),
        "collector_current": report.reaction.collector_current,
        "nuclei": after.nuclei,
        "active_surface": surface_mean(model, after.nucleated),
        "newton_iterations": report.newton_iterations,
        "linear_iterations": report.linear_iterations,
        "charge_error": report.charge_error,
        "smallest_phase": jnp.min(after.phase),
        "largest_phase": jnp.max(after.phase),
        "smallest_concentration": jnp.min(after.concentration),
        "largest_overpotential": jnp.min(jnp.where(on_surface, report.reaction.overpotential, 0.0)),
    }
