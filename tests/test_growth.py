"""The front alone: shapes whose growth is known, at the accuracy measured on cells of one interface width."""

import numpy as np
import pytest

import phasefield as pf
from phasefield.growth import GrowthError

N, H = 64, 0.5e-6  # few shapes: each compiles its own program
SPEED = 1e-9
Z, X = np.indices((N, N)) + 0.5
FAR = np.hypot(Z - N / 2, X - N / 2)


def grow(phase, cells, mask=None, **options):
    """The phase after a distance in cells, negative to shrink."""
    return pf.grow(phase, np.sign(cells) * SPEED, abs(cells) * H / SPEED, H, mask, **options)


def tanh(distance):
    """Diffuse profile one cell wide, from the distance into the lithium in cells."""
    return 0.5 * (1 + np.tanh(distance / 2))


def radius(disc):
    """Of a disc of filled fractions, in cells."""
    return np.sqrt(disc.sum() / np.pi)


def partly_filled(inside, shape, box=1.0, parts=4):
    """Share of each cell that lies inside, from `parts` points along each edge."""
    points = [(np.arange(n * parts) + 0.5) / parts * box / n for n in shape]
    fine = inside(*np.meshgrid(*points, indexing="ij")).astype(float)
    return fine.reshape([m for n in shape for m in (n, parts)]).mean(axis=tuple(range(1, 2 * len(shape), 2)))


def sphere_of_3_um(n, given):
    def far(*x):
        return np.sqrt(sum((x_i - 5) ** 2 for x_i in x))

    if given == "partly filled":
        return partly_filled(lambda *x: far(*x) < 3, (n,) * 3, 10.0)
    distance = (3 - far(*(np.indices((n,) * 3) + 0.5) * 10 / n)) * n / 10
    return distance > 0 if given == "mask" else tanh(distance)


@pytest.mark.parametrize(("distance", "fraction"), [(1.0, 0.2681), (1.9, 0.4930)])
@pytest.mark.parametrize("given", ["mask", "partly filled", "diffuse"])
def test_simple_cubic_spheres(given, distance, fraction):
    """R 3 um in a periodic cell of 10 um, at 32 cells; at 1.9 um the spheres are 0.6 cells apart. Of filled fractions
    the sum is the volume: measured within 0.3 % of the sphere that has the volume given (a mask of 32 cells has 1.6 %
    less than the sphere it stands for, and is then 0.9 % short). Of a diffuse one the volume is that of xi > 1/2, which
    counts whole cells: measured 0.5 %."""
    start = sphere_of_3_um(32, given)
    late = pf.grow(start, SPEED, distance * 1e-6 / SPEED, 10e-6 / 32, periodic=True)
    if given == "diffuse":
        assert np.mean(late > 0.5) == pytest.approx(fraction, rel=0.01)
    else:
        equivalent = (start.mean() * 1000 * 3 / (4 * np.pi)) ** (1 / 3)
        assert late.mean() == pytest.approx(4 / 3 * np.pi * (equivalent + distance) ** 3 / 1000, rel=0.005)
        assert late.mean() == pytest.approx(fraction, rel=0.012)


@pytest.mark.parametrize(("start", "travel"), [(8, 4), (8, 16), (3, 10), (20, -12), (20, -17)])
def test_disc(start, travel):
    """From a mask; a mean radius within 0.05 cells (measured 0.025), as round as a cell allows."""
    disc = start > FAR
    late = grow(disc, travel)
    expected = radius(disc) + travel
    assert radius(late) == pytest.approx(expected, abs=0.05)
    assert np.all(late[expected - 1.5 > FAR] > 0.95) and np.all(late[expected + 1.5 < FAR] < 0.05)


