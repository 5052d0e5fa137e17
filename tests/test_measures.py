"""Measures of a run on fields whose measures are known."""

import numpy as np
import pytest

from phasefield import measures
from phasefield.units import mAh_per_cm2, um

SHAPE, SPACING, BOTTOM, TOP = (40, 8), 1 * um, 4 * um, 34 * um  # a host layer of 30 cells
Z = np.indices(SHAPE)[0]
LAYER = (Z >= 4) & (Z < 34)


def where(pore, phase):
    return measures.where_lithium_lies(pore, np.asarray(phase, float), SPACING, BOTTOM, TOP)


def pore(inside=0.5):
    """Half-open host between 4 and 34 um, collector below, all open above."""
    return np.where(Z < 4, 0.0, np.where(LAYER, inside, 1.0))


def graded():
    """A host that opens upwards: m_pore is not one half."""
    return np.where(Z < 4, 0.0, np.where(LAYER, 0.1 + 0.8 * (Z - 4) / 30, 1.0))


@pytest.mark.parametrize("pores", [pore(), graded()], ids=["uniform", "graded"])
def test_top_bottom_index(pores):
    open_collector = np.where(Z == 3, 0.2, pores)  # a diffuse collector holds some lithium
    assert where(open_collector, Z == 3)["top_bottom_index"] == pytest.approx(-1)
    assert where(pores, 0.3 * LAYER)["top_bottom_index"] == pytest.approx(0, abs=1e-12)
    assert where(pores, Z >= 34)["top_bottom_index"] == pytest.approx(1)
    assert -1 < where(pores, (Z >= 4) & (Z < 10))["top_bottom_index"] < -0.5
    assert 0.5 < where(pores, (Z >= 30) & (Z < 34))["top_bottom_index"] < 1


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (4, 14, (1, 0, 0, 0)),
        (14, 24, (0, 1, 0, 0)),
        (24, 34, (0, 0, 1, 0)),
        (34, 40, (0, 0, 0, 1)),
        (4, 34, (1 / 3, 1 / 3, 1 / 3, 0)),
    ],
)
def test_thirds(low, high, expected):
    found = where(pore(), (low <= Z) & (high > Z))
    names = ("fraction_lower_third", "fraction_middle_third", "fraction_upper_third", "fraction_above_host")
    assert [found[name] for name in names] == pytest.approx(expected)
    assert found["centre_of_mass_um"] == pytest.approx((low + high) / 2 - 4)


def test_thirds_share_cells_that_they_cut():
    """A host of 20 cells: each third takes a part of the cells at its edges, and all of it adds up."""
    phase = (Z >= 4) & (Z < 24)
    found = measures.where_lithium_lies(pore(), phase * 1.0, SPACING, BOTTOM, 24 * um)
    assert found["fraction_middle_third"] == pytest.approx(1 / 3)
    assert sum(
        found[f"fraction_{t}"] for t in ("lower_third", "middle_third", "upper_third", "above_host")
    ) == pytest.approx(1)


def test_pore_filling():
    found = where(pore(), 0.4 * ((Z >= 4) & (Z < 14)))
    assert found["pore_filling"] == pytest.approx(0.4 / 3)
    by_depth = found["pore_filling_by_depth"]
    assert len(by_depth) == measures.BINS
    assert by_depth == pytest.approx([0.4] * 3 + [0] * 6)


def test_without_lithium_and_without_host():
    none = where(pore(), np.zeros(SHAPE))
    assert none["pore_filling"] == 0
    assert none["top_bottom_index"] is None and none["centre_of_mass_um"] is None
    bare = measures.where_lithium_lies(pore(1.0), (Z == 5) * 1.0, SPACING, BOTTOM, BOTTOM)
    assert bare["centre_of_mass_um"] == pytest.approx(1.5)
    assert bare["pore_filling"] is None and bare["top_bottom_index"] is None


def test_layer_weights_cut_cells():
    weights = measures.layer_weights((5, 2), 1.0, 0.5, 3.25)
    assert weights == pytest.approx([0.5, 1, 1, 0.25, 0])


