"""Kernels that the compiler must not merge."""

import jax
import jax.numpy as jnp
from jax import lax


def separately(positive, compute, *arguments):
    """The array compute(*arguments), worked out and stored before anything reads it.

    XLA's CPU backend merges a stencil's argument into the stencil and works it out anew for every neighbour, 2 to 30
    times the work. It does not look across a condition, and `positive`, a number above 0 that only the run knows,
    makes one; under `jax.vmap` it must not be mapped over. On other devices a barrier does.
    """
    if jax.default_backend() != "cpu":
        return lax.optimization_barrier(compute(*arguments))
    result = jax.eval_shape(compute, *arguments)
    return lax.cond(positive > 0, compute, lambda *_: jnp.zeros(result.shape, result.dtype), *arguments)
