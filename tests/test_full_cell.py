"""A full cell: its voltage in closed form, its cut-offs, its half-cell steps; a half cell knows nothing of it."""

from dataclasses import replace
from functools import cache, partial
from itertools import pairwise

import cases
import jax.numpy as jnp
import numpy as np
import pytest

from phasefield import cathode as full_cell
from phasefield import checkpoint, diagnostics, timeline
from phasefield import model as model_module
from phasefield.cathode import Cathode
from phasefield.limits import CELL_CHANGE, METERED
from phasefield.protocol import Step
from phasefield.stepping import TimeControl
from phasefield.units import FARADAY, GAS_CONSTANT, mA_per_cm2, mAh_per_cm2

TEMPERATURE = 300.15
CURRENT = 0.5 * mA_per_cm2
CAPACITY = 0.1 * mAh_per_cm2
START, EXCHANGE, RESISTANCE = 0.95, 20.0, 2e-3
TOP, SLOPE = 4.5, 1.0  # V: U(y) = 4.5 - y
DRIFT = 3 * TimeControl().overpotential_change  # of the electrode in a step, at most
Y = jnp.array([0.0, 0.5, 1.0])
CATHODE = Cathode(CAPACITY, START, Y, TOP - SLOPE * Y, EXCHANGE, RESISTANCE)


@cache
def model(cathode=True):
    return cases.model(charge_tolerance=1e-6, cathode=CATHODE if cathode else None)


def run(protocol, model_=None, **options):
    chosen = model() if model_ is None else model_
    return timeline.run(chosen, model_module.initial_state(chosen, 0), protocol, **options)


def overpotential(current):
    return 2 * GAS_CONSTANT * TEMPERATURE / FARADAY * np.arcsinh(current / (2 * EXCHANGE)) + current * RESISTANCE


PROTOCOL = [
    Step(CURRENT, capacity=0.02 * mAh_per_cm2, half_cell=True),
    Step(CURRENT, cell_voltage_max=4.0),
    Step(0.0, duration=60.0),
    Step(-CURRENT, cell_voltage_min=3.6),
    Step(-CURRENT, potential_max=0.5, half_cell=True),
]


@cache
def cycled():
    """(history, rows of each step, cut-offs) of the above."""
    outcome = run(PROTOCOL)
    current, y = outcome.history["current_density"], outcome.history["cathode_stoichiometry"]
    moves = np.diff(y, prepend=y[0]) != 0
    kinds = np.sign(current) + 3 * moves
    edges = [0, *(np.flatnonzero(np.diff(kinds)) + 1), len(kinds)]
    return outcome.history, [slice(*pair) for pair in pairwise(edges)], outcome.cut_offs


def test_each_step_ends_where_it_is_told():
    history, steps, cut_offs = cycled()
    ends = ("time or capacity", "cell_voltage_max", "time or capacity", "cell_voltage_min", "potential_max")
    assert cut_offs == ends and len(steps) == 5
    voltage = history["cell_voltage"]
    assert 0 <= voltage[steps[1]][-1] - 4.0 + METERED < DRIFT
    assert 0 <= 3.6 + METERED - voltage[steps[3]][-1] < DRIFT
    assert (voltage[steps[1]][:-1] < 4.0).all() and (voltage[steps[3]][:-1] > 3.6).all()


def test_the_cell_voltage_is_cathode_over_electrode():
    """U(y) + eta(i) - E in each row, whatever the electrode does."""
    history, steps, _ = cycled()
    for own in (steps[1], steps[2], steps[3]):
        y = history["cathode_stoichiometry"][own]
        expected = TOP - SLOPE * y + overpotential(history["current_density"][own]) - history["potential"][own]
        assert history["cell_voltage"][own] == pytest.approx(expected, abs=1e-12)


def test_the_stoichiometry_follows_what_passes_the_cathode():
    history, (deposit, charge, rest, discharge, strip), _ = cycled()
    y, passed = history["cathode_stoichiometry"], history["charge"]
    assert (y[deposit] == START).all() and (y[strip] == y[discharge][-1]).all() and (y[rest] == y[charge][-1]).all()
    before = passed[deposit][-1]
    for own in (charge, discharge):
        assert y[own] == pytest.approx(START - (passed[own] - before) / CAPACITY, abs=1e-12)
    assert history["cell_voltage"][deposit] == pytest.approx(-history["potential"][deposit], abs=0)


