"""Uptake of lithium by host phases: its potential, its charge, and what it does to conductivities."""

from dataclasses import replace

import cases
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from phasefield import model as model_module
from phasefield.materials import Insertion
from phasefield.physics import lithiation
from phasefield.units import FARADAY, GAS_CONSTANT

T, A = 300.15, 0.5
TABLE = Insertion(capacity=1e9, exchange_rate=1e6, potential=jnp.array([2.0, 1.6, 1.2, 0.0]))
SLOPED = Insertion(capacity=1e9, exchange_rate=1e6, potential=jnp.array([1.5, 1.1]))


def test_conductivity_goes_linearly_in_log10():
    theta = jnp.array([0.0, 0.25, 0.5, 1.0])
    assert np.allclose(lithiation.conductivity((1e-6, 1e2), theta), [1e-6, 1e-4, 1e-2, 1e2], rtol=1e-12)


@pytest.mark.parametrize("pair", [(0.0, 0.0), (0.0, 1.0), (1.0, 0.0)])
def test_no_conductivity_stays_none(pair):
    """Zero has no logarithm: a phase that does not conduct in one state has to be given a number for it."""
    found = lithiation.conductivity(pair, jnp.linspace(0, 1, 5))
    assert np.array_equal(found, np.zeros(5))
    assert np.isfinite(jax.grad(lambda t: lithiation.conductivity(pair, t))(0.5))


def test_potential_passes_through_its_points_and_is_linear_between():
    theta = jnp.array([0.0, 1 / 6, 1 / 3, 1 / 2, 2 / 3, 1.0])
    potential, slope = lithiation.equilibrium_potential(TABLE, theta)
    assert np.allclose(potential, [2.0, 1.8, 1.6, 1.4, 1.2, 0.0], atol=1e-12)
    assert np.allclose(slope[jnp.array([1, 3])], -1.2)
    assert np.allclose(lithiation.equilibrium_potential(TABLE, 0.9)[1], -3.6)


def test_potential_outside_keeps_the_end_slopes():
    """A little beyond 0 or 1 by rounding must push back, not wander."""
    potential, slope = lithiation.equilibrium_potential(TABLE, jnp.array([-0.01, 1.01]))
    assert np.allclose(potential, [2.0 + 0.012, -0.036], atol=1e-12)
    assert np.allclose(slope, [-1.2, -3.6])


def rate(overpotential, theta=0.5, dt=1.0, insertion=SLOPED, fraction=0.7):
    return lithiation.insertion_rate(insertion, fraction, theta, overpotential, A, T, dt)


def test_short_steps_give_butler_volmer():
    found, gain = rate(1.3 - 0.02, dt=1e-12)
    f = FARADAY / (GAS_CONSTANT * T)
    assert float(found) == pytest.approx(0.7 * 1e6 * 2 * np.sinh(0.5 * f * 0.02), rel=1e-6)
    assert float(gain) == pytest.approx(0.7 * 1e6 * f * np.cosh(0.5 * f * 0.02), rel=1e-6)


def test_signs_and_equilibrium():
    assert float(rate(1.3)[0]) == pytest.approx(0, abs=1e-6)  # U(0.5) = 1.3 V
    assert float(rate(1.2)[0]) > 0 > float(rate(1.4)[0])
    assert float(rate(1.2, fraction=0.0)[0]) == 0


@pytest.mark.parametrize("dt", [1.0, 1e3, 1e6])
def test_long_steps_do_not_overshoot(dt):
    """However long the step, the lithiation moves no further than to where its potential meets what drives it."""
    driving = 1.3 - 0.01  # equilibrium at theta = 0.525
    found, _ = rate(driving, dt=dt)
    reached = 0.5 + dt * float(found) / (SLOPED.capacity * 0.7)
    assert 0.5 < reached < 0.525 + 1e-4
    if dt == 1e6:
        assert reached == pytest.approx(0.525, abs=1e-3)


def test_advance_keeps_the_charge():
    """Charge held by the phase grows by what was inserted, cell by cell; phases without insertion stay."""
    phases = (cases.COPPER, replace(cases.CARBON, insertion=SLOPED))
    model = cases.model(phases=phases, insertion_active=True)
    state = model_module.initial_state(model, 0, [0.0, 0.2])
    inserted = jnp.zeros_like(state.lithiation).at[1].set(3e4 * model.host.fractions[1])
    after = lithiation.advance(model, state, inserted, 50.0)
    f = np.asarray(model.host.fractions[1])
    change = np.asarray(SLOPED.capacity * f * (after[1] - 0.2))
    assert np.allclose(change[f > 1e-6], 50 * 3e4 * f[f > 1e-6], rtol=1e-10)
    assert np.array_equal(after[0], state.lithiation[0])


def test_initial_state_rests_at_the_open_circuit_potential():
    phases = (cases.COPPER, replace(cases.CARBON, insertion=SLOPED))
    model = cases.model(phases=phases, insertion_active=True)
    state = model_module.initial_state(model, 0, [0.0, 0.25])
    assert np.allclose(state.ionic_potential, -1.4)  # U(0.25) = 1.4 V
