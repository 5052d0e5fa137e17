"""How much memory there is."""

import os


def of_computer() -> float | None:
    """Memory of the computer [bytes]; None where it is not known."""
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):
        return None
