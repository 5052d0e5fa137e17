"""Fronts drawn by hand against the sharp-interface problem they stand for: flat, and half a disc on the floor.

The hemisphere in three dimensions and the salt around it are in `scripts/validation/sharp_interface.py`; the slow test
here repeats the shortest of its runs.
"""

import numpy as np
import pytest

from phasefield.units import um
from validation import sharp_interface
from validation.sharp_interface import SPACING, salt_around_a_sphere

SHAPE = (64, 32)  # as in test_stability, so that one program serves both


def test_salt_around_a_sphere_solves_its_problem():
    """The flux at the surface is J at all times; late, c0 - c = J R/D at the surface; the field obeys the equation."""
    radius, flux, diffusivity = 4e-6, 1e-4, 2e-11

    def lost(r, t):
        return salt_around_a_sphere(r, radius, t, flux, diffusivity)

    step = 1e-9
    for t in (0.05, 0.5, 5.0):
        slope = (-lost(radius + 2 * step, t) + 4 * lost(radius + step, t) - 3 * lost(radius, t)) / (2 * step)
        assert slope == pytest.approx(-flux / diffusivity, rel=1e-4)
        r = 1.5 * radius
        laplacian = (
            (r + step) * lost(r + step, t) - 2 * r * lost(r, t) + (r - step) * lost(r - step, t)
        ) / (r * step**2)  # fmt: skip
        rate = (lost(r, t * (1 + 1e-5)) - lost(r, t * (1 - 1e-5))) / (2e-5 * t)
        assert rate == pytest.approx(diffusivity * laplacian, rel=1e-2)
    assert lost(radius, 1e7) == pytest.approx(flux * radius / diffusivity, rel=1e-2)


def test_flat_front_moves_by_the_charge():
    """In steps of a fifth of a cell. Lithium to the solver's tolerance; the contour to a hundredth of a cell; the
    overpotential to 2 %, the mean over a front of a cell's width."""
    (by_contour, by_lithium, passed), (eta, kinetics) = sharp_interface.flat_front(shape=SHAPE)
    assert by_lithium == pytest.approx(passed, rel=1e-9)
    assert by_contour == pytest.approx(passed, abs=0.01 * um)
    assert eta == pytest.approx(kinetics, rel=0.02)


def test_half_a_disc_stays_one_under_kinetic_control():
    """From 5 to 11 cells of radius, in all directions of the grid: 3 % of the radius is 0.3 cells at the end, next to
    the floor. The overpotential follows the kinetics at the current over the area, to 2 %."""
    rows = sharp_interface.kinetic_growth(SHAPE)
    for row in rows:
        assert row["radius"] == pytest.approx(row["by_charge"], rel=1e-3)
        assert row["eta"] == pytest.approx(row["kinetics"], rel=0.02)
    last = rows[-1]
    assert last["radius"] > 10.5 * SPACING
    assert np.array(list(last["rays"].values())) / last["contour"] == pytest.approx(1, abs=0.03)


@pytest.mark.slow
def test_salt_around_a_hemisphere():
    """Carslaw and Jaeger's sphere of constant flux, three cells off the front, from 0.1 to 1 R^2/D: to half a per cent
    of the loss J R/D that the surface reaches in the end, 75 mol/m3."""
    for moment in sharp_interface.transient_salt():
        outside = np.flatnonzero(moment["distance"] > moment["radius"] + 3 * SPACING)[0]
        assert moment["lost"][outside] == pytest.approx(moment["theory"][outside], abs=0.4)
