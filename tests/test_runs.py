"""Runs from Python: simulated, loaded, looked at, drawn; and what `import phasefield` costs."""

import copy
import json
import pickle
import subprocess
import sys
from pathlib import Path

import cases
import numpy as np
import pytest

import phasefield as pf
from phasefield import runs, snapshots
from phasefield.config import ConfigError
from phasefield.snapshots import SnapshotError
from phasefield.units import mAh_per_cm2, um

ROOT = Path(pf.__file__).resolve().parent.parent
TINY = cases.TINY[1:]  # the grid is named beside
CAPACITIES = (0.0, 1.0, 2.0, 1.5, 1.0)  # plated, then stripped [mAh/cm2]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Files land in an empty folder."""
    monkeypatch.chdir(tmp_path)


def written(folder, capacities=CAPACITIES):
    """A loaded run file whose phase tells the snapshots apart."""
    path, shape = folder / "run.vtkhdf", (6, 4)
    snapshots.create(path, shape, um, {"pore_fraction": np.full(shape, 0.5)}, {"phase": np.float32}, {})
    for i, capacity in enumerate(capacities):
        snapshots.append(path, 100.0 * i, capacity * mAh_per_cm2, {"phase": np.full(shape, i)})
    return pf.load(path)


def test_a_moment_is_found_by_capacity_time_or_index(tmp_path):
    run = written(tmp_path)
    found = [run.at(capacity=1.1), run.at(time=370.0), run.at(index=-1), run.at(capacity=-0.3)]
    assert [moment.index for moment in found] == [1, 4, 4, 0]
    moment = run.at(capacity=2.0)
    assert (moment.time, moment.capacity) == (200.0, pytest.approx(2.0))
    np.testing.assert_array_equal(moment.phase, np.full((6, 4), 2.0))
    np.testing.assert_array_equal(moment.pore_fraction, np.full((6, 4), 0.5))
    assert {"phase", "pore_fraction", "time"} <= set(dir(moment))


@pytest.mark.parametrize(
    "chosen, message",
    [
        ({"capacity": 3.5}, "holds 0 to 2 mAh/cm2; 3.5 mAh/cm2 lies outside"),
        ({"time": 1e4}, "holds 0 to 400 s"),
        ({"index": 5}, "has 5 snapshots; there is none at 5"),
    ],
)
def test_a_moment_that_is_not_there_is_refused(chosen, message, tmp_path):
    with pytest.raises(SnapshotError, match=message):
        written(tmp_path).at(**chosen)


def test_at_takes_one_of_three(tmp_path):
    run = written(tmp_path)
    for chosen in ({}, {"capacity": 1.0, "index": 0}):
        with pytest.raises(TypeError, match="give one of"):
            run.at(**chosen)
    with pytest.raises(SnapshotError, match="no snapshots yet"):
        written(tmp_path, ()).at(capacity=0.0)


def test_one_snapshot_is_a_run(tmp_path):
    run = written(tmp_path, (0.25,))
    assert run.at(capacity=0.25).index == 0
    with pytest.raises(SnapshotError, match="lies outside"):
        run.at(capacity=0.3)


def test_fields_are_read_when_asked_for_and_named_when_missing(tmp_path):
    run = written(tmp_path)
    moment = run.at(index=0)
    run.path.rename(tmp_path / "moved.vtkhdf")
    with pytest.raises(SnapshotError, match="does not exist"):
        _ = moment.phase
    with pytest.raises(AttributeError, match="no field 'voltage'; it has phase, pore_fraction"):
        _ = moment.voltage
    assert not hasattr(moment, "voltage")


def test_moments_and_runs_are_copied_and_shown_short(tmp_path):
    run = written(tmp_path)
    for moment in (copy.deepcopy(run.at(index=1)), pickle.loads(pickle.dumps(run.at(index=1)))):
        assert moment.phase[0, 0] == 1
    assert "6 x 4 cells, 5 snapshots to 1 mAh/cm2" in repr(run) and len(repr(run)) < 300
    assert "100 s, 1 mAh/cm2" in repr(run.at(index=1))


