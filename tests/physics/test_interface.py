"""The regularisation of the front: what must hold exactly. That it keeps shapes and speeds is in
verification/test_front.py."""

from dataclasses import replace
from functools import partial

import cases
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import ndimage

from phasefield import model as model_module
from phasefield.physics import interface
from phasefield.physics.charge import Reaction
from phasefield.units import FARADAY

H = 1.0  # cells are the unit of length here, and delta is one of them
DELTA = 1.0
OPEN = {2: (True, True), 3: (True, True, True)}  # all axes periodic, so that a slanted front closes on itself


def profile(distance):
    """xi of a front, from the distance into the lithium."""
    return jnp.array(0.5 * (1 + np.tanh(distance / (2 * DELTA))))


@partial(jax.jit, static_argnames="periodic")
def relaxed(phase, pore, faces, time, periodic):
    return interface.relax(phase, pore, faces, H, DELTA, 1.0, time, periodic)


def relax_in_the_open(phase, time):
    periodic = OPEN[phase.ndim]
    pore = jnp.ones(phase.shape)
    return relaxed(phase, pore, interface.pore_faces(pore, pore, periodic), time, periodic)


def ball(radius, n, ndim):
    far = np.sqrt(sum((x - (n - 1) / 2) ** 2 for x in np.indices((n,) * ndim)))
    return profile(radius - far)


def porous(shape, seed=0):
    """(pore, reactive pore) of a random host, diffuse by a cell, with cells that have no pore at all."""
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=shape), 2.0, mode="wrap")
    pore = 1 - ndimage.gaussian_filter((noise > 0).astype(float), 1.0, mode="wrap")
    assert pore.min() < model_module.SMALLEST_REACTIVE_PORE
    return jnp.array(pore), jnp.array(np.where(pore >= model_module.SMALLEST_REACTIVE_PORE, pore, 0.0))


@pytest.mark.parametrize("shape", [(32, 32), (24, 16, 16)])
def test_relaxation_adds_no_lithium_in_a_porous_host_and_stays_in_bounds(shape):
    pore, reactive = porous(shape)
    periodic = (False,) + (True,) * (len(shape) - 1)
    faces = interface.pore_faces(pore, reactive, periodic)
    middle = np.indices(shape)[0] - shape[0] / 2
    wavy = 2 * np.sin(2 * np.pi * np.indices(shape)[1] / shape[1])
    start = jnp.where(reactive > 0, profile((wavy - middle) / 3), 0.0)  # three times too wide
    late = relaxed(start, reactive, faces, 20.0, periodic)
    assert not np.allclose(late, start, atol=0.05)  # it did move lithium about
    assert float(jnp.sum(reactive * late)) == pytest.approx(float(jnp.sum(reactive * start)), rel=1e-13)
    assert float(late.min()) >= -1e-2 and float(late.max()) <= 1.01
    assert not np.any(np.asarray(late)[np.asarray(reactive) == 0])


def test_pore_faces():
    """The smaller fraction of the two cells; nothing through cells too small to react, nor through closed ends."""
    pore = jnp.array([[1.0, 0.4], [0.02, 0.6]])
    faces = interface.pore_faces(pore, jnp.where(pore > 0.05, pore, 0), (False, True))
    assert np.array_equal(faces[0], [[0, 0.4], [0, 0]])
    assert np.array_equal(faces[1], [[0.4, 0.4], [0, 0]])


def test_nothing_happens_without_mobility_and_where_there_is_no_front():
    flat = jnp.full((16, 16), 0.3)
    assert np.array_equal(relax_in_the_open(flat, 10.0), flat)
    start = ball(5.0, 16, 2)
    pore = jnp.ones(start.shape)
    faces = interface.pore_faces(pore, pore, OPEN[2])
    assert np.array_equal(interface.relax(start, pore, faces, H, DELTA, 0.0, 1e6, OPEN[2]), start)


@pytest.mark.parametrize(("ndim", "sides"), [(2, 1), (3, 2)])
def test_gibbs_thomson_of_a_ball(ndim, sides):
    """U = -gamma Vm curvature/F, curvature 1/R for a cylinder, 2/R for a sphere; on a front of 8 cells' radius, within
    10 %. Lithium that is convex is easier to strip: U is negative."""
    n, radius = 32, 8.0
    lithium = replace(cases.LITHIUM, surface_energy=0.5)
    shape = (n,) * ndim
    model = cases.model(shape, fractions=np.zeros((2, *shape)), lithium=lithium)
    far = np.sqrt(sum((x - (n - 1) / 2) ** 2 for x in np.indices(shape)))
    shift = np.asarray(interface.gibbs_thomson(model, ball(radius, n, ndim)))
    on_front = np.abs(far - radius) < 0.5
    exact = -0.5 * lithium.molar_volume * sides / (far[on_front] * cases.SPACING) / FARADAY
    assert np.mean(shift[on_front] / exact) == pytest.approx(1, abs=0.02)
    assert np.abs(shift[on_front] / exact - 1).max() < 0.1
    hollow = interface.gibbs_thomson(model, 1 - ball(radius, n, ndim))
    assert np.allclose(np.asarray(hollow)[on_front], -shift[on_front], rtol=1e-6)


def test_no_surface_energy_no_shift():
    model = cases.model()
    assert not np.any(interface.gibbs_thomson(model, model.pore * 0.5))


def test_advance_adds_what_the_reaction_plates():
    """Lithium gained is Vm/F times the plating, to rounding, also where the host leaves little pore."""
    model = cases.model()
    state = model_module.initial_state(model, 0)
    z = np.indices(cases.SHAPE)[0]
    phase = jnp.where(model.reactive_pore > 0, profile(8.0 - z), 0.0)
    plating = model.reactive_pore * phase * (1 - phase) / cases.SPACING * 5.0
    speed = 5.0 * model.lithium.molar_volume / FARADAY
    zero = jnp.zeros_like(plating)
    reaction = Reaction(
        plating=plating,
        double_layer=zero,
        insertion=state.lithiation,
        film=zero,
        double_layer_charge=zero,
        overpotential=zero,
        front_speed=zero,
        fastest_front=speed,
        collector_current=jnp.array(5.0),
        applied_current=jnp.array(5.0),
    )
    after = jax.jit(interface.advance)(model, replace(state, phase=phase), reaction, 100.0)
    gained = float(jnp.sum(model.pore * (after - phase)))
    assert gained == pytest.approx(float(plating.sum()) * 100 * cases.LITHIUM.molar_volume / FARADAY, rel=1e-12)
