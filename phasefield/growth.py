"""The lithium front alone: how a shape grows or shrinks at a given speed, by the front equation of the model."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from scipy import ndimage

from phasefield import operators
from phasefield.arguments import Check
from phasefield.physics import interface

ADVANCE = 0.2  # of interface_width a step: the phase changes by at most 0.05
MOBILITY = 2.0  # Gamma over the largest speed
STEEPEST = 1.1  # area of a front over the integral of xi (1 - xi)/delta
SETTLING = 10.0  # interface widths over mobility: the time in which a front takes on its profile
SHARP = 0.5  # of interface_width: fronts narrower than this are filled fractions
HALO = 32  # cells of the neighbouring period that distances are measured into
FARTHEST = 20.0  # diagonals of the box: a front that is to go further has a speed or a time in the wrong unit
NARROWEST = 0.5  # interface_width over spacing


class GrowthError(ValueError):
    """A front that cannot be moved as asked for; the message says what is wrong and what to try."""


check = Check(GrowthError)


def grow(phase, speed, time, spacing, mask=None, *, periodic=None, interface_width=None) -> np.ndarray:
    """Phase [-] after its front has moved along its normal at a given speed for a time; a float64 array of its shape.

        eps dxi/dt = v eps xi (1 - xi)/delta + div{ eps_face Gamma [ delta grad xi - xi (1 - xi) nhat ] }

    eps is the mask, delta the interface width, Gamma = 2 max|v|. The second term keeps the front a tanh profile,
    xi = 1/2 + 1/2 tanh(distance/(2 delta)), adds nothing, and does not move it by curvature. The surface xi = 1/2
    advances by the Euclidean distance v t, around what is in its way, and meets walls at a right angle. Where
    xi (1 - xi)/delta falls short of the front's area, by less than 1 %, v is raised by as much; where less than 1e-4 of
    a cell is filled nothing grows.

    A phase may be given in two ways, and comes back in the same:

    - *Diffuse*, such as the `phase` of a simulation: taken as it is. A profile of this width holds more than its
      surface xi = 1/2 encloses: a ball of radius R has sum(xi) = (4/3) pi (R^3 + pi^2 delta^2 R) in 3D, a disc
      pi (R^2 + pi^2 delta^2/3). Measure volumes by xi > 1/2.
    - *Filled fractions*: a mask (bool, or 0 and 1), an image, cells that are partly filled; any phase whose fronts are
      narrower than half of interface_width. The signed distance to the front (within partly filled cells at the filled
      share) is made a tanh profile, which then settles for 10 delta/Gamma, so that the staircase of a mask is smoothed
      out; a constant is added to its distance so that the volume enclosed by xi = 1/2 is the one that was given. What
      comes back is the filled fraction of each cell, 1/2 + distance/spacing between 0 and 1: sum it for the volume.

    A body should be four cells thick or more, and so should a gap that is to stay open.

    Args:
        phase: xi, 2D or 3D, 0 (no lithium) to 1. With a mask, the filled share of each cell's pore.
        speed: v [m/s], a number or an array of the phase's shape; positive grows, negative shrinks.
        time: [s], zero or positive.
        spacing: edge of a cell [m]; cells are squares or cubes.
        mask: where lithium may be, of the phase's shape: True (or 1) is pore, False (or 0) is wall; fractions between
            are shares of pore. None: everywhere. What the phase holds within walls is left out.
        periodic: which axes repeat; True or False for all, or one for each. None: all but the first, whose ends are
            closed, as elsewhere in this package.
        interface_width: delta [m], at least half a cell; None is one cell. Wider is smoother and slower.

    Raises:
        GrowthError: an argument that is out of range or of the wrong shape; a phase that leaves -0.01..1.01.

    Source: Chiu & Lin, J. Comput. Phys. 230 (2011) 185; Jain, J. Comput. Phys. 469 (2022) 111529.

    Example: a disc on 0.5 um cells grows by 2 um.

        >>> import numpy as np
        >>> import phasefield as pf
        >>> z, x = (np.indices((40, 40)) - 19.5) * 0.5e-6
        >>> disc = np.hypot(z, x) < 4e-6
        >>> grown = pf.grow(disc, speed=1e-9, time=2000.0, spacing=0.5e-6)
        >>> radius = [float(np.sqrt(field.sum() / np.pi) * 0.5) for field in (disc, grown)]  # um
        >>> round(radius[1] - radius[0], 1)
        2.0
    """
    xi = _phase(phase)
    ndim, shape = xi.ndim, xi.shape
    h = check.number("spacing", spacing, "above 0, the edge of a cell in metres", lambda v: v > 0)
    time = check.number("time", time, "zero or positive, in seconds", lambda v: v >= 0)
    v = _field("speed", speed, shape)
    pore = np.ones(shape) if mask is None else _field("mask", mask, shape)
    if pore.min() < 0 or pore.max() > 1:
        raise GrowthError(
            f"mask goes from {pore.min():g} to {pore.max():g}; it is the share of pore, 0 in walls and 1 in the open"
        )
    periodic = _periodic(periodic, ndim)
    delta = h
    if interface_width is not None:
        allowed = (
            f"at least {NARROWEST:g} of the spacing, {NARROWEST * h:g} m; refine the phase if it is to be narrower"
        )
        delta = check.number("interface_width", interface_width, allowed, lambda w: w >= NARROWEST * h * (1 - 1e-9))
    fastest = np.abs(v).max()
    diagonal = h * np.sqrt(sum(n**2 for n in shape))
    if fastest * time > FARTHEST * diagonal:
        raise GrowthError(
            f"the front would travel {fastest * time:.3g} m, {fastest * time / diagonal:.0f} times the diagonal of the "
            "box; speed is in m/s, time in s, spacing in m"
        )
    inside = xi * pore
    if mask is not None and xi[pore == 0].sum() > xi[pore > 0].sum():
        raise GrowthError("most of the phase lies where mask is 0; mask is True where lithium may be: try ~mask")
    xi = np.where(pore > 0, xi, 0.0)
    if fastest * time == 0 or not inside.any():
        return xi

    sharp = _is_sharp(xi, pore, h, delta, periodic)
    if sharp:
        xi = _settled_profile(xi, pore, h, delta, periodic)
    steps = max(int(np.ceil(fastest * time / (ADVANCE * delta))), 1)
    xi = np.asarray(_advance(xi, pore, v, h, delta, MOBILITY * fastest, time / steps, steps, periodic))
    low, high = interface.PHASE_BOUNDS
    if not (low <= xi.min() and xi.max() <= high):
        raise GrowthError(
            f"the phase left {low:g}..{high:g}: it goes from {xi.min():.3g} to {xi.max():.3g}; try a wider "
            "interface_width, a smoother speed, or a mask whose pore fractions change less from cell to cell"
        )
    return np.where(pore > 0, _filled(_distance(xi, delta), h), 0.0) if sharp else xi


def _phase(phase):
    xi = check.array("phase", phase, "a 2D or 3D array of numbers from 0 to 1")
    if xi.ndim not in (2, 3) or not xi.size:
        raise GrowthError(f"phase has shape {xi.shape}; give a 2D or 3D array")
    low, high = interface.PHASE_BOUNDS
    if not (low <= xi.min() and xi.max() <= high):
        raise GrowthError(
            f"phase goes from {xi.min():g} to {xi.max():g}; it is 0 without lithium and 1 within it (an image may need "
            "dividing by its largest grey value, a signed distance d turning into d > 0)"
        )
    return xi


def _field(name, value, shape):
    array = check.array(name, value, "a number or an array of numbers, one a cell")
    if array.shape not in ((), shape):
        raise GrowthError(f"{name} has shape {array.shape}; give a number or an array of the phase's shape {shape}")
    return np.broadcast_to(array, shape)


def _periodic(periodic, ndim):
    if periodic is None:
        return operators.laterally_periodic(ndim)
    flags = (periodic,) * ndim if isinstance(periodic, bool | np.bool_) else periodic
    try:
        flags = tuple(flags)
    except TypeError:
        flags = ()
    if len(flags) != ndim or not all(isinstance(flag, bool | np.bool_) for flag in flags):
        raise GrowthError(
            f"periodic is {periodic!r}; give True, False, or one of them for each of the {ndim} axes, such as "
            f"{operators.laterally_periodic(ndim)}"
        )
    return tuple(bool(flag) for flag in flags)


def _is_sharp(xi, pore, h, delta, periodic):
    """Whether fronts are narrower than a share of delta: integral of xi (1 - xi) over |grad xi|'s, delta for tanh."""
    faces = interface.pore_faces(pore, pore, periodic)
    steepness = np.sum(pore * np.asarray(_steepness(jnp.asarray(xi), faces, h, periodic)))
    front = np.sum(pore * np.maximum(xi * (1 - xi), 0))
    filled = xi[pore > 0] >= 0.5
    return bool(filled.any() and not filled.all() and front < SHARP * delta * steepness)