# waves of a slab along each axis of a periodic box: the front's normal is at atan(w_x/w_z) to z
@pytest.mark.parametrize("waves", [(1, 0), (1, 1), (1, 2), (0, 1)])
@pytest.mark.parametrize("travel", [6.0, -6.0])
@pytest.mark.parametrize("given", ["mask", "diffuse"])
def test_planar_front(waves, travel, given):
    """Distance from the volume gained per area: within 0.05 cells (measured 0.03)."""
    turn = (waves[0] * Z + waves[1] * X) / N
    period = N / np.hypot(*waves)
    distance = period * (0.25 - np.abs((turn + 0.25) % 1 - 0.5))
    start = distance > 0 if given == "mask" else tanh(distance)
    late = grow(start, travel, periodic=True)
    if waves == (1, 2) and given == "diffuse":  # slabs of 14 cells: the tails of their fronts overlap after 6
        assert np.abs(late - tanh(distance + travel)).max() < 0.15
        return
    assert (late.sum() - start.sum()) / (2 * N * N / period) == pytest.approx(travel, abs=0.05)
    if given == "diffuse":
        assert np.abs(late - tanh(distance + travel)).max() < 0.05


def test_nothing_grows_out_of_rounding_far_ahead_of_a_front():
    """After 50 interface widths e^50 times what the phase held there; within 0.2 % of the distance."""
    film = np.zeros((N, N))
    film[:8] = 1
    late = grow(film, 50.0)
    assert late.sum() / N == pytest.approx(58, abs=0.1)
    assert not late[60:].any()
    back = grow(late, -50.0)
    assert back.sum() / N == pytest.approx(8, abs=0.1)


@pytest.mark.parametrize("thickness", [1.0, 4.3, 9.5])
def test_thin_and_partly_filled_films(thickness):
    """Also thinner than the profile: within 0.3 cells there."""
    film = partly_filled(lambda z, x: z * N < thickness + 20, (N, N), parts=10)
    film *= Z > 20
    late = grow(film, 6.0)
    assert late.sum() / N == pytest.approx(film.sum() / N + 12, abs=0.05 if thickness > 4 else 0.3)


def test_given_back_as_given():
    """Filled fractions are 0 or 1 off the front and keep their volume; a diffuse field keeps its profile."""
    disc = FAR < 10
    late = grow(disc, 1e-6)
    assert late.sum() == pytest.approx(disc.sum(), rel=1e-5)
    assert np.all(np.isin(late[np.abs(FAR - 10) > 2], [0, 1]))
    diffuse = tanh(10 - FAR)
    assert np.abs(grow(diffuse, 1e-6) - diffuse).max() < 1e-5
    assert grow(disc, 3.0).dtype == np.float64


def test_walls_and_an_obstacle():
    """Lithium never enters walls, and the front goes round a cylinder by the shortest way: along the tangent, the arc,
    and the other tangent. 0.5 cells behind it, of 45 travelled."""
    far = np.hypot(Z - 30, X - 32)
    mask = far > 10
    film = np.zeros((N, N))
    film[:12] = 1
    late = grow(film, 45.0, mask)
    assert not late[~mask].any() and late.min() >= 0 and late.max() <= 1
    assert late[:, 0].sum() == pytest.approx(57, abs=0.25)
    z = np.arange(41, 63, 0.01)
    path = 18 + 10 * (np.pi / 2 - np.arccos(10 / (z - 30))) + np.sqrt((z - 30) ** 2 - 100)
    behind = z[np.argmin(np.abs(path - 45))]
    assert late[:, 32].sum() + np.sum(~mask[:, 32]) == pytest.approx(behind, abs=0.6)
    assert grow(film, 200.0, mask)[mask] == pytest.approx(1, abs=1e-6)  # and stops where there is no more room


def test_closed_compartment_stays_empty():
    mask = np.ones((N, N), bool)
    mask[30:33] = False
    film = np.zeros((N, N))
    film[:12] = 1
    late = grow(film, 60.0, mask)
    assert late[:30] == pytest.approx(1, abs=1e-6) and not late[30:].any()


