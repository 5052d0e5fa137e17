"""Above and below the limiting current: when the salt is gone, and whether a rough film gets rougher."""

import numpy as np
import pytest

from phasefield.units import FARADAY
from validation import dendrites, films

SHAPE = (64, 32)  # as in test_stability, so that one program serves both


@pytest.mark.parametrize(("ratio", "expected"), [(1.25, 0.141791), (2.0, 0.049183), (5.0, 0.007854)])
def test_time_of_depletion_in_a_gap(ratio, expected):
    """D t/L^2 of the finite gap, and Sand's time where the other electrode is far."""
    gap = 50e-6
    scale = gap**2 / films.ELECTROLYTE.diffusivity
    assert dendrites.depletion_time(ratio, gap) / scale == pytest.approx(expected, rel=1e-4)
    if ratio == 5.0:
        assert films.sand_time(ratio * films.limiting_current(gap)) / scale == pytest.approx(expected, rel=1e-3)


def test_no_depletion_up_to_the_limiting_current():
    assert dendrites.depletion_time(1.0, 50e-6) is None
    assert films.limiting_current(50e-6) == pytest.approx(2 * FARADAY * 2e-11 * 1500 / (0.5 * 50e-6))


def roughness_over_initial(ratio, cells):
    """After `cells` have been plated, in steps of a fiftieth of Sand's time or of a fifth of a cell."""
    model, state = dendrites.rough_film(0.5 * dendrites.SPACING, SHAPE)
    current = ratio * films.limiting_current(dendrites.GAP)
    dt = min(films.sand_time(current) / 50, 0.2 * dendrites.SPACING / films.speed(current))
    for start in (1e-3, 1e-2, 1e-1):  # the salt inside the front settles in short steps
        state, seen = films.march(model, state, current, start * dt, 1)
    segments = round(cells * dendrites.SPACING / films.speed(current) / dt / films.STEPS)
    first = dendrites.heights(seen["phase"][0], 1.0).std()
    state, _ = films.march(model, state, current, dt, segments)
    return dendrites.heights(np.asarray(state.phase), 1.0).std() / first


def test_rough_below_the_limiting_current_and_much_rougher_above():
    """Four cells of lithium on a film of 0.5 cells of roughness: a tenth more at half i_L, several times at 1.2 i_L."""
    assert 0.9 < roughness_over_initial(0.5, 4.0) < 1.4
    assert roughness_over_initial(1.2, 4.0) > 2.5