def _settled_profile(fraction, pore, h, delta, periodic):
    """Tanh profile around the front of a field of filled fractions, enclosing the same volume."""
    volume = np.sum(pore * fraction)
    distance = _signed_distance(fraction, pore > 0, periodic) * h
    xi = np.where(pore > 0, _tanh(_enclosing(distance, pore, volume, h), delta), 0.0)
    xi = np.asarray(_settle(xi, pore, h, delta, periodic))
    return np.where(pore > 0, _tanh(_enclosing(_distance(xi, delta), pore, volume, h), delta), 0.0)


def _signed_distance(fraction, pore, periodic):
    """Distance of cell centres to the front in cells, positive in lithium; through walls where that is shorter.

    From each cell to the nearest centre of the other kind (more or less than half full), and from there to the front:
    between the two it lies beyond the fuller cell by what the emptier one holds, or before its end by what it lacks.
    """
    halo = [(min(n, HALO),) * 2 if wraps else (0, 0) for n, wraps in zip(fraction.shape, periodic, strict=True)]
    fraction, pore = (np.pad(field, halo, mode="wrap") for field in (fraction, pore))
    full, empty = pore & (fraction >= 0.5), pore & (fraction < 0.5)
    to_empty, nearest_empty = ndimage.distance_transform_edt(~empty, return_indices=True)
    to_full, nearest_full = ndimage.distance_transform_edt(~full, return_indices=True)
    held = np.where(full, 0.0, fraction)
    lacked = np.where(full, 1 - fraction, 0.0)
    shift_at = held[tuple(nearest_empty)] - lacked[tuple(nearest_full)]  # of a cell next to the front
    at_front = np.where(
        full, np.ravel_multi_index(nearest_empty, full.shape), np.ravel_multi_index(nearest_full, full.shape)
    )
    distance = np.where(full, to_empty - 0.5, 0.5 - to_full) + shift_at.ravel()[at_front]
    return distance[tuple(slice(low, n - high) for (low, high), n in zip(halo, fraction.shape, strict=True))]


