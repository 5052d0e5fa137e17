"""Blocks of repeated steps that end by their efficiency: what is counted, and where the run goes on."""

from functools import cache

import cases
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phasefield import checkpoint, timeline
from phasefield import model as model_module
from phasefield.build.protocols import _steps
from phasefield.config import schema
from phasefield.protocol import Repetition, Step, efficiency, steps_left_out
from phasefield.stepping import TimeControl
from phasefield.units import mA_per_cm2

CURRENT = 0.5 * mA_per_cm2
LITTLE = 0.005  # C/m2, 16 mV of double layer: few steps
INEFFICIENT = timeline.INEFFICIENT


PLATES = schema.Step(current_density_mA_cm2=1, time_h=1)
STRIPS = schema.Step(current_density_mA_cm2=-1, potential_max_V=1)


def block(efficiency_min, *once):
    """Three times these steps."""
    return schema.Step(repeat=3, efficiency_min=efficiency_min, steps=once)


@cache
def model():
    return cases.model(charge_tolerance=1e-6)


def run(protocol, **options):
    return timeline.run(model(), model_module.initial_state(model(), 0), protocol, **options)


def history(*charges):
    """One time step of 1 s for each charge [C/m2]."""
    return {"current_density": np.array(charges, dtype=float), "time_step": np.ones(len(charges))}


def test_efficiency_is_what_is_given_back_over_what_is_taken_up():
    passed = history(1, 3, 0, -1, -2, 5)
    assert efficiency(passed, slice(0, 5)) == pytest.approx(0.75)
    assert efficiency(passed, slice(1, 4)) == pytest.approx(1 / 3)
    assert efficiency(passed, slice(0, 3)) == 0
    assert efficiency(passed, slice(2, 5)) == np.inf


def test_build_says_what_each_repetition_leaves():
    steps = _steps((block(0.8, PLATES, STRIPS),))
    assert [step.repetitions for step in steps[::2]] == [()] * 3
    assert [step.repetitions for step in steps[1::2]] == [(Repetition(0.8, 2, left),) for left in (4, 2, 0)]
    assert [step.current_density for step in steps] == [10, -10] * 3


def nested(inner_min, outer_min):
    """Three times, at most: a charge taken up, and three times, at most, one taken up and one given back."""
    return _steps((block(outer_min, PLATES, block(inner_min, PLATES, STRIPS)),))


@given(
    inner=st.sampled_from([0, 0.3, 0.6, 1]),
    outer=st.sampled_from([0, 0.3, 0.6, 1]),
    shares=st.lists(st.sampled_from([0, 0.2, 0.5, 0.8, 1]), min_size=9, max_size=9),
)
def test_nested_blocks_run_as_loops_would(inner, outer, shares):
    """Against two plain loops with a break each."""
    protocol, charges, ended, ran = nested(inner, outer), [], [], []
    left_over = iter(shares)
    while len(ended) < len(protocol):
        step = protocol[len(ended)]
        charges.append(1.0 if step.current_density > 0 else -next(left_over))
        ran.append(len(ended))
        ended.append(len(charges))
        while left := steps_left_out(protocol, tuple(ended), history(*charges)):
            ended += [ended[-1]] * left
    expected, left_over = [], iter(shares)
    for i in range(3):
        expected.append(7 * i)
        taken, gave = 1.0, 0.0
        for j in range(3):
            expected += [7 * i + 1 + 2 * j, 7 * i + 2 + 2 * j]
            share = next(left_over)
            taken, gave = taken + 1, gave + share
            if share < inner:
                break
        if gave / taken < outer:
            break
    assert ran == expected


def lossy(efficiency_min, repeat=3):
    """Takes up twice as much as it gives back, and takes up once more behind the block."""
    strip = Step(-CURRENT, capacity=LITTLE, potential_max=0.5)
    steps = []
    for left in reversed(range(repeat)):
        steps += [
            Step(CURRENT, capacity=2 * LITTLE),
            timeline.replace(strip, repetitions=(Repetition(efficiency_min, 2, 2 * left),)),
        ]
    return [*steps, Step(CURRENT, capacity=LITTLE)]


@cache
def ended_early():
    return run(lossy(0.6))


def test_a_block_ends_after_a_repetition_that_gave_back_too_little():
    outcome = ended_early()
    assert outcome.cut_offs == (*("time or capacity",) * 2, *(INEFFICIENT,) * 4, "time or capacity")
    assert outcome.history["charge"][-1] == pytest.approx(2 * LITTLE, rel=1e-9)


def test_a_block_goes_on_while_it_gives_back_enough():
    outcome = run(lossy(0.49, repeat=2))
    assert outcome.cut_offs == ("time or capacity",) * 5
    assert outcome.history["charge"][-1] == pytest.approx(3 * LITTLE, rel=1e-9)


class Enough(Exception):
    """The run has been looked at often enough."""


@pytest.mark.parametrize("share", [0.3, 0.75, 0.95])
def test_a_run_that_is_cut_counts_from_where_its_repetition_began(tmp_path, share):
    whole, pauses = ended_early(), []
    run(lossy(0.6), on_pause=pauses.append)
    last = int(share * len(pauses))
    pauses.clear()

    def pause(standing):
        pauses.append(None)
        if len(pauses) > last:
            checkpoint.save(tmp_path, *standing(), {})
            raise Enough

    with pytest.raises(Enough):
        run(lossy(0.6), on_pause=pause)
    like = timeline.blank(model(), model_module.initial_state(model(), 0), TimeControl())
    position, carry, _ = checkpoint.load(tmp_path, like)
    assert len(position.ended) == len(position.cut_offs) == position.step
    again = run(lossy(0.6), carry=carry, start=position)
    assert again.cut_offs == whole.cut_offs
    assert all(np.array_equal(again.history[name], values) for name, values in whole.history.items())


def test_a_checkpoint_holds_the_longest_protocol(tmp_path):
    """What ended each of 100 000 steps; runs of some 500 wrote checkpoints that could not be read."""
    state = model_module.initial_state(model(), 0)
    carry = timeline._begin(model(), state, timeline.cast(TimeControl(), np.float64))
    count = 100_000
    place = timeline.Position(
        step=count, cut_offs=("time or capacity",) * count, ended=tuple(range(count)), history={"time": np.zeros(0)}
    )
    checkpoint.save(tmp_path, place, carry, {})
    found, _, _ = checkpoint.load(tmp_path, timeline.blank(model(), state, TimeControl()))
    assert (found.cut_offs, found.ended) == (place.cut_offs, place.ended)


@pytest.mark.parametrize("wrong", [(1.5, 2, 0), (-0.1, 2, 0), (float("nan"), 2, 0), (0.5, 0, 0), (0.5, 2, -1)])
def test_repetitions_that_cannot_be_are_refused(wrong):
    with pytest.raises(ValueError, match="repetition"):
        Repetition(*wrong)
