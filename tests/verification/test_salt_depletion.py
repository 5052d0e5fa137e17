"""Section 3: salt between two electrodes. Its time to depletion, Sand's law, the steady profile, and its total."""

from dataclasses import replace
from functools import cache

import cases
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from orders import orders

from phasefield import model as model_module
from phasefield.physics import conductivities
from phasefield.units import FARADAY

LENGTH = 64e-6
C0 = cases.ELECTROLYTE.concentration
D, SHARE = cases.ELECTROLYTE.diffusivity, 1 - cases.ELECTROLYTE.transference_number
LIMIT = 2 * FARADAY * D * C0 / (SHARE * LENGTH)  # i_L
TABLE = {1.25: 0.141791, 2.0: 0.049183, 5.0: 0.007854}  # i/i_L: D t/L^2 until c = 0 at the plated side
MOST = 1000  # steps


def gap(cells):
    """(Model, State) of electrolyte, one column of cells, over a flat electrode: a ten-thousandth of the lowest cell is
    solid, all of it active; its lithium, far denser than it is, never fills the pore."""
    solid = np.zeros((2, cells, 1))
    solid[0, 0] = 1e-4
    lithium = replace(cases.LITHIUM, molar_volume=1e-15, exchange_current_density=1e5)
    options = {"fractions": solid, "lithium": lithium, "spacing": LENGTH / cells}
    model = cases.model((cells, 1), nucleation_prefactor=0.0, charge_tolerance=1e-7, **options)
    state = model_module.initial_state(model, 0)
    return model, state.with_nucleated(state.nucleated.at[0].set(1))


@jax.jit
def march(model, state, current_density, dt, steps):
    """(State, c of the two lowest cells after each step, steps taken, whether all converged), until a cell is empty."""
    preconditioner = model_module.precondition(model, state, dt)

    def one(carry):
        state, lowest, n, good = carry
        after, report = model_module.step(model, state, current_density, dt, preconditioner)
        return after, lowest.at[n].set(after.concentration[:2, 0]), n + 1, good & report.converged

    def going(carry):
        state, _, n, good = carry
        return (n < steps) & good & (state.concentration.min() > 0)

    return jax.lax.while_loop(going, one, (state, jnp.zeros((MOST, 2)), 0, jnp.array(True)))


def at_the_electrode(lowest):
    """c on the face of the lowest cell, from the two above it."""
    return np.asarray(1.5 * lowest[:, 0] - 0.5 * lowest[:, 1])


@cache
def time_to_depletion(ratio, cells, steps):
    """D t/L^2 at which c on the plated face passes zero, in steps of a share of the expected time."""
    dt = TABLE[ratio] * LENGTH**2 / D / steps
    _, lowest, n, good = march(*gap(cells), ratio * LIMIT, dt, MOST - 1)
    at_face = at_the_electrode(np.asarray(lowest)[: int(n)])
    assert bool(good) and at_face[-1] <= 0
    last = np.flatnonzero(at_face <= 0)[0]
    before = at_face[last - 1]
    return (last + before / (before - at_face[last])) * dt * D / LENGTH**2


@pytest.mark.parametrize("ratio", TABLE)
def test_time_until_the_salt_is_used_up(ratio):
    """The table, 256 cells and 400 steps: 0.2 % for all three. Half of that is the step, first order; at 5 i_L the rest
    is the cells: the salt falls over a tenth of the gap there."""
    assert time_to_depletion(ratio, 256, 400) == pytest.approx(TABLE[ratio], rel=2e-3)


def test_depletion_is_first_order_in_the_step():
    """At 1.25 i_L, 128 cells: the error in 100, 200 and 400 steps, less that of the cells, halves."""
    times = [time_to_depletion(1.25, 128, steps) for steps in (100, 200, 400)]
    assert orders(np.abs(np.diff(times))) == pytest.approx([1], abs=0.05)


def test_depletion_is_second_order_in_the_spacing():
    """At 5 i_L, where the cells matter most; the step's error, first order, is extrapolated away from two runs."""
    errors = []
    for cells in (64, 128, 256):
        extrapolated = 2 * time_to_depletion(5.0, cells, 400) - time_to_depletion(5.0, cells, 200)
        errors.append(abs(extrapolated / TABLE[5.0] - 1))
    assert orders(errors) == pytest.approx([2, 2], abs=0.1)


def test_sand():
    """t = pi D (F c0)^2/(4 (J t_a)^2), J the current density, t_a = 1 - t+: exact where depletion does not reach the
    other electrode. At 5 i_L it is pi/400 L^2/D, the table's 0.007854, and what the run finds to its 0.2 %; at 2 i_L
    the other side is felt a little (0.2 %), at 1.25 i_L a lot (11 %)."""

    def sand(ratio):
        return np.pi * D * (FARADAY * C0) ** 2 / (4 * (ratio * LIMIT * SHARE) ** 2) * D / LENGTH**2

    assert sand(5.0) == pytest.approx(np.pi / 400, rel=1e-12)
    assert sand(5.0) == pytest.approx(TABLE[5.0], abs=5e-7)
    assert time_to_depletion(5.0, 256, 400) == pytest.approx(sand(5.0), rel=2e-3)
    assert time_to_depletion(1.25, 256, 400) > 1.1 * sand(1.25)


@cache
def steady(ratio):
    dt = 0.1 * LENGTH**2 / D
    model, state = gap(64)
    return (model, *march(model, state, ratio * LIMIT, dt, 100))


@pytest.mark.parametrize("ratio", [0.9, 1.0])
def test_never_at_or_below_the_limiting_current(ratio):
    """For ten times the time that diffusion takes across: no cell runs dry, and the profile is the straight line

        c = c0 + (z - L/2)(1 - t+) i/(F D)

    At i_L itself it ends in zero on the face, to 1e-5 c0: the tolerance of the balance, summed over the run."""
    _, state, lowest, n, good = steady(ratio)
    assert bool(good) and int(n) == 100
    z = (np.arange(64) + 0.5) / 64
    assert np.allclose(state.concentration[:, 0], C0 * (1 + ratio * (2 * z - 1)), rtol=0, atol=1e-4 * C0)
    at_face = at_the_electrode(np.asarray(lowest)[:100]) / C0
    assert np.all(at_face > 1 - ratio - 1e-5)
    assert np.all(np.diff(at_face) < 1e-6)  # falls to it, from above


def test_salt_is_conserved():
    """What the reaction takes out at the bottom enters at the top: the total stays, to the tolerance of the solver."""
    model, state, *_ = steady(0.9)
    assert total_salt(model, state) == pytest.approx(1, abs=1e-4)
    model, state = gap(64)
    tight = replace(model, salt_tolerance=jnp.array(1e-12), charge_tolerance=jnp.array(1e-11))
    after, _, n, good = march(tight, state, 0.8 * LIMIT, 10.0, 3)
    assert bool(good) and int(n) == 3
    assert total_salt(model, after) == pytest.approx(1, abs=1e-9)


def total_salt(model, state):
    """Over that at the start."""
    fraction = np.asarray(conductivities.electrolyte_fraction(model, state.phase))
    return (fraction * np.asarray(state.concentration)).sum() / (fraction * C0).sum()


def test_nothing_flows_nothing_changes():
    after, _, _, good = march(*gap(64), 0.0, 100.0, 3)
    assert bool(good)
    assert np.allclose(after.concentration, C0, rtol=1e-6)
