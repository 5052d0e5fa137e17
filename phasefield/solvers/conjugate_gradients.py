"""Preconditioned conjugate gradients that say how they converged."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jax import lax

from phasefield.solvers.fusion import separately

PATIENCE = 10  # iterations after which a solve is slow


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


def dot(u, v):
    """Scalar product; not of flattened arrays, which could not stay spread over devices.

    In full precision: GPUs multiply single-precision matrices in 10 bits by default.
    """
    return jnp.tensordot(u, v, axes=u.ndim, precision=lax.Precision.HIGHEST)


def solve(
    operator, preconditioner, right_hand_side, tolerance, measure, max_iterations: int = 200, guess=None, positive=None,
    correction=None,
):  # fmt: skip
    """(x, Convergence) of A x = b for symmetric positive definite A.

    Args:
        operator, preconditioner: x -> A x, r -> M^-1 r.
        right_hand_side: b, any shape.
        tolerance: stop when measure(residual) is at most this; traced.
        measure: residual -> a norm in a unit that means something.
        guess: start; zero if None.
        positive: for `separately`, of use where many solves are mapped over: a number above 0 that they share.
        correction: r -> what is added to M^-1 r from the residual that this leaves, once the preconditioner alone has
            taken `PATIENCE` iterations. None: nothing.
    """
    b = right_hand_side
    x = jnp.zeros_like(b) if guess is None else guess
    residual = b if guess is None else b - operator(x)
    positive = tolerance + 1 if positive is None else positive

    def unfinished(carry):
        *_, iterations, error = carry
        return (error > tolerance) & (iterations < max_iterations)

    def iterate(carry):
        x, r, r_before, p, rz_before, iterations, _ = carry
        z = preconditioner(r)
        if correction is not None:
            # a loop: mapped over many solves it runs where any of them needs it, a condition always would
            stuck = (iterations >= PATIENCE).astype(jnp.int32)
            z = lax.fori_loop(0, stuck, lambda _, z: z + correction(r - operator(z)), z)
        rz = dot(r, z)
        # Polak-Ribiere form: keeps conjugacy when the preconditioner is only symmetric to rounding
        beta = jnp.where(iterations > 0, (rz - dot(r_before, z)) / rz_before, 0)
        p = separately(positive, lambda z, p: z + beta * p, z, p)
        q = operator(p)
        alpha = rz / dot(p, q)
        x, r_after = x + alpha * p, r - alpha * q
        return x, r_after, r, p, rz, iterations + 1, measure(r_after)

    zeros = jnp.zeros_like(b)
    start = (x, residual, zeros, zeros, jnp.ones((), b.dtype), jnp.zeros((), jnp.int32), measure(residual))
    x, *_, iterations, error = lax.while_loop(unfinished, iterate, start)
    return x, Convergence(error <= tolerance, iterations, error)
