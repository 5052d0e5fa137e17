"""Motion of the lithium front: conservative, and without motion by curvature."""

import jax.numpy as jnp
from jax import lax

from phasefield import operators
from phasefield.units import FARADAY

PHASE_BOUNDS = (-0.01, 1.01)  # beyond them xi is no phase but an instability
TRACE = 1e-4  # of lithium, or of pore: less is no front, and nothing reacts
COVERED = 1e-3  # xi at which half of a nucleated wall counts as lithium: a film of some nanometres
TAIL = 1e-6  # below this distance of xi from 0 and 1 the profile has no direction
NEARLY_SHUT = 0.02  # of electrolyte left in a gap: half of its area is gone
SLIGHT = 0.05  # less than this between walls is no gap: smooth fields have none on fine cells
STABLE = 0.4  # of the explicit limit h2/(2 ndim Gamma delta)


def pore_faces(pore, reactive_pore, periodic):
    """Pore fraction open to lithium between neighbours, one array an axis, on upper faces [-].

    The smaller of the two cells' fractions, so that a cell with little pore is not flooded through its faces; zero
    where either is too small to react.
    """
    faces = []
    for a in range(pore.ndim):
        exists = operators.upper_faces(pore.shape, a, periodic[a], pore.dtype)
        both = (reactive_pore > 0) & (operators.shift(reactive_pore, a, +1, periodic[a]) > 0)
        faces.append(jnp.where(both, jnp.minimum(pore, operators.shift(pore, a, +1, periodic[a])), 0.0) * exists)
    return tuple(faces)


def open_gradient(field, faces, spacing, periodic):
    """Gradient at cell centres [unit of the field/m], one array an axis, over the faces that are open to lithium."""
    parts = []
    for a, face in enumerate(faces):
        is_open = (face > 0).astype(field.dtype)
        slope = is_open * operators.difference(field, a, periodic[a]) / spacing
        count = is_open + operators.shift(is_open, a, -1, periodic[a])
        parts.append((slope + operators.shift(slope, a, -1, periodic[a])) / jnp.maximum(count, 1.0))
    return parts


def normal(phase, faces, spacing, interface_width, periodic):
    """Unit vector along grad xi at cell centres, one array an axis; shorter where there is no front.

    Taken from psi = delta ln(xi/(1 - xi)), which is a distance across a tanh profile and so has a clean gradient where
    xi itself is flat. Faces without pore do not count: a front meets the host at a right angle.

    Source: Jain, J. Comput. Phys. 469 (2022) 111529.
    """
    inside = jnp.clip(phase, 0, 1)  # in the logarithm only; phase itself is never clipped
    psi = interface_width * (jnp.log(inside + TAIL) - jnp.log(1 - inside + TAIL))
    parts = open_gradient(psi, faces, spacing, periodic)
    length = operators.norm(parts)
    return [p / jnp.maximum(length, 1e-3) for p in parts]  # |grad psi| is 1 in a front, 0 far from it


def regularisation(phase, faces, spacing, interface_width, mobility, periodic):
    """Rate of change of pore * xi [1/s] that keeps fronts tanh-shaped; a divergence: it adds no lithium.

        div{ eps_face Gamma [ delta grad xi - xi (1 - xi) nhat ] }

    On a face between xi_1 and xi_2, h apart, nhat its component n along the axis, the flux is

        eps_face Gamma delta/h [ xi_2 - xi_1 - tanh(h n/(2 delta)) (xi_1 + xi_2 - 2 xi_1 xi_2) ],

    which is zero on the samples of a tanh profile, whatever delta is in cells and the angle to the grid: differences
    of a mean of xi (1 - xi) would settle on a profile of their own. Where xi is 0 or 1 it cannot lead beyond, since
    the tanh is less than one; so fronts may be as thin as half a cell.

    Args:
        phase: xi. faces: pore fraction on upper faces. mobility: Gamma [m/s]. interface_width: delta [m].

    Source: Chiu & Lin, J. Comput. Phys. 230 (2011) 185; the face's flux by the fitting of Scharfetter & Gummel, IEEE
    Trans. Electron Devices 16 (1969) 64, to the equilibrium profile.
    """
    directions = normal(phase, faces, spacing, interface_width, periodic)
    fluxes = []
    for a, direction in enumerate(directions):
        beyond = operators.shift(phase, a, +1, periodic[a])
        along = 0.5 * (direction + operators.shift(direction, a, +1, periodic[a]))
        sharpening = jnp.tanh(0.5 * spacing / interface_width * along) * (phase + beyond - 2 * phase * beyond)
        spreading = operators.difference(phase, a, periodic[a])
        fluxes.append(faces[a] * mobility * interface_width / spacing * (spreading - sharpening))
    return operators.divergence(fluxes, spacing, periodic)


def relax(phase, pore, faces, spacing, interface_width, mobility, time, periodic):
    """Phase after `time` of the regularisation alone, in as many explicit sub-steps as stability asks for."""
    ndim = phase.ndim
    limit = STABLE * spacing**2 / (2 * ndim * interface_width * jnp.maximum(mobility, 1e-30))
    substeps = jnp.maximum(jnp.ceil(time / limit), 1).astype(jnp.int32)
    dt = (time / substeps).astype(phase.dtype)
    safe_pore = jnp.where(pore > 0, pore, 1.0)

    def substep(_, xi):
        return xi + dt * regularisation(xi, faces, spacing, interface_width, mobility, periodic) / safe_pore

    return lax.fori_loop(0, substeps, substep, phase)


