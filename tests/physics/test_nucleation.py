"""Nucleation: its rate law, and a probability that does not depend on how time is cut."""

from dataclasses import replace

import cases
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from phasefield import model as model_module
from phasefield.host.geometry import diffuse
from phasefield.physics import nucleation
from phasefield.state import covered_share

WIDE = (4, 4096)  # a bottom plane of many equal surface cells
ALL = slice(None)


def surface(barrier=0.1, prefactor=1e25):
    """A box where every cell has the same area: half of each cell is collector, growing thinner upwards."""
    ramp = np.linspace(0.6, 0.3, WIDE[0])[:, None] * np.ones(WIDE)
    phases = (replace(cases.COPPER, nucleation_overpotential=(barrier, barrier)), cases.CARBON)
    model = cases.model(WIDE, fractions=np.stack([ramp, 0 * ramp]), phases=phases, nucleation_prefactor=prefactor)
    model = replace(model, facing=jnp.zeros_like(model.facing))  # each cell a wall of its own
    return model, model_module.initial_state(model, 0)


def test_rate():
    """J0 exp(-b) at eta = -eta_nuc, J0 exp(-4b) at half of it, J0 where there is no barrier."""
    rate = nucleation.activation_rate(jnp.array([-0.1, -0.05]), 0.1, 1e25, 25.0)
    assert np.allclose(rate, 1e25 * np.exp([-25.0, -100.0]), rtol=1e-12)
    assert float(nucleation.activation_rate(jnp.array(-1e-3), 0.0, 1e25, 25.0)) == 1e25


@pytest.mark.parametrize("barrier", [0.0, 0.1])
def test_nothing_nucleates_without_driving_force(barrier):
    assert np.array_equal(nucleation.activation_rate(jnp.array([0.0, 1e-3, 1.0]), barrier, 1e25, 25.0), np.zeros(3))
    model, state = surface(barrier)
    rim_distance, nuclei, _ = nucleation.sample(model, state, jnp.zeros(WIDE), jnp.zeros(WIDE), 1e6)
    assert not np.any(covered_share(rim_distance)) and int(nuclei) == 0


def test_rate_has_no_nan_in_its_derivative_at_zero():
    gradient = jax.grad(lambda eta: nucleation.activation_rate(eta, 0.1, 1e25, 25.0))(0.0)
    assert np.isfinite(gradient)


def test_expected_is_one_minus_exp_of_rate_area_time():
    model, state = surface()
    eta, dt = jnp.full(WIDE, -0.1), 3.0
    area = 0.1 * cases.SPACING**2  # a ramp of 0.1 a cell
    exact = -np.expm1(-1e25 * np.exp(-25.0) * area * dt)
    assert np.allclose(nucleation.expected(model, state, eta, eta, dt), exact, rtol=1e-10)


@pytest.mark.parametrize("dt", [1e-4, 1e-2, 1.0])
def test_probability_does_not_depend_on_how_the_time_is_cut(dt):
    """P(2 dt) = 1 - (1 - P(dt))^2, cell by cell."""
    model, state = surface()
    eta = jnp.full(WIDE, -0.1)
    once, twice = (np.asarray(nucleation.expected(model, state, eta, eta, t)) for t in (dt, 2 * dt))
    assert np.allclose(twice, 1 - (1 - once) ** 2, rtol=1e-10, atol=1e-15)
    assert 0 < once.max() < 1


@pytest.mark.parametrize(("first", "last"), [(-0.091, -0.095), (-0.095, -0.091), (0.02, -0.002)])
def test_expected_is_that_of_the_whole_step(first, last):
    """Over 4 mV, the longest that steps aim at, the rate grows eightfold. Evenly changing, to 1 % of the integral; that
    of the end alone is 2.4 times as much. Where nothing nucleates nothing is expected."""
    model, state = surface(prefactor=1e22)
    course = np.linspace(first, last, 2001)
    rates = np.asarray(nucleation.activation_rate(jnp.asarray(course), 0.1, 1e22, 25.0))
    exact = np.trapezoid(rates, dx=1 / 2000) * 0.1 * cases.SPACING**2
    found = nucleation.expected(model, state, jnp.full(WIDE, first), jnp.full(WIDE, last), 1.0)
    assert np.allclose(found, -np.expm1(-exact), rtol=0.01, atol=0)
    assert exact < 0.05


def test_a_step_draws_the_nuclei_of_its_whole_course():
    """From 95 mV, deeper by some 4 mV as the double layer is charged: the nuclei are those of the way there."""
    model, state = surface(prefactor=2e23)
    eta = -0.095
    charge = model.lithium.double_layer_capacitance * model.surface * eta
    state = replace(state, ionic_potential=jnp.full(WIDE, -eta), double_layer_charge=charge)
    area, dt = float(model.surface.sum()) * model.grid.cell_volume / model.grid.area, 1.0
    current = float(model.lithium.double_layer_capacitance) * area * 0.004 / dt
    after, report = model_module.step(model, state, current, dt, model_module.precondition(model, state, dt))
    reached = report.reaction.overpotential
    assert float(reached.mean()) == pytest.approx(-0.099, abs=5e-4)
    start = jnp.full(WIDE, eta)
    expected = float(nucleation.expected(model, state, start, reached, dt).sum())
    assert expected > 400
    assert int(after.nuclei) == pytest.approx(expected, abs=4 * np.sqrt(expected))
    assert float(nucleation.expected(model, state, reached, reached, dt).sum()) > 1.5 * expected


