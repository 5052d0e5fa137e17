"""Effective conductivity and tortuosity of voxel fields, from the solver the model uses."""

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from phasefield.connectivity import reaches
from phasefield.solvers import conjugate_gradients, multigrid
from phasefield.solvers.system import System, apply, inverse_block_diagonal

FLOOR = 1e-13  # of the largest conductivity: gives voids a potential
TOLERANCE = 1e-9  # of the potential between the plates: by how much any cell is out of balance with its neighbours
MAX_ITERATIONS = 400


class ConductionError(ValueError):
    """A field whose conductivity cannot be computed; the message says why."""


@dataclass(frozen=True)
class Conduction:
    """Steady conduction through a field between two plates.

    Args:
        effective_conductivity: [unit of the field].
        potential: from 0 on the first plane's outer face to 1 on the last's; shape of the field.
        iterations: of multigrid-CG. error: difference of the currents through the two plates, relative.
    """

    effective_conductivity: float
    potential: np.ndarray
    iterations: int
    error: float


def conduct(conductivity, axis: int = 0, mean: str = "harmonic") -> Conduction:
    """Steady conduction along `axis` between plates on the two end faces; the other axes are periodic.

    Args:
        conductivity: of each cell, 2D or 3D, zero or positive, sharp or diffuse, any contrast; cubic cells.
        axis: from plate to plate.
        mean: on faces between cells; "harmonic" is exact for plates in series and right for sharp fields, "arithmetic"
            is what the model uses on its diffuse hosts.

    Raises:
        ConductionError: not a 2D or 3D field, negative or not finite, no such axis, sides that cannot be halved.
    """
    field = _checked(conductivity, axis)
    field = np.moveaxis(field, axis, 0)
    if not reaches(field > 0, 0, -1).any():
        return Conduction(0.0, np.moveaxis(np.zeros(field.shape), 0, axis), 0, 0.0)
    largest = field.max()
    try:
        potential, convergence = _solve(jnp.asarray(field / largest), mean)
    except ValueError as error:
        raise ConductionError(str(error)) from error
    potential = np.asarray(potential)
    scaled = np.maximum(field / largest, FLOOR)
    entering = 2 * np.sum(scaled[0] * potential[0])
    leaving = 2 * np.sum(scaled[-1] * (1 - potential[-1]))
    mean = 0.5 * (entering + leaving)
    if not bool(convergence.converged):
        raise ConductionError(
            f"conduction through this field did not converge in {MAX_ITERATIONS} iterations (out of balance by "
            f"{float(convergence.error):.1e} of the potential); smooth the field by a cell, or reduce its contrast"
        )
    effective = mean * largest * field.shape[0] / np.prod(field.shape[1:])
    error = float(abs(entering / leaving - 1))
    return Conduction(float(effective), np.moveaxis(potential, 0, axis), int(convergence.iterations), error)


def effective_conductivity(conductivity, axis: int = 0, mean: str = "harmonic") -> float:
    """Effective conductivity of a field along `axis` [unit of the field]; 0 if nothing carries through.

    Args and errors: see `conduct`.

    Example:
        >>> round(effective_conductivity(np.ones((8, 8))), 6)
        1.0
    """
    return conduct(conductivity, axis, mean).effective_conductivity


def tortuosity_factor(mask, axis: int = 0) -> float:
    """Tortuosity factor of the True cells along `axis` [-]: volume fraction over relative conductivity; inf if blocked.

    Args:
        mask: bool, 2D or 3D. axis: from end to end; the other axes are periodic.
    """
    mask = np.asarray(mask, bool)
    relative = effective_conductivity(mask.astype(float), axis)
    return float(mask.mean() / relative) if relative > 0 else float("inf")


def _checked(conductivity, axis):
    field = np.asarray(conductivity, np.float64)
    if field.ndim not in (2, 3):
        raise ConductionError(f"the field has {field.ndim} dimensions; give a 2D or 3D array")
    if not -field.ndim <= axis < field.ndim:
        raise ConductionError(f"axis is {axis}; a {field.ndim}D field has axes 0 to {field.ndim - 1}")
    if not np.isfinite(field).all():
        raise ConductionError("the field holds values that are not finite; give every cell a conductivity")
    if field.min() < 0:
        raise ConductionError(f"the smallest conductivity is {field.min():g}; it must be zero or positive")
    return field


@partial(jax.jit, static_argnames="mean")
def _solve(field, mean):
    scaled = jnp.maximum(field, FLOOR)
    plates = jnp.zeros_like(scaled).at[0].add(2 * scaled[0]).at[-1].add(2 * scaled[-1])
    system = System(
        conductivities=scaled[None],
        diagonals=plates[None],
        coupling=None,
        spacing=jnp.ones(()),
        periodic=(False,) + (True,) * (field.ndim - 1),
        mean=mean,
    )
    right_hand_side = jnp.zeros_like(scaled).at[-1].add(2 * scaled[-1])[None]
    hierarchy = multigrid.build(system)
    inverse = inverse_block_diagonal(system)

    def out_of_balance(residual):
        return jnp.max(jnp.abs(residual[0] * inverse[0, 0]))

    guess = jnp.broadcast_to(
        ((jnp.arange(field.shape[0]) + 0.5) / field.shape[0]).reshape((-1,) + (1,) * (field.ndim - 1)), field.shape
    )
    potential, convergence = conjugate_gradients.solve(
        partial(apply, system),
        lambda r: multigrid.v_cycle(system, hierarchy, r, inverse),
        right_hand_side,
        TOLERANCE,
        out_of_balance,
        MAX_ITERATIONS,
        guess[None],
    )
    return potential[0], convergence
