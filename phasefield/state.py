"""What evolves."""

from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp

FAR = 2.0  # cells from the rim of what is nucleated at which distances from it end


def covered_share(rim_distance):
    """Share of each cell's surface that is covered [-]: by a straight rim along the cell's faces.

    Args: rim_distance: of the cell's centre from the rim [cells], negative where it is covered.
    """
    return jnp.clip(0.5 - rim_distance, 0.0, 1.0)


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Film:
    """The solid electrolyte interphase on the lithium.

    Args:
        charge: that it takes to form what lies on the surface [C/m3]; shape grid.shape.
        due: part of it that has not passed yet [C/m3]; shape grid.shape.
        left: that it took to form what lies whole on walls stripped bare [C/m3]; shape grid.shape.
        formed: charge that has passed since the start [C/m2 of geometric area], float64.
    """

    charge: jax.Array
    due: jax.Array
    left: jax.Array
    formed: jax.Array


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class State:
    """Everything the next step needs.

    Args:
        phase: xi, lithium fraction of the pore [-]; shape grid.shape.
        concentration: salt in the electrolyte [mol/m3]; shape grid.shape.
        electronic_potential, ionic_potential: [V]; shape grid.shape.
        lithiation: theta of each host phase [-]; shape (K, *grid.shape).
        rim_distance: of cells from the rim of what lithium has nucleated on or spread over, in cells; negative within,
            `FAR` at most; shape grid.shape.
        nuclei: that have appeared so far.
        double_layer_charge: on bare surface [C/m3]; shape grid.shape.
        random_key: JAX PRNG key, as its data (two uint32): splits anew in every step.
        time: [s].
        film: None where the model has no SEI.
    """

    phase: jax.Array
    concentration: jax.Array
    electronic_potential: jax.Array
    ionic_potential: jax.Array
    lithiation: jax.Array
    rim_distance: jax.Array
    nuclei: jax.Array
    double_layer_charge: jax.Array
    random_key: jax.Array
    time: jax.Array
    film: Film | None = None

    @property
    def nucleated(self) -> jax.Array:
        """Share of the surface that lithium has nucleated on or spread over [-]; shape grid.shape."""
        return covered_share(self.rim_distance)

    def with_nucleated(self, share) -> "State":
        """This state with so much of each cell's surface nucleated [-]; shape grid.shape."""
        return replace(self, rim_distance=jnp.where(share > 0, 0.5 - share, FAR))