def test_partly_open_cells():
    """Where the mask is a share of pore, the phase is a share of that pore; the front's speed is no other."""
    pore = 0.6 + 0.4 * np.sin(4 * np.pi * X / N) * np.cos(2 * np.pi * Z / N)
    film = np.zeros((N, N))
    film[:12] = 1
    late = grow(film, 20.0, np.where(pore < 0.05, 0.0, pore))
    assert np.median(late.sum(axis=0)) == pytest.approx(32, abs=0.5)
    assert late.min() >= 0 and late.max() <= 1


@pytest.mark.parametrize("given", ["mask", "diffuse"])
def test_a_disc_at_rest_keeps_its_radius(given):
    """Speed only where there is no lithium, so that the front is regularised all the time: 1e-3 of the radius over 100
    cells of the mobility's travel; curvature flow would have lost 20 cells."""
    start = FAR < 10 if given == "mask" else tanh(10 - FAR)
    late = pf.grow(start, np.where(FAR > 26, SPEED, 0.0), 100 * H / SPEED, H)
    if given == "mask":
        assert radius(late) == pytest.approx(radius(start), rel=1e-3)
    else:
        assert late.sum() == pytest.approx(start.sum(), rel=1e-4)
        assert np.sum(late > 0.5) == pytest.approx(np.sum(start > 0.5), rel=0.02)


def test_speed_may_differ_from_place_to_place():
    """Two films, one of them growing twice as fast, the other shrinking."""
    films = (np.abs(Z - 14) < 5) | (np.abs(Z - 44) < 8)
    speed = np.where(Z < 30, 2 * SPEED, -SPEED)
    late = pf.grow(films, speed, 3 * H / SPEED, H)
    assert late[:30].sum() / N == pytest.approx(10 + 12, abs=0.1)
    assert late[30:].sum() / N == pytest.approx(16 - 6, abs=0.1)


def test_nothing_to_do():
    disc = FAR < 10
    assert np.array_equal(pf.grow(disc, 0.0, 1e9, H), disc)
    assert np.array_equal(pf.grow(disc, SPEED, 0.0, H), disc)
    assert not grow(np.zeros((N, N)), 5.0).any()
    assert np.all(grow(np.ones((N, N)), 5.0) == 1)


DISC = FAR < 10
GOOD = {"phase": DISC, "speed": SPEED, "time": 100.0, "spacing": H}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"phase": np.ones(8)}, r"shape \(8,\); give a 2D or 3D"),
        ({"phase": np.ones((0, 4))}, "give a 2D or 3D"),
        ({"phase": "disc"}, "phase is 'disc'"),
        ({"phase": np.where(DISC, np.nan, 0)}, "316 values that are not finite"),
        ({"phase": 255 * DISC}, "goes from 0 to 255.*grey value"),
        ({"speed": np.nan}, "speed holds 1 values that are not finite"),
        ({"speed": np.ones(64)}, r"speed has shape \(64,\).*\(64, 64\)"),
        ({"speed": "fast"}, "speed is 'fast'"),
        ({"speed": 1.0, "time": 100.0}, "times the diagonal"),
        ({"time": -1.0}, "time is -1.0; it must be zero or positive"),
        ({"time": None}, "time is None"),
        ({"spacing": 0.0}, "spacing is 0.0"),
        ({"mask": np.ones((64, 32))}, "mask has shape"),
        ({"mask": np.full((64, 64), 2.0)}, "mask goes from 2 to 2"),
        ({"mask": ~DISC}, "try ~mask"),
        ({"periodic": (True,)}, r"periodic is \(True,\)"),
        ({"periodic": "yes"}, "periodic is 'yes'"),
        ({"periodic": 1}, "periodic is 1"),
        ({"interface_width": 0.1e-6}, "at least 0.5 of the spacing, 2.5e-07"),
    ],
)
def test_what_it_refuses(changes, message):
    with pytest.raises(GrowthError, match=message):
        pf.grow(**GOOD | changes)
