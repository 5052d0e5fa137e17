"""The commands of `phasefield`, one module each, and what they call an expected failure."""

import sys

from phasefield.checkpoint import CheckpointError
from phasefield.conduction import ConductionError
from phasefield.config import ConfigError
from phasefield.gpus import NoGPULeftError
from phasefield.host import HostError
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
    InUseError,
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
    print(f"Error: {error}", file=sys.stderr)
    return 1
