"""The balance of charge against itself; verification/test_linear_electrode.py holds it to the known answer."""

from dataclasses import replace
from functools import cache

import cases
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from phasefield import model as model_module
from phasefield import operators
from phasefield.physics import charge, conductivities, interface, kinetics, reactions
from phasefield.units import FARADAY


@cache
def nucleated(current_density, tolerance=1e-8):
    """A host with carbon and copper, all of its surface active, plating or stripping."""
    model = cases.model(charge_tolerance=tolerance)
    state = model_module.initial_state(model, 0)
    z = np.indices(cases.SHAPE)[0]
    film = jnp.where(model.reactive_pore > 0, 0.5 * (1 + jnp.tanh((6.0 - z) / 2)), 0.0)
    state = replace(state.with_nucleated((model.surface > 0) * 1.0), phase=film)
    potentials, reaction, convergence, _ = solve_for_1e3(model, state, current_density)
    return model, state, potentials, reaction, convergence


@jax.jit
def solve_for_1e3(model, state, current_density):
    return solve_for(model, state, current_density, 1e3)


def solve_for(model, state, current_density, dt):
    levels, fixed = model_module.precondition(model, state, dt), charge.conductors(model, state)
    return charge.solve(model, state, fixed, current_density, dt, levels.charge)


@pytest.mark.parametrize("current_density", [5.0, -5.0])
def test_nonlinear_balance_closes(current_density):
    model, _, _, reaction, convergence = nucleated(current_density)
    assert bool(convergence.converged)
    per_area = float(model.grid.cell_volume / model.grid.area)
    passed = float(jnp.sum(reaction.plating + reaction.double_layer)) * per_area
    assert passed == pytest.approx(current_density, rel=1e-9)
    assert float(reaction.collector_current) == pytest.approx(current_density, rel=1e-6)


def test_the_two_currents_add_up_in_every_plane():
    """Ions and electrons together carry the applied current through every plane between collector and separator."""
    model, state, potentials, _, _ = nucleated(5.0)
    h = float(model.grid.spacing)
    fixed = charge.conductors(model, state)
    faces = charge.system(model, fixed, jnp.zeros_like(fixed.ionic)).faces
    flux = sum(above[1] * operators.difference(u, 0, False) * h for above, u in zip(faces, potentials, strict=True))
    through = np.asarray(flux).mean(axis=1)[:-1]
    assert np.allclose(through, 5.0, rtol=1e-6)


def test_bare_surface_strips_nothing():
    model, state, _, _, _ = nucleated(-5.0)
    bare = replace(state, phase=jnp.zeros(cases.SHAPE))
    fixed = charge.conductors(model, bare)
    zero = jnp.zeros(cases.SHAPE)
    plating, *_ = reactions.rates(model, bare, fixed, jnp.stack([zero - 0.05, zero]), 1.0)  # eta = +50 mV
    assert not np.any(plating)
    plating, *_ = reactions.rates(model, bare, fixed, jnp.stack([zero + 0.05, zero]), 1.0)
    assert float(plating.max()) > 0


def test_no_front_runs_ahead_of_the_front():
    """A flat front at one overpotential everywhere moves 40 cells, and there is nothing 15 cells ahead of it. Were the
    tail of the profile to react, it would grow as exp(distance/delta): the same run ended at 60 cells, not 40."""
    shape, cells = (96, 4), 40
    model = cases.model(shape, fractions=np.zeros((2, *shape)))
    z = np.arange(shape[0])[:, None] + 0.5
    state = replace(
        model_module.initial_state(model, 0),
        phase=jnp.asarray(np.broadcast_to(0.5 * (1 - np.tanh((z - 10) / 2)), shape)),
    )
    speed = 1e-6  # m/s
    after = travel(model, state, speed, cells)
    front = float(jnp.sum(after.phase)) / shape[1]
    assert front == pytest.approx(10 + cells, abs=0.05 * cells)  # the area of a moving front is 2 to 4 % short
    assert float(after.phase[int(front) + 15].max()) < 1e-6


