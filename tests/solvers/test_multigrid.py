"""Each part of the multigrid against dense matrices on tiny grids; the whole against direct solution and hard hosts."""

from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import linalg, ndimage

from phasefield.solvers import coarsening, conjugate_gradients, multigrid, stencils
from phasefield.solvers.system import apply, assemble, inverse_block_diagonal

# shape, and which axes are periodic: even and odd lengths along either kind
TINY = [
    ((7, 5), (False, True)),
    ((5, 6), (True, False)),
    ((6, 5), (False, False)),
    ((5, 4, 6), (False, True, True)),
    ((4, 5, 3), (False, True, True)),
    ((5, 4, 5), (True, False, False)),
]


def laterally_periodic(shape):
    return (False,) + (True,) * (len(shape) - 1)


def dense(function, shape):
    """Matrix of a linear function of an array, by unit vectors."""
    n = int(np.prod(shape))
    return np.asarray(jax.jit(jax.vmap(lambda e: function(e.reshape(shape)).reshape(-1)))(jnp.eye(n))).T


def one_field(shape, periodic=None, seed=0, contrast=2.0, dirichlet=True):
    rng = np.random.default_rng(seed)
    k = jnp.array(10.0 ** rng.uniform(-contrast, contrast, shape))
    d = jnp.zeros(shape).at[0].set(2 * k[0] / 0.25) if dirichlet else jnp.zeros(shape)
    return assemble(k[None], d[None], None, jnp.array(0.5), periodic or laterally_periodic(shape))


def two_fields(shape, seed=0, contrast=2.0):
    """The charge balance in miniature: random conductivities, phi_s grounded below, a reaction in half the cells."""
    rng = np.random.default_rng(seed)
    kappa, sigma = (jnp.array(10.0 ** rng.uniform(-contrast, contrast, shape)) for _ in range(2))
    grounded = jnp.zeros(shape).at[0].set(2 * sigma[0] / 0.25)
    g = jnp.array(np.where(rng.random(shape) < 0.5, 10.0 ** rng.uniform(-1, 1, shape), 0.0))
    fields, fixed = jnp.stack([kappa, sigma]), jnp.stack([jnp.zeros(shape), grounded])
    return assemble(fields, fixed, g, jnp.array(0.5), laterally_periodic(shape))


def finest_stencil(system):
    """Operator of a system of one field, with its diagonal in the centre."""
    return coarsening.finest_stencil(system.faces[0], system.diagonals[0] + system.faces[0].sum(0))


def matrix(operator, periodic):
    """Of an operator with its diagonal in the centre."""
    ndim = len(periodic)
    rows = operator.at[(1,) * ndim].set(operator.sum(tuple(range(ndim))))
    return dense(lambda u: stencils.apply_stencil(rows, u, periodic), operator.shape[ndim:])


@pytest.mark.parametrize(("shape", "periodic"), TINY)
def test_finest_stencil_is_the_operator(shape, periodic):
    system = one_field(shape, periodic)
    stencil = finest_stencil(system)
    expected = dense(lambda u: apply(system, u[None])[0], shape)
    found = matrix(stencil, system.periodic)
    assert np.allclose(found, expected, rtol=1e-13, atol=1e-13 * np.abs(expected).max())


@pytest.mark.parametrize(("shape", "periodic"), TINY)
def test_coarse_operators_are_galerkin_products(shape, periodic):
    """P' A P with dense matrices, axis after axis, so that the later products start from full 3^d stencils."""
    system = one_field(shape, periodic)
    stencil = finest_stencil(system)
    coarsen = jax.jit(coarsening.galerkin, static_argnums=(2, 3))
    for axis in multigrid.axes_to_coarsen(shape):
        fine = stencil.shape[len(shape) :]
        weight = jax.jit(coarsening.interpolation_weight, static_argnums=(1, 2))(stencil, axis, system.periodic[axis])
        coarse = weight.shape
        assert coarse[axis] == (fine[axis] + 1) // 2
        P = dense(
            partial(coarsening.prolong_axis, weight=weight, axis=axis, length=fine[axis], periodic=periodic[axis]),
            coarse,
        )
        R = dense(partial(coarsening.restrict_axis, weight=weight, axis=axis, periodic=periodic[axis]), fine)
        assert np.array_equal(R, P.T)
        A = matrix(stencil, periodic)
        stencil = coarsen(stencil, weight, axis, periodic)
        found = matrix(stencil, periodic)
        expected = P.T @ A @ P
        assert np.allclose(found, expected, rtol=1e-12, atol=1e-13 * np.abs(expected).max())
        assert np.allclose(found, found.T, rtol=1e-12, atol=1e-13 * np.abs(expected).max())


