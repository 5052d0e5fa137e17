"""Cycles on histories whose ledger is known."""

import csv
import io
from itertools import pairwise

import numpy as np
import pytest

from phasefield import cycles
from phasefield.units import FARADAY, mAh_per_cm2

MOLAR_VOLUME = 13e-6
PER_METRE = FARADAY / MOLAR_VOLUME  # C/m3 of lithium
ROWS = 50  # of each step


def history(*steps, potential=(-0.05, 0.04), **stored):
    """Constant current: each step passes a charge [C/m2], 0 rests; all of it is lithium, less what is stored elsewhere.

    Args: potential: while plating and stripping. stored: total of other columns at the end of each step [C/m2].
    """
    passed = np.concatenate([np.full(ROWS, each / ROWS) for each in steps])
    charge = np.r_[0.0, np.cumsum(passed)]
    ends = np.arange(len(steps) + 1) * ROWS
    columns = {name: np.interp(np.arange(len(charge)), ends, np.r_[0, values]) for name, values in stored.items()}
    others = sum((-1 if name == "double_layer_charge" else 1) * values for name, values in columns.items())
    return {
        "time": 100.0 + 10.0 * np.arange(len(charge)),
        "charge": charge,
        "lithium": (charge - others) / PER_METRE,
        "potential": np.r_[0.0, np.select([passed > 0, passed < 0], potential, 0.0)],
        **columns,
    }


def found(*steps, dead=lambda time, within: None, finished=True, **options):
    return cycles.cycles(history(*steps, **options), MOLAR_VOLUME, dead, finished)


def test_charges_efficiency_and_times():
    first, second = found(1000, 0, -900, 0, 1000, -990)
    assert (first.plated, first.stripped, first.efficiency) == pytest.approx((1000, 900, 0.9))
    assert (second.plated, second.stripped, second.efficiency) == pytest.approx((1000, 990, 0.99))
    assert (first.start, first.turn, first.end) == (100, 600, 1600)
    assert second.start == first.end and second.end == 3100
    assert first.complete and second.complete
    assert (first.metallic, second.metallic, second.lithium) == pytest.approx((100, 10, 110))


def test_the_ledger_closes_over_what_is_stored_where():
    """Charge in the host, on the double layer (which counts negative), in the SEI; the rest is lithium."""
    stored = {"inserted_charge": [300, 300, 250], "sei_charge": [20, 21, 25], "double_layer_charge": [-5, -5, 2]}
    (cycle,) = found(1000, 0, -600, **stored)
    assert (cycle.inserted, cycle.sei, cycle.double_layer) == pytest.approx((250, 25, -2))
    assert cycle.metallic == pytest.approx(1000 - 600 - 250 - 25 + 2)
    assert cycle.closure_error < 1e-12


def test_a_missing_charge_shows():
    broken = history(1000, -900)
    broken["lithium"] = broken["lithium"] * 0.99
    (cycle,) = cycles.cycles(broken, MOLAR_VOLUME)
    assert cycle.closure_error == pytest.approx(0.01 * 100 / 1000)


def test_dead_and_connected_rest():
    told = {100.0: 0.0, 1100.0: 60.0, 2100.0: 50.0}
    first, second = found(1000, -900, 1000, -995, dead=lambda time, within: told.get(time))
    assert (first.dead, first.dead_change, first.connected, first.connected_change) == pytest.approx((60, 60, 40, 40))
    assert (second.dead, second.dead_change) == pytest.approx((50, -10))  # some of it has reconnected
    assert second.connected_change == pytest.approx(second.metallic + 10) == pytest.approx(15)
    assert found(1000, -900)[0].dead_change is None


def test_the_nearest_snapshot_tells():
    assert cycles.nearest([0.0, 100.0, 200.0], 103.0, 5.0) == 1
    assert cycles.nearest([0.0, 100.0, 200.0], 103.0, 2.0) is None
    assert cycles.nearest([], 103.0, 2.0) is None


