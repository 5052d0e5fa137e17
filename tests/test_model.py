"""The model as a whole: what does not recompile, what repeats, what precision changes, what 3D adds to 2D."""

from dataclasses import replace
from functools import cache

import cases
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from phasefield import diagnostics
from phasefield import model as model_module
from phasefield.units import FARADAY

step = jax.jit(model_module.step)
THICKNESS_OF_A_CHARGE = cases.LITHIUM.molar_volume / FARADAY


def march(model, steps, current_density=5.0, dt=30.0, seed=0, state=None):
    """The state after some steps of fixed length, all surface active from the start, and the last report."""
    if state is None:
        state = model_module.initial_state(model, seed)
        state = state.with_nucleated((model.surface > 0).astype(model.pore.dtype))
    dt = jnp.asarray(dt, model.pore.dtype)
    preconditioner = model_module.precondition(model, state, dt)
    for _ in range(steps):
        state, report = step(model, state, jnp.asarray(current_density, dt.dtype), dt, preconditioner)
        assert bool(report.converged)
    return state, report


@cache
def plated(dtype=np.float64):
    model = cases.model(dtype=dtype, charge_tolerance=1e-8 if dtype is np.float64 else 1e-3)
    return (model, *march(model, 20))


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-6), (np.float32, 1e-3)])
def test_lithium_gained_is_charge_passed(dtype, tolerance):
    """Section 7 of the physics. The double layer holds the rest of the charge: a millionth of it here."""
    model, state, _ = plated(dtype)
    passed = 5.0 * 20 * 30.0
    start = model_module.initial_state(model, 0)
    gained = float(diagnostics.stored_charge(model, state) - diagnostics.stored_charge(model, start))
    assert gained == pytest.approx(passed, rel=tolerance)
    metallic = float(diagnostics.lithium_thickness(model, state)) / THICKNESS_OF_A_CHARGE
    held = float(diagnostics.double_layer_charge(model, state))
    assert metallic - held == pytest.approx(passed, rel=tolerance)
    assert abs(held) < 1e-2 * passed


def test_float32_agrees_with_float64():
    """To 1e-3 of each field's range: what the tolerances of the float32 solves leave, over twenty steps."""
    (model, double, _), (_, single, _) = plated(np.float64), plated(np.float32)
    assert single.phase.dtype == jnp.float32
    assert np.abs(double.phase - single.phase).max() < 1e-3
    holds_salt = np.asarray(model.reactive_pore) > 0
    assert np.abs(double.concentration / single.concentration - 1)[holds_salt].max() < 1e-3
    assert np.abs(diagnostics.potential(double) - diagnostics.potential(single)) < 1e-4  # V


CHANGES = {
    "electrolyte": {"electrolyte": replace(cases.ELECTROLYTE, conductivity=0.3, transference_number=0.3)},
    "lithium": {"lithium": replace(cases.LITHIUM, exchange_current_density=3.0, surface_energy=0.5)},
    "temperature": {"temperature": 320.0},
    "nucleation": {"nucleation_prefactor": 1e24, "nucleation_steepness": 20.0},
    "spacing": {"spacing": 0.9e-6},
    "tolerances": {"charge_tolerance": 1e-7, "newton_iterations": 12, "linear_iterations": 80},
    "host": {
        "fractions": 0.5 * cases.fractions(),
        "phases": (cases.COPPER, replace(cases.CARBON, electronic_conductivity=(1.0, 2.0))),
    },
}


@pytest.mark.parametrize("change", CHANGES)
def test_no_number_recompiles(change):
    model, state, _ = plated()
    march(model, 1, state=state)
    programs = step._cache_size(), model_module.precondition._cache_size()
    march(cases.model(**CHANGES[change]), 1, dt=1.0, state=state)
    assert (step._cache_size(), model_module.precondition._cache_size()) == programs


def test_current_and_dt_do_not_recompile():
    model, state, _ = plated()
    march(model, 1, state=state)
    programs = step._cache_size()
    march(model, 1, current_density=-2.0, dt=7.0, state=state)
    assert step._cache_size() == programs


def test_same_seed_same_run_bit_for_bit():
    model = plated()[0]
    fresh = model_module.initial_state(model, 7)
    runs = [march(model, 3, dt=0.05, state=fresh)[0] for _ in range(2)]
    for one, other in zip(jax.tree.leaves(runs[0]), jax.tree.leaves(runs[1]), strict=True):
        assert np.array_equal(one, other)


def extruded(depth):
    """A box of (16, 4, depth) cells or, without depth, (16, 4): the host varies along z and x only."""
    shape = (16, 4) if depth is None else (16, depth, 4)
    flat = cases.fractions((16, 4), host=False)
    flat[1, 4:10] = (np.array([0.1, 0.5, 0.5, 0.1]) * np.array([0.6, 0.8, 0.9, 0.8, 0.5, 0.2])[:, None]) * (
        1 - flat[0, 4:10]
    )
    fractions = flat if depth is None else np.repeat(flat[:, :, None, :], depth, axis=2)
    model = cases.model(shape, fractions=fractions, charge_tolerance=1e-9, salt_tolerance=1e-9)
    return march(model, 4)[0]


def test_3d_of_an_extruded_host_is_2d():
    """One code: with all surface active nothing else differs but the order of sums."""
    flat, deep = extruded(None), extruded(4)
    for name in ("phase", "concentration", "ionic_potential", "electronic_potential"):
        two, three = np.asarray(getattr(flat, name)), np.asarray(getattr(deep, name))
        assert np.allclose(three, two[:, None, :], rtol=1e-6, atol=1e-8), name
    assert float(flat.phase.max()) > 0.02  # there is something to compare


def test_initial_state_is_at_rest():
    model = cases.model()
    state = model_module.initial_state(model, 0, [0.0, 1.0])
    assert not np.any(state.phase) and not np.any(state.nucleated) and not np.any(state.ionic_potential)
    assert np.allclose(state.concentration, cases.ELECTROLYTE.concentration)
    assert np.allclose(state.lithiation[1], 1) and not np.any(state.lithiation[0])
    after, _ = march(model, 1, current_density=0.0, state=state)
    assert np.allclose(after.ionic_potential, 0, atol=1e-9)
    assert not np.any(after.phase)


def test_surface_of_a_flat_collector_is_its_area():
    """|grad f| integrates to one across the collector, but for the part inside cells too full to react."""
    model = cases.model(host=False)
    area = float(model.surface.sum()) * cases.SPACING / cases.SHAPE[1]
    assert 0.8 < area <= 1.0 + 1e-12
    assert np.allclose(model.surface_shares[0], (np.asarray(model.surface_shares[0]) > 0) * 1.0)
