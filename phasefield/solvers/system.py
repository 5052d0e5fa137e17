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
        conductivities: k of each of the m fields [S/m], shape (m, *shape); strictly positive.
        diagonals: d of each field [S/m3], Dirichlet faces and mass terms, shape (m, *shape).
        coupling: g [S/m3] between two fields; None for one field.
        spacing: [m].
        periodic: static, one flag an axis.
        mean: static, of k on faces; see `operators.face_mean`.
    """

    conductivities: jax.Array
    diagonals: jax.Array
    coupling: jax.Array | None
    spacing: jax.Array
    periodic: tuple[bool, ...] = field(metadata={"static": True})
    mean: str = field(default="arithmetic", metadata={"static": True})


def apply(system: System, u):
    """A u [A/m3] of the stacked fields u, shape (m, *shape)."""
    # field by field, stacked last: XLA's CPU backend is many times slower on batched or stacked operands here
    parts = [
        d * v - operators.diffusion(k, v, system.spacing, system.periodic, system.mean)
        for k, d, v in zip(system.conductivities, system.diagonals, u, strict=True)
    ]
    if system.coupling is not None:
        flow = system.coupling * (u[0] - u[1])
        parts = [parts[0] + flow, parts[1] - flow]
    return jnp.stack(parts)


def exchange(coupling, u):
    """What the coupling g carries between the two fields, g (u_0 - u_1) and its opposite; 0 for one field."""
    if coupling is None:
        return 0.0
    flow = coupling * (u[0] - u[1])
    return jnp.stack([flow, -flow])


def inverse_block_diagonal(system: System):
    """Inverse of the block that couples the fields in each point, shape (m, m, *shape)."""
    own = [operators.diffusion_diagonal(k, system.spacing, system.periodic, system.mean) for k in system.conductivities]
    return invert_blocks(system.diagonals + jnp.stack(own), system.coupling)


def invert_blocks(diagonal, coupling):
    """Inverse of [[d_0 + g, -g], [-g, d_1 + g]] in each point, shape (m, m, *shape); of d_0 for one field.

    In the form that loses nothing where g is far above d: the determinant is d_0 d_1 + g (d_0 + d_1).
    """
    if coupling is None:
        return (1 / diagonal[0])[None, None]
    a, b = diagonal
    # divided by a + b, lest squares of conductances overflow in float32
    share = a / (a + b) * b + coupling
    inverse = 1 / (share * (a + b))
    off = coupling * inverse
    return jnp.stack([jnp.stack([(b + coupling) * inverse, off]), jnp.stack([off, (a + coupling) * inverse])])


def multiply_blocks(block, r):
    """block r in each point, shape (m, *shape)."""
    return jnp.stack([sum(block[i, j] * r[j] for j in range(r.shape[0])) for i in range(r.shape[0])])