def mean_decay(x):
    """Mean of exp(-x t) over t from 0 to 1, (1 - exp(-x))/x [-]; x is zero or positive."""
    return jnp.where(x > 0, -jnp.expm1(-x) / jnp.where(x > 0, x, 1.0), 1.0)


def area_on_the_way(phase, way):
    """Area of a front over that at the start of a step [-]: (mean over the step, at its end).

    dxi/dt = v xi (1 - xi)/delta has the solution xi' = xi e^s/(1 - xi + xi e^s), which moves a tanh profile as a whole
    by s delta and never leaves 0..1. Its mean area is (xi' - xi)/(s delta), its last one xi' (1 - xi')/delta. With the
    area at the start in their place a profile is steepened, and moves too slowly at a given speed: by 5 % at s = 0.4.

    Args:
        phase: xi, above 0 and below 1. way: s = v dt/delta, negative where lithium is stripped [-].
    """
    size = jnp.abs(way)
    filled = jnp.where(way > 0, phase, 1 - phase)
    end = jnp.exp(-size)
    over = end + filled * (1 - end)
    return mean_decay(size) / over, end / over**2


def moved(phase, way):
    """Phase [-] after its front alone has gone `way`, as in `area_on_the_way`."""
    mean, _ = area_on_the_way(phase, way)
    return phase + way * phase * (1 - phase) * mean


def advance(model, state, reaction, dt):
    """Phase after dt: eps_p dxi/dt = (Vm/F) s + regularisation, Gamma in proportion to the fastest front's speed."""
    open_pore = model.reactive_pore
    growth = jnp.where(open_pore > 0, reaction.plating / jnp.where(open_pore > 0, open_pore, 1.0), 0.0)
    phase = state.phase + dt * model.lithium.molar_volume / FARADAY * growth
    periodic = operators.laterally_periodic(model.grid.ndim)
    mobility = model.front_mobility * reaction.fastest_front
    return relax(
        phase, open_pore, model.pore_faces, model.grid.spacing, model.interface_width, mobility, dt, periodic
    )  # fmt: skip


def front_area(model, phase):
    """Area of fronts per volume [1/m], eps_p xi (1 - xi)/delta."""
    # a profile that overshoots 0 or 1 by rounding has no area there
    return model.reactive_pore * jnp.maximum(phase * (1 - phase), 0.0) / model.interface_width


def gap_area(model, phase):
    """Area per volume [1/m] that xi (1 - xi)/delta misses where films on two sides of a gap meet.

    Two fronts that are closer than their width share one profile: its area dies out with the electrolyte between them,
    (1 - xi), and they never meet. Those of lithium keep theirs until they do. The area put back is

        a = m |n| xi^2 (1 - xi)/(1 - xi + 0.02)/delta,

    two surfaces in a cell, which is two delta wide. n counts, an axis a component, what lies on both sides of the cell:
    1 between two walls or two fronts, 0 between lithium and electrolyte. m is 1 - |slope| down to the electrolyte of
    psi, which is 1 in a front, however curved: only the middle of a gap, from which xi does not fall to any side, gets
    area. Slits of 1.6 to 4 cells are so 95 % full after 1.0 to 1.13 times the way that takes, and after 1.35 to 1.8
    times without it.
    """
    periodic, h, pore = operators.laterally_periodic(model.grid.ndim), model.grid.spacing, model.pore
    inside = jnp.clip(phase, 0, 1)  # in the logarithm only
    psi = model.interface_width / h * (jnp.log(inside + TAIL) - jnp.log(1 - inside + TAIL))
    between, downhill = [], []
    for axis, wraps in enumerate(periodic):
        total, steepest = -1.0, 0.0
        for side, faces in ((-1, operators.lower_faces), (+1, operators.upper_faces)):
            there = operators.shift(pore, axis, side, wraps)
            is_open = operators.shift(model.reactive_pore, axis, side, wraps) > 0
            rise = jnp.where(is_open, operators.shift(psi, axis, side, wraps) - psi, 0.0)
            wall = (pore - there) / jnp.where(pore > 0, jnp.maximum(pore, there), 1.0)
            wall = wall * faces(pore.shape, axis, wraps, pore.dtype)  # the ends of the box are no walls
            total = total + 0.5 + 0.5 * jnp.clip(rise + wall, -1.0, 1.0)
            steepest = jnp.maximum(steepest, -rise)
        between.append(jnp.maximum(total - SLIGHT, 0.0) / (1 - SLIGHT))
        downhill.append(steepest)
    middle = jnp.maximum(1 - operators.norm(downhill), 0.0)
    left = 1 - inside
    area = middle * operators.norm(between) * inside**2 * left / (left + NEARLY_SHUT) / model.interface_width
    return jnp.where(model.reactive_pore > 0, area, 0.0)


def covered(phase, half=COVERED):
    """Share of a nucleated wall that a film of lithium covers [-], xi/(xi + half): all but for the last traces."""
    inside = jnp.maximum(phase, 0.0)
    return inside / (inside + half)


def gibbs_thomson(model, phase):
    """Equilibrium potential of curved lithium [V]: U = -gamma Vm curvature/F, curvature 2/R for a sphere of lithium."""
    periodic = operators.laterally_periodic(model.grid.ndim)
    h = model.grid.spacing
    directions = normal(phase, model.pore_faces, h, model.interface_width, periodic)
    curvature = 0.0
    for a, direction in enumerate(directions):
        is_open = model.pore_faces[a] > 0
        face = jnp.where(is_open, 0.5 * (direction + operators.shift(direction, a, +1, periodic[a])), 0.0)
        curvature = curvature - (face - operators.shift(face, a, -1, periodic[a])) / h
    lithium = model.lithium
    return -lithium.surface_energy * lithium.molar_volume * curvature / FARADAY
