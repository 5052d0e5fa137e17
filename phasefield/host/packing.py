"""A synthetic host: flat irregular particles packed around burnt-out porogen spheres, coated, on a collector.

Particles and porogen spheres are first shaken into place as soft spheres, in metres, so that a seed means the same host on
any grid. Every point of the layer then belongs to the particle nearest in that particle's own flattened metric; the pore is
what lies in a porogen sphere, in the thin gap between two particles, or beyond the reach of any. All three grow or
shrink together by one distance, the `offset`, which is found by bisection to give the porosity asked for.
"""

from dataclasses import dataclass, replace
from math import isfinite, pi, prod

import numpy as np
from scipy.spatial import cKDTree

from phasefield.host.connectivity import path_threshold, reaches
from phasefield.host.geometry import Geometry, HostError, assemble, check_box, check_diffuse_cells

ATTEMPTS = 6  # packings tried before giving up on one whose phases percolate
REACH = 1.7  # how far, in its own semi-axes, a particle is looked for
FILL = 1.2  # how far, in its own semi-axes, a particle fills the room its neighbours leave it
POROGEN_SHARE = 0.9  # porogen volume over pore volume asked for; overlaps and gaps make up the rest
POROGEN_APART = 0.7  # distance kept by merging porogen spheres, in diameters
PARTICLE_INTO_POROGEN = 0.9  # distance kept between particle and porogen centres, in sums of radii
GAP_3D, GAP_SPREAD_3D = 0.0, 0.3e-6  # half the gap between particles [m]: mean and spread; they touch where it is negative
GAP_2D = 0.25e-6  # half the gap in a 2D section [m]: never closed, so that ions pass, and thin, so that solids nearly touch
GAP_WAVELENGTH = 6e-6  # over which the gap varies along a facet [m]
OFFSETS = (-1.2e-6, 1.6e-6)  # how far the surfaces may be moved to meet the porosity [m]


@dataclass(frozen=True)
class PackingRequest:
    """What host to generate.

    Args:
        shape: cells of the box (nz, [ny,] nx). spacing: edge of a cell [m].
        collector_thickness: [m]. thickness: of the host layer [m]; 0 for a bare collector.
        porosity: of the finished layer, coating and diffuse interfaces included [-]. porosity_tolerance: [-].
        particle_diameter: smallest and largest long axis of the particles [m].
        particle_flatness: short over long axis of a particle [-], 0.3 to 1.
        pore_diameter: of the porogen spheres [m].
        solid_phase: name of the particles' phase; None for a bare collector.
        coating_phase: name of the coating's phase, or None. coating_thickness: [m], below the grid.
        diffuse_cells: standard deviation of the Gaussian that makes the masks diffuse, in cells.
    """

    shape: tuple[int, ...]
    spacing: float
    collector_thickness: float = 3e-6
    thickness: float = 45e-6
    porosity: float = 0.46
    porosity_tolerance: float = 0.005
    particle_diameter: tuple[float, float] = (5e-6, 8e-6)
    particle_flatness: float = 0.6
    pore_diameter: float = 5e-6
    solid_phase: str | None = "llto"
    coating_phase: str | None = "cnt"
    coating_thickness: float = 0.1e-6
    diffuse_cells: float = 1.0


@dataclass(frozen=True)
class _Bodies:
    """Particles and porogen spheres in place: centres [m] above the collector and sideways, axes and metrics."""

    particles: np.ndarray  # (n, ndim)
    axes: np.ndarray  # (n,) long semi-axis [m]
    metrics: np.ndarray  # (n, ndim, ndim): |metric (x - centre)| = 1 on the surface
    porogens: np.ndarray  # (m, ndim)


