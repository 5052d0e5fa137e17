"""Conduction through fields whose effective conductivity is known."""

import doctest

import numpy as np
import pytest

from phasefield import conduction
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


def simple_cubic_array(n, fraction, parts):
    """Open share of each of n^3 cells around an insulating sphere, from `parts` points a side."""
    radius = (3 * fraction / (4 * np.pi)) ** (1 / 3)
    x = (np.arange(n * parts) + 0.5) / (n * parts) - 0.5
    outside = (x[:, None, None] ** 2 + x[:, None] ** 2 + x**2) > radius**2
    return outside.reshape(n, parts, n, parts, n, parts).mean((1, 3, 5))


@pytest.mark.parametrize(("fraction", "exact"), [(0.2, 0.7267), (0.4, 0.4903)])
def test_simple_cubic_array_of_insulating_spheres(fraction, exact):
    """Rayleigh 1892, with the series of McPhedran & McKenzie, Proc. R. Soc. A 359 (1978) 45.

    Partly filled voxels, each with its open share, and arithmetic faces: second order in the voxel."""
    coarse, fine = (effective_conductivity(simple_cubic_array(n, fraction, 8), mean="arithmetic") for n in (12, 24))
    assert abs(coarse / exact - 1) < 0.015
    assert abs(fine / exact - 1) < 0.004
    assert (4 * fine - coarse) / 3 == pytest.approx(exact, rel=0.002)  # Richardson's


@pytest.mark.parametrize(("fraction", "exact", "sharp"), [(0.2, 0.7267, 0.05), (0.4, 0.4903, 0.06)])
def test_simple_cubic_array_with_harmonic_faces(fraction, exact, sharp):
    """Harmonic faces close the surface cells of a sphere too much: some 3 and 4 % where the voxels are sharp, 1 and 2 %
    where they are partly filled, shrinking with the voxel."""
    assert (1 - sharp) * exact < effective_conductivity(simple_cubic_array(20, fraction, 1)) < exact
    assert 0.97 * exact < effective_conductivity(simple_cubic_array(20, fraction, 8)) < exact


def test_direction_does_not_matter_for_an_isotropic_array():
    outside = sum((x - 3.5) ** 2 for x in np.indices(CUBE)) > 8
    first = effective_conductivity(outside.astype(float), 0)
    assert effective_conductivity(outside.astype(float), 2) == pytest.approx(first, rel=1e-6)