@pytest.mark.parametrize(("shape", "periodic"), TINY)
def test_finest_operator_is_coarsened_from_its_faces(shape, periodic):
    """Along any axis, as its stencil would be, bit by bit but for the order of sums."""
    system = one_field(shape, periodic)
    faces, diagonal = system.faces[0], system.diagonals[0] + system.faces[0].sum(0)
    for axis in multigrid.axes_to_coarsen(shape):
        expected = coarsening.interpolation_weight(finest_stencil(system), axis, periodic[axis])
        weight = coarsening.finest_weight(faces, axis, periodic[axis])
        assert np.array_equal(weight, expected)
        found = coarsening.finest_galerkin(faces, diagonal, weight, axis, periodic)
        assert np.allclose(found, coarsening.galerkin(finest_stencil(system), weight, axis, periodic), rtol=1e-14)


def test_points_across_an_odd_seam_stay_neighbours():
    """Of a ring of five, 0, 2 and 4 are kept: 4 and 0 keep their own bond, the others get two bonds in series."""
    ones = jnp.ones((1, 2, 5))

    @jax.jit
    def coarse(stencil):
        return coarsening.galerkin(stencil, coarsening.interpolation_weight(stencil, 1, True), 1, (False, True))

    stencil = finest_stencil(assemble(ones, 0 * ones, None, jnp.array(1.0), (False, True)))
    ring = coarse(stencil).sum((0, 2)) / 2  # the mean over axis 0, of all its couplings
    assert np.allclose(ring[2], [-0.5, -0.5, -1]) and np.allclose(ring[0], [-1, -0.5, -0.5])


@pytest.mark.parametrize(("shape", "periodic"), TINY)
def test_prolongation_reproduces_constants(shape, periodic):
    system = one_field(shape, periodic, dirichlet=False)
    stencil = finest_stencil(system)
    for axis in multigrid.axes_to_coarsen(shape):
        weight = jax.jit(coarsening.interpolation_weight, static_argnums=(1, 2))(stencil, axis, system.periodic[axis])
        prolong = jax.jit(
            partial(coarsening.prolong_axis, axis=axis, length=shape[axis], periodic=system.periodic[axis])
        )
        fine = prolong(jnp.ones(weight.shape), weight)
        if shape[axis] % 2 == 0 and not system.periodic[axis]:
            # the last point of an even closed axis has no neighbour above: its weight is all on the one below
            assert np.allclose(jnp.take(weight, -1, axis), 1)
        assert np.allclose(fine, 1, rtol=1e-14)


def test_prolongation_follows_the_conductor():
    """A skipped point tied 99 times more strongly to one side takes 99 % of its value from there."""
    k = jnp.array([1.0, 1.0, 197.0, 1.0])[:, None] * jnp.ones((4, 4))  # faces below and above cell 1: 1 and 99
    system = assemble(k[None], jnp.zeros((1, 4, 4)), None, jnp.array(1.0), (False, True))
    weight = coarsening.interpolation_weight(finest_stencil(system), 0, False)
    assert np.allclose(weight[0], 0.01)


def flat_collector(shape, conducting, spacing=1e-6):
    """A flat collector under electrolyte that meet in one row, where lithium's double layer is charged in 0.1 ms."""
    z = np.broadcast_to(np.arange(shape[0])[:, None], shape)
    kappa = np.where(z >= conducting, 0.2, 1e-9)
    sigma = np.where(z <= conducting, 1000.0, 1e-9)
    gain = np.where(z == conducting, 0.2 / 1e-4 / spacing, 0.0)
    grounded = np.where(z == 0, 2 * sigma / spacing**2, 0.0)
    fields, fixed = jnp.array([kappa, sigma]), jnp.array([np.zeros(shape), grounded])
    return assemble(fields, fixed, jnp.array(gain), jnp.array(spacing), laterally_periodic(shape))