@dataclass(frozen=True)
class _Distances:
    """What decides where the pore is, on the planes of the layer [m]; none depends on the offset."""

    facet: np.ndarray  # to the nearest facet between two particles
    gap: np.ndarray  # half the width of the gap there
    outside: np.ndarray  # out of the nearest particle's reach, negative inside
    porogen: np.ndarray  # into a porogen sphere, negative outside
    owner: np.ndarray  # particle, from 1

    def pore(self, offset: float, spacing: float) -> np.ndarray:
        """Pore occupancy of each cell [-] with all surfaces moved by `offset` [m] into the solid; exact for flat walls."""
        half = np.maximum(self.gap + offset, 0.0)
        slab = np.minimum(self.facet + 0.5 * spacing, half) - np.maximum(self.facet - 0.5 * spacing, -half)
        gap = np.clip(slab / spacing, 0.0, 1.0)
        open_ = np.clip(0.5 + (np.maximum(self.outside, self.porogen) + offset) / spacing, 0.0, 1.0)
        return np.maximum(gap, open_)


def generate(request: PackingRequest, seed: int) -> Geometry:
    """A packed, coated host that meets the request; the same seed gives the same host, bit for bit.

    In 3D both solid and pore reach from the collector to the top. A plane cannot hold both: in 2D thin gaps stay between
    the particles, in which solid and pore both keep a diffuse fraction, and the notes say which of them carries through.
    Raises: HostError where the request is out of range, has no place in the box or cannot be met.
    """
    _check(request)
    if request.thickness == 0 or request.solid_phase is None:
        note = "bare collector: no host was asked for"
        return assemble({}, request.shape, request.spacing, request.collector_thickness, 0.0, request.diffuse_cells, notes=(note,))

    for attempt in range(ATTEMPTS):
        rng = np.random.default_rng([int(seed), attempt])
        distances = _measure(request, _pack(request, rng), rng)
        geometry = _meet_porosity(request, distances)
        missing = _missing_paths(geometry)
        if geometry.ndim == 2 or not missing:
            return replace(geometry, notes=_notes(geometry, missing, attempt))
    raise HostError(
        f"the {' and the '.join(missing)} did not reach from collector to top in {ATTEMPTS} packings at porosity "
        f"{request.porosity:.2f}; try a porosity nearer 0.5, a wider box, a finer spacing or another seed"
    )


def _missing_paths(geometry: Geometry) -> list[str]:
    """Which of solid and pore does not reach from the collector to the top."""
    threshold = path_threshold(geometry.ndim)
    pore = geometry.pore[geometry.planes]
    fields = {"solid": 1.0 - pore, "pore": pore}
    return [name for name, field in fields.items() if not reaches(field > threshold, 0, -1).any()]


def _notes(geometry: Geometry, missing: list[str], attempt: int) -> tuple[str, ...]:
    """What a user must know about this packing."""
    notes = []
    if geometry.ndim == 2:
        notes.append(
            "a 2D section of a 3D host: solid and pore cannot both carry through a plane, so thin gaps stay between the "
            f"particles, and a diffuse fraction above {path_threshold(2)} counts as a path"
        )
    notes += [f"a 2D section of a 3D host: in this one the {name} does not reach from collector to top" for name in missing]
    if attempt:
        notes.append(f"packing {attempt + 1} of this seed; in the earlier ones solid or pore did not carry through")
    return tuple(notes)


