"""Steps of given potential: they hold it, sweep it, pass the current that answers, and end where they are told."""

from functools import cache, partial

import cases
import numpy as np
import pytest

from phasefield import model as model_module
from phasefield import timeline
from phasefield.protocol import SLEW_RATE, Step
from phasefield.stepping import TimeControl
from phasefield.units import hour, mA_per_cm2, mAh_per_cm2, mV


@cache
def model():
    return cases.model(charge_tolerance=1e-6)


def run(protocol, **options):
    return timeline.run(model(), model_module.initial_state(model(), 0), protocol, **options)


@cache
def held():
    """Plate 0.02 mAh/cm2, then hold -40 mV until 0.03 more has passed."""
    plate = Step(0.5 * mA_per_cm2, capacity=0.02 * mAh_per_cm2)
    return run([plate, Step(potential=-0.04, capacity=0.03 * mAh_per_cm2)])


def test_the_potential_is_held():
    history = held().history
    second = history["charge"] > 0.02 * mAh_per_cm2 * (1 + 1e-9)
    settled = second & (history["time"] > history["time"][second][0] + 0.1 / SLEW_RATE)
    assert settled.sum() > 5
    current, conductance = history["current_density"][settled], 2 * 0.2 / cases.SPACING
    assert np.abs(history["potential"][settled] + 0.04 - current / conductance).max() < 1e-9


def test_charge_is_the_integral_of_the_current_and_the_ledger_closes():
    history = held().history
    passed = np.cumsum(history["current_density"] * history["time_step"])
    assert np.allclose(passed, history["charge"], rtol=1e-9)
    assert history["ledger_error"].max() < 1e-6
    assert np.abs(history["collector_current"] / history["current_density"] - 1).max() < 1e-4


def test_a_capacity_ends_a_hold():
    """Within what the current changes in the last step."""
    outcome = held()
    assert outcome.cut_offs == ("time or capacity", "time or capacity")
    assert outcome.history["charge"][-1] == pytest.approx(0.05 * mAh_per_cm2, rel=5e-3)


def test_it_is_the_inverse_of_holding_the_current():
    """The potential that a constant current ends at, held for a minute, takes that current; fronts and rims grow
    meanwhile, and with them the current, by 2 %. In steps of at most 10 s: a step's potential is that of the area it
    starts from, and by default the last one is 97 s of 216 long, in which lithium gets 4 % more of it."""
    steps = {"control": TimeControl(dt_max=10.0)}
    plate = Step(0.5 * mA_per_cm2, capacity=0.03 * mAh_per_cm2)
    before = run([plate], **steps).history
    after = run([plate, Step(potential=float(before["potential"][-1]), duration=60.0)], **steps).history
    current = after["current_density"][after["time"] > before["time"][-1] + 1.0] / (0.5 * mA_per_cm2)
    assert current[0] == pytest.approx(1, rel=0.004)
    assert np.all(np.diff(current) > 0) and current[-1] < 1.022


def test_a_current_ends_a_hold():
    """Held at 0 V after plating, the current fades: salt evens out and nothing drives it."""
    protocol = [Step(0.5 * mA_per_cm2, capacity=0.02 * mAh_per_cm2), Step(potential=0.0, current_min=0.05)]
    outcome = run(protocol)
    assert outcome.cut_offs[-1] == "current_min"
    assert abs(outcome.history["current_density"][-1]) < 0.05 <= abs(outcome.history["current_density"][-2])


def test_a_sweep_goes_at_its_rate_and_ends_where_it_is_to():
    """Bare surface above 0 V is a capacitor: its current is C a dV/dt, and changes sign with the sweep."""
    rate, swing = 10 * mV, 0.2
    protocol = [Step(potential=swing, sweep_rate=rate), Step(potential=0.0, sweep_rate=rate)]
    outcome = run(protocol)
    history = outcome.history
    assert outcome.cut_offs == ("time or capacity", "time or capacity")
    assert history["time"][-1] == pytest.approx(2 * swing / rate, rel=1e-3)
    area = float(np.sum(model().surface)) * cases.SPACING / model().grid.columns
    expected = cases.LITHIUM.double_layer_capacitance * area * rate
    up = (history["time"] > 5) & (history["time"] < swing / rate)
    down = history["time"] > swing / rate + 5
    assert history["current_density"][up] == pytest.approx(-expected, rel=0.02)
    assert history["current_density"][down] == pytest.approx(expected, rel=0.02)
    drop = np.abs(history["current_density"]) / (2 * 0.2 / cases.SPACING)
    target = np.where(history["time"] < swing / rate, rate * history["time"], 2 * swing - rate * history["time"])
    assert np.abs(history["potential"] - target).max() < drop.max() + 1e-6


def test_held_steps_use_the_program_of_the_others():
    held()
    programs = timeline._segment._cache_size()
    run([Step(potential=-0.01, duration=0.1 * hour), Step(potential=0.02, sweep_rate=1e-3)])
    assert timeline._segment._cache_size() == programs


def test_a_sweep_that_is_cut_goes_on_as_if_it_had_not_been(tmp_path):
    protocol = [Step(potential=0.1, sweep_rate=10 * mV), Step(potential=0.0, sweep_rate=10 * mV)]
    whole = run(protocol)
    again = cases.cut_and_gone_on(partial(run, protocol), model(), 5, tmp_path)
    assert all(np.array_equal(again.history[name], values) for name, values in whole.history.items())


@pytest.mark.parametrize(
    "given, says",
    [
        ({"potential": 0.1}, "needs a cut-off"),
        ({"potential": 0.1, "current_density": 1.0, "duration": 1.0}, "either a current_density or a potential"),
        ({}, "either a current_density or a potential"),
        ({"current_density": 1.0, "duration": 1.0, "sweep_rate": 1.0}, "belong to a step with a potential"),
        ({"potential": 0.1, "sweep_rate": -1.0}, "sweep_rate .* must be positive"),
    ],
)
def test_steps_that_cannot_be_are_refused(given, says):
    with pytest.raises(ValueError, match=says):
        Step(**given)
