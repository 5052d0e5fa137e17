"""The loop: it stops where it is told to, keeps its ledger, and says why where it cannot go on."""

from dataclasses import replace
from functools import cache

import cases
import jax.numpy as jnp
import numpy as np
import pytest

from phasefield import diagnostics, stepping, timeline
from phasefield import model as model_module
from phasefield.protocol import Step
from phasefield.stepping import TimeControl
from phasefield.timeline import SimulationError
from phasefield.units import FARADAY, mA_per_cm2, mAh_per_cm2, nm, um

CURRENT = 0.5 * mA_per_cm2
PLATE = 0.2 * mAh_per_cm2


@cache
def model(host=True):
    return cases.model(host=host, charge_tolerance=1e-6)


def run(protocol, *, host=True, seed=0, model_=None, **options):
    chosen = model(host) if model_ is None else model_
    return timeline.run(chosen, model_module.initial_state(chosen, seed), protocol, **options)


@cache
def plated():
    """(Outcome, snapshots, progress) of 0.2 mAh/cm2 into the host, looked at every 0.08."""
    snapshots, progress = [], []
    outcome = run(
        [Step(CURRENT, capacity=PLATE)],
        snapshot_interval=0.08 * mAh_per_cm2,
        on_snapshot=snapshots.append,
        on_progress=progress.append,
    )
    return outcome, snapshots, progress


def test_capacity_is_met():
    outcome, _, _ = plated()
    assert outcome.history["charge"][-1] == pytest.approx(PLATE, rel=1e-9)
    assert outcome.history["time"][-1] == pytest.approx(PLATE / CURRENT, rel=1e-9)
    assert outcome.cut_offs == ("time or capacity",)
    assert float(outcome.state.time) == outcome.history["time"][-1]


def test_ledger_closes_throughout():
    history = plated()[0].history
    assert history["ledger_error"].max() < 1e-6
    lithium = history["lithium"][-1] * FARADAY / cases.LITHIUM.molar_volume - history["double_layer_charge"][-1]
    assert lithium == pytest.approx(PLATE, rel=1e-6)


def test_collector_carries_what_enters_at_the_separator_in_every_step():
    history = plated()[0].history
    assert np.abs(history["collector_current"] / CURRENT - 1).max() < 1e-5
    assert history["charge_error"].max() <= 1e-6


def test_history_is_whole():
    history = plated()[0].history
    assert set(history) == set(diagnostics.HISTORY)
    assert np.all(np.diff(history["time"]) > 0)
    assert np.allclose(np.diff(history["time"]), history["time_step"][1:])
    assert np.allclose(history["charge"], CURRENT * history["time"], rtol=1e-9)
    assert all(np.isfinite(values).all() for values in history.values())
    assert history["smallest_phase"].min() >= -0.01 and history["largest_phase"].max() <= 1.01


def test_snapshots_come_at_the_asked_capacities():
    """At the start, every 0.08 mAh/cm2, and at the end."""
    _, snapshots, _ = plated()
    charges = np.array([s.charge for s in snapshots]) / mAh_per_cm2
    assert charges == pytest.approx([0, 0.08, 0.16, 0.2], rel=1e-9)
    for snapshot in snapshots[1:]:
        lithium = float(diagnostics.stored_charge(snapshot.model, snapshot.state))
        assert lithium == pytest.approx(snapshot.charge, rel=1e-6)
        assert snapshot.history["charge"][-1] == snapshot.charge


def test_progress_grows_to_one():
    outcome, _, progress = plated()
    done = np.array([p.done for p in progress])
    assert np.all(np.diff(done) >= 0) and done[-1] == pytest.approx(1)
    assert progress[-1].steps == len(outcome.history["time"])
    assert progress[-1].charge == pytest.approx(PLATE, rel=1e-9)


def test_same_seed_same_run_and_another_seed_another():
    protocol = [Step(CURRENT, capacity=0.02 * mAh_per_cm2)]
    first, again, other = run(protocol, seed=3), run(protocol, seed=3), run(protocol, seed=4)
    for name, values in first.history.items():
        assert np.array_equal(values, again.history[name]), name
    assert np.array_equal(first.state.phase, again.state.phase)
    assert not np.array_equal(first.state.phase, other.state.phase)


