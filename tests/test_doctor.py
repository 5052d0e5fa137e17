"""`phasefield doctor`: every ill it looks for is found, and a computer without any is found healthy."""

import json
import os
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import jax
import pytest

from phasefield import doctor
from phasefield.cli import main
from phasefield.doctor import FAIL, OK, WARNING

ROOT = Path(doctor.__file__).resolve().parent.parent
GPU = "NVIDIA H200, 580.65.06, 0 MiB, 143771 MiB"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Files land in an empty folder."""
    monkeypatch.chdir(tmp_path)


def only(findings):
    (finding,) = findings
    return finding


def fake_driver(monkeypatch, folder, script):
    """An nvidia-smi that does as the shell script says, alone on the path."""
    program = folder / "bin/nvidia-smi"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")


@pytest.mark.slow
def test_a_healthy_computer(capsys, tmp_path):
    assert main(["doctor", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    found = {each["name"]: each for each in report["findings"]}
    assert list(found) == ["python", "packages", "driver", "devices", "memory", "precision", "cache", "output", "run"]
    assert report["healthy"] and found["run"]["verdict"] == OK and "ledger error" in found["run"]["words"]
    assert not list(tmp_path.iterdir())


def test_the_words_for_people_are_one_line_each(capsys):
    assert main(["doctor", "--no-run"]) == 0
    *lines, last = capsys.readouterr().out.splitlines()
    assert [line.split()[0] in (OK, WARNING) for line in lines] == [True] * len(lines) and len(lines) >= 8
    assert "in order" in last or "0 failures" in last


@pytest.mark.parametrize(
    "changed, message",
    [
        ({"ledger_error": 1e-3}, "ledger error 1.0e-03"),
        ({"status": "failed"}, "0.05 mAh/cm2"),
        ({}, "lithium on file off by 1.0e+00"),
    ],
)
def test_a_run_whose_charge_does_not_add_up_is_a_failure(changed, message, capsys, tmp_path, monkeypatch):
    import numpy as np

    from phasefield import snapshots

    def wrong(config, folder, progress):
        path, shape = Path(folder) / "run.vtkhdf", (4, 4)
        snapshots.create(path, shape, 1e-6, {"pore_fraction": np.ones(shape)}, {"phase": np.float32}, {})
        snapshots.append(path, 1.0, 1.0, {"phase": np.full(shape, 0.5 if changed else 0.0)})
        snapshots.append_history(path, {"time": [1.0], "lithium": [2e-6]})
        (Path(folder) / "figures").mkdir()
        (Path(folder) / "figures/a.png").write_bytes(b"")
        measures = {"capacity_mAh_cm2": 0.05, "steps": 3, "ledger_error": 1e-9, "status": "finished"}
        return measures | {"compile_time_s": 1.0, "wall_time_s": 2.0} | changed

    monkeypatch.setattr(doctor, "run_experiment", wrong)
    assert main(["doctor"]) == 1
    line = next(each for each in capsys.readouterr().out.splitlines() if each.split()[1] == "run")
    assert line.startswith(FAIL) and message in line and "report this" in line
    assert not list(tmp_path.iterdir())


def test_a_check_that_breaks_is_a_failure_and_ends_nothing(monkeypatch, tmp_path):
    def broken():
        raise AssertionError

    monkeypatch.setattr(doctor, "memory", broken)
    found = {each.name: each for each in doctor.examine(tmp_path, trial=False)}
    assert doctor._tried("memory", broken) == [doctor.Finding(FAIL, "memory", "AssertionError", "please report this")]
    assert "output" in found


def test_packages_too_old_or_missing_say_what_to_install(monkeypatch):
    needs = [
        "numpy>=99,<100",
        "h5py>=3",
        "no-such-package>=1.2",
        'pyvista>=99 ; extra == "viz3d"',
        'x>=1; extra=="test"',
    ]
    monkeypatch.setattr(doctor.metadata, "requires", lambda _: needs)
    versions = {"numpy": "2.4.6", "h5py": "3.16.0", "pyvista": "0.49", "jaxlib": "0.10.2", "jax-cuda12-plugin": "0.9.0"}
    monkeypatch.setattr(doctor, "_version", versions.get)
    found = {each.words: (each.verdict, each.advice) for each in doctor.packages()}
    assert found == {
        "numpy is 2.4.6; it must be <100,>=99": (FAIL, "pip install 'numpy<100,>=99'"),
        "no-such-package is missing": (FAIL, "pip install 'no-such-package>=1.2'"),
        "pyvista is 0.49; it must be >=99": (WARNING, "pip install 'pyvista>=99'"),
        "jax-cuda12-plugin is 0.9.0, jaxlib 0.10.2": (WARNING, "pip install 'jax-cuda12-plugin==0.10.2'"),
    }
    monkeypatch.setattr(doctor.metadata, "requires", lambda _: ["numpy>=1", 'vtk>=9; extra == "viz3d"'])
    versions.pop("jax-cuda12-plugin")
    assert only(doctor.packages()) == doctor.Finding(OK, "packages", "numpy 2.4.6; optional and not installed: vtk")


@pytest.mark.parametrize(
    "script, verdict, words",
    [
        (f"echo '{GPU}'; echo '{GPU}'", OK, f"{GPU}; {GPU}"),
        ("echo 'NVIDIA-SMI has failed' >&2; exit 9", WARNING, "NVIDIA-SMI has failed"),
        ("exit 9", WARNING, "ends with 9"),
        ("exec sleep 5", WARNING, "does not answer"),
    ],
)
def test_the_driver_in_its_own_words(script, verdict, words, tmp_path, monkeypatch):
    fake_driver(monkeypatch, tmp_path, script)
    monkeypatch.setattr(doctor, "PATIENCE", 0.5)
    finding = only(doctor.driver())
    assert finding.verdict == verdict and words in finding.words and bool(finding.advice) == (verdict != OK)


def test_no_driver_is_no_illness(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert only(doctor.driver()).verdict == OK


@pytest.mark.skipif(jax.default_backend() == "gpu", reason="there is a GPU")
@pytest.mark.parametrize(
    "version, advice",
    [("580.65", "phasefield[cuda13]"), ("550.1", "phasefield[cuda12]"), ("470.2", "update the driver")],
)
def test_a_gpu_that_jax_does_not_use_is_a_warning(version, advice, tmp_path, monkeypatch):
    fake_driver(monkeypatch, tmp_path, f"echo 'NVIDIA H200, {version}, 0 MiB, 143771 MiB'")
    finding = only(doctor.devices())
    assert finding.verdict == WARNING and "although there is a GPU" in finding.words and advice in finding.advice


@pytest.mark.skipif(jax.default_backend() == "gpu", reason="there is a GPU")
def test_jax_platforms_that_are_not_there():
    environment = os.environ | {"JAX_PLATFORMS": "cuda", "PYTHONPATH": str(ROOT)}
    for command, stream in ((["doctor"], "stdout"), (["simulate", "grid=quick"], "stderr")):
        command = [sys.executable, "-m", "phasefield.cli", *command]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 1 and "Traceback" not in done.stdout + done.stderr
        assert "JAX_PLATFORMS is 'cuda'" in getattr(done, stream) and "unset it" in getattr(done, stream)


def test_float32_in_place_of_float64_is_a_failure():
    assert only(doctor.precision()).verdict == OK
    jax.config.update("jax_enable_x64", False)
    try:
        finding = only(doctor.precision())
    finally:
        jax.config.update("jax_enable_x64", True)
    assert finding.verdict == FAIL and "float32" in finding.words


def test_little_memory_is_a_warning(monkeypatch):
    jax.config.update("jax_default_device", jax.devices("cpu")[0])
    monkeypatch.setattr(doctor, "_free_memory", lambda: 1e9)
    assert only(doctor.memory()).verdict == WARNING
    monkeypatch.setattr(doctor, "_free_memory", lambda: 1e11)
    assert only(doctor.memory()).verdict == OK


def test_a_cache_that_cannot_be_written_is_a_warning(tmp_path):
    (tmp_path / "file").write_text("")
    before = jax.config.jax_compilation_cache_dir
    jax.config.update("jax_compilation_cache_dir", str(tmp_path / "file"))
    try:
        finding = only(doctor.cache())
    finally:
        jax.config.update("jax_compilation_cache_dir", before)
    assert finding.verdict == WARNING and "cannot be written" in finding.words
    assert "JAX_COMPILATION_CACHE_DIR" in finding.advice and only(doctor.cache()).verdict == OK


def test_runs_that_cannot_be_written_are_a_failure(tmp_path, monkeypatch):
    assert only(doctor.output(tmp_path / "not/yet/there")).verdict == OK
    (tmp_path / "file").write_text("")
    finding = only(doctor.output(tmp_path / "file"))
    assert finding.verdict == FAIL and "cannot be written" in finding.words
    usage = namedtuple("usage", "total used free")
    for free, verdict in ((1e12, OK), (1e9, WARNING), (1e6, FAIL)):
        monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _, free=free: usage(free, 0, free))
        assert only(doctor.output(tmp_path)).verdict == verdict
