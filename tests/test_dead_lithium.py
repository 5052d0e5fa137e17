"""Dead lithium: counted by connectivity and by the potential on known fields, and in a run where a piece floats, stays
and reconnects."""

from dataclasses import dataclass, replace
from functools import cache

import cases
import numpy as np
import pytest

from phasefield import cycles, dead_lithium, timeline
from phasefield import model as model_module
from phasefield.physics import conductivities
from phasefield.protocol import Step
from phasefield.stepping import TimeControl
from phasefield.units import FARADAY, mA_per_cm2, mAh_per_cm2, um

SHAPE, INSULATES = (40, 8), 1e-9


def dead(lithium, conductivity):
    return dead_lithium.by_connectivity(lithium, conductivity)


def share(lithium, conductivity):
    return lithium[dead(lithium, conductivity)].sum() / lithium.sum()


def test_a_blob_in_the_middle_of_nothing_is_dead_until_a_conductor_joins_it():
    lithium = np.zeros(SHAPE)
    lithium[:10, :] = 1  # on the floor
    lithium[20:24, 3:5] = 1
    sigma = np.where(lithium > 0, 1000.0, INSULATES)
    assert share(lithium, sigma) == pytest.approx(8 / 88)
    wire = sigma.copy()
    wire[10:20, 3] = 10.0
    assert share(lithium, wire) == 0
    wire[10:20, 3] = 1e-5  # hardly a conductor
    assert share(lithium, wire) == pytest.approx(8 / 88)
    assert not dead(0 * lithium, sigma).any()


def test_it_sees_the_periodic_sides_but_not_through_floor_and_ceiling():
    lithium = np.zeros(SHAPE)
    lithium[:11, 0] = 1
    lithium[10, -1] = 1  # joined to column 0 around the side
    assert share(lithium, np.where(lithium > 0, 1000.0, INSULATES)) == 0
    lithium[-1, 4] = 1  # the ceiling is no neighbour of the floor
    lithium[0, 4] = 1
    assert share(lithium, np.where(lithium > 0, 1000.0, INSULATES)) == pytest.approx(1 / 14)


def test_tails_belong_to_the_nearest_conductor():
    lithium = np.zeros(SHAPE)
    lithium[:10], lithium[10:13], lithium[13:15] = 1, 0.01, 0.01  # a film, its tail, and traces too far from it
    sigma = np.where(lithium > 0.5, 1000.0, INSULATES)
    assert np.flatnonzero(dead(lithium, sigma)[:, 0]).tolist() == [13, 14]
    sigma[16:20], lithium[16:20] = 1000.0, 1  # a floating piece above takes its share
    assert np.flatnonzero(dead(lithium, sigma)[:, 0]).tolist() == [13, 14, 16, 17, 18, 19]


@pytest.mark.parametrize("ndim", [2, 3])
def test_pieces_are_counted_and_measured(ndim):
    """A disc of area pi 5^2 or a ball, one around the periodic side, a speck of dust, and what is not dead."""
    shape = (64, 32) if ndim == 2 else (64, 32, 32)
    z, *sideways = np.indices(shape) + 0.5
    far = np.sqrt(sum(np.minimum(x, 32 - x) ** 2 for x in sideways) + (z - 40) ** 2)
    far_small = np.sqrt(sum((x - 16) ** 2 for x in sideways) + (z - 22) ** 2)
    lithium = np.clip(5.5 - far, 0, 1) + np.clip(3.5 - far_small, 0, 1)  # surfaces at 5 and 3 cells
    lithium[60, ..., 16] = 0.05
    lithium[:6] = 1
    isolated = lithium * (z > 6) > 0
    found = dead_lithium.pieces(lithium, isolated, 0.5 * um)
    assert found.diameters / um == pytest.approx([3, 5], rel=0.02)
    assert found.volumes.sum() == pytest.approx(
        lithium[isolated].sum() * (0.5 * um) ** ndim, rel=2e-2 if ndim == 2 else 1e-2
    )
    layer = dead_lithium.thickness(lithium, isolated, 0.5 * um)
    assert layer == pytest.approx(lithium[6:].sum() * 0.5 * um / lithium[0].size)


def test_the_potential_says_nothing_near_lithium_and_tells_dead_from_joined_far_from_it():
    lithium = np.zeros(SHAPE)
    lithium[:4], lithium[20:24, 3:5] = 1, 1
    ionic, electronic = np.full(SHAPE, -0.4), np.zeros(SHAPE)
    electronic[20:24] = -0.39  # floats
    found = dead_lithium.by_potential(lithium, electronic, ionic)
    assert found.sum() == 8 and found[20:24, 3:5].all()
    assert dead_lithium.by_potential(lithium, electronic, ionic + 0.35) is None
    assert dead_lithium.by_potential(lithium, electronic, ionic + 0.8) is None


