"""What a host is on the grid: diffuse volume fractions of its solids on a collector, electrolyte above."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite

import numpy as np
from scipy import ndimage

COLLECTOR = "collector"
SMALLEST_REACTIVE_PORE = 0.05  # below it lithium and host cannot be told apart, and nothing reacts
FEWEST_OPEN_CELLS = 2  # of electrolyte above the host, where the current enters


class HostError(ValueError):
    """A host that cannot be built as asked for; the message names the file or the key, and what to try."""


@dataclass(frozen=True)
class Geometry:
    """The solids in the box, before they are given properties.

    Args:
        names: the phases, K of them; phase 0 is always the collector.
        fractions: diffuse volume fractions [-], float64, shape (K, *shape), each >= 0 and together <= 1 in every cell.
        surface: area of host and collector per volume [1/m], shape `shape`, as diffuse as the fractions; it counts
            what is finer than a cell too.
        spacing: edge of a cell [m].
        bottom, top: heights of the collector surface and of the host surface above the box floor [m].
        notes: what a user must know about how the geometry came about.
        particles: particle each cell belongs to, from 1, or 0 where the host is mostly pore; None where unknown.
        subgrid_pore: open share of the halves of the cells along each axis [-], sharp, float32, shape (2 nz, [2 ny,]
            2 nx); None where unknown.
    """

    names: tuple[str, ...]
    fractions: np.ndarray
    surface: np.ndarray
    spacing: float
    bottom: float
    top: float
    notes: tuple[str, ...] = ()
    particles: np.ndarray | None = None
    subgrid_pore: np.ndarray | None = None

    @property
    def pore(self) -> np.ndarray:
        """Volume fraction that is not solid [-]."""
        return 1.0 - self.fractions.sum(axis=0)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.fractions.shape[1:]

    @property
    def ndim(self) -> int:
        return self.fractions.ndim - 1

    @property
    def layer(self) -> np.ndarray:
        """Share of each plane of cells that lies in the host layer [-], shape (nz,)."""
        return overlap(self.shape[0], self.spacing, self.bottom, self.top)

    @property
    def planes(self) -> slice:
        """The planes whose centres lie in the host layer."""
        inside = np.flatnonzero(self.layer > 0.5)
        return slice(inside[0], inside[-1] + 1) if inside.size else slice(0, 0)

    @property
    def porosity(self) -> float:
        """Pore fraction of the host layer [-], diffuse fractions and all; 1 where there is no host."""
        return layer_mean(self.pore, self.layer) if self.layer.any() else 1.0


def overlap(cells: int, spacing: float, low: float, high: float) -> np.ndarray:
    """Share of each of `cells` cells of edge `spacing` [m] that lies between two heights [m], shape (cells,)."""
    floor = np.arange(cells) * spacing
    return np.clip((np.minimum(floor + spacing, high) - np.maximum(floor, low)) / spacing, 0.0, 1.0)


def layer_mean(field: np.ndarray, layer: np.ndarray) -> float:
    """Mean of a field over the planes weighted with `layer`, shape (nz,)."""
    return float(field.mean(axis=tuple(range(1, field.ndim))) @ layer / layer.sum())


def modes(ndim: int) -> tuple[str, ...]:
    """How scipy.ndimage continues a field on each axis: nearest through-thickness, periodic sideways."""
    return ("nearest", *("wrap",) * (ndim - 1))


def diffuse(mask: np.ndarray, cells: float = 1.0) -> np.ndarray:
    """The mask smoothed by a Gaussian [-], float64, periodic sideways and continued unchanged above and below.

    Args:
        mask: occupancy 0..1, shape (nz, [ny], nx).
        cells: standard deviation of the Gaussian in cells; 0 returns the mask as it is.
    """
    mask = np.asarray(mask, dtype=np.float64)
    return ndimage.gaussian_filter(mask, cells, mode=modes(mask.ndim)) if cells > 0 else mask.copy()


def surface_density(occupancy: np.ndarray, spacing: float) -> np.ndarray:
    """Area of the surface of an occupancy per volume, |grad occupancy| [1/m].

    The two one-sided slopes of a cell are averaged by magnitude, so both walls of a gap one cell wide are counted.
    """
    squared = np.zeros_like(occupancy)
    for axis in range(occupancy.ndim):
        if axis == 0:
            slope = np.abs(np.diff(occupancy, axis=0, prepend=occupancy[:1], append=occupancy[-1:]))
            squared += (0.5 * (slope[1:] + slope[:-1])) ** 2
        else:
            slope = np.abs(occupancy - np.roll(occupancy, 1, axis))
            squared += (0.5 * (slope + np.roll(slope, -1, axis))) ** 2
    return np.sqrt(squared) / spacing


def _within_reach(surface: np.ndarray, pore: np.ndarray) -> np.ndarray:
    """The surface [1/m], what of it lies in cells with too little pore to react handed to those beside, by their pore.

    Of a flat wall it is up to a tenth; where no neighbour has pore either it stays.
    """
    reactive = np.where(pore >= SMALLEST_REACTIVE_PORE, pore, 0.0)
    takers = _sum_beside(reactive)
    hidden = np.where((reactive == 0) & (takers > 0), surface, 0.0)
    handed_on = hidden / np.where(takers > 0, takers, 1.0)
    return surface - hidden + reactive * _sum_beside(handed_on)


def _sum_beside(field: np.ndarray) -> np.ndarray:
    """Sum of the field over the neighbours through faces; zero beyond the floor and the ceiling of the box."""
    ends = ("constant", *("wrap",) * (field.ndim - 1))
    return sum(ndimage.correlate1d(field, [1.0, 0.0, 1.0], axis, mode=mode) for axis, mode in enumerate(ends))


def check_box(shape: tuple[int, ...], spacing: float, collector_thickness: float, thickness: float) -> None:
    """Nothing; raises HostError where a host of this thickness [m] on this collector [m] has no place in the box."""
    if len(shape) not in (2, 3) or any(int(n) != n or n < 4 for n in shape):
        raise HostError(
            f"shape is {tuple(shape)}; a box needs 2 or 3 whole numbers of cells (z, [y,] x), each at least 4"
        )
    if not (isfinite(spacing) and spacing > 0):
        raise HostError(f"spacing is {spacing} m; it must be positive")
    for name, value in (("collector_thickness", collector_thickness), ("thickness", thickness)):
        if not (isfinite(value) and value >= 0):
            raise HostError(f"{name} is {value} m; it must be zero or positive")
    height, top = shape[0] * spacing, collector_thickness + thickness
    if top > height - FEWEST_OPEN_CELLS * spacing * (1 - 1e-9):
        raise HostError(
            f"the host's thickness is {thickness * 1e6:.4g} um on a collector of {collector_thickness * 1e6:.4g} um, "
            f"but the box is {height * 1e6:.4g} um high; at least {FEWEST_OPEN_CELLS} cells of electrolyte must stay "
            "free above, so give the box more cells in z (grid.electrolyte_um) or make host.thickness_um smaller"
        )


def check_diffuse_cells(cells: float) -> None:
    """Nothing; raises HostError where the Gaussian would leave no host to speak of."""
    if not (isfinite(cells) and 0 <= cells <= 4):
        raise HostError(
            f"host.diffuse_cells is {cells}; it must lie between 0 (sharp) and 4; fronts of half a cell want 0.6"
        )


def assemble(
    solids: Mapping[str, np.ndarray],
    shape: tuple[int, ...],
    spacing: float,
    collector_thickness: float,
    thickness: float,
    diffuse_cells: float = 0.6,
    coating: tuple[str, float] | None = None,
    notes: tuple[str, ...] = (),
    particles: np.ndarray | None = None,
    area: np.ndarray | None = None,
    subgrid_solid: np.ndarray | None = None,
) -> Geometry:
    """The host on its collector, made diffuse.

    Args:
        solids: occupancy 0..1 of each phase in the layer, each of the box's shape. What stands below the collector
            surface is hidden by the collector: continue the lowest plane of the host downwards, so that it is joined
            to it.
        shape: cells of the box. spacing: [m]. collector_thickness, thickness: [m].
        diffuse_cells: standard deviation of the Gaussian in cells.
        coating: (phase, thickness [m]) of a conformal coating below the grid: it takes area times thickness from the
            pore.
        notes, particles: passed on.
        area: of the solids' surface per volume [1/m], of the box's shape, without the cuts at collector and top; that
            of the occupancies if None.
        subgrid_solid: occupancy 0..1 by the solids together of the halves of the cells along each axis, shape
            (2 nz, [2 ny,] 2 nx); that of the cells if None.
    """
    bottom, top = collector_thickness, collector_thickness + thickness
    column = (slice(None), *(None,) * (len(shape) - 1))
    below_bottom = np.broadcast_to(overlap(shape[0], spacing, 0.0, bottom)[column], shape)
    below_top = np.broadcast_to(overlap(shape[0], spacing, -np.inf, top)[column], shape)
    solid = sum(solids.values()) if solids else np.zeros(shape)
    if area is None:
        area = surface_density(solid, spacing)
    walls = area * (below_top - below_bottom) + solid * surface_density(below_top, spacing)
    bare_collector = (1.0 - solid * below_top) * surface_density(below_bottom, spacing)

    collector = diffuse(below_bottom, diffuse_cells)
    layers = {name: diffuse(occupancy * below_top, diffuse_cells) for name, occupancy in solids.items()}
    if coating is not None and thickness > 0:
        name, coating_thickness = coating
        free = np.maximum(1.0 - sum(layers.values()), 0.0)
        layers[name] = layers.get(name, 0.0) + np.minimum(diffuse(walls, diffuse_cells) * coating_thickness, free)

    fractions = np.stack([collector, *((1.0 - collector) * layer for layer in layers.values())])
    fractions = np.clip(fractions, 0.0, 1.0)
    fractions /= np.maximum(fractions.sum(axis=0), 1.0)  # rounding only: each part is already bounded
    surface = _within_reach(diffuse(walls + bare_collector, diffuse_cells), 1.0 - fractions.sum(axis=0))
    if subgrid_solid is None:
        subgrid_solid = in_halves(solid)
    coating_thickness = 0.0 if coating is None else coating[1]
    return Geometry(
        (COLLECTOR, *layers),
        fractions,
        surface,
        float(spacing),
        float(bottom),
        float(top),
        notes,
        particles,
        _subgrid_pore(subgrid_solid, 0.5 * spacing, bottom, top, coating_thickness),
    )


def diffuse_porosity(
    profile: np.ndarray, spacing: float, collector_thickness: float, thickness: float, diffuse_cells: float
) -> float:
    """Porosity [-] of the host that `assemble` makes of solids that fill this share of each plane [-], coating too.

    What is periodic sideways is as much before it is made diffuse as after, so the heights are all that counts.
    """
    bottom, top = collector_thickness, collector_thickness + thickness
    collector = diffuse(overlap(len(profile), spacing, 0.0, bottom), diffuse_cells)
    solid = diffuse(profile * overlap(len(profile), spacing, -np.inf, top), diffuse_cells)
    return layer_mean((1.0 - collector) * (1.0 - solid), overlap(len(profile), spacing, bottom, top))


def in_halves(field: np.ndarray) -> np.ndarray:
    """The field on cells half as large, each with the value of the one it is part of."""
    for axis in range(field.ndim):
        field = field.repeat(2, axis)
    return field


def _subgrid_pore(solid: np.ndarray, spacing: float, bottom: float, top: float, coating_thickness: float) -> np.ndarray:
    """Share of each half that collector, solids and their coating leave open [-], sharp, float32.

    Args: solid: occupancy of the halves, of edge `spacing` [m], below the top and above it.
    """
    column = (slice(None), *(None,) * (solid.ndim - 1))
    below_bottom = overlap(len(solid), spacing, 0.0, bottom).astype(np.float32)[column]
    below_top = overlap(len(solid), spacing, -np.inf, top).astype(np.float32)[column]
    free = 1.0 - solid.astype(np.float32) * below_top
    if coating_thickness > 0:
        walls = _within_reach(surface_density(free, spacing), free)
        free -= np.minimum(walls * np.float32(coating_thickness), free)
    return free * (1.0 - below_bottom)
