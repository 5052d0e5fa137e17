"""Label images on disk: what their headers say, and reading a part of them."""

import logging
from contextlib import contextmanager
from math import prod
from pathlib import Path

import numpy as np
import tifffile

from phasefield.host.geometry import HostError

LARGEST_IMAGE = 16e9  # bytes read at most
TIGHTEST = 1100  # bytes that one byte of a compressed file may stand for; deflate reaches 1032
SMALLEST = 1e6  # bytes of an image not worth a doubt
TIFF_ENDINGS = (".tif", ".tiff")


def open_image(path: Path, raw_shape: tuple[int, ...] | None = None, raw_dtype: str | None = None):
    """Size of a label image, and a function that reads a window of it; only the header is looked at before that.

    Args:
        path: .tif, .tiff or .npy; anything else is raw, in C order, and needs its shape and dtype.
    Raises: HostError for a file that is missing, broken, too large or holds something else than a 2D or 3D label image.
    """
    if not path.is_file():
        raise HostError(f"image '{path}' is not there or not a file; check host.image.path")
    if path.stat().st_size == 0:
        raise HostError(f"image '{path}' is empty; copy it again, or check host.image.path")
    ending = path.suffix.lower()
    if ending in TIFF_ENDINGS:
        size, dtype, read = _open_tiff(path)
    elif ending == ".npy":
        size, dtype, read = _open_npy(path)
    else:
        size, dtype, read = _open_raw(path, raw_shape, raw_dtype)
    _check_pixels(path, size, dtype)
    return size, read


def _open_tiff(path: Path):
    try:
        with _complaints() as complaints, tifffile.TiffFile(path) as file:
            if len(file.series) != 1:
                raise HostError(f"TIFF '{path}' holds {len(file.series)} images of different size; save one stack")
            series, page = file.series[0], file.series[0].keyframe
            if page.samplesperpixel > 1 or page.photometric == tifffile.PHOTOMETRIC.PALETTE:
                raise HostError(
                    f"TIFF '{path}' is a colour image; save the label values as a grey (single-channel) stack"
                )
            end = max(
                (o + n for p in series if p for o, n in zip(p.dataoffsets, p.databytecounts, strict=True)), default=0
            )
            if end > path.stat().st_size or any(p is None for p in series):
                there = path.stat().st_size
                raise HostError(
                    f"TIFF '{path}' is cut short: its header points to byte {end} of {there}; copy it again"
                )
            if complaints:
                raise HostError(f"TIFF '{path}' is damaged or cut short ({complaints[0]}); copy it again")
            size, dtype = series.shape, series.dtype
    except HostError:
        raise
    except Exception as error:  # a broken file makes the decoder fail in any way it likes
        raise HostError(f"TIFF '{path}' cannot be read ({_line(error)}); save it again, as from ImageJ") from error

    def read(window):
        try:
            return tifffile.imread(path)[window]
        except Exception as error:
            raise HostError(
                f"TIFF '{path}' cannot be decoded ({_line(error)}); save it uncompressed, or install imagecodecs for "
                "its compression"
            ) from error

    return size, dtype, read


@contextmanager
def _complaints():
    """What tifffile logs as an error meanwhile: a chain of pages that breaks off is only logged."""
    messages, logger = [], logging.getLogger("tifffile")

    def keep(record: logging.LogRecord) -> bool:
        if record.levelno >= logging.ERROR:
            messages.append(record.getMessage())
        return False

    logger.addFilter(keep)
    try:
        yield messages
    finally:
        logger.removeFilter(keep)


def _open_npy(path: Path):
    try:
        mapped = np.load(path, mmap_mode="r", allow_pickle=False)  # a map: nothing is read yet
    except Exception as error:
        reason = (
            "it holds Python objects or is no array"
            if "ickle" in str(error) or "object" in str(error)
            else _line(error)
        )
        raise HostError(
            f"'{path}' is not a readable .npy array ({reason}); save it with numpy.save, without objects"
        ) from error
    if not isinstance(mapped, np.ndarray):
        raise HostError(f"'{path}' holds several arrays; save the label image alone with numpy.save")
    return mapped.shape, mapped.dtype, lambda window: mapped[window]


def _open_raw(path: Path, raw_shape: tuple[int, ...] | None, raw_dtype: str | None):
    if raw_shape is None or raw_dtype is None:
        raise HostError(
            f"'{path}' is taken for a raw file; give raw_shape and raw_dtype (host.image.raw_shape=[100,200,200] "
            "host.image.raw_dtype=uint8), or a file ending in .tif or .npy"
        )
    try:
        dtype = np.dtype(raw_dtype)
    except Exception as error:  # numpy reads the text as a small language, which fails in any way it likes
        raise HostError(f"host.image.raw_dtype is '{raw_dtype}'; give a numpy type such as uint8 or '>u2'") from error
    size = tuple(raw_shape)
    if not size or any(int(n) != n or n < 1 for n in size):
        raise HostError(f"host.image.raw_shape is {size}; it needs whole numbers of voxels, each at least 1")
    wanted, there = prod(size) * dtype.itemsize, path.stat().st_size
    if wanted != there:
        raise HostError(
            f"host.image.raw_shape {size} of {dtype} makes {wanted} bytes, but '{path}' has {there}; correct shape, "
            "type or header"
        )
    if dtype.kind not in "iub":
        return size, dtype, None
    return size, dtype, lambda window: np.memmap(path, dtype, mode="r", shape=size)[window]


def _line(error: Exception) -> str:
    """What an error says, in one short line."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 150 else text[:147] + "..."


def _check_pixels(path: Path, size: tuple[int, ...], dtype: np.dtype) -> None:
    if dtype.kind not in "iub":
        raise HostError(
            f"'{path}' holds {dtype} values; a segmented image holds whole label numbers, convert it to uint8"
        )
    if len(size) not in (2, 3):
        raise HostError(f"'{path}' has {len(size)} dimensions {tuple(size)}; a host image has 2 or 3")
    if min(size) < 1:
        raise HostError(f"'{path}' has the size {tuple(size)}, no voxels at all; save the label image again")
    wanted, there = prod(size) * dtype.itemsize, path.stat().st_size
    if wanted > LARGEST_IMAGE:
        raise HostError(
            f"'{path}' is {wanted / 1e9:.3g} GB of voxels, more than {LARGEST_IMAGE / 1e9:.0f} GB; cut out the part "
            "you need first"
        )
    if wanted > max(SMALLEST, TIGHTEST * there):
        raise HostError(
            f"'{path}' claims {wanted / 1e9:.3g} GB of voxels in a file of {there} bytes, more than any compression "
            "holds; it is damaged or made up, save it again"
        )