# a run: a film on copper and a disc of lithium above it that touches nothing; stripped, plated over the disc, stripped

BOX, CENTRE, RADIUS = (48, 16), (22.0, 7.5), 3.0
CURRENT = 1.0 * mA_per_cm2


@dataclass
class Moment:
    """A snapshot of it: dead lithium by both [m], pieces, metallic lithium [m], potential [V]."""

    time: float
    connectivity: float
    potential: float | None
    pieces: int
    diameter: float
    lithium: float


@cache
def course():
    """(moments at the ends of steps, outcome)."""
    model = cases.model(BOX, host=False, phases=(cases.COPPER,), fractions=cases.fractions(BOX, host=False)[:1])
    start = model_module.initial_state(model, 0)
    z, x = np.indices(BOX)
    disc = np.hypot(z - CENTRE[0], x - CENTRE[1]) - RADIUS
    phase = 1 / (1 + np.exp(np.clip(np.minimum(z - 7.5, disc), -50, 50)))
    phase = np.where(np.asarray(model.reactive_pore) > 0, phase, 0.0)
    phase = np.where(phase > 1e-3, phase, 0.0)
    start = replace(start, phase=phase).with_nucleated(np.asarray(model.surface > 0, float))
    found = []

    def look(snapshot):
        state = snapshot.state
        lithium = np.asarray(model.pore * state.phase)
        sigma = np.asarray(conductivities.electronic_conductivity(model, state))
        potentials = np.asarray(state.electronic_potential), np.asarray(state.ionic_potential)
        cells, told = dead_lithium.dead_measures(
            lithium, sigma, *potentials, cases.SPACING, cases.LITHIUM.molar_volume
        )  # fmt: skip
        found.append(
            Moment(
                float(state.time),
                dead_lithium.thickness(lithium, cells, cases.SPACING),
                None if told["floating_um"] is None else told["floating_um"] * um,
                told["dead_pieces"],
                told["dead_largest_um"] or 0.0,
                float(lithium.mean() * BOX[0] * cases.SPACING),
            )
        )

    strip = Step(-CURRENT, potential_max=0.5)
    steps = [Step(CURRENT, capacity=0.02 * mAh_per_cm2), strip, Step(CURRENT, capacity=4.5 * mAh_per_cm2), strip]
    outcome = timeline.run(model, start, steps, TimeControl(dt_max=600.0), on_snapshot=look)
    return found, outcome


def test_a_piece_that_touches_nothing_floats_stays_and_is_counted():
    begin, plated, stripped, *_ = course()[0]
    disc = np.pi * (RADIUS**2 + np.pi**2 / 3) / BOX[1] * cases.SPACING  # of a tanh profile one cell wide
    assert begin.connectivity == pytest.approx(disc, rel=0.02)
    for moment in (plated, stripped):
        assert moment.connectivity == pytest.approx(begin.connectivity, rel=5e-3)
        assert moment.pieces == 1
    assert stripped.diameter == pytest.approx(2 * np.sqrt(RADIUS**2 + np.pi**2 / 3), rel=0.02)
    assert stripped.lithium == pytest.approx(stripped.connectivity, rel=0.02)  # nothing else is left
    assert begin.potential is None and plated.potential is None


def test_connectivity_and_potential_agree():
    for moment in (course()[0][2], course()[0][4]):
        assert moment.potential == pytest.approx(moment.connectivity, rel=5e-3)


def test_it_reconnects_and_is_stripped_until_its_neck_dissolves():
    """What lies beyond the neck when that parts is dead again, and less than before."""
    *_, stripped, joined, last = course()[0]
    assert joined.connectivity < 1e-3 * joined.lithium and joined.pieces == 0
    assert last.pieces == 1 and last.diameter < 0.7 * stripped.diameter
    assert 0.1 < last.connectivity / stripped.connectivity < 0.6


def test_the_ledger_of_the_cycles_finds_it():
    """What stays behind as dead in the first cycle comes out in the second, whose efficiency is above one."""
    moments, outcome = course()
    per_metre = FARADAY / cases.LITHIUM.molar_volume
    told = {moment.time: moment.connectivity * per_metre for moment in moments}
    first, second = cycles.cycles(outcome.history, cases.LITHIUM.molar_volume, lambda time, within: min(
        ((abs(t - time), value) for t, value in told.items()))[1])  # fmt: skip
    assert first.closure_error < 1e-6 and second.closure_error < 1e-6
    assert second.efficiency > 1
    assert second.dead_change == pytest.approx(moments[-1].connectivity * per_metre - first.dead)
    assert second.metallic == pytest.approx(second.dead_change, rel=0.02)
    assert second.stripped - second.plated == pytest.approx(-second.dead_change, rel=0.02)
