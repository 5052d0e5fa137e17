"""Conjugate gradients on matrices small enough to know everything about."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from phasefield.solvers import conjugate_gradients

N = 40


def positive_definite(condition=1e3):
    rng = np.random.default_rng(0)
    q, _ = np.linalg.qr(rng.normal(size=(N, N)))
    return jnp.array(q @ np.diag(np.geomspace(1, condition, N)) @ q.T), jnp.array(rng.normal(size=N))


def norm(r):
    return jnp.sqrt(jnp.vdot(r, r))


def test_meets_the_tolerance_of_the_named_measure():
    A, b = positive_definite()
    x, convergence = conjugate_gradients.solve(lambda u: A @ u, lambda r: r, b, 1e-9, norm, 300)
    assert bool(convergence.converged)
    assert float(convergence.error) <= 1e-9
    assert np.linalg.norm(b - A @ x) < 1e-8  # the true residual; rounding lets it drift from CG's own
    assert np.allclose(x, np.linalg.solve(A, b), atol=1e-8)


def test_a_perfect_preconditioner_needs_one_iteration():
    A, b = positive_definite()
    inverse = jnp.linalg.inv(A)
    _, convergence = conjugate_gradients.solve(lambda u: A @ u, lambda r: inverse @ r, b, 1e-8, norm)
    assert int(convergence.iterations) == 1


def test_a_preconditioner_saves_iterations():
    A, b = positive_definite()
    A = A * jnp.outer(jnp.geomspace(1, 30, N), jnp.geomspace(1, 30, N))
    plain = conjugate_gradients.solve(lambda u: A @ u, lambda r: r, b, 1e-6, norm, 2000)[1]
    jacobi = conjugate_gradients.solve(lambda u: A @ u, lambda r: r / jnp.diag(A), b, 1e-6, norm, 2000)[1]
    assert bool(plain.converged) and bool(jacobi.converged)
    assert int(jacobi.iterations) < int(plain.iterations)


def test_says_so_when_the_iterations_run_out():
    A, b = positive_definite()
    x, convergence = conjugate_gradients.solve(lambda u: A @ u, lambda r: r, b, 1e-9, norm, 5)
    assert not bool(convergence.converged)
    assert int(convergence.iterations) == 5
    assert float(convergence.error) == pytest.approx(float(norm(b - A @ x)), rel=1e-8)  # of the answer it hands back
    assert float(convergence.error) > 1e-9


def test_nan_is_not_convergence():
    A, b = positive_definite()
    _, convergence = conjugate_gradients.solve(lambda u: A @ u, lambda r: r, b.at[0].set(jnp.nan), 1e-9, norm, 20)
    assert not bool(convergence.converged)


def test_a_good_guess_is_taken():
    A, b = positive_definite()
    exact = jnp.linalg.solve(A, b)
    x, convergence = conjugate_gradients.solve(lambda u: A @ u, lambda r: r, b, 1e-6, norm, 100, guess=exact)
    assert int(convergence.iterations) == 0 and bool(convergence.converged)
    assert np.array_equal(x, exact)


def test_zero_right_hand_side():
    A, b = positive_definite()
    x, convergence = conjugate_gradients.solve(lambda u: A @ u, lambda r: r, 0 * b, 1e-12, norm)
    assert int(convergence.iterations) == 0 and bool(convergence.converged) and not np.any(x)


def test_tolerance_is_traced():
    A, b = positive_definite()
    run = jax.jit(lambda t: conjugate_gradients.solve(lambda u: A @ u, lambda r: r, b, t, norm)[1])
    loose, tight = run(1e-2), run(1e-8)
    assert int(loose.iterations) < int(tight.iterations)
    assert run._cache_size() == 1
