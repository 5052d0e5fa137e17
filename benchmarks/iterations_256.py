"""Multigrid-CG iterations to 1e-6 as in `iterations`, in boxes of 256^3: minutes each and some 14 GB on two cores."""

from iterations import solve_boxes

SIDE = 256


def study(kind: str, largest: int | None = None) -> None:
    """Args: kind: cpu or gpu. largest: leave out boxes with longer sides."""
    solve_boxes("iterations_256", [n for n in (SIDE,) if largest is None or n <= largest])
