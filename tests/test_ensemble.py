"""Runs side by side in one program are the runs alone."""

from dataclasses import replace

import cases
import numpy as np
import pytest

from phasefield import diagnostics, ensemble, timeline
from phasefield import model as model_module
from phasefield.ensemble import EnsembleError, Member
from phasefield.protocol import Step
from phasefield.stepping import TimeControl
from phasefield.timeline import Course, Outcome, SimulationError
from phasefield.units import mA_per_cm2, mAh_per_cm2

INTERVAL = 0.02 * mAh_per_cm2


def member(current=0.5, capacity=0.05, seed=0, carbon=10.0, control=None, heard=None, **options):
    """Plating to `capacity` [mAh/cm2] at `current` [mA/cm2] on a carbon body that conducts `carbon` [S/m]."""
    phases = (cases.COPPER, replace(cases.CARBON, electronic_conductivity=(carbon, carbon)))
    model = cases.model(phases=phases, charge_tolerance=1e-6, **options)
    listener = None if heard is None else heard.append
    course = Course([Step(current * mA_per_cm2, capacity=capacity * mAh_per_cm2)], INTERVAL, listener)
    return Member(model, model_module.initial_state(model, seed), course, TimeControl() if control is None else control)


def alone(member: Member, **listeners) -> Outcome:
    course = member.course
    return timeline.run(
        member.model,
        member.state,
        course.protocol,
        member.control,
        snapshot_interval=course.snapshot_interval,
        **listeners,
    )


@pytest.fixture(scope="module")
def four():
    """Members that differ in seed, current, capacity and conductivity, what each showed, and how each ended."""
    shown = [[] for _ in range(4)]
    members = [
        member(heard=shown[0]),
        member(seed=1, heard=shown[1]),
        member(current=2.0, capacity=0.03, heard=shown[2]),
        member(carbon=1e-4, heard=shown[3]),
    ]
    return members, shown, ensemble.run(members)


def test_each_member_is_the_run_alone(four):
    """To the rounding of sums in another order: the same nuclei, steps and iterations."""
    members, _, outcomes = four
    for own, together in zip(members, outcomes, strict=True):
        single = alone(own)
        assert together.cut_offs == single.cut_offs
        for name in ("nuclei", "rejected_steps"):
            assert np.array_equal(together.history[name], single.history[name]), name
        # an error that meets the tolerance to rounding may ask for one iteration more: 1 step of 219 on one processor
        more = np.abs(together.history["newton_iterations"] - single.history["newton_iterations"])
        assert more.max() <= 1 and more.sum() <= 0.05 * len(more)
        for name in ("time", "potential", "charge", "lithium"):
            assert together.history[name] == pytest.approx(single.history[name], rel=1e-8), name
        for name in ("phase", "concentration", "ionic_potential"):
            values, expected = (np.asarray(getattr(each.state, name)) for each in (together, single))
            assert np.abs(values - expected).max() < 1e-7 * np.abs(expected).max(), name


def test_members_differ_and_keep_their_own_ledger(four):
    _, _, outcomes = four
    ends = {round(float(each.history["potential"][-1]), 5) for each in outcomes}
    assert len(ends) == 4
    for outcome, capacity in zip(outcomes, (0.05, 0.05, 0.03, 0.05), strict=True):
        assert set(outcome.history) == set(diagnostics.HISTORY)
        assert outcome.history["charge"][-1] == pytest.approx(capacity * mAh_per_cm2, rel=1e-9)
        assert outcome.history["ledger_error"].max() < 1e-6


def test_each_member_shows_its_own_snapshots(four):
    members, shown, _ = four
    for own, snapshots in zip(members, shown, strict=True):
        capacity = own.course.protocol[0].capacity / mAh_per_cm2
        due = [0, 0.02, 0.03] if capacity == 0.03 else [0, 0.02, 0.04, 0.05]
        assert [each.charge / mAh_per_cm2 for each in snapshots] == pytest.approx(due, rel=1e-9)
        assert snapshots[-1].state.phase.shape == cases.SHAPE and snapshots[-1].model is own.model


def test_other_numbers_compile_nothing(four):
    """Four other members that differ from each other in the same places."""
    members, _, _ = four
    _, segment = ensemble._programs(*_axes(members))
    programs = segment._cache_size()
    assert programs == 1
    other = [member(), member(seed=5), member(current=1.0, capacity=0.01), member(carbon=1e-2)]
    ensemble.run(other)
    assert segment._cache_size() == programs


def _axes(members):
    return (
        ensemble._together([each.model for each in members])[1],
        ensemble._together([ensemble.cast(each.control, np.float64) for each in members])[1],
    )


def test_one_that_fails_leaves_the_others_alone():
    impossible = TimeControl(dt_min=1.0, dt_first=2.0, overpotential_change=1e-12)
    good, bad = ensemble.run([member(capacity=0.005), member(capacity=0.005, control=impossible)])
    assert isinstance(bad, SimulationError) and "dt fell to 0.5 s" in str(bad)
    assert good.cut_offs == ("time or capacity",)
    assert good.history["charge"][-1] == pytest.approx(0.005 * mAh_per_cm2)


@pytest.mark.parametrize(
    ("other", "word"),
    [
        ({"shape": (32, 10)}, "grid"),
        ({"dtype": np.float32}, "precision"),
        ({"insertion_active": True}, "take up lithium"),
    ],
)
def test_members_of_different_programs_are_refused(other, word):
    with pytest.raises(EnsembleError, match=word):
        ensemble.run([member(), member(**other)])
