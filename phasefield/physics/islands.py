"""Lithium between a host that conducts ions and the electrolyte: islands let ions through, a closed film does not.

A film of lithium stands for the islands that it is until they meet. As long as they have not, ions pass between them
from the electrolyte to the wall; lithium itself carries none, so a host under a closed film has no part in their
transport. Its surface is at the potential of the metal, wherever that lies: nothing drives ions through film and host.
"""

import jax.numpy as jnp

from phasefield import operators
from phasefield.physics import lithiation
from phasefield.solvers import fusion

THINNEST = 1e-9  # m: a film is closed from here on at the earliest
MOST_CELLS = 8  # to either side: over how many cells a wall's lithium is looked for at most
STILL_OPEN = 0.5  # of the thickness at which it is closed: until then a film leaves the wall as open as it was


def reach(closed_film: float, spacing: float) -> int:
    """To how many cells away from a wall lithium belongs to the film on it: a wall is diffuse over one more."""
    return min(max(round(closed_film / spacing), 1) + 1, MOST_CELLS)


def open_share(model, phase):
    """Share of the walls around a cell that lithium leaves open to ions [-], 1 where there are none.

    Of a cell and its neighbours the thickest counts: those that lie deeper in a diffuse wall see little of the film.
    """
    return _open(model, thickness(model, phase))


def thickness(model, phase):
    """Mean thickness of the lithium on the walls around a cell [m], 0 where there are none."""
    return _per_wall(model, _lithium(model, phase))[0]


def ionic_conductivity(model, state):
    """kappa of the host [S/m]: of its phases, and of islands of lithium as of the walls that they stand on.

    Where the film is closed, of neither.
    """
    inside, on_walls = jnp.zeros_like(model.pore), jnp.zeros_like(model.pore)
    phases = zip(model.host.phases, model.host.fractions, model.surface_shares, state.lithiation, strict=True)
    for phase, fraction, share, theta in phases:
        kappa = lithiation.conductivity(phase.ionic_conductivity, theta)
        inside = inside + fraction * kappa
        on_walls = on_walls + share * model.surface * kappa
    lithium = _lithium(model, state.phase)
    film, beside = _per_wall(model, lithium, on_walls)
    return _open(model, film) * (inside + lithium * beside)


def _open(model, film):
    left = 1 - operators.largest_around(film) / jnp.maximum(model.closed_film, THINNEST)
    return jnp.clip(left / (1 - STILL_OPEN), 0.0, 1.0)


def _lithium(model, phase):
    return model.pore * jnp.maximum(phase, 0.0)


def _per_wall(model, *fields):
    """Sum of each field over the area of the walls, both of a cube around each cell; 0 where there are no walls."""
    area = _around(model, model.surface)
    safe = jnp.where(area > 0, area, 1.0)
    return [jnp.where(area > 0, _around(model, field) / safe, 0.0) for field in fields]


def _around(model, field):
    """Sum over a cube that reaches `model.film_cells` to every side."""
    for axis, wraps in enumerate(operators.laterally_periodic(field.ndim)):

        def along(u, axis=axis, wraps=wraps):
            total = u
            for side in (-1, +1):
                moved = u
                for _ in range(model.film_cells):
                    moved = operators.shift(moved, axis, side, wraps)
                    total = total + moved
            return total

        field = fusion.separately(model.grid.spacing, along, field)
    return field
