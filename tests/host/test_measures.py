"""Measures of hosts whose measures are known."""

import json
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

from phasefield.host import Geometry, HostError, PackingRequest, describe, generate
from phasefield.host.geometry import assemble
from phasefield.host.measures import conductivities
from phasefield.host.sizes import local_thickness, particle_sizes
from phasefield.units import um


@dataclass(frozen=True)
class Phase:
    name: str
    ionic_conductivity: tuple[float, float] = (0.0, 0.0)
    electronic_conductivity: tuple[float, float] = (0.0, 0.0)


PHASES = (
    Phase("collector", electronic_conductivity=(1e3, 1e3)),
    Phase("llto", (0.068, 0.068), (1e-6, 2.0)),
    Phase("cnt", electronic_conductivity=(100.0, 100.0)),
)


@cache
def plane_host():
    return generate(PackingRequest((80, 64), 1 * um), 0)


def slab(pore_fraction, thickness=20):
    """A host of one fraction throughout, without diffuse edges."""
    solid = np.full((thickness + 8, 8), 1 - pore_fraction)
    return assemble({"llto": solid}, solid.shape, 1 * um, 3 * um, thickness * um, diffuse_cells=0.0)


@pytest.mark.parametrize("shape", [(36, 36), (36, 36, 36)])
def test_pore_size_of_a_sphere(shape):
    away = np.meshgrid(*[np.arange(n) - 5.0 if a else np.arange(n) - 18.0 for a, n in enumerate(shape)], indexing="ij")
    away = [away[0], *(x - 36 * np.round(x / 36) for x in away[1:])]  # across the periodic sides
    sphere = sum(x**2 for x in away) < 12**2
    sizes = local_thickness(sphere, 0.5 * um)
    assert sizes.d50 == pytest.approx(12 * um, rel=0.05)
    assert sizes.d10 == pytest.approx(12 * um, rel=0.1)
    assert sizes.cumulative[-1] == pytest.approx(1.0)


def test_pore_sizes_of_two_spheres_are_weighted_with_volume():
    z, y, x = np.ogrid[:24, :48, :24]
    large = (z - 12) ** 2 + (y - 12) ** 2 + (x - 12) ** 2 < 10**2
    small = (z - 12) ** 2 + (y - 36) ** 2 + (x - 12) ** 2 < 5**2
    sizes = local_thickness(large | small, 1.0, steps=24)
    share = dict(zip(sizes.diameter, sizes.cumulative, strict=True))
    below = max(value for diameter, value in share.items() if diameter < 14)
    assert below == pytest.approx(small.sum() / (small.sum() + large.sum()), abs=0.03)
    assert sizes.d90 == pytest.approx(20, rel=0.06)


def test_pore_size_of_a_slit():
    mask = np.zeros((20, 40), dtype=bool)
    mask[:, 10:18] = True
    assert local_thickness(mask, 1.0).d50 == pytest.approx(8, abs=1)


def test_no_size_without_walls_or_without_pore():
    assert local_thickness(np.ones((8, 8), bool), 1.0) is None
    assert local_thickness(np.zeros((8, 8), bool), 1.0) is None


def test_particles_across_the_sides():
    particles = np.zeros((30, 40), dtype=int)
    particles[5:10, :10] = 1
    particles[5:10, -10:] = 1  # 20 long, 5 thick, across the side
    particles[20:28, 10:18] = 2
    size, length = particle_sizes(particles, 1.0)
    assert sorted(size.diameter) == pytest.approx([(4 / np.pi * 64) ** 0.5, (4 / np.pi * 100) ** 0.5])
    assert max(length.diameter) == pytest.approx(4 * 20 / 12**0.5, rel=0.01)  # ellipse with the moments of a rectangle


def test_uniform_layer():
    report = describe(slab(0.5), PHASES, 0.2)
    assert report.porosity == pytest.approx(0.5)
    assert report.volume_fractions == pytest.approx({"llto": 0.5})
    assert report.ionic_conductivity == pytest.approx(0.2 * 0.5**1.5 + 0.5 * 0.068)
    assert report.electronic_conductivity == pytest.approx(0.5e-6, rel=1e-4)
    assert report.tortuosity_factor == pytest.approx(0.5**-0.5)
    assert report.thickness == pytest.approx(20 * um)


def test_flat_dense_layer_has_its_own_face_as_inner_area():
    report = describe(slab(0.0))
    assert report.area_ratio == pytest.approx(1.0, rel=0.01)
    assert report.solid_percolates and not report.pore_percolates
    assert report.pore_size is None and report.cut_off_pore == 0.0


