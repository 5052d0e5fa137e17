"""Where flat particles and porogen spheres come to lie in a layer, and how far every point is from being pore.

The layer runs from height 0 to its thickness, and is periodic sideways. All lengths are metres, so that the same random
numbers mean the same layer on any grid.
"""

from dataclasses import dataclass
from math import pi

import numpy as np
from scipy.spatial import cKDTree

REACH = 1.7  # how far, in its own semi-axes, a particle is looked for
FILL = 1.2  # how far, in its own semi-axes, a particle fills the room its neighbours leave it
POROGEN_APART = 0.7  # distance kept by merging porogen spheres, in diameters
PARTICLE_INTO_POROGEN = 0.9  # distance kept between particle and porogen centres, in sums of radii
STICKING = 1.15  # distance up to which porogen spheres draw together, in diameters
MERGING = 0.16  # distance over which neighbouring porogen spheres run together as they burn out, in diameters
GAP_MEAN, GAP_SPREAD = 0.1e-6, 0.3e-6  # half the gap between particles in 3D [m]; they touch where it is negative
GAP_WAVELENGTH = 6e-6  # over which the gap varies along a facet [m]
GAP_2D = 0.25e-6  # half the gap in a 2D section [m]: never closed, so ions pass; thin, so solids nearly touch


@dataclass(frozen=True)
class Waves:
    """A smooth random field, periodic sideways: plane waves added up.

    Args: vectors: [1/m], shape (n, ndim). phases: shape (n,).
    """

    vectors: np.ndarray
    phases: np.ndarray


@dataclass(frozen=True)
class Bodies:
    """Particles and porogen spheres in place.

    Args:
        particles: centres of the particles [m], shape (n, ndim). axes: their long semi-axes [m], shape (n,).
        metrics: shape (n, ndim, ndim) [1/m]; |metric (x - centre)| is 1 on the ellipsoid the particle would be alone.
        porogens: centres of the porogen spheres [m], shape (m, ndim). radius: of the porogen spheres [m].
        gaps: how the width of the gaps between particles varies.
    """

    particles: np.ndarray
    axes: np.ndarray
    metrics: np.ndarray
    porogens: np.ndarray
    radius: float
    gaps: Waves


@dataclass(frozen=True)
class Distances:
    """What decides where the pore is, at points of the layer; in float32, since large boxes have many.

    Args:
        facet: distance to the nearest facet between two particles [m]. gap: half the width of the gap there [m].
        free: distance into a porogen sphere or out of the nearest particle's reach, the larger [m], negative where
            neither. owner: number of the nearest particle, from 1.
    """

    facet: np.ndarray
    gap: np.ndarray
    free: np.ndarray
    owner: np.ndarray

    def pore(self, offset: float, edge: float) -> np.ndarray:
        """Pore occupancy of a cube of this edge [m] around each point [-], exact for flat walls.

        Args: offset: by which all surfaces are moved into the solid [m].
        """
        half = np.maximum(self.gap + np.float32(offset), 0)
        slab = np.minimum(self.facet + np.float32(0.5 * edge), half) - np.maximum(
            self.facet - np.float32(0.5 * edge), -half
        )
        gap = np.clip(slab / np.float32(edge), 0, 1)
        free = np.clip(np.float32(0.5) + (self.free + np.float32(offset)) / np.float32(edge), 0, 1)
        return np.maximum(gap, free)


