"""Dead lithium: what has lost its contact to the collector, found by connectivity and by the potential. numpy.

Both ask the same of each cell, on different grounds. By connectivity lithium is dead where no chain of conducting cells
leads from it to the collector. By the potential it is dead where it floats: what takes no current is in equilibrium
with the electrolyte around it, not with the collector.
"""

from dataclasses import dataclass

import numpy as np

from phasefield.connectivity import joined_to, label_periodic
from phasefield.units import FARADAY, mAh_per_cm2, um

CONDUCTS = 1e-3  # S/m: a cell that carries 5 A/m2 across 10 um with less than 50 mV counts as a conductor
TAIL = 3  # cells: lithium too dilute to conduct belongs to the conductor within this distance, as the tail of its front
PIECE = 0.1  # of a cell: with less lithium in all its cells it is dust, counted in the total and not as a piece
FAR = 0.1  # V against lithium: from here on the two potentials are too far apart to be mistaken for each other


@dataclass(frozen=True)
class Pieces:
    """Dead lithium piece by piece.

    Args:
        volumes: of the lithium in each [m3, in 2D m2], from the smallest to the largest.
        diameters: of the balls (in 2D discs) that hold as much [m].
    """

    volumes: np.ndarray
    diameters: np.ndarray


def by_connectivity(lithium, electronic_conductivity) -> np.ndarray:
    """Cells whose lithium is dead since no chain of conducting cells joins it to the collector, bool.

    A cell conducts above 1e-3 S/m, which 3 % of lithium is enough for. Lithium that is too dilute to conduct shares the
    fate of the nearest conductor within three cells; where there is none it is dead. Chains lead through faces, and
    around the lateral sides.

    Args:
        lithium: fraction of each cell, pore * phase [-], shape (nz, [ny,] nx).
        electronic_conductivity: of each cell, host and lithium together [S/m].
    """
    conducts = electronic_conductivity > CONDUCTS
    joined = joined_to(conducts, 0)
    owner = _spread(np.where(joined, 1, np.where(conducts, 2, 0)))
    return (owner != 1) & (lithium > 0)


def by_potential(lithium, electronic_potential, ionic_potential) -> np.ndarray | None:
    """Cells whose lithium is dead since it floats, bool: |phi_s - phi_l| < |phi_s - phi_collector|, phi_collector = 0.

    None unless the electrode stands at 0.1 V against lithium or above, as it does at the end of stripping: near 0 V
    everything is as near to the collector as to the electrolyte. Where the host holds no current back, the first term
    is the overpotential of the lithium.

    Args: lithium: fraction of each cell [-]. electronic_potential, ionic_potential: [V].
    """
    if -np.mean(ionic_potential[-1]) < FAR:
        return None
    floats = np.abs(electronic_potential - ionic_potential) < np.abs(electronic_potential)
    return floats & (lithium > 0)


def pieces(lithium, dead, spacing: float) -> Pieces:
    """The dead lithium piece by piece: cells with more than 10 % that hang together through faces, with their tails.

    Args: lithium: fraction of each cell [-]. dead: cells whose lithium is, bool. spacing: [m].
    """
    kept = np.where(dead, lithium, 0.0)
    labels, count = label_periodic(kept > PIECE)
    volumes = np.bincount(_spread(labels).ravel(), weights=kept.ravel(), minlength=count + 1)[1:]
    volumes = np.sort(volumes) * spacing**kept.ndim
    diameters = np.sqrt(4 * volumes / np.pi) if kept.ndim == 2 else np.cbrt(6 * volumes / np.pi)
    return Pieces(volumes, diameters)


def thickness(lithium, dead, spacing: float) -> float:
    """Dead lithium as a dense layer [m].

    Args: lithium: fraction of each cell [-]. dead: cells whose lithium is, bool. spacing: [m].
    """
    columns = lithium[0].size
    return float(np.sum(lithium, where=dead, dtype=np.float64) * spacing / columns)


def dead_measures(
    lithium, electronic_conductivity, electronic_potential, ionic_potential, spacing: float, molar_volume: float
) -> tuple[np.ndarray, dict]:
    """Cells whose lithium is dead, by connectivity (bool), and what there is of it, JSON-ready; units are in the keys.

    Sizes are None where there is no piece, and what the potential says where it says nothing.

    Args: lithium, electronic_conductivity, ..., spacing: see `by_connectivity`. molar_volume: of lithium [m3/mol].
    """
    dead = by_connectivity(lithium, electronic_conductivity)
    floating = by_potential(lithium, electronic_potential, ionic_potential)
    there, layer = float(np.sum(lithium, dtype=np.float64)), thickness(lithium, dead, spacing)
    sizes = pieces(lithium, dead, spacing).diameters / um
    return dead, {
        "isolated_fraction": layer / (there * spacing / lithium[0].size) if there > 0 else 0.0,
        "dead_um": layer / um,
        "dead_mAh_cm2": layer * FARADAY / molar_volume / mAh_per_cm2,
        "dead_pieces": len(sizes),
        "dead_smallest_um": float(sizes[0]) if len(sizes) else None,
        "dead_median_um": float(np.median(sizes)) if len(sizes) else None,
        "dead_largest_um": float(sizes[-1]) if len(sizes) else None,
        "floating_um": None if floating is None else thickness(lithium, floating, spacing) / um,
    }


def _spread(labels: np.ndarray) -> np.ndarray:
    """Labels grown by TAIL cells through faces into cells without one (0), the larger label where two meet."""
    for _ in range(TAIL):
        grown = labels
        for axis in range(labels.ndim):
            for offset in (-1, 1):
                moved = np.roll(labels, offset, axis)
                if axis == 0:  # the ceiling is no neighbour of the floor
                    moved[0 if offset > 0 else -1] = 0
                grown = np.maximum(grown, np.where(labels == 0, moved, 0))
        labels = grown
    return labels
