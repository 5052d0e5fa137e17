"""The geometries of TauFactor's own tests (tests/test_taufactor.py, github.com/tldr-group/taufactor), with the answers
they state to the decimals they state.

TauFactor's axis 0 is ours. It holds the outer faces of the first and the last plane at fixed values, as we do; the
sides are closed in its `Solver` and `MultiPhaseSolver`, periodic in its `PeriodicSolver`; its tau is the volume
fraction of the conductor (several: their mean conductivity) over the relative effective conductivity.
"""

import numpy as np
import pytest
from scipy import ndimage

from phasefield import effective_conductivity, tortuosity_factor

N = 20


def block(shape=(N, N, N)):
    """Uniform but for one plane along the current."""
    mask = np.ones(shape, bool)
    mask[:, 0] = False
    return mask


def strip():
    """A straight channel of a quarter of the volume."""
    mask = np.zeros((N, N, N), bool)
    mask[:, :10, :10] = True
    return mask


@pytest.mark.parametrize("sides", ["closed", "periodic"])
@pytest.mark.parametrize("mask", [block(), strip()], ids=["uniform block", "strip of ones"])
def test_straight(mask, sides):
    assert round(tortuosity_factor(mask, sides=sides), 5) == 1.0


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(2 * N, N, N), (N, N, 2 * N)])
def test_uniform_rectangular_blocks(shape):
    assert round(tortuosity_factor(block(shape), sides="closed"), 5) == 1.0


@pytest.mark.parametrize("sides", ["closed", "periodic"])
def test_not_percolating(sides):
    mask = np.zeros((N, N, N), bool)
    mask[:2] = True
    assert tortuosity_factor(mask, sides=sides) == np.inf
    dead_end = np.zeros((10, 50, 50), bool)
    dead_end[:8, 25, 25] = True
    assert tortuosity_factor(dead_end, sides=sides) == np.inf


def test_connectivity_follows_the_sides():
    mask = np.zeros((4, 3, 1), bool)
    mask[0, 0] = mask[1, 0] = mask[1, 2] = mask[2, 2] = mask[3, 2] = True
    assert tortuosity_factor(mask, sides="closed") == np.inf
    assert np.isfinite(tortuosity_factor(mask, sides="periodic"))


def test_slanted_strip():
    """Their float32 states 7.51668. As resistors: 18 squares of four crossed from corner to corner (1 each), 19 bonds
    between them and two ends of 7/24; times 4 of 441 cells, over 20 of 441: (37 + 7/12) / 5."""
    mask = np.zeros((N, N + 1, N + 1), bool)
    for i in range(N):
        mask[i, i : i + 2, i : i + 2] = True
    found = tortuosity_factor(mask, sides="closed")
    assert found == pytest.approx((37 + 7 / 12) / 5, rel=1e-7)
    assert found == pytest.approx(7.51668, abs=2e-5)


def several(labels, conductivities):
    """TauFactor's tau of several conductors."""
    field = np.asarray(conductivities)[labels]
    return field.mean() / effective_conductivity(field, sides="closed")


def test_several_conductors_side_by_side():
    labels = np.zeros((N, N, N), int)
    labels[:, :10, :10] = 1
    labels[:, :10, 10:] = 2
    assert round(several(labels, [0.0, 1.0, 0.5]), 4) == 1  # ones and twos
    assert round(several(labels, [1.0, 0.5, 2.0]), 4) == 1  # ones, twos and threes
    assert round(several(np.ones((N, N, N), int), [0.0, 0.5]), 4) == 1  # halves


def test_a_poor_second_conductor_is_as_good_as_none():
    """Their multiphase solver at a conductivity of 1e-4 against the binary one, to 0.02; here at a fifth the size."""
    labels = np.ones((N, N, N), int)
    labels[10:] = 2
    labels[:, :4] = 0
    labels[:, 10:] = 1
    mask = labels == 1
    assert several(labels, [0.0, 1.0, 1e-4]) == pytest.approx(tortuosity_factor(mask, sides="closed"), abs=0.02)


@pytest.mark.parametrize(("sides", "theirs"), [("closed", 2.272072), ("periodic", 1.833728)])
def test_random_pores(sides, theirs):
    """What TauFactor 1.2.1 itself gives, its `conv_crit` at 1e-4 and its default 1e-2 alike; more of them in
    scripts/validation/taufactor.py."""
    noise = ndimage.gaussian_filter(np.random.default_rng(1).normal(size=(N, N, N)), 2.0, mode="wrap")
    assert tortuosity_factor(noise > np.quantile(noise, 0.5), sides=sides) == pytest.approx(theirs, rel=1e-4)
