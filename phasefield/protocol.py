"""What the cycler does: a list of steps of constant current or potential, or of a potential that is swept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

SLEW_RATE = 1.0  # V/s at which a cycler goes to the potential it is to hold


@dataclass(frozen=True)
class Repetition:
    """A repetition of a block of steps, and how efficient it must have been for the block to go on.

    Args:
        efficiency_min: least charge given back over the charge taken up, 0..1 [-].
        steps: of the protocol in this repetition, at least 1; the one that carries it is the last.
        left: steps of the block after it, 0 where it is the last repetition.
    """

    efficiency_min: float
    steps: int
    left: int

    def __post_init__(self):
        if not 0 <= self.efficiency_min <= 1:
            raise ValueError(f"efficiency_min of a repetition is {self.efficiency_min}; it must be a fraction, 0 to 1")
        if self.steps < 1 or self.left < 0:
            raise ValueError(f"a repetition of {self.steps} steps with {self.left} after it: try 1 or more, 0 or more")


@dataclass(frozen=True)
class Step:
    """One step of the cycler; it ends at the first cut-off it meets.

    Args:
        current_density: of the geometric area [A/m2]; positive plates, negative strips, 0 rests. None where a potential
            is given.
        capacity: charge to pass in this step [C/m2], a positive number; None for no such cut-off.
        duration: [s]; None for no such cut-off.
        potential_min, potential_max: electrode potential against lithium [V] to stop at; None for no such cut-off.
        cell_voltage_min, cell_voltage_max: voltage of a full cell [V] to stop at; None for no such cut-off.
        half_cell: whether a full cell is run against lithium in this step, its cathode left as it is.
        potential: against lithium [V] to go to and hold; None where a current is given.
        sweep_rate: to go there at [V/s], and to end there; None goes at SLEW_RATE and holds.
        current_min: current without sign [A/m2] at which a hold ends; None for no such cut-off.
        repetitions: of blocks that end with this step, the innermost first; where one was not efficient enough, the
            protocol goes on behind its block.
    """

    current_density: float | None = None
    capacity: float | None = None
    duration: float | None = None
    potential_min: float | None = None
    potential_max: float | None = None
    potential: float | None = None
    sweep_rate: float | None = None
    current_min: float | None = None
    cell_voltage_min: float | None = None
    cell_voltage_max: float | None = None
    half_cell: bool = False
    repetitions: tuple[Repetition, ...] = ()

    def __post_init__(self):
        if (self.current_density is None) == (self.potential is None):
            raise ValueError("a protocol step has either a current_density or a potential")
        cell_ends = (self.cell_voltage_min, self.cell_voltage_max)
        ends = (self.capacity, self.duration, self.potential_min, self.potential_max, self.current_min, self.sweep_rate)
        if all(end is None for end in (*ends, *cell_ends)):
            raise ValueError("a protocol step needs a cut-off: capacity, duration, potential_min or potential_max")
        if self.current_density == 0 and self.duration is None:
            raise ValueError("a rest (current_density 0) ends only by its duration: give one")
        if self.potential is None and (self.sweep_rate is not None or self.current_min is not None):
            raise ValueError("sweep_rate and current_min belong to a step with a potential")
        if any(end is not None for end in cell_ends) and (self.half_cell or self.potential is not None):
            raise ValueError("cell_voltage_min and cell_voltage_max belong to a current through the full cell")
        for name in ("capacity", "duration", "sweep_rate", "current_min"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"{name} of a protocol step is {value}; it must be positive")

    @property
    def holds(self) -> bool:
        """Whether a potential is given in place of a current."""
        return self.potential is not None

    @property
    def longest(self) -> float:
        """Time after which the step ends at the latest [s]; infinite if only a potential or a current ends it."""
        limits = [float("inf")]
        if self.duration is not None:
            limits.append(self.duration)
        if self.capacity is not None and self.current_density:
            limits.append(self.capacity / abs(self.current_density))
        return min(limits)


def steps_left_out(protocol: Sequence[Step], ended: tuple[int, ...], history: Mapping[str, np.ndarray]) -> int:
    """Steps of the protocol to leave out after those that have ended, 0 where all blocks go on.

    The last of them may itself have been left out with its block: it ends a block around that one all the same.

    Args: ended: time steps in the history when each of the protocol steps so far ended.
    """
    for repetition in protocol[len(ended) - 1].repetitions:
        before = len(ended) - repetition.steps
        rows = slice(ended[before - 1] if before else 0, ended[-1])
        if repetition.left and efficiency(history, rows) < repetition.efficiency_min:
            return repetition.left
    return 0


def efficiency(history: Mapping[str, np.ndarray], rows: slice) -> float:
    """Charge given back over the charge taken up in these time steps [-]; infinite where none was taken up."""
    charge = history["current_density"][rows] * history["time_step"][rows]
    taken, given = charge[charge > 0].sum(), -charge[charge < 0].sum()
    return float(given / taken) if taken > 0 else float("inf")
