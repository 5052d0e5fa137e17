"""Tortuosity factors of voxel fields, ours and TauFactor's, with the time of each: docs/results/taufactor.csv.

TauFactor is no dependency of phasefield: `pip install torch taufactor==1.2.1` beside it, best in an environment of its
own. Its `Solver` has closed sides, its `PeriodicSolver` periodic ones; both run here on the CPU, to their default
criterion (currents of the planes equal to 1 %). Where that leaves a larger difference a stricter one closes it: random
blobs along axis 0, closed: 2.678 at 1e-2, 2.682 at 1e-3, ours 2.683.
"""

import sys
from time import perf_counter

import numpy as np
from scipy import ndimage

from phasefield import tortuosity_factor
from validation.results import write_table

HEADER = (
    "field",
    "axis",
    "sides",
    "volume fraction",
    "ours",
    "TauFactor",
    "difference %",
    "seconds ours first",
    "seconds ours again",
    "seconds TauFactor",
    "TauFactor over ours again",
)


def spheres(n: int, porosity: float, seed: int = 0) -> np.ndarray:
    """Pores between overlapping spheres of radius n/8, placed at random in a periodic box until only they are left."""
    rng = np.random.default_rng(seed)
    x = np.arange(n)
    pore = np.ones((n, n, n), bool)
    while pore.mean() > porosity:
        a, b, c = (((x - centre + n / 2) % n - n / 2) ** 2 for centre in rng.uniform(0, n, 3))
        pore &= a[:, None, None] + b[:, None] + c > (n / 8) ** 2
    return pore


def blobs(n: int, porosity: float, seed: int = 1) -> np.ndarray:
    """Pores of a random field, smooth over three cells, cut at a level."""
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=(n, n, n)), 3.0, mode="wrap")
    return noise > np.quantile(noise, 1 - porosity)


def slanted(n: int) -> np.ndarray:
    """TauFactor's own example with an answer other than 1: a strip of 2 x 2 cells that steps aside in each plane."""
    mask = np.zeros((n, n + 1, n + 1), bool)
    for i in range(n):
        mask[i, i : i + 2, i : i + 2] = True
    return mask


FIELDS = {
    "slanted strip 20": lambda: slanted(20),
    "overlapping spheres 64, porosity 0.7": lambda: spheres(64, 0.7),
    "overlapping spheres 64, porosity 0.5": lambda: spheres(64, 0.5),
    "overlapping spheres 64, porosity 0.3": lambda: spheres(64, 0.3),
    "random blobs 64, porosity 0.4": lambda: blobs(64, 0.4),
}


def theirs(mask: np.ndarray, sides: str) -> float:
    """TauFactor's tau along axis 0."""
    import taufactor

    solver = taufactor.Solver if sides == "closed" else taufactor.PeriodicSolver
    solved = solver(mask.astype(float), device="cpu")
    solved.solve(verbose=False)
    return float(solved.tau[0])


def timed(function, *args, **kwargs):
    """(seconds, result); once."""
    start = perf_counter()
    result = function(*args, **kwargs)
    return perf_counter() - start, result


def study() -> None:
    """Both codes on the same fields in one run; each time is of a single shot."""
    try:
        import taufactor  # noqa: F401
    except ImportError:
        sys.exit("taufactor is not installed: pip install torch taufactor==1.2.1, then run this study again")
    rows = []
    for name, field in FIELDS.items():
        mask = field()
        for axis in (0, 2) if mask.shape[0] > 20 else (0,):
            for sides in ("closed", "periodic"):
                first, ours = timed(tortuosity_factor, mask, axis, sides=sides)
                again, _ = timed(tortuosity_factor, mask, axis, sides=sides)
                along = np.ascontiguousarray(np.moveaxis(mask, axis, 0))
                seconds, other = timed(theirs, along, sides)
                off = 100 * (ours / other - 1)
                times = (first, again, seconds, seconds / again)
                row = (name, axis, sides, float(mask.mean()), ours, other, off, *times)
                print(*(f"{value:.6g}" if isinstance(value, float) else value for value in row), sep=" | ", flush=True)
                rows.append(row)
    write_table("taufactor", HEADER, rows)
