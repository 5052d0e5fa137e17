"""How what has nucleated spreads over the surface."""

from dataclasses import replace

import cases
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from scipy.ndimage import distance_transform_edt

from phasefield.physics import coverage, interface
from phasefield.state import FAR, covered_share
from phasefield.units import um

SPEED = 1e-9  # m/s


def wall(spacing, width, depth=4):
    """A wall that fills the box, a slab of some cells in which all layers are alike [m]."""
    n = round(width / spacing)
    ramp = np.linspace(0.6, 0.3, depth)[:, None, None] * np.ones((depth, n, n))
    return cases.model(ramp.shape, fractions=np.stack([ramp, 0 * ramp]), spacing=spacing)


def bare(model):
    return jnp.full(model.surface.shape, FAR)


def grown(model, rim_distance, way, steps):
    """Distance from the rim after a way [m] in so many steps."""
    speed, dt = jnp.full(model.surface.shape, SPEED), way / SPEED / steps
    return lax.fori_loop(0, steps, lambda _, u: coverage.spread(model, u, speed, dt), rim_distance)


def area(rim_distance, spacing):
    """Covered area of a layer [m2]; all are alike."""
    share = np.asarray(covered_share(rim_distance))
    np.testing.assert_allclose(share, share[[0]] + 0 * share, atol=1e-12)
    return share[0].sum() * spacing**2


def disc(model, radius):
    """Distance from the rim of a disc in the middle of the wall [cells]."""
    n, spacing = model.surface.shape[1], model.grid.spacing
    y, x = (np.indices((n, n)) + 0.5) * spacing - 0.5 * n * spacing
    distance = np.clip((np.hypot(x, y) - radius) / spacing, coverage.INSIDE, FAR)
    return jnp.asarray(np.broadcast_to(distance, model.surface.shape))


@pytest.mark.parametrize("spacing", [1e-6, 0.5e-6])
@pytest.mark.parametrize("steps", [1, 40])
def test_a_nucleus_spreads_as_fast_as_it_grows(spacing, steps):
    """Of 2 um radius by 4 um: covers pi 6^2 um2, in one step or in forty."""
    model = wall(spacing, 24 * um)
    after = grown(model, disc(model, 2 * um), 4 * um, steps)
    assert area(after, spacing) == pytest.approx(np.pi * 36e-12, rel=0.04)


def test_the_smallest_nucleus_spreads_as_far_on_any_cell():
    """A square of 1 um grown by 1 um: 1 + 4 + pi um2."""
    for cells in (1, 2, 4):
        spacing = 1e-6 / cells
        model = wall(spacing, 8 * um)
        middle = slice(4 * cells, 5 * cells)
        patch = jnp.zeros(model.surface.shape).at[:, middle, middle].set(1.0)
        after = grown(model, coverage.with_patches(model, bare(model), patch), 1 * um, 20)
        assert area(after, spacing) == pytest.approx((1 + 4 + np.pi) * 1e-12, rel=0.05)


def covered_exactly(corners, width, way, fine=16):
    """Share of a periodic square covered by squares of 1 um grown by a way [um], by distances on cells of 1/16 um."""
    n = width * fine
    squares = np.zeros((n, n), bool)
    for y, x in corners * fine:
        squares[y : y + fine, x : x + fine] = True
    distance = distance_transform_edt(~np.tile(squares, (3, 3)))[n : 2 * n, n : 2 * n]
    return np.mean(distance <= way * fine + 0.5)


@pytest.mark.parametrize("density", [0.02, 0.1, 0.2, 0.4])  # 1/um2
def test_nuclei_grow_together_on_time(density):
    """Many nuclei of 1 um at random: what they cover as they grow together, on cells of 1, 0.5 and 0.25 um, is what
    lies within that way of them, to 4 %, and to 6 % while it is half a cell of 1 um. (Where a cell between two covered
    ones filled as from one side, 0.4 per um2 covered 18 % too little half a micrometre on, on cells of 1 um; a share
    moved by upwind differences 24 %.)"""
    width = 24
    generator = np.random.default_rng(0)
    corners = generator.integers(0, width, (round(density * width**2), 2))
    for cells in (1, 2, 4):
        spacing = um / cells
        model = wall(spacing, width * um, depth=2)
        patches = np.zeros(model.surface.shape)
        for y, x in corners * cells:
            patches[:, y : y + cells, x : x + cells] = 1
        u, reached = coverage.with_patches(model, bare(model), jnp.asarray(patches)), 0.0
        for way in (0.5, 1.0, 2.0):
            u, reached = grown(model, u, (way - reached) * um, round(20 * (way - reached))), way
            share = area(u, spacing) / (width * um) ** 2
            tolerance = 0.06 if cells == 1 and way < 1 else 0.04
            assert share == pytest.approx(covered_exactly(corners, width, way), rel=tolerance)


