"""What the cycler does: a list of steps of constant current, each with its cut-offs."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """One step of the cycler; it ends at the first cut-off it meets.

    Args:
        current_density: of the geometric area [A/m2]; positive plates, negative strips, 0 rests.
        capacity: charge to pass in this step [C/m2], a positive number; None for no such cut-off.
        duration: [s]; None for no such cut-off.
        potential_min, potential_max: electrode potential against lithium [V] to stop at; None for no such cut-off.
    """

    current_density: float
    capacity: float | None = None
    duration: float | None = None
    potential_min: float | None = None
    potential_max: float | None = None

    def __post_init__(self):
        if all(end is None for end in (self.capacity, self.duration, self.potential_min, self.potential_max)):
            raise ValueError("a protocol step needs a cut-off: capacity, duration, potential_min or potential_max")
        if self.current_density == 0 and self.duration is None:
            raise ValueError("a rest (current_density 0) ends only by its duration: give one")
        for name in ("capacity", "duration"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"{name} of a protocol step is {value}; it must be positive")

    @property
    def longest(self) -> float:
        """Time after which the step ends at the latest [s]; infinite if only a potential ends it."""
        limits = [float("inf")]
        if self.duration is not None:
            limits.append(self.duration)
        if self.capacity is not None and self.current_density != 0:
            limits.append(self.capacity / abs(self.current_density))
        return min(limits)
