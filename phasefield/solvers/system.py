"""The linear systems of the model: one diffusing field, or two that a reaction couples."""

from dataclasses import dataclass, field

import jax
import jax.numpy as jnp

from phasefield import operators


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class System:
    """The finest operator.

    Args:
        conductivities: k of each field [S/m], one array a field; strictly positive.
        diagonals: d of each field [S/m3]: Dirichlet faces, mass terms.
        coupling: g [S/m3] between two fields; None for one field.
        spacing: [m].
        periodic: static, one flag an axis.
        mean: static, of k on faces; see `operators.face_mean`.
    """

    conductivities: tuple[jax.Array, ...]
    diagonals: tuple[jax.Array, ...]
    coupling: jax.Array | None
    spacing: jax.Array
    periodic: tuple[bool, ...] = field(metadata={"static": True})
    mean: str = field(default="arithmetic", metadata={"static": True})


def apply(system: System, u):
    """A u [A/m3] of the stacked fields u, shape (m, *shape)."""
    parts = [
        d * v - operators.diffusion(k, v, system.spacing, system.periodic, system.mean)
        for k, d, v in zip(system.conductivities, system.diagonals, u, strict=True)
    ]
    return jnp.stack(exchange(parts, system.coupling, u))


def inverse_block_diagonal(system: System):
    """Inverse of the block that couples the fields in each point, shape (m, m, *shape)."""
    diagonal = [
        d + operators.diffusion_diagonal(k, system.spacing, system.periodic, system.mean)
        for k, d in zip(system.conductivities, system.diagonals, strict=True)
    ]
    if system.coupling is None:
        return (1 / diagonal[0])[None, None]
    g = system.coupling
    return invert_blocks(((diagonal[0] + g, -g), (-g, diagonal[1] + g)))


def invert_blocks(block):
    """Inverse of the 1x1 or 2x2 block of each point, shape (m, m, *shape), from its rows."""
    if len(block) == 1:
        return (1 / block[0][0])[None, None]
    (a, b), (c, d) = block
    # a d - b c of [[k1 + g, -g], [-g, k2 + g]] would cancel; scaling the rows first keeps it safe in float32
    ratio_b, ratio_c = b / a, c / d
    determinant = 1 - ratio_b * ratio_c
    tiny = 10 * jnp.finfo(a.dtype).eps
    determinant = jnp.where(determinant > tiny, determinant, tiny)
    return jnp.stack(
        [
            jnp.stack([1 / (a * determinant), -ratio_b / (d * determinant)]),
            jnp.stack([-ratio_c / (a * determinant), 1 / (d * determinant)]),
        ]
    )


def multiply_blocks(block, r):
    """block r in each point, shape (m, *shape)."""
    return jnp.stack([sum(block[i, j] * r[j] for j in range(r.shape[0])) for i in range(r.shape[0])])


def exchange(parts, coupling, u):
    """`parts` of A u with what the coupling g carries between the two fields; as they are for one field."""
    if coupling is None:
        return parts
    flow = coupling * (u[0] - u[1])
    return [parts[0] + flow, parts[1] - flow]