def test_measures_lie_beside_the_file(tmp_path):
    run = written(tmp_path)
    with pytest.raises(SnapshotError, match=r"measures\.json does not exist"):
        _ = run.measures
    (tmp_path / "measures.json").write_text("{")
    with pytest.raises(SnapshotError, match="cannot be read"):
        _ = run.measures
    (tmp_path / "measures.json").write_text('{"roughness_um": null}')
    assert run.measures == {"roughness_um": None}


def test_a_run_draws_itself(tmp_path):
    run = written(tmp_path, (0.0, 1.0))
    assert {path.name for path in run.plot()} >= {"summary.png", "depth.png"}
    assert (tmp_path / "figures/summary.png").stat().st_size > 5000
    assert all(path.parent == tmp_path / "other" for path in run.plot(tmp_path / "other", capacities=[1.0]))
    run.figure(capacities=[1.0]).savefig(tmp_path / "mine.png")


@pytest.mark.parametrize(
    "asked, message",
    [
        ({"hosts": "cnt"}, "hosts is not a group of configs/; did you mean host?"),
        ({"seed": 3}, r"overrides=\['seed=3'\]"),
        ({"host": "llto_cnnt"}, "did you mean llto_cnt?"),
        ({"host": 3}, "host is 3; it must be one of cnt, cu"),
        ({"overrides": "seed=3"}, r"try overrides=\['seed=3'\]"),
        ({"overrides": ["host.porosty=0.4"]}, "did you mean host.porosity?"),
        ({"experiment": "four_substrates"}, "several runs"),
        ({"grid": "quick", "overrides": ["host.porosity=3"]}, "at most 0.95"),
    ],
)
def test_what_cannot_be_simulated_leaves_nothing_behind(asked, message, tmp_path):
    with pytest.raises(ConfigError, match=message):
        pf.simulate(**asked)
    assert not list(tmp_path.iterdir())


def test_an_experiment_of_one_run_is_no_sweep(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr("phasefield.experiment.run_experiment", lambda config, *_: asked.append(config))
    with pytest.raises(SnapshotError, match="does not exist"):
        pf.simulate(experiment="llto_cnt_4mAh", overrides=["seed=5"])
    assert asked[0].seed == 5 and asked[0].host.name == "llto_cnt"


def test_two_runs_in_one_second_have_two_folders(monkeypatch):
    class Still(runs.datetime):
        @classmethod
        def now(cls):
            return cls(2026, 5, 4, 3, 2, 1)

    monkeypatch.setattr(runs, "datetime", Still)
    names = [str(runs._fresh_folder("cnt")) for _ in range(3)]
    assert names == [f"outputs/2026-05-04/03-02-01_cnt{end}" for end in ("", "_2", "_3")]


@pytest.mark.slow
def test_a_run_from_python(tmp_path, capfd):
    run = pf.simulate(host="llto_cnt", grid="quick", overrides=[*TINY, "seed=3"])
    assert capfd.readouterr() == ("", "")
    assert run.path.parent.parent.parent.resolve() == tmp_path / "outputs"
    assert run.measures["status"] == "finished" and run.measures["ledger_error"] < 1e-6
    assert run.metadata["seed"] == 3 and run.history["ledger_error"].max() == run.measures["ledger_error"]
    moment = run.at(capacity=0.05)
    assert moment.capacity == pytest.approx(0.05)
    lithium = (moment.pore_fraction * moment.phase).mean(axis=1).sum() * run.spacing
    assert lithium == pytest.approx(0.05 * 4.850e-6, rel=1e-3)  # Faradaic thickness, in float32 on file
    assert pf.load(run.path.parent).measures == run.measures

    again = pf.simulate(host="llto_cnt", grid="quick", overrides=[*TINY, "seed=3"], folder="again", progress=True)
    assert "ledger error" in capfd.readouterr().out
    assert again.path == Path("again/run.vtkhdf") and json.loads(Path("again/measures.json").read_text())
    np.testing.assert_array_equal(again.at(index=-1).phase, moment.phase)


def test_importing_brings_neither_hydra_nor_matplotlib():
    heavy = ("hydra", "omegaconf", "matplotlib", "rich", "tifffile")
    program = f"import sys, phasefield; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
