"""Refinement studies: errors over successive halvings, and the order they show."""

from itertools import pairwise

import numpy as np


def rms(error) -> float:
    """Root mean square of a field."""
    return float(np.sqrt(np.mean(np.square(np.asarray(error)))))


def orders(errors) -> np.ndarray:
    """log2 of each error over the next: the order, where each level halves what is refined."""
    errors = np.asarray(errors, float)
    return np.log2(errors[:-1] / errors[1:])


def fitted_order(cells, errors) -> float:
    """Slope of log error over log spacing through all levels, for errors that scatter from grid to grid."""
    return float(-np.polyfit(np.log(cells), np.log(errors), 1)[0])


def halved(field) -> np.ndarray:
    """Mean over blocks of two cells an axis: the field on the grid twice as coarse, to second order."""
    field = np.asarray(field)
    blocks = field.reshape([part for n in field.shape for part in (n // 2, 2)])
    return blocks.mean(axis=tuple(range(1, 2 * field.ndim, 2)))


def richardson_orders(fields) -> np.ndarray:
    """Orders from fields on grids each twice as fine as the one before, without an exact solution."""
    return orders([rms(halved(fine) - coarse) for coarse, fine in pairwise(fields)])
