"""Where the current reacts: against closed forms, an independent solver of the same equations, and itself."""

from functools import cache

import numpy as np
import pytest
from scipy.integrate import solve_bvp

import phasefield as pf
from phasefield.current_distribution import CurrentDistributionError
from phasefield.units import FARADAY, GAS_CONSTANT

LENGTH, AREA, KAPPA, T = 45e-6, 4.2e5, 0.0624, 300.15
F_RT = FARADAY / (GAS_CONSTANT * T)
ROWS = {  # (i0 [A/m2], sigma [S/m])
    "top": (10.0, 1e4),
    "bottom": (10.0, 1e-4),
    "uniform": (1.0, 1e4),
}
SQUARE = (32, 16)  # few shapes: each compiles its own program; up to 256 cells are solved directly
ODD = (17, 15)


def newman_tobias(y, i0, sigma):
    """j/j_avg at y = x/L; x = 0 is the collector. Newman & Tobias, J. Electrochem. Soc. 109 (1962) 1183."""
    total = 1 / KAPPA + 1 / sigma
    nu = np.sqrt(AREA * i0 * F_RT * LENGTH**2 * total)
    return nu / np.sinh(nu) * (np.cosh(nu * y) / KAPPA + np.cosh(nu * (1 - y)) / sigma) / total


@cache
def uniform(cells, i0, sigma, current_density=10.0, kinetics="linear", **options):
    """A uniform electrode of the verification's thickness, area and electrolyte."""
    return pf.current_distribution(
        np.full(cells, sigma), KAPPA, AREA, LENGTH / cells, current_density,
        exchange_current_density=i0, kinetics=kinetics, **options,
    )  # fmt: skip


@pytest.mark.parametrize("row", ROWS)
def test_newman_and_tobias(row):
    """Within 1 % of the largest value at 128 cells; measured 7e-6, 4e-3 (a reaction 2.2 cells deep) and 1e-6."""
    found = uniform(128, *ROWS[row])
    exact = newman_tobias((np.arange(128) + 0.5) / 128, *ROWS[row])
    assert (
        np.abs(found.relative_by_depth - exact).max()
        < {"top": 2e-5, "bottom": 0.01, "uniform": 5e-6}[row] * exact.max()
    )
    assert found.reaction_by_depth == pytest.approx(found.relative_by_depth * 10.0 / LENGTH)
    assert found.error < 1e-9


@pytest.mark.parametrize("row", ROWS)
def test_second_order_in_space(row):
    """The hardest row is still short of it at these sizes: the reaction's depth is 1.1 cells at 64."""

    def error(cells):
        exact = newman_tobias((np.arange(cells) + 0.5) / cells, *ROWS[row])
        return np.sqrt(np.mean((uniform(cells, *ROWS[row]).relative_by_depth - exact) ** 2))

    assert np.log2(error(64) / error(128)) == pytest.approx(2, abs=0.1)


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("current_density", [1e-8, 1e-3, -1e-3])
def test_butler_volmer_at_a_small_current_is_linear(row, current_density):
    found = uniform(128, *ROWS[row], current_density, "butler-volmer")
    off = np.abs(found.relative_by_depth - uniform(128, *ROWS[row]).relative_by_depth).max()
    assert off < 1e-4 * found.relative_by_depth.max()
    assert np.all(found.overpotential * current_density <= 0)


@pytest.mark.parametrize("shape", [(16,), (16, 4), (16, 4, 4)])
def test_one_two_and_three_dimensions_agree(shape):
    found = pf.current_distribution(
        np.full(shape, 1e4), KAPPA, AREA, LENGTH / 16, 10.0, exchange_current_density=10.0, kinetics="linear"
    )
    assert found.reaction.shape == found.ionic_potential.shape == shape
    assert found.relative_by_depth == pytest.approx(uniform(16, 10.0, 1e4).relative_by_depth, rel=1e-9)


@cache
def boundary_value_problem(i0, sigma, current_density, alpha):
    """The same equations by collocation: (phi_s, sigma phi_s', phi_l, kappa phi_l') over z."""

    def slopes(z, y):
        eta = y[0] - y[2]
        reaction = AREA * i0 * (np.exp(-alpha * F_RT * eta) - np.exp((1 - alpha) * F_RT * eta))
        return np.stack([y[1] / sigma, -reaction, y[3] / KAPPA, reaction])

    def ends(low, high):
        return np.array([low[0], low[3], high[1], high[3] - current_density])

    z = np.linspace(0, LENGTH, 400)
    x = z / LENGTH
    guess = np.stack([0 * x, current_density * (1 - x), 0.1 + 0 * x, current_density * x])
    guess[2] *= np.sign(current_density)
    solution = solve_bvp(slopes, ends, z, guess, tol=1e-8, max_nodes=100000)
    assert solution.success
    return solution.sol


