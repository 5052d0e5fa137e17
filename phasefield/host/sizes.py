"""How large pores and particles are."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

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


def local_thickness(mask: np.ndarray, spacing: float, steps: int = SIZE_STEPS) -> SizeDistribution | None:
    """Sizes of a mask: each point counts with the largest sphere (2D: disc) that holds it and lies in the mask.

    Periodic sideways; top and bottom of the array do not bound a sphere. None for an empty mask or one without
    walls.
    Args: mask: bool, shape (nz, [ny,] nx). spacing: [m]. steps: diameters tried.
    """
    if not mask.any() or mask.all():
        return None
    depth, inner = _depth(mask, [n // 2 for n in mask.shape[1:]])
    needed = int(2 * depth.max()) + 2  # a sphere centred beyond this cannot reach into the box
    depth, inner = _depth(mask, [min(n // 2, needed) for n in mask.shape[1:]])
    largest = np.where(mask, 0.5, 0.0)
    for radius in np.linspace(0.5, depth.max(), steps)[1:]:
        distance = ndimage.distance_transform_edt(depth < radius - 1e-9)[inner]
        largest[mask & (distance < radius + 0.5)] = radius
    return _distribution(2 * spacing * largest[mask], np.ones(np.count_nonzero(mask)))


def _depth(mask: np.ndarray, pad: list[int]) -> tuple[np.ndarray, tuple[slice, ...]]:
    """Distance to the wall in cells, the mask continued sideways by `pad` cells; and where the mask lies in it."""
    widths = [(0, 0), *((p, p) for p in pad)]
    periodic = np.pad(mask, widths, mode="wrap")
    # the transform ends at the centre of the nearest wall cell, half a cell behind the wall
    depth = np.where(periodic, ndimage.distance_transform_edt(periodic) - 0.5, 0.0)
    return depth, tuple(slice(p, p + n) for (p, _), n in zip(widths, mask.shape, strict=True))


def particle_sizes(particles: np.ndarray, spacing: float) -> tuple[SizeDistribution | None, SizeDistribution | None]:
    """Equivalent diameters and long axes of numbered particles, weighted with volume.

    The long axis is that of the ellipsoid (2D: ellipse) with the particle's second moments, a cell's own included.
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
