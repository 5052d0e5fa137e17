"""What a run file must be before anything of it is read: numbers of its own, no more of them than it can hold.

A file may come from anyone. HDF5 lets it point into other files, and lets a few bytes claim any size.
"""

from math import prod

import numpy as np

from phasefield import memory

TIGHTEST = 1100  # bytes that one byte of a compressed file may stand for; deflate reaches 1032
SMALLEST = 1e6  # bytes not worth a doubt
NUMBERS = "fiub"  # kinds of dtype
DRAWN = (  # of the history, what figures and measures need finite
    "time",
    "time_step",
    "charge",
    "potential",
    "lithium",
    "inserted_charge",
    "double_layer_charge",
    "sei_charge",
)


def check(file, size: int) -> None:
    """Nothing; raises ValueError for a run file that holds something else than a run, or claims to.

    Args: file: the open file. size: of the file [bytes].
    """
    deep = tuple(_numbers(file, axis, 1, size).shape[0] for axis in "zyx")
    dimensions = file.attrs.get("dimensions")
    if dimensions not in (2, 3) or min(deep) < 1 or (dimensions == 2 and deep[1] != 1):
        raise ValueError(f"it says {dimensions} dimensions of {' x '.join(map(str, deep))} cells")
    for name in ("time", "capacity"):
        if not np.isfinite(_numbers(file, name, 1, size)[:]).all():
            raise ValueError(f"its {name} holds what is not a finite number")
    root = _entry(file, "VTKHDF")
    spacing = np.ravel(root.attrs["Spacing"])
    if spacing.dtype.kind not in NUMBERS or not (np.isfinite(spacing).all() and (spacing > 0).all()):
        raise ValueError(f"its cells are {spacing[:3]} m wide")
    for name in ("host_bottom", "host_top"):
        height = file.attrs.get(name, 0.0)
        if not (isinstance(height, int | float | np.number) and np.isfinite(height)):
            raise ValueError(f"its {name} is {str(height)[:50]!r}, not a number")
    cells = _entry(root, "CellData")
    for name in cells:
        shape = _numbers(cells, name, 4, size).shape
        if shape[1:] != deep:
            raise ValueError(f"its field {name} has {shape[1:]} cells; the grid has {deep}")
    if "history" in file:
        group = _entry(file, "history")
        rows = {name: _numbers(group, name, 1, size).shape[0] for name in group}
        if rows and min(rows.values()) < rows.get("time", 0):
            raise ValueError(f"its history is uneven: {rows}"[:200])
        for name in set(DRAWN) & set(rows):
            if not np.isfinite(group[name][:]).all():
                raise ValueError(f"its history of {name} holds what is not a finite number")


def _entry(group, name: str):
    """An entry of a group of the file itself."""
    link = group.get(name, getlink=True)
    if link is None:
        raise ValueError(f"it has no {name}")
    if type(link).__name__ != "HardLink":
        raise ValueError(f"its {name} points elsewhere; a run file holds its own data")
    return group[name]


def _numbers(group, name: str, ndim: int, size: int):
    """A dataset of numbers that lie in the file; what one look reads of it, and a chunk, fit into memory.

    Args: size: of the file [bytes]. One look reads a snapshot of a field, or all of a one-dimensional dataset.
    """
    dataset = _entry(group, name)
    if not hasattr(dataset, "dtype") or dataset.dtype.kind not in NUMBERS or len(dataset.shape or ()) != ndim:
        raise ValueError(f"its {name} does not hold numbers of {ndim} dimensions")
    if dataset.external or dataset.is_virtual:
        raise ValueError(f"its {name} lies in another file; a run file holds its own data")
    look = dataset.shape if ndim == 1 else dataset.shape[1:]
    needed = max(prod(look), prod(dataset.chunks or (1,))) * dataset.dtype.itemsize
    there = memory.of_computer() or float("inf")
    if needed > min(max(SMALLEST, TIGHTEST * size), there):
        raise ValueError(f"its {name} claims {needed / 1e9:.3g} GB, more than the file can hold or the computer read")
    return dataset
