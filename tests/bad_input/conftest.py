"""What every case of bad input is held to: one sentence, no traceback, nothing written."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

from phasefield import config, snapshots
from phasefield.cli import main
from phasefield.units import mAh_per_cm2, um

LONGEST = 900  # characters of a message
SHAPE = (12, 8)  # of a small run


def tree(folder):
    """Every file and folder below a folder, with what the files hold."""
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


def judge(code, out, err, words):
    """Fail where a refusal is not one clear message with these words."""
    assert code not in (0, None), out + err
    assert err.startswith("Error: ") and (out + err).count("Error: ") == 1, out + err
    assert "Traceback" not in out + err
    assert len(err) < LONGEST, err
    for word in words:
        assert word in err, f"'{word}' is not in: {err}"
    assert err.count("\n") == 1 or "things are wrong" in err, err


@pytest.fixture
def refused(tmp_path, monkeypatch, capsys):
    """The function that runs a command which must be refused, and returns the message."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments, words):
        before = tree(tmp_path)
        try:
            code = main(list(arguments))
        except SystemExit as stop:
            code = stop.code
        captured = capsys.readouterr()
        judge(code, captured.out, captured.err, words)
        assert tree(tmp_path) == before, "it left something behind"
        return captured.err

    return run


@pytest.fixture
def refused_process(tmp_path):
    """The same in a process of its own."""

    def run(*arguments, words):
        before = tree(tmp_path)
        command = [sys.executable, "-m", "phasefield.cli", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=tmp_path)
        judge(done.returncode, done.stdout, done.stderr, words)
        assert tree(tmp_path) == before, "it left something behind"
        return done.stderr

    return run


@pytest.fixture
def configs(tmp_path_factory, monkeypatch):
    """A copy of configs/, in which a test may put files of its own."""
    folder = tmp_path_factory.mktemp("user") / "configs"
    shutil.copytree(config.config_folder(), folder)
    monkeypatch.setenv("PHASEFIELD_CONFIGS", str(folder))
    return folder


def write(folder, count=2, phase="llto"):
    """A whole run of two snapshots."""
    folder.mkdir(exist_ok=True)
    path = folder / "run.vtkhdf"
    pore = np.full(SHAPE, 0.5)
    static = {"pore_fraction": pore, "fraction_collector": 0.2 * pore, f"fraction_{phase}": 0.8 * pore}
    metadata = {"host_bottom": 2 * um, "host_top": 8 * um}
    snapshots.create(path, SHAPE, um, static, {"phase": np.float32}, metadata)
    for i in range(count):
        snapshots.append(path, 100.0 * i, i * mAh_per_cm2, {"phase": np.full(SHAPE, 0.1 * i)})
    times = np.linspace(1, 100, 5)
    names = ("time_step", "charge", "potential", "newton_iterations")
    snapshots.append_history(path, {"time": times, **{name: 0.01 * times for name in names}})
    (folder / "measures.json").write_text(json.dumps({"capacity_mAh_cm2": 1.0}))
    return path


@pytest.fixture
def write_run():
    """The function that writes a small run into a folder, and returns the path of its file."""
    return write