@pytest.mark.parametrize("ndim", [2, 3])
def test_a_cell_fills_from_all_covered_neighbours(ndim):
    """A bare one between two, in a corner between two, in a hole, and beside one with another beyond an edge: what
    rims that have come in from all of them leave of it, after 0.2 cells and 0.4."""
    shape = (2,) + (9,) * (ndim - 1)
    solid = np.linspace(0.6, 0.3, 2).reshape((2,) + (1,) * (ndim - 1)) * np.ones(shape)
    model = cases.model(shape, fractions=np.stack([solid, 0 * solid]), spacing=um)
    layouts = {((0, -1), (0, 1)): lambda w: 2 * w}
    if ndim == 3:
        layouts |= {
            ((0, -1), (-1, 0)): lambda w: 1 - (1 - w) ** 2,
            ((0, -1), (0, 1), (-1, 0), (1, 0)): lambda w: 1 - (1 - 2 * w) ** 2,
            ((0, -1), (1, 1)): lambda w: w + np.pi / 4 * w**2,
        }
    for layout, exactly in layouts.items():
        patches = np.zeros(shape)
        for offset in layout:
            patches[(slice(None), *(4 + np.array(offset)[2 - (ndim - 1) :]))] = 1
        u = coverage.with_patches(model, bare(model), jnp.asarray(patches))
        for way in (0.2, 0.4):
            u = grown(model, u, 0.2 * um, 4)
            share = covered_share(u)[(slice(None), *(4,) * (ndim - 1))]
            np.testing.assert_allclose(share, min(exactly(way), 1.0), rtol=0.03)


@pytest.mark.parametrize("ndim", [2, 3])
def test_distances_from_patches_are_exact(ndim):
    """To the nearest face, edge or corner of any of them, up to two cells; around a periodic side, not a closed end."""
    shape = (12, 10, 14)[:ndim]
    solid = np.full(shape, 0.5) + 0.1 * np.linspace(0, 1, shape[0]).reshape((-1,) + (1,) * (ndim - 1))
    model = cases.model(shape, fractions=np.stack([solid, 0 * solid]))
    patches = (np.random.default_rng(1).random(shape) < 0.02).astype(float)
    patches[0] = patches[-1] = 0
    patches[0, 0] = 1
    found = coverage.with_patches(model, bare(model), jnp.asarray(patches))
    expected = np.full(shape, FAR)
    size = np.array(shape[1:])
    for cell in np.argwhere(patches > 0):
        apart = np.abs(np.moveaxis(np.indices(shape), 0, -1) - cell)
        apart[..., 1:] = np.minimum(apart[..., 1:], size - apart[..., 1:])
        expected = np.minimum(expected, np.sqrt((np.maximum(apart - 0.5, 0) ** 2).sum(-1)))
    expected[patches > 0] = coverage.INSIDE
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_nothing_spreads_while_stripping():
    model = wall(1e-6, 24 * um)
    covered = disc(model, 2 * um)
    stripped = coverage.spread(model, covered, jnp.full(covered.shape, -SPEED), 4000.0)
    assert np.array_equal(covered_share(stripped), covered_share(covered))


@pytest.mark.parametrize("gap", [1, 2, 3])
def test_nothing_spreads_across_a_gap(gap):
    """A wall of two parts with some cells between them that hold none: what nucleates at the edge of one covers it,
    and nothing in the gap or beyond."""
    model = wall(1e-6, 24 * um)
    column = jnp.arange(24)
    walled = replace(model, surface=jnp.where(((column - 12) % 24 < gap)[None, :, None], 0.0, model.surface))
    walled = replace(walled, surface=jnp.where((column < 2)[None, :, None], 0.0, walled.surface))  # nor around the box
    patch = jnp.zeros(model.surface.shape).at[:, 11, 10:14].set(1.0)
    u = coverage.with_patches(walled, bare(model), patch)
    share = np.asarray(covered_share(grown(walled, u, 20 * um, 100)))
    assert share[:, 2:12].min() == 1
    assert not share[:, 12:].any() and not share[:, :2].any()


def test_a_rim_goes_as_fast_as_lithium_grows_where_it_is():
    """Fast within and slow outside: what is covered does not push."""
    model = wall(0.5e-6, 24 * um)
    covered = disc(model, 4 * um)
    speed = jnp.where(covered < -0.45, 100 * SPEED, SPEED)
    after = lax.fori_loop(0, 40, lambda _, u: coverage.spread(model, u, speed, 50.0), covered)
    assert area(after, 0.5e-6) == pytest.approx(np.pi * 36e-12, rel=0.06)


