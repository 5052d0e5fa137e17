"""The commands of `phasefield`, one module each, and what they call an expected failure."""

import sys

from phasefield.conduction import ConductionError
from phasefield.config import ConfigError
from phasefield.host import HostError
from phasefield.plotting.compare import ComparisonError
from phasefield.simulate import SimulationError
from phasefield.snapshots import SnapshotError

EXPECTED = (
    ConfigError,
    HostError,
    SnapshotError,
    ComparisonError,
    ConductionError,
    SimulationError,
    OSError,
    MemoryError,
)


class Failed(Exception):
    """A failure whose reason has been printed."""


def report(error: Exception) -> int:
    """Exit code of an expected failure, its reason printed."""
    print(f"Error: {_in_words(error)}", file=sys.stderr)
    return 1


def _in_words(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return (
            "the computer has not enough memory for this; try a coarser grid.spacing_um, a smaller grid.width_um or a "
            "smaller part of an image"
        )
    if isinstance(error, OSError) and error.filename is not None:
        reason = (error.strerror or type(error).__name__).lower()
        return f"'{error.filename}' cannot be used: {reason}; check the path, its rights and its disk, or give another"
    return str(error)
