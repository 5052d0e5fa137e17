"""Inverse of small dense matrices."""

import jax
import jax.numpy as jnp
from jax import lax

BLOCK = 16
SHIFT = 16  # rounding errors of the unit diagonal


def scaled_inverse(matrix, precision):
    """Inverse of a symmetric positive definite matrix whose rows differ by many orders of magnitude.

    Scaled to a unit diagonal, and shifted by some rounding errors of the precision it will be kept in: a conductor that
    floats is singular to rounding, and in float32 could come out negative, or drown the rest.
    """
    scale = 1 / jnp.sqrt(jnp.diagonal(matrix))
    scaled = scale[:, None] * matrix * scale
    shift = max(SHIFT * jnp.finfo(precision).eps, len(matrix) * jnp.finfo(matrix.dtype).eps)
    unit = jnp.eye(len(matrix), dtype=matrix.dtype)
    return scale[:, None] * inverse(0.5 * (scaled + scaled.T) + shift * unit) * scale


def inverse(matrix):
    """Inverse of a symmetric positive definite matrix, shape (n, n); so is it, whatever the rounding.

    Not `jnp.linalg.inv`: mapped over many matrices on the CPU, jaxlib's LAPACK kernels wait for threads that they hold
    themselves, for ever where there are as few threads as kernels (seen with jaxlib 0.10 on two cores).
    """
    factor = inverse_factor(matrix)
    return factor.T @ factor


def inverse_factor(matrix, block: int = BLOCK):
    """Inverse of the lower Cholesky factor: the identity, with what turns the matrix into the factor's transpose done
    to it, row of blocks by row of blocks.

    Args: block: rows done at once.
    """
    size = len(matrix)
    short = -size % block
    padded = jax.scipy.linalg.block_diag(matrix, jnp.eye(short, dtype=matrix.dtype)) if short else matrix
    n = size + short
    row = jnp.arange(n)[:, None]

    def eliminate(k, carry):
        left, right = carry
        start = k * block
        pivot = lax.dynamic_slice(left, (start, start), (block, block))
        pivot = 1 / jnp.sqrt(pivot) if block == 1 else inverse_factor(pivot, 1)
        below = lax.dynamic_slice(left, (0, start), (n, block)) @ pivot.T
        below = jnp.where(row >= start + block, below, 0)
        left_rows, right_rows = (pivot @ lax.dynamic_slice(u, (start, 0), (block, n)) for u in (left, right))
        right = lax.dynamic_update_slice(right - below @ right_rows, right_rows, (start, 0))
        return left - below @ left_rows, right

    _, factor = lax.fori_loop(0, n // block, eliminate, (padded, jnp.eye(n, dtype=matrix.dtype)))
    return factor[:size, :size]
