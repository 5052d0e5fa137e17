"""The recipe of the reference host gives the volume fractions worked out by hand."""

import pytest

from phasefield.host import HostError, burn_out, volume_fractions
from phasefield.units import g_per_cm3, um

DENSITY = {
    name: value * g_per_cm3
    for name, value in {"llto": 4.83, "cnt": 1.8, "binder": 1.12, "dispersant": 1.124, "porogen": 1.18}.items()
}
SLURRY = {"llto": 52.5, "cnt": 5.0, "binder": 6.0, "dispersant": 1.0, "porogen": 27.5}
BURNT = ("binder", "dispersant", "porogen")


@pytest.mark.parametrize(
    "cnt, expected",
    [(5.0, (25.2, 6.4, 12.4, 2.1, 54.0)), (0.25, (26.8, 0.34, 13.2, 2.2, 57.5))],
    ids=["5 % dry CNT", "slurry of 5 % solids"],
)
def test_reference_slurry(cnt, expected):
    fractions = volume_fractions(SLURRY | {"cnt": cnt}, DENSITY)
    assert [100 * f for f in fractions.values()] == pytest.approx(expected, abs=0.06)
    assert sum(fractions.values()) == pytest.approx(1.0)


def test_burn_out_shrinks_the_film_to_the_measured_porosity():
    left = burn_out(volume_fractions(SLURRY, DENSITY), BURNT, DENSITY, porosity=0.46, thickness=45 * um)
    assert left.porosity == pytest.approx(0.684, abs=0.002)
    assert left.volume_ratio == pytest.approx(0.58, abs=0.01)
    assert left.fractions["llto"] == pytest.approx(0.43, abs=0.005)
    assert left.fractions["cnt"] == pytest.approx(0.11, abs=0.005)
    assert sum(left.solid_shares.values()) == pytest.approx(1.0)
    assert left.areal_mass["llto"] == pytest.approx(9.3e-2, rel=0.01)  # 9.3 mg/cm2


def test_lithiation_capacity_of_the_film_matters():
    left = burn_out(volume_fractions(SLURRY, DENSITY), BURNT, DENSITY, porosity=0.46, thickness=45 * um)
    capacity = left.areal_mass["llto"] * 225 * 3600 / 3.6e4  # mAh/cm2 at 225 mAh/g
    assert capacity == pytest.approx(2.1, abs=0.05)


@pytest.mark.parametrize(
    "weights, density, words",
    [
        ({"llto": 1.0, "gold": 1.0}, DENSITY, "gold"),
        ({"llto": -1.0}, DENSITY, "-1.0"),
        ({"llto": 1.0}, {"llto": 0.0}, "positive"),
        ({"llto": 0.0}, DENSITY, "nothing"),
        ({"llto": float("nan")}, DENSITY, "nan"),
    ],
)
def test_recipe_errors(weights, density, words):
    with pytest.raises(HostError, match=words):
        volume_fractions(weights, density)


@pytest.mark.parametrize(
    "change, words",
    [
        ({"porosity": 1.0}, "porosity is 1.0"),
        ({"thickness": 0.0}, "thickness"),
        ({"removed": ("sugar",)}, "sugar"),
        ({"removed": tuple(SLURRY)}, "everything burns out"),
    ],
)
def test_burn_out_errors(change, words):
    arguments = {"removed": BURNT, "density": DENSITY, "porosity": 0.46, "thickness": 45 * um} | change
    with pytest.raises(HostError, match=words):
        burn_out(volume_fractions(SLURRY, DENSITY), **arguments)
