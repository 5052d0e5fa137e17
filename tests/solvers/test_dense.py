"""Inverses of small matrices, against LAPACK's."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from phasefield.solvers import dense


def spread(n, condition, seed=0):
    """A symmetric matrix with eigenvalues from 1 down to 1/condition."""
    rotation, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(n, n)))
    return rotation * np.geomspace(1, 1 / condition, n) @ rotation.T


@pytest.mark.parametrize("n", [1, 5, 16, 37, 160])
@pytest.mark.parametrize("condition", [1.0, 1e6, 1e12])
def test_inverse(n, condition):
    """Every mode to rounding errors of its own size, the stiff ones of 1 beside soft ones of 1e12 too."""
    matrix = spread(n, condition)
    found = np.asarray(jax.jit(dense.inverse)(matrix))
    eigenvalues = np.linalg.eigvals(found @ matrix)
    assert np.abs(eigenvalues - 1).max() < 1e-13 + 1e-17 * n * condition
    assert np.array_equal(found, found.T)


def test_many_at_once():
    matrices = jnp.stack([spread(20, 1e3, seed) for seed in range(5)])
    found = jax.jit(jax.vmap(dense.inverse))(matrices)
    assert np.allclose(found @ matrices, np.eye(20), atol=1e-11)
