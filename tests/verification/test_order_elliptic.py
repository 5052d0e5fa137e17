"""Section 6: order of the elliptic solve where the conductivity jumps, against layers in closed form and against the
square array of discs of Perrins et al. The operator, faces and conjugate gradients are those of the model; the
preconditioner is the diagonal, since it leaves no trace in the answer."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from orders import fitted_order, orders

from phasefield.solvers import conjugate_gradients
from phasefield.solvers.system import apply, assemble, inverse_block_diagonal

LAYER_CELLS = (32, 64, 128)
DISC_CELLS = (24, 48, 96, 192)
FRACTION = 0.3  # of the square cell, in the disc
RADIUS = np.sqrt(FRACTION / np.pi)


@partial(jax.jit, static_argnames="mean")
def conductance(field, mean):
    """(effective conductivity between plates on the two ends of axis 0, Convergence) of a field on unit cells."""
    n = field.shape[0]
    plates = jnp.zeros_like(field).at[0].add(2 * field[0]).at[-1].add(2 * field[-1])
    periodic = (False,) + (True,) * (field.ndim - 1)
    system = assemble(field[None], plates[None], None, jnp.ones(()), periodic, mean)
    inverse = inverse_block_diagonal(system)[0, 0]
    straight = ((jnp.arange(n) + 0.5) / n).reshape((-1,) + (1,) * (field.ndim - 1))
    potential, convergence = conjugate_gradients.solve(
        partial(apply, system),
        lambda r: inverse * r,
        jnp.zeros_like(field).at[-1].add(2 * field[-1])[None],
        1e-10,
        lambda r: jnp.max(jnp.abs(r[0] * inverse)),
        10000,
        jnp.broadcast_to(straight, field.shape)[None],
    )
    return 2 * jnp.sum(field[0] * potential[0, 0]) * n / (field.size // n), convergence


def effective(field, mean):
    value, convergence = conductance(jnp.array(field), mean)
    assert bool(convergence.converged)
    return float(value)


def layers(n, contrast, width):
    """A layer of another conductivity across the middle half, from 1 to `contrast` over `width` of the period."""
    z = (np.arange(n) + 0.5) / n
    depth = 0.25 - np.abs(z - 0.5)
    inside = (depth > 0).astype(float) if width == 0 else 0.5 * (1 + np.tanh(depth / width))
    return 1 + (contrast - 1) * inside


@pytest.mark.parametrize("contrast", [1e-4, 1e4])
def test_harmonic_faces_are_exact_for_layers_that_follow_the_grid(contrast):
    """Resistances in series: 2/(1 + 1/k). To the tolerance of the solve, however coarse the grid."""
    for n in LAYER_CELLS:
        field = np.repeat(layers(n, contrast, 0)[:, None], 2, axis=1)
        assert effective(field, "harmonic") == pytest.approx(2 / (1 + 1 / contrast), rel=1e-8)


@pytest.mark.parametrize("contrast", [1e-2, 1e2])
def test_arithmetic_faces_are_first_order_for_sharp_layers(contrast):
    """The face at a jump conducts the mean of both sides and hides half a cell of the worse one: why the model's hosts
    are diffuse. 0.05 of order is the next term of the series."""
    exact = 2 / (1 + 1 / contrast)
    errors = []
    for n in LAYER_CELLS:
        field = np.repeat(layers(n, contrast, 0)[:, None], 2, axis=1)
        errors.append(abs(effective(field, "arithmetic") / exact - 1))
    assert orders(errors) == pytest.approx([1, 1], abs=0.15)


@pytest.mark.parametrize("contrast", [1e-2, 1e2, 1e4])
def test_arithmetic_faces_are_second_order_for_diffuse_layers(contrast):
    """A width that stays while the cells shrink: the exact answer is one over the integral of 1/k, by quadrature on
    2^18 points."""
    width = 1 / 24
    exact = 1 / np.mean(1 / layers(2**18, contrast, width))
    errors = []
    for n in LAYER_CELLS:
        field = np.repeat(layers(n, contrast, width)[:, None], 2, axis=1)
        errors.append(abs(effective(field, "arithmetic") / exact - 1))
    assert orders(errors) == pytest.approx([2, 2], abs=0.1)


def perrins(fraction, contrast):
    """Conductivity of a square array of discs relative to that between them.

        1 - 2 f/(T + f - 0.305827 f^4 T/(T^2 - 1.402958 f^8) - 0.013362 f^8/T),   T = (1 + k)/(1 - k)

    Source: Perrins, McKenzie & McPhedran, Proc. R. Soc. Lond. A 369 (1979) 207; what it leaves out is of order f^12.
    """
    f, t = fraction, (1 + contrast) / (1 - contrast)
    return 1 - 2 * f / (t + f - 0.305827 * f**4 * t / (t**2 - 1.402958 * f**8) - 0.013362 * f**8 / t)


def disc(n, contrast, width):
    x = (np.indices((n, n)) + 0.5) / n - 0.5
    depth = RADIUS - np.sqrt((x**2).sum(axis=0))
    inside = (depth > 0).astype(float) if width == 0 else 0.5 * (1 + np.tanh(depth / width))
    return 1 + (contrast - 1) * inside


def test_the_formula_for_discs_obeys_keller():
    """k(c) k(1/c) = 1 for any array symmetric in both axes (Keller, J. Math. Phys. 5 (1964) 548): exact, so it tells
    what the truncated series is worth."""
    for contrast in (10.0, 1e4):
        assert perrins(FRACTION, contrast) * perrins(FRACTION, 1 / contrast) == pytest.approx(1, rel=1e-6)


SHARP = {  # the mean that counts a staircase wrong on its side, and that which hardly does
    1e-6: ("harmonic", "arithmetic"),
    10.0: ("arithmetic", "harmonic"),
    1e4: ("arithmetic", "harmonic"),
}


@pytest.mark.parametrize("contrast", SHARP)
def test_sharp_discs_are_first_order(contrast):
    """A staircase moves the surface by a share of a cell that scatters with the grid, so the order is a fit over four
    grids, 0.88 to 1.02. The other mean is within 0.4 % from 48 cells a period on, with errors of either sign that show
    no order; taken between the two, the answer is bracketed or missed by no more than that."""
    exact = perrins(FRACTION, contrast)
    first, other = SHARP[contrast]
    errors = [abs(effective(disc(n, contrast, 0), first) / exact - 1) for n in DISC_CELLS]
    assert fitted_order(DISC_CELLS, errors) == pytest.approx(1, abs=0.2)
    assert errors[-1] < 0.012
    for n in DISC_CELLS[1:]:
        assert effective(disc(n, contrast, 0), other) == pytest.approx(exact, rel=4e-3)


@pytest.mark.parametrize(("contrast", "off"), [(1e-6, 0.05), (10.0, 0.05), (1e4, 0.2)])
def test_diffuse_discs_are_second_order(contrast, off):
    """Arithmetic faces, a width of 1/16 that stays while the cells shrink: the way of the model, by Richardson. At a
    contrast of 1e4 the conductivity changes tenfold within a cell of the coarse grids: 1.79, then 1.86, on its way."""
    values = [effective(disc(n, contrast, 1 / 16), "arithmetic") for n in DISC_CELLS]
    found = orders(np.abs(np.diff(values)))
    assert found[-1] == pytest.approx(2, abs=off)
    assert found[-1] > found[0]  # towards it