def _check(request: PackingRequest) -> None:
    """Nothing; raises HostError for a request that is out of range."""
    check_box(request.shape, request.spacing, request.collector_thickness, request.thickness)
    check_diffuse_cells(request.diffuse_cells)
    if request.thickness == 0 or request.solid_phase is None:
        return
    smallest, largest = request.particle_diameter
    width = min(request.shape[1:]) * request.spacing
    um = 1e6
    if not 0 < request.porosity < 1:
        raise HostError(f"porosity is {request.porosity}; it must lie between 0 and 1, and this packing reaches about 0.25-0.8")
    if not 1e-4 <= request.porosity_tolerance < 0.5:
        raise HostError(f"porosity_tolerance is {request.porosity_tolerance}; it must lie between 0.0001 and 0.5")
    if not (0 < smallest <= largest and isfinite(largest)):
        raise HostError(f"particle_diameter is {request.particle_diameter} m; give the smallest first, both above zero")
    if not 0.3 <= request.particle_flatness <= 1:
        raise HostError(f"particle_flatness is {request.particle_flatness}; it must lie between 0.3 (flakes) and 1 (round)")
    if not (isfinite(request.pore_diameter) and request.pore_diameter > 0):
        raise HostError(f"pore_diameter is {request.pore_diameter} m; it must be positive")
    for name, size in (("particle_diameter", largest), ("pore_diameter", request.pore_diameter)):
        if size > width:
            raise HostError(f"{name} is {size * um:.4g} um, but the box is only {width * um:.4g} um wide; widen the box or make it smaller")
        if size > request.thickness:
            raise HostError(f"{name} is {size * um:.4g} um, but the host is only {request.thickness * um:.4g} um thick; make one fit the other")
    thin = min(smallest * request.particle_flatness, request.pore_diameter)
    if thin < 2 * request.spacing:
        raise HostError(
            f"the thinnest particle or pore is {thin * um:.4g} um, less than two cells of {request.spacing * um:.4g} um; use a finer "
            f"spacing, at most {thin / 2 * um:.4g} um"
        )
    if request.coating_phase is not None and not 0 <= request.coating_thickness <= request.spacing:
        raise HostError(
            f"coating_thickness is {request.coating_thickness * um:.4g} um; it must lie between 0 and the spacing of "
            f"{request.spacing * um:.4g} um, since the coating is kept below the grid"
        )
    for name in (request.solid_phase, request.coating_phase):
        if name in ("collector", "pore", ""):
            raise HostError(f"'{name}' cannot be the name of a host phase; it is taken, use a name such as 'llto' or 'cnt'")


def _extent(request: PackingRequest) -> np.ndarray:
    """Thickness and widths of the layer [m]."""
    return np.array([request.thickness, *(n * request.spacing for n in request.shape[1:])])


def _pack(request: PackingRequest, rng: np.random.Generator) -> _Bodies:
    """Particles and porogen spheres that fill the layer without much overlap."""
    extent, ndim = _extent(request), len(request.shape)
    ball = {2: pi / 4, 3: pi / 6}[ndim]
    volume, radius = prod(extent), 0.5 * request.pore_diameter
    low, high = request.particle_diameter
    flatness = request.particle_flatness
    mean_body = ball * flatness * np.mean(np.linspace(low, high, 101) ** ndim)
    count = max(1, round((1 - request.porosity) * volume / mean_body))
    porogen_count = max(1, round(POROGEN_SHARE * request.porosity * volume / (ball * request.pore_diameter**ndim)))

    axes = 0.5 * np.sort(rng.uniform(low, high, count))[::-1]
    centres = rng.uniform(0.0, 1.0, (count + porogen_count, ndim)) * extent
    reach = np.concatenate([axes * flatness ** (1 / ndim), np.full(porogen_count, radius)])
    is_porogen = np.arange(len(reach)) >= count
    centres = _settle(centres, reach, is_porogen, extent)
    return _Bodies(centres[:count], axes, _orient(axes, flatness, ndim, rng), centres[count:])


def _orient(axes: np.ndarray, flatness: float, ndim: int, rng: np.random.Generator) -> np.ndarray:
    """Metric of each particle [1/m], shape (n, ndim, ndim): short along a random direction, long across it."""
    short = rng.normal(size=(len(axes), ndim))
    short /= np.linalg.norm(short, axis=1, keepdims=True)
    along = short[:, :, None] * short[:, None, :]
    return (np.eye(ndim) + (1 / flatness - 1) * along) / axes[:, None, None]


