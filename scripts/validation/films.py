"""Lithium in an empty box, drawn by hand and marched at constant current: the setting of the sharp-interface studies.

There is no host: the lithium stands on the floor of the box, which grounds it; only its front reacts.
"""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np

from phasefield import build, config
from phasefield import model as model_module
from phasefield.grid import Grid
from phasefield.materials import Host, HostPhase
from phasefield.units import FARADAY, GAS_CONSTANT

SETTINGS = config.compose(["host=cu"])
ELECTROLYTE = build.electrolyte(SETTINGS)
# a reaction so fast, and a metal so conducting, that neither is in the way of what is studied
LITHIUM = replace(
    build.lithium(SETTINGS), conductivity=1e4, exchange_current_density=100.0, double_layer_capacitance=0.0
)
TEMPERATURE = SETTINGS.temperature_K
THERMAL_VOLTAGE = GAS_CONSTANT * TEMPERATURE / FARADAY
NO_HOST = HostPhase("collector", (0.0, 0.0), (1000.0, 1000.0), (0.1, 0.1))
STEPS = 8  # in one jitted program, sharing the coarse levels of the multigrid
NO_DEPLETION = 1e-6  # m2/s: a diffusivity that leaves the salt where it is


def box(shape, spacing, electrolyte=ELECTROLYTE, lithium=LITHIUM, **options):
    """Model of an empty box; options of `build_model`."""
    return model_module.build_model(
        Grid(shape, spacing),
        Host((NO_HOST,), np.zeros((1, *shape)), 0.0, 0.0),
        electrolyte,
        lithium,
        temperature=TEMPERATURE,
        nucleation_prefactor=0.0,
        nucleation_steepness=25.0,
        insertion_active=False,
        **({"charge_tolerance": 1e-6, "salt_tolerance": 1e-6} | options),
    )


def positions(model):
    """Coordinates of the cell centres from the floor and from the middle of the lateral axes [m], one array an axis."""
    h, shape = float(model.grid.spacing), model.grid.shape
    middle = np.array([0.0] + [n / 2 for n in shape[1:]]).reshape((-1,) + (1,) * len(shape))
    return (np.indices(shape) + 0.5 - middle) * h


def lithium_where(model, depth, concentration=None):
    """State with lithium where `depth`, the distance into it [m], is positive; even salt unless given."""
    state = model_module.initial_state(model, 0)
    profile = 0.5 * (1 + np.tanh(np.asarray(depth) / (2 * float(model.interface_width))))
    salt = state.concentration if concentration is None else jnp.asarray(np.broadcast_to(concentration, profile.shape))
    return replace(state, phase=jnp.asarray(profile), concentration=salt)


def speed(current_density, lithium=LITHIUM):
    """Of a flat front [m/s]."""
    return lithium.molar_volume * current_density / FARADAY


def limiting_current(gap, electrolyte=ELECTROLYTE):
    """i_L = 2 F D c0/((1 - t+) L) [A/m2] between two electrodes."""
    e = electrolyte
    return 2 * FARADAY * e.diffusivity * e.concentration / ((1 - e.transference_number) * gap)


def sand_time(current_density, electrolyte=ELECTROLYTE):
    """pi D (F c0)^2/(4 (J t_a)^2) [s]: until no salt is left at an electrode far from the other one."""
    e = electrolyte
    anion_current = current_density * (1 - e.transference_number)
    return np.pi * e.diffusivity * (FARADAY * e.concentration) ** 2 / (4 * anion_current**2)


@jax.jit
def _march(model, state, current_density, dt, preconditioner):
    def one(state, _):
        after, report = model_module.step(model, state, current_density, dt, preconditioner)
        seen = {
            "time": after.time,
            "phase": after.phase,
            "concentration": after.concentration,
            "ionic_potential": after.ionic_potential,
            "overpotential": report.reaction.overpotential,
            "plating": report.reaction.plating,
            "fastest_front": report.reaction.fastest_front,
            "converged": report.converged,
        }
        return after, seen

    return jax.lax.scan(one, state, None, length=STEPS)


def march(model, state, current_density, dt, segments):
    """(State, what was seen of every step) after `segments` times STEPS steps of dt [s].

    Raises:
        RuntimeError: a solve did not converge or the salt ran out.
    """
    seen = []
    for _ in range(segments):
        preconditioner = model_module.precondition(model, state, dt)
        state, part = _march(model, state, float(current_density), float(dt), preconditioner)
        part = {name: np.asarray(values) for name, values in part.items()}
        if not part["converged"].all() or part["concentration"].min() <= 0:
            raise RuntimeError(f"a step failed; smallest c {part['concentration'].min():.3g} mol/m3")
        seen.append(part)
    return state, {name: np.concatenate([part[name] for part in seen]) for name in seen[0]}


def on_front(model, phase, field):
    """Mean of a field over the front, each piece of it weighted by its area."""
    weight = phase * (1 - phase)
    return (weight * field).sum() / weight.sum()
