"""Section 6: order of the moving front. A disc grows at a constant normal speed; the exact phase is the same profile
about a larger radius, since v xi (1 - xi)/delta = v |grad xi| on a tanh and the regularisation vanishes there."""

from functools import cache
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from orders import orders, rms

from phasefield.physics import interface

OPEN = (True, True)
BOX, RADIUS, TRAVEL = 10.0, 2.0, 1.0
MOBILITY = 2.0  # Gamma over the speed of the front; the model takes 5, with smaller errors


@jax.jit
def grow(phase, spacing, width, dt, steps):
    """The phase after `steps` of dt at unit normal speed."""
    pore = jnp.ones(phase.shape)
    faces = interface.pore_faces(pore, pore, OPEN)

    def step(_, xi):
        xi = xi + dt * xi * (1 - xi) / width
        return interface.relax(xi, pore, faces, spacing, width, MOBILITY, dt, OPEN)

    return jax.lax.fori_loop(0, steps, step, phase)


def disc(n, radius, width):
    x = (np.indices((n, n)) + 0.5) * BOX / n - BOX / 2
    return 0.5 * (1 + np.tanh((radius - np.sqrt((x**2).sum(axis=0))) / (2 * width)))


@cache
def grown(n, width, steps):
    return np.asarray(grow(jnp.array(disc(n, RADIUS, width)), BOX / n, width, TRAVEL / steps, steps))


def test_second_order_in_space_at_fixed_width():
    """delta = 0.25 on cells of 1, 1/2 and 1/4 of it, dt as h^2 so that time counts the same: profile and volume."""
    width, levels = 0.25, {40: 100, 80: 400, 160: 1600}
    exact = {n: disc(n, RADIUS + TRAVEL, width) for n in levels}
    found = {n: grown(n, width, steps) for n, steps in levels.items()}
    assert orders([rms(found[n] - exact[n]) for n in levels]) == pytest.approx([2, 2], abs=0.15)
    assert orders([abs(found[n].sum() / exact[n].sum() - 1) for n in levels]) == pytest.approx([2, 2], abs=0.15)


def test_first_order_in_time():
    """Forward Euler in growth and regularisation, one grid; successive differences halve with dt."""
    phases = [grown(40, 0.5, steps) for steps in (40, 80, 160, 320)]
    differences = [rms(coarse - fine) for coarse, fine in pairwise(phases)]
    assert orders(differences) == pytest.approx([1, 1], abs=0.1)


@cache
def reactive_area(cells_per_width, dt=0.005):
    """Integral of xi (1 - xi)/delta across a planar front after 8 cells, one of two in the box: 1 for a tanh."""
    cells = 128
    depth = cells / 4 - np.abs(np.arange(cells) + 0.5 - cells / 2)
    start = 0.5 * (1 + np.tanh(depth / (2 * cells_per_width)))
    phase = grow(jnp.array(start)[:, None] * jnp.ones(4), 1.0, cells_per_width, dt, round(8 / dt))
    return float(jnp.sum(phase * (1 - phase))) / (2 * 4 * cells_per_width)


def test_a_front_is_as_good_on_cells_of_two_delta():
    """With delta half a cell, the choice of the model, the area of a moving profile and so its speed at a given current
    density is 0.6 % short, 0.14 % at one cell, 0.06 % at two: what is left is how far the profile lags behind, and the
    step. A flux that settles on a profile of its own, not on tanh, was 1.8 % short at one cell, on any grid."""
    short = 1 - np.array([reactive_area(width) for width in (0.5, 1.0, 2.0)])
    assert short == pytest.approx([0.0056, 0.00135, 0.00056], rel=0.1)


def test_long_steps_cost_area():
    """First order in the step, in deltas: 1.6 % at a fiftieth of a cell a step, 5.8 % at a tenth."""
    assert 1 - reactive_area(0.5, 0.02) == pytest.approx(0.016, rel=0.1)
    assert 1 - reactive_area(0.5, 0.1) == pytest.approx(0.058, rel=0.1)
