"""Which cells of a mask hang together, sideways around the box too."""

import numpy as np
from scipy import ndimage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


def path_threshold(ndim: int) -> float:
    """Volume fraction above which a cell counts as part of a path [-]: half in 3D, a diffuse trace in a 2D section."""
    return 0.5 if ndim == 3 else 0.1


def label_periodic(mask: np.ndarray) -> tuple[np.ndarray, int]:
    """Number of the connected part each cell belongs to, from 1 (0 outside the mask), and how many parts there are.

    Cells hang together through faces, across the lateral sides of the box but not across top and bottom.
    Args: mask: bool, shape (nz, [ny,] nx).
    """
    labels, count = ndimage.label(mask)
    pairs = [np.empty((2, 0), dtype=labels.dtype)]
    for axis in range(1, mask.ndim):
        first, last = labels.take(0, axis).ravel(), labels.take(-1, axis).ravel()
        joined = (first > 0) & (last > 0)
        pairs.append(np.unique(np.stack([first[joined], last[joined]]), axis=1))
    i, j = np.concatenate(pairs, axis=1)
    graph = coo_array((np.ones(len(i)), (i, j)), shape=(count + 1, count + 1))
    parts, part = connected_components(graph, directed=False)
    # the background is a part of its own; give it number 0
    order = np.empty(parts, dtype=labels.dtype)
    order[part[0]] = 0
    others = np.flatnonzero(np.arange(parts) != part[0])
    order[others] = np.arange(1, parts)
    return order[part][labels], parts - 1


def reaches(mask: np.ndarray, start: int, end: int, sides: str = "periodic") -> np.ndarray:
    """Cells of the mask that hang together with both plane `start` and plane `end`, bool; none if nothing does.

    Args: sides: "periodic", or "closed": paths do not lead across the lateral sides of the box.
    """
    labels, _ = label_periodic(mask) if sides == "periodic" else ndimage.label(mask)
    through = np.intersect1d(labels[start], labels[end])
    return np.isin(labels, through[through > 0])


def joined_to(mask: np.ndarray, plane: int) -> np.ndarray:
    """Cells of the mask that hang together with one plane, bool."""
    labels, _ = label_periodic(mask)
    found = np.unique(labels[plane])
    return np.isin(labels, found[found > 0])