def _enclosing(distance, pore, volume, h):
    """The distance plus the constant, within two cells, that makes the filled fractions sum to a volume in cells."""
    low, high = -2 * h, 2 * h
    for _ in range(50):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if np.sum(pore * _filled(distance + middle, h)) > volume else (middle, high)
    return distance + 0.5 * (low + high)


def _tanh(distance, delta):
    return 0.5 * (1 + np.tanh(distance / (2 * delta)))


def _distance(xi, delta):
    """Distance to the front of a tanh profile, the inverse of `_tanh`."""
    inside = np.clip(xi, 1e-15, 1 - 1e-15)
    return delta * (np.log(inside) - np.log1p(-inside))


def _filled(distance, h):
    """Share of a cell that lies in lithium, from the distance of its centre to the front."""
    return np.clip(0.5 + distance / h, 0.0, 1.0)


@partial(jax.jit, static_argnames="periodic")
def _settle(xi, pore, h, delta, periodic):
    faces = interface.pore_faces(pore, pore, periodic)
    return interface.relax(xi, pore, faces, h, delta, 1.0, SETTLING * delta, periodic)


def _steepness(xi, faces, h, periodic):
    """|grad xi| at cell centres [1/m]."""
    return operators.norm(interface.open_gradient(xi, faces, h, periodic))


@partial(jax.jit, static_argnames="periodic")
def _advance(xi, pore, speed, h, delta, mobility, dt, steps, periodic):
    """The growth term of each step is solved exactly: it moves a tanh profile by v dt, and stays within 0..1.

    A moving profile lags behind tanh, and xi (1 - xi)/delta over it is up to 1 % short of the area of the front. The
    integral of |grad xi| is not; the speed is raised by the ratio of the two.
    """
    faces = interface.pore_faces(pore, pore, periodic)
    weight = pore * jnp.abs(speed)

    def step(_, xi):
        front = jnp.maximum(xi * (1 - xi), 0) / delta
        area = jnp.sum(weight * _steepness(xi, faces, h, periodic)) / jnp.maximum(jnp.sum(weight * front), 1e-300)
        grown = interface.moved(xi, jnp.clip(area, 1.0, STEEPEST) * speed * dt / delta)
        ahead = jnp.where(speed > 0, xi, 1 - xi)  # what a front has yet to fill
        xi = jnp.where((pore > 0) & (ahead > interface.TRACE) & (ahead < 1), grown, xi)
        return interface.relax(xi, pore, faces, h, delta, mobility, dt, periodic)

    return lax.fori_loop(0, steps, step, xi)
