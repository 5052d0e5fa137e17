"""What the pores of neighbouring cells let through between them, from what is known below the size of a cell."""

import numpy as np

ALIKE = 1e-6  # of a pore, or less: of two cells neither is the more open


def passages(pore: np.ndarray, exponent: float, subgrid_pore: np.ndarray | None = None) -> list[np.ndarray]:
    """Conductivity of the electrolyte from cell to cell over that in the open [-], on upper faces, one array an axis.

        kappa = kappa_e pore^b,   harmonic mean of two cells

    without `subgrid_pore`. With it the same law holds for the halves of the two cells that lie between their centres,
    in columns side by side: so a neck keeps its width, which the diffuse pore blurs, and the walls' diffuse rim
    leads nowhere. It has area and reacts, though: a cell of it hangs on the most open of its neighbours by the
    harmonic mean of their pores. That makes a forest, and a forest carries nothing through.

    Args:
        pore: fraction of each cell [-], diffuse, shape (nz, [ny,] nx); zero where nothing reacts, and there is no way
            in. Periodic sideways, closed above and below.
        exponent: b, of Bruggeman.
        subgrid_pore: open share of the halves of the cells, sharp, shape (2 nz, [2 ny,] 2 nx); None where not known.
    """
    if subgrid_pore is None:
        return [series(*both(pore**exponent, axis)) for axis in range(pore.ndim)]
    rim = [series(*both(pore, axis)) for axis in range(pore.ndim)]
    halves = np.asarray(subgrid_pore) ** exponent
    faces = [np.where(way > 0, _between_centres(halves, axis), 0.0) for axis, way in enumerate(rim)]
    hangs = _hangs(pore, faces, rim)
    return [np.where(held, np.maximum(face, way), face) for held, face, way in zip(hangs, faces, rim, strict=True)]


def series(here, there):
    """Harmonic mean; zero where either is. Of numpy or JAX arrays."""
    total = here + there
    return 2 * here * there / (total + (total == 0))


def both(field: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """A field in the two cells that share an upper face."""
    return field, _next(field, axis)


def with_host(passage, pores, host):
    """Conductivity between two cells [S/m] of electrolyte and host side by side, on the face between them.

    Args:
        passage: of the electrolyte alone [S/m].
        pores: of it in either cell [S/m], a pair; where one is zero passage is too. host: of the host, likewise.
    """
    between = series(*pores)
    widened = passage / (between + (between == 0))
    return series(*(widened * pore + solid for pore, solid in zip(pores, host, strict=True)))


def _between_centres(halves: np.ndarray, axis: int) -> np.ndarray:
    """Mean over the columns of halves of the upper one here and the lower one of the next cell, in series."""
    every = [slice(None)] * halves.ndim
    every[axis] = slice(1, None, 2)
    upper = halves[tuple(every)]
    every[axis] = slice(0, None, 2)
    columns = series(upper, _next(halves[tuple(every)], axis))
    for other in range(halves.ndim):
        if other != axis:
            pairs = columns.reshape(*columns.shape[:other], -1, 2, *columns.shape[other + 1 :])
            columns = pairs.mean(axis=other + 1)
    return columns


def _hangs(pore: np.ndarray, faces: list[np.ndarray], rim: list[np.ndarray]) -> list[np.ndarray]:
    """Faces through which one of the two cells hangs on the most open of its neighbours.

    It does where that is more open than itself, and no face of its own lets through as much as that way would.

    Args: pore: of each cell. faces: what is let through without. rim: what those let through that are hung on.
    """
    best, towards = pore.copy(), np.zeros(pore.shape, np.int8)  # 0: none, else 1 + axis, negative downwards
    own, way = np.zeros(pore.shape), np.zeros(pore.shape)
    for axis, (face, passage) in enumerate(zip(faces, rim, strict=True)):
        own = np.maximum(own, np.maximum(face, _next(face, axis, -1)))
        for side, through in ((+1, passage), (-1, _next(passage, axis, -1))):
            beside = _next(pore, axis, side)
            more = beside > best * (1 + ALIKE)
            best[more], towards[more], way[more] = beside[more], side * (1 + axis), through[more]
    towards[own >= way] = 0
    return [(towards == 1 + axis) | (_next(towards, axis) == -(1 + axis)) for axis in range(pore.ndim)]


def _next(field: np.ndarray, axis: int, side: int = +1) -> np.ndarray:
    """The neighbour's value; zero beyond the floor and the ceiling."""
    shifted = np.roll(field, -side, axis)
    if axis == 0:
        shifted[-1 if side > 0 else 0] = 0
    return shifted
