"""Conduction through fields whose effective conductivity is known."""

import numpy as np
import pytest

from phasefield.conduction import ConductionError, conduct, effective_conductivity, tortuosity_factor

SQUARE, CUBE = (16, 16), (8, 8, 8)  # few shapes: each compiles its own program


def layers(shape, axis, values):
    """Plates across `axis`, of equal thickness."""
    index = np.indices(shape)[axis] * len(values) // shape[axis]
    return np.asarray(values, float)[index]


@pytest.mark.parametrize("shape", [SQUARE, CUBE])
def test_uniform_block(shape):
    assert effective_conductivity(np.full(shape, 3.7)) == pytest.approx(3.7, rel=1e-9)
    assert tortuosity_factor(np.ones(shape, bool)) == pytest.approx(1, rel=1e-9)


def test_potential_of_a_uniform_block_is_linear_from_plate_to_plate():
    result = conduct(np.ones(SQUARE), axis=1)
    assert np.allclose(result.potential, (np.arange(16) + 0.5)[None] / 16, atol=1e-9)
    assert result.error < 1e-9


@pytest.mark.parametrize("shape", [SQUARE, CUBE])
@pytest.mark.parametrize("contrast", [10, 1e5, 1e10])
def test_plates_in_series_are_the_harmonic_mean(shape, contrast):
    field = layers(shape, 0, [1, 1 / contrast])
    assert effective_conductivity(field) == pytest.approx(2 / (1 + contrast), rel=1e-6)


@pytest.mark.parametrize("shape", [SQUARE, CUBE])
@pytest.mark.parametrize("contrast", [10, 1e10])
def test_plates_in_parallel_are_the_arithmetic_mean(shape, contrast):
    field = layers(shape, 1, [1, 1 / contrast])
    assert effective_conductivity(field) == pytest.approx((1 + 1 / contrast) / 2, rel=1e-8)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_either_axis(axis):
    other = 1 if axis == 0 else 0
    assert effective_conductivity(layers(SQUARE, axis, [1, 4]), axis) == pytest.approx(1.6, rel=1e-8)
    assert effective_conductivity(layers(SQUARE, other, [1, 4]), axis) == pytest.approx(2.5, rel=1e-8)


@pytest.mark.parametrize("shape", [SQUARE, CUBE])
def test_blocked(shape):
    mask = np.ones(shape, bool)
    mask[shape[0] // 2] = False
    assert effective_conductivity(mask.astype(float)) == 0
    assert tortuosity_factor(mask) == np.inf
    assert tortuosity_factor(np.zeros(shape, bool)) == np.inf
    assert effective_conductivity(np.zeros(shape)) == 0


def test_straight_channels_are_not_tortuous_and_dead_ends_carry_nothing():
    mask = np.zeros(SQUARE, bool)
    mask[:, 4:8] = True
    assert tortuosity_factor(mask) == pytest.approx(1, rel=1e-8)
    with_dead_end = mask.copy()
    with_dead_end[:6, 12:14] = True
    assert effective_conductivity(with_dead_end.astype(float)) == pytest.approx(4 / 16, rel=1e-8)


def test_between_the_bounds_of_wiener_and_scaling_with_the_unit():
    """Any mixture lies between its plates in series and in parallel."""
    field = np.random.default_rng(0).choice([1.0, 50.0], SQUARE)
    found = effective_conductivity(field)
    assert 1 / np.mean(1 / field) < found < field.mean()
    assert effective_conductivity(1e-9 * field) == pytest.approx(1e-9 * found, rel=1e-9)


def test_checkerboard_of_keller():
    """A 2D checkerboard conducts the geometric mean of its squares (Keller, J. Math. Phys. 5 (1964) 548) between plates
    through the middle of its squares. The corners are singular; at 8 cells a square harmonic and arithmetic faces lie
    a few per cent below and above it."""
    z, x = np.indices(SQUARE)
    field = np.where(((z + 4) // 8 + x // 8) % 2, 4.0, 1.0)
    low, high = effective_conductivity(field), effective_conductivity(field, mean="arithmetic")
    assert 1.9 < low < 2 < high < 2.1


@pytest.mark.parametrize(("fraction", "expected", "off"), [(0.2, 0.7267, 0.02), (0.4, 0.4903, 0.04)])
def test_simple_cubic_array_of_insulating_spheres(fraction, expected, off):
    """Rayleigh 1892, with the series of McPhedran & McKenzie, Proc. R. Soc. A 359 (1978) 45. A sharp staircase of 32 a
    period conducts too little, by about half a surface cell of radius: 1.5 and 3.5 %."""
    n = 32
    radius = n * (3 * fraction / (4 * np.pi)) ** (1 / 3)
    centre = (n - 1) / 2
    outside = sum((x - centre) ** 2 for x in np.indices((n, n, n))) > radius**2
    solid = 1 - outside.mean()
    relative = effective_conductivity(outside.astype(float))
    # the voxels' own volume fraction differs a little from the sphere's; hold them against that (Maxwell's slope)
    corrected = expected - 1.5 * (solid - fraction)
    assert relative == pytest.approx(corrected, rel=off)


def test_direction_does_not_matter_for_an_isotropic_array():
    outside = sum((x - 3.5) ** 2 for x in np.indices(CUBE)) > 8
    first = effective_conductivity(outside.astype(float), 0)
    assert effective_conductivity(outside.astype(float), 2) == pytest.approx(first, rel=1e-6)


@pytest.mark.parametrize(
    ("field", "axis", "message"),
    [
        (np.where(np.eye(16) > 0, -1.0, 1.0), 0, "zero or positive"),
        (np.where(np.eye(16) > 0, np.nan, 1.0), 0, "not finite"),
        (np.where(np.eye(16) > 0, np.inf, 1.0), 0, "not finite"),
        (np.ones(16), 0, "2D or 3D"),
        (np.ones((4, 4, 4, 4)), 0, "2D or 3D"),
        (np.ones((16, 16)), 2, "axes 0 to 1"),
        (np.ones((16, 16)), -3, "axes 0 to 1"),
        (np.ones((16, 65, 65)), 0, "power of two"),
    ],
)
def test_fields_it_refuses(field, axis, message):
    with pytest.raises(ConductionError, match=message):
        conduct(field, axis)
