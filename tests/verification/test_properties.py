"""Whatever a valid configuration says, a run keeps its account and its bounds, or is refused in a sentence.

The lithiation keeps to 0..1 as far as its equilibrium curve resolves it, which is cut off 1e-5 from either end.
Hypothesis draws the numbers. There are few kinds of host, precision and dimension, since each is a program of its own;
all the rest is traced. PHASEFIELD_EXAMPLES=500 draws as many instead, other ones each time.
"""

import os
from collections import Counter
from copy import deepcopy
from functools import cache

import numpy as np
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from phasefield import build, timeline
from phasefield.config import ConfigError, compose, read, to_dict
from phasefield.host import HostError
from phasefield.physics.interface import PHASE_BOUNDS
from phasefield.timeline import SimulationError

EXAMPLES = int(os.environ.get("PHASEFIELD_EXAMPLES", "0"))
LEDGER = {"float64": 1e-6, "float32": 1e-3}
KINDS = [  # host, precision, insertion, dimensions
    ("cu", "float64", False, 2),
    ("llto", "float64", True, 2),
    ("llto_cnt", "float32", False, 2),
    *(
        [("cnt", "float64", False, 2), ("llto_cnt", "float64", False, 2), ("cnt", "float64", False, 3)]
        if EXAMPLES
        else []
    ),
]
MOST_STEPS = 24  # time steps of an example
REFUSALS = (ConfigError, HostError, SimulationError)


class Enough(Exception):
    """An example has run for long enough."""


def logarithmic(low, high):
    """Numbers whose logarithm is spread evenly."""
    return st.floats(np.log10(low), np.log10(high)).map(lambda exponent: float(f"{10**exponent:.4g}"))


def number(low, high):
    return st.floats(low, high).map(lambda value: min(max(round(value, 4), low), high))


@cache
def valid(host):
    """The configuration of a host in a box of 32 x 16 cells, from which examples start."""
    return to_dict(compose([f"host={host}", "grid=quick", "grid.width_um=16", "device=cpu"]))


@st.composite
def steps(draw):
    """One or two steps of the cycler, of any sign."""
    out = []
    for _ in range(draw(st.integers(1, 2))):
        sign = draw(st.sampled_from([1, 1, 1, -1, 0]))
        step = {"current_density_mA_cm2": sign * draw(logarithmic(1e-3, 100)), "time_h": draw(logarithmic(1e-4, 0.2))}
        if sign and draw(st.booleans()):
            step["potential_max_V" if sign < 0 else "potential_min_V"] = -sign * draw(number(0.05, 1))
        if sign and draw(st.booleans()):
            step["capacity_mAh_cm2"] = draw(logarithmic(1e-4, 1))
        out.append(step)
    return out


@st.composite
def configurations(draw):
    """A valid configuration, or one that only the host or the run itself shows to be impossible."""
    host, precision, insertion, dimensions = draw(st.sampled_from(KINDS))
    out = deepcopy(valid(host))
    thickness = draw(number(7, 20))
    out |= {"seed": draw(st.integers(0, 2**32 - 1)), "precision": precision, "temperature_K": draw(number(250, 350))}
    out["grid"] |= {"dimensions": dimensions, "electrolyte_um": 28 - thickness}
    out["host"] |= {
        "thickness_um": thickness,
        "porosity": draw(number(0.35, 0.7)),
        "particle_diameter_um": sorted(draw(st.lists(number(4, 8), min_size=2, max_size=2))),
        "particle_flatness": draw(number(0.5, 1)),
        "pore_diameter_um": draw(number(2.5, 8)),
        "coating_thickness_um": draw(number(0, 0.3)),
        "diffuse_cells": draw(number(0, 3)),
        "lithiation": {"llto": draw(number(0, 1))},
    }
    out["electrolyte"] = {
        "concentration_mol_L": draw(logarithmic(0.01, 5)),
        "conductivity_S_m": draw(logarithmic(1e-3, 10)),
        "diffusivity_m2_s": draw(logarithmic(1e-12, 1e-8)),
        "transference_number": draw(number(0, 1)),
        "thermodynamic_factor": draw(logarithmic(0.2, 5)),
        "bruggeman_exponent": draw(number(1, 4)),
    }
    out["lithium"] |= {
        "exchange_current_density_A_m2": draw(logarithmic(1e-3, 1e3)),
        "cathodic_transfer_coefficient": draw(number(0.1, 0.9)),
        "double_layer_capacitance_F_m2": draw(logarithmic(0.01, 2)),
        "surface_energy_J_m2": draw(st.sampled_from([0, 0, 0.556])),
    }
    out["nucleation"] |= {"prefactor_per_m2_s": draw(logarithmic(1e10, 1e35)), "steepness": draw(logarithmic(1, 100))}
    for name, material in out["material"].items():
        conductivity = logarithmic(1e-2 if name == "cu" else 1e-7, 1e4)
        material["electronic_conductivity_S_m"] = draw(st.lists(conductivity, min_size=2, max_size=2))
        if draw(st.booleans()):
            material["ionic_conductivity_S_m"] = draw(st.lists(logarithmic(1e-7, 10), min_size=2, max_size=2))
        material["nucleation_overpotential_mV"] = draw(st.lists(number(0, 200), min_size=2, max_size=2))
    out["protocol"] |= {"steps": draw(steps()), "insertion": insertion, "start_lithiated": draw(st.booleans())}
    out["protocol"]["snapshot_every_mAh_cm2"] = draw(logarithmic(1e-3, 1))
    return out


