"""What pores let through between cells: slits, walls and rims with known answers, a host against finer cells."""

import numpy as np
import pytest

from phasefield import build, effective_conductivity
from phasefield.conduction import between_plates
from phasefield.config import compose
from phasefield.host.geometry import in_halves
from phasefield.host.measures import conductivities, ionic_conductivity
from phasefield.host.passages import passages, series, with_host

B = 1.5


def through(faces, ends):
    return between_plates(faces, np.stack(ends)).effective_conductivity


def test_of_diffuse_cells_alone_it_is_the_harmonic_mean_of_their_conductivities():
    pore = np.random.default_rng(0).uniform(0.1, 1, (6, 5, 4))
    faces = passages(pore, B)
    k = pore**B
    for axis, face in enumerate(faces):
        expected = 2 / (1 / k + 1 / np.roll(k, -1, axis))
        if axis == 0:
            expected[-1] = 0
        assert np.allclose(face, expected, rtol=1e-14)


@pytest.mark.parametrize("ndim", [2, 3])
def test_even_cells_have_the_same_with_halves_and_without(ndim):
    pore = np.full((6, 5, 4)[:ndim], 0.4)
    for with_halves, without in zip(passages(pore, B, in_halves(pore)), passages(pore, B), strict=True):
        assert np.allclose(with_halves, without, rtol=1e-14)


def test_slit_half_a_cell_wide_conducts_by_its_width():
    """Straight up through a solid; the pore fraction to the power of 1.5 would take three tenths of it."""
    halves = np.zeros((16, 8))
    halves[:, 3] = 1
    pore = np.full((8, 4), 0.01)
    pore[:, 1] = 0.5
    faces = passages(np.where(pore < 0.05, 0, pore), B, halves)
    assert np.allclose(faces[0][:-1, 1], 0.5) and not faces[0][:, [0, 2, 3]].any() and not faces[1].any()


@pytest.mark.parametrize("axis", [0, 1])
def test_wall_half_a_cell_thick_closes_the_way_whatever_its_diffuse_rim_lets_through(axis):
    halves = np.ones((16, 16))
    pore = np.ones((8, 8))
    at = [slice(None)] * 2
    at[axis] = 9
    halves[tuple(at)] = 0
    at[axis] = 4
    pore[tuple(at)] = 0.5
    faces = passages(pore, B, halves)
    at[axis] = [3, 4]
    below, above = np.moveaxis(faces[axis][tuple(at)], axis, 0)
    assert (below == 1).all() and (above == 0).all()  # its open half is joined to the pore below, and it hangs nowhere


def test_rims_hang_on_their_most_open_neighbours_and_lead_nowhere():
    """Diffuse pore everywhere, and none of it sharp: each cell is joined to a more open one, in trees."""
    pore = np.random.default_rng(1).uniform(0.05, 0.5, (12, 9, 10))
    faces = passages(pore, B, np.zeros((24, 18, 20)))
    beside = [np.roll(pore, shift, axis) for axis in range(3) for shift in (1, -1)]
    beside[0][0], beside[1][-1] = 0, 0
    tops = np.count_nonzero(pore > np.max(beside, axis=0))
    assert sum(np.count_nonzero(face) for face in faces) == pore.size - tops  # a forest has as many edges
    assert through(faces, [pore[0], pore[-1]]) < 1e-12  # of `between_plates`, which gives voids 1e-13
    for axis, face in enumerate(faces):
        held = face > 0
        assert np.allclose(face[held], series(pore, np.roll(pore, -1, axis))[held])


def test_nothing_gets_into_cells_that_do_not_react():
    pore = np.random.default_rng(2).choice([0.0, 0.3, 1.0], (8, 8, 8))
    for axis, face in enumerate(passages(pore, B, np.ones((16, 16, 16)))):
        closed = (pore == 0) | (np.roll(pore, -1, axis) == 0)
        assert not face[closed].any()
        closed |= np.arange(8)[:, None, None] == 7 if axis == 0 else False
        assert (face[~closed] == 1).all()


def test_moves_with_the_host_across_its_sides():
    rng = np.random.default_rng(3)
    pore, halves = rng.uniform(0.1, 1, (6, 8)), rng.uniform(0, 1, (12, 16))
    moved = passages(np.roll(pore, 3, 1), B, np.roll(halves, 6, 1))
    for here, there in zip(passages(pore, B, halves), moved, strict=True):
        assert np.array_equal(np.roll(here, 3, 1), there)


def test_with_host_is_the_electrolyte_alone_where_there_is_no_host_and_in_series_where_they_meet():
    assert with_host(0.3, (0.2, 0.5), (0.0, 0.0)) == pytest.approx(0.3)
    assert with_host(0.0, (0.2, 0.0), (0.0, 0.4)) == 0  # pore here, solid there
    assert with_host(series(0.2, 0.5), (0.2, 0.5), (0.1, 0.4)) == pytest.approx(series(0.3, 0.9))


@pytest.mark.parametrize("cell", [1.0, 0.5])
def test_pores_of_a_host_conduct_what_they_do_on_finer_cells(cell):
    """4 to 6 % short on both cells; from the diffuse cells alone 1 % in this packing on 1 um and 9 % on 0.5 um.

    Against their open shares, sharp, which conduct the same within 1 % on 0.5 um and finer.
    """
    base = ["host=cnt", "grid.width_um=16"]
    sharp = build.geometry(compose([*base, "grid.spacing_um=0.5", "host.diffuse_cells=0"]))
    right = effective_conductivity(sharp.pore[sharp.planes].clip(0))
    host = build.geometry(compose([*base, f"grid.spacing_um={cell}"]))
    assert -0.065 < ionic_conductivity(host, 1.0) / right - 1 < -0.02


def test_electrolyte_and_a_host_that_conducts_ions_do_what_they_do_with_sharp_walls():
    """4 % short on 1 um. From the diffuse cells alone 11 %: few ions got into LLTO through the rim of its walls."""
    base = ["host=llto", "grid.width_um=16"]
    conducted = []
    for more in (["grid.spacing_um=0.5", "host.diffuse_cells=0"], []):
        config = compose([*base, *more])
        host, electrolyte = build.geometry(config), build.electrolyte(config)
        solid, _ = conductivities(host, build.assembly.phases(config, host.names))
        if more:
            everywhere = electrolyte.conductivity * host.pore.clip(0) + solid
            conducted.append(effective_conductivity(everywhere[host.planes]))
        else:
            conducted.append(ionic_conductivity(host, electrolyte.conductivity, B, solid))
    sharp, found = conducted
    assert -0.06 < found / sharp - 1 < 0