@pytest.mark.parametrize(
    ("i0", "sigma", "current_density", "alpha"),
    [(10.0, 1e4, 1e3, 0.5), (1.0, 1e-1, 3e2, 0.5), (10.0, 1e4, -1e3, 0.5), (1.0, 1e4, 1e3, 0.3)],
)
def test_butler_volmer_far_from_equilibrium(i0, sigma, current_density, alpha):
    """Against collocation with its own error control: 0.1 % of the largest rate at 128 cells, 0.1 mV."""
    found = uniform(128, i0, sigma, current_density, "butler-volmer", transfer_coefficient=alpha)
    z = (np.arange(128) + 0.5) * LENGTH / 128
    phi_s, _, phi_l, _ = boundary_value_problem(i0, sigma, current_density, alpha)(z)
    eta = phi_s - phi_l
    rate = AREA * i0 * (np.exp(-alpha * F_RT * eta) - np.exp((1 - alpha) * F_RT * eta))
    assert np.abs(found.reaction - rate).max() < 1e-3 * np.abs(rate).max()
    assert np.abs(found.overpotential - eta).max() < 1e-4
    assert np.abs(found.electronic_potential - phi_s).max() < 1e-4


def test_tafel_electrode_without_electronic_resistance():
    """With u = alpha F (phi_l - phi_s)/RT and only plating, u'' = 2 m^2 e^u; from u' = 0 at the collector that is
    e^u ~ 1/cos^2(theta y), so j/j_avg = theta/tan(theta)/cos^2(theta y), 2 theta tan(theta) = alpha F I L/(RT kappa).
    Newman & Thomas-Alyea, ch. 22. Here I/(a i0 L) is 5e4, and stripping below 1e-9 of plating."""
    current, i0 = 1e3, 1e-3
    found = uniform(128, i0, 1e8, current, "butler-volmer")
    drive = 0.5 * F_RT * current * LENGTH / KAPPA
    low, high = 0.0, np.pi / 2
    for _ in range(60):
        theta = 0.5 * (low + high)
        low, high = (theta, high) if 2 * theta * np.tan(theta) < drive else (low, theta)
    y = (np.arange(128) + 0.5) / 128
    exact = theta / np.tan(theta) / np.cos(theta * y) ** 2
    assert found.relative_by_depth == pytest.approx(exact, rel=2e-3)


@pytest.mark.parametrize("current_density", [20.0, 2e4, 2e8, -2e4])
def test_perfect_conductors_react_uniformly(current_density):
    """i = I/(a L) everywhere, and eta of the reaction alone."""
    found = uniform(64, 10.0, 1e15, current_density, "butler-volmer")
    small = pf.current_distribution(
        1e15, np.full(64, 1e15), AREA, LENGTH / 64, current_density, exchange_current_density=10.0
    )
    assert small.reaction == pytest.approx(current_density / LENGTH, rel=1e-7)
    eta = -2 / F_RT * np.arcsinh(current_density / (2 * AREA * LENGTH * 10.0))
    assert small.overpotential == pytest.approx(eta, rel=1e-6)
    assert abs(found.separator_current / current_density - 1) < 1e-12


def random_host(shape, seed=0):
    """Conductivities over ten orders of magnitude, voids in both, area where there is some of both."""
    rng = np.random.default_rng(seed)
    sigma = np.where(rng.random(shape) < 0.2, 0.0, 10.0 ** rng.uniform(-6, 4, shape))
    kappa = np.where(rng.random(shape) < 0.2, 0.0, 10.0 ** rng.uniform(-3, 0, shape))
    return sigma, kappa, AREA * rng.random(shape) * (sigma > 0)


@pytest.mark.parametrize("shape", [SQUARE, ODD])
@pytest.mark.parametrize("current_density", [10.0, -3e3])
def test_charge_passes_every_plane(shape, current_density):
    """Ions and electrons carry the applied current between any two planes; the reaction turns one into the other."""
    h = 1e-6
    sigma, kappa, area = random_host(shape)
    found = pf.current_distribution(sigma, kappa, area, h, current_density, exchange_current_density=10.0)

    def through(k, u):
        faces = 2 * k[1:] * k[:-1] / np.maximum(k[1:] + k[:-1], 1e-300)
        return np.mean(faces * (u[1:] - u[:-1]), axis=1) / h

    ions, electrons = through(kappa, found.ionic_potential), through(sigma, found.electronic_potential)
    assert np.abs(ions + electrons - current_density).max() < 1e-6 * abs(current_density)
    reacted = np.cumsum(found.reaction_by_depth)[:-1] * h  # below the plane
    assert np.abs(ions - reacted).max() < 1e-6 * abs(current_density)
    assert found.collector_current == pytest.approx(current_density, rel=1e-6)
    assert found.separator_current == pytest.approx(current_density, rel=1e-12)
    assert found.error < 1e-6


