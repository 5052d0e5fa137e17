"""What a host is like: porosity, sizes, surfaces, what hangs together, what conducts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields

import numpy as np
from scipy import ndimage

from phasefield.host.connectivity import joined_to, path_threshold, reaches
from phasefield.host.geometry import Geometry, HostError, layer_mean, surface_density

SIZE_STEPS = 16  # classes of the local-thickness distributions
SMALLEST_PARTICLE = 8  # cells; what is smaller is a splinter of the grid


@dataclass(frozen=True)
class SizeDistribution:
    """How much volume is in what size.

    Args:
        diameter: [m], rising. cumulative: share of the volume in pieces of this diameter or smaller [-], ending at 1.
        d10, d50, d90: diameters below which 10, 50 and 90 % of the volume lie [m].
    """

    diameter: tuple[float, ...]
    cumulative: tuple[float, ...]
    d10: float
    d50: float
    d90: float


@dataclass(frozen=True)
class HostReport:
    """The measures of a host layer, all over bottom..top and with the diffuse fractions.

    Args:
        thickness: [m]. porosity: [-]. volume_fractions: of each host phase [-].
        porosity_profile, profile_height: pore fraction per plane [-] and height of the plane above the collector [m].
        pore_size: local thickness of the pore. particle_size: diameters of spheres (in 2D circles) as large as the particles,
            or the local thickness of the solid where particles are unknown. particle_length: long axes, or None.
        specific_surface: of host against pore per volume of layer [1/m]. area_ratio: the same per geometric area [-].
        solid_connected, pore_connected: share of the solid (pore) that hangs together from collector to top [-].
        solid_percolates, pore_percolates: whether there is any.
        floating_solid: share of the solid not joined to the collector [-].
        cut_off_pore: share of the pore not joined to the electrolyte above [-].
        path_threshold: fraction above which a cell counts as solid (pore) in the five lines above [-].
        ionic_conductivity, electronic_conductivity: effective, through the layer [S/m]; None if not asked for.
        tortuosity_factor: porosity over the relative effective conductivity of the pore [-], its partly filled cells
            counted as the model counts them; infinite where it does not carry through; None if not asked for.
        notes: passed on from the geometry.
    """

    thickness: float
    porosity: float
    volume_fractions: dict[str, float]
    profile_height: tuple[float, ...]
    porosity_profile: tuple[float, ...]
    pore_size: SizeDistribution | None
    particle_size: SizeDistribution | None
    particle_length: SizeDistribution | None
    specific_surface: float
    area_ratio: float
    solid_percolates: bool
    pore_percolates: bool
    solid_connected: float
    pore_connected: float
    floating_solid: float
    cut_off_pore: float
    path_threshold: float
    ionic_conductivity: float | None
    electronic_conductivity: float | None
    tortuosity_factor: float | None
    notes: tuple[str, ...]

    def to_dict(self) -> dict:
        """The report as plain numbers, text, lists and dictionaries."""
        return asdict(self)

    def rows(self) -> list[tuple[str, str]]:
        """Name and value with unit of each single-valued measure, for a table."""
        um = 1e6
        out = [("thickness", f"{self.thickness * um:.1f} um"), ("porosity", f"{self.porosity * 100:.1f} %")]
        out += [(f"{name} volume fraction", f"{value * 100:.1f} %") for name, value in self.volume_fractions.items()]
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, SizeDistribution):
                sizes = " / ".join(f"{d * um:.1f}" for d in (value.d10, value.d50, value.d90))
                out.append((f"{field.name.replace('_', ' ')} d10/d50/d90", f"{sizes} um"))
        out += [
            ("specific surface", f"{self.specific_surface / um:.3f} m2/cm3"),
            ("inner per geometric area", f"{self.area_ratio:.1f}"),
            ("solid connected", f"{self.solid_connected * 100:.1f} %"),
            ("pore connected", f"{self.pore_connected * 100:.1f} %"),
            ("floating solid", f"{self.floating_solid * 100:.2f} %"),
            ("cut-off pore", f"{self.cut_off_pore * 100:.2f} %"),
        ]
        for name, value, unit in (
            ("effective ionic conductivity", self.ionic_conductivity, " S/m"),
            ("effective electronic conductivity", self.electronic_conductivity, " S/m"),
            ("tortuosity factor of the pore", self.tortuosity_factor, ""),
        ):
            if value is not None:
                out.append((name, f"{value:.3g}{unit}"))
        return out


def describe(
    geometry: Geometry,
    phases: Sequence = (),
    electrolyte_conductivity: float | None = None,
    *,
    bruggeman_exponent: float = 1.5,
    lithiation: Mapping[str, float] | float = 0.0,
    effective_conductivity: Callable[..., float] | None = None,
) -> HostReport:
    """The measures of a host.

    Args:
        geometry: the host.
        phases: HostPhase of every name in the geometry, in any order; none leaves the conductivities out.
        electrolyte_conductivity: [S/m]; None leaves the conductivities out.
        bruggeman_exponent: of the ionic conductivity in partly filled cells [-].
        lithiation: of each phase by name, or of all, 0 to 1 [-].
        effective_conductivity: (conductivity [S/m], axis) -> [S/m]; the model's own solver if not given.
    Raises: HostError where a phase is missing or a lithiation is out of range.
    """
    conducts = bool(phases) and electrolyte_conductivity is not None
    layer, planes = geometry.layer, geometry.planes
    fractions, pore = geometry.fractions, geometry.pore
    threshold = path_threshold(geometry.ndim)
    ionic = electronic = tortuosity = None
    if not layer.any():
        return HostReport(
            0.0, 1.0, {}, (), (), None, None, None, 0.0, 0.0, False, True, 0.0, 1.0, 0.0, 0.0, threshold, ionic, electronic,
            tortuosity, geometry.notes,
        )  # fmt: skip
    solid_cells, pore_cells = 1.0 - pore[planes] > threshold, pore[planes] > threshold
    solid_paths, pore_paths = reaches(solid_cells, 0, -1), reaches(pore_cells, 0, -1)
    if conducts:
        if effective_conductivity is None:
            from phasefield.conduction import (
                effective_conductivity,  # imports jax; the rest of the host needs only numpy
            )
        kappa, sigma = conductivities(geometry, phases, electrolyte_conductivity, bruggeman_exponent, lithiation)
        ionic = float(effective_conductivity(kappa[planes], axis=0))
        electronic = float(effective_conductivity(sigma[planes], axis=0))
        tortuosity = float("inf")
        if pore_paths.any():
            relative = float(effective_conductivity(np.maximum(pore[planes], 0.0) ** bruggeman_exponent, axis=0))
            tortuosity = geometry.porosity / relative

    area = _host_area(geometry)
    profile = pore[planes].mean(axis=tuple(range(1, geometry.ndim)))
    height = (np.arange(geometry.shape[0])[planes] + 0.5) * geometry.spacing - geometry.bottom
    length = None
    if geometry.particles is not None and geometry.particles.any():
        size, length = particle_sizes(geometry.particles, geometry.spacing)
    else:
        size = local_thickness(pore[planes] < 0.5, geometry.spacing)
    return HostReport(
        thickness=geometry.top - geometry.bottom,
        porosity=geometry.porosity,
        volume_fractions={
            name: layer_mean(part, layer) for name, part in zip(geometry.names[1:], fractions[1:], strict=True)
        },
        profile_height=tuple(map(float, height)),
        porosity_profile=tuple(map(float, profile)),
        pore_size=local_thickness(pore[planes] >= 0.5, geometry.spacing),
        particle_size=size,
        particle_length=length,
        specific_surface=area / (geometry.top - geometry.bottom),
        area_ratio=area,
        solid_percolates=bool(solid_paths.any()),
        pore_percolates=bool(pore_paths.any()),
        solid_connected=_share(solid_paths, solid_cells),
        pore_connected=_share(pore_paths, pore_cells),
        floating_solid=1.0 - _share(joined_to(solid_cells, 0), solid_cells, empty=1.0),
        cut_off_pore=1.0 - _share(joined_to(pore_cells, -1), pore_cells, empty=1.0),
        path_threshold=threshold,
        ionic_conductivity=ionic,
        electronic_conductivity=electronic,
        tortuosity_factor=tortuosity,
        notes=geometry.notes,
    )


def _host_area(geometry: Geometry) -> float:
    """Area of host against pore per geometric area [-], its upper face included and bare collector left out."""
    solid = geometry.fractions.sum(axis=0)
    host = geometry.fractions[1:].sum(axis=0) / np.maximum(solid, 1e-12)
    return float(
        (host * surface_density(solid, geometry.spacing)).sum() * geometry.spacing / np.prod(geometry.shape[1:])
    )


def conductivities(
    geometry: Geometry,
    phases: Sequence,
    electrolyte_conductivity: float,
    bruggeman_exponent: float = 1.5,
    lithiation: Mapping[str, float] | float = 0.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Ionic and electronic conductivity of each cell without lithium metal [S/m], each of the box's shape.

        kappa = kappa_e pore^b + sum_k f_k kappa_k(theta_k),   sigma = sum_k f_k sigma_k(theta_k)

    Args: as in `describe`.
    """
    by_name = {phase.name: phase for phase in phases}
    kappa = electrolyte_conductivity * np.maximum(geometry.pore, 0.0) ** bruggeman_exponent
    sigma = np.zeros(geometry.shape)
    for name, fraction in zip(geometry.names, geometry.fractions, strict=True):
        if name not in by_name:
            raise HostError(f"the host holds '{name}' but its properties are not given; given are {sorted(by_name)}")
        theta = lithiation.get(name, 0.0) if isinstance(lithiation, Mapping) else lithiation
        if not 0 <= theta <= 1:
            raise HostError(f"lithiation of '{name}' is {theta}; it must lie between 0 and 1")
        kappa += fraction * _between(by_name[name].ionic_conductivity, theta)
        sigma += fraction * _between(by_name[name].electronic_conductivity, theta)
    return kappa, sigma


