"""Salt in the electrolyte: diffusion, and what the reaction leaves behind."""

import jax.numpy as jnp

from phasefield import operators
from phasefield.physics import charge, conductivities
from phasefield.solvers import conjugate_gradients, multigrid
from phasefield.solvers.system import System, apply, to_neighbours
from phasefield.units import FARADAY

EMPTY = 1e-6  # electrolyte fraction that stands for none: gives cells without electrolyte a value, not a flow


def fraction(model, phase):
    """eps_l [-], a trace of it where there is none."""
    return conductivities.electrolyte_fraction(model, phase) + EMPTY


def diffusivity(model, phase):
    """D eps_l^b between neighbours [m2/s], on upper faces, one array an axis."""
    b = model.electrolyte.bruggeman_exponent
    trace = 2 * EMPTY**b  # harmonic mean of a pore and of a cell that holds none
    passages = [model.electrolyte.diffusivity * (passage + trace) for passage in model.passages]
    return conductivities.through_pores(passages, (jnp.maximum(1 - phase, 0.0) + EMPTY) ** b)


def left_behind(model):
    """(1 - t+)/F: salt that a current in the electrolyte leaves where it ends [mol/C]."""
    return (1 - model.electrolyte.transference_number) / FARADAY


def system(model, state, host, phase, ionic_potential, dt) -> System:
    """What a change of c within the step from `state` to `phase` meets, eps_l/dt - div (D eps_l^b + D') grad.

    D' is there where the current in the electrolyte answers c: see `conductivities.response_to_salt`, for host too.
    """
    h, periodic = model.grid.spacing, operators.laterally_periodic(model.grid.ndim)
    past = conductivities.response_to_salt(model, state, host, ionic_potential)
    spread = [own + left_behind(model) * more for own, more in zip(diffusivity(model, phase), past, strict=True)]
    faces = to_neighbours(spread, h, periodic)
    return System(faces[None], fraction(model, phase)[None] / dt, None, h, periodic)


def advance(model, state, host, phase, ionic_potential, current_density, dt, hierarchy):
    """(concentration after dt [mol/m3], Convergence).

        eps_l dc/dt = div(D eps_l^b grad c) + (1 - t+)/F div i_e

    with i_e the current in the electrolyte, whose divergence is -s where nothing else conducts ions. No anion crosses
    the top: there the salt that diffuses in, (1 - t+) i_app/F, is what the current leaves behind, and both drop out.

    Backward Euler, and i_e linearised in the change of c. The error is the salt misplaced anywhere over the salt that
    the applied current brings in.
    """
    h = model.grid.spacing
    linear = system(model, state, host, phase, ionic_potential, dt)
    source = left_behind(model) * conductivities.electrolyte_current_divergence(model, state, ionic_potential)
    residual = source + operators.flow(diffusivity(model, phase), state.concentration, h)
    scale = left_behind(model) * jnp.maximum(jnp.abs(current_density), charge.REST_CURRENT) * model.grid.columns / h
    change, convergence = conjugate_gradients.solve(
        lambda u: apply(linear, u),
        multigrid.preconditioner(linear, hierarchy),
        residual[None],
        model.salt_tolerance,
        lambda r: jnp.sum(jnp.abs(r)) / scale,
        model.linear_iterations,
        positive=model.grid.spacing,
    )
    return state.concentration + change[0], convergence
