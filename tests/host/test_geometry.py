"""Diffuse fractions: conserved, bounded, periodic; areas of known bodies."""

import numpy as np
import pytest

from phasefield.connectivity import joined_to, label_periodic, reaches
from phasefield.host.geometry import (
    SMALLEST_REACTIVE_PORE,
    HostError,
    assemble,
    check_box,
    diffuse,
    overlap,
    surface_density,
)
from phasefield.units import um


def ball(shape, radius, centre=None):
    """Occupancy of a ball, its rim partly filled."""
    centre = [n / 2 for n in shape] if centre is None else centre
    away = [(np.arange(n) + 0.5 - c) for n, c in zip(shape, centre, strict=True)]
    away = [away[0], *(a - n * np.round(a / n) for a, n in zip(away[1:], shape[1:], strict=True))]
    distance = np.sqrt(sum(a**2 for a in np.meshgrid(*away, indexing="ij", sparse=True)))
    return np.clip(radius - distance + 0.5, 0.0, 1.0)


def test_diffuse_keeps_the_volume_and_wraps_sideways():
    mask = np.zeros((20, 16))
    mask[8:12, :2] = 1
    smooth = diffuse(mask)
    assert smooth.sum() == pytest.approx(mask.sum())
    assert smooth[10, -1] == pytest.approx(smooth[10, 2])  # the mirror image of cell 2 about the middle of the mask
    assert np.allclose(np.roll(diffuse(mask), 5, 1), diffuse(np.roll(mask, 5, 1)))
    assert np.array_equal(diffuse(mask, 0.0), mask)


def test_diffuse_does_not_mix_top_and_bottom():
    mask = np.zeros((20, 8))
    mask[0] = 1
    assert diffuse(mask)[-1].max() == 0
    mask[:] = 1
    assert np.allclose(diffuse(mask), 1)


@pytest.mark.parametrize("cells", [0.0, 1.0, 2.0])
@pytest.mark.parametrize("shape, exact", [((40, 40, 40), 4 * np.pi * 12**2), ((40, 40), 2 * np.pi * 12)])
def test_surface_of_a_sphere(cells, shape, exact):
    spacing = 0.5 * um
    area = surface_density(diffuse(ball(shape, 12), cells), spacing).sum() * spacing
    assert area == pytest.approx(exact, rel=0.03 if cells else 0.06)


def test_both_walls_of_a_thin_gap_count():
    occupancy = np.ones((9, 8))
    occupancy[4] = 0
    assert surface_density(occupancy, 1.0).sum() / 8 == pytest.approx(2.0)


def test_overlap_of_a_layer_with_cells():
    assert overlap(4, 1.0, 0.25, 2.5) == pytest.approx([0.75, 1, 0.5, 0])


def test_assembled_host_is_joined_to_the_collector_and_stays_bounded():
    dense = assemble({"llto": np.ones((24, 8))}, (24, 8), 1 * um, 3 * um, 15 * um, 1.0, coating=("cnt", 0.1 * um))
    assert dense.names == ("collector", "llto", "cnt")
    assert dense.fractions.min() >= 0 and dense.fractions.sum(axis=0).max() <= 1 + 1e-12
    assert dense.pore[2:12].max() < 1e-6  # no gap between collector and host
    assert dense.fractions[2][:12].max() < 1e-6  # nothing to coat there
    assert dense.fractions[2].sum() / 8 == pytest.approx(0.1, rel=0.05)  # 0.1 um on the flat top
    assert dense.pore[-1] == pytest.approx(np.ones(8))


def test_coating_volume_is_area_times_thickness():
    occupancy = ball((48, 40, 40), 12, (24, 1, 1))
    coated = assemble({"llto": occupancy}, occupancy.shape, 1 * um, 3 * um, 40 * um, coating=("cnt", 0.2 * um))
    assert coated.fractions[2].sum() == pytest.approx(4 * np.pi * 12**2 * 0.2, rel=0.05)


@pytest.mark.parametrize("cells", [0.0, 1.0])
def test_surface_of_a_host_counts_walls_top_and_bare_collector(cells):
    """A block that covers half of the collector, 15 um high and 8 um wide: 16 um of floor, top and two walls."""
    solid = np.zeros((32, 16))
    solid[:, :8] = 1
    host = assemble({"llto": solid}, solid.shape, 1 * um, 3 * um, 15 * um, diffuse_cells=cells)
    assert host.surface.sum() * um**2 == pytest.approx((16 + 2 * 15) * um, rel=0.02)
    bare = assemble({}, (32, 16), 1 * um, 3 * um, 0.0, diffuse_cells=cells)
    assert bare.surface.sum() * um**2 == pytest.approx(16 * um, rel=0.005)  # a tail of the Gaussian leaves the box


@pytest.mark.parametrize("offset", [0.0, 0.2, 0.5, 0.8])
def test_no_surface_is_lost_in_cells_too_small_to_react(offset):
    """A flat collector, wherever it lies between the cells' centres: 98 % of its area is where lithium can be."""
    host = assemble({}, (32, 8), 1 * um, (6 + offset) * um, 0.0, 0.6)
    reacts = host.pore >= SMALLEST_REACTIVE_PORE
    assert host.surface[reacts].sum() * um / 8 == pytest.approx(1, abs=0.02)
    assert host.surface[~reacts].sum() * um / 8 < 0.02


@pytest.mark.parametrize(
    "arguments, words",
    [
        (((10,), 1.0, 0.0, 1.0), "2 or 3"),
        (((2, 8), 1.0, 0.0, 1.0), "at least 4"),
        (((8, 8), 0.0, 0.0, 1.0), "spacing"),
        (((8, 8), 1.0, -1.0, 1.0), "collector_thickness"),
        (((8, 8), 1.0, 3.0, 4.0), "more cells in z"),
    ],
)
def test_boxes_that_cannot_be(arguments, words):
    with pytest.raises(HostError, match=words):
        check_box(*arguments)


def test_parts_hang_together_around_the_sides_but_not_over_the_top():
    mask = np.zeros((6, 8), dtype=bool)
    mask[:3, 0] = mask[2:5, 7] = True  # one part, across the side
    mask[5, 3] = True
    labels, count = label_periodic(mask)
    assert count == 2 and labels[0, 0] == labels[4, 7] != labels[5, 3] and (labels[~mask] == 0).all()
    assert not reaches(mask, 0, 5).any()
    assert reaches(mask, 0, 4).sum() == 6
    assert joined_to(mask, 5).sum() == 1


def test_labels_of_a_full_and_of_an_empty_mask():
    for full in (True, False):
        labels, count = label_periodic(np.full((4, 5, 6), full))
        assert count == int(full) and (labels == int(full)).all()
