"""Section 2: the linear two-potential electrode of Newman and Tobias, and the ledger of its currents."""

from dataclasses import replace
from functools import cache

import cases
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from orders import orders, rms

from phasefield import model as model_module
from phasefield.physics import charge
from phasefield.units import FARADAY, GAS_CONSTANT

LENGTH, AREA, KAPPA, T = 45e-6, 4.2e5, 0.0624, 300.15
ROWS = {  # (i0 [A/m2], sigma [S/m]): (nu, j/j_avg at collector, middle, separator)
    "top": (10.0, 1e4, 2.296, (0.467, 0.810, 2.343)),
    "bottom": (10.0, 1e-4, 57.39, (57.30, 0.000, 0.092)),
    "uniform": (1.0, 1e4, 0.726, (0.917, 0.978, 1.170)),
}
CURRENT = 0.01  # A/m2: eta stays below 1 % of RT/F, where Butler-Volmer is straight to 1e-5
CELLS = (64, 128, 256)  # in one column: nothing varies sideways


def newman_tobias(y, i0, sigma):
    """(nu, j/j_avg) at y = x/L; x = 0 is the collector.

        nu^2 = a i0 (F/RT) L^2 (1/kappa + 1/sigma)
        j/j_avg = nu/sinh(nu) [cosh(nu y)/kappa + cosh(nu (1 - y))/sigma]/(1/kappa + 1/sigma)

    Source: Newman & Tobias, J. Electrochem. Soc. 109 (1962) 1183.
    """
    total = 1 / KAPPA + 1 / sigma
    nu = np.sqrt(AREA * i0 * FARADAY / (GAS_CONSTANT * T) * LENGTH**2 * total)
    return nu, nu / np.sinh(nu) * (np.cosh(nu * y) / KAPPA + np.cosh(nu * (1 - y)) / sigma) / total


@cache
def electrode(cells, row):
    """(Reaction, Convergence, Model) of a uniform electrode: pore half full of lithium everywhere, so that
    xi (1 - xi)/delta is the area, sigma_Li/16 the electronic and kappa_e/2^1.5 the ionic conductivity."""
    i0, sigma, *_ = ROWS[row]
    lithium = replace(cases.LITHIUM, exchange_current_density=i0, conductivity=16 * sigma, double_layer_capacitance=0.0)
    model = cases.model(
        (cells, 1),
        fractions=np.zeros((2, cells, 1)),
        spacing=LENGTH / cells,
        interface_width=0.25 / AREA,
        lithium=lithium,
        electrolyte=replace(cases.ELECTROLYTE, conductivity=KAPPA * 2**1.5),
        temperature=T,
        charge_tolerance=1e-10,
    )
    state = replace(model_module.initial_state(model, 0), phase=jnp.full((cells, 1), 0.5))
    _, reaction, convergence, _ = solve(model, state, CURRENT)
    return reaction, convergence, model


@jax.jit
def solve(model, state, current_density):
    dt = 1e-3  # s, in which the area stays as it is
    levels, fixed = model_module.precondition(model, state, dt), charge.conductors(model, state)
    return charge.solve(model, state, fixed, current_density, dt, levels.charge)


def distribution(cells, row):
    reaction, convergence, _ = electrode(cells, row)
    assert bool(convergence.converged)
    return np.asarray(reaction.plating)[:, 0] * LENGTH / CURRENT


def exact(cells, row):
    """The mean of j/j_avg over each cell: what a finite volume stands for; by Simpson's rule."""
    i0, sigma, *_ = ROWS[row]
    edges = np.arange(cells) / cells
    left, middle, right = (newman_tobias(edges + part / cells, i0, sigma)[1] for part in (0, 0.5, 1))
    return (left + 4 * middle + right) / 6


@pytest.mark.parametrize("row", ROWS)
def test_the_table_of_the_verification_is_the_formula(row):
    i0, sigma, nu, ends = ROWS[row]
    found_nu, found = newman_tobias(np.array([0, 0.5, 1]), i0, sigma)
    assert found_nu == pytest.approx(nu, rel=5e-4)
    assert found == pytest.approx(ends, rel=1e-3, abs=5e-4)  # printed to three decimals


@pytest.mark.parametrize("row", ROWS)
def test_linear_electrode(row):
    """At 256 cells, against the formula's mean over each cell: within 0.3 % of the largest value everywhere for the
    hardest row, which falls off over 4.5 cells ((nu h/L)^2/12 = 0.4 % there), and 1e-5 for the others."""
    off = 3e-3 if row == "bottom" else 1e-5
    found, expected = distribution(256, row), exact(256, row)
    assert np.abs(found - expected).max() < off * expected.max()


@pytest.mark.parametrize("row", ROWS)
def test_the_printed_values_at_both_ends_and_in_the_middle(row):
    """Cells lie half a cell inside: carried to the ends by the logarithm of the two nearest, 1 % (bottom: 2 %, its
    first cell falls by a fifth)."""
    *_, ends = ROWS[row]
    found = distribution(256, row)
    low, high = (a * np.sqrt(a / b) for a, b in ((found[0], found[1]), (found[-1], found[-2])))
    middle = 0.5 * (found[127] + found[128])
    off = 0.02 if row == "bottom" else 0.01
    assert (low, middle, high) == pytest.approx(ends, rel=off, abs=1e-3)


@pytest.mark.parametrize("row", ROWS)
def test_linear_electrode_converges_at_second_order(row):
    """In the mean, over three grids; the hardest row has nu h/L = 0.9 on the coarsest and is short of it there."""
    found = orders([rms(distribution(cells, row) - exact(cells, row)) for cells in CELLS])
    assert found[-1] == pytest.approx(2, abs=0.15)
    assert found[0] == pytest.approx(2, abs=0.4 if row == "bottom" else 0.15)


@pytest.mark.parametrize("row", ROWS)
def test_currents_through_collector_separator_and_reaction_agree(row):
    """The shift that closes the balance makes the sum of the reactions exact, the collector right to the tolerance."""
    reaction, convergence, model = electrode(256, row)
    passed = float(jnp.sum(reaction.plating + reaction.double_layer)) * float(model.grid.cell_volume / model.grid.area)
    assert passed == pytest.approx(CURRENT, rel=1e-11)
    assert float(reaction.collector_current) == pytest.approx(CURRENT, rel=1e-8)
    assert float(convergence.error) <= 1e-10