@pytest.mark.parametrize("shape", [(17, 17), (1, 5), (5, 1), (9, 1, 6)])
@pytest.mark.parametrize("sides", ["periodic", "closed"])
def test_any_lengths_and_either_sides(shape, sides):
    """Plates of unequal thickness, on sides that cannot be halved."""
    field = np.ones(shape)
    thick = max(1, shape[0] // 3)
    field[:thick] = 10.0
    series = shape[0] / (thick / 10 + shape[0] - thick)
    assert effective_conductivity(field, sides=sides) == pytest.approx(series, rel=1e-7)
    field = np.ones(shape)
    field[:, : max(1, shape[1] // 3)] = 10.0
    assert effective_conductivity(field, sides=sides) == pytest.approx(field[0].mean(), rel=1e-7)


def dense_conductivity(field, closed):
    """Effective conductivity along axis 0 from a dense solution of the network of half-cell resistances."""
    cells = np.arange(field.size).reshape(field.shape)
    matrix, b = np.zeros((field.size, field.size)), np.zeros(field.size)
    for axis in range(field.ndim):
        i, j = cells, np.roll(cells, -1, axis)
        if axis == 0 or closed:
            i, j = (u.take(range(field.shape[axis] - 1), axis) for u in (i, j))
        for one, other in zip(i.ravel(), j.ravel(), strict=True):
            g = 2 / (1 / field.flat[one] + 1 / field.flat[other])
            matrix[[one, other], [one, other]] += g
            matrix[[one, other], [other, one]] -= g
    for plate in (0, -1):
        matrix[cells[plate].ravel(), cells[plate].ravel()] += 2 * field[plate].ravel()
    b[cells[-1].ravel()] = 2 * field[-1].ravel()
    potential = np.linalg.solve(matrix, b).reshape(field.shape)
    return 2 * np.sum(field[0] * potential[0]) * field.shape[0] / field[0].size


@pytest.mark.parametrize("shape", [(17, 17), (7, 9, 5)])
@pytest.mark.parametrize("sides", ["periodic", "closed"])
def test_random_fields_against_a_dense_solution(shape, sides):
    field = 10.0 ** np.random.default_rng(1).uniform(-3, 3, shape)
    assert effective_conductivity(field, sides=sides) == pytest.approx(
        dense_conductivity(field, sides == "closed"), rel=1e-8
    )


def test_a_path_through_the_seam_counts_only_where_the_sides_are_periodic():
    mask = np.zeros(SQUARE, bool)
    mask[:9, 0] = mask[8:, -1] = True
    assert tortuosity_factor(mask, sides="closed") == np.inf
    # 15 bonds along, one across, two half cells at the plates; 17 of 256 cells conduct
    assert tortuosity_factor(mask) == pytest.approx((17 / 256) / (16 / (17 * 16)), rel=1e-7)


@pytest.mark.parametrize(("contrast", "rounding"), [(1e3, 1e-12), (1e10, 1e-5)])
def test_the_error_bounds_what_the_iteration_leaves(contrast, rounding):
    """Below the percolation threshold, so that both conductors share the work. At 1e10 float64 itself leaves some
    1e-6 in the currents, of either solution."""
    field = np.where(np.random.default_rng(3).random((17, 17)) < 0.4, 1.0, 1 / contrast)
    result = conduct(field)
    exact = dense_conductivity(field, closed=False)
    assert result.error < 1e-8 + rounding
    assert abs(result.effective_conductivity / exact - 1) < result.error + rounding


@pytest.mark.parametrize(
    ("field", "arguments", "message"),
    [
        (np.where(np.eye(16) > 0, -1.0, 1.0), {}, "conductivity is -1; it must be zero or positive"),
        (np.where(np.eye(16) > 0, np.nan, 1.0), {}, "not finite"),
        (np.where(np.eye(16) > 0, np.inf, 1.0), {}, "not finite"),
        (np.ones(16), {}, "2D or 3D"),
        (1.0, {}, "2D or 3D"),
        (np.ones((4, 4, 4, 4)), {}, "2D or 3D"),
        (np.ones((0, 4)), {}, r"empty, of shape \(0, 4\)"),
        (np.full((4, 4), "copper"), {}, "type <U6; it must be a 2D or 3D array of real numbers"),
        (np.ones((4, 4), complex), {}, "type complex128; it must be a 2D or 3D array of real numbers"),
        ([[1.0, 2.0], [3.0]], {}, r"is \[\[1.0, 2.0\], \[3.0\]\]; it must be"),
        (np.ones((16, 16)), {"axis": 2}, "axis is 2; .* axes 0 to 1"),
        (np.ones((16, 16)), {"axis": -3}, "axes 0 to 1"),
        (np.ones((16, 16)), {"axis": 0.5}, "axis is 0.5; give an integer"),
        (np.ones((16, 16)), {"axis": "z"}, "axis is 'z'; give an integer"),
        (np.ones((16, 16)), {"sides": "open"}, 'sides is \'open\'; choose "periodic" or "closed"'),
        (np.ones((16, 16)), {"mean": "geometric"}, 'mean is \'geometric\'; choose "harmonic" or "arithmetic"'),
    ],
)
def test_fields_it_refuses(field, arguments, message):
    with pytest.raises(ConductionError, match=message):
        conduct(field, **arguments)


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (np.arange(16).reshape(4, 4) % 3, r"values 0, 1, 2; .*image == label"),
        (np.full((4, 4), 0.5), r"values 0.5; .*effective_conductivity"),
        (np.full((4, 4), np.nan), "not finite"),
        (np.ones(4, bool), "mask has 1 dimensions"),
    ],
)
def test_masks_it_refuses(mask, message):
    with pytest.raises(ConductionError, match=message):
        tortuosity_factor(mask)


def test_masks_of_zeros_and_ones_are_masks():
    assert tortuosity_factor(np.ones(SQUARE, int)) == pytest.approx(1, rel=1e-9)


def test_examples_in_the_docstrings():
    assert doctest.testmod(conduction).failed == 0