def hierarchy_of(system, coarsest, monkeypatch):
    monkeypatch.setattr(multigrid, "COARSEST", coarsest)
    return jax.jit(lambda system: multigrid.build(system))(system)  # not jit(build): its cache forgets COARSEST


@pytest.mark.parametrize("shape", [(9, 8), (8, 7), (8, 4, 4)])
def test_v_cycle_is_symmetric_positive_definite_and_near_the_inverse(shape, monkeypatch):
    system = two_fields(shape, contrast=1.0)
    hierarchy = hierarchy_of(system, 8, monkeypatch)
    assert len(hierarchy.levels) >= 2  # else this would test the direct solve of the coarsest level
    inverse = inverse_block_diagonal(system)
    whole = system.diagonals.shape
    M = dense(lambda r: multigrid.v_cycle(system, hierarchy, r, inverse, (1,)), whole)
    assert np.allclose(M, M.T, atol=1e-12 * np.abs(M).max(), rtol=0)
    assert np.linalg.eigvalsh(M)[0] > 0
    A = dense(partial(apply, system), whole)
    eigenvalues = np.linalg.eigvals(M @ A).real
    # a V(2,2) of a good multigrid is a contraction: 1 - 1/rho within (0, 1]; 0.3 leaves random jumps their room
    assert eigenvalues.min() > 0.3 and eigenvalues.max() < 1.3


def test_v_cycle_stays_definite_where_conductors_meet_between_coarse_points(monkeypatch):
    """Electrons reach the reacting row from the coarse point below, ions from the one above: see `parted_coupling`."""
    system = flat_collector((16, 8), 4)
    hierarchy = hierarchy_of(system, 4, monkeypatch)
    assert len(hierarchy.levels) == 3  # the last of every eighth row
    inverse = inverse_block_diagonal(system)
    M = dense(lambda r: multigrid.v_cycle(system, hierarchy, r, inverse, (1,)), (2, 16, 8))
    assert np.diag(M).min() > 0
    scale = 1 / np.sqrt(np.diag(M))
    assert linalg.eigvalsh(scale[:, None] * M * scale)[0] > 0
    A = dense(partial(apply, system), (2, 16, 8))
    eigenvalues = np.linalg.eigvals(M @ A).real
    assert eigenvalues.min() > 0.3 and eigenvalues.max() < 1.5  # as coarse operators are at least 2/3 of Galerkin's


def test_coarse_operators_are_no_softer_than_galerkin_products(monkeypatch):
    """By 3/2 at most: a softer one overshoots."""
    monkeypatch.setattr(multigrid, "COARSEST", 16)
    shape = (16, 9)

    @jax.jit
    def matrices(system):
        """Of each level: the Galerkin product of the one above, and what stands for it."""
        found, operator = [], partial(apply, system)
        for level in multigrid.build(system).levels:

            def product(u, level=level, finer=operator):
                return multigrid.restrict(level, finer(multigrid.prolong(level, u, system.periodic)), system.periodic)

            operator = partial(multigrid._apply_stencils, level.stencils, level.coupling, periodic=system.periodic)
            coarse = (2, *level.stencils.shape[3:])
            units = jnp.eye(int(np.prod(coarse))).reshape(-1, *coarse)
            found.append([jax.vmap(f)(units).reshape(len(units), -1) for f in (product, operator)])
        return found

    for system in (flat_collector(shape, 2), *(two_fields(shape, seed, contrast=4.0) for seed in range(3))):
        for exact, kept in matrices(system):
            scale = np.sqrt(np.outer(np.diag(kept), np.diag(kept)))
            assert linalg.eigh(exact / scale, kept / scale, eigvals_only=True)[-1] <= 1.5 + 1e-6