def test_a_cut_off_is_met_at_the_right_capacity():
    """4.0 = 4.5 - y + eta - E, with the E of the last row."""
    history, (_, charge, *_), _ = cycled()
    end = TOP + overpotential(CURRENT) - history["potential"][charge][-1] - 4.0
    passed = (history["current_density"] * history["time_step"])[charge].sum()
    assert passed / CAPACITY == pytest.approx(START - end / SLOPE, abs=2 * METERED)


def test_the_open_circuit_goes_in_small_steps():
    """It falls a thousand times as fast at its end, as that of layered oxides does."""
    steep = replace(CATHODE, stoichiometry=jnp.array([0.0, 0.949, 1.0]), potential=jnp.array([4.0, 3.8, 0.0]))
    history = run([Step(CURRENT, capacity=0.02 * mAh_per_cm2), Step(-CURRENT, cell_voltage_min=3.0)],
                  replace(model(), cathode=_float(steep))).history  # fmt: skip
    rest = full_cell.open_circuit(steep, history["cathode_stoichiometry"])
    assert np.abs(np.diff(rest)).max() < CELL_CHANGE * 1.01
    assert 0 <= 3.0 + METERED - history["cell_voltage"][-1] < DRIFT


def _float(cathode):
    return Cathode(*(jnp.asarray(getattr(cathode, name), jnp.float64) for name in Cathode.__dataclass_fields__))


def test_a_half_cell_knows_nothing_of_it():
    """The same steps against lithium: no columns, and to rounding the same run as a full cell in half-cell steps."""
    protocol = [Step(CURRENT, capacity=0.02 * mAh_per_cm2)]
    without = run(protocol, model(False)).history
    assert tuple(sorted(without)) == tuple(sorted(diagnostics.HISTORY))
    behind = run([replace(protocol[0], half_cell=True)]).history
    assert set(behind) - set(without) == set(diagnostics.FULL_CELL)
    for name in ("potential", "lithium", "time"):
        assert behind[name] == pytest.approx(without[name], rel=1e-9, abs=1e-15)


def test_one_program_for_any_cathode_and_any_step():
    cycled()
    programs = timeline._segment._cache_size()
    other = _float(replace(CATHODE, capacity=0.2 * mAh_per_cm2, exchange_current_density=1.0, start=0.5))
    run([Step(CURRENT, duration=30.0), Step(CURRENT, duration=30.0, half_cell=True)], replace(model(), cathode=other))
    assert timeline._segment._cache_size() == programs


@pytest.mark.parametrize("looks", [2, 9, 16])
def test_a_run_that_is_cut_goes_on_as_if_it_had_not_been(tmp_path, looks):
    again = cases.cut_and_gone_on(partial(run, PROTOCOL), model(), looks, tmp_path)
    assert all(np.array_equal(again.history[name], values) for name, values in cycled()[0].items())


def test_a_checkpoint_of_before_full_cells_is_read(tmp_path):
    """Its position has no charge_elsewhere."""
    import json

    def pause(standing):
        checkpoint.save(tmp_path, *standing(), {})
        raise cases.Enough

    with pytest.raises(cases.Enough):
        run([Step(CURRENT, duration=30.0)], model(False), on_pause=pause)
    with np.load(tmp_path / checkpoint.NAMES[0]) as file:
        arrays = dict(file)
    header = json.loads(str(arrays[checkpoint.NOTES]))
    del header["position"]["charge_elsewhere"]
    arrays[checkpoint.NOTES] = np.array(json.dumps(header))
    np.savez(tmp_path / checkpoint.NAMES[0], **arrays)
    like = timeline.blank(model(False), model_module.initial_state(model(False), 0), TimeControl())
    assert checkpoint.load(tmp_path, like)[0].charge_elsewhere == 0


def test_the_curve_of_one_kind_of_site_is_nernst():
    y, potential = full_cell.open_circuit_curve([3.7], [1.0], [1.0], TEMPERATURE)
    expected = 3.7 - GAS_CONSTANT * TEMPERATURE / FARADAY * np.log(y / (1 - y))
    assert potential == pytest.approx(expected, abs=1e-9)
    assert (np.diff(y) > 0).all() and (np.diff(potential) < 0).all() and y[0] < 2e-5 and y[-1] > 1 - 2e-5


@pytest.mark.parametrize(
    "given, says",
    [
        ({"current_density": 1.0, "cell_voltage_max": 4.0, "half_cell": True}, "belong to a current through"),
        ({"potential": 0.1, "cell_voltage_max": 4.0}, "belong to a current through"),
        ({"current_density": 1.0}, "needs a cut-off"),
    ],
)
def test_steps_that_cannot_be_are_refused(given, says):
    with pytest.raises(ValueError, match=says):
        Step(**given)