def pack(
    extent: np.ndarray,
    particle_volume: float,
    porogen_volume: float,
    particle_diameter: tuple[float, float],
    flatness: float,
    pore_diameter: float,
    rng: np.random.Generator,
) -> Bodies:
    """Flat particles and porogen spheres that fill the layer without much overlap.

    Args:
        extent: thickness and widths of the layer [m]. particle_volume, porogen_volume: of all of them [m3, in 2D m2].
        particle_diameter: shortest and longest long axis [m]. flatness: short over long axis [-]. pore_diameter: [m].
    """
    ndim, (low, high) = len(extent), particle_diameter
    ball = {2: pi / 4, 3: pi / 6}[ndim]
    mean_body = ball * flatness * np.mean(np.linspace(low, high, 101) ** ndim)
    count = max(1, round(particle_volume / mean_body))
    porogen_count = max(1, round(porogen_volume / (ball * pore_diameter**ndim)))

    axes = 0.5 * np.sort(rng.uniform(low, high, count))[::-1]
    centres = rng.uniform(0.0, 1.0, (count + porogen_count, ndim)) * extent
    radius = np.concatenate([axes * flatness ** (1 / ndim), np.full(porogen_count, 0.5 * pore_diameter)])
    centres = settle(centres, radius, np.arange(len(radius)) >= count, extent)

    short = rng.normal(size=(count, ndim))
    short /= np.linalg.norm(short, axis=1, keepdims=True)
    along = short[:, :, None] * short[:, None, :]
    metrics = (np.eye(ndim) + (1 / flatness - 1) * along) / axes[:, None, None]
    return Bodies(centres[:count], axes, metrics, centres[count:], 0.5 * pore_diameter, draw_waves(extent, rng))


def settle(centres: np.ndarray, radius: np.ndarray, is_porogen: np.ndarray, extent: np.ndarray) -> np.ndarray:
    """Centres [m] after soft spheres pushed each other apart; porogen spheres draw together a little and may merge.

    Args: centres: [m], shape (n, ndim). radius: [m], is_porogen: bool, both (n,). extent: of the layer [m], (ndim,).
    """
    box = np.array([8 * extent[0], *extent[1:]])  # far too high to wrap: only the sides are periodic
    inset = np.where(is_porogen, 0.35, 0.7) * radius

    def inside(centres):
        height = np.clip(centres[:, :1], inset[:, None], extent[0] - inset[:, None])
        # the remainder of a tiny negative number is the width itself, which the tree refuses
        sides = np.minimum(centres[:, 1:] % extent[1:], np.nextafter(extent[1:], 0))
        return np.concatenate([height, sides], axis=1)

    for _ in range(80):
        centres = inside(centres)
        pairs = cKDTree(centres, boxsize=box).query_pairs(2 * STICKING * radius.max(), output_type="ndarray")
        pairs = pairs[np.lexsort(pairs.T[::-1])]  # the order is the tree's own business, and sums must not depend on it
        i, j = pairs.T
        apart = centres[i] - centres[j]
        apart[:, 1:] -= extent[1:] * np.round(apart[:, 1:] / extent[1:])
        distance = np.maximum(np.linalg.norm(apart, axis=1), 1e-12)
        mixed = is_porogen[i] != is_porogen[j]
        porogens, touching = is_porogen[i] & is_porogen[j], radius[i] + radius[j]
        rest = touching * np.where(porogens, POROGEN_APART, np.where(mixed, PARTICLE_INTO_POROGEN, 1.0))
        draw = np.where(porogens & (distance < STICKING * touching), 0.05, 0.0)
        push = np.where(distance < rest, 0.4, draw) * (rest - distance)
        for axis in range(centres.shape[1]):
            shift = push * apart[:, axis] / distance
            centres[:, axis] += np.bincount(i, shift, len(centres)) - np.bincount(j, shift, len(centres))
    return inside(centres)


def measure(bodies: Bodies, points: list[np.ndarray], extent: np.ndarray, spacing: float) -> Distances:
    """Distances of every point to all that can make it pore.

    Every point belongs to the particle nearest in that particle's own metric; distances to the facets between particles
    are the difference of the two smallest such distances over its slope.

    Args: points: of a lattice, on each axis [m]. extent: of the layer [m]. spacing: of the cells [m].
    """
    facet, outside, owner = _between_particles(bodies, points, extent)
    free = np.maximum(outside, _porogen(bodies, points, extent))
    shape = owner.shape
    gap = roughness(points, bodies.gaps) if len(points) == 3 else np.full(shape, max(GAP_2D, 0.4 * spacing))
    return Distances(facet, gap.astype(np.float32), free, owner)