def test_coarse_rows_keep_their_sums_in_single_precision():
    """A level takes ones to P' A 1, exact to rounding, though couplings are 1e10 times what ties a row down."""
    system = two_fields((32, 24), contrast=5.0)
    weak = replace(system, diagonals=1e-8 * system.diagonals, coupling=0 * system.coupling)
    hierarchy = jax.jit(lambda system: multigrid.build(system, jnp.float32))(weak)
    expected = weak.diagonals
    for level in hierarchy.levels:
        expected = multigrid.restrict(level, expected, weak.periodic)
        ones = jnp.ones((2, *level.stencils.shape[3:]), jnp.float32)
        found = multigrid._apply_stencils(level.stencils, level.coupling, ones, weak.periodic)
        assert np.allclose(found, expected, rtol=1e-5, atol=1e-6 * float(expected.max()))
        largest = float(jnp.max(jnp.abs(level.stencils)))
        assert float(expected.max()) < 1e-7 * largest  # else a diagonal in single precision would do as well


def test_steps_of_conjugate_gradients_improve_on_one_cycle():
    """Sought in the energy of A, what two steps find on a coarse level is no worse than what its cycle alone does."""
    system, b = charge_system((64, 64), 1e-6, True)
    x, convergence = jax.jit(partial(solve, tolerance=1e-11))(system, b)
    assert bool(convergence.converged)

    def left_over(steps):
        cycle = jax.jit(lambda system, b: multigrid.preconditioner(system, multigrid.build(system), steps)(b))
        error = x - cycle(system, b)
        return float(jnp.vdot(error, apply(system, error)))

    assert left_over(multigrid.STEPS) < left_over((1,))


def test_restriction_is_the_transpose_of_prolongation_for_a_whole_level(monkeypatch):
    system = two_fields((9, 8), contrast=1.0)
    level = hierarchy_of(system, 8, monkeypatch).levels[0]
    coarse = (2, *level.stencils.shape[3:])
    P = dense(lambda u: multigrid.prolong(level, u, system.periodic), coarse)
    R = dense(lambda r: multigrid.restrict(level, r, system.periodic), (2, 9, 8))
    assert np.allclose(R, P.T, rtol=1e-14, atol=1e-15)


def solve(system, b, tolerance=1e-6, hierarchy=None):
    """Multigrid-CG to a share of sum |b|, as the charge balance counts it."""
    hierarchy = multigrid.build(system) if hierarchy is None else hierarchy
    return conjugate_gradients.solve(
        lambda u: apply(system, u),
        multigrid.preconditioner(system, hierarchy),
        b,
        tolerance,
        lambda r: jnp.sum(jnp.abs(r)) / jnp.sum(jnp.abs(b)),
        200,
    )


@pytest.mark.parametrize("shape", [(12, 8), (9, 4, 4), (6, 5, 3)])
def test_coupled_system_against_a_direct_solution(shape, monkeypatch):
    system = two_fields(shape)
    hierarchy = hierarchy_of(system, 16, monkeypatch)
    b = jnp.array(np.random.default_rng(1).normal(size=(2, *shape)))
    x, convergence = jax.jit(solve)(system, b, 1e-13, hierarchy=hierarchy)
    A = dense(partial(apply, system), (2, *shape))
    exact = np.linalg.solve(A, np.asarray(b).reshape(-1)).reshape(b.shape)
    assert bool(convergence.converged)
    # the condition number of A (about 1e5) times the tolerance bounds what is left
    assert np.abs(x - exact).max() < 1e-10 * np.abs(exact).max()


def host(shape, isolated, seed=0):
    """(pore, host, collector, lithium) of a random host on 4 cells of collector, diffuse by one cell."""
    rng = np.random.default_rng(seed)
    modes = ["nearest"] + ["wrap"] * (len(shape) - 1)
    z = np.indices(shape)[0]
    top = shape[0] - 6

    def smooth(mask):
        return ndimage.gaussian_filter(mask.astype(float), 1.0, mode=modes)

    def blobs(size, share):
        noise = ndimage.gaussian_filter(rng.normal(size=shape), size, mode="wrap")
        return noise > np.quantile(noise, 1 - share)

    collector = smooth(z < 4)
    solid = np.minimum(smooth(blobs(2.0, 0.5) & (z >= 4) & (z < top)), 1 - collector)
    lithium = smooth(blobs(2.0, 0.3) & (z < top)) if isolated else np.zeros(shape)
    return np.maximum(1 - solid - collector, 0), solid, collector, lithium


