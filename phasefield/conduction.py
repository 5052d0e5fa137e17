"""Effective conductivity and tortuosity of voxel fields, from the solver the model uses."""

import operator
from dataclasses import dataclass, replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from phasefield import operators
from phasefield.arguments import Check
from phasefield.connectivity import reaches
from phasefield.solvers import conjugate_gradients, multigrid, pieces
from phasefield.solvers.system import System, apply, to_neighbours

SIDES = ("periodic", "closed")
MEANS = ("harmonic", "arithmetic")
FLOOR = 1e-13  # of the largest conductivity: gives voids a potential
TOLERANCE = 1e-8  # of the current: by how much the potential's imbalances can change it
MAX_ITERATIONS = 400


class ConductionError(ValueError):
    """A field whose conductivity cannot be computed; the message says why."""


check = Check(ConductionError)


@dataclass(frozen=True)
class Conduction:
    """Steady conduction through a field between two plates.

    Args:
        effective_conductivity: [unit of the field].
        potential: from 0 on the first plane's outer face to 1 on the last's; shape of the field. Of cells that carry
            next to nothing it is an estimate: the iteration stops when the current is known.
        iterations: of multigrid-CG.
        error: bound of the relative error that the iteration leaves in the effective conductivity [-]; what the voxels
            do to the geometry is not in it.
    """

    effective_conductivity: float
    potential: np.ndarray
    iterations: int
    error: float


def conduct(conductivity, axis: int = 0, mean: str = "harmonic", sides: str = "periodic") -> Conduction:
    """Steady conduction along `axis` between plates on the two end faces.

        div(k grad u) = 0,   u = 0 and 1 on the outer faces of the first and the last plane,
        k_eff = current x length / (area x 1)

    Two-point fluxes between the cells' centres, half a cell from the plates; multigrid-CG until the cells' imbalances
    can change the current by no more than 1e-8 of itself.

    Args:
        conductivity: k of each cell, in any unit; 2D or 3D with sides of any length, zero or positive, sharp or
            diffuse; cubic cells. Contrasts up to 1e10; below 1e-13 of the largest, a value counts as that much.
        axis: from plate to plate.
        mean: of k on the faces between cells. "harmonic" is exact for plates in series and right for sharp fields.
            "arithmetic" is about the open share of the face around an insulator whose surface cells hold their open
            share of volume times k, and second order in the cell. The model has, on its diffuse hosts, the first for
            ions, whose necks the second opens, and the second for electrons.
        sides: the other faces of the box are "periodic", or "closed" to any flux.

    Raises:
        ConductionError: not a 2D or 3D array of numbers, empty, negative or not finite; no such axis, mean or sides;
            no convergence in 400 iterations.

    Source: discretised as in TauFactor (Cooper et al., SoftwareX 5 (2016) 203); solver: `solvers.multigrid`.

    Example: half of the potential falls over the last fifth, which conducts a quarter as well.

        >>> import numpy as np
        >>> from phasefield.conduction import conduct
        >>> field = np.ones((10, 4))
        >>> field[8:] = 0.25
        >>> result = conduct(field)
        >>> round(result.effective_conductivity, 6)
        0.625
        >>> [round(float(u), 4) for u in result.potential[[0, 7, 8, 9], 0]]
        [0.0313, 0.4688, 0.625, 0.875]
        >>> result.error < 1e-8
        True
    """
    field = _checked(conductivity, "conductivity")
    axis = _checked_axis(axis, field.ndim)
    check.choice("mean", mean, MEANS)
    check.choice("sides", sides, SIDES)
    field = np.moveaxis(field, axis, 0)
    if not reaches(field > 0, 0, -1, sides).any():
        return Conduction(0.0, np.moveaxis(np.zeros(field.shape), 0, axis), 0, 0.0)
    floored = np.maximum(field, FLOOR * field.max())
    faces = [operators.face_mean(floored, a, wraps, mean) for a, wraps in enumerate(_wrapped(field.ndim, sides))]
    found = between_plates(faces, floored[[0, -1]], sides)
    return replace(found, potential=np.moveaxis(found.potential, 0, axis))


