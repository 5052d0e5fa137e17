"""Salt: what a step of it must not do."""

from dataclasses import replace

import cases
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from phasefield import model as model_module
from phasefield.physics import charge, conductivities, transport
from phasefield.units import FARADAY, GAS_CONSTANT

DT = 100.0  # s, a thousand times h^2/D


@jax.jit
def rest(model, state):
    """One step without current of charge and salt alone."""
    levels = model_module.precondition(model, state, DT)
    fixed = charge.conductors(model, state)
    potentials, *_ = charge.solve(model, state, fixed, 0.0, DT, levels.charge)
    concentration, convergence = transport.advance(
        model, state, fixed.host_ionic, state.phase, potentials[0], 0.0, DT, levels.salt
    )
    state = replace(
        state, concentration=concentration, ionic_potential=potentials[0], electronic_potential=potentials[1]
    )
    return state, convergence


def test_salt_evens_out_where_the_host_carries_the_ions():
    """kappa_D outweighs D in pores of 10 %: with a current taken from the step before, the wave grew."""
    electrolyte = replace(cases.ELECTROLYTE, thermodynamic_factor=8.0, transference_number=0.3, concentration=1000.0)
    collector, _ = cases.fractions()
    fractions = np.stack([collector, 0.9 * (1 - collector)])
    conductor = replace(cases.CARBON, ionic_conductivity=(1.0, 1.0))
    model = cases.model(electrolyte=electrolyte, phases=(cases.COPPER, conductor), fractions=fractions)
    wave = np.sin(2 * np.pi * np.arange(cases.SHAPE[1]) / cases.SHAPE[1])
    state = model_module.initial_state(model, 0)
    state = replace(state, concentration=state.concentration * (1 + 0.1 * jnp.array(wave)))

    def amplitude(state):
        return float(jnp.max(jnp.abs(jnp.sum(state.concentration[8:] * wave, axis=1)))) * 2 / cases.SHAPE[1]

    before = amplitude(state)
    for _ in range(3):
        state, convergence = rest(model, state)
        assert bool(convergence.converged)
    # backward Euler leaves 1/(1 + D k^2 dt) of it a step, and D k^2 dt is some hundreds
    assert amplitude(state) < 1e-3 * before


def test_salt_evens_out_where_the_host_lies_beside_the_pore():
    """Wide pores between walls that conduct ions: what an open cell itself conducts says nothing of its neighbour."""
    electrolyte = replace(cases.ELECTROLYTE, thermodynamic_factor=8.0, transference_number=0.3, concentration=1000.0)
    collector, _ = cases.fractions()
    walls = np.where(np.arange(cases.SHAPE[1]) % 4 == 0, 0.95, 0.02) * (1 - collector)
    conductor = replace(cases.CARBON, ionic_conductivity=(1.0, 1.0))
    model = cases.model(
        electrolyte=electrolyte, phases=(cases.COPPER, conductor), fractions=np.stack([collector, walls])
    )
    noise = np.random.default_rng(0).normal(size=cases.SHAPE)
    state = model_module.initial_state(model, 0)
    state = replace(state, concentration=state.concentration * (1 + 1e-3 * jnp.array(noise)))

    def unevenness(state):
        return float(jnp.std(state.concentration[8:]))

    before = unevenness(state)
    for _ in range(6):
        state, convergence = rest(model, state)
        assert bool(convergence.converged)
    # by the share of its own cell alone it grew below c = 0
    assert unevenness(state) < 0.2 * before


@pytest.mark.parametrize("factor", [0.01, 1.0, 3.0, 30.0])
def test_enough_of_the_response_settles_salt_even_where_potentials_are_given(factor):
    """A deviation is multiplied by (s - 1) R/(1 + s R) in a long step if s of its response is taken: -0.9 at most."""
    salt = replace(cases.ELECTROLYTE, thermodynamic_factor=factor)
    share = float(conductivities.enough(cases.model(electrolyte=salt)))
    anions = 1 - salt.transference_number
    kappa_d = salt.conductivity * 2 * GAS_CONSTANT * cases.model().temperature / FARADAY * factor * anions
    ratio = float(anions * kappa_d / (FARADAY * salt.concentration * salt.diffusivity))
    multiplied = abs((share - 1) * ratio / (1 + share * ratio))
    assert multiplied == pytest.approx(min(ratio, conductivities.SETTLES), rel=1e-9)
    assert (share > 0) == (ratio > conductivities.SETTLES)


@jax.jit
def held(model, state, hold):
    """One step at a given potential of charge and salt alone."""
    levels = model_module.precondition(model, state, DT, hold.conductance)
    fixed = charge.conductors(model, state)
    potentials, reaction, *_ = charge.solve(model, state, fixed, 0.0, DT, levels.charge, hold)
    concentration, _ = transport.advance(
        model, state, fixed.host_ionic, state.phase, potentials[0], reaction.applied_current, DT, levels.salt
    )
    return replace(
        state, concentration=concentration, ionic_potential=potentials[0], electronic_potential=potentials[1]
    )


def test_salt_behind_a_narrow_passage_finds_its_balance():
    """RT/F and more across one cell: the current follows kappa and so c, which went to and fro and below zero."""
    collector, _ = cases.fractions()
    plate = np.zeros(cases.SHAPE)
    plate[16] = 0.94  # leaves narrow pores, through which the electrolyte conducts 1.5 %
    inert = replace(cases.CARBON, ionic_conductivity=(0.0, 0.0), electronic_conductivity=(0.0, 0.0))
    fast = replace(cases.LITHIUM, exchange_current_density=100.0)
    model = cases.model(phases=(cases.COPPER, inert), fractions=np.stack([collector, plate]), lithium=fast)
    state = model_module.initial_state(model, 0)
    below = jnp.arange(cases.SHAPE[0])[:, None] < 12
    state = state.with_nucleated(jnp.where(below, 1.0, 0.0) * jnp.ones(cases.SHAPE))
    hold = charge.Hold(jnp.asarray(-0.1), charge.holding_conductance(model))
    least = []
    for _ in range(12):
        state = held(model, state, hold)
        least.append(float(jnp.min(state.concentration)))
    across = float(jnp.max(jnp.abs(jnp.diff(state.ionic_potential[6:], axis=0))))
    assert across > 0.026  # RT/F, and nearly all that there is falls across one cell
    assert min(least) > 0
    assert abs(least[-1] - least[-2]) < 0.01 * least[-2]
    salt = float(jnp.sum(model.reactive_pore * state.concentration) / jnp.sum(model.reactive_pore))
    assert abs(salt - 1500) < 1.5  # none comes in or goes
