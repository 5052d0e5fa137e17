"""Does what a protocol plates fit, and does it show what it is meant to show?"""

import numpy as np

from phasefield.build.materials import cathode, lithium
from phasefield.build.protocols import protocol
from phasefield.config import Config, ConfigError
from phasefield.host import Geometry
from phasefield.units import FARADAY, mAh_per_cm2


def film_notes(config: Config) -> tuple[str, ...]:
    """A note where lithium is stripped and nothing of it is lost to a film."""
    currents = [step.current_density or 0.0 for step in protocol(config)]
    if config.sei.thickness_nm > 0 or min(currents) >= 0 or max(currents) <= 0:
        return ()
    return ("no SEI forms: what cycling loses is dead lithium and what the host keeps; sei=film adds it",)


def room(config: Config, geometry: Geometry) -> tuple[float, float]:
    """Charge of dense lithium that fits into the pores of the host, and into the whole box [C/m2]."""
    charge = FARADAY / lithium(config).molar_volume  # C per m3 of lithium
    per_plane = geometry.pore.mean(axis=tuple(range(1, geometry.ndim))) * geometry.spacing
    return float(geometry.layer @ per_plane) * charge, float(per_plane.sum()) * charge


def check_room(config: Config, geometry: Geometry) -> tuple[str, ...]:
    """Notes on whether the lithium of the protocol fits.

    Raises: ConfigError where it does not fit into the box.
    """
    charge = largest = 0.0
    of_cathode = cathode(config)
    for step in protocol(config):
        if step.holds:
            continue  # how much that passes is not known beforehand
        if step.longest != float("inf"):
            charge = max(charge + step.current_density * step.longest, 0.0)
            largest = max(largest, charge)
        elif of_cathode is not None and not step.half_cell:  # until the cathode is empty, or full again
            charge = max(charge + float(np.sign(step.current_density)) * of_cathode.capacity, 0.0)
            largest = max(largest, charge)
        elif step.current_density < 0:
            charge = 0.0
    pores, box = room(config, geometry)
    if largest > 0.95 * box:
        raise ConfigError(
            f"the protocol plates {largest / mAh_per_cm2:.3g} mAh/cm2, but the box has room for "
            f"{box / mAh_per_cm2:.3g}; try a larger grid.electrolyte_um or a smaller protocol.capacity_mAh_cm2"
        )
    if geometry.layer.any() and largest > pores:
        return (
            f"the pores hold {pores / mAh_per_cm2:.3g} mAh/cm2; what is plated beyond that lies on top of the host",
        )
    return ()