def charge_system(shape, electronic_host, isolated, seed=0, i0=1.0, spacing=1e-6):
    """The linearised charge balance of physics 2-5 at 1 um, and 0.5 mA/cm2 entering at the top."""
    pore, solid, collector, lithium = host(shape, isolated, seed)
    kappa = 0.2 * (pore * (1 - lithium)) ** 1.5 + 0.068 * solid + 1e-9
    sigma = 1000 * (pore * lithium) ** 4 + electronic_host * solid + 1000 * collector + 1e-7
    gain = pore * lithium * (1 - lithium) / spacing * (pore > 0.05) * i0 * 38.66
    if not isolated:  # somewhere for the current to cross: bare surface of the solids
        gain = gain + np.sqrt(sum(g**2 for g in np.gradient(solid + collector, spacing))) * i0 * 38.66
    grounded = np.zeros(shape)
    grounded[0] = 2 * sigma[0] / spacing**2
    fields, fixed = jnp.array([kappa, sigma]), jnp.array([np.zeros(shape), grounded])
    system = assemble(fields, fixed, jnp.array(gain), jnp.array(spacing), laterally_periodic(shape))
    return system, jnp.zeros((2, *shape)).at[0, -1].set(5.0 / spacing)


@jax.jit
def solve_with_levels_of(system, b, earlier):
    return solve(system, b, hierarchy=multigrid.build(earlier))


BOXES = [(24, 16, 16), (64, 64)]  # two coarse levels and the direct one


@pytest.mark.parametrize("shape", BOXES)
@pytest.mark.parametrize(
    ("electronic_host", "isolated"),
    [(1000.0, False), (10.0, False), (1e-3, False), (1e-7, False), (1e-6, True), (10.0, True)],
    ids=["contrast 1", "1e2", "1e6", "1e10", "lithium isolated in an insulator", "lithium in a conductor"],
)
def test_iterations_stay_bounded(shape, electronic_host, isolated):
    """Section 5 of the physics: 29-41 iterations with this interpolation where plain multigrid takes 263."""
    system, b = charge_system(shape, electronic_host, isolated)
    _, convergence = solve_with_levels_of(system, b, system)
    assert bool(convergence.converged)
    assert int(convergence.iterations) <= 35


def test_iterations_hold_where_pieces_span_few_cells_of_a_coarse_level():
    """200 and more where each coarse correction is made twice, whatever it left over."""
    system, b = charge_system((256, 256), 1e-6, True)
    _, convergence = solve_with_levels_of(system, b, system)
    assert bool(convergence.converged)
    assert int(convergence.iterations) <= 35


@pytest.mark.parametrize("electronic_host", [10.0, 1e-7], ids=["contrast 1e2", "1e10"])
def test_odd_sides_take_no_more_iterations(electronic_host):
    """A periodic side that stays odd down every level (33, 17, 9), within the bound of the even ones."""
    system, b = charge_system((64, 33), electronic_host, False)
    _, convergence = solve_with_levels_of(system, b, system)
    assert bool(convergence.converged)
    assert int(convergence.iterations) <= 35


@pytest.mark.parametrize("shape", BOXES)
def test_hierarchy_of_an_earlier_system_still_serves(shape):
    """Kept over steps: after half the reaction rate and 20 % more conductivity it still leads to the new answer."""
    old, b = charge_system(shape, 1e-6, True)
    new = replace(old, faces=1.2 * old.faces, diagonals=1.2 * old.diagonals, coupling=0.5 * old.coupling)
    x, convergence = solve_with_levels_of(new, b, old)
    assert bool(convergence.converged)
    assert int(convergence.iterations) <= 50
    assert float(jnp.sum(jnp.abs(b - apply(new, x))) / jnp.sum(jnp.abs(b))) < 1e-5  # a true residual, not CG's own