@pytest.mark.parametrize("growth", [0.0, 3.0, 40.0, -5.0])
def test_time_for_so_many_nuclei(growth):
    """In it a rate that goes on growing e-fold in 1 / growth gives as many; one that shrinks is taken as steady."""
    dt, rate = 0.1, 50.0
    found = float(nucleation.time_for(8.0, rate * np.exp(-growth * dt), rate, dt))
    growth = max(growth, 0.0)
    nuclei = rate * (np.expm1(growth * found) / growth if growth else found)
    assert nuclei == pytest.approx(8.0, rel=1e-6)


def test_time_for_nuclei_where_there_were_none():
    assert float(nucleation.time_for(8.0, 0.0, 50.0, 0.1)) == pytest.approx(8.0 / 50.0)
    assert float(nucleation.time_for(8.0, 0.0, 0.0, 0.1)) > 1e20


def sampled(splits, seed):
    """Share of the cells active after 0.2 expected events each, in one step or in several."""
    model, state = surface()
    state = replace(state, random_key=jax.random.key_data(jax.random.key(seed)))
    rate, eta = 1e25 * np.exp(-25.0) * 0.1 * cases.SPACING**2, jnp.full(WIDE, -0.1)
    for _ in range(splits):
        rim_distance, _, key = nucleation.sample(model, state, eta, eta, 0.2 / rate / splits)
        state = replace(state.with_rims(rim_distance), random_key=key)
    return float(state.nucleated.mean())


@pytest.mark.parametrize("splits", [1, 2, 10])
def test_expected_count(splits):
    """Binomial over 16384 cells: five standard deviations are 0.015."""
    assert sampled(splits, 3) == pytest.approx(-np.expm1(-0.2), abs=0.015)


def test_same_key_same_result_and_a_new_key_each_time():
    model, state = surface()
    eta = jnp.full(WIDE, -0.1)
    first, _, key = nucleation.sample(model, state, eta, eta, 0.1)
    again, _, key_again = nucleation.sample(model, state, eta, eta, 0.1)
    assert np.array_equal(first, again) and np.array_equal(key, key_again)
    assert not np.array_equal(key, state.random_key)
    other, _, _ = nucleation.sample(model, replace(state, random_key=key), eta, eta, 0.1)
    assert 0 < covered_share(first).sum() < first.size and not np.array_equal(first, other)


def test_active_cells_stay_active_and_do_not_count_twice():
    model, state = surface()
    state = state.with_nucleated(state.nucleated.at[:, ::2].set(1))
    eta = jnp.full(WIDE, -0.1)
    assert not np.any(nucleation.expected(model, state, eta, eta, 1.0)[:, ::2])
    rim_distance, _, _ = nucleation.sample(model, state, -eta, -eta, 1e9)
    assert np.array_equal(covered_share(rim_distance), state.nucleated)


def test_each_surface_answers_with_its_own_barrier():
    """Half copper (100 mV), half carbon (20 mV) by area: the rate is the mean of both, and lithiation lowers it."""
    ramp = np.linspace(0.3, 0.15, WIDE[0])[:, None] * np.ones(WIDE)
    carbon = replace(cases.CARBON, nucleation_overpotential=(0.05, 0.0))
    model = cases.model(WIDE, fractions=np.stack([ramp, ramp]), phases=(cases.COPPER, carbon))
    state = model_module.initial_state(model, 0)
    law = lambda barrier: float(nucleation.activation_rate(jnp.array(-0.08), barrier, 1e25, 25.0))  # noqa: E731
    for theta, barrier in ((0.0, 0.05), (0.4, 0.03), (1.0, 0.0)):
        found = nucleation.surface_rate(model, state.lithiation.at[1].set(theta), jnp.full(WIDE, -0.08))
        area = 0.1 / cases.SPACING  # both ramps together
        assert np.allclose(found, area * 0.5 * (law(0.1) + law(barrier)), rtol=1e-8)


@pytest.mark.parametrize("shape", [(8, 9), (8, 8, 9)])
@pytest.mark.parametrize("cells", [1, 2, 3, 4])
def test_a_nucleus_is_a_cube_of_its_size(shape, cells):
    """A hit at the side wraps around; the cube holds the cell that was hit and is `cells` long along each axis."""
    hit = jnp.zeros(shape).at[(4,) + (0,) * (len(shape) - 1)].set(1.0)
    grown = np.asarray(nucleation.cube_around(hit, cells))
    assert grown.sum() == cells ** len(shape) and set(np.unique(grown)) == {0.0, 1.0}
    assert np.all(grown >= np.asarray(hit))
    for axis in range(len(shape)):
        others = tuple(b for b in range(len(shape)) if b != axis)
        assert np.count_nonzero(grown.any(axis=others)) == cells