def columns(height, shape=(40, 64)):
    """Solid up to `height` [cells] of each column, the last cell partly filled."""
    z = np.indices(shape)[0]
    return np.clip(height[None] - z, 0, 1)


def test_roughness_of_a_flat_surface_is_zero_and_of_a_step_half_its_height():
    flat = columns(np.full(64, 10.3))
    assert measures.roughness(1 - flat, 0 * flat, 1.0) == pytest.approx(0, abs=1e-12)
    step = columns(np.where(np.arange(64) < 32, 10.0, 16.0))
    assert measures.roughness(1 - step, 0 * step, 1.0) == pytest.approx(3.0)
    assert measures.roughness(np.ones_like(step), step, 0.5) == pytest.approx(1.5)  # lithium alike, in metres


def test_roughness_of_a_wave_is_its_amplitude_over_root_two():
    """Diffuse by a cell, so that the half-filled height is found within cells: to 1 % of the amplitude."""
    height = 20 + 5 * np.sin(2 * np.pi * np.arange(64) / 64)
    z = np.indices((40, 64))[0] + 0.5
    smooth = 0.5 * (1 + np.tanh((height - z) / 2))
    assert measures.roughness(np.ones_like(smooth), smooth, 1.0) == pytest.approx(5 / np.sqrt(2), rel=0.01)


def run(potential, charge=None, **columns):
    potential = np.asarray(potential, float)
    charge = np.linspace(0, 1, len(potential)) * 0.02 * mAh_per_cm2 if charge is None else np.asarray(charge)
    return {"time": charge / 5.0, "charge": charge, "potential": potential, **columns}


def test_spike_is_the_tip():
    potential = np.array([0, -0.02, -0.06, -0.095, -0.05, -0.03, -0.03, -0.03])
    spike = measures.nucleation_spike(run(potential))
    assert spike.potential == -0.095
    assert spike.charge == pytest.approx(3 / 7 * 0.02 * mAh_per_cm2)
    assert spike.time == pytest.approx(spike.charge / 5.0)


@pytest.mark.parametrize(
    "potential",
    [
        np.linspace(0, -0.1, 20),  # only falls
        -0.03 * (1 - np.exp(-np.arange(20.0))),  # levels out
        np.r_[0, -0.0300, -0.0310, -0.0300, -0.0300],  # a millivolt is no spike
        np.r_[0, 0.5, 0.3, 0.5],  # insertion above lithium
        np.r_[-0.237, -0.1, -0.05, -0.03],  # a full host that starts below 0 V
        [],
    ],
    ids=["falls", "plateau", "1 mV", "insertion", "full host", "nothing yet"],
)
def test_no_spike(potential):
    assert measures.nucleation_spike(run(potential)) is None


def test_a_slow_recovery_is_no_spike():
    """Within 0.1 mAh/cm2 of the tip, or it is something else: here it takes 0.5."""
    potential = [0, -0.05, -0.03, -0.03]
    assert measures.nucleation_spike(run(potential, np.array([0, 0.1, 0.6, 0.7]) * mAh_per_cm2)) is None
    assert measures.nucleation_spike(run(potential, np.array([0, 0.1, 0.15, 0.7]) * mAh_per_cm2)) is not None


def test_stripping_is_not_taken_for_a_recovery():
    """The potential jumps up when the current turns; that is not nucleation."""
    current = np.array([5.0, 5, 5, -5, -5])
    assert measures.nucleation_spike(run([0, -0.02, -0.03, 0.03, 0.03], current_density=current)) is None


def test_a_lower_current_is_not_taken_for_a_recovery():
    current = np.array([5.0, 5, 5, 1, 1])
    assert measures.nucleation_spike(run([0, -0.02, -0.03, -0.004, -0.004], current_density=current)) is None


def test_current_mismatch():
    history = {"current_density": np.array([5.0, -5.0, 0.0]), "collector_current": np.array([5.0, -5.05, 0.3])}
    assert measures.current_mismatch(history) == pytest.approx(0.01)
    assert measures.current_mismatch({"current_density": np.zeros(2), "collector_current": np.ones(2)}) == 0
