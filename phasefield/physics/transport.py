"""Salt in the electrolyte: diffusion, and what the reaction leaves behind."""

from dataclasses import replace

import jax.numpy as jnp

from phasefield import operators
from phasefield.physics import charge
from phasefield.solvers import conjugate_gradients, multigrid
from phasefield.solvers.system import System, apply, assemble
from phasefield.units import FARADAY

EMPTY = 1e-6  # electrolyte fraction that stands for none: gives cells without electrolyte a value, not a flow


def system(model, phase, dt) -> System:
    """(eps_l/dt - div D eps_l^b grad), implicit in time."""
    electrolyte = model.electrolyte
    fraction = charge.electrolyte_fraction(model, phase) + EMPTY
    return assemble(
        conductivities=electrolyte.diffusivity * fraction[None] ** electrolyte.bruggeman_exponent,
        diagonals=fraction[None] / dt,
        coupling=None,
        spacing=model.grid.spacing,
        periodic=operators.laterally_periodic(model.grid.ndim),
    )


def precondition(model, state, dt) -> multigrid.Hierarchy:
    """Coarse levels for the salt in this state; they serve the next steps too."""
    return multigrid.build(system(model, state.phase, dt), jnp.float32)


def advance(model, state, phase, ionic_potential, current_density, dt, hierarchy):
    """(concentration after dt [mol/m3], Convergence).

        eps_l dc/dt = div(D eps_l^b grad c) + (1 - t+)/F div i_e

    with i_e the current in the electrolyte, whose divergence is -s where nothing else conducts ions. No anion crosses
    the top: there the salt that diffuses in, (1 - t+) i_app/F, is what the current leaves behind, and both drop out.
    Backward Euler. The error is the salt misplaced anywhere over the salt that the applied current brings in.
    """
    share = (1 - model.electrolyte.transference_number) / FARADAY
    h = model.grid.spacing
    linear = system(model, phase, dt)
    source = charge.electrolyte_current_divergence(model, state, ionic_potential)
    diffusion = replace(linear, diagonals=jnp.zeros_like(linear.diagonals))
    residual = share * source - apply(diffusion, state.concentration[None])[0]
    scale = share * jnp.maximum(jnp.abs(current_density), charge.REST_CURRENT) * model.grid.columns / h
    change, convergence = conjugate_gradients.solve(
        lambda u: apply(linear, u),
        multigrid.preconditioner(linear, hierarchy),
        residual[None],
        model.salt_tolerance,
        lambda r: jnp.sum(jnp.abs(r)) / scale,
        model.linear_iterations,
    )
    return state.concentration + change[0], convergence