def plates_and_cosine(n, jump):
    """An elliptic problem with a jump of k, solved exactly: u = cos(2 pi x) f(z), k = 1 below z = 1/2 and `jump` above.

    f solves (k f')' = 4 pi^2 k f on each side with f(0) = 0, k f'(1) = 1, and f and k f' continuous at 1/2.
    """
    w = 2 * np.pi
    # f = a sinh(w z) below; b cosh(w (z - 1/2)) + c sinh(w (z - 1/2)) above
    s, co = np.sinh(w / 2), np.cosh(w / 2)
    # b = a s; jump c = a co; jump w (b s + c co) = 1
    a = 1 / (w * (jump * s * s + co * co))
    z, x = ((np.arange(m) + 0.5) / n for m in (n, n))
    f = np.where(z < 0.5, a * np.sinh(w * z), a * s * np.cosh(w * (z - 0.5)) + a * co / jump * np.sinh(w * (z - 0.5)))
    k = np.where(z < 0.5, 1.0, jump)[:, None] * np.ones((n, n))
    return k, f[:, None] * np.cos(w * x)[None], np.cos(w * x)


@pytest.mark.parametrize("jump", [1e-3, 1e3])
def test_order_of_convergence_across_a_jump(jump):
    """Harmonic faces with the jump on a face: second order in the mean, as for a smooth coefficient."""

    def error(n):
        k, exact, wave = plates_and_cosine(n, jump)
        k, h = jnp.array(k), 1.0 / n
        plate = jnp.zeros((1, n, n)).at[0, 0].set(2 * k[0] / h**2)
        system = assemble(k[None], plate, None, jnp.array(h), (False, True), "harmonic")
        b = jnp.zeros((1, n, n)).at[0, -1].set(jnp.array(wave) / h)
        x, convergence = jax.jit(solve)(system, b, 1e-11)
        assert bool(convergence.converged)
        return float(jnp.sqrt(jnp.mean((x[0] - exact) ** 2)) / np.sqrt(np.mean(exact**2)))

    coarse, fine = error(16), error(32)
    assert fine < 0.02
    assert np.log2(coarse / fine) == pytest.approx(2, abs=0.25)


@pytest.mark.parametrize("shape", [(16, 65, 65), (75, 75, 75), (3, 997)])
def test_every_size_is_halved_to_a_few_cells(shape):
    """A side of 2^k + 1 or a prime ends no coarsening, whatever is periodic: the direct solution stays small."""
    for periodic in (True, False):
        system = one_field(shape, (False,) + (periodic,) * (len(shape) - 1))
        coarsest = jax.eval_shape(multigrid.build, system).coarsest_inverse
        assert coarsest.shape[0] <= multigrid.COARSEST


def test_no_product_leaves_its_precision_to_the_device():
    """A GPU multiplies float32 matrices in 10 bits where nothing is said, too few for the coarsest level."""
    system, b = charge_system((64, 64), 1e-6, True)

    def preconditioned(system, b):
        return solve(system, b, hierarchy=multigrid.build(system, jnp.float32))

    program = jax.jit(preconditioned).lower(system, b).as_text()
    products = [line for line in program.splitlines() if "dot_general" in line and "f32" in line]
    assert products
    assert all("precision = [HIGHEST, HIGHEST]" in line for line in products), products


def test_float32_cycle_preconditions_too():
    system, b = charge_system((64, 64), 1e-6, True)
    system, b = jax.tree.map(lambda x: x.astype(jnp.float32), (system, b))
    _, convergence = jax.jit(solve)(system, b, tolerance=1e-4)
    assert convergence.error.dtype == jnp.float32
    assert bool(convergence.converged)
    assert int(convergence.iterations) <= 40


def test_coarse_levels_in_float32_know_insulated_pockets():
    """Conductors with walls of 1e-10 about them: what ties them to the rest would be lost in sums of float32."""
    rng = np.random.default_rng(0)
    k = np.where(rng.random((24, 16, 16)) < 0.75, 1e-10, 1.0)  # below percolation: all conductors are pockets
    plates = np.zeros(k.shape)
    plates[0], plates[-1] = 2 * k[0], 2 * k[-1]
    system = assemble(jnp.array(k)[None], jnp.array(plates)[None], None, jnp.array(1.0), (False,) * 3, "harmonic")
    b = jnp.zeros((1, *k.shape)).at[0, -1].set(jnp.array(plates[-1]))
    hierarchy = jax.jit(lambda system: multigrid.build(system, jnp.float32))(system)
    assert all(bool(jnp.all(jnp.isfinite(leaf))) for leaf in jax.tree.leaves(hierarchy))
    _, convergence = jax.jit(solve)(system, b, hierarchy=hierarchy)
    assert bool(convergence.converged)
