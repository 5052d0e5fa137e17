"""What evolves."""

from dataclasses import dataclass

import jax


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class State:
    """Everything the next step needs.

    Args:
        phase: xi, lithium fraction of the pore [-]; shape grid.shape.
        concentration: salt in the electrolyte [mol/m3]; shape grid.shape.
        electronic_potential, ionic_potential: [V]; shape grid.shape.
        lithiation: theta of each host phase [-]; shape (K, *grid.shape).
        nucleated: share of the surface that lithium has nucleated on or spread over [-]; shape grid.shape.
        nuclei: that have appeared so far.
        double_layer_charge: on bare surface [C/m3]; shape grid.shape.
        random_key: JAX PRNG key, as its data (two uint32): splits anew in every step.
        time: [s].
    """

    phase: jax.Array
    concentration: jax.Array
    electronic_potential: jax.Array
    ionic_potential: jax.Array
    lithiation: jax.Array
    nucleated: jax.Array
    nuclei: jax.Array
    double_layer_charge: jax.Array
    random_key: jax.Array
    time: jax.Array
