"""Impedance of the model: its admittance term by term, against its own time step, and what is read off a spectrum."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from cases import COPPER, model

from phasefield import build, spectroscopy
from phasefield import model as model_module
from phasefield.conduction import effective_conductivity
from phasefield.config import compose
from phasefield.host.passages import passages
from phasefield.impedance import half_cell_contacts, respond
from phasefield.materials import HostPhase, Insertion
from phasefield.physics import charge, conductivities
from phasefield.solvers import multigrid
from phasefield.units import FARADAY, GAS_CONSTANT

CURVE = jnp.linspace(2.0, 1.0, 64)  # V, slope -1
HOST = HostPhase("host", (0.07, 0.07), (1e-3, 1.0), (0.06, 0.06), Insertion(1e9, 1e6, CURVE))
F_RT = FARADAY / (GAS_CONSTANT * 300.15)


@pytest.fixture(scope="module")
def electrode():
    return model(phases=(COPPER, HOST), insertion_active=True)


def test_admittance_term_by_term(electrode):
    """Double layer, lithium, and insertion that fills up."""
    state = model_module.initial_state(electrode, 0, [0.0, 0.5])
    xi = 0.5 * np.asarray(electrode.pore > 0.9)
    state = replace(state, phase=jnp.asarray(xi), ionic_potential=jnp.zeros_like(state.phase))  # at rest for lithium
    fixed = charge.conductors(electrode, state)
    s, f = 2j * np.pi * 7.0, np.asarray(electrode.host.fractions[1])
    found = spectroscopy.admittance(electrode, state, fixed, s)
    eta = 0.0 - 1.5  # of insertion: far from rest, where its slope is that of the exponentials
    slope = 1e6 * F_RT * 0.5 * (np.exp(-0.5 * F_RT * eta) + np.exp(0.5 * F_RT * eta))
    expected = 0.2 * np.asarray(electrode.surface) * (1 - xi) * s
    expected = expected + np.asarray(electrode.reactive_pore) * xi * (1 - xi) / 1e-6 * F_RT
    expected = expected + np.where(f > 1e-6, f, 0) / (1 / slope + 1 / (s * 1e9))
    assert np.asarray(found) == pytest.approx(expected, rel=1e-9)


def test_an_implicit_step_of_the_model_is_its_impedance_at_the_inverse_step(electrode):
    """A small current over one step of dt from rest changes the potential by Z(s = 1/dt) times it."""
    state, current, dt = model_module.initial_state(electrode, 0, [0.0, 0.5]), 0.1, 0.5
    tight = replace(electrode, charge_tolerance=jnp.asarray(1e-8))
    fixed = charge.conductors(tight, state)
    hierarchy = jax.jit(lambda: multigrid.build(charge.linearised(tight, state, fixed, dt)))()
    (ionic, _), _, balance, _ = jax.jit(charge.solve)(tight, state, fixed, current, dt, hierarchy)
    assert bool(balance.converged)
    change = float(jnp.mean(ionic[-1] - state.ionic_potential[-1]))
    h = 1e-6
    found = respond(
        charge.system(electrode, fixed, None).faces,
        lambda s: spectroscopy.admittance(electrode, state, fixed, s),
        half_cell_contacts(np.asarray(fixed.ionic), np.asarray(fixed.electronic), h),
        h,
        [-0.5j / np.pi / dt],
    )
    half_a_cell = 0.5 * h / float(jnp.mean(fixed.ionic[-1]))
    assert change == pytest.approx(current * (found.impedance[0].real - half_a_cell), rel=1e-4)


@pytest.mark.parametrize("wet", [True, False])
def test_between_plates(electrode, wet):
    """Electrons alone at direct current, both at high frequency, against steady conduction of the fields."""
    state = model_module.initial_state(electrode, 0, [0.0, 0.5])
    # the ball does not reach from plate to plate: a layer of it does
    layer = np.stack([np.zeros(electrode.grid.shape), np.full(electrode.grid.shape, 0.4)])
    layer[1, :, 3:5] = 0.7
    pore = jnp.asarray(1 - layer[1])
    between = tuple(map(jnp.asarray, passages(np.asarray(pore), electrode.electrolyte.bruggeman_exponent)))
    host = replace(electrode.host, fractions=jnp.asarray(layer))
    here = replace(electrode, host=host, pore=pore, reactive_pore=pore, passages=between)
    found = spectroscopy.two_electrode(here, state, [1e7, 1.0], wet=wet)
    inside = spectroscopy.planes(here)
    assert (inside.start, inside.stop) == (4, 17)
    sigma = layer[1] * 1e-3 * (1e3**0.5) + conductivities.CONDUCTIVITY_FLOOR
    kappa = 0.07 * layer[1] + (0.2 * (1 - layer[1]) ** 1.5 if wet else 0) + conductivities.CONDUCTIVITY_FLOOR
    assert found.electronic == pytest.approx(effective_conductivity(sigma[inside], mean="arithmetic"), rel=1e-6)
    assert found.ionic_alone == pytest.approx(effective_conductivity(kappa[inside], mean="harmonic"), rel=1e-6)
    together = effective_conductivity((kappa + sigma)[inside], mean="arithmetic")
    assert found.total == pytest.approx(together, rel=0.02)  # short of it where the exchange is slower than 10 MHz
    assert found.ionic == found.total - found.electronic


def randles(frequency, resistance=2.0, transfer=10.0, capacitance=1e-3, storage=1e9):
    s = 2j * np.pi * frequency
    return resistance + 1 / (s * capacitance + 1 / (transfer + 1 / (s * storage)))


@pytest.mark.slow
def test_a_host_in_3d_takes_few_iterations_at_high_frequency():
    """With a cycle that is not linear in the residual 10 kHz ended after 400 iterations, far from converged."""
    config = compose(["host=llto_cnt", "grid.width_um=8", "host.thickness_um=20"])
    porous = replace(build.model(config, build.geometry(config)), insertion_active=True)
    lithiated = model_module.initial_state(porous, 0, [0.0, 1.0, 0.0])
    for frequency in (1e5, 1e4, 1e3):
        found = spectroscopy.half_cell(porous, lithiated, [frequency])
        assert found.iterations < 40
        assert 0 > np.angle(found.impedance[0]) > -np.pi / 2


def test_an_arc_is_read_off():
    frequency = spectroscopy.frequencies()
    found = spectroscopy.charge_transfer(frequency, randles(frequency, storage=10.0))
    assert found.intercept == pytest.approx(2.0, rel=1e-4) and found.resistance == pytest.approx(10.0, rel=0.01)
    assert found.frequency == pytest.approx(1 / (2 * np.pi * 1e-2), rel=0.02)
    again = spectroscopy.charge_transfer(frequency[::-1], randles(frequency, storage=10.0)[::-1])
    assert again == found  # in any order


def test_plates_before_the_arc_are_not_part_of_it():
    frequency = spectroscopy.frequencies()
    z = randles(frequency, storage=10.0) + 1 / (1 / 0.5 + 2j * np.pi * frequency * 1e-5)
    found = spectroscopy.charge_transfer(frequency, z)
    assert found.intercept == pytest.approx(2.5, abs=0.1) and found.resistance == pytest.approx(10.0, rel=0.02)


def test_where_there_is_no_arc_none_is_found():
    frequency = spectroscopy.frequencies()
    assert spectroscopy.charge_transfer(frequency, 2.0 + 1 / (2j * np.pi * frequency)) is None
    assert spectroscopy.charge_transfer(frequency, randles(frequency, transfer=1e9)) is None


def test_flat_lithium(electrode):
    z = spectroscopy.counter_electrode(electrode, np.array([1e-6, 1e9]))
    assert z[0].real == pytest.approx(1 / F_RT, rel=1e-6) and abs(z[1]) < 1e-8
