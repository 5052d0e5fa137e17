"""The box of cells, and the host that is generated or read in it."""

from math import ceil
from pathlib import Path

import numpy as np

from phasefield import sharding
from phasefield.config import Config, ConfigError
from phasefield.host import Geometry, ImageRequest, PackingRequest, generate, load_image
from phasefield.host.image_files import open_image
from phasefield.units import um

MULTIPLE = 16  # cells: what multigrid can halve four times


def grid_shape(config: Config) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Cells of the box (nz, [ny,] nx), each a multiple of 16, and notes on what was rounded up to get there.

    Raises: ConfigError where there is no such box.
    """
    grid = config.grid
    height = grid.collector_um + _layer_um(config) + grid.electrolyte_um
    across = _cells(grid.width_um, grid.spacing_um)
    up = _cells(height, grid.spacing_um)
    shape = (up, *(across,) * (grid.dimensions - 1))
    notes = []
    if across * grid.spacing_um > grid.width_um * (1 + 1e-9):
        notes.append(
            f"box widened from {grid.width_um:g} to {across * grid.spacing_um:g} um, {across} cells: the solver wants "
            f"multiples of {MULTIPLE}"
        )
    if up * grid.spacing_um > height * (1 + 1e-9):
        more = grid.electrolyte_um + up * grid.spacing_um - height
        notes.append(
            f"electrolyte above the host raised from {grid.electrolyte_um:g} to {more:g} um, box {up} cells high: "
            f"the solver wants multiples of {MULTIPLE}"
        )
    if max(shape) > 2**15 or np.prod(shape, dtype=float) > 2**31:
        raise ConfigError(
            f"grid.spacing_um is {grid.spacing_um:g}, which makes a box of {' x '.join(map(str, shape))} cells; try a "
            "coarser spacing, a smaller grid.width_um or grid.dimensions=2"
        )
    if sharding.blocks(config.devices, shape) is None:
        fitting = [str(n) for n in range(1, 65) if sharding.blocks(n, shape)]
        raise ConfigError(
            f"devices is {config.devices}, but a box of {' x '.join(map(str, shape))} cells cannot be cut into as many "
            f"equal blocks; try one of {', '.join(fitting)}"
        )
    return shape, tuple(notes)


def _cells(length: float, spacing: float) -> int:
    """Cells that cover a length, rounded up to a multiple of 16."""
    return MULTIPLE * ceil(length / spacing / MULTIPLE - 1e-9)


def _layer_um(config: Config) -> float:
    """Thickness of the host layer [um], that of the image where it is one."""
    host = config.host
    if host.kind != "image":
        return host.thickness_um
    image = host.image
    size, _ = open_image(Path(image.path), image.raw_shape, image.raw_dtype)
    voxels = size[min(image.axis, len(size) - 1)]  # an axis the file does not have is refused where it is read
    if image.crop is not None and image.axis < len(image.crop):
        voxels = len(range(voxels)[slice(*image.crop[image.axis])])
    return max(voxels, 1) * image.voxel_um


def geometry(config: Config) -> Geometry:
    """The host on its collector, generated from `seed` or read from an image.

    Raises: ConfigError, HostError where it cannot be built as asked for.
    """
    host, (shape, _) = config.host, grid_shape(config)
    coating = host.coating if host.kind != "bare" else None
    box = {
        "shape": shape,
        "spacing": config.grid.spacing_um * um,
        "collector_thickness": config.grid.collector_um * um,
        "diffuse_cells": host.diffuse_cells,
        "coating_phase": coating,
        "coating_thickness": host.coating_thickness_um * um if coating else 0.0,
    }
    if host.kind == "bare":
        return generate(PackingRequest(**box, thickness=0.0, solid_phase=None), config.seed)
    if host.kind == "image":
        return load_image(
            ImageRequest(
                **box,
                path=host.image.path,
                labels=host.image.labels,
                voxel_size=host.image.voxel_um * um,
                phases=tuple(sorted(config.material)),
                crop=host.image.crop,
                axis=host.image.axis,
                flip=host.image.flip,
                raw_shape=host.image.raw_shape,
                raw_dtype=host.image.raw_dtype,
            )
        )
    smallest, largest = host.particle_diameter_um
    request = PackingRequest(
        **box,
        thickness=host.thickness_um * um,
        porosity=host.porosity,
        porosity_tolerance=host.porosity_tolerance,
        particle_diameter=(smallest * um, largest * um),
        particle_flatness=host.particle_flatness,
        pore_diameter=host.pore_diameter_um * um,
        solid_phase=host.solid,
    )
    return generate(request, config.seed)