@pytest.mark.parametrize(
    ("steps", "efficiencies"),
    [
        ([1000], []),  # plated only
        ([0, 0], []),
        ([-300, 1000, -900], [0.9]),  # a lithiated host gives first: no cycle
        ([-300], []),
        ([400, 600, -500, -400], [0.9]),  # a discharge to 0 V and plating are one stretch, and so are two of stripping
        ([1000, -900, 1000], [0.9]),  # what has not begun to strip is no cycle yet
        ([1000, -1e-4, 1000, -1800], [0.9]),  # a current about zero is no turn
        ([1000, -0.5, 1000, -900], [5e-4, 0.9]),  # a stripping that fails is one
    ],
)
def test_what_counts_as_a_cycle(steps, efficiencies):
    assert [cycle.efficiency for cycle in found(*steps)] == pytest.approx(efficiencies, rel=1e-6)


def test_a_current_that_flickers_about_zero_is_no_turn():
    """As in a sweep, where it follows the potential: two time steps, or any number that differ, of less than 1 %."""
    sweep = history(1000, -5, 5, -900, 1000, -5, 5, -900)
    for step in (1, 5):  # the charges of -5 fall on two time steps, or rise over all of them
        rows = slice(step * ROWS + 1, (step + 1) * ROWS + 1)
        before = sweep["charge"][rows.start - 1]
        share = np.minimum(np.arange(1, ROWS + 1) / 2, 1) if step == 1 else np.linspace(0, 1, ROWS + 1)[1:] ** 2
        sweep["charge"][rows] = before - 5 * share
    assert len(cycles.cycles(sweep, MOLAR_VOLUME)) == 2


def test_every_step_from_the_first_plating_counts_once():
    found_ = found(1000, 0, -900, 0, 0, 1000, -1e-4, 0, -990, 0, 1000, -1000)
    assert sum(cycle.plated - cycle.stripped for cycle in found_) == pytest.approx(3000 - 2890 - 1e-4)
    assert all(after.start == before.end for before, after in pairwise(found_))


@pytest.mark.parametrize("finished", [True, False])
def test_the_last_cycle_is_complete_when_the_run_is_or_plates_again(finished):
    assert [cycle.complete for cycle in found(1000, -900, 1000, -500, finished=finished)] == [True, finished]
    assert [cycle.complete for cycle in found(1000, -900, 10, finished=finished)] == [True]


def test_overpotentials_are_those_of_the_lithium():
    """Insertion far above 0 V does not count; where no metal moves there is none."""
    columns = history(500, 1000, -1000, -450, inserted_charge=[500, 500, 500, 50])
    columns["potential"][1 : ROWS + 1], columns["potential"][3 * ROWS + 1 :] = 1.2, 1.3
    (cycle,) = cycles.cycles(columns, MOLAR_VOLUME)
    assert cycle.plating_overpotential == pytest.approx(-0.05, rel=1e-6)
    assert cycle.stripping_overpotential == pytest.approx(0.04, rel=1e-6)
    assert (cycle.plating_end, cycle.stripping_end) == (-0.05, 1.3)
    (inserting,) = found(500, -450, inserted_charge=[500, 50])
    assert inserting.plating_overpotential is None and inserting.stripping_overpotential is None


def test_summary():
    told = iter((0.0, 0.0, 60.0, 60.0, 80.0, 80.0))
    steps = (1000, -900, 1000, -950, 1000, -970)
    three = found(*steps, dead=lambda time, within: next(told), sei_charge=[30, 30, 40, 40, 50, 50])
    whole = cycles.summary(three)
    assert (whole["cycles"], whole["efficiency_first"], whole["efficiency_last"]) == pytest.approx((3, 0.9, 0.97))
    assert whole["efficiency_after_first"] == pytest.approx(0.96)
    lost = {name: whole[f"lost_to_{name}_mAh_cm2"] * mAh_per_cm2 for name in ("sei", "insertion")}
    assert lost == pytest.approx({"sei": 50, "insertion": 0})
    assert cycles.summary(found(1000)) == {} and cycles.summary(found(1000, -5, finished=False)) == {}
    assert cycles.summary(found(*steps))["lost_to_dead_mAh_cm2"] is None


def test_table():
    rows = list(csv.DictReader(io.StringIO(cycles.table(found(36e3, -18e3, 36e3, -9e3, finished=False)))))
    assert [row["cycle"] for row in rows] == ["1", "2"]
    assert [float(row["coulombic_efficiency"]) for row in rows] == [0.5, 0.25]
    assert float(rows[0]["plated_mAh_cm2"]) == 1 and rows[0]["dead_mAh_cm2"] == ""
    assert [row["complete"] for row in rows] == ["1", "0"]
    assert cycles.table(()) == ""