def follow(mapping):
    """History and snapshots of the first time steps of a run, or why it is refused."""
    states, seen = [], {}

    def on_progress(progress):
        seen.update(progress.history)
        if progress.steps >= MOST_STEPS or progress.rejected >= MOST_STEPS:
            raise Enough

    try:
        config = read(mapping)
        geometry = build.geometry(config)
        build.check_room(config, geometry)
        model = build.model(config, geometry)
        timeline.run(
            model,
            build.initial_state(config, model),
            build.protocol(config),
            build.time_control(config),
            snapshot_interval=build.snapshot_interval(config),
            on_snapshot=lambda snapshot: states.append(snapshot.state),
            on_progress=on_progress,
        )
    except Enough:
        return seen, states, None
    except REFUSALS as error:
        return seen, states, error
    return seen, states, None


def judge(mapping):
    """Fail where a run breaks its account or its bounds; what became of it."""
    history, states, refused = follow(mapping)
    if refused is not None:
        text = str(refused)
        assert 20 < len(text) < 900 and (isinstance(refused, ConfigError) or "\n" not in text), text
        assert any(word in text for word in ("try", "must", "give", "use", "make", "check")), text
        assert "not a number" not in text, text  # a field with NaN is a bug, however well it is said
    low, high = PHASE_BOUNDS
    for name, values in history.items():
        assert np.isfinite(values).all(), f"{name} is not finite"
    if len(history.get("time", ())):
        assert (np.diff(history["time"]) > 0).all()
        assert low <= history["smallest_phase"].min() and history["largest_phase"].max() <= high
        assert history["smallest_concentration"].min() >= 0
        passed = np.cumsum(np.abs(history["current_density"]) * history["time_step"])
        # of what the run passes: in float32 the first steps, of 0.1 ms, pass no more than the potentials are rounded by
        missing = (history["ledger_error"] * passed).max()
        held = np.abs(history["inserted_charge"]).max() + np.abs(history["double_layer_charge"]).max()
        rounding = np.finfo(mapping["precision"]).eps * held
        assert missing <= LEDGER[mapping["precision"]] * passed[-1] + rounding, (missing, passed)
    for state in states:
        for name in ("phase", "concentration", "electronic_potential", "ionic_potential", "lithiation", "nucleated"):
            assert np.isfinite(np.asarray(getattr(state, name))).all(), f"{name} is not finite"
        assert low <= float(state.phase.min()) and float(state.phase.max()) <= high
        assert float(state.concentration.min()) >= 0
        emptiest, fullest = float(state.lithiation.min()), float(state.lithiation.max())
        assert emptiest >= -build.CURVE_END and fullest <= 1 + build.CURVE_END, (emptiest, fullest)
        assert float(state.nucleated.min()) >= 0 and float(state.nucleated.max()) <= 1 + 1e-6
    return "ran" if refused is None else type(refused).__name__


@pytest.mark.slow
def test_a_run_keeps_its_account_and_its_bounds_or_is_refused():
    became = Counter()

    @settings(
        max_examples=EXAMPLES or 40,
        derandomize=not EXAMPLES,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=bool(EXAMPLES),
    )
    @given(configurations())
    def check(mapping):
        outcome = judge(mapping)
        event(outcome)
        became[outcome] += 1

    check()
    print(dict(became))
    assert became["ran"] > sum(became.values()) / 3, became  # refusing everything would keep every account
