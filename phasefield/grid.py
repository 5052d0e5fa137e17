"""The box: a regular grid of cubic cells, axis 0 through-thickness (0 = collector), lateral axes periodic."""

from dataclasses import dataclass, field
from math import prod

import jax


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Grid:
    """A box of cubic cells.

    Args:
        shape: cells along (z, y, x), or (z, x) in 2D. Static: another shape compiles anew.
        spacing: edge of a cell [m]. Traced. A 2D box is one cell deep, so every cell has the volume spacing**3.
    """

    shape: tuple[int, ...] = field(metadata={"static": True})
    spacing: float

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return prod(self.shape)

    @property
    def columns(self) -> int:
        """Cells in one plane of constant z."""
        return prod(self.shape[1:])

    @property
    def cell_volume(self):
        """Volume of one cell [m3]."""
        return self.spacing**3

    @property
    def area(self):
        """Geometric area of the electrode [m2]."""
        return self.columns * self.spacing**2

    @property
    def height(self):
        """Height of the box [m]."""
        return self.shape[0] * self.spacing