def _between_particles(
    bodies: Bodies, points: list[np.ndarray], extent: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(facet, outside, owner): outside is the distance out of the nearest particle's reach [m], the others as above."""
    shape, ndim, steep = tuple(map(len, points)), len(points), 1e-3 / bodies.axes.max()
    first, second = np.full(shape, REACH), np.full(shape, REACH)
    owner = np.zeros(shape, dtype=np.int32)
    slope = np.zeros((2, ndim, *shape), dtype=np.float32)  # of the nearest and the second nearest [1/m]
    for number, (centre, axis, metric) in enumerate(zip(bodies.particles, bodies.axes, bodies.metrics, strict=True), 1):
        cells, away = _window(points, centre, REACH * axis, extent)
        stretched = [sum(metric[k, m] * away[m] for m in range(ndim)) for k in range(ndim)]
        distance = np.sqrt(sum(s**2 for s in stretched))
        d1, d2 = first[cells], second[cells]
        nearest, runner_up = distance < d1, (distance >= d1) & (distance < d2)
        second[cells] = np.where(nearest, d1, np.where(runner_up, distance, d2))
        first[cells] = np.where(nearest, distance, d1)
        owner[cells] = np.where(nearest, number, owner[cells])
        for k in range(ndim):
            gradient = sum(metric[k, m] * stretched[m] for m in range(ndim)) / np.maximum(distance, 1e-9)
            s1, s2 = slope[0, k][cells], slope[1, k][cells]
            slope[1, k][cells] = np.where(nearest, s1, np.where(runner_up, gradient, s2))
            slope[0, k][cells] = np.where(nearest, gradient, s1)

    between = np.maximum(np.sqrt(((slope[1] - slope[0]) ** 2).sum(axis=0)), steep)
    facet = np.where(second < REACH, (second - first) / between, np.inf)
    outside = (first - FILL) / np.maximum(np.sqrt((slope[0] ** 2).sum(axis=0)), steep)
    outside[owner == 0] = bodies.axes.max()
    return facet.astype(np.float32), outside.astype(np.float32), owner


def _porogen(bodies: Bodies, points: list[np.ndarray], extent: np.ndarray) -> np.ndarray:
    """Distance into a porogen sphere [m], negative outside."""
    merging = MERGING * 2 * bodies.radius
    merged = np.full(tuple(map(len, points)), np.exp(-bodies.radius / merging))
    for centre in bodies.porogens:
        cells, away = _window(points, centre, 2 * bodies.radius, extent)
        merged[cells] += np.exp((bodies.radius - np.sqrt(sum(a**2 for a in away))) / merging)
    return (merging * np.log(merged)).astype(np.float32)


def _window(points: list[np.ndarray], centre: np.ndarray, half: float, extent: np.ndarray):
    """Indices of the cells within `half` [m] of a centre on each axis, and how far they are from it there [m]."""
    index, offset = [], []
    for axis, (x, c) in enumerate(zip(points, centre, strict=True)):
        away = x - c
        if axis:
            away -= extent[axis] * np.round(away / extent[axis])
        near = np.flatnonzero(np.abs(away) <= half)
        index.append(near)
        offset.append(away[near])
    return np.ix_(*index), np.meshgrid(*offset, indexing="ij", sparse=True)


def draw_waves(extent: np.ndarray, rng: np.random.Generator, count: int = 48) -> Waves:
    """Plane waves some GAP_WAVELENGTH long that fit the layer's widths.

    Args: extent: of the layer [m].
    """
    vectors = rng.normal(size=(count, len(extent))) * 2 * pi / GAP_WAVELENGTH
    vectors[:, 1:] = 2 * pi / extent[1:] * np.round(vectors[:, 1:] * extent[1:] / (2 * pi))
    return Waves(vectors, rng.uniform(0, 2 * pi, count))


def roughness(points: list[np.ndarray], waves: Waves) -> np.ndarray:
    """Half the gap between particles [m]; where negative, they touch.

    Args: points: of a lattice, on the three axes [m].
    """
    z, y, x = points
    field = np.zeros((len(z), len(y), len(x)))
    for k, shift in zip(waves.vectors, waves.phases, strict=True):
        column, plane = np.exp(1j * (k[0] * z + shift)), np.multiply.outer(np.exp(1j * k[1] * y), np.exp(1j * k[2] * x))
        field += np.multiply.outer(column.real, plane.real) - np.multiply.outer(column.imag, plane.imag)
    return GAP_MEAN + GAP_SPREAD * np.sqrt(2 / len(waves.phases)) * field