def test_separate_strips_are_electrodes_of_their_own():
    """Half of the width holds nothing: the other half carries twice the current as in one dimension."""
    strip = np.zeros(SQUARE)
    strip[:, 3:11] = 1.0
    found = pf.current_distribution(
        1e4 * strip, KAPPA * strip, AREA * strip, LENGTH / 32, 5e2, exchange_current_density=10.0
    )
    alone = uniform(32, 10.0, 1e4, 1e3, "butler-volmer")
    assert found.reaction[:, 3:11] == pytest.approx(np.repeat(alone.reaction[:, None], 8, 1), rel=1e-6)
    assert not found.reaction[:, :3].any() and not found.reaction[:, 11:].any()
    assert found.relative_by_depth == pytest.approx(alone.relative_by_depth, rel=1e-6)


def test_lateral_symmetry():
    """Mirrored and shifted fields react mirrored and shifted, around the periodic sides."""
    sigma, kappa, area = random_host(SQUARE, seed=1)

    def reaction(change):
        fields = (change(field) for field in (sigma, kappa, area))
        return pf.current_distribution(*fields, 1e-6, 50.0, exchange_current_density=10.0).reaction

    straight = reaction(lambda field: field)
    largest = straight.max()
    assert np.abs(reaction(lambda field: field[:, ::-1])[:, ::-1] - straight).max() < 1e-6 * largest
    shifted = reaction(lambda field: np.roll(field, 5, axis=1))
    assert np.abs(np.roll(shifted, -5, axis=1) - straight).max() < 1e-6 * largest


def test_a_conductor_that_floats_reacts_at_both_ends_and_not_in_sum():
    """A well conducting island without contact is a bipolar electrode."""
    sigma = np.full(SQUARE, 1e3)
    sigma[8:, :] = 0.0
    island = (slice(12, 28), slice(4, 12))
    sigma[island] = 6e7
    found = pf.current_distribution(sigma, KAPPA, AREA, 1e-6, 1e3, exchange_current_density=10.0)
    assert np.ptp(found.electronic_potential[island]) < 1e-9
    assert found.reaction[island].max() > 0 > found.reaction[island].min()
    assert abs(found.reaction[island].sum()) < 1e-5 * np.abs(found.reaction[island]).sum()


def test_zero_current():
    found = uniform(64, 10.0, 1e4, 0.0, "butler-volmer")
    assert not found.reaction.any() and np.isnan(found.relative_by_depth).all()


def blocked(plane):
    field = np.ones(64)
    field[plane] = 0.0
    return field


GOOD = {
    "electronic_conductivity": np.ones(64),
    "ionic_conductivity": 1.0,
    "area": 1e5,
    "spacing": 1e-6,
    "current_density": 10.0,
    "exchange_current_density": 10.0,
}
TOP = np.arange(64) > 40


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"electronic_conductivity": 1.0}, "make one of them an array"),
        ({"ionic_conductivity": np.ones(63)}, r"shape \(63,\).*broadcast_to"),
        ({"area": np.ones((2, 2, 2, 2)), "electronic_conductivity": 1.0}, "nz, ny, nx"),
        ({"electronic_conductivity": np.ones((0, 3))}, "nz, ny, nx"),
        ({"area": "much"}, "area is 'much'"),
        ({"ionic_conductivity": np.nan}, "ionic_conductivity holds 1 values that are not finite"),
        ({"electronic_conductivity": -np.ones(64)}, "smallest electronic_conductivity is -1"),
        ({"area": -1.0}, "smallest area is -1"),
        ({"exchange_current_density": 0.0}, "nothing can react"),
        ({"spacing": 0.0}, "spacing is 0.0; it must be above 0"),
        ({"spacing": np.nan}, "spacing is nan"),
        ({"current_density": np.inf}, "current_density is inf"),
        ({"current_density": None}, "current_density is None"),
        ({"temperature": 0.0}, "temperature is 0.0"),
        ({"transfer_coefficient": 1.0}, "transfer_coefficient is 1.0"),
        ({"kinetics": "tafel"}, 'kinetics is \'tafel\'; choose "butler-volmer" or "linear"'),
        ({"mean": "geometric"}, 'mean is \'geometric\'; choose "harmonic" or "arithmetic"'),
        ({"electronic_conductivity": blocked(0)}, "no electrons enter"),
        ({"ionic_conductivity": blocked(-1)}, "no ions enter"),
        ({"electronic_conductivity": blocked(20), "area": 1e5 * TOP}, "no electronic path leads from the collector"),
        ({"ionic_conductivity": blocked(20), "area": 1e5 * ~TOP * blocked(slice(20, 41))}, "no ionic path leads"),
        ({"electronic_conductivity": blocked(20), "ionic_conductivity": blocked(30)}, "reached by both"),
    ],
)
def test_what_it_refuses(changes, message):
    arguments = GOOD | changes
    with pytest.raises(CurrentDistributionError, match=message):
        pf.current_distribution(**arguments)


def test_arithmetic_faces_bridge_one_empty_cell():
    """As in the model's diffuse hosts; harmonic ones do not (above)."""
    found = pf.current_distribution(**GOOD | {"electronic_conductivity": blocked(20)}, mean="arithmetic")
    assert found.separator_current == pytest.approx(10.0)
