"""The linear systems of the model: one diffusing field, or two that a reaction couples."""

from dataclasses import dataclass, field

import jax
import jax.numpy as jnp

from phasefield import operators
from phasefield.solvers.stencils import roll


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class System:
    """The finest operator, ready to be multiplied many times; made by `assemble`.

    Args:
        faces: conductance to each neighbour, below and above along each axis in turn [S/m3], shape
            (m, 2 ndim, *shape); zero on closed ends.
        diagonals: d of each field [S/m3], Dirichlet faces and mass terms, shape (m, *shape).
        coupling: g [S/m3] between two fields; None for one field.
        spacing: [m].
        periodic: static, one flag an axis.
    """

    faces: jax.Array
    diagonals: jax.Array
    coupling: jax.Array | None
    spacing: jax.Array
    periodic: tuple[bool, ...] = field(metadata={"static": True})


def assemble(
    conductivities, diagonals, coupling, spacing, periodic, mean: str | tuple[str, ...] = "arithmetic"
) -> System:
    """The system of -div(k grad u) + d u, and g (u_0 - u_1) between two fields.

    Args:
        conductivities: k of each of the m fields [S/m], shape (m, *shape); strictly positive.
        mean: of k on faces, of all fields or of each; see `operators.mean_of`.
        diagonals, coupling, spacing, periodic: see `System`.
    """
    means = (mean,) * len(conductivities) if isinstance(mean, str) else mean
    faces = [conductances(k, spacing, periodic, each) for k, each in zip(conductivities, means, strict=True)]
    return System(jnp.stack(faces), diagonals, coupling, spacing, periodic)


def conductances(conductivity, spacing, periodic, mean: str = "arithmetic"):
    """Conductance of k [S/m] to each neighbour, as in `System.faces` of one field [S/m3], shape (2 ndim, *shape)."""
    faces = [operators.face_mean(conductivity, axis, wraps, mean) for axis, wraps in enumerate(periodic)]
    return to_neighbours(faces, spacing, periodic)


def to_neighbours(faces, spacing, periodic):
    """The same of k on upper faces [S/m], one array an axis."""
    parts = []
    for axis, (face, wraps) in enumerate(zip(faces, periodic, strict=True)):
        above = face / spacing**2
        parts += [operators.shift(above, axis, -1, wraps), above]
    return jnp.stack(parts)


def apply(system: System, u):
    """A u [A/m3] of the stacked fields u, shape (m, *shape)."""
    # field by field, stacked last: XLA's CPU backend is many times slower on batched or stacked operands here
    parts = []
    for faces, d, v in zip(system.faces, system.diagonals, u, strict=True):
        flow = d * v
        for axis, wraps in enumerate(system.periodic):
            for face, side in zip(faces[2 * axis : 2 * axis + 2], (-1, +1), strict=True):
                flow = flow + face * (v - _neighbour(v, axis, side, wraps))
        parts.append(flow)
    if system.coupling is not None:
        flow = system.coupling * (u[0] - u[1])
        parts = [parts[0] + flow, parts[1] - flow]
    return jnp.stack(parts)


def _neighbour(v, axis, side, periodic):
    """As `operators.shift`. In 3D planes and rows change places whole, which XLA's CPU backend reads in vectors; a pad
    it reads cell by cell, and takes half as long again for the product.

    For a field as it is stored only: two turns in a row the compiler makes three pieces of one, and where an axis is
    spread over devices it then moves all of the field.
    """
    if v.ndim == 2 or axis == v.ndim - 1:
        return operators.shift(v, axis, side, periodic)
    turned = roll(v, axis, side)
    if periodic:
        return turned
    exists = operators.upper_faces if side > 0 else operators.lower_faces
    return jnp.where(exists(v.shape, axis, periodic, bool), turned, 0)


def exchange(coupling, u):
    """What the coupling g carries between the two fields, g (u_0 - u_1) and its opposite; 0 for one field."""
    if coupling is None:
        return 0.0
    flow = coupling * (u[0] - u[1])
    return jnp.stack([flow, -flow])


def diagonal(system: System):
    """Diagonal of each field's own operator [S/m3], without g, shape (m, *shape)."""
    return system.diagonals + jnp.sum(system.faces, axis=1)


def inverse_block_diagonal(system: System):
    """Inverse of the block that couples the fields in each point, shape (m, m, *shape)."""
    return invert_blocks(diagonal(system), system.coupling)


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