def between_plates(faces, ends, sides: str = "periodic") -> Conduction:
    """Steady conduction along axis 0 as in `conduct`, with conductivities given on the faces between cells.

    Args:
        faces: k on the upper faces of each axis, one array an axis, positive, as `operators.face_mean` gives them;
            below 1e-13 of the largest a value counts as that much. At closed ends they are not looked at.
        ends: k from the plates to the centres of the first and the last plane, half a cell, shape (2, *plane).
        sides: the faces of the box beside axis 0 are "periodic", or "closed".

    Raises: ConductionError where it does not converge.
    """
    periodic = _wrapped(len(faces), sides)
    largest = max(float(np.max(k)) for k in (*faces, ends))
    relative = [
        jnp.maximum(jnp.asarray(face) / largest, FLOOR) * operators.upper_faces(face.shape, a, wraps, float)
        for a, (face, wraps) in enumerate(zip(faces, periodic, strict=True))
    ]
    plates = 2 * jnp.maximum(jnp.asarray(ends) / largest, FLOOR)
    held = jnp.zeros_like(relative[0]).at[0].add(plates[0]).at[-1].add(plates[1])
    system = System(to_neighbours(relative, 1.0, periodic)[None], held[None], None, jnp.ones(()), periodic)
    potential, current, iterations, error = _converged(system, plates)
    effective = current * largest * len(held) / plates[0].size
    return Conduction(float(effective), potential, iterations, error)


def effective_conductivity(conductivity, axis: int = 0, mean: str = "harmonic", sides: str = "periodic") -> float:
    """Effective conductivity of a field along `axis` [unit of the field]; 0 if nothing carries through.

        k_eff = <k grad u> / <grad u>,   div(k grad u) = 0

    between plates on the two end faces. Voxels are taken as they are. Where they stand for smooth insulators, what they
    conduct is off by (simple cubic array with 20 % of spheres, their diameter 12, 23, 35, 47 cells)

        -4.8, -2.6, -1.4, -1.0 %   sharp voxels, mean="harmonic"
        -1.2, -0.8, -0.6, -0.5 %   open share of each voxel, mean="harmonic"
        +0.5, +0.1, 0.01, 0.01 %   open share of each voxel, mean="arithmetic": the choice for partly filled voxels

    Args:
        conductivity: k of each cell, in any unit; 2D or 3D with sides of any length, zero or positive, sharp or
            diffuse; cubic cells. Contrasts up to 1e10.
        axis: from plate to plate.
        mean: of k on the faces between cells; "harmonic", exact for plates in series, or "arithmetic". See `conduct`.
        sides: the other faces of the box are "periodic", or "closed" to any flux.

    Raises:
        ConductionError: not a 2D or 3D array of numbers, empty, negative or not finite; no such axis, mean or sides;
            no convergence.

    Source: see `conduct`.

    Example: plates in series across axis 0 are the harmonic mean, in parallel along axis 1 the arithmetic one.

        >>> import numpy as np
        >>> import phasefield as pf
        >>> plates = np.ones((8, 8, 8))
        >>> plates[4:] = 4.0
        >>> round(pf.effective_conductivity(plates), 6)
        1.6
        >>> round(pf.effective_conductivity(plates, axis=1), 6)
        2.5
    """
    return conduct(conductivity, axis, mean, sides).effective_conductivity


def tortuosity_factor(mask, axis: int = 0, sides: str = "periodic") -> float:
    """Tortuosity factor of the True cells along `axis` [-]; 1 for straight channels, inf if nothing leads through.

        tau = volume fraction / (k_eff / k)

    with all True cells in the volume fraction, dead ends too. With `sides="closed"` it is the `tau` of TauFactor's
    `Solver`, with "periodic" that of its `PeriodicSolver`.

    Args:
        mask: bool (or 0 and 1), True where it conducts; 2D or 3D with sides of any length; cubic cells.
        axis: from end to end.
        sides: the other faces of the box are "periodic", or "closed" to any flux.

    Raises:
        ConductionError: other values than True and False, not 2D or 3D, empty; no such axis or sides; no convergence.

    Source: Cooper et al., SoftwareX 5 (2016) 203; Kench et al., J. Open Source Softw. 8 (2023) 5358.

    Example: a straight channel; one blocked; one that steps aside across the seam of the periodic box.

        >>> import numpy as np
        >>> import phasefield as pf
        >>> channel = np.zeros((8, 8), bool)
        >>> channel[:, :2] = True
        >>> round(pf.tortuosity_factor(channel), 6)
        1.0
        >>> blocked = channel.copy()
        >>> blocked[4] = False
        >>> pf.tortuosity_factor(blocked)
        inf
        >>> aside = np.zeros((8, 8), bool)
        >>> aside[:5, 0] = aside[4:, 7] = True
        >>> pf.tortuosity_factor(aside) > 1, pf.tortuosity_factor(aside, sides="closed")
        (True, inf)
    """
    mask = _checked(mask, "mask")
    values = np.unique(mask)
    if not np.isin(values, (0, 1)).all():
        shown = ", ".join(f"{v:g}" for v in values[:5]) + (", .." if len(values) > 5 else "")
        raise ConductionError(
            f"mask holds the values {shown}; it must be True where it conducts and False elsewhere: pass "
            "`image == label` for the phase of that label, or give conductivities to `effective_conductivity`"
        )
    relative = effective_conductivity(mask, axis, sides=sides)
    return float(mask.mean() / relative) if relative > 0 else float("inf")


