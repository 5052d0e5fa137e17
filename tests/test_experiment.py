"""What a folder may hold when a run comes to it, and trouble with the disk."""

import errno
import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest
from cases import TINY

from phasefield import checkpoint, experiment, journal, recorder, status
from phasefield.config import ConfigError, compose, differences, to_yaml
from phasefield.experiment import run_experiment
from phasefield.interruption import Interrupted
from phasefield.snapshots import SnapshotError, load
from phasefield.status import InUseError


@pytest.fixture(scope="module")
def config():
    return compose([*TINY, "device=cpu", "checkpoint_every_min=0"])


@pytest.fixture(autouse=True)
def no_figures(monkeypatch):
    monkeypatch.setattr(experiment, "plot_run", lambda *arguments: [])
    monkeypatch.setattr(recorder, "LAST_TRIES", ())


def run(config, folder):
    return run_experiment(config, folder, progress=False)


@pytest.fixture(scope="module")
def finished(config, tmp_path_factory):
    folder = tmp_path_factory.mktemp("finished")
    return folder, run(config, folder)


def test_a_finished_run_is_not_run_again(config, finished, monkeypatch):
    folder, result = finished
    before = (folder / "run.vtkhdf").stat().st_mtime_ns
    monkeypatch.setattr(experiment, "_run", lambda *arguments: pytest.fail("it ran"))
    again = run(replace(config, checkpoint_every_min=5.0), folder)
    assert again["capacity_mAh_cm2"] == result["capacity_mAh_cm2"] and again["status"] == "finished"
    assert (folder / "run.vtkhdf").stat().st_mtime_ns == before


def test_another_run_in_the_folder_is_refused_with_the_keys_that_differ(config, finished):
    folder, _ = finished
    other = replace(config, seed=5, host=replace(config.host, porosity=0.5))
    said = r"seed is 0 there and 5 here; host.porosity is 0.46 there and 0.5 here; .*resume=false"
    with pytest.raises(ConfigError, match=said):
        run(other, folder)
    assert status.read(folder)["status"] == "finished"


def test_resume_false_replaces_it(config, tmp_path):
    run(config, tmp_path)
    run(replace(config, resume=False, seed=1), tmp_path)
    assert load(tmp_path).metadata["seed"] == 1


def test_differences_are_named_and_damage_is_said(config):
    assert differences(to_yaml(config), config) == []
    other = replace(config, seed=1, devices=2)
    assert differences(to_yaml(config), other, ("devices",)) == ["seed is 0 there and 1 here"]
    assert differences("[: no yaml", config) == ["its config.yaml is damaged"]
    assert "seed is not given there and 0 here" in differences("precision: float64", config)


def test_a_folder_in_use_is_refused(config, tmp_path):
    holder = subprocess.Popen(
        [sys.executable, "-c", "import sys; from phasefield.status import sole_use\n"
         "with sole_use(sys.argv[1]): print('mine', flush=True); sys.stdin.read()", str(tmp_path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert holder.stdout.readline() == b"mine\n"
    with pytest.raises(InUseError, match="another process is running in"):
        run(config, tmp_path)
    status.write(tmp_path, status.RUNNING)
    assert status.read(tmp_path)["status"] == "running"
    holder.communicate()
    assert status.read(tmp_path)["status"] == "interrupted" and "without a word" in status.read(tmp_path)["reason"]
    run(config, tmp_path)  # and it is free again


def fails(monkeypatch, name, times):
    """Let that function of the journal fail, so often, as on a full disk; how often it did."""
    real, count = getattr(journal.Change, name), []

    def sometimes(self, *arguments):
        if len(count) < times:
            count.append(None)
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(self, *arguments)

    monkeypatch.setattr(journal.Change, name, sometimes)
    return count


def test_a_disk_that_is_full_for_a_while_costs_no_snapshot(config, finished, tmp_path, monkeypatch):
    count = fails(monkeypatch, "_write_journal", 3)
    run(config, tmp_path)
    assert len(count) == 3
    one, other = load(tmp_path), load(finished[0])
    assert (one.times == other.times).all() and (one.field("phase", -1) == other.field("phase", -1)).all()


def test_a_disk_that_stays_full_stops_the_run_and_the_same_line_goes_on(config, finished, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        fails(patch, "_reserve", 10**9)
        with pytest.raises(SnapshotError, match=r"No space left on device.*; the same line goes on"):
            run(config, tmp_path)
    found = status.read(tmp_path)
    assert found["status"] == "failed" and "No space left" in found["reason"]
    run(config, tmp_path)
    one, other = load(tmp_path), load(finished[0])
    assert (one.times == other.times).all() and (one.field("phase", -1) == other.field("phase", -1)).all()


def test_no_room_for_a_checkpoint_is_said_and_ends_nothing(config, tmp_path, monkeypatch, capsys):
    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(checkpoint, "save", full)
    run_experiment(config, tmp_path, progress=True)
    assert "No checkpoint was written: [Errno 28]" in capsys.readouterr().out
    assert json.loads((tmp_path / "status.json").read_text())["status"] == "finished"


def test_a_signal_stops_it_with_a_checkpoint(config, tmp_path, monkeypatch):
    import signal

    save = recorder.Recorder.save

    def save_and_signal(self, snapshot):
        save(self, snapshot)
        if self.on_file == 2:
            os.kill(os.getpid(), signal.SIGUSR1)

    with monkeypatch.context() as patch:
        patch.setattr(recorder.Recorder, "save", save_and_signal)
        with pytest.raises(Interrupted, match="stopped by SIGUSR1; the same line goes on from here"):
            run(replace(config, checkpoint_every_min=1e5), tmp_path)
    assert status.read(tmp_path)["status"] == "interrupted"
    assert checkpoint.present(tmp_path) and len(load(tmp_path).times) == 2
    assert run(config, tmp_path)["status"] == "finished" and not checkpoint.present(tmp_path)
    assert signal.getsignal(signal.SIGUSR1) == signal.SIG_DFL
