"""What a host is like: porosity, sizes, surfaces, what hangs together, what conducts."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields

import numpy as np

from phasefield.connectivity import joined_to, path_threshold, reaches
from phasefield.host.geometry import SMALLEST_REACTIVE_PORE, Geometry, HostError, diffuse, layer_mean
from phasefield.host.passages import both, passages, with_host
from phasefield.host.sizes import SizeDistribution, local_thickness, particle_sizes

LEAK = 1e-11  # of the conductivity of cells; `conduction.between_plates` gives voids 1e-13


@dataclass(frozen=True)
class HostReport:
    """The measures of a host layer, over bottom..top and with the diffuse fractions; unset, those of a bare collector.

    Args:
        thickness: [m]. porosity: [-]. volume_fractions: of each host phase [-].
        porosity_profile, profile_height: pore fraction per plane [-] and height of the plane above the collector [m].
        pore_size: local thickness of the pore. particle_size: diameters of spheres (2D: discs) as large as the
            particles, or the local thickness of the solid where particles are unknown. particle_length: long axes.
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

    thickness: float = 0.0
    porosity: float = 1.0
    volume_fractions: dict[str, float] = field(default_factory=dict)
    profile_height: tuple[float, ...] = ()
    porosity_profile: tuple[float, ...] = ()
    pore_size: SizeDistribution | None = None
    particle_size: SizeDistribution | None = None
    particle_length: SizeDistribution | None = None
    specific_surface: float = 0.0
    area_ratio: float = 0.0
    solid_percolates: bool = False
    pore_percolates: bool = True
    solid_connected: float = 0.0
    pore_connected: float = 1.0
    floating_solid: float = 0.0
    cut_off_pore: float = 0.0
    path_threshold: float = 0.5
    ionic_conductivity: float | None = None
    electronic_conductivity: float | None = None
    tortuosity_factor: float | None = None
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict:
        """The report as plain numbers, text, lists and dictionaries."""
        return asdict(self)

    def rows(self) -> list[tuple[str, str]]:
        """Name and value with unit of each single-valued measure, for a table."""
        um = 1e6
        out = [("thickness", f"{self.thickness * um:.1f} um"), ("porosity", f"{self.porosity * 100:.1f} %")]
        out += [(f"{name} volume fraction", f"{value * 100:.1f} %") for name, value in self.volume_fractions.items()]
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, SizeDistribution):
                sizes = " / ".join(f"{d * um:.1f}" for d in (value.d10, value.d50, value.d90))
                out.append((f"{each.name.replace('_', ' ')} d10/d50/d90", f"{sizes} um"))
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
) -> HostReport:
    """The measures of a host.

    Args:
        geometry: the host.
        phases: HostPhase of every name in the geometry, in any order; none leaves the conductivities out.
        electrolyte_conductivity: [S/m]; None leaves the conductivities out.
        bruggeman_exponent: of the ionic conductivity in partly filled cells [-].
        lithiation: of each phase by name, or of all, 0 to 1 [-].
    Raises: HostError where a phase is missing or a lithiation is out of range.
    """
    conducts = bool(phases) and electrolyte_conductivity is not None
    layer, planes = geometry.layer, geometry.planes
    fractions, pore = geometry.fractions, geometry.pore
    threshold = path_threshold(geometry.ndim)
    ionic = electronic = tortuosity = None
    if not layer.any():
        return HostReport(path_threshold=threshold, notes=geometry.notes)
    solid_cells, pore_cells = 1.0 - pore[planes] > threshold, pore[planes] > threshold
    solid_paths, pore_paths = reaches(solid_cells, 0, -1), reaches(pore_cells, 0, -1)
    if conducts:
        from phasefield import conduction  # here, since it imports jax, and the rest of the host needs only numpy

        host, sigma = conductivities(geometry, phases, lithiation)
        ionic = ionic_conductivity(geometry, electrolyte_conductivity, bruggeman_exponent, host)
        electronic = conduction.effective_conductivity(sigma[planes], mean="arithmetic")
        tortuosity = float("inf")
        if pore_paths.any():
            tortuosity = geometry.porosity / ionic_conductivity(geometry, 1.0, bruggeman_exponent)

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
    share = diffuse(geometry.fractions[1:].sum(axis=0)) / np.maximum(diffuse(solid), 1e-12)  # on the pore side too
    area = (share * geometry.surface).sum() * geometry.spacing
    return float(area / np.prod(geometry.shape[1:]))


def ionic_conductivity(
    geometry: Geometry, electrolyte_conductivity: float, bruggeman_exponent: float = 1.5, host=0.0
) -> float:
    """Effective ionic conductivity through the layer [S/m], between cells as in the model, see `host.passages`.

    0 where nothing carries through: below `LEAK` of the largest in a cell it is no more than what voids let through.

    Args: host: conductivity of the solids of each cell [S/m], of the box's shape; 0 for the electrolyte alone.
    """
    from phasefield import conduction

    planes, host = geometry.planes, np.broadcast_to(host, geometry.shape)
    reactive = np.where(geometry.pore < SMALLEST_REACTIVE_PORE, 0.0, geometry.pore)
    pores = electrolyte_conductivity * reactive**bruggeman_exponent
    faces = [
        with_host(electrolyte_conductivity * passage, both(pores, axis), both(host, axis))[planes]
        for axis, passage in enumerate(passages(reactive, bruggeman_exponent, geometry.subgrid_pore))
    ]
    cells = (pores + host)[planes]
    if not cells.any():
        return 0.0
    found = conduction.between_plates(faces, cells[[0, -1]]).effective_conductivity
    return found if found > LEAK * cells.max() else 0.0


def conductivities(
    geometry: Geometry, phases: Sequence, lithiation: Mapping[str, float] | float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Ionic and electronic conductivity of the solids of each cell [S/m], each of the box's shape.

        kappa = sum_k f_k kappa_k(theta_k),   sigma = sum_k f_k sigma_k(theta_k)

    Args: as in `describe`.
    """
    by_name = {phase.name: phase for phase in phases}
    kappa, sigma = np.zeros(geometry.shape), np.zeros(geometry.shape)
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
    """Conductivity at this lithiation [S/m], straight in log10 as in the model; none where one end has none."""
    low, high = map(float, pair)
    return low ** (1 - theta) * high**theta if low > 0 and high > 0 else 0.0


def _share(part: np.ndarray, whole: np.ndarray, empty: float = 0.0) -> float:
    """Cells of the part over cells of the whole [-]."""
    count = np.count_nonzero(whole)
    return np.count_nonzero(part) / count if count else empty