def _between(pair: tuple[float, float], theta: float) -> float:
    """Conductivity at this lithiation [S/m], straight in log10; straight in itself where one end does not conduct."""
    low, high = map(float, pair)
    if low <= 0 or high <= 0:
        return low + theta * (high - low)
    return low ** (1 - theta) * high**theta


def _share(part: np.ndarray, whole: np.ndarray, empty: float = 0.0) -> float:
    """Cells of the part over cells of the whole [-]."""
    count = np.count_nonzero(whole)
    return np.count_nonzero(part) / count if count else empty


def local_thickness(mask: np.ndarray, spacing: float, steps: int = SIZE_STEPS) -> SizeDistribution | None:
    """Sizes of a mask: each point counts with the largest sphere (2D: disc) that holds it and lies in the mask.

    Periodic sideways; top and bottom of the array do not bound a sphere. None for an empty mask.
    Args: mask: bool, shape (nz, [ny,] nx). spacing: [m]. steps: diameters tried.
    """
    if not mask.any():
        return None
    if mask.all():
        raise HostError("local thickness of a mask without walls is infinite; give a mask that is false somewhere")
    depth, inner = _depth(mask, [n // 2 for n in mask.shape[1:]])
    needed = int(2 * depth.max()) + 2  # a sphere centred beyond this cannot reach into the box
    depth, inner = _depth(mask, [min(n // 2, needed) for n in mask.shape[1:]])
    largest = np.where(mask, 0.5, 0.0)
    for radius in np.linspace(0.5, depth.max(), steps)[1:]:
        distance = ndimage.distance_transform_edt(depth < radius - 1e-9)[inner]
        largest[mask & (distance < radius + 0.5)] = radius
    return _distribution(2 * spacing * largest[mask], np.ones(np.count_nonzero(mask)))


def _depth(mask: np.ndarray, pad: list[int]) -> tuple[np.ndarray, tuple[slice, ...]]:
    """Distance to the wall in cells, the mask being continued sideways by `pad` cells; and where the mask lies in "
    "it."""
    widths = [(0, 0), *((p, p) for p in pad)]
    periodic = np.pad(mask, widths, mode="wrap")
    # the transform ends at the centre of the nearest wall cell, half a cell behind the wall
    depth = np.where(periodic, ndimage.distance_transform_edt(periodic) - 0.5, 0.0)
    return depth, tuple(slice(p, p + n) for (p, _), n in zip(widths, mask.shape, strict=True))


def particle_sizes(particles: np.ndarray, spacing: float) -> tuple[SizeDistribution | None, SizeDistribution | None]:
    """Equivalent diameters and long axes of numbered particles, weighted with volume.

    The long axis is that of the ellipsoid (2D: ellipse) with the particle's second moments, a cell's own moment included.
    Args: particles: int, shape (nz, [ny,] nx), 0 for none, periodic sideways. spacing: [m].
    """
    ndim = particles.ndim
    cells = np.nonzero(particles)
    number = particles[cells]
    count = np.bincount(number)
    large = np.flatnonzero(count >= SMALLEST_PARTICLE)
    large = large[large > 0]
    if not large.size:
        return None, None
    # unwrap a particle that lies across a side: measure from any one of its own cells
    anchor = np.zeros((len(count), ndim))
    anchor[number[::-1]] = np.stack(cells, axis=1)[::-1]
    away = np.stack(cells, axis=1) - anchor[number]
    sides = np.array(particles.shape[1:])
    away[:, 1:] -= sides * np.round(away[:, 1:] / sides)
    moment = np.zeros((len(count), ndim, ndim))
    safe = np.maximum(count, 1)
    mean = np.stack([np.bincount(number, away[:, k]) / safe for k in range(ndim)], axis=1)
    away -= mean[number]
    for k in range(ndim):
        for m in range(ndim):
            moment[:, k, m] = np.bincount(number, away[:, k] * away[:, m]) / safe
    moment += np.eye(ndim) / 12
    volume = count[large] * spacing**ndim
    equivalent = (6 / np.pi * volume) ** (1 / 3) if ndim == 3 else (4 / np.pi * volume) ** 0.5
    longest = 2 * np.sqrt((ndim + 2) * np.linalg.eigvalsh(moment[large])[:, -1]) * spacing
    return _distribution(equivalent, volume), _distribution(longest, volume)


def _distribution(diameter: np.ndarray, volume: np.ndarray) -> SizeDistribution:
    """The distribution of diameters [m] weighted with volume."""
    sizes, index = np.unique(diameter, return_inverse=True)
    cumulative = np.cumsum(np.bincount(index.ravel(), volume))
    cumulative /= cumulative[-1]
    marks = [float(sizes[min(np.searchsorted(cumulative, q - 1e-12), len(sizes) - 1)]) for q in (0.1, 0.5, 0.9)]
    return SizeDistribution(tuple(map(float, sizes)), tuple(map(float, cumulative)), *marks)