@jax.jit
def travel(model, state, speed, cells):
    """The state after the front has grown by a number of cells at one overpotential, a tenth of a cell a step."""
    potentials = jnp.stack([jnp.full(state.phase.shape, 0.1), jnp.zeros(state.phase.shape)])
    dt = 0.1 * model.grid.spacing / speed

    def step(_, state):
        fixed = charge.conductors(model, state)
        plating, double_layer, insertion, _ = reactions.rates(model, state, fixed, potentials, dt)
        i, _ = kinetics.butler_volmer(-0.1, fixed.exchange_current_density, 0.5, model.temperature)
        scaled = plating / i * speed * FARADAY / model.lithium.molar_volume
        reaction = charge.Reaction(
            plating=scaled,
            double_layer=double_layer,
            insertion=insertion,
            film=double_layer,
            double_layer_charge=double_layer,
            overpotential=potentials[0],
            front_speed=i * model.lithium.molar_volume / FARADAY,
            fastest_front=speed,
            collector_current=0.0,
            applied_current=0.0,
        )
        return replace(state, phase=interface.advance(model, state, reaction, dt))

    return jax.lax.fori_loop(0, 10 * cells, step, state)


def test_slope_of_the_reactions_is_their_derivative():
    model, state, potentials, _, _ = nucleated(5.0)
    fixed = charge.conductors(model, state)

    def total(shift):
        plating, double_layer, _, gain = reactions.rates(model, state, fixed, potentials.at[1].add(shift), 1e3)
        return plating + double_layer, gain

    change = (total(1e-6)[0] - total(-1e-6)[0]) / 2e-6
    assert np.allclose(-change, total(0.0)[1], rtol=1e-6, atol=1e-6 * float(total(0.0)[1].max()))


def test_double_layer_charges_before_there_is_a_nucleus():
    """With no nucleus the whole current charges the surface: eta = -i t/(C A) on average, A the surface area."""
    model = cases.model(charge_tolerance=1e-8)
    state = model_module.initial_state(model, 0)
    _, reaction, convergence, _ = solve_short(model, state, 5.0)
    assert bool(convergence.converged)
    assert not np.any(reaction.plating)
    stored = -float(jnp.sum(reaction.double_layer_charge)) * float(model.grid.cell_volume / model.grid.area)
    assert stored == pytest.approx(5.0 * 1e-3, rel=1e-9)


@jax.jit
def solve_short(model, state, current_density):
    return solve_for(model, state, current_density, 1e-3)


def test_a_nucleated_surface_at_rest_starts_without_a_double_layer():
    """At eta = 0 exactly its slope is all that couples electrons to ions: without it the balance is singular."""
    lithium = replace(cases.LITHIUM, double_layer_capacitance=0.0)
    model = cases.model(lithium=lithium, charge_tolerance=1e-8)
    state = model_module.initial_state(model, 0)
    state = state.with_nucleated(jnp.ones_like(state.nucleated))
    potentials, reaction, convergence, _ = solve_short(model, state, 5.0)
    assert bool(convergence.converged) and np.all(np.isfinite(potentials))
    assert float(jnp.sum(reaction.plating)) * float(model.grid.cell_volume / model.grid.area) == pytest.approx(5.0)


def test_conductivities_of_pure_cells():
    """Electrolyte: kappa; lithium: sigma of lithium and no ions; Bruggeman in half-filled pore; salt scales kappa."""
    model = cases.model(fractions=np.zeros((2, *cases.SHAPE)))
    state = model_module.initial_state(model, 0)
    state = replace(
        state,
        phase=state.phase.at[0].set(1.0).at[1].set(0.5),
        concentration=state.concentration.at[3].multiply(0.5),
    )
    fixed = charge.conductors(model, state)
    kappa, sigma = fixed.ionic, fixed.electronic
    assert np.allclose(kappa[:4, 0], [0, 0.2 * 0.5**1.5, 0.2, 0.1], atol=2e-9)
    assert np.allclose(sigma[:3, 0], [1000, 1000 / 16, 0], atol=2e-9)


