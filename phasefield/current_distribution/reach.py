"""Cells that electrons and ions reach, and what to try where they reach none."""

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


class CurrentDistributionError(ValueError):
    """An electrode whose current cannot be distributed; the message says what is wrong and what to try."""


def reached(sigma, kappa, exchange, mean):
    """Cells that electrons from the collector reach, and those that ions from the separator reach on their way to them.

    Ions count only from the parts of the last plane that lead to a reaction: the current cannot enter a dead end.
    """
    reacts = exchange > 0
    if not reacts.any():
        raise CurrentDistributionError(
            "area times exchange_current_density is zero in every cell, so nothing can react; give some cells both"
        )
    parts = _parts(sigma, mean)
    electrons = np.isin(parts, parts[0][sigma[0] > 0])
    if not electrons.any():
        raise CurrentDistributionError(
            "electronic_conductivity is zero in the whole first plane, so no electrons enter; axis 0 starts at the "
            "collector: turn the arrays round (field[::-1]) if yours ends there"
        )
    if not (electrons & reacts).any():
        raise CurrentDistributionError(
            "no electronic path leads from the collector (first plane) to any cell with area: electronic_conductivity "
            f"is zero in between; {_advice(mean)}"
        )
    if not (kappa[-1] > 0).any():
        raise CurrentDistributionError(
            "ionic_conductivity is zero in the whole last plane, so no ions enter; axis 0 ends at the separator: turn "
            "the arrays round (field[::-1]) if yours starts there"
        )
    parts = _parts(kappa, mean)
    entered = np.unique(parts[-1][kappa[-1] > 0])
    if not (np.isin(parts, entered) & reacts).any():
        raise CurrentDistributionError(
            "no ionic path leads from the separator (last plane) to any cell with area: ionic_conductivity is zero in "
            f"between; {_advice(mean)}"
        )
    leading = np.intersect1d(entered, parts[electrons & reacts])
    if not leading.size:
        raise CurrentDistributionError(
            "no cell with area is reached by both electrons from the collector and ions from the separator; "
            f"{_advice(mean)}"
        )
    return electrons, np.isin(parts, leading)


def _advice(mean):
    smooth = "smooth the fields by a cell, so that cells on the surface hold a little of both conductors"
    return f"{smooth}, or try mean='arithmetic'" if mean == "harmonic" else smooth


def _parts(conductivity, mean):
    """Number of the connected part of each cell: cells hang together through faces that conduct."""
    index = np.arange(conductivity.size).reshape(conductivity.shape)
    pairs = []
    for axis in range(index.ndim):
        above = np.roll(conductivity, -1, axis)
        conducts = (conductivity > 0) & (above > 0) if mean == "harmonic" else (conductivity > 0) | (above > 0)
        if axis == 0:
            conducts[-1] = False
        pairs.append(np.stack([index[conducts], np.roll(index, -1, axis)[conducts]]))
    i, j = np.concatenate(pairs, axis=1)
    graph = coo_array((np.ones(len(i), bool), (i, j)), shape=(index.size, index.size))
    return connected_components(graph, directed=False)[1].reshape(index.shape)
