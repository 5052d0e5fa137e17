"""From the user's units to SI."""

import jax.numpy as jnp
import numpy as np
import pytest

from phasefield import build
from phasefield import config as config_module
from phasefield.config import ConfigError, compose
from phasefield.host import HostError
from phasefield.materials import Insertion
from phasefield.physics import lithiation
from phasefield.units import FARADAY, mA_per_cm2, mAh_per_cm2, um

SMALL = ["grid=quick", "grid.width_um=16", "host.thickness_um=20"]


@pytest.fixture(scope="module")
def quick():
    config = compose(SMALL)
    geometry = build.geometry(config)
    return config, geometry, build.model(config, geometry)


def test_units_become_si(quick):
    config, _, model = quick
    assert float(model.electrolyte.concentration) == pytest.approx(1500)  # mol/m3
    assert float(model.lithium.molar_volume) == pytest.approx(13.0e-6)  # m3/mol
    assert float(model.grid.spacing) == pytest.approx(1e-6)
    (step,) = build.protocol(config)
    assert step.current_density == pytest.approx(5.0)  # A/m2
    assert step.capacity == pytest.approx(144e3)  # C/m2
    assert step.longest == pytest.approx(8 * 3600)  # the 8 h
    assert build.time_control(config).overpotential_change == pytest.approx(4e-3)
    assert build.snapshot_interval(config) == pytest.approx(0.25 * 36e3)


def test_phases_stand_in_the_order_of_the_geometry(quick):
    _, geometry, model = quick
    assert tuple(phase.name for phase in model.host.phases) == geometry.names == ("collector", "llto", "cnt")
    collector, llto, cnt = model.host.phases
    assert [float(p.nucleation_overpotential[0]) for p in (collector, llto, cnt)] == pytest.approx([0.1, 0.061, 0.095])
    assert llto.insertion is not None and cnt.insertion is None
    # 225 mAh/g at 4.83 g/cm3, against the areal capacity that follows from the mass of the layer
    assert float(llto.insertion.capacity) == pytest.approx(225 * 3.6 * 4.83e6)


def test_lithiation_starts_as_the_protocol_says(quick):
    config, _, model = quick
    state = build.initial_state(config, model)
    assert np.asarray(state.lithiation).mean(axis=(1, 2)) == pytest.approx([0, 1, 0])
    pristine = compose([*SMALL, "protocol=discharge_and_plate"])
    assert build.lithiation(pristine, ("collector", "llto", "cnt")) == (0, 0, 0)
    assert build.lithiation(compose(["host=llto"]), ("collector", "llto")) == (0, 0)


def test_a_seed_of_their_own_gives_other_nuclei_on_the_same_host(quick):
    config, geometry, model = quick
    other = compose([*SMALL, "nucleation.seed=7"])
    assert np.array_equal(build.geometry(other).fractions, geometry.fractions)
    keys = [np.asarray(build.initial_state(each, model).random_key) for each in (config, other)]
    assert not np.array_equal(*keys)
    same = build.initial_state(compose([*SMALL, f"nucleation.seed={config.seed}"]), model).random_key
    assert np.array_equal(same, keys[0])


def test_precision_reaches_every_field(quick):
    config = compose([*SMALL, "precision=float32"])
    model = build.model(config, quick[1])
    assert model.pore.dtype == "float32" and model.electrolyte.conductivity.dtype == "float32"


def test_equilibrium_potential_falls_from_open_circuit_below_lithium():
    config = compose()
    curve = build.equilibrium_potential(config.material["llto"].insertion, config.temperature_K)
    theta = np.linspace(0, 1, len(curve))
    assert (np.diff(curve) < 0).all()
    assert 2.2 < curve[0] < 2.8 and -0.3 < curve[-1] <= 0
    assert curve.mean() == pytest.approx(1.0, abs=0.03)  # average of LLTO anodes
    # the derivative peaks near the potentials of the CV pairs
    capacity = -np.gradient(theta, curve)
    for low, high, expected in ((1.4, 2.0, 1.575), (0.9, 1.38, 1.19)):
        within = (curve > low) & (curve < high)
        assert curve[within][capacity[within].argmax()] == pytest.approx(expected, abs=0.03)


