"""Both potentials of a porous electrode by Newton's method, with the solvers the model uses."""

from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from scipy.optimize import brentq

from phasefield import operators
from phasefield.solvers import conjugate_gradients, multigrid, pieces
from phasefield.solvers.system import apply, assemble, inverse_block_diagonal, multiply_blocks

TOLERANCE = 1e-9  # of the applied current: how much of the reaction is in the wrong place
ACCEPTED = 1e-6  # of the applied current: where rounding stops an extreme case before TOLERANCE
NEWTON_ITERATIONS = 200
LINEAR_ITERATIONS = 60  # of multigrid-CG in one Newton iteration
REDUCTION = 1e-5  # of the residual in one Newton iteration
STEP = 2.0  # largest change of an exponent in one Newton iteration


def uniform_overpotential(rate, kinetics, alpha, exponent):
    """eta [V] at which i/i0 is `rate`."""
    if kinetics == "linear" or rate == 0:
        return -rate / exponent
    a = alpha if rate > 0 else 1 - alpha
    furthest = np.log1p(abs(rate)) / a

    def excess(drive):  # of the larger of the two exponentials over the smaller
        return np.expm1(a * drive) - np.expm1(-(1 - a) * drive) - abs(rate)

    return -np.sign(rate) * brentq(excess, 0.0, furthest * (1 + 1e-12)) / exponent


def _kinetics(eta, linear, alpha, exponent):
    """i/i0 and its slope -d(i/i0)/deta [1/V]; expm1 keeps the digits of a small current."""
    cathodic, anodic = jnp.expm1(-alpha * exponent * eta), jnp.expm1((1 - alpha) * exponent * eta)
    slope = alpha * (cathodic + 1) + (1 - alpha) * (anodic + 1)
    return jnp.where(linear, -exponent * eta, cathodic - anodic), jnp.where(linear, exponent, exponent * slope)


@partial(jax.jit, static_argnames="mean")
def solve(kappa, sigma, exchange, source, potentials, h, current, alpha, exponent, linear, mean):
    """(potentials (ionic, electronic), eta, reaction, collector current, CG iterations, error)."""
    grounded = jnp.zeros_like(sigma).at[0].set(2 * sigma[0] / h**2)
    passed = jnp.abs(current) / h * sigma[0].size  # sum of the reactions of all cells
    passed = jnp.where(passed > 0, passed, 1.0)

    uncoupled = assemble(
        conductivities=jnp.stack([kappa, sigma]),
        diagonals=jnp.stack([jnp.zeros_like(grounded), grounded]),
        coupling=None,
        spacing=h,
        periodic=operators.laterally_periodic(kappa.ndim),
        mean=mean,
    )

    def react(potentials):
        rate, slope = _kinetics(potentials[1] - potentials[0], linear, alpha, exponent)
        return exchange * rate, exchange * slope

    def unfinished(carry):
        _, error, count, _, stalled = carry
        return (error > TOLERANCE) & (count < NEWTON_ITERATIONS) & ~stalled

    def newton(carry):
        potentials, error_before, count, taken, _ = carry
        reaction, gain = react(potentials)
        residual = apply(uncoupled, potentials) + jnp.stack([reaction - source, -reaction])
        system = replace(uncoupled, coupling=gain)
        hierarchy = multigrid.build(system)
        inverse = inverse_block_diagonal(system)

        def local_energy(r):
            return jnp.sqrt(jnp.sum(r * multiply_blocks(inverse, r)))

        change, convergence = conjugate_gradients.solve(
            partial(apply, system),
            multigrid.preconditioner(system, hierarchy),
            -residual,
            REDUCTION * local_energy(residual),
            local_energy,
            LINEAR_ITERATIONS,
            correction=pieces.correction(system, hierarchy.pieces),
        )
        change_of_eta = change[1] - change[0]
        # in terms of the reaction, which unlike the residual is not drowned by rounding in a good conductor that floats
        error = jnp.sum(gain * jnp.abs(change_of_eta)) / passed
        largest = jnp.max(jnp.where(gain > 0, jnp.abs(change_of_eta), 0.0))
        step = STEP / (exponent * jnp.maximum(alpha, 1 - alpha))
        share = jnp.where(linear, 1.0, jnp.minimum(1.0, step / jnp.maximum(largest, 1e-300)))
        at_rounding = (error > 0.5 * error_before) & (error < ACCEPTED)
        stalled = at_rounding | ~jnp.isfinite(error)
        return potentials + share * change, error, count + 1, taken + convergence.iterations, stalled

    zero = jnp.zeros((), jnp.int32)
    start = (potentials, jnp.array(jnp.inf), zero, zero, jnp.zeros((), bool))
    potentials, error, _, taken, _ = lax.while_loop(unfinished, newton, start)

    # the constant that makes the reactions carry exactly the applied current
    reaction, gain = react(potentials)
    potentials = potentials.at[0].add((jnp.sum(source) - jnp.sum(reaction)) / jnp.sum(gain))
    reaction, _ = react(potentials)
    collector = 2 * jnp.sum(sigma[0] * potentials[1][0]) / h / sigma[0].size
    error = jnp.maximum(error, jnp.abs(collector - current) / h * sigma[0].size / passed)
    return potentials, potentials[1] - potentials[0], reaction, collector, taken, error
