"""What a run is judged by: where the lithium lies, how rough, what is cut off, and whether the ledger closes. numpy.

Every measure is computed from fields that the run file holds, so it can be computed again from the file. Heights count
from the collector surface; the host layer reaches from there to its top, L.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from phasefield.units import mAh_per_cm2, mV, um

WHERE = (  # the single numbers of `where_lithium_lies`
    "centre_of_mass_um",
    "fraction_lower_third",
    "fraction_middle_third",
    "fraction_upper_third",
    "fraction_above_host",
    "top_bottom_index",
    "pore_filling",
)
WORDS = {  # of each measure: (words, unit); a unit % shows the number times 100
    "capacity_mAh_cm2": ("capacity", "mAh/cm2"),
    "time_h": ("time", "h"),
    "potential_mV": ("potential against lithium at the end", "mV"),
    "nucleation_overpotential_mV": ("nucleation overpotential", "mV"),
    "lithium_um": ("lithium, as a dense layer", "um"),
    "inserted_mAh_cm2": ("charge the host has taken up", "mAh/cm2"),
    "centre_of_mass_um": ("centre of mass above the collector", "um"),
    "top_bottom_index": ("top-bottom index", ""),
    "fraction_lower_third": ("lithium in the lower third of the host", "%"),
    "fraction_middle_third": ("lithium in the middle third of the host", "%"),
    "fraction_upper_third": ("lithium in the upper third of the host", "%"),
    "fraction_above_host": ("lithium above the host", "%"),
    "pore_filling": ("filling of the pores", "%"),
    "pore_filling_by_depth": ("filling of the pores in nine layers, collector first", "%"),
    "roughness_um": ("roughness", "um"),
    "isolated_fraction": ("dead share of the lithium", "%"),
    "dead_um": ("dead lithium, as a dense layer", "um"),
    "dead_mAh_cm2": ("dead lithium, as charge", "mAh/cm2"),
    "dead_pieces": ("pieces of dead lithium", ""),
    "dead_smallest_um": ("smallest piece of dead lithium, across", "um"),
    "dead_median_um": ("median piece of dead lithium, across", "um"),
    "dead_largest_um": ("largest piece of dead lithium, across", "um"),
    "floating_um": ("dead lithium by its potential, as a dense layer", "um"),
    "cycles": ("complete cycles", ""),
    "efficiency_first": ("coulombic efficiency of the first cycle", "%"),
    "efficiency_last": ("coulombic efficiency of the last cycle", "%"),
    "efficiency_after_first": ("coulombic efficiency, mean after the first cycle", "%"),
    "lost_to_sei_mAh_cm2": ("lost to the SEI over all cycles", "mAh/cm2"),
    "lost_to_dead_mAh_cm2": ("lost to dead lithium over all cycles", "mAh/cm2"),
    "lost_to_insertion_mAh_cm2": ("left in the host over all cycles", "mAh/cm2"),
    "lost_to_connected_mAh_cm2": ("left as connected lithium over all cycles", "mAh/cm2"),
    "cycle_closure_error": ("largest error of the ledger of a cycle", ""),
    "nuclei": ("nuclei", ""),
    "active_surface": ("surface nucleated or spread over", "%"),
    "smallest_concentration_mol_L": ("smallest salt concentration", "mol/L"),
    "smallest_phase": ("smallest lithium fraction of a pore", ""),
    "largest_phase": ("largest lithium fraction of a pore", ""),
    "ledger_error": ("ledger error", ""),
    "largest_current_mismatch": ("collector current off the applied by at most", ""),
    "steps": ("time steps", ""),
    "rejected_steps": ("rejected steps", ""),
    "newton_iterations": ("Newton iterations", ""),
    "linear_iterations": ("multigrid-CG iterations", ""),
    "compile_time_s": ("compile time", "s"),
    "wall_time_s": ("wall time", "s"),
    "peak_memory_MB": ("peak memory", "MB"),
}
BINS = 9  # of pore_filling_by_depth
STEADY = 0.99  # of the largest current so far
SPIKE = 0.1 * mAh_per_cm2  # a nucleation spike has recovered before this much charge


@dataclass(frozen=True)
class Spike:
    """Where the potential turns: time [s], charge [C/m2] and potential [V] of the tip."""

    time: float
    charge: float
    potential: float


def nucleation_spike(history) -> Spike | None:
    """The first minimum of the potential from which it soon recovers while plating; None where there is none.

    Recovered means by 2 mV and by a tenth of its depth, within 0.1 mAh/cm2 of the tip.
    Args: history: arrays `time`, `charge`, `potential` and, if there is stripping, `current_density`.
    """
    if "potential" not in history or not len(history["potential"]):
        return None
    potential, charge = history["potential"], history["charge"]
    current = history.get("current_density", np.ones_like(charge))
    plating = (current > 0) & (current >= STEADY * np.maximum.accumulate(current))  # a lower current recovers as well
    end = len(charge) if plating.all() else int(np.argmin(plating))
    lowest = np.minimum.accumulate(potential[:end]) if end else potential[:0]
    recovered = potential[:end] - lowest > np.maximum(2 * mV, 0.1 * np.abs(lowest))
    if not recovered.any():
        return None
    last = int(np.argmax(recovered))
    tip = int(np.argmin(potential[: last + 1]))
    if charge[last] - charge[tip] > SPIKE or potential[tip] >= 0 or tip == 0:  # it starts there, it does not turn
        return None
    return Spike(float(history["time"][tip]), float(charge[tip]), float(potential[tip]))


def layer_weights(shape, spacing: float, bottom: float, top: float) -> np.ndarray:
    """Share of each plane of cells that lies between two heights above the box floor [-], shape (nz,)."""
    floor = np.arange(shape[0]) * spacing
    return np.clip(np.minimum(floor + spacing, top) - np.maximum(floor, bottom), 0, None) / spacing


def where_lithium_lies(pore, phase, spacing: float, bottom: float, top: float) -> dict:
    """Centre of mass, shares of the lithium by height, filling of the pores and the top/bottom index.

        index = (m - m_pore)/(1 - m_pore) above, (m - m_pore)/m_pore below,

    m being the mean of height/L over the lithium (0 at the collector and below, 1 at the host's top and above) and
    m_pore the same mean over the pores of the host: -1 all at the collector, 0 even over the pores, +1 all at or above
    the top.
    Measures that need a host layer are None for a bare collector, those that need lithium where there is none.
    """
    lithium = (pore * phase).reshape(pore.shape[0], -1).sum(axis=1)
    pores = pore.reshape(pore.shape[0], -1).sum(axis=1)
    total, thickness = lithium.sum(), top - bottom
    height = (np.arange(pore.shape[0]) + 0.5) * spacing - bottom
    has_lithium = total > 1e-6  # cells
    result = dict.fromkeys((*WHERE, "pore_filling_by_depth"))
    if has_lithium:
        result["centre_of_mass_um"] = float((lithium * height).sum() / total / um)
    if thickness <= 0:
        return result
    layer = layer_weights(pore.shape, spacing, bottom, top)
    result["pore_filling"] = float((lithium * layer).sum() / (pores * layer).sum())
    edges = np.linspace(bottom, top, BINS + 1)
    bins = [layer_weights(pore.shape, spacing, a, b) for a, b in pairwise(edges)]
    result["pore_filling_by_depth"] = [float((lithium * w).sum() / max((pores * w).sum(), 1e-300)) for w in bins]
    if not has_lithium:
        return result
    thirds = np.linspace(bottom, top, 4)
    thirds[0] = -np.inf  # what lies in the diffuse collector surface lies at the bottom
    for name, low, high in zip(("lower", "middle", "upper"), thirds[:-1], thirds[1:], strict=True):
        weights = layer_weights(pore.shape, spacing, low, high)
        result[f"fraction_{name}_third"] = float((lithium * weights).sum() / total)
    result["fraction_above_host"] = float((lithium * layer_weights(pore.shape, spacing, top, np.inf)).sum() / total)
    relative = np.clip(height / thickness, 0, 1)
    mean, even = (lithium * relative).sum() / total, (pores * layer * relative).sum() / (pores * layer).sum()
    result["top_bottom_index"] = float((mean - even) / (1 - even if mean > even else even))
    return result


def roughness(pore, phase, spacing: float) -> float:
    """Root-mean-square roughness of the upper surface of host and lithium [m].

    The surface of a column is the highest point at which solids and lithium fill half of it, interpolated in z.
    """
    filled = (1 - pore + pore * phase).reshape(pore.shape[0], -1)
    above = filled >= 0.5
    top = pore.shape[0] - 1 - np.argmax(above[::-1], axis=0)
    column = np.arange(filled.shape[1])
    here, next_up = filled[top, column], filled[np.minimum(top + 1, pore.shape[0] - 1), column]
    part = np.where(here > next_up, (here - 0.5) / np.where(here > next_up, here - next_up, 1), 0)
    return float(np.std((top + 0.5 + part) * spacing))


def measures(*, pore, phase, dead, spacing, bottom, top, history) -> dict:
    """Everything a figure or a table needs of one moment of a run, JSON-ready; units are in the keys.

    Args:
        pore, phase: fields [-]. spacing, bottom, top: [m]. dead: measures of `dead_lithium.dead_measures`.
        history: columns of `diagnostics.HISTORY` so far.
    """
    spike = nucleation_spike(history)
    last = {name: (float(values[-1]) if len(values) else 0.0) for name, values in history.items()}
    return {
        "capacity_mAh_cm2": last["charge"] / mAh_per_cm2,
        "time_h": last["time"] / 3600,
        "potential_mV": last["potential"] / mV,
        "ledger_error": float(np.max(history["ledger_error"], initial=0)),
        "nucleation_overpotential_mV": 0.0 if spike is None else -spike.potential / mV,
        **where_lithium_lies(pore, phase, spacing, bottom, top),
        "roughness_um": roughness(pore, phase, spacing) / um,
        **dead,
        "lithium_um": last["lithium"] / um,
        "inserted_mAh_cm2": last["inserted_charge"] / mAh_per_cm2,
        "nuclei": int(last["nuclei"]),
        "active_surface": last["active_surface"],
        "smallest_concentration_mol_L": float(np.min(history["smallest_concentration"], initial=np.inf)) / 1e3,
        "smallest_phase": float(np.min(history["smallest_phase"], initial=0)),
        "largest_phase": float(np.max(history["largest_phase"], initial=0)),
        "largest_current_mismatch": current_mismatch(history),
        "steps": len(history["time"]),
        "rejected_steps": int(last["rejected_steps"]),
        "newton_iterations": int(np.sum(history["newton_iterations"])),
        "linear_iterations": int(np.sum(history["linear_iterations"])),
    }


def current_mismatch(history) -> float:
    """Largest difference between the currents through collector and separator, over the applied current [-]."""
    applied = history["current_density"]
    flows = applied != 0
    if not np.any(flows):
        return 0.0
    return float(np.max(np.abs(history["collector_current"][flows] / applied[flows] - 1)))
