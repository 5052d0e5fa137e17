"""A synthetic host: flat irregular particles packed around burnt-out porogen spheres, coated, on a collector.

Particles and porogen spheres are first shaken into place as soft spheres, in metres, so that a seed means the same
host on any grid. Every point of the layer then belongs to the particle nearest in that particle's own flattened
metric; the pore is what lies in a porogen sphere, in the thin gap between two particles, or beyond the reach of any.
All three grow or shrink together by one distance, the `offset`, which is found by bisection to give the porosity asked
for.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from math import isfinite, prod

import numpy as np

from phasefield.connectivity import path_threshold, reaches
from phasefield.host.geometry import Geometry, HostError, assemble, check_box, check_diffuse_cells, diffuse_porosity
from phasefield.host.tessellation import Distances, measure, pack

ATTEMPTS = 10  # packings tried before giving up on one whose phases percolate
POROGEN_SHARE, LEAN = 0.75, 0.46  # porogen volume over pore volume asked for, and the porosity below which it rises,
# by as much as the porosity falls: lean hosts need what pore they have in one piece, not in gaps
OFFSETS = (-1.2e-6, 1.6e-6)  # how far the surfaces may be moved to meet the porosity [m]
LATTICES_AT_ONCE = 4  # measured side by side, each with some 100 bytes a cell
WALL = 0.05e-6  # distance by which the walls are moved to see how much pore that takes, which is their area [m]


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
    diffuse_cells: float = 0.6


def generate(request: PackingRequest, seed: int) -> Geometry:
    """A packed, coated host that meets the request; the same seed gives the same host, bit for bit.

    In 3D both solid and pore reach from the collector to the top. A plane cannot hold both: in 2D thin gaps stay
    between the particles, in which solid and pore both keep a diffuse fraction, and the notes say which of them carries
    through.

    Raises: HostError where the request is out of range, has no place in the box or cannot be met.
    """
    _check(request)
    if int(seed) != seed or seed < 0:
        raise HostError(f"seed is {seed}; it must be a whole number, zero or positive (try 0)")
    if request.thickness == 0 or request.solid_phase is None:
        note = "bare collector: no host was asked for"
        return assemble(
            {}, request.shape, request.spacing, request.collector_thickness, 0.0, request.diffuse_cells, notes=(note,)
        )

    extent = np.array([request.thickness, *(n * request.spacing for n in request.shape[1:])])
    porogen_share = POROGEN_SHARE + max(0.0, LEAN - request.porosity)
    for attempt in range(ATTEMPTS):
        rng = np.random.default_rng([int(seed), attempt])
        bodies = pack(
            extent,
            (1 - request.porosity) * prod(extent),
            porogen_share * request.porosity * prod(extent),
            request.particle_diameter,
            request.particle_flatness,
            request.pore_diameter,
            rng,
        )
        with ThreadPoolExecutor(min(LATTICES_AT_ONCE, os.cpu_count() or 1)) as pool:
            measuring = partial(measure, bodies, extent=extent, spacing=request.spacing)
            distances = list(pool.map(measuring, _points(request)))
        geometry = _meet_porosity(request, distances)
        missing = _missing_paths(geometry)
        if geometry.ndim == 2 or not missing:
            return replace(geometry, notes=_notes(geometry, missing, attempt))
    raise HostError(
        f"the {' and the '.join(missing)} did not reach from collector to top in {ATTEMPTS} packings at porosity "
        f"{request.porosity:.2f}; try a host.porosity nearer 0.5, a wider box, a finer spacing or another seed"
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
            "a 2D section of a 3D host: solid and pore cannot both carry through a plane, so thin gaps stay between "
            f"the particles, and a diffuse fraction above {path_threshold(2)} counts as a path"
        )
    notes += [
        f"a 2D section of a 3D host: in this one the {name} does not reach from collector to top" for name in missing
    ]
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
        raise HostError(
            f"host.porosity is {request.porosity}; it must lie between 0 and 1, and this packing reaches about 0.25-0.8"
        )
    if not 1e-4 <= request.porosity_tolerance < 0.5:
        raise HostError(f"host.porosity_tolerance is {request.porosity_tolerance}; it must lie between 0.0001 and 0.5")
    if not (0 < smallest <= largest and isfinite(largest)):
        raise HostError(f"particle_diameter is {request.particle_diameter} m; give the smallest first, both above zero")
    if not 0.3 <= request.particle_flatness <= 1:
        raise HostError(
            f"host.particle_flatness is {request.particle_flatness}; it must lie between 0.3 (flakes) and 1 (round)"
        )
    if not (isfinite(request.pore_diameter) and request.pore_diameter > 0):
        raise HostError(f"pore_diameter is {request.pore_diameter} m; it must be positive")
    for name, size in (("particle_diameter", largest), ("pore_diameter", request.pore_diameter)):
        if size > width:
            raise HostError(
                f"host.{name}_um is {size * um:.4g} um, but the box is only {width * um:.4g} um wide; widen the box "
                "(grid.width_um) or make it smaller"
            )
        if size > request.thickness:
            raise HostError(
                f"host.{name}_um is {size * um:.4g} um, but the host is only {request.thickness * um:.4g} um thick; "
                "make it smaller or host.thickness_um larger"
            )
    thin = min(smallest * request.particle_flatness, request.pore_diameter)
    if thin < 2 * request.spacing * (1 - 1e-9):
        raise HostError(
            f"the thinnest particle (host.particle_diameter_um times host.particle_flatness) or pore "
            f"(host.pore_diameter_um) is {thin * um:.4g} um, less than two cells of {request.spacing * um:.4g} um; use "
            f"larger ones or a finer spacing, grid.spacing_um at most {thin / 2 * um:.4g}"
        )
    if request.coating_phase is not None and not 0 <= request.coating_thickness <= request.spacing:
        raise HostError(
            f"the host's coating_thickness is {request.coating_thickness * um:.4g} um; it must lie between 0 and the "
            f"spacing of {request.spacing * um:.4g} um, since the coating is kept below the grid"
        )
    for name in (request.solid_phase, request.coating_phase):
        if name in ("collector", "pore", ""):
            raise HostError(
                f"'{name}' cannot be the name of a host phase; it is taken, use a name such as 'llto' or 'cnt'"
            )


def _layer_planes(request: PackingRequest) -> tuple[np.ndarray, slice]:
    """Height of each plane of cells above the collector [m], and the planes that touch the layer."""
    heights = (np.arange(request.shape[0]) + 0.5) * request.spacing - request.collector_thickness
    near = np.flatnonzero((heights > -request.spacing) & (heights < request.thickness + request.spacing))
    return heights, slice(near[0], near[-1] + 1)


def _points(request: PackingRequest) -> list[list[np.ndarray]]:
    """Lattices of the middles of the cells' halves, quarters in 2D, eighths in 3D: on each axis [m].

    First the height above the collector, held inside the layer, then sideways.
    """
    heights, planes = _layer_planes(request)
    edge = 0.5 * min(0.5 * request.spacing, request.thickness)
    sides = [(np.arange(n) + 0.5) * request.spacing for n in request.shape[1:]]
    lattices = []
    for up, *along in product((-0.25 * request.spacing, 0.25 * request.spacing), repeat=len(request.shape)):
        height = np.clip(heights[planes] + up, edge, request.thickness - edge)
        lattices.append([height, *(side + shift for side, shift in zip(sides, along, strict=True))])
    return lattices


def _meet_porosity(request: PackingRequest, distances: list[Distances]) -> Geometry:
    """The host whose diffuse porosity is the one asked for, by bisection of the offset."""
    low, high = OFFSETS
    reached = [_porosity(request, distances, offset) for offset in (low, high)]
    if not reached[0] <= request.porosity <= reached[1]:
        raise HostError(
            f"host.porosity {request.porosity:.3f} cannot be met: this packing reaches {reached[0]:.2f} to "
            f"{reached[1]:.2f} with pores of {request.pore_diameter * 1e6:.4g} um at {request.spacing * 1e6:.4g} um "
            "spacing; try a porosity in that range, a thinner coating or a finer spacing"
        )
    for _ in range(40):
        middle = 0.5 * (low + high)
        error = _porosity(request, distances, middle) - request.porosity
        if abs(error) <= 0.2 * request.porosity_tolerance:
            return _build(request, distances, middle)
        low, high = (middle, high) if error < 0 else (low, middle)
    raise HostError(
        f"host.porosity {request.porosity:.3f} was not met within {request.porosity_tolerance}; try a larger "
        "host.porosity_tolerance"
    )


def _porosity(request: PackingRequest, distances: list[Distances], offset: float) -> float:
    """Of the host that `_build` makes [-]."""
    parts = _parts(request, distances, offset - _coating(request))
    profile = sum(part.mean(axis=tuple(range(1, part.ndim)), dtype=np.float64) for part in parts) / len(parts)
    _, planes = _layer_planes(request)
    return diffuse_porosity(
        1.0 - np.pad(profile, (planes.start, request.shape[0] - planes.stop), mode="edge"),
        request.spacing,
        request.collector_thickness,
        request.thickness,
        request.diffuse_cells,
    )


def _coating(request: PackingRequest) -> float:
    """Its thickness [m], 0 for none."""
    return request.coating_thickness if request.coating_phase is not None else 0.0


def _parts(request: PackingRequest, distances: list[Distances], offset: float) -> list[np.ndarray]:
    """Pore of each lattice of `_points` in its planes [-], float32, with all surfaces moved by `offset` [m]."""
    return [lattice.pore(offset, 0.5 * request.spacing) for lattice in distances]


def _build(request: PackingRequest, distances: list[Distances], offset: float) -> Geometry:
    """The host with all surfaces moved by `offset` [m] into the solid, and the coating put on them.

    A cell is what its parts are on average. Taken as a whole, a gap narrower than a cell would have one wall.
    The coating takes what the pore loses when its walls move in by its thickness; the area of the walls is how fast the
    pore shrinks as they do. Both hold below the size of a cell.
    """
    heights, planes = _layer_planes(request)
    spread = ((planes.start, len(heights) - planes.stop), *((0, 0),) * (len(request.shape) - 1))

    def moved(distance):
        return _parts(request, distances, offset + distance)

    def pore(parts):
        return np.pad(sum(part.astype(np.float64) for part in parts) / len(parts), spread, mode="edge")

    thickness = _coating(request)
    coated, bare = moved(-thickness), pore(moved(0.0))
    solids = {request.solid_phase: 1.0 - bare}
    if thickness > 0:
        solids[request.coating_phase] = solids.get(request.coating_phase, 0.0) + bare - pore(coated)
    area = (pore(moved(WALL - thickness)) - pore(moved(-WALL - thickness))) / (2 * WALL)
    particles = np.pad(np.where(bare[planes] < 0.5, distances[-1].owner, 0), spread)
    particles[heights < 0] = 0
    particles[heights > request.thickness] = 0
    return assemble(
        solids,
        request.shape,
        request.spacing,
        request.collector_thickness,
        request.thickness,
        request.diffuse_cells,
        particles=particles,
        area=area,
        subgrid_solid=_solid_of_halves(request, coated),
    )


def _solid_of_halves(request: PackingRequest, parts: list[np.ndarray]) -> np.ndarray:
    """Solid in each half of a cell [-], float32, put together from the pore of the lattices of `_points`."""
    heights, planes = _layer_planes(request)
    solid = np.empty([2 * (planes.stop - planes.start), *(2 * n for n in request.shape[1:])], np.float32)
    for half, part in zip(product((0, 1), repeat=solid.ndim), parts, strict=True):
        solid[tuple(slice(first, None, 2) for first in half)] = 1.0 - part
    spread = ((2 * planes.start, 2 * (len(heights) - planes.stop)), *((0, 0),) * (solid.ndim - 1))
    return np.pad(solid, spread, mode="edge")
