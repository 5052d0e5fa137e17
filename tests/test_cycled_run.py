"""A small run of two cycles: its files say what its fields do, and being cut between the cycles changes nothing."""

import json
import os
import signal
from dataclasses import replace

import numpy as np
import pytest
from cases import TINY

from phasefield import cycles, experiment, recorder, runs
from phasefield.config import compose
from phasefield.experiment import run_experiment
from phasefield.interruption import Interrupted

CYCLED = ["host=cnt", *TINY, "protocol=plate_strip", "protocol.cycles=2", "protocol.capacity_mAh_cm2=0.05"]


@pytest.fixture(scope="module", autouse=True)
def no_figures():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(experiment, "plot_run", lambda *arguments: [])
        yield


@pytest.fixture(scope="module")
def config():
    return compose([*CYCLED, "device=cpu", "checkpoint_every_min=0"])


@pytest.fixture(scope="module")
def folder(config, tmp_path_factory):
    folder = tmp_path_factory.mktemp("cycled")
    run_experiment(config, folder, progress=False)
    return folder


def test_the_file_says_what_the_run_wrote(folder):
    run = runs.load(folder)
    assert [cycle.complete for cycle in run.cycles] == [True, True]
    assert (folder / "cycles.csv").read_text() == cycles.table(run.cycles)
    assert {name: run.measures[name] for name in cycles.summary(run.cycles)} == cycles.summary(run.cycles)
    assert max(cycle.closure_error for cycle in run.cycles) < 1e-6
    assert all(cycle.plated == pytest.approx(0.05 * 36e3, rel=1e-5) for cycle in run.cycles)


def test_marks_and_measures_are_of_the_same_lithium(folder):
    run = runs.load(folder)
    last = run.at(index=-1)
    dead = float(np.sum(last.pore_fraction * last.phase * last.dead_lithium) * run.spacing / run.shape[-1])
    assert run.measures["dead_um"] == pytest.approx(dead * 1e6, rel=1e-5, abs=1e-12)
    assert set(np.unique(last.dead_lithium)) <= {0, 1}


def test_a_run_that_is_cut_between_its_cycles_writes_the_same(folder, config, tmp_path, monkeypatch):
    whole, save = runs.load(folder), recorder.Recorder.save
    first = int(np.argmin(np.abs(whole.times - whole.cycles[0].end))) + 1

    def save_and_signal(self, snapshot):
        save(self, snapshot)
        if self.on_file == first + 1:
            os.kill(os.getpid(), signal.SIGUSR1)

    with monkeypatch.context() as patch:
        patch.setattr(recorder.Recorder, "save", save_and_signal)
        with pytest.raises(Interrupted):
            run_experiment(replace(config, checkpoint_every_min=1e5), tmp_path, progress=False)
    (row, *more) = (tmp_path / "cycles.csv").read_text().splitlines()[1:]
    assert row == (folder / "cycles.csv").read_text().splitlines()[1] and not more
    run_experiment(config, tmp_path, progress=False)
    assert (tmp_path / "cycles.csv").read_text() == (folder / "cycles.csv").read_text()
    mine, other = (json.loads((each / "measures.json").read_text()) for each in (tmp_path, folder))
    assert {k: v for k, v in mine.items() if "time" not in k and "memory" not in k} == {
        k: v for k, v in other.items() if "time" not in k and "memory" not in k
    }