def test_lithium_along_a_nucleated_wall_conducts_by_its_thickness():
    """Conductance of a square, the sum over the wall, is sigma of lithium times the film, whatever the walls' width."""
    thickness = 2e-9
    for width in (1, 4):  # cells that the wall is diffuse over
        position = np.indices(cases.SHAPE)[0]
        solid = np.clip((12 - position) / width, 0, 1)
        model = cases.model(fractions=np.stack([np.zeros(cases.SHAPE), solid]), film_thickness=thickness)
        pristine = replace(cases.CARBON, electronic_conductivity=(0.0, 0.0))
        model = replace(model, host=replace(model.host, phases=(cases.COPPER, pristine)))
        state = model_module.initial_state(model, 0)
        assert np.max(_sigma(model, state)) < 1e-6  # bare walls carry nothing
        state = state.with_nucleated(jnp.ones(cases.SHAPE))
        sigma = _sigma(model, state)
        spacing = float(model.grid.spacing)
        area = float(jnp.sum(model.surface[:, 0])) * spacing  # of a square: 1, but for cells of less than 5 % pore
        assert 0.5 <= area <= 1
        assert float(jnp.sum(sigma[:, 0])) * spacing == pytest.approx(1000 * thickness * area, rel=1e-3)
        walls = model.surface > 0
        plated = _sigma(model, replace(state, phase=jnp.where(walls, 0.01, 0.0)))
        assert np.allclose(plated - sigma, jnp.where(walls, 1000 * model.pore * 0.01, 0.0), atol=1e-9)


def _sigma(model, state):
    return conductivities.electronic_conductivity(model, state) + conductivities.wall_conductivity(model, state)


def test_a_film_ends_a_cell_beyond_its_wall():
    """It hands electrons to the bare wall at its edge, to nothing beyond and to nothing that is no wall."""
    solid = np.zeros(cases.SHAPE)
    solid[:12] = 1
    model = cases.model(fractions=np.stack([np.zeros(cases.SHAPE), solid]), film_thickness=2e-9)
    state = model_module.initial_state(model, 0)
    half = jnp.ones(cases.SHAPE).at[:, cases.SHAPE[1] // 2 :].set(0.0)
    states = [state.with_nucleated(each) for each in (jnp.zeros(cases.SHAPE), jnp.ones(cases.SHAPE), half)]
    bare, whole, short = (charge.system(model, charge.conductors(model, each), None).faces[1] for each in states)
    row = int(np.argmax(model.surface[:, 0]))
    edge = cases.SHAPE[1] // 2  # the first bare cell
    along = (short - bare)[3, row]
    assert np.allclose(along[:edge], (whole - bare)[3, row, :edge], rtol=1e-6) and float(along[0]) > 0
    assert np.all(along[edge:-1] == 0)
    assert np.all((whole - bare)[:, model.surface == 0] == 0)


def test_conductivities_of_the_host():
    """A sum over what is in the cell; lithiation changes the phase's own share."""
    phase = replace(cases.CARBON, electronic_conductivity=(1e-6, 1e2), ionic_conductivity=(0.05, 0.05))
    fraction = np.stack([np.zeros(cases.SHAPE), np.full(cases.SHAPE, 0.4)])
    model = cases.model(fractions=fraction, phases=(cases.COPPER, phase))
    state = model_module.initial_state(model, 0, [0.0, 0.5])
    fixed = charge.conductors(model, state)
    assert np.allclose(fixed.electronic, 0.4 * 1e-2, rtol=1e-6)
    assert np.allclose(fixed.ionic, 0.2 * 0.6**1.5 + 0.4 * 0.05, rtol=1e-6)
