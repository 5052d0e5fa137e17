"""From a configuration in the user's units to SI objects: the only conversion of units."""

from phasefield.build.assembly import dtype, initial_state, lithiation, model
from phasefield.build.box import geometry, grid_shape
from phasefield.build.fit import check_room, film_notes, room
from phasefield.build.materials import (
    CURVE_END,
    cathode,
    electrolyte,
    equilibrium_potential,
    lithium,
    phases,
    sei,
)
from phasefield.build.memory_need import check_memory, memory_estimate
from phasefield.build.protocols import protocol, snapshot_interval, time_control

__all__ = [
    "CURVE_END",
    "cathode",
    "check_memory",
    "check_room",
    "dtype",
    "electrolyte",
    "equilibrium_potential",
    "film_notes",
    "geometry",
    "grid_shape",
    "initial_state",
    "lithiation",
    "lithium",
    "memory_estimate",
    "model",
    "phases",
    "protocol",
    "room",
    "sei",
    "snapshot_interval",
    "time_control",
]
