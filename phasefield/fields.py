"""The fields of a run on file: those of the host, and those of each snapshot."""

from collections.abc import Iterable

import numpy as np

from phasefield import sharding
from phasefield.host import Geometry
from phasefield.timeline import Snapshot

DYNAMIC = (
    "phase",
    "concentration",
    "electronic_potential",
    "ionic_potential",
    "overpotential",
    "reaction",
    "nucleated",
    "dead_lithium",
)


def of_host(geometry: Geometry) -> dict[str, np.ndarray]:
    """Volume fractions of the phases and of the pore [-], float32."""
    fields = {f"fraction_{name}": part for name, part in zip(geometry.names, geometry.fractions, strict=True)}
    fields["pore_fraction"] = geometry.pore
    return {name: np.asarray(values, "f4") for name, values in fields.items()}


def kinds(inserting: Iterable[str]) -> dict[str, np.dtype]:
    """Name and type of each field of a snapshot.

    Args: inserting: phases that take up lithium.
    """
    found = dict.fromkeys(DYNAMIC, np.dtype("f4"))
    return found | {f"lithiation_{name}": np.dtype("f4") for name in inserting} | {"dead_lithium": np.dtype("u1")}


def of_snapshot(snapshot: Snapshot) -> dict[str, np.ndarray]:
    """The fields of `kinds` but the dead lithium, whole, in this process's memory; all processes have to call it."""
    state = snapshot.state
    fields = {
        "phase": state.phase,
        "concentration": state.concentration,
        "electronic_potential": state.electronic_potential,
        "ionic_potential": state.ionic_potential,
        "overpotential": snapshot.overpotential,
        "reaction": snapshot.plating,
        "nucleated": state.nucleated,
    }
    fields = {name: sharding.whole(values) for name, values in fields.items()}
    for phase, theta in zip(snapshot.model.host.phases, sharding.whole(state.lithiation), strict=True):
        if phase.insertion is not None:
            fields[f"lithiation_{phase.name}"] = theta
    return fields