def test_what_is_covered_stays_so_while_it_grows():
    """Of no cell the covered share falls, from step to step of a crowd, but for rounding."""
    model = wall(1e-6, 24 * um)
    patches = jnp.asarray(np.random.default_rng(1).random((1, 24, 24)) < 0.2) * jnp.ones(model.surface.shape)
    u = coverage.with_patches(model, bare(model), patches)
    shares = [covered_share(u)]
    for _ in range(12):
        u = grown(model, u, 0.15 * um, 1)
        shares.append(covered_share(u))
    assert np.diff(shares, axis=0).min() > -1e-12
    assert 0.4 < np.mean(shares[3]) < 0.9 and np.mean(shares[-1]) > 0.95


def test_nothing_is_covered_without_growth():
    """A patch with corners to fill, and one beside another: as it was made, however many steps pass."""
    model = wall(1e-6, 24 * um)
    patches = jnp.zeros(model.surface.shape).at[:, 4:9, 4:6].set(1.0).at[:, 7:9, 4:12].set(1.0).at[:, 5, 8].set(1.0)
    u = coverage.with_patches(model, bare(model), patches)
    after = lax.fori_loop(0, 20, lambda _, u: coverage.spread(model, u, jnp.zeros(u.shape), 1.0), u)
    assert np.array_equal(covered_share(after), patches)


def test_what_is_laid_bare_starts_anew():
    """Half of a patch loses its lithium: nothing of it is covered, nor near to being so, and plating again spreads
    from the other half only."""
    model = wall(1e-6, 24 * um)
    shape = model.surface.shape
    patch = jnp.zeros(shape).at[:, 8:16, 8:16].set(1.0)
    u = grown(model, coverage.with_patches(model, bare(model), patch), 0.4 * um, 1)
    left = np.broadcast_to((np.arange(24) < 12)[None, :, None], shape)
    phase, plating = jnp.where(left, 0.5 * interface.COVERED, 0.5), jnp.where(covered_share(u) > 0, -1.0, 0.0)
    after = coverage.laid_bare(model, u, phase, plating)
    assert not covered_share(after)[left].any()
    kept = ~left & (covered_share(u) > 0)
    assert np.array_equal(covered_share(after)[kept], covered_share(u)[kept])
    assert np.all(after[:, 4:12] == FAR)
    again = np.asarray(covered_share(grown(model, after, 3 * um, 30)))
    assert not again[:, :8].any() and again[:, 10, 10:14].min() == 1
    assert np.array_equal(coverage.laid_bare(model, u, phase, -plating), u)


def test_what_is_left_covers_nothing_by_itself():
    """All of a patch long covered is laid bare but for two cells: one beside and one beyond an edge of a third, which
    stays bare without growth."""
    model = wall(1e-6, 24 * um)
    patch = jnp.zeros(model.surface.shape).at[:, 8:16, 8:16].set(1.0)
    u = grown(model, coverage.with_patches(model, bare(model), patch), 1.2 * um, 24)
    left = jnp.zeros(model.surface.shape).at[:, 12, 10].set(1.0).at[:, 11, 12].set(1.0)
    u = coverage.laid_bare(model, u, 0.5 * left, jnp.full(left.shape, -1.0))
    after = lax.fori_loop(0, 5, lambda _, u: coverage.spread(model, u, jnp.zeros(u.shape), 1.0), u)
    assert np.array_equal(covered_share(after), left)


@pytest.mark.parametrize("angle", [0, 15, 30, 45])
def test_share_of_a_cell_behind_a_slanting_rim(angle):
    """That of its points which lie behind the rim, to 4 % of a cell, wherever the rim is; along faces exactly."""
    n, fine = 24, (np.arange(50) + 0.5) / 50 - 0.5
    y, x = np.indices((n, n)) - 8.0
    along = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    for way in (0.0, 0.3, 0.7, 1.1):
        u = np.clip(x * along[0] + y * along[1] - way, coverage.INSIDE, FAR)
        points = (x[..., None, None] + fine) * along[0] + (y[..., None, None] + fine[:, None]) * along[1] - way
        exact = (points < 0).mean((-1, -2))
        inner = (slice(6, 14), slice(3, 20))
        found = np.asarray(covered_share(jnp.asarray(u)[None]))[0]
        np.testing.assert_allclose(found[inner], exact[inner], atol=0.04 if angle else 0.011)
        assert found[inner].sum() == pytest.approx(exact[inner].sum(), rel=0.002)
