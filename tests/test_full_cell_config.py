"""The configuration of a full cell: what it becomes in SI, and what is refused, in one sentence."""

import numpy as np
import pytest

from phasefield import build
from phasefield import cathode as full_cell
from phasefield.config import ConfigError, compose
from phasefield.units import mA_per_cm2, mAh_per_cm2

NCM = ["counter=ncm622"]
CELL = ["experiment=full_cell_np4"]
CHARGE = "current_density_mA_cm2: 0.5, cell_voltage_max_V: 4.3"
TABLE = "counter.cathode.open_circuit="


def test_lithium_is_no_cathode():
    assert build.cathode(compose([])) is None


def test_its_capacity_is_the_one_within_the_window():
    """From 3.0 to 4.3 V at rest; as made it is full, at 3.0 V."""
    cathode = build.cathode(compose([*NCM, "counter.cathode.capacity_mAh_cm2=2"]))
    y = np.linspace(0, 1, 200001)
    within = np.ptp(y[np.abs(np.asarray(full_cell.open_circuit(cathode, y)) - 3.65) <= 0.65])
    assert within * cathode.capacity == pytest.approx(2 * mAh_per_cm2, rel=1e-4)
    assert full_cell.open_circuit(cathode, cathode.start) == pytest.approx(3.0, abs=1e-6)
    charged = build.cathode(compose([*NCM, "counter.cathode.state_of_charge=1"]))
    assert full_cell.open_circuit(charged, charged.start) == pytest.approx(4.3, abs=1e-6)


def test_kinetics_are_those_of_the_geometric_area():
    cathode = build.cathode(compose([*NCM, "counter.cathode.resistance_Ohm_cm2=10"]))
    assert cathode.exchange_current_density == pytest.approx(35)
    assert cathode.resistance == pytest.approx(1e-3)
    assert full_cell.overpotential(cathode, 5.0, 300.15) == pytest.approx(0.05173 * np.arcsinh(5 / 70) + 5e-3, rel=1e-3)


def test_a_table_gives_the_curve_as_well():
    cathode = build.cathode(compose([*NCM, "counter.cathode.sites=null", TABLE + "[[0.2,4.3],[0.6,3.7],[0.9,3.0]]"]))
    assert cathode.capacity * 0.7 == pytest.approx(1 * mAh_per_cm2) and cathode.start == pytest.approx(0.9)
    assert full_cell.open_circuit(cathode, 0.4) == pytest.approx(4.0)


def test_the_protocol_of_the_paper():
    steps = build.protocol(compose(CELL))
    assert [step.half_cell for step in steps] == [True, *[False] * 10, True]
    assert [step.current_density / mA_per_cm2 for step in steps[1:7]] == pytest.approx(
        [0.1, -0.1, 0.1, -0.1, 0.2, -0.5]
    )
    assert steps[1].cell_voltage_max == 4.3 and steps[2].cell_voltage_min == 3.0
    assert steps[0].capacity == pytest.approx(4 * mAh_per_cm2)
    assert build.protocol(compose(["experiment=full_cell_np2"]))[0].capacity == pytest.approx(2 * mAh_per_cm2)
    free = build.protocol(compose(["experiment=anode_free"]))
    assert (free[0].cell_voltage_max, free[1].cell_voltage_min) == (4.2, 2.75) and not free[0].half_cell


def test_lithium_of_the_cathode_needs_room_as_well():
    """It gives 1.15 mAh/cm2 at most."""
    small = [*CELL, "host=cu", "grid.electrolyte_um=1", "host.thickness_um=20"]
    geometry = build.geometry(compose(small))
    fits = 0.95 * build.room(compose(small), geometry)[1] / mAh_per_cm2
    build.check_room(compose([*small, f"protocol.capacity_mAh_cm2={fits - 1.3}"]), geometry)
    with pytest.raises(ConfigError, match="has room for"):
        build.check_room(compose([*small, f"protocol.capacity_mAh_cm2={fits - 1.0}"]), geometry)


@pytest.mark.parametrize(
    "overrides, says",
    [
        ([f"protocol.steps=[{{{CHARGE}}}]"], "cell_voltage_max_V, but the counter electrode is lithium; choose a"),
        ([*NCM, f"protocol.steps=[{{{CHARGE}, half_cell: true}}]"], "a half cell has no cell voltage"),
        ([*NCM, "protocol.steps=[{potential_V: 0.1, time_h: 1}]"], "holds no voltage; give it half_cell: true"),
        ([*NCM, f"protocol.steps=[{{{CHARGE}, cell_voltage_min_V: 4.4}}]"], "not below cell_voltage_max_V, 4.3"),
        (
            [*NCM, "protocol.steps=[{current_density_mA_cm2: 1, cell_voltage_min_V: 3}]"],
            "without an end; .* cell_voltage_max_V",
        ),
        (
            [*NCM, "protocol.steps=[{current_density_mA_cm2: -1, cell_voltage_max_V: 3}]"],
            "without an end; .* cell_voltage_min_V",
        ),
        ([*NCM, f"protocol.steps=[{{{CHARGE}, half_cell: maybe}}]"], "half_cell is 'maybe'; it must be true or false"),
        ([*NCM, "counter.cathode.voltage_window_V=[4.3,3.0]"], r"voltage_window_V is \[4.3, 3\]; it must rise"),
        ([*NCM, "counter.cathode.sites=null"], "neither sites nor open_circuit"),
        ([*NCM, TABLE + "[[0.1,4.3],[0.9,3.0]]"], "both sites and open_circuit"),
        ([*NCM, "counter.cathode.sites=null", TABLE + "[[0.1,3.0],[0.9,4.3]]"], "rising and the potential falling"),
        ([*NCM, "counter.cathode.sites=null", TABLE + "[[0.9,4.3]]"], "two pairs"),
        ([*NCM, "counter.cathode.sites=null", TABLE + "[[0.1,4.3],[1.1,3.0]]"], "outside of 0 to 1"),
        ([*NCM, "counter.cathode.sites=null", TABLE + "[4.3,3.0]"], "open_circuit.* a list"),
        ([*NCM, "counter.cathode.sites=[{potential_V: 3.7, fraction: 0.5, width_factor: 1}]"], "add up to 0.5"),
        ([*NCM, "counter.cathode.capacity_mAh_cm2=0"], "capacity_mAh_cm2 is 0; it must be above 0"),
        (["counter.cathode={capacity_mAh_cm2: 1}"], "counter.cathode.area_ratio is missing"),
    ],
)
def test_what_cannot_be_is_refused(overrides, says):
    with pytest.raises(ConfigError, match=says):
        compose(overrides)


def test_cut_offs_beyond_the_curve_are_refused():
    with pytest.raises(ConfigError, match=r"cell_voltage_max_V is 6, but the open-circuit curve of ncm622 spans 2.7"):
        build.cathode(compose([*CELL, "protocol.cell_voltage_max_V=6"]))
    with pytest.raises(ConfigError, match=r"voltage_window_V is 2, but"):
        build.cathode(compose([*CELL, "counter.cathode.voltage_window_V=[2.0,4.3]"]))
