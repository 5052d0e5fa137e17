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


def rough_film_under(ratio):
    """(model, state, current, dt) of a rough film once the salt inside its front has settled, in short steps."""
    model, state = dendrites.rough_film(0.5 * dendrites.SPACING, SHAPE)
    current = ratio * films.limiting_current(dendrites.GAP)
    dt = min(films.sand_time(current) / 50, 0.1 * dendrites.SPACING / films.speed(current))
    for start in (1e-3, 1e-2, 1e-1):
        state, _ = films.march(model, state, current, start * dt, 1)
    return model, state, current, dt


def test_hardly_rougher_below_the_limiting_current():
    """Four cells of lithium on a film of 0.5 cells of roughness at half i_L: a tenth more."""
    model, state, current, dt = rough_film_under(0.5)
    first = dendrites.heights(np.asarray(state.phase), 1.0).std()
    segments = round(4.0 * dendrites.SPACING / films.speed(current) / dt / films.STEPS)
    state, _ = films.march(model, state, current, dt, segments)
    assert 0.9 < dendrites.heights(np.asarray(state.phase), 1.0).std() / first < 1.4


def test_starves_above_the_limiting_current():
    """At 1.2 i_L the same film runs out of salt, 24 % later than a flat sharp electrode, before it has grown a cell."""
    model, state, current, dt = rough_film_under(1.2)
    expected = dendrites.depletion_time(1.2, dendrites.GAP)
    with pytest.raises(RuntimeError, match="a step failed"):
        while float(state.time) < 1.5 * expected:
            state, _ = films.march(model, state, current, dt, 1)
    assert float(state.time) > expected