def test_equilibrium_potential_of_an_ideal_solution_is_nernst():
    ideal = config_module.Insertion(100.0, 1e6, 1.0, (config_module.Site(1.0, 1.0),))
    curve = build.equilibrium_potential(ideal, 300.15)
    theta = np.linspace(0, 1, len(curve))[1:-1]
    assert curve[1:-1] == pytest.approx(1.0 + 8.314462618 * 300.15 / FARADAY * np.log((1 - theta) / theta), abs=1e-9)
    # a slow sweep passes 1/slope: pieces that are too long give it stairs in the tails (256 of them, of 40 mV each)
    theta = np.linspace(0.01, 0.99, 10007)
    insertion = Insertion(capacity=1e9, exchange_rate=1e6, potential=jnp.asarray(curve))
    slope = lithiation.equilibrium_potential(insertion, jnp.asarray(theta))[1]
    nernst = -8.314462618 * 300.15 / FARADAY / (theta * (1 - theta))
    assert np.abs(np.asarray(slope) / nernst - 1).max() < 0.02  # half a piece of 1/4095 at 0.01 is 0.012


@pytest.mark.parametrize(
    "overrides, shape, noted",
    [
        (["grid=default"], (80, 32, 32), "raised from 25 to 32 um"),
        (["grid=quick"], (80, 64), "raised from 25 to 32 um"),
        (["grid=fine"], (160, 64, 64), "raised from 25 to 32 um"),
        (["grid=quick", "grid.width_um=50"], (80, 64), "widened from 50 to 64 um"),
        (["grid=quick", "grid.electrolyte_um=32"], (80, 64), None),
        (["host=cu"], (80, 32, 32), None),
    ],
)
def test_boxes_are_multiples_of_sixteen_and_say_so(overrides, shape, noted):
    got, notes = build.grid_shape(compose(overrides))
    assert got == shape
    assert noted is None or any(noted in note for note in notes)


def test_an_absurd_grid_is_refused_with_advice():
    with pytest.raises(ConfigError, match=r"grid.spacing_um is 0.01.*coarser"):
        build.grid_shape(compose(["grid.spacing_um=0.01", "host.coating_thickness_um=0"]))


def test_bare_copper_has_no_host():
    config = compose(["host=cu", "grid=quick"])
    geometry = build.geometry(config)
    assert geometry.names == ("collector",) and geometry.top == geometry.bottom == pytest.approx(3 * um)


def test_one_geometry_for_llto_and_cnt():
    one, other = (build.geometry(compose([f"host={name}", *SMALL])) for name in ("llto", "cnt"))
    assert np.array_equal(one.fractions[1], other.fractions[1]) and (one.names[1], other.names[1]) == ("llto", "cnt")


def test_cycles_are_written_out():
    config = compose(["protocol=plate_strip", "protocol.cycles=3", "protocol.current_density_mA_cm2=2"])
    steps = build.protocol(config)
    assert [step.current_density for step in steps] == [20.0, 0.0, -20.0] * 3
    assert steps[2].potential_max == 0.5 and steps[1].duration == 360


