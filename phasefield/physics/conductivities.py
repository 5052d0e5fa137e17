"""What conducts: ions in the electrolyte and the host, electrons in lithium and the host."""

import jax.numpy as jnp

from phasefield import operators
from phasefield.host.passages import with_host
from phasefield.physics import lithiation
from phasefield.solvers.system import to_neighbours
from phasefield.units import FARADAY, GAS_CONSTANT

SETTLES = 0.9  # of a deviation of c may be left, with its sign changed, by a long step: less lags more elsewhere
CONDUCTIVITY_FLOOR = 1e-9  # S/m: gives voids and insulators a potential; leaks 1e-4 A/m2 across one um at 0.1 V


def electrolyte_conductivity(model, state):
    """kappa of the electrolyte alone [S/m], in what pore the lithium leaves."""
    electrolyte = model.electrolyte
    filled = electrolyte_fraction(model, state.phase) ** electrolyte.bruggeman_exponent
    return electrolyte.conductivity * (state.concentration / electrolyte.concentration) * filled


def ionic_conductivity(model, state, host):
    """kappa [S/m]: the electrolyte and, from `islands.ionic_conductivity`, the host."""
    return electrolyte_conductivity(model, state) + host + CONDUCTIVITY_FLOOR


def ionic_conductances(model, state, host):
    """Of the electrolyte and the host, as above, to each neighbour [S/m3], as `solvers.system.conductances`.

    Salt and lithium scale the electrolyte of both cells by what they leave of it between them.
    """
    pores, host = full_conductivity(model), host + CONDUCTIVITY_FLOOR
    periodic = operators.laterally_periodic(model.pore.ndim)
    faces = []
    for axis, (wraps, passage, between) in enumerate(
        zip(periodic, electrolyte_passages(model), left_open(model, state), strict=True)
    ):
        both_pores = pores, operators.shift(pores, axis, +1, wraps)
        both_hosts = host, operators.shift(host, axis, +1, wraps)
        exists = operators.upper_faces(model.pore.shape, axis, wraps, model.pore.dtype)
        faces.append(with_host(between * passage, both_pores, both_hosts) * exists)
    return to_neighbours(faces, model.grid.spacing, periodic)


def full_conductivity(model):
    """kappa of the empty pores at the initial concentration [S/m]."""
    electrolyte = model.electrolyte
    return electrolyte.conductivity * model.reactive_pore**electrolyte.bruggeman_exponent


def electrolyte_passages(model):
    """The same between neighbours [S/m], on upper faces, one array an axis."""
    return [model.electrolyte.conductivity * passage for passage in model.passages]


def left_open(model, state):
    """Conductivity over the `full_conductivity` [-] on upper faces: what lithium leaves of it, and the salt there.

    Arithmetic mean of the one, geometric of the other: c falls by factors where potentials differ by RT/F from cell to
    cell, and with the arithmetic mean a cell would have to pass on what its neighbour can carry, and run out.
    """
    salt = state.concentration / model.electrolyte.concentration
    return [
        operators.face_mean(without_lithium(model, state), axis, wraps)
        * jnp.sqrt(salt * operators.shift(salt, axis, +1, wraps))
        for axis, wraps in enumerate(operators.laterally_periodic(salt.ndim))
    ]


def without_lithium(model, state):
    """Share of the conductivity of a pore that its lithium leaves [-]."""
    return jnp.maximum(1 - state.phase, 0.0) ** model.electrolyte.bruggeman_exponent


def through_pores(passages, open_share):
    """Passages times what of either cell is left open, its arithmetic mean, on upper faces, one array an axis.

    Walls lie in series with the pores behind them. A front does not: ions react where they get to.
    """
    periodic = operators.laterally_periodic(open_share.ndim)
    return [
        passage * operators.face_mean(open_share, axis, wraps)
        for axis, (passage, wraps) in enumerate(zip(passages, periodic, strict=True))
    ]


def electrolyte_diffusion(model, state, field):
    """div(kappa grad u) of the electrolyte alone [A/m3]. Args: field: u [V]."""
    passages, between = electrolyte_passages(model), left_open(model, state)
    faces = [passage * share for passage, share in zip(passages, between, strict=True)]
    return operators.flow(faces, field, model.grid.spacing)


def diffusional_factor(model):
    """kappa_D/kappa = (2RT/F)(1 - t+)(1 + dlnf/dlnc) of the electrolyte alone [V]."""
    electrolyte = model.electrolyte
    factor = 2 * GAS_CONSTANT * model.temperature / FARADAY * electrolyte.thermodynamic_factor
    return factor * (1 - electrolyte.transference_number)


def diffusion_source(model, state):
    """div(kappa_D grad ln c) [A/m3]."""
    return diffusional_factor(model) * electrolyte_diffusion(model, state, jnp.log(state.concentration))


