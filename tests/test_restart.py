"""A run that is cut, at any moment and in any way, ends as if it had not been."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest

TESTS = Path(__file__).resolve().parent
RUN = [sys.executable, str(TESTS / "run_to_be_cut.py")]
LONGEST = 300  # s


def start(folder, *writes):
    environment = {**os.environ, "PYTHONPATH": str(TESTS.parent)}
    return subprocess.Popen([*RUN, str(folder), *map(str, writes)], env=environment, stderr=subprocess.PIPE, text=True)


def ended(process):
    """Exit code and what was said."""
    _, said = process.communicate(timeout=LONGEST)
    return process.returncode, said


def contents(path):
    """Every dataset of a run file, and every attribute but those that say when and how it was started."""
    found = {}

    def look(name, item):
        if isinstance(item, h5py.Dataset):
            found[name] = item[()]

    with h5py.File(path, "r") as file:
        file.visititems(look)
        found |= {f"@{key}": value for key, value in file.attrs.items() if key not in ("started", "command_line")}
    return found


def assert_same_run(folder, other):
    here, there = contents(folder / "run.vtkhdf"), contents(other / "run.vtkhdf")
    assert set(here) == set(there)
    for name, values in here.items():
        assert np.array_equal(values, there[name], equal_nan=np.asarray(values).dtype.kind == "f"), name
    timing = {"compile_time_s", "wall_time_s", "peak_memory_MB"}
    here, there = (json.loads((each / "measures.json").read_text()) for each in (folder, other))
    assert {k: v for k, v in here.items() if k not in timing} == {k: v for k, v in there.items() if k not in timing}
    left = {path.name for path in folder.iterdir()} - {".lock", "figures"}
    assert left == {"run.vtkhdf", "measures.json", "status.json", "config.yaml", "cycles.csv"}
    assert (folder / "cycles.csv").read_text() == (other / "cycles.csv").read_text()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Folder of the run that is not cut."""
    folder = tmp_path_factory.mktemp("whole")
    code, said = ended(start(folder))
    assert code == 0, said
    return folder


def is_under_way(folder, since):
    """Whether a checkpoint has been written since then."""
    path = folder / "checkpoint.npz"
    try:
        return path.stat().st_mtime > since
    except FileNotFoundError:
        return False


def wait_for(process, condition):
    begun = time.monotonic()
    while process.poll() is None and not condition():
        assert time.monotonic() - begun < LONGEST, "the run does not get there"
        time.sleep(0.01)


@pytest.mark.slow
def test_killed_in_the_middle_of_ten_writes(whole, tmp_path):
    draw, kills = random.Random(1), 0
    for _ in range(10):
        code, said = ended(start(tmp_path, draw.randint(1, 150)))
        assert code in (0, -signal.SIGKILL), said
        kills += code != 0
    assert kills == 10, "the run was over before"
    code, said = ended(start(tmp_path))
    assert code == 0, said
    assert_same_run(tmp_path, whole)


@pytest.mark.slow
def test_killed_or_stopped_at_ten_moments(whole, tmp_path):
    """SIGKILL at every other of them, and the three signals that are listened to."""
    draw = random.Random(2)
    ways = [signal.SIGKILL, signal.SIGTERM, signal.SIGKILL, signal.SIGINT, signal.SIGKILL, signal.SIGUSR1] * 2
    for way in ways[:10]:
        began = time.time()
        process = start(tmp_path)
        wait_for(process, lambda began=began: is_under_way(tmp_path, began))
        time.sleep(draw.uniform(0, 0.2))
        process.send_signal(way)
        code, said = ended(process)
        assert code != 0, "the run was over before"
        status = json.loads((tmp_path / "status.json").read_text())["status"]
        if way == signal.SIGKILL:
            assert code == -way and status == "running"
        else:
            assert status == "interrupted" and f"stopped by {way.name}" in said
    code, said = ended(start(tmp_path))
    assert code == 0, said
    assert_same_run(tmp_path, whole)
