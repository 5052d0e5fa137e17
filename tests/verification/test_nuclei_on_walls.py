"""A nucleus of a micrometre on walls of any slant, at one overpotential: what it covers and how much it plates.

It grows to what lies within the way of its front: with an area A and a perimeter P of the wall to begin with,

    covered = A + P r + pi r^2,   volume = A r + pi/4 P r^2 + 2/3 pi r^3.
"""

from functools import cache

import cases
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt

from phasefield import model as model_module
from phasefield.grid import Grid
from phasefield.host.geometry import assemble, surface_density
from phasefield.materials import Host
from phasefield.physics import coverage
from phasefield.units import um
from validation import grown_nuclei

WIDTH, HEIGHT, FLOOR = 16, 24, 3  # um
WAYS = (0.25, 0.5, 1.0, 1.5)  # um
SLANTS = {"flat": (0.0, 0.0), "27 degrees": (0.0, 0.5), "45 degrees": (0.0, 1.0), "55 degrees": (1.0, 1.0)}  # dz/dy, x


@cache
def roof(cells, slopes):
    """A model of a host with these slopes up to the middle of the box, on so many cells a micrometre."""
    fine = 4
    across = (np.arange(WIDTH * cells * fine) + 0.5) / (cells * fine)
    ramp = np.minimum(across, WIDTH - across)
    height = FLOOR + slopes[0] * ramp[:, None] + slopes[1] * ramp
    n = WIDTH * cells
    columns = height.reshape(n, fine, n, fine).transpose(1, 3, 0, 2).reshape(-1, n, n)
    floors = np.arange(HEIGHT * cells)[:, None, None] / cells
    solid = sum(np.clip((column - floors) * cells, 0, 1) for column in columns) / fine**2
    spacing = um / cells
    area = surface_density(solid, spacing)
    area *= (WIDTH * um) ** 2 * np.hypot(1, np.hypot(*slopes)) / (area.sum() * spacing**3)
    built = assemble({"carbon": solid}, solid.shape, spacing, 0.0, 2 * HEIGHT * um, 0.6, area=area)
    return model_module.build_model(
        Grid(solid.shape, spacing),
        Host((cases.COPPER, cases.CARBON), built.fractions, 0.0, HEIGHT * um, surface=jnp.asarray(built.surface)),
        cases.ELECTROLYTE,
        cases.LITHIUM,
        nucleation_prefactor=cases.PREFACTOR,
        nucleation_steepness=cases.STEEPNESS,
        insertion_active=False,
    )


@cache
def grown(cells, slopes):
    """(covered, volume) over what they should be, after each of `WAYS`, of a nucleus half-way up a slope."""
    model = roof(cells, slopes)
    state = model_module.initial_state(model, 0)
    middle = slice(WIDTH * cells // 4, WIDTH * cells // 4 + cells)
    patch = jnp.zeros(model.grid.shape).at[:, middle, middle].set(1.0)
    state = state.with_rims(coverage.with_patches(model, state.rim_distance, patch))
    area, perimeter = np.hypot(1, np.hypot(*slopes)), 2 * (np.hypot(1, slopes[0]) + np.hypot(1, slopes[1]))
    found = []
    for r, after in zip(WAYS, grown_nuclei.after_ways(model, state, WAYS), strict=True):
        covered = jnp.sum(model.surface * after.nucleated) * model.grid.cell_volume / um**2
        volume = jnp.sum(model.reactive_pore * after.phase) * model.grid.cell_volume / um**3
        exactly = area + perimeter * r + np.pi * r**2, area * r + np.pi / 4 * perimeter * r**2 + 2 / 3 * np.pi * r**3
        found.append((float(covered) / exactly[0], float(volume) / exactly[1]))
    return np.array(found)


@pytest.mark.parametrize("cells", [1, 2])
@pytest.mark.parametrize("slant", SLANTS)
def test_a_nucleus_grows_alike_on_walls_of_any_slant(slant, cells):
    """Covered to 8 %, plated 11 % too little to 5 % too much, from a quarter of a cell of 1 um on. (With rims as fast
    on a slope as on a flat wall it covered up to 25 % too much there, and where its round edge did not count it plated
    15 % less on flat walls of cells of 1 um than on a slope of 55 degrees.)"""
    covered, volume = grown(cells, SLANTS[slant]).T
    np.testing.assert_allclose(covered, 1, atol=0.08)
    np.testing.assert_allclose(volume, 0.97, atol=0.085)


def test_and_alike_on_cells_of_one_micrometre_and_of_half():
    """Volumes to 8 %, on any slant after any way."""
    for slopes in SLANTS.values():
        np.testing.assert_allclose(grown(1, slopes)[:, 1], grown(2, slopes)[:, 1], rtol=0.08)


CROWD = np.random.default_rng(0).integers(0, WIDTH, (WIDTH**2 // 5, 2))  # corners of squares of 1 um, 0.2 per um2


@cache
def crowd_grown(cells):
    """Volume over what it should be, after each of `WAYS`, of many nuclei on a flat wall."""
    model = roof(cells, SLANTS["flat"])
    state = model_module.initial_state(model, 0)
    patches = np.zeros(model.grid.shape)
    for y, x in CROWD * cells:
        patches[:, y : y + cells, x : x + cells] = 1
    state = state.with_rims(coverage.with_patches(model, state.rim_distance, jnp.asarray(patches)))
    volumes = [
        float(jnp.sum(model.reactive_pore * after.phase) * model.grid.cell_volume / um**3)
        for after in grown_nuclei.after_ways(model, state, WAYS)
    ]
    return np.array(volumes) / crowd_exactly()


@cache
def crowd_exactly(fine=8):
    """What lies within each of `WAYS` of the squares, by distances on cells of 1/8 um [um3]."""
    squares = np.zeros((WIDTH, WIDTH), bool)
    squares[tuple(CROWD.T)] = True
    margin = 2 * fine
    squares = np.pad(squares.repeat(fine, 0).repeat(fine, 1), margin, mode="wrap")
    above = np.concatenate([~squares[None], np.ones((margin, *squares.shape), bool)])
    distance = distance_transform_edt(above)[1:, margin:-margin, margin:-margin]
    return np.array([np.clip(way * fine - distance + 1, 0, 1).sum() / fine**3 for way in WAYS])


@pytest.mark.parametrize("cells", [1, 2])
def test_a_crowd_of_nuclei_plates_a_little_less(cells):
    """Up to 13 % too little: the hollows between nuclei that meet are finer than cells, and are smoothed over."""
    volume = crowd_grown(cells)
    assert volume.min() > 0.87 and volume.max() < 1


def test_and_as_much_less_on_cells_of_one_micrometre_and_of_half():
    """To 6.5 %, where the edge counts until it leaves a cell; 2 % once they have met. (4 % where it faded before.)"""
    coarse, fine = crowd_grown(1), crowd_grown(2)
    np.testing.assert_allclose(coarse, fine, rtol=0.065)
    assert coarse[-1] == pytest.approx(fine[-1], rel=0.025)