def response_to_salt(model, state, host, ionic_potential):
    """d i_e/d grad c [A m2/mol], on upper faces as above; host: its kappa, as in `ionic_conductivity`.

    Two terms, kappa_e/c times the sum of

    - kappa_D/kappa_e kappa_host/kappa: at a given current of ions, what the electrolyte passes on to the host. Its
      share is that of the cell or of the layer, whichever is larger, and at least half that of a neighbour: a
      pore has its host beside it. Where lithium leaves little room and reacts, it is more than the host's, up to
      all of it; so it is at least `enough`;
    - |delta phi_l| across the face: in a passage that closes, or a pore that is all but full, potentials are given and
      the current follows kappa_e, so c. It counts where they differ by RT/F from cell to cell, and nowhere else.

    Where this were less than half of what it is, salt would grow from step to step in steps far longer than h^2/D;
    where it is more, salt lags behind by a share of a step.
    """
    lateral = tuple(range(1, model.pore.ndim))
    total = ionic_conductivity(model, state, host)
    in_layer = jnp.mean(host, axis=lateral, keepdims=True) / jnp.mean(total, axis=lateral, keepdims=True)
    own = host / total
    share = jnp.maximum(jnp.maximum(own, in_layer), 0.5 * operators.largest_around(own))
    share = jnp.maximum(share, jnp.where(jnp.any(host > 0), enough(model), 0.0))
    per_salt = without_lithium(model, state) / model.electrolyte.concentration
    to_host = through_pores(electrolyte_passages(model), share * per_salt)
    along_field = through_pores(electrolyte_passages(model), per_salt)
    return [
        diffusional_factor(model) * host_face + face * jnp.abs(operators.difference(ionic_potential, axis, wraps))
        for axis, (host_face, face, wraps) in enumerate(
            zip(to_host, along_field, operators.laterally_periodic(model.pore.ndim), strict=True)
        )
    ]


def enough(model):
    """Share of the response with which salt settles from step to step even where the true one is all of it [-].

    With R = (1-t+) kappa_D / (F c D), a deviation of c is multiplied in a long step by (s - 1) R / (1 + s R) if s of
    the response is taken: by -SETTLES at s = (R - SETTLES) / (R + R SETTLES). Up to R = SETTLES none is needed.
    """
    electrolyte = model.electrolyte
    response = diffusional_factor(model) * electrolyte.conductivity / electrolyte.concentration
    ratio = response * (1 - electrolyte.transference_number) / FARADAY / electrolyte.diffusivity
    return jnp.maximum((1 - SETTLES / jnp.maximum(ratio, 1e-30)) / (1 + SETTLES), 0.0)


def electrolyte_current_divergence(model, state, ionic_potential):
    """div i_e [A/m3] of the current in the electrolyte alone, i_e = -kappa_e grad phi_l + kappa_D grad ln c.

    Without the current through the top of the box. Where phases of the host conduct ions too, this is what leaves the
    salt behind; in their absence it is minus the plating rate.
    """
    return diffusion_source(model, state) - electrolyte_diffusion(model, state, ionic_potential)


def electronic_conductivity(model, state):
    """sigma [S/m] of the host and of lithium in the pores, to which `wall_conductivity` comes.

    The fourth power keeps the dilute tail of a front from acting as a wire.
    """
    sigma = model.lithium.conductivity * (model.pore * state.phase) ** 4
    for phase, f, theta in zip(model.host.phases, model.host.fractions, state.lithiation, strict=True):
        sigma = sigma + f * lithiation.conductivity(phase.electronic_conductivity, theta)
    return sigma + CONDUCTIVITY_FLOOR


def wall_conductivity(model, state):
    """What lithium adds to sigma as a film along walls that have nucleated [S/m]; 0 without `model.film_thickness`.

    It conducts by its thickness, from that of a critical nucleus up, and hands electrons to the bare wall at its edge:
    the wall in the cells beside it counts as covered too. Between cells its harmonic mean belongs. With the
    arithmetic one all cells beside the film would hang on it, insulator too, which coarse levels cannot tell from what
    lies behind (400 iterations for 10).
    """
    filled = model.pore * state.phase
    own = jnp.where(model.surface > 0, state.nucleated, 0.0)
    reached = operators.largest_around(own)
    film = own * jnp.maximum(filled - filled**4, 0.0) + reached * model.surface * model.film_thickness
    return jnp.where(model.film_thickness > 0, model.lithium.conductivity * film, 0.0)


def electrolyte_fraction(model, phase):
    """eps_l = eps_p (1 - xi) [-]; rounding beyond xi = 1 counts as no electrolyte."""
    return jnp.maximum(model.reactive_pore * (1 - phase), 0.0)
