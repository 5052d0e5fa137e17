"""Checks of what users hand to public functions: each names the argument, the value and what is allowed."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Check:
    """Checks that raise `error`; `allowed` says in words what an argument may be."""

    error: type[ValueError]

    def number(self, name: str, value, allowed: str, is_allowed=lambda v: True) -> float:
        """A finite number for which `is_allowed` holds."""
        try:
            found = float(value)
        except (TypeError, ValueError):
            found = np.nan
        if not (np.isfinite(found) and is_allowed(found)):
            raise self.error(f"{name} is {value!r}; it must be {allowed}")
        return found

    def choice(self, name: str, value, options: tuple[str, ...]) -> None:
        """Nothing, where the value is among the options."""
        if value not in options:
            raise self.error(f"{name} is {value!r}; choose " + " or ".join(f'"{each}"' for each in options))

    def array(self, name: str, value, allowed: str) -> np.ndarray:
        """Finite real numbers, as a float64 array of any shape."""
        try:
            found = np.asarray(value)
        except ValueError:  # ragged
            found = None
        if found is None or found.dtype.kind not in "biuf":
            held = f"is {_short(value)}" if found is None or not found.ndim else f"holds values of type {found.dtype}"
            raise self.error(f"{name} {held}; it must be {allowed}")
        found = found.astype(np.float64)
        if not np.isfinite(found).all():
            count = np.count_nonzero(~np.isfinite(found))
            raise self.error(f"{name} holds {count} values that are not finite; it must be {allowed}")
        return found


def _short(value, most: int = 80) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= most else text[:most] + ".."