def test_no_ions_pass_a_solid_without_any_nor_one_that_blocks_its_pores():
    solid = np.ones((28, 8))
    dense = assemble({"cnt": solid}, solid.shape, 1 * um, 3 * um, 20 * um, diffuse_cells=0.0)
    assert describe(dense, PHASES, 0.2).ionic_conductivity == 0
    solid = np.zeros((28, 8))
    solid[12:14] = 1
    blocked = assemble({"cnt": solid}, solid.shape, 1 * um, 3 * um, 20 * um, diffuse_cells=0.0)
    assert describe(blocked, PHASES, 0.2).ionic_conductivity == 0


def test_straight_pores():
    """Plates from collector to top: parallel conduction, tortuosity factor one."""
    solid = np.zeros((40, 16))
    solid[:, :8] = 1
    host = assemble({"llto": solid}, solid.shape, 1 * um, 3 * um, 30 * um, diffuse_cells=0.0)
    report = describe(host, PHASES, 0.2)
    assert report.tortuosity_factor == pytest.approx(1.0, rel=1e-6)
    assert report.ionic_conductivity == pytest.approx(0.5 * 0.2 + 0.5 * 0.068, rel=1e-6)
    assert report.solid_connected == report.pore_connected == 1.0
    assert report.area_ratio == pytest.approx((2 * 30 + 8) / 16, rel=0.05)


def test_closed_pores_and_floating_solid():
    solid = np.zeros((40, 16, 16))
    solid[:20] = 1
    solid[8:12, 4:8, 4:8] = 0  # a closed pore of 64 cells
    solid[28:30, 4:8, 4:8] = 1  # an island of 32 cells
    host = assemble({"llto": solid}, solid.shape, 1 * um, 3 * um, 30 * um, diffuse_cells=0.0)
    report = describe(host, PHASES, 0.2)
    open_ = 13 * 256 - 32
    assert report.cut_off_pore == pytest.approx(64 / (64 + open_))
    assert report.floating_solid == pytest.approx(32 / (17 * 256 - 64 + 32))
    assert not report.pore_percolates and not report.solid_percolates
    assert report.tortuosity_factor == float("inf")


@pytest.mark.parametrize("theta, sigma", [(0.0, 1e-6), (0.5, (1e-6 * 2.0) ** 0.5), (1.0, 2.0)])
def test_lithiation_moves_the_conductivity_in_log10(theta, sigma):
    host = slab(0.0)
    _, cells = conductivities(host, PHASES, lithiation={"llto": theta})
    assert cells[10, 0] == pytest.approx(sigma)
    assert np.array_equal(cells, conductivities(host, PHASES, lithiation=theta)[1])


def test_generated_host():
    report = describe(plane_host(), PHASES, 0.2)
    assert report.porosity == pytest.approx(0.46, abs=0.005)
    assert report.porosity + sum(report.volume_fractions.values()) == pytest.approx(
        1.0, abs=0.02
    )  # and the collector's tail
    assert 0.04 < report.ionic_conductivity < 0.2
    assert report.tortuosity_factor > 1
    assert report.solid_percolates and report.pore_percolates
    assert 4 * um < report.pore_size.d50 < 10 * um  # 5-10 um are seen in the micrographs
    lithiated = describe(plane_host(), PHASES, 0.2, lithiation=1.0)
    assert lithiated.electronic_conductivity > report.electronic_conductivity


def test_report_is_plain_data_and_a_table():
    report = describe(plane_host())
    assert report.ionic_conductivity is None and report.tortuosity_factor is None
    assert json.loads(json.dumps(report.to_dict()))["porosity"] == report.porosity
    assert all(isinstance(text, str) for row in report.rows() for text in row)


def test_bare_collector():
    report = describe(generate(PackingRequest((20, 16), 1 * um, thickness=0.0), 0), PHASES, 0.2)
    assert report.porosity == 1.0 and report.thickness == 0.0 and report.pore_size is None and report.rows()


def test_unknown_particles_are_measured_by_their_thickness():
    host = plane_host()
    without = Geometry(host.names, host.fractions, host.surface, host.spacing, host.bottom, host.top)
    assert describe(without).particle_length is None
    assert 1 * um < describe(without).particle_size.d50 < 10 * um


def test_errors():
    with pytest.raises(HostError, match="'llto' but its properties"):
        describe(plane_host(), PHASES[::2], 0.2)
    with pytest.raises(HostError, match="lithiation of 'llto' is 1"):
        conductivities(plane_host(), PHASES, lithiation={"llto": 1.5})