@pytest.mark.parametrize(
    "name, current, capacity", [("cycle_1_1", 1, 1), ("cycle_1_4", 1, 4), ("cycle_2_2", 2, 2), ("cycle_4_4", 4, 4)]
)
def test_cycles_of_the_paper(name, current, capacity):
    """Discharged to 0 V; then the capacity behind 0 V, stripped to 1 V, with a rest after either."""
    config = compose([f"protocol={name}", "protocol.cycles=2"])
    first, *steps = build.protocol(config)
    density = current * mA_per_cm2
    assert config.protocol.name == name and config.protocol.insertion and not config.protocol.start_lithiated
    assert [step.current_density for step in steps] == [density, density, 0, -density, 0] * 2
    to_zero, plate, rest, strip, _ = steps[:5]
    assert first == to_zero and (to_zero.potential_min, to_zero.longest, strip.potential_max, strip.longest) == (
        0,
        np.inf,
        1,
        np.inf,
    )
    assert (plate.capacity, rest.duration) == (pytest.approx(capacity * mAh_per_cm2), pytest.approx(360))
    assert not any(step.repetitions for step in steps)


def test_currents_of_the_rate_sweep_rise_and_its_blocks_end_each_for_itself():
    steps = build.protocol(compose(["protocol=rate_sweep", "protocol.cycles=2", "protocol.efficiency_min=0.9"]))
    each = [step.current_density / mA_per_cm2 for step in steps if step.capacity]
    assert each == pytest.approx([0.5, 0.5, 1, 1, 2, 2, 4, 4])
    assert [step.capacity / mAh_per_cm2 for step in steps if step.capacity] == pytest.approx([4] * 8)
    assert [step.repetitions[0].left for step in steps if step.repetitions] == [5, 0] * 4


def test_activation_comes_before_the_cycles():
    steps = build.protocol(compose(["protocol=activate_and_cycle", "protocol.cycles=2"]))
    (alone,) = {step for step in build.protocol(compose(["protocol=activation", "protocol.cycles=1"]))[1:]}
    assert [step.potential_max for step in steps[:6]] == [None, 2.5] * 3 and steps[5] == alone
    assert steps[6:] == build.protocol(compose(["protocol=cycle_1_1", "protocol.cycles=2"]))


def test_lithium_that_has_no_room_is_refused(quick):
    config = compose([*SMALL, "protocol.capacity_mAh_cm2=40"])
    with pytest.raises(ConfigError, match=r"40 mAh/cm2, but the box has room for"):
        build.check_room(config, quick[1])
    (note,) = build.check_room(compose([*SMALL, "protocol.capacity_mAh_cm2=3"]), quick[1])
    assert "on top of the host" in note
    assert build.check_room(compose([*SMALL, "protocol.capacity_mAh_cm2=1"]), quick[1]) == ()


def test_pores_of_the_paper_hold_its_capacity():
    config = compose(["grid=quick"])
    pores, _ = build.room(config, build.geometry(config))
    assert pores / 36e3 == pytest.approx(4.27, rel=0.02)  # 45 um, 46 %, derived by hand


def test_an_image_becomes_a_host(tmp_path):
    image = (np.indices((40, 40, 40)) // 8 % 2).sum(axis=0) > 1
    np.save(tmp_path / "host.npy", image.astype(np.uint8))
    given = [
        "host=image",
        f"host.image.path={tmp_path}/host.npy",
        "host.image.voxel_um=1",
        "host.image.labels={0: pore, 1: llto}",
        "grid.width_um=32",
        "grid.electrolyte_um=10",
    ]
    geometry = build.geometry(compose(given))
    assert geometry.names == ("collector", "llto") and geometry.shape == (64, 32, 32)
    assert geometry.top - geometry.bottom == pytest.approx(40e-6)
    cropped = build.geometry(compose([*given, "host.image.crop=[[0,20],[0,40],[null,null]]"]))
    assert cropped.top - cropped.bottom == pytest.approx(20e-6)
    with pytest.raises(HostError, match="is not there"):
        build.geometry(compose([*given, "host.image.path=gone.npy"]))


def test_the_solver_file_mirrors_the_defaults_of_the_loop():
    from phasefield.stepping import TimeControl

    given, default = build.time_control(compose()), TimeControl()
    assert [getattr(given, name) for name in vars(default)] == pytest.approx(list(vars(default).values()))