def _settle(centres: np.ndarray, radius: np.ndarray, is_porogen: np.ndarray, extent: np.ndarray) -> np.ndarray:
    """Centres [m] after soft spheres pushed each other apart: porogen spheres may merge, particles may not."""
    box = np.array([8 * extent[0], *extent[1:]])  # far too high to wrap: only the sides are periodic
    inset = np.where(is_porogen, 0.35, 0.7) * radius
    for _ in range(80):
        centres[:, 1:] %= extent[1:]
        centres[:, 0] = np.clip(centres[:, 0], inset, extent[0] - inset)
        pairs = cKDTree(centres, boxsize=box).query_pairs(2 * radius.max(), output_type="ndarray")
        if not len(pairs):
            break
        pairs = pairs[np.lexsort(pairs.T[::-1])]  # the tree's order is its own business; sums must not depend on it
        i, j = pairs.T
        gap = centres[i] - centres[j]
        gap[:, 1:] -= extent[1:] * np.round(gap[:, 1:] / extent[1:])
        distance = np.maximum(np.linalg.norm(gap, axis=1), 1e-12)
        mixed = is_porogen[i] != is_porogen[j]
        factor = np.where(is_porogen[i] & is_porogen[j], POROGEN_APART, np.where(mixed, PARTICLE_INTO_POROGEN, 1.0))
        push = 0.4 * np.maximum(factor * (radius[i] + radius[j]) - distance, 0.0)
        for axis in range(centres.shape[1]):
            shift = push * gap[:, axis] / distance
            centres[:, axis] += np.bincount(i, shift, len(centres)) - np.bincount(j, shift, len(centres))
    centres[:, 1:] %= extent[1:]
    centres[:, 0] = np.clip(centres[:, 0], inset, extent[0] - inset)
    return centres


def _points(request: PackingRequest) -> list[np.ndarray]:
    """Cell centres on each axis [m]: height above the collector, held inside the layer, then sideways."""
    heights = (np.arange(request.shape[0]) + 0.5) * request.spacing - request.collector_thickness
    planes = heights[(heights > -request.spacing) & (heights < request.thickness + request.spacing)]
    edge = min(0.5 * request.spacing, 0.5 * request.thickness)
    return [np.clip(planes, edge, request.thickness - edge), *((np.arange(n) + 0.5) * request.spacing for n in request.shape[1:])]


def _window(points: list[np.ndarray], centre: np.ndarray, half: float, extent: np.ndarray):
    """Indices of the cells within `half` [m] of a centre, and their distances from it on each axis [m]."""
    index, offset = [], []
    for axis, (x, c) in enumerate(zip(points, centre, strict=True)):
        away = x - c
        if axis:
            away -= extent[axis] * np.round(away / extent[axis])
        near = np.flatnonzero(np.abs(away) <= half)
        index.append(near)
        offset.append(away[near])
    return np.ix_(*index), np.meshgrid(*offset, indexing="ij", sparse=True)


def _measure(request: PackingRequest, bodies: _Bodies, rng: np.random.Generator) -> _Distances:
    """Distances to everything that can make a point pore."""
    points, extent = _points(request), _extent(request)
    shape, ndim = tuple(map(len, points)), len(points)
    first, second = np.full(shape, REACH), np.full(shape, REACH)
    owner = np.zeros(shape, dtype=np.int32)
    slope = np.zeros((2, ndim, *shape), dtype=np.float32)  # gradient of the nearest and second nearest [1/m]

    for number, (centre, axis, metric) in enumerate(zip(bodies.particles, bodies.axes, bodies.metrics, strict=True), 1):
        cells, away = _window(points, centre, REACH * axis, extent)
        stretched = [sum(row[k] * away[k] for k in range(ndim)) for row in metric]
        distance = np.sqrt(sum(s**2 for s in stretched))
        gradient = [sum(metric[k, m] * stretched[m] for m in range(ndim)) / np.maximum(distance, 1e-9) for k in range(ndim)]
        d1, d2 = first[cells], second[cells]
        nearest, runner_up = distance < d1, (distance >= d1) & (distance < d2)
        second[cells] = np.where(nearest, d1, np.where(runner_up, distance, d2))
        first[cells] = np.where(nearest, distance, d1)
        owner[cells] = np.where(nearest, number, owner[cells])
        for k in range(ndim):
            s1, s2 = slope[0, k][cells], slope[1, k][cells]
            slope[1, k][cells] = np.where(nearest, s1, np.where(runner_up, gradient[k], s2))
            slope[0, k][cells] = np.where(nearest, gradient[k], s1)

    steepness = np.sqrt(((slope[1] - slope[0]) ** 2).sum(axis=0))
    facet = np.where(second < REACH, (second - first) / np.maximum(steepness, 1e-3 / bodies.axes.max()), np.inf)
    own = np.sqrt((slope[0] ** 2).sum(axis=0))
    outside = (first - FILL) / np.maximum(own, 1e-3 / bodies.axes.max())
    outside[owner == 0] = bodies.axes.max()

    radius = 0.5 * request.pore_diameter
    porogen = np.full(shape, -radius)
    for centre in bodies.porogens:
        cells, away = _window(points, centre, 2 * radius, extent)
        porogen[cells] = np.maximum(porogen[cells], radius - np.sqrt(sum(a**2 for a in away)))

    gap = np.full(shape, max(GAP_2D, 0.4 * request.spacing)) if ndim == 2 else _roughness(points, extent, rng)
    return _Distances(facet, gap, outside, porogen, owner)


