"""Figures of full cells: cycles are found, each is drawn once, texts stay apart, retention is the inventory's."""

import numpy as np
import pytest

from phasefield.inventory import retention
from phasefield.plotting import style
from phasefield.plotting.full_cell import Fade, Observed, cell_voltages, cycles, full_cells, is_full_cell
from phasefield.units import mA_per_cm2, mAh_per_cm2


def history(count=3, deposit=True, points=40):
    """A deposit against lithium, then cycles of 1 mAh/cm2 at 0.5 mA/cm2."""
    step = 7200.0 / points
    parts = [(1, 0)] if deposit else []
    parts += [(1, -1), (-1, 1)] * count
    current = np.concatenate([np.full(points, 0.5 * sign * mA_per_cm2) for sign, _ in parts])
    y = 1 - np.concatenate([np.full(points, -moves / points) for _, moves in parts]).cumsum() * 0.9
    passed = np.cumsum(current) * step
    return {
        "time_step": np.full(len(current), step),
        "current_density": current,
        "charge": passed,
        "cathode_stoichiometry": y,
        "potential": -np.sign(current) * 0.02,
        "cell_voltage": 4.4 - y + np.sign(current) * 0.05,
    }


class Run:
    def __init__(self, *args, **options):
        self.history = history(*args, **options)


def test_cycles_begin_with_a_charge():
    found = cycles(history(3))
    assert [[what for what, *_ in halves] for halves in found] == [["charge", "discharge"]] * 3
    assert found[0][0][2] == pytest.approx(mAh_per_cm2)
    assert is_full_cell(history()) and not is_full_cell({}) and not is_full_cell(history(0))


@pytest.mark.parametrize("count", [1, 3, 9])
def test_each_half_cycle_is_a_line(count, overlapping_texts, tmp_path):
    figure = cell_voltages(Run(count))
    voltage, electrode = figure.axes
    assert len(voltage.lines) == len(electrode.lines) == 2 * count
    assert voltage.lines[0].get_xdata()[-1] == pytest.approx(1.0)
    assert overlapping_texts(figure) == []
    (path,) = style.save(figure, tmp_path / "cells.png")
    assert path.stat().st_size > 10_000


def test_retention_is_the_inventory(overlapping_texts):
    fades = [Fade("N/P 2", 0.99, (1, 2), "red"), Fade("anode-free", 0.99, (0, 0), "green", "--")]
    figure = full_cells(
        [Run(), Run(2, False)], ["N/P 2", "anode-free"], fades, [Observed("seen", 100, 0.42, "green")], 200
    )
    _, axes = figure.axes
    drawn = {line.get_label(): line.get_ydata() for line in axes.lines}
    assert drawn["N/P 2"] == pytest.approx(retention(0.99, 1, 200)) and drawn["seen"] == [0.42]
    assert drawn["anode-free"][-1] == pytest.approx(0.99**200)
    assert overlapping_texts(figure) == []