def test_no_number_compiles_another_program():
    plated()
    programs = timeline._segment._cache_size()
    other = replace(model(), lithium=replace(model().lithium, exchange_current_density=model().temperature * 0 + 2.0))
    run([Step(2 * CURRENT, duration=10.0)], model_=other, control=TimeControl(dt_max=50.0, phase_change=0.05))
    assert timeline._segment._cache_size() == programs


def test_duration_is_met():
    outcome = run([Step(CURRENT, capacity=PLATE, duration=100.0)])
    assert outcome.history["time"][-1] == pytest.approx(100.0, rel=1e-9)
    assert outcome.history["charge"][-1] == pytest.approx(100.0 * CURRENT, rel=1e-9)


def test_potential_ends_a_step():
    """Charging the double layer down to -20 mV, long before the first nucleus."""
    outcome = run([Step(CURRENT, capacity=PLATE, potential_min=-0.02)])
    assert outcome.cut_offs == ("potential_min",)
    potential = outcome.history["potential"]
    assert potential[-1] <= -0.02 < potential[:-1].min()
    assert potential[-1] > -0.03  # one step late at most, and steps change it by 8 mV


def test_plate_rest_strip():
    """What is plated and not stripped is left, at rest nothing moves, and the ledger counts both ways."""
    strip = 0.05 * mAh_per_cm2
    snapshots = []
    outcome = run(
        [
            Step(CURRENT, capacity=0.1 * mAh_per_cm2),
            Step(0.0, duration=600.0),
            Step(-CURRENT, capacity=strip, potential_max=0.5),
        ],
        on_snapshot=snapshots.append,
    )
    history = outcome.history
    assert outcome.cut_offs == ("time or capacity",) * 3
    assert history["charge"][-1] / mAh_per_cm2 == pytest.approx(0.05, rel=1e-9)
    assert [s.charge / mAh_per_cm2 for s in snapshots] == pytest.approx([0, 0.1, 0.1, 0.05], rel=1e-9)
    assert history["ledger_error"].max() < 1e-6
    left = float(diagnostics.stored_charge(model(), outcome.state))
    assert left / mAh_per_cm2 == pytest.approx(0.05, rel=1e-6)
    rest, strips = history["current_density"] == 0, history["current_density"] < 0
    assert history["time"][rest][-1] == pytest.approx(0.1 * mAh_per_cm2 / CURRENT + 600, rel=1e-9)
    assert np.ptp(history["charge"][rest]) == 0
    assert abs(history["potential"][rest][-1]) < 1e-3  # rest: lithium against lithium
    assert history["potential"][strips].min() > 0 > history["potential"][~strips & ~rest].max()
    assert np.abs(history["collector_current"][strips] / -CURRENT - 1).max() < 1e-5


@pytest.mark.parametrize("highest", [0.3, 1.0])
def test_stripping_ends_when_the_lithium_is_gone(highest):
    """Nothing is left to strip: the potential rises to its cut-off before the capacity is met.

    Steps far above 0 V are long, and would shoot 0.05 and 0.07 V beyond it if they did not aim at it. One that lands
    further beyond than it began short of it is repeated.
    """
    outcome = run(
        [
            Step(CURRENT, capacity=0.05 * mAh_per_cm2),
            Step(-CURRENT, capacity=0.1 * mAh_per_cm2, potential_max=highest),
        ]
    )
    before, last = outcome.history["potential"][-2:]
    assert before < highest <= last < highest + 0.04
    assert last - highest <= max(highest - before, 2 * TimeControl().overpotential_change)
    assert outcome.cut_offs == ("time or capacity", "potential_max")
    assert abs(outcome.history["charge"][-1]) < 0.03 * mAh_per_cm2
    assert outcome.history["ledger_error"].max() < 1e-6


@cache
def planar():
    """Lithium on bare copper whose whole surface is active: a flat front."""
    flat = model(False)
    start = model_module.initial_state(flat, 0)
    start = start.with_nucleated((flat.surface > 0) * 1.0)
    snapshots = []
    timeline.run(
        flat, start, [Step(CURRENT, capacity=1.5 * mAh_per_cm2)],
        snapshot_interval=0.5 * mAh_per_cm2, on_snapshot=snapshots.append,
    )  # fmt: skip
    return snapshots


