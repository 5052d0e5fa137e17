"""A host from a segmented image: TIFF stack, .npy or raw file, put on a collector with electrolyte above."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import isfinite, prod
from pathlib import Path

import numpy as np

from phasefield import memory
from phasefield.connectivity import path_threshold, reaches
from phasefield.host.geometry import COLLECTOR, Geometry, HostError, assemble, check_box, check_diffuse_cells
from phasefield.host.image_files import open_image

PORE = "pore"
BYTES_PER_VOXEL = 25  # a label, a mask, its share as float32, and sums as float64 twice


@dataclass(frozen=True)
class ImageRequest:
    """Which image to read, what its labels mean and the box it goes into.

    Args:
        path: of a .tif, .tiff or .npy file; anything else is raw and needs `raw_shape` and `raw_dtype`.
        labels: phase of each label value, or "pore".
        voxel_size: edge of a voxel [m].
        shape: cells of the box (nz, [ny,] nx). spacing: edge of a cell [m].
        phases: names a label may be mapped to, besides "pore".
        crop: (start, stop) in voxels for each axis of the file, either None for the end of the image; None for no crop.
            An axis cropped to one voxel is dropped: so a 3D image gives a 2D section.
        axis: axis of the file that goes through the thickness. flip: whether it runs from the top to the collector.
        collector_thickness: [m].
        raw_shape, raw_dtype: of a raw file, C order, e.g. (100, 200, 200) and "uint8" or ">u2".
        diffuse_cells: standard deviation of the Gaussian that makes the masks diffuse, in cells.
        coating_phase, coating_thickness: conformal coating [m] that the image does not resolve; None for none.
    """

    path: str | Path
    labels: Mapping[int, str]
    voxel_size: float
    shape: tuple[int, ...]
    spacing: float
    phases: tuple[str, ...] = ("llto", "cnt")
    crop: tuple[tuple[int | None, int | None], ...] | None = None
    axis: int = 0
    flip: bool = False
    collector_thickness: float = 3e-6
    raw_shape: tuple[int, ...] | None = None
    raw_dtype: str | None = None
    diffuse_cells: float = 0.6
    coating_phase: str | None = None
    coating_thickness: float = 0.0


def load_image(request: ImageRequest) -> Geometry:
    """The host in the image, averaged over the cells of the box.

    Raises: HostError where the file cannot be read, its labels are not all explained, or it does not fit the box.
    """
    _check(request)
    path = Path(request.path)
    size, read = open_image(path, request.raw_shape, request.raw_dtype)
    window = _window(path, size, request.crop)
    through, sides = _placed(request, window)
    notes = _fit(path, request, through, sides)
    _check_memory(path, through, sides)

    image = np.asarray(read(window))
    image = np.moveaxis(image, request.axis, 0)
    if request.flip:
        image = image[::-1]
    image = image.reshape([through, *sides])
    image = image[
        (slice(None), *(_middle(n, cells, request) for n, cells in zip(sides, request.shape[1:], strict=True)))
    ]
    notes += _check_labels(path, image, request.labels)

    solids = {
        name: _average(np.isin(image, [value for value, given in request.labels.items() if given == name]), request)
        for name in dict.fromkeys(name for name in request.labels.values() if name != PORE)
    }
    coating = None
    if request.coating_phase is not None and request.coating_thickness > 0:
        coating = (request.coating_phase, request.coating_thickness)
    thickness = through * request.voxel_size
    solid_labels = [value for value, name in request.labels.items() if name != PORE]
    in_halves = replace(request, shape=tuple(2 * n for n in request.shape), spacing=0.5 * request.spacing)
    geometry = assemble(
        solids,
        request.shape,
        request.spacing,
        request.collector_thickness,
        thickness,
        request.diffuse_cells,
        coating,
        subgrid_solid=_average(np.isin(image, solid_labels), in_halves),
    )
    notes += _paths(geometry)
    return replace(geometry, notes=tuple(notes))


def _check(request: ImageRequest) -> None:
    """Nothing; raises HostError for a request that is wrong whatever the image."""
    check_box(request.shape, request.spacing, request.collector_thickness, 0.0)
    check_diffuse_cells(request.diffuse_cells)
    if not (isfinite(request.voxel_size) and request.voxel_size > 0):
        raise HostError(f"host.image.voxel_um: voxel_size is {request.voxel_size} m; it must be positive")
    if not request.labels:
        raise HostError(
            "host.image.labels is empty; say which phase each label value of the image is, e.g. {0: 'pore', 1: 'llto'}"
        )
    for value, name in request.labels.items():
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
            raise HostError(f"host.image.labels: label {value!r} is not a whole number; map whole values to phases")
        if name != PORE and (name not in request.phases or name == COLLECTOR):
            known = ", ".join([PORE, *(p for p in request.phases if p != COLLECTOR)])
            raise HostError(
                f"host.image.labels: label {value} is mapped to '{name}', which is not a phase of the host; known are "
                f"{known}"
            )
    if all(name == PORE for name in request.labels.values()):
        raise HostError("host.image.labels: every label is mapped to pore; map one to a phase, such as 1: llto")
    if request.coating_phase is not None:
        if request.coating_phase not in request.phases:
            raise HostError(f"coating_phase is '{request.coating_phase}'; known phases are {', '.join(request.phases)}")
        if not 0 <= request.coating_thickness <= request.spacing:
            raise HostError(
                f"the host's coating_thickness is {request.coating_thickness * 1e6:.4g} um; it must lie between 0 and "
                f"the spacing of {request.spacing * 1e6:.4g} um, since the coating is kept below the grid"
            )


def _window(path: Path, size: tuple[int, ...], crop) -> tuple[slice, ...]:
    """The part of the image to read."""
    if crop is None:
        return tuple(slice(0, n) for n in size)
    if len(crop) != len(size):
        raise HostError(
            f"host.image.crop has {len(crop)} axes, but '{path}' has {len(size)}; give (start, stop) for each"
        )
    window = []
    for axis, ((start, stop), n) in enumerate(zip(crop, size, strict=True)):
        start, stop = 0 if start is None else start, n if stop is None else stop
        if not 0 <= start < stop <= n:
            raise HostError(
                f"host.image.crop of axis {axis} is {start}:{stop}, but '{path}' runs from 0 to {n} there; give a "
                f"start and a larger stop within that, such as [0, {n}]"
            )
        window.append(slice(start, stop))
    return tuple(window)


def _placed(request: ImageRequest, window: tuple[slice, ...]) -> tuple[int, list[int]]:
    """Voxels through the thickness, and along each lateral axis of the box."""
    lengths = [s.stop - s.start for s in window]
    if not 0 <= request.axis < len(lengths):
        raise HostError(
            f"host.image.axis is {request.axis}, but the image has axes 0 to {len(lengths) - 1}; give the one through "
            "the thickness"
        )
    size = tuple(lengths)
    through = lengths.pop(request.axis)
    if len(size) == len(request.shape) + 1 and 1 in lengths:
        lengths.remove(1)
    if len(lengths) + 1 != len(request.shape):
        raise HostError(
            f"host.image is {len(size)}-dimensional {size} after cropping and the box {len(request.shape)}-dimensional "
            "(grid.dimensions); for a 2D box crop one lateral axis to a single voxel, for a 3D box give a 3D image"
        )
    return through, lengths


def _middle(voxels: int, cells: int, request: ImageRequest) -> slice:
    """The voxels in the middle of an axis that the width of the box takes, rounded outwards."""
    needed = min(voxels, int(np.ceil(cells * request.spacing / request.voxel_size - 1e-6)))
    start = (voxels - needed) // 2
    return slice(start, start + needed)


def _fit(path: Path, request: ImageRequest, through: int, sides: list[int]) -> list[str]:
    """Notes on how the image fits the box; raises HostError where it does not."""
    um, voxel = 1e6, request.voxel_size
    notes = []
    for axis, (n, cells) in enumerate(zip(sides, request.shape[1:], strict=True), 1):
        have, want = n * voxel, cells * request.spacing
        if have < want * (1 - 1e-6):
            raise HostError(
                f"'{path}' is {have * um:.4g} um wide along axis {axis} of the box, which is {want * um:.4g} um wide; "
                f"it is not mirrored or repeated, so use at most {int(have / request.spacing * (1 + 1e-9))} cells "
                "(a smaller grid.width_um), or check host.image.voxel_um"
            )
        if have > want * (1 + 1e-6):
            notes.append(
                f"the image is cropped to its middle {want * um:.4g} um of {have * um:.4g} um along axis {axis} of the "
                "box"
            )
    check_box(request.shape, request.spacing, request.collector_thickness, through * voxel)
    if through * voxel < request.spacing:
        raise HostError(
            f"'{path}' is {through * voxel * um:.4g} um thick, less than one cell; check host.image.axis, crop and "
            "voxel_um"
        )
    notes.append("the sides of the box are joined periodically; an image is not periodic, so a seam runs along them")
    return notes


def _check_memory(path: Path, through: int, sides: list[int]) -> None:
    """Nothing; raises HostError where averaging so many voxels takes more memory than there is."""
    needed, there = BYTES_PER_VOXEL * prod([through, *sides]), memory.of_computer()
    if there is not None and needed > there:
        raise HostError(
            f"'{path}' has {through} x {' x '.join(map(str, sides))} voxels, which take {needed / 1e9:.3g} GB of the "
            f"{there / 1e9:.3g} GB of this computer; take a part of it with host.image.crop"
        )


def _check_labels(path: Path, image: np.ndarray, labels: Mapping[int, str]) -> list[str]:
    """Notes on labels that do not occur; raises HostError for values without a label."""
    values, counts = np.unique(image, return_counts=True)
    unknown = [(int(v), int(c)) for v, c in zip(values, counts, strict=True) if int(v) not in labels]
    if unknown:
        listed = ", ".join(f"{value} ({count} voxels)" for value, count in unknown[:6])
        more = f" and {len(unknown) - 6} more" if len(unknown) > 6 else ""
        raise HostError(
            f"'{path}' holds label {listed}{more} that no phase is given for; add it to host.image.labels, "
            "mapped to a phase or pore"
        )
    present = {int(v) for v in values}
    return [
        f"label {value} ({name}) does not occur in the image"
        for value, name in labels.items()
        if int(value) not in present
    ]


def _average(mask: np.ndarray, request: ImageRequest) -> np.ndarray:
    """Share of each cell of the box that the mask fills [-]; below the image its lowest plane is continued.

    The integral of the mask along an axis is read off at the edges of the cells, one axis after the other.
    """
    out = mask.astype(np.float32)
    ratio = request.spacing / request.voxel_size
    for axis, cells in enumerate(request.shape):
        edges = np.arange(cells + 1) * ratio - (request.collector_thickness / request.voxel_size if axis == 0 else 0.0)
        if axis:  # of what was cropped to whole voxels, the middle
            edges += 0.5 * (out.shape[axis] - cells * ratio)
        edges = np.minimum(edges, out.shape[axis])
        low = np.clip(np.floor(edges).astype(int), 0, out.shape[axis] - 1)
        total = np.concatenate([np.zeros_like(out.take([0], axis)), np.cumsum(out, axis, dtype=np.float64)], axis)
        rest = (edges - low).reshape([-1 if k == axis else 1 for k in range(out.ndim)])
        out = np.diff(total.take(low, axis) + rest * out.take(low, axis), axis=axis) / ratio
    return np.clip(out, 0.0, 1.0)


def _paths(geometry: Geometry) -> list[str]:
    """Notes on what does not carry through."""
    pore, threshold = geometry.pore[geometry.planes], path_threshold(geometry.ndim)
    notes = []
    for name, field in (("solid", 1.0 - pore), ("pore", pore)):
        if not reaches(field > threshold, 0, -1).any():
            notes.append(f"the {name} does not reach from collector to top")
    return notes
