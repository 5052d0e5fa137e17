"""Preconditioned conjugate gradients that say how they converged."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jax import lax


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Convergence:
    """How an iterative solve ended.

    Args:
        converged: True if `error` met the tolerance.
        iterations: taken.
        error: of the answer, in the unit of the tolerance.
    """

    converged: jax.Array
    iterations: jax.Array
    error: jax.Array


def solve(operator, preconditioner, right_hand_side, tolerance, measure, max_iterations: int = 200, guess=None):
    """(x, Convergence) of A x = b for symmetric positive definite A.

    Args:
        operator, preconditioner: x -> A x, r -> M^-1 r.
        right_hand_side: b, any shape.
        tolerance: stop when measure(residual) is at most this; traced.
        measure: residual -> a norm in a unit that means something.
        guess: start; zero if None.
    """
    b = right_hand_side
    x = jnp.zeros_like(b) if guess is None else guess
    r = b if guess is None else b - operator(x)
    z = preconditioner(r)

    def unfinished(carry):
        _, _, _, _, iterations, error = carry
        return (error > tolerance) & (iterations < max_iterations)

    def iterate(carry):
        x, r, p, rz, iterations, _ = carry
        q = operator(p)
        curvature = jnp.vdot(p, q)
        alpha = jnp.where(curvature > 0, rz / jnp.where(curvature > 0, curvature, 1), 0)
        x, r_new = x + alpha * p, r - alpha * q
        z = preconditioner(r_new)
        rz_new = jnp.vdot(z, r_new)
        # Polak-Ribiere form: keeps conjugacy when the preconditioner is only symmetric to rounding
        beta = jnp.where(rz > 0, (rz_new - jnp.vdot(z, r)) / jnp.where(rz > 0, rz, 1), 0)
        return x, r_new, z + beta * p, rz_new, iterations + 1, measure(r_new)

    start = (x, r, z, jnp.vdot(r, z), jnp.zeros((), jnp.int32), measure(r))
    x, _, _, _, iterations, error = lax.while_loop(unfinished, iterate, start)
    return x, Convergence(error <= tolerance, iterations, error)
