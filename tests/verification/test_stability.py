"""Waves on a flat front: linear stability itself, and the model against it on 32 cells a wavelength.

The study (`scripts/validation/stability.py`) has finer cells, more currents and what each error hangs on. Here a front
of half a cell is a tenth of the inverse wavenumber; differences are held in units of v k, the growth of a wave whose
crests draw all the current that their height can give them.
"""

from dataclasses import replace

import numpy as np
import pytest

from phasefield.units import FARADAY, um
from validation import films, stability

CELLS = 32
WAVE = 64.0 * um
EVEN_SALT = replace(films.ELECTROLYTE, diffusivity=films.NO_DEPLETION)


def metal(**changed):
    return replace(films.LITHIUM, **changed)


def error(rate_and_theory, wavelength, current_density):
    """(model - theory)/(v k), theory/(v k)."""
    rate, theory = rate_and_theory
    fastest = films.speed(current_density) * 2 * np.pi / wavelength
    return (rate - theory) / fastest, theory / fastest


@pytest.mark.parametrize("exchange", [1.0, 100.0, 1e4])
def test_depletion_vanishes_with_fast_diffusion(exchange):
    """Two solutions of the linear problem, one closed, one by finite volumes, agree where the salt stays even."""
    k, gap, lithium = 2 * np.pi / WAVE, 96 * um, metal(exchange_current_density=exchange, surface_energy=20.0)
    closed = stability.growth_rate(k, 50.0, gap, lithium, EVEN_SALT.conductivity)
    fast = replace(films.ELECTROLYTE, diffusivity=1e-3)
    solved = stability.growth_rate_with_depletion(k, 50.0, gap, lithium, fast, fast.concentration)
    assert solved == pytest.approx(closed, rel=1e-3)


def test_limits_of_theory():
    """Fast kinetics: v k, as of a grounded conductor. Slow: i G/kappa of height. Neutral: k^2 = i/(kappa U)."""
    k, gap, i = 2 * np.pi / WAVE, 1.0, 50.0
    fast = stability.growth_rate(k, i, gap, metal(exchange_current_density=1e9), 0.2)
    assert fast == pytest.approx(films.speed(i) * k, rel=1e-3)
    slow = stability.growth_rate(k, i, gap, metal(exchange_current_density=0.01), 20.0)
    slope = stability.slope_of_kinetics(i, 0.01)
    assert slow == pytest.approx(films.speed(i) * slope / 20.0, rel=0.01)
    energy = i * FARADAY / (0.2 * films.LITHIUM.molar_volume * k**2)
    assert abs(stability.growth_rate(k, i, gap, metal(surface_energy=energy), 0.2)) < 1e-9 * fast


def test_growth_of_a_wave_under_kinetics_and_electrolyte_in_series():
    """Wagner number 4.9 and 0.51: 0.17 and 0.66 of v k. The front adds 0.007 to the first and 0.17 to the second; the
    study shows how that shrinks with the cell."""
    assert error(stability.measured(WAVE, 50.0, cells=CELLS), WAVE, 50.0)[0] == pytest.approx(0, abs=0.015)
    fast = metal(exchange_current_density=1e3)
    assert error(stability.measured(WAVE, 50.0, cells=CELLS, lithium=fast), WAVE, 50.0)[0] == pytest.approx(0, abs=0.2)


@pytest.mark.parametrize(("wavelength", "grows"), [(32 * um, False), (128 * um, True)])
def test_capillarity_flattens_short_waves_only(wavelength, grows):
    """The neutral wavelength is 46 um for this surface energy, far above lithium's 0.5 J/m2, at 50 A/m2."""
    lithium = metal(surface_energy=stability.ENHANCED)
    rate, theory = stability.measured(wavelength, 50.0, cells=CELLS, lithium=lithium)
    assert (rate > 0) == (theory > 0) == grows
    assert error((rate, theory), wavelength, 50.0)[0] == pytest.approx(0, abs=0.035)


def test_depletion_makes_waves_grow_faster():
    """At 0.6 of the limiting current a wave grows at nearly three times its rate in even salt, relative to v k."""
    i = 0.6 * films.limiting_current(stability.HEIGHTS * 0.75 * WAVE)
    off, theory = error(stability.measured(WAVE, i, cells=CELLS, electrolyte=films.ELECTROLYTE, depleted=True), WAVE, i)
    assert theory > 2 * 0.17
    assert off == pytest.approx(0, abs=0.075)