def _roughness(points: list[np.ndarray], extent: np.ndarray, rng: np.random.Generator, waves: int = 48) -> np.ndarray:
    """Half the gap between particles [m]: a smooth random field, periodic sideways; where negative, they touch."""
    wave_vector = rng.normal(size=(waves, len(points))) * 2 * pi / GAP_WAVELENGTH
    wave_vector[:, 1:] = 2 * pi / extent[1:] * np.round(wave_vector[:, 1:] * extent[1:] / (2 * pi))
    phase = rng.uniform(0, 2 * pi, waves)
    field = np.zeros(tuple(map(len, points)))
    for k, shift in zip(wave_vector, phase, strict=True):
        factors = [np.exp(1j * (k[axis] * x + (shift if axis == 0 else 0.0))) for axis, x in enumerate(points)]
        field += np.multiply.outer(factors[0], factors[1]).real if len(factors) == 2 else _outer_real(*factors)
    return GAP_3D + GAP_SPREAD_3D * np.sqrt(2 / waves) * field


def _outer_real(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Real part of the outer product of three complex vectors."""
    plane = np.multiply.outer(b, c)
    return np.multiply.outer(a.real, plane.real) - np.multiply.outer(a.imag, plane.imag)


def _meet_porosity(request: PackingRequest, distances: _Distances) -> Geometry:
    """The host whose diffuse porosity is the one asked for, by bisection of the offset."""
    low, high = OFFSETS
    reached = []
    for offset in (low, high):
        reached.append(_build(request, distances, offset).porosity)
    if not reached[0] <= request.porosity <= reached[1]:
        raise HostError(
            f"porosity {request.porosity:.3f} cannot be met: this packing reaches {reached[0]:.2f} to {reached[1]:.2f} with pores of "
            f"{request.pore_diameter * 1e6:.4g} um at {request.spacing * 1e6:.4g} um spacing; try a porosity in that range, a thinner "
            "coating or a finer spacing"
        )
    for _ in range(40):
        middle = 0.5 * (low + high)
        geometry = _build(request, distances, middle)
        error = geometry.porosity - request.porosity
        if abs(error) <= 0.2 * request.porosity_tolerance:
            return geometry
        low, high = (middle, high) if error < 0 else (low, middle)
    raise HostError(f"porosity {request.porosity:.3f} was not met within {request.porosity_tolerance}; try a larger tolerance")


def _build(request: PackingRequest, distances: _Distances, offset: float) -> Geometry:
    """The host with all surfaces moved by `offset` [m] into the solid."""
    heights = (np.arange(request.shape[0]) + 0.5) * request.spacing - request.collector_thickness
    inside = (heights > -request.spacing) & (heights < request.thickness + request.spacing)
    solid = 1.0 - distances.pore(offset, request.spacing)
    below, above = np.argmax(inside), len(inside) - np.argmax(inside[::-1])
    spread = ((below, len(inside) - above), *((0, 0),) * (solid.ndim - 1))
    occupancy = np.pad(solid, spread, mode="edge")
    particles = np.pad(np.where(solid > 0.5, distances.owner, 0), spread)
    particles[heights < 0] = 0
    particles[heights > request.thickness] = 0
    coating = None
    if request.coating_phase is not None and request.coating_thickness > 0:
        coating = (request.coating_phase, request.coating_thickness)
    return assemble(
        {request.solid_phase: occupancy},
        request.shape,
        request.spacing,
        request.collector_thickness,
        request.thickness,
        request.diffuse_cells,
        coating,
        particles=particles,
    )
