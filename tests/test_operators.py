"""Stencils: what must hold exactly. Their orders are in verification/test_order_operators.py."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from phasefield import operators

SHAPES = [(7, 6), (5, 4, 6)]
MEANS = ["arithmetic", "harmonic"]
rng = np.random.default_rng(0)


def dense(function, shape):
    """Matrix of a linear function of a field, by unit vectors."""
    n = int(np.prod(shape))
    return np.asarray(jax.jit(jax.vmap(lambda e: function(e.reshape(shape)).reshape(-1)))(jnp.eye(n))).T


@pytest.mark.parametrize("mean", MEANS)
@pytest.mark.parametrize("shape", SHAPES)
def test_diffusion_is_symmetric_and_has_only_constants_in_its_null_space(shape, mean):
    k = jnp.array(10.0 ** rng.uniform(-2, 2, shape))
    matrix = dense(lambda u: operators.diffusion(k, u, 0.3, mean=mean), shape)
    scale = np.abs(matrix).max()
    assert np.allclose(matrix, matrix.T, atol=1e-14 * scale, rtol=0)
    assert np.abs(matrix.sum(axis=1)).max() < 1e-13 * scale  # constants
    eigenvalues = np.linalg.eigvalsh(matrix)
    assert eigenvalues[-1] < 1e-12 * scale
    assert eigenvalues[-2] < -1e-6 * scale  # and nothing else: the box is connected


def test_divergence_sums_to_zero_where_nothing_crosses_the_ends():
    fluxes = [jnp.array(rng.normal(size=(6, 4, 5))) for _ in range(3)]
    fluxes[0] = fluxes[0].at[-1].set(0)
    assert abs(float(jnp.sum(operators.divergence(fluxes, 0.5)))) < 1e-12


def test_face_means():
    """(1, 3): arithmetic 2, harmonic 1.5; with nothing in one cell, harmonic lets nothing through."""
    k = jnp.array([[1.0, 3.0], [0.0, 5.0]])
    assert np.allclose(operators.face_mean(k, 1, True), [[2, 2], [2.5, 2.5]])
    assert np.allclose(operators.face_mean(k, 1, True, "harmonic"), [[1.5, 1.5], [0, 0]])
    assert np.allclose(operators.face_mean(k, 0, False), [[0.5, 4], [0, 0]])  # the closed end carries nothing
    assert np.array_equal(operators.face_mean(jnp.zeros((2, 2)), 0, True, "harmonic"), np.zeros((2, 2)))


def test_harmonic_mean_is_exact_for_plates_in_series_and_arithmetic_is_not():
    """The potential of two plates, k 1 and 4, under unit flux is piecewise linear; its divergence is zero inside."""
    k = jnp.where(jnp.arange(8)[:, None] < 4, 1.0, 4.0) * jnp.ones((8, 3))
    u = jnp.array(
        np.cumsum(0.5 / np.asarray(k), axis=0) + np.cumsum(np.vstack([np.zeros((1, 3)), 0.5 / k[:-1]]), axis=0)
    )
    assert np.abs(operators.diffusion(k, u, 1.0, mean="harmonic")[1:-1]).max() < 1e-14
    assert np.abs(operators.diffusion(k, u, 1.0)[1:-1]).max() > 0.1


def test_shift_wraps_only_periodic_axes():
    u = jnp.arange(6.0).reshape(2, 3)
    assert np.array_equal(operators.shift(u, 1, +1, True), [[1, 2, 0], [4, 5, 3]])
    assert np.array_equal(operators.shift(u, 1, -1, True), [[2, 0, 1], [5, 3, 4]])
    assert np.array_equal(operators.shift(u, 0, +1, False), [[3, 4, 5], [0, 0, 0]])
    assert np.array_equal(operators.shift(u, 0, -1, False), [[0, 0, 0], [0, 1, 2]])


@pytest.mark.parametrize("shape", [(4, 3), (4, 3, 5), (1, 3, 1), (2, 1, 2)])
@pytest.mark.parametrize("offset", [-1, +1])
@pytest.mark.parametrize("periodic", [False, True])
def test_shift_is_the_neighbour_along_any_axis(shape, offset, periodic):
    """What lies beyond a closed end stays out, also where it is no number: infinity times zero is none."""
    u = np.random.default_rng(0).normal(size=shape)
    for axis in range(u.ndim):
        expected, beyond = np.roll(u, -offset, axis), [slice(None)] * u.ndim
        given = u.copy()
        if not periodic:
            beyond[axis] = -1 if offset > 0 else 0
            expected[tuple(beyond)] = 0
            beyond[axis] = 0 if offset > 0 else -1
            given[tuple(beyond)] = np.inf  # the cell that a ring would bring round
            if shape[axis] > 1:
                assert np.isfinite(np.asarray(operators.shift(jnp.asarray(given), axis, offset, periodic))).all()
        assert np.array_equal(operators.shift(jnp.asarray(u), axis, offset, periodic), expected)


def test_norm():
    assert float(operators.norm([jnp.array(3.0), jnp.array(4.0)])) == 5.0
