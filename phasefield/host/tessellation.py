"""Where flat particles and porogen spheres come to lie in a layer, and how far every point is from being pore.

The layer runs from height 0 to its thickness, and is periodic sideways. All lengths are metres, so that the same random
numbers mean the same layer on any grid.
"""

from dataclasses import dataclass
from itertools import product
from math import pi, prod

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
POINTS_AT_ONCE = 2**15  # points whose slopes are worked out together, with some 30 numbers each
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
    shape, ndim = tuple(map(len, points)), len(points)
    first, second = np.full(shape, REACH), np.full(shape, REACH)
    owner, other = np.zeros(shape, np.int32), np.zeros(shape, np.int32)  # the nearest particle, and the one after
    for number, (centre, axis, metric) in enumerate(zip(bodies.particles, bodies.axes, bodies.metrics, strict=True), 1):
        for cells, away in _window(points, centre, REACH * axis, extent):
            distance = np.sqrt(sum(sum(metric[k, m] * away[m] for m in range(ndim)) ** 2 for k in range(ndim)))
            nearest = distance < first[cells]
            runner_up = (distance < second[cells]) & ~nearest
            for best, behind, value in ((first, second, distance), (owner, other, number)):
                np.copyto(behind[cells], best[cells], where=nearest)
                np.copyto(behind[cells], value, where=runner_up)
                np.copyto(best[cells], value, where=nearest)

    facet, outside = np.empty(shape, np.float32), np.empty(shape, np.float32)
    steep = 1e-3 / bodies.axes.max()
    planes = max(1, POINTS_AT_ONCE // prod(shape[1:]))
    for low in range(0, shape[0], planes):
        some = slice(low, low + planes)
        at = (points[0][some], *points[1:])
        slope = _slope(bodies, owner[some], first[some], at, extent)
        between = _length(_slope(bodies, other[some], second[some], at, extent) - slope)
        apart = (second[some] - first[some]) / np.maximum(between, steep)
        facet[some] = np.where(second[some] < REACH, apart, np.inf)
        outside[some] = (first[some] - FILL) / np.maximum(_length(slope), steep)
    outside[owner == 0] = bodies.axes.max()
    return facet, outside, owner


def _slope(bodies: Bodies, number: np.ndarray, distance: np.ndarray, at, extent: np.ndarray) -> np.ndarray:
    """Gradient of the distance to a particle in its own metric [1/m], float32, shape (ndim, *shape of the points).

    Args: number: of the particle of each point, from 1; 0 for none, and no slope. distance: to it [-]. at: the points,
        on each axis [m].
    """
    ndim, index = len(at), np.maximum(number - 1, 0)
    places = np.meshgrid(*at, indexing="ij", sparse=True)
    away = [_nearest_image(x - bodies.particles[index, axis], axis, extent) for axis, x in enumerate(places)]
    metric = [[bodies.metrics[index, k, m] for m in range(ndim)] for k in range(ndim)]
    stretched = [sum(metric[k][m] * away[m] for m in range(ndim)) for k in range(ndim)]
    length, known = np.maximum(distance, 1e-9), number > 0
    slope = [sum(metric[k][m] * stretched[m] for m in range(ndim)) / length * known for k in range(ndim)]
    return np.stack(slope).astype(np.float32)


def _length(vectors: np.ndarray) -> np.ndarray:
    """Of vectors along the first axis."""
    return np.sqrt((vectors**2).sum(axis=0))


def _porogen(bodies: Bodies, points: list[np.ndarray], extent: np.ndarray) -> np.ndarray:
    """Distance into a porogen sphere [m], negative outside."""
    merging = MERGING * 2 * bodies.radius
    merged = np.full(tuple(map(len, points)), np.exp(-bodies.radius / merging))
    for centre in bodies.porogens:
        for cells, away in _window(points, centre, 2 * bodies.radius, extent):
            merged[cells] += np.exp((bodies.radius - np.sqrt(sum(a**2 for a in away))) / merging)
    return (merging * np.log(merged)).astype(np.float32)


def _window(points: list[np.ndarray], centre: np.ndarray, half: float, extent: np.ndarray):
    """The boxes of cells within `half` [m] of a centre on each axis, and how far they are from it there [m].

    Yields (slices, distances on each axis, broadcastable); more than one where the window crosses a periodic side.
    """
    runs = []
    for axis, (x, c) in enumerate(zip(points, centre, strict=True)):
        away = _nearest_image(x - c, axis, extent)
        near = np.flatnonzero(np.abs(away) <= half)
        pieces = np.split(near, np.flatnonzero(np.diff(near) > 1) + 1) if near.size else []
        runs.append([(slice(piece[0], piece[-1] + 1), away[piece]) for piece in pieces])
    for box in product(*runs):
        yield tuple(cells for cells, _ in box), np.meshgrid(*(away for _, away in box), indexing="ij", sparse=True)


def _nearest_image(away: np.ndarray, axis: int, extent: np.ndarray) -> np.ndarray:
    """Distances along an axis [m], sideways to the nearest of the bodies that repeat themselves."""
    return away - extent[axis] * np.round(away / extent[axis]) if axis else away


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
    column = np.exp(1j * (np.outer(z, waves.vectors[:, 0]) + waves.phases))
    plane = (
        np.exp(1j * np.multiply.outer(waves.vectors[:, 1], y))[:, :, None]
        * np.exp(1j * np.multiply.outer(waves.vectors[:, 2], x))[:, None, :]
    )
    field = np.tensordot(column.real, plane.real, 1) - np.tensordot(column.imag, plane.imag, 1)
    return GAP_MEAN + GAP_SPREAD * np.sqrt(2 / len(waves.phases)) * field