def area_of_a_nucleus(spacing, normal):
    """Mean area that a nucleus of 1 um makes active on a flat wall [um2], over the places where it may appear."""
    n = round(16e-6 / spacing)
    place = (np.stack(np.meshgrid(*[np.arange(n) + 0.5] * 3, indexing="ij"), -1) / n - 0.5) @ normal
    below = np.clip(0.5 - place * n / np.linalg.norm(normal), 0, 1)
    fractions = np.stack([diffuse(below), np.zeros((n,) * 3)])
    model = cases.model((n,) * 3, fractions=fractions, spacing=spacing, nucleus_size=1e-6)
    area = np.asarray(model.surface) * (spacing * 1e6) ** 3 * 1e-6
    middle = np.abs(np.indices((n,) * 3) - n / 2 + 0.5).max(axis=0) < n / 4  # away from the sides of the box
    places, chance = np.flatnonzero(middle & (area > 0)), area[middle & (area > 0)]

    @jax.jit
    def covered(hit):
        return nucleation.cube_around(nucleation.through_wall(hit, model.facing), model.nucleus_cells)

    found = []
    for cell in np.random.default_rng(0).choice(places, 30, p=chance / chance.sum()):
        hit = jnp.zeros(n**3).at[cell].set(1.0).reshape((n,) * 3)
        found.append(float((np.asarray(covered(hit)) * area).sum()))
    return np.mean(found)


@pytest.mark.parametrize("spacing", [1e-6, 0.5e-6, 0.25e-6])
def test_a_nucleus_covers_the_same_area_on_any_grid(spacing):
    """1 um2 of a wall along the grid but for 3 to 5 % in cells with too little pore to react. A cube alone covers 0.3,
    0.6 and 0.9."""
    assert area_of_a_nucleus(spacing, np.array([1.0, 0.0, 0.0])) == pytest.approx(1, abs=0.1)


def test_a_nucleus_on_a_slanting_wall_covers_no_more_than_its_shadow():
    """1 um2 seen along the axis that it faces is 1.15 um2 of a wall at 30 degrees."""
    areas = [area_of_a_nucleus(h, np.array([np.cos(np.pi / 6), np.sin(np.pi / 6), 0.0])) for h in (1e-6, 0.5e-6)]
    assert areas == pytest.approx([1.1, 1.1], abs=0.1)


def test_a_nucleus_does_not_jump_over_a_pore():
    """Two walls that face each other across three cells: what nucleates on one leaves the other alone."""
    solid = np.zeros((16, 8))
    solid[:6] = solid[9:] = 1.0
    fractions = np.stack([diffuse(solid, 0.5), np.zeros(solid.shape)])
    model = cases.model(solid.shape, fractions=fractions)
    hit = jnp.zeros(solid.shape).at[6, 4].set(1.0)
    reached = np.asarray(nucleation.through_wall(hit, model.facing))
    assert reached[5, 4] == 1 and reached[:, 4].sum() > 1
    assert not reached[9:].any()
    assert reached[:, :4].sum() == reached[:, 5:].sum() == 0


@pytest.mark.parametrize("ndim", [2, 3])
def test_nuclei_per_area_do_not_hang_on_the_cell(ndim):
    """A flat collector under one overpotential: as many nuclei per area and time with cells of 1 and of 0.5 um."""

    def per_area(spacing):
        n = round(16e-6 / spacing)
        shape = (n,) + (8,) * (ndim - 1)
        collector = np.broadcast_to((np.arange(n) < n // 4).astype(float).reshape((n,) + (1,) * (ndim - 1)), shape)
        fractions = np.stack([diffuse(collector), np.zeros(shape)])
        model = cases.model(shape, fractions=fractions, spacing=spacing, nucleus_size=2e-6)
        state = model_module.initial_state(model, 0)
        rate = float(nucleation.unsaturated_rate(model, state, jnp.full(shape, -0.08)))
        depth = model.nucleus_cells * spacing if ndim == 2 else 8 * spacing
        return rate / (8 * spacing * depth)

    assert per_area(0.5e-6) == pytest.approx(per_area(1e-6), rel=1e-6)
    assert per_area(1e-6) == pytest.approx(1e25 * np.exp(-25 * (0.1 / 0.08) ** 2), rel=0.06)  # the cut at 5 % pore


def test_nuclei_are_counted_where_they_appear():
    """Each once, however many cells it covers."""
    model, state = surface()
    big = replace(model, nucleus_cells=4)
    rate, eta = 1e25 * np.exp(-25.0) * 0.1 * cases.SPACING**2, jnp.full(WIDE, -0.1)
    for each in (model, big):
        rim_distance, nuclei, _ = nucleation.sample(each, state, eta, eta, 0.02 / rate)
        expected = float(nucleation.expected(each, state, eta, eta, 0.02 / rate).sum())
        assert int(nuclei) == pytest.approx(expected, abs=5 * np.sqrt(expected))
        assert (float(covered_share(rim_distance).sum()) > 2 * int(nuclei)) == (each is big)
