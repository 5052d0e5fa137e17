"""The commands of `phasefield`, one module each, and what they call an expected failure."""

import sys

from phasefield.checkpoint import CheckpointError
from phasefield.conduction import ConductionError
from phasefield.config import ConfigError
from phasefield.gpus import NoGPULeftError
from phasefield.host import HostError
from phasefield.impedance import ImpedanceError
from phasefield.plotting.animation import AnimationError
from phasefield.plotting.compare import ComparisonError
from phasefield.report import ReportError
from phasefield.snapshots import SnapshotError
from phasefield.status import InUseError
from phasefield.sweep import SweepError
from phasefield.timeline import SimulationError

EXPECTED = (
    AnimationError,
    CheckpointError,
    ComparisonError,
    ConductionError,
    ConfigError,
    HostError,
    ImpedanceError,
    InUseError,
    MemoryError,
    NoGPULeftError,
    OSError,
    ReportError,
    SimulationError,
    SnapshotError,
    SweepError,
)


class Failed(Exception):
    """A failure whose reason has been printed."""


def print_failure(error: Exception | str) -> int:
    """Exit code of an expected failure, its reason printed."""
    print(f"Error: {in_words(error)}", file=sys.stderr)
    return 1


def in_words(error: Exception | str) -> str:
    """What an expected failure says to a user."""
    if isinstance(error, MemoryError):
        return (
            "the computer has not enough memory for this; try a coarser grid.spacing_um, a smaller grid.width_um or a "
            "smaller part of an image"
        )
    if isinstance(error, OSError) and error.filename is not None:
        reason = (error.strerror or type(error).__name__).lower()
        return f"'{error.filename}' cannot be used: {reason}; check the path, its rights and its disk, or give another"
    return str(error)
