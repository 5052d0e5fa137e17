"""Labels of pieces against scipy's; their correction against a dense projection; thin pieces that stop multigrid."""

from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from phasefield.conduction import conduct
from phasefield.operators import laterally_periodic
from phasefield.solvers import conjugate_gradients, multigrid, pieces
from phasefield.solvers.system import apply, assemble, conductances

SPACING = 5e-7  # m
INSULATOR, WALL_GAIN, BARE_GAIN = 1e-6, 3e7, 1e5  # S/m, S/m3, S/m3: LLTO, its walls under lithium and without


def staircases(shape, count, length, seed=0):
    """Conductivity [S/m] of films one cell thin that walk sideways and up at random, each of its own conductivity."""
    rng = np.random.default_rng(seed)
    film = np.zeros(shape)
    for _ in range(count):
        place, steps = rng.integers(0, shape), rng.choice([-1, 1], len(shape))
        conductivity = 10 ** rng.uniform(-1, 2)
        for _ in range(length):
            film[tuple(place % shape)] = conductivity
            axis = rng.integers(len(shape))
            place[axis] += steps[axis]
    return film


def charge_balance(film):
    """Of a film in an insulator over a collector, as the model puts it together."""
    shape, periodic = film.shape, laterally_periodic(film.ndim)
    kappa, sigma = np.full(shape, 0.05), np.full(shape, INSULATOR)
    sigma[0] = 1e3
    grounded = np.zeros(shape)
    grounded[0] = 2 * sigma[0] / SPACING**2
    charges = assemble(
        jnp.asarray(np.stack([kappa, sigma])),
        jnp.asarray(np.stack([np.zeros(shape), grounded])),
        jnp.asarray(np.where(film > 0, WALL_GAIN, BARE_GAIN)),
        jnp.asarray(SPACING),
        periodic,
    )
    along = conductances(jnp.asarray(film), charges.spacing, periodic, mean="harmonic")
    return replace(charges, faces=charges.faces.at[1].add(along))


def joined_components(faces, periodic, joined):
    """Number of the piece of each cell by scipy, 0 for cells that are joined to none."""
    shape = faces.shape[1:]
    index = np.arange(np.prod(shape)).reshape(shape)
    here, there = [], []
    for axis in range(len(periodic)):
        above = np.asarray(faces[2 * axis + 1] > joined * faces.max())
        here.append(index[above])
        there.append(np.roll(index, -1, axis)[above])
    pairs = np.concatenate(here), np.concatenate(there)
    graph = coo_array((np.ones(len(pairs[0])), pairs), shape=(index.size, index.size))
    number = connected_components(graph, directed=False)[1].reshape(shape)
    return np.where(np.bincount(number.ravel())[number] > 1, number + 1, 0)


@pytest.mark.parametrize("shape", [(24, 17), (10, 12, 9)])
def test_labels_are_the_connected_components(shape):
    system = charge_balance(staircases(shape, 12, 9))
    mine = np.asarray(pieces.labels(system.faces[1], system.periodic))
    theirs = joined_components(np.asarray(system.faces[1]), system.periodic, pieces.JOINED)
    pairs = set(zip(mine.ravel().tolist(), theirs.ravel().tolist(), strict=True))
    assert len(pairs) == len(set(mine.ravel())) == len(set(theirs.ravel())) > 3  # one to one
    assert (0, 0) in pairs


def test_uniform_conductors_are_one_piece():
    label = pieces.labels(conductances(jnp.ones((8, 9)), 1.0, (False, True)), (False, True))
    assert len(np.unique(label)) == 1 and label[0, 0] > 0


@pytest.mark.parametrize("shape", [(12, 10), (6, 7, 5)])
def test_correction_is_what_each_piece_needs_on_its_own(shape):
    """sum_k 1_k (1_k' r)/(1_k' A 1_k): by the operator itself, piece by piece."""
    system = charge_balance(staircases(shape, 4, 6, seed=1))
    label = np.asarray(pieces.labels(system.faces[1], system.periodic))
    r = jnp.asarray(np.random.default_rng(0).standard_normal((2, *shape)))
    expected = np.zeros((2, *shape))
    for number in set(label.ravel()) - {0}:
        one = np.stack([np.zeros(shape), label == number])
        expected += one * float(jnp.vdot(one, r) / jnp.vdot(one, apply(system, jnp.asarray(one))))
    np.testing.assert_allclose(pieces.correction(system, label)(r), expected, rtol=1e-9)


@partial(jax.jit, static_argnames="corrected")
def iterations(system, b, corrected):
    hierarchy = multigrid.build(system, jnp.float32)
    _, convergence = conjugate_gradients.solve(
        partial(apply, system),
        multigrid.preconditioner(system, hierarchy),
        b,
        1e-6 * jnp.sum(jnp.abs(b)),
        lambda r: jnp.sum(jnp.abs(r)),
        100,
        correction=pieces.correction(system, hierarchy.pieces) if corrected else None,
    )
    return convergence.iterations


@pytest.mark.parametrize(("shape", "count", "most"), [((48, 48), 60, 25), ((20, 20, 20), 120, 40)])
def test_thin_pieces_no_longer_stop_the_solve(shape, count, most):
    """Without the correction neither ends within 100 iterations: multigrid cuts the staircases into parts."""
    system = charge_balance(staircases(shape, count, 12, seed=1 if len(shape) == 2 else 0))
    b = jnp.asarray(np.random.default_rng(1).standard_normal(system.diagonals.shape))
    assert iterations(system, b, corrected=True) <= most
    assert iterations(system, b, corrected=False) == 100


def test_conduction_through_a_random_mixture_ends():
    """400 iterations were not enough: islands of one to a few cells, contrast 1e6."""
    conductive = np.random.default_rng(0).random((24, 24, 24)) < 0.4
    result = conduct(np.where(conductive, 1.0, 1e-6))
    assert result.iterations <= 100
    assert result.error < 1e-6
