"""One box on several devices: the same numbers, one program, and no field that travels whole."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from phasefield import sharding, snapshots, status
from phasefield.cli import main
from phasefield.config import compose
from phasefield.experiment import run_experiment

SMALL = ["host=cnt", "grid.dimensions=2", "grid.width_um=16", "protocol.capacity_mAh_cm2=0.02", "device=cpu"]
SOON = [
    "protocol.capacity_mAh_cm2=0.004",
    "protocol.snapshot_every_mAh_cm2=0.001",
    "solver.overpotential_change_mV=40",  # in few steps: two processes may share one core
    "solver.nucleation_fraction=5",
    "solver.dt_first_s=0.01",
]
CUTS = ("slabs", "pencils")
PHASEFIELD = [sys.executable, "-m", "phasefield.cli", "simulate"]


@pytest.fixture(scope="module")
def four():
    script = Path(__file__).with_name("on_devices.py")
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=1500, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_processors_serve_as_devices(four):
    assert four["found"] == 4
    assert "4 devices" in four["device"]


@pytest.mark.parametrize(("cut", "block"), [("slabs", [16, 16, 16]), ("pencils", [32, 8, 16])])
def test_each_device_holds_a_block(four, cut, block):
    assert four[cut]["blocks"] == [block] * 4


@pytest.mark.parametrize("cut", CUTS)
def test_four_devices_give_what_one_gives(four, cut):
    alone, shared = four[cut]["steps"]
    assert alone == shared > 10
    # sums in another order, which a few hundred iterations carry on
    assert max(four[cut]["differences"].values()) < 1e-9, four[cut]["differences"]


@pytest.mark.parametrize("cut", CUTS)
def test_one_program_serves_the_whole_run(four, cut):
    assert four[cut]["programs"] == 1


@pytest.mark.parametrize("cut", CUTS)
def test_devices_exchange_halos_and_sums_only(four, cut):
    moved = four[cut]["collectives"]
    assert moved["collective-permute"] > 0
    assert moved["all-reduce"] > 0
    assert moved["all-gather"] == moved["all-to-all"] == moved["reduce-scatter"] == 0


def test_a_coarse_stencil_sends_a_plane_up_and_one_down(four):
    assert four["stencil"]["collective-permute"] == 2  # through a halo it was one for each of 26 offsets, and more
    assert sum(four["stencil"].values()) == 2


@pytest.mark.parametrize(
    ("devices", "shape", "parts"),
    [
        (1, (80, 32, 32), (1, 1)),
        (4, (80, 16), (4, 1)),  # a section has no depth
        (4, (80, 32, 32), (4, 1)),  # slabs exchange 32 x 32 cells a side, pencils 16 x 32 and 40 x 32
        (64, (128, 4096, 4096), (1, 64)),  # flat: slabs of its height would be two cells thick
        (3, (80, 32, 32), None),
        (32, (80, 16), None),
    ],
)
def test_blocks_are_those_that_exchange_least(devices, shape, parts):
    assert sharding.blocks(devices, shape) == parts


def start_two(folders, *overrides, meanwhile=lambda together: None):
    """(exit code, words) of each of two processes that make a run together; `meanwhile` is given them as they run."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        address = f"localhost:{free.getsockname()[1]}"
    together = [
        subprocess.Popen(
            [*PHASEFIELD, *SMALL, *overrides, "distributed=true", f"hydra.run.dir={folder}"],
            env=os.environ | {
                "JAX_COORDINATOR_ADDRESS": address, "JAX_NUM_PROCESSES": "2", "JAX_PROCESS_ID": str(number)
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for number, folder in enumerate(folders)
    ]  # fmt: skip
    meanwhile(together)
    said = [process.communicate(timeout=1500)[0] for process in together]
    return [process.returncode for process in together], said


def test_a_process_without_a_device_is_refused(tmp_path):
    codes, said = start_two([tmp_path / "first", tmp_path / "second"], "devices=1")
    assert codes == [1, 1], said
    for words in said:
        assert "devices is 1, but 2 processes make this run, and 1 of them" in words
        assert "Traceback" not in words


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """(folders, exit codes, words) of two processes that made one run."""
    root = tmp_path_factory.mktemp("two")
    folders = [root / "first", root / "second"]
    return folders, *start_two(folders, "devices=2", *SOON)


def test_two_processes_make_one_run_and_one_writes(two, tmp_path):
    folders, codes, said = two
    assert codes == [0, 0], said
    assert "2 devices in 2 processes" in said[0]
    assert "cells of" not in said[1]  # no second banner
    assert (folders[0] / "figures").is_dir()
    assert not (folders[1] / "run.vtkhdf").exists()
    run_experiment(compose([*SMALL, *SOON]), tmp_path / "alone", progress=False)
    shared, alone = (snapshots.load(folder) for folder in (folders[0], tmp_path / "alone"))
    for name in ("phase", "concentration", "overpotential"):
        assert np.allclose(shared.field(name, -1), alone.field(name, -1), rtol=1e-6, atol=1e-9), name


def test_a_signal_to_one_of_two_processes_stops_both_and_both_go_on(two, tmp_path):
    def stop_the_second(together):
        while not (tmp_path / "checkpoint.npz").exists() and together[0].poll() is None:
            time.sleep(0.05)
        together[1].send_signal(signal.SIGTERM)

    codes, said = start_two([tmp_path] * 2, "devices=2", *SOON, "checkpoint_every_min=0", meanwhile=stop_the_second)
    assert codes == [75, 75], said
    assert status.read(tmp_path)["status"] == "interrupted"
    cut = len(snapshots.load(tmp_path).times)
    codes, said = start_two([tmp_path] * 2, "devices=2", *SOON)
    assert codes == [0, 0] and "goes on from its checkpoint" in said[0], said
    again, whole = (snapshots.load(each) for each in (tmp_path, two[0][0]))
    assert cut < len(whole.times)
    for name in whole.field_names:
        assert np.array_equal(again.field(name, -1), whole.field(name, -1)), name
    assert all(np.array_equal(again.history[name], values) for name, values in whole.history.items())


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["devices=3"], "devices is 3, but a box of 80 x 16 cells cannot be cut into as many equal blocks; try one of "
         "1, 2, 4, 5, 8, 10, 16, 20, 40"),
        (["devices=0"], "devices is 0; it must be at least 1"),
        (["distributed=true"], "distributed is true, but the processes do not find each other"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said(given, says, capsys, tmp_path):
    assert main(["simulate", *SMALL, *given, f"hydra.run.dir={tmp_path}"]) == 1
    words = capsys.readouterr().err
    assert says in words
    assert "Traceback" not in words
