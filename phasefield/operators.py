"""Shifted stencils on cell-centred fields: face averages, gradients, divergences. No knowledge of physics.

Axis 0 is closed (no flux through its ends), the other axes are periodic, unless `periodic` says otherwise. Shifts are
crops and pads, which XLA runs at the speed of memory on the CPU; `jnp.roll` and edge-padding do not.
"""

import jax.numpy as jnp
from jax import lax


def laterally_periodic(ndim: int) -> tuple[bool, ...]:
    """Which axes of the electrode box are periodic: all but the first."""
    return (False,) + (True,) * (ndim - 1)


def shift(u, axis: int, offset: int, periodic: bool):
    """The neighbour's value, u[i + offset] along `axis`, offset +1 or -1; beyond a closed end, zero."""
    n = u.shape[axis]
    zero = jnp.zeros((), u.dtype)
    config = [(0, 0, 0)] * u.ndim
    config[axis] = (-1, 1, 0) if offset > 0 else (1, -1, 0)
    shifted = lax.pad(u, zero, config)
    if periodic:
        wrapped = lax.slice_in_dim(u, 0, 1, axis=axis) if offset > 0 else lax.slice_in_dim(u, n - 1, n, axis=axis)
        config[axis] = (n - 1, 0, 0) if offset > 0 else (0, n - 1, 0)
        shifted = shifted + lax.pad(wrapped, zero, config)
    return shifted


def largest_around(field):
    """Of each cell and its neighbours through faces; of positive fields, since beyond a closed end there is zero."""
    largest = field
    for axis, wraps in enumerate(laterally_periodic(field.ndim)):
        for side in (-1, +1):
            largest = jnp.maximum(largest, shift(field, axis, side, wraps))
    return largest


def upper_faces(shape, axis: int, periodic: bool, dtype):
    """1 where a cell has a neighbour above it along `axis`, 0 at a closed end; broadcastable."""
    n = shape[axis]
    exists = jnp.ones(n, dtype) if periodic else (jnp.arange(n) < n - 1).astype(dtype)
    return exists.reshape((1,) * axis + (n,) + (1,) * (len(shape) - axis - 1))


def lower_faces(shape, axis: int, periodic: bool, dtype):
    """1 where a cell has a neighbour below it along `axis`, 0 at a closed end; broadcastable."""
    return jnp.flip(upper_faces(shape, axis, periodic, dtype), axis)


def mean_of(here, there, mean: str = "arithmetic"):
    """Mean of two cells' coefficients on the face between them.

    Args:
        mean: "arithmetic", for diffuse fields; "harmonic", exact for plates in series and for sharp fields.
    """
    if mean == "arithmetic":
        return 0.5 * (here + there)
    total = here + there
    return 2 * here * there / jnp.where(total > 0, total, 1)


def face_mean(k, axis: int, periodic: bool, mean: str = "arithmetic"):
    """Mean of k on the upper face of each cell; zero on a closed end."""
    return mean_of(k, shift(k, axis, +1, periodic), mean) * upper_faces(k.shape, axis, periodic, k.dtype)


def beside(u, axis: int, side: int, beyond):
    """The neighbour's value one cell below (side -1) or above (+1), `beyond` beyond a closed end; periodic sideways."""
    return shift(u - beyond, axis, side, laterally_periodic(u.ndim)[axis]) + beyond


def difference(u, axis: int, periodic: bool):
    """u[i + 1] - u[i] on the upper face of each cell; on a closed end minus u, for a face value of zero to cancel."""
    return shift(u, axis, +1, periodic) - u


def divergence(fluxes, spacing, periodic=None):
    """Divergence of face fluxes [flux/m].

    Args:
        fluxes: one array an axis, each on the upper faces of the cells, zero on closed ends.
        spacing: [m].
    """
    periodic = laterally_periodic(fluxes[0].ndim) if periodic is None else periodic
    return sum((f - shift(f, a, -1, periodic[a])) / spacing for a, f in enumerate(fluxes))


def diffusion(k, u, spacing, periodic=None, mean: str = "arithmetic"):
    """div(k grad u) with the named face means [unit of k u / m2]; nothing crosses the ends of closed axes.

    Both faces of a cell are formed from its neighbours directly: a face flux that is itself shifted would be computed
    again for each use, three times as slow on the CPU.
    """
    periodic = laterally_periodic(u.ndim) if periodic is None else periodic
    total = 0.0
    for a, wraps in enumerate(periodic):
        above = mean_of(k, shift(k, a, +1, wraps), mean) * upper_faces(u.shape, a, wraps, u.dtype)
        below = mean_of(k, shift(k, a, -1, wraps), mean) * lower_faces(u.shape, a, wraps, u.dtype)
        total = total + above * (shift(u, a, +1, wraps) - u) + below * (shift(u, a, -1, wraps) - u)
    return total / spacing**2


def flow(faces, u, spacing, periodic=None):
    """div(k grad u) with k given on upper faces, one array an axis, zero on closed ends [unit of k u / m2]."""
    periodic = laterally_periodic(u.ndim) if periodic is None else periodic
    return divergence([k * difference(u, a, periodic[a]) / spacing for a, k in enumerate(faces)], spacing, periodic)


def gradient(u, spacing, periodic=None):
    """Central gradient at cell centres [unit of u / m], one array an axis; one-sided where an axis is closed."""
    periodic = laterally_periodic(u.ndim) if periodic is None else periodic
    parts = []
    for a in range(u.ndim):
        exists = jnp.broadcast_to(upper_faces(u.shape, a, periodic[a], u.dtype), u.shape)
        faces = difference(u, a, periodic[a]) * exists / spacing
        parts.append((faces + shift(faces, a, -1, periodic[a])) / (exists + shift(exists, a, -1, periodic[a])))
    return parts


def norm(parts):
    """Euclidean length of a vector field given by its components."""
    return jnp.sqrt(sum(p**2 for p in parts))