def height(phase):
    """Where xi falls through one half, in metres, of the first column; ln(xi/(1 - xi)) is linear across a front."""
    column = np.asarray(phase)[:, 0]
    last = np.flatnonzero(column > 0.5)[-1]
    inside, outside = np.log(column[last : last + 2] / (1 - column[last : last + 2]))
    return (last + inside / (inside - outside)) * cases.SPACING


def test_planar_front_on_copper():
    """4.850 um of lithium per mAh/cm2, and 0.674 nm/s between 1 and 1.5 mAh/cm2, where the front has left the diffuse
    surface: 2 % of 2.4 um is a twentieth of a cell."""
    snapshots = planar()
    thickness = float(diagnostics.lithium_thickness(snapshots[-1].model, snapshots[-1].state))
    assert thickness / um == pytest.approx(1.5 * 4.850, rel=1e-3)
    *_, middle, end = snapshots
    seconds = float(end.state.time - middle.state.time)
    assert (height(end.state.phase) - height(middle.state.phase)) / seconds / nm == pytest.approx(0.674, rel=0.02)


def test_planar_front_stays_flat():
    phase = np.asarray(planar()[-1].state.phase)
    assert np.abs(phase - phase[:, :1]).max() < 1e-6


def slow_salt():
    """Bare copper under 28 um of an electrolyte that carries 0.41 mA/cm2 at most."""
    return cases.model(host=False, electrolyte=replace(cases.ELECTROLYTE, diffusivity=2e-13), charge_tolerance=1e-6)


def test_an_impossible_current_says_so():
    """2 mA/cm2 is five times the limiting current: at Sand's time, 61 s, the salt is used up and the run ends with
    advice, keeping its last good state."""
    snapshots = []

    def give_up(progress):
        assert progress.steps < 400, "still running"

    with pytest.raises(SimulationError, match=r"salt is used up.*try a lower current") as error:
        run(
            [Step(2 * mA_per_cm2, capacity=PLATE)],
            on_snapshot=snapshots.append,
            on_progress=give_up,
            model_=slow_salt(),
        )
    assert "dt fell to" in str(error.value)
    last = snapshots[-1].state
    assert all(np.isfinite(np.asarray(f)).all() for f in (last.phase, last.concentration, last.ionic_potential))
    assert float(last.concentration.min()) > 0
    assert snapshots[-1].history["ledger_error"].max() < 1e-6


def test_steps_grow_again_where_salt_no_longer_sinks():
    """After steps were cut for want of salt, with 1 % of it left, which a rest leaves where it is."""
    poor = model(False)
    start = model_module.initial_state(poor, 0)
    start = replace(start, concentration=0.01 * start.concentration)
    carry = replace(stepping.begin(poor, start, TimeControl()), starved=jnp.array(True))

    def watch(progress):
        assert progress.steps < 200, "still at the first dt"

    outcome = timeline.run(poor, start, [Step(0.0, duration=60.0)], carry=carry, on_progress=watch)
    assert outcome.history["time_step"].max() > 1


def test_a_high_current_can_be_switched_on():
    """20 mA/cm2, half of what this box can carry: eta jumps by the drop in the diffuse collector, in any first step."""
    outcome = run([Step(20 * mA_per_cm2, duration=0.01)], host=False)
    assert outcome.history["time"][-1] == pytest.approx(0.01, rel=1e-9)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"current_density": 5.0}, "needs a cut-off"),
        ({"current_density": 0.0, "capacity": 1.0}, "ends only by its duration"),
        ({"current_density": 0.0, "potential_min": 0.0}, "ends only by its duration"),
        ({"current_density": 5.0, "capacity": 0.0}, "capacity .* must be positive"),
        ({"current_density": 5.0, "capacity": float("nan")}, "capacity .* must be positive"),
        ({"current_density": 5.0, "duration": -1.0}, "duration .* must be positive"),
    ],
)
def test_steps_it_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        Step(**arguments)


def test_longest_of_a_step():
    assert Step(5.0, capacity=50.0).longest == 10
    assert Step(-5.0, capacity=50.0, duration=3.0).longest == 3
    assert Step(5.0, potential_min=-0.1).longest == np.inf
