"""The commands of `phasefield`, one module each, and what they call an expected failure."""

import sys

from phasefield.conduction import ConductionError
from phasefield.config import ConfigError
from phasefield.host import HostError
from phasefield.plotting.animation import AnimationError
from phasefield.plotting.compare import ComparisonError
from phasefield.report import ReportError
from phasefield.simulate import SimulationError
from phasefield.snapshots import SnapshotError

EXPECTED = (
    AnimationError,
    ComparisonError,
    ConductionError,
    ConfigError,
    HostError,
    OSError,
    ReportError,
    SimulationError,
    SnapshotError,
)


class Failed(Exception):
    """A failure whose reason has been printed."""


def print_failure(error: Exception) -> int:
    """Exit code of an expected failure, its reason printed."""
    print(f"Error: {error}", file=sys.stderr)
    return 1
