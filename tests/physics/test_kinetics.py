"""Butler-Volmer against its limits and its own derivative."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from phasefield.physics import kinetics
from phasefield.units import FARADAY, GAS_CONSTANT

T = 300.15
THERMAL = GAS_CONSTANT * T / FARADAY  # V
ETA = jnp.linspace(-0.15, 0.15, 31)


def current(eta, i0=2.0, a=0.5):
    return kinetics.butler_volmer(eta, i0, a, T)[0]


def test_signs_and_equilibrium():
    """Negative overpotential plates, and plating is positive."""
    assert float(current(0.0)) == 0
    assert float(current(-0.01)) > 0 > float(current(0.01))


@pytest.mark.parametrize("a", [0.3, 0.5, 0.7])
def test_slope_is_minus_the_derivative(a):
    _, slope = kinetics.butler_volmer(ETA, 2.0, a, T)
    derivative = jax.vmap(jax.grad(lambda eta: current(eta, a=a)))(ETA)
    assert np.allclose(slope, -derivative, rtol=1e-12)
    assert float(slope.min()) > 0


def test_linear_at_small_overpotential():
    """i = -i0 F eta/RT; the next term is (F eta/RT)^3/24 for a = 1/2."""
    assert float(current(-1e-4)) == pytest.approx(2.0 * 1e-4 / THERMAL, rel=1e-5)


@pytest.mark.parametrize("a", [0.3, 0.5])
def test_tafel_slope(a):
    """A decade of current per ln(10) RT/(aF): the other branch is below 1e-4 at these overpotentials."""
    decade = np.log(10) * THERMAL / a
    assert float(current(-0.3 - decade, a=a) / current(-0.3, a=a)) == pytest.approx(10, rel=1e-4)


def test_is_odd_for_a_symmetric_barrier():
    assert np.allclose(current(ETA), -current(-ETA), rtol=1e-12)


def test_exchange_current_density_follows_the_concentration():
    assert float(kinetics.exchange_current_density(3.0, 500.0, 2000.0, 0.5)) == pytest.approx(1.5)
    assert float(kinetics.exchange_current_density(3.0, 2000.0, 2000.0, 0.3)) == pytest.approx(3.0)