def _checked(values, name):
    field = check.array(name, values, "a 2D or 3D array of real numbers, or of True and False")
    if field.ndim not in (2, 3):
        raise ConductionError(f"{name} has {field.ndim} dimensions; give a 2D or 3D array")
    if field.size == 0:
        raise ConductionError(f"{name} is empty, of shape {field.shape}; give at least one cell along each axis")
    if field.min() < 0:
        raise ConductionError(f"the smallest value of {name} is {field.min():g}; it must be zero or positive")
    return field


def _checked_axis(axis, ndim):
    try:
        number = operator.index(axis)
    except TypeError as error:
        raise ConductionError(f"axis is {axis!r}; give an integer, 0 to {ndim - 1}") from error
    if not -ndim <= number < ndim:
        raise ConductionError(f"axis is {axis}; a {ndim}D field has axes 0 to {ndim - 1}")
    return number


def _wrapped(ndim, sides) -> tuple[bool, ...]:
    return (False,) + (sides == "periodic",) * (ndim - 1)


def _converged(system, plates):
    """(potential, current, iterations, relative error) between plates of these conductances.

    A current left over in a cell leaves through the two plates in shares between 0 and 1, so half the sum of what is
    left over bounds the error of the mean of the plates' currents. How small it has to be is known with the current:
    aim at a tenth of what even planes of these conductances would carry, and go on from there if it turns out less.
    """
    shape = system.diagonals.shape[1:]
    height = (np.arange(shape[0]) + 0.5) / shape[0]
    potential = np.broadcast_to(height.reshape((-1,) + (1,) * (len(shape) - 1)), shape)
    even = float(jnp.sum(system.faces[0, 1]) + 0.25 * jnp.sum(plates)) / shape[0] ** 2
    tolerance, iterations = 0.1 * TOLERANCE * even, 0
    while True:
        potential, convergence = _solve(system, plates[1], potential, tolerance, MAX_ITERATIONS - iterations)
        iterations += int(convergence.iterations)
        entering = float(jnp.sum(plates[0] * potential[0]))
        leaving = float(jnp.sum(plates[1] * (1 - potential[-1])))
        current, left_over = 0.5 * (entering + leaving), float(convergence.error)
        if current > 0 and left_over <= TOLERANCE * current:
            return np.asarray(potential), current, iterations, max(left_over, 0.5 * abs(entering - leaving)) / current
        if not bool(convergence.converged):
            raise ConductionError(
                f"conduction through this field did not converge in {MAX_ITERATIONS} iterations (the current is "
                f"{current:.3e} to within {left_over:.1e}); smooth the field by a cell, or reduce its contrast"
            )
        tolerance = min(max(0.5 * TOLERANCE * current, 1e-4 * tolerance), 0.1 * tolerance)


@jax.jit
def _solve(system, upper_plate, guess, tolerance, max_iterations):
    """(potential, Convergence) between plates; the error is half the sum of the currents left over in the cells."""
    right_hand_side = jnp.zeros_like(system.diagonals).at[0, -1].add(upper_plate)
    hierarchy = multigrid.build(system)
    faces = system.faces[0]
    least = jnp.min(jnp.where(faces > 0, faces, jnp.inf))  # closed ends are 0
    islands = pieces.labels(faces, system.periodic, jnp.sqrt(least / jnp.max(faces)))
    potential, convergence = conjugate_gradients.solve(
        partial(apply, system),
        multigrid.preconditioner(system, hierarchy),
        right_hand_side,
        tolerance,
        lambda residual: 0.5 * jnp.sum(jnp.abs(residual)),
        max_iterations,
        guess[None],
        correction=pieces.correction(system, islands),
    )
    return potential[0], convergence
