"""What a charge is in lithium, and what a host holds: arithmetic that nobody may tune."""

import numpy as np
import pytest
from cases import LITHIUM

from phasefield import units
from phasefield.units import FARADAY, GAS_CONSTANT, mA_per_cm2, mAh_per_cm2, nm, um

THICKNESS_OF_A_CHARGE = LITHIUM.molar_volume / FARADAY  # m of dense lithium per C/m2


def test_constants_are_codata():
    """CODATA 2018: F = e N_A and R = k_B N_A, all four of them exact."""
    assert pytest.approx(1.602176634e-19 * 6.02214076e23, rel=1e-9) == FARADAY
    assert pytest.approx(1.380649e-23 * 6.02214076e23, rel=1e-9) == GAS_CONSTANT


def test_units():
    """1 mA/cm2 for an hour is 1 mAh/cm2; the others by their names."""
    assert mA_per_cm2 * units.hour == mAh_per_cm2
    assert (units.um, units.nm, units.mV) == (1e-6, 1e-9, 1e-3)
    assert units.mS_per_cm == pytest.approx(1e-3 / 1e-2)
    assert units.mol_per_L == pytest.approx(1 / 1e-3)
    assert units.g_per_cm3 == pytest.approx(1e-3 / 1e-6)
    assert units.mAh_per_g == pytest.approx(1e-3 * 3600 / 1e-3)


def test_thickness_of_lithium():
    assert mAh_per_cm2 * THICKNESS_OF_A_CHARGE / um == pytest.approx(4.850, abs=5e-4)
    assert 3.3 * mAh_per_cm2 * THICKNESS_OF_A_CHARGE / um == pytest.approx(16.00, abs=0.01)


def test_speed_of_a_planar_front():
    assert 0.5 * mA_per_cm2 * THICKNESS_OF_A_CHARGE / nm == pytest.approx(0.674, abs=5e-4)  # nm/s


def test_what_the_pores_of_the_host_hold():
    full = 45 * um * 0.46 / THICKNESS_OF_A_CHARGE
    assert full / mAh_per_cm2 == pytest.approx(4.27, abs=5e-3)
    filling = 100 * np.array([1, 2, 4]) * mAh_per_cm2 / full
    assert filling == pytest.approx([23.4, 46.9, 93.7], abs=0.05)
