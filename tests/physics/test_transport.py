"""Salt between two electrodes: its total, its steady profile, and the time until it is used up."""

from dataclasses import replace
from functools import cache

import cases
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from phasefield import model as model_module
from phasefield.physics import charge
from phasefield.units import FARADAY

CELLS, LENGTH = 64, 64e-6
C0 = cases.ELECTROLYTE.concentration
D, SHARE = cases.ELECTROLYTE.diffusivity, 1 - cases.ELECTROLYTE.transference_number
LIMIT = 2 * FARADAY * D * C0 / (SHARE * LENGTH)  # i_L
SHAPE = (CELLS, 4)


def gap():
    """(Model, State) of electrolyte over a flat electrode. A hundredth of the lowest cell is solid, all of it active;
    its lithium, far denser than it is, never fills the pore."""
    solid = np.zeros((2, *SHAPE))
    solid[0, 0] = 1e-2
    lithium = replace(cases.LITHIUM, molar_volume=1e-15, exchange_current_density=1e3)
    model = cases.model(SHAPE, fractions=solid, lithium=lithium, nucleation_prefactor=0.0, charge_tolerance=1e-7)
    state = model_module.initial_state(model, 0)
    return model, replace(state, nucleated=state.nucleated.at[0].set(1))


@jax.jit
def march(model, state, current_density, dt, steps):
    """The profile after each of up to 400 steps of dt, and whether all converged."""
    preconditioner = model_module.precondition(model, state, dt)

    def one(carry):
        state, profiles, n, good = carry
        after, report = model_module.step(model, state, current_density, dt, preconditioner)
        return after, profiles.at[n].set(after.concentration.mean(axis=1)), n + 1, good & report.converged

    def going(carry):
        state, _, n, good = carry
        return (n < steps) & good & (state.concentration.min() > 0)

    start = (state, jnp.zeros((400, CELLS)), 0, jnp.array(True))
    return jax.lax.while_loop(going, one, start)


def at_the_electrode(profiles):
    """c on the face of the lowest cell, from the two above it."""
    return 1.5 * profiles[:, 0] - 0.5 * profiles[:, 1]


@pytest.mark.parametrize(("ratio", "expected"), [(1.25, 0.141791), (2.0, 0.049183)])
def test_time_until_the_salt_is_used_up(ratio, expected):
    """D t/L^2 of section 3 of the verification. First order in dt, 200 steps to the end: within 1 %."""
    model, state = gap()
    dt = expected * LENGTH**2 / D / 200
    state, profiles, n, _good = march(model, state, ratio * LIMIT, dt, 300)
    at_face = at_the_electrode(np.asarray(profiles)[: int(n)])
    assert int(n) < 300
    below = np.flatnonzero(at_face <= 0)
    # the cell itself may empty, which ends the march, within a step of its face
    last = below[0] if below.size else len(at_face) - 1
    slope = at_face[last - 1] - at_face[last - 2]
    time = (last - at_face[last - 1] / slope) * dt
    assert time * D / LENGTH**2 == pytest.approx(expected, rel=0.01)


@cache
def steady():
    model, state = gap()
    dt = 2 * LENGTH**2 / D  # a few of these are steady: the slowest part decays by 1 + 2 pi^2 in each
    return (model, *march(model, state, 0.8 * LIMIT, dt, 12))


def test_below_the_limiting_current_the_profile_becomes_a_straight_line():
    """c = c0 + (z - L/2)(1 - t+) i/(F D): at 0.8 i_L a fifth of the salt is left at the plated side."""
    _, _, profiles, n, good = steady()
    assert bool(good) and int(n) == 12
    z = (np.arange(CELLS) + 0.5) / CELLS
    exact = C0 * (1 + 0.8 * (2 * z - 1))
    assert np.allclose(profiles[11], exact, rtol=2e-3)


def test_salt_is_conserved():
    """What the reaction takes out at the bottom enters at the top: the total stays, to the tolerance of the solver."""
    model, _state, profiles, n, _ = steady()
    fraction = np.asarray(model.pore).mean(axis=1)
    total = np.asarray(profiles)[: int(n)] @ fraction / fraction.sum() / C0
    assert np.abs(total - 1).max() < 1e-4
    tight = replace(model, salt_tolerance=jnp.array(1e-12), charge_tolerance=jnp.array(1e-11))
    _, start = gap()
    after, _, _, good = march(tight, start, 0.8 * LIMIT, 10.0, 3)
    assert bool(good)
    fraction = np.asarray(charge.electrolyte_fraction(model, after.phase))
    salt = (fraction * np.asarray(after.concentration)).sum() / (fraction * C0).sum()
    assert salt == pytest.approx(1, abs=1e-9)


def test_nothing_flows_nothing_changes():
    model, state = gap()
    after, _, _n, good = march(model, state, 0.0, 100.0, 3)
    assert bool(good)
    assert np.allclose(after.concentration, C0, rtol=1e-6)
