"""One GPU a process, with a driver that answers as NVIDIA's does."""

import os
import subprocess
import sys

import pytest

from phasefield import gpus

CLAIM = """
import sys
from phasefield import gpus
try:
    print(*gpus.claim(int(sys.argv[1])), flush=True)
    import os; assert os.environ["CUDA_VISIBLE_DEVICES"].split(",") == gpus.claim()
except gpus.NoGPULeftError as error:
    print(error, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def computer(tmp_path, monkeypatch):
    """One with three GPUs."""
    driver = tmp_path / "nvidia-smi"
    driver.write_text("#!/bin/sh\nprintf 'GPU-a\\nGPU-b\\nGPU-c\\n'\n")
    driver.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


@pytest.fixture
def claim():
    """count -> (what a new process got, how to end it)."""
    started = []

    def start(count=1):
        process = subprocess.Popen([sys.executable, "-c", CLAIM, str(count)], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True)  # fmt: skip
        started.append(process)
        return process.stdout.readline().strip(), process.communicate

    yield start
    for process in started:
        if process.poll() is None:
            process.communicate()


def test_processes_do_not_meet_on_a_gpu_and_leave_it_when_they_end(computer, claim):
    first, leave = claim()
    second, _ = claim(2)
    assert [first, second] == ["GPU-a", "GPU-b GPU-c"]
    refused, _ = claim()
    assert "of the 3 GPUs here 0 are free" in refused and "hydra.launcher.n_jobs=3" in refused
    leave()
    assert claim()[0] == "GPU-a"


def test_only_what_is_allowed_is_taken(computer, claim, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,0")
    assert gpus.visible() == ["GPU-c", "GPU-a"]
    assert [claim()[0] for _ in range(2)] == ["GPU-c", "GPU-a"]
    assert "of the 2 GPUs here 0 are free" in claim()[0]


def test_without_a_driver_there_is_nothing_to_claim(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gpus.visible() == [] and gpus.claim() == []


def test_jax_has_not_started_when_a_run_of_a_sweep_claims():
    """Else CUDA_VISIBLE_DEVICES would come too late. Devices can only be split before JAX has looked at them."""
    program = """if True:
        import jax
        from phasefield.commands import simulate
        from phasefield import config
        config.compose(["grid=quick"])
        jax.config.update("jax_num_cpu_devices", 3)
        assert len(jax.devices("cpu")) == 3
    """
    subprocess.run([sys.executable, "-c", program], check=True)
