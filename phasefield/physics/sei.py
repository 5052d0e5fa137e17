"""The solid electrolyte interphase (SEI): a film on the lithium, paid for in charge wherever lithium is fresh.

The film is kept as the charge it took, per volume: thickness x area of lithium x z F/V. It is carried along with the
surface it lies on, stretched where that surface grows, mended there at once, and left behind as rubble where the
surface vanishes. Its charge passes as a reaction of its own among the others, so it is part of the ledger; on lithium
that floats the same balance makes the metal pay for it, which is corrosion.
"""

import jax.numpy as jnp
from jax import lax

from phasefield import operators
from phasefield.physics import coverage, interface
from phasefield.state import Film
from phasefield.units import FARADAY

NO_AREA = 1e-9  # of a cell's face: no surface there to lie on
ENOUGH = 5  # times the lithium that its film takes: a wall that holds so much counts as half covered
EVENINGS = 16  # sweeps a step that even the thickness out over neighbouring cells
FARTHEST = 0.5  # cells that the film is carried in a step; a front moves less, see TimeControl.phase_change


def charge_per_volume(sei):
    """Charge that a volume of film takes to form, z F/V [C/m3]."""
    return sei.lithium_per_formula * FARADAY / sei.molar_volume


def lithium_area(model, phase, nucleated):
    """Area of lithium per volume [1/m]: of its fronts and gaps, and of the nucleated wall that a film of it covers.

        a = eps_p xi (1 - xi)/delta + a_gap + a_film xi/(xi + 5 d/h)

    the area that reacts, less what holds no more lithium than a film takes, d = L z Vm/V: 1.4 nm for 5 nm of it. Were
    less to count as a surface, lithium would be owed more film than there is lithium, and come and go for ever.
    """
    sei = model.sei
    taken = sei.thickness * sei.lithium_per_formula * model.lithium.molar_volume / sei.molar_volume
    covered = interface.covered(phase, ENOUGH * taken / model.grid.spacing)
    lithium = interface.front_area(model, phase) + interface.gap_area(model, phase)
    return lithium + coverage.film_area(model, nucleated, phase) * covered


def thickness(model, state):
    """Thickness of the film in each cell [m], 0 where there is no lithium for it to lie on."""
    area = lithium_area(model, state.phase, state.nucleated)
    has_area = area * model.grid.spacing > NO_AREA
    return jnp.where(has_area, state.film.charge / jnp.where(has_area, area, 1.0), 0.0) / charge_per_volume(model.sei)


def resistance(model, state):
    """Resistance of the film to lithium ions [Ohm m2]."""
    return model.sei.resistivity * thickness(model, state)


def formation(model, state, dt):
    """Current that forms film during a step [A/m3]: what it still owes is paid within the formation time."""
    return state.film.due * -jnp.expm1(-dt / model.sei.formation_time) / dt


def advance(model, state, phase, nucleated, reaction, dt) -> Film:
    """The film after dt, on the surface as it is then.

    What lies in a cell is carried along with its front and laid on the surface about, by area. Where there is more
    surface than that covers at the thickness of a first film, film is owed; a film that is thicker grows on by
    diffusion of the solvent through it, dL/dt = V D c/(z L). Where surface vanishes its film is not shared out, it
    gets no thicker than it was; on walls the share `kept_when_stripped` of it waits for lithium to come back.

    Source: thickness of the first film and growth: Ploehn et al., J. Electrochem. Soc. 151 (2004) A456, in the form
    and with the numbers of PyBaMM's SEI parameter set.
    """
    sei, film = model.sei, state.film
    first = charge_per_volume(sei) * sei.thickness
    before, after = (lithium_area(model, *surface) for surface in ((state.phase, state.nucleated), (phase, nucleated)))
    tiny = NO_AREA / model.grid.spacing
    carried = _evened(after, _carried(model, state.phase, film.charge, reaction.front_speed, dt), tiny)
    there = _neighbourhood(before)
    was = jnp.where(there > tiny, _neighbourhood(film.charge) / jnp.where(there > tiny, there, 1.0), 0.0)
    whole = jnp.clip(carried, 0.0, after * jnp.maximum(was, first))  # the rest is rubble
    # what is owed on a surface that vanishes is not formed any more
    remaining = jnp.where(carried > 0, whole / jnp.where(carried > 0, carried, 1.0), 0.0)
    left = film.left + sei.kept_when_stripped * jnp.where(model.surface > 0, jnp.maximum(carried - whole, 0.0), 0.0)
    rate = sei.molar_volume * sei.solvent_diffusivity * sei.solvent_concentration / sei.lithium_per_formula
    widths = jnp.where(after > tiny, whole / jnp.where(after > tiny, after, 1.0), 0.0)
    grown = jnp.sqrt(widths**2 + 2 * rate * charge_per_volume(sei) ** 2 * dt)
    charge = jnp.where(after > tiny, after * jnp.maximum(grown, first), 0.0)
    wanted = jnp.maximum(charge - whole, 0.0)
    taken = jnp.clip(left, 0.0, wanted)
    return Film(
        charge=charge,
        due=(film.due - dt * reaction.film) * remaining + wanted - taken,
        left=left - taken,
        formed=film.formed + dt * jnp.sum(reaction.film, dtype=jnp.float64) * model.grid.spacing / model.grid.columns,
    )


def _neighbourhood(field):
    """Sum over each cell and its neighbours, corners included."""
    for axis, periodic in enumerate(operators.laterally_periodic(field.ndim)):
        field = field + sum(operators.shift(field, axis, offset, periodic) for offset in (-1, +1))
    return field


def _evened(area, charge, tiny):
    """The charge with its thickness evened out over neighbouring surface: none is lost, an even film stays as it is."""
    ndim, periodic = area.ndim, operators.laterally_periodic(area.ndim)
    has_area = area > tiny

    def sweep(_, charge):
        width = jnp.where(has_area, charge / jnp.where(has_area, area, 1.0), 0.0)
        for axis in range(ndim):
            shared = jnp.minimum(area, operators.shift(area, axis, +1, periodic[axis])) / (2 * ndim)
            flux = shared * (width - operators.shift(width, axis, +1, periodic[axis]))
            charge = charge - flux + operators.shift(flux, axis, -1, periodic[axis])
        return charge

    return lax.fori_loop(0, EVENINGS, sweep, charge)


def _carried(model, phase, charge, front_speed, dt):
    """The charge of the film after its front has moved, second order in the distance (Lax & Wendroff)."""
    h, periodic = model.grid.spacing, operators.laterally_periodic(phase.ndim)
    inwards = interface.normal(phase, model.pore_faces, h, model.interface_width, periodic)
    moved = jnp.clip(front_speed * dt / h, -FARTHEST, FARTHEST)
    change = 0.0
    for axis, face in enumerate(model.pore_faces):
        along = -inwards[axis] * moved
        courant = 0.5 * (along + operators.shift(along, axis, +1, periodic[axis])) * (face > 0)
        above = operators.shift(charge, axis, +1, periodic[axis])
        flux = courant * 0.5 * (charge + above) - 0.5 * courant**2 * (above - charge)
        change = change + flux - operators.shift(flux, axis, -1, periodic[axis])
    return charge - change
