"""The command as a user meets it: help, errors, and a run from start to end."""

import json
import subprocess
import sys

import jax
import numpy as np
import pytest
from cases import TINY

from phasefield import diagnostics, timeline
from phasefield.cli import COMMANDS, main
from phasefield.config import groups, options
from phasefield.plotting.nyquist import read_spectra
from phasefield.snapshots import load


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Files land in an empty folder."""
    monkeypatch.chdir(tmp_path)


def error_of(capsys, *arguments):
    """The one error message of a command that fails."""
    assert main(list(arguments)) == 1
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err + captured.out
    assert captured.err.count("Error: ") == 1 and captured.err.startswith("Error: ")
    return captured.err


def test_help_explains_commands_groups_and_overrides(capsys):
    assert main(["--help"]) == main([]) == 0
    text = capsys.readouterr().out
    assert all(f"  {command} " in text for command in COMMANDS) and "--version" in text
    assert main(["simulate", "--help"]) == 0
    text = capsys.readouterr().out
    for group in groups():
        assert group in text and all(option in text for option in options(group))
    assert "host.porosity=" in text and "--multirun" in text


def test_version(capsys):
    import phasefield

    assert main(["--version"]) == 0
    assert capsys.readouterr().out.split() == ["phasefield", phasefield.__version__]


@pytest.mark.parametrize(
    "overrides, expected",
    [
        ("host=copper", "choose from cnt, cu, image, llto, llto_cnt"),
        ("host.porosty=0.4", "did you mean host.porosity?"),
        ("+host.porosty=0.4", "did you mean host.porosity?"),
        ("host.porosity=2", "at most 0.95"),
        ("host.porosity=46", "not per cent"),
        ("host.porosity=high", "must be a number"),
        ("host.porosity", "write key=value"),
        ("host.solid=lto", "did you mean llto?"),
        ("host.coating_thickness_um=3", "kept below the grid"),
        ("host.lithiation.llto=2", "host.lithiation.llto is 2"),
        ("host=image", "host.image.path is not given"),
        ("grid=qick", "did you mean quick?"),
        ("grid.spacing_um=0.5,1", "add --multirun"),
        ("grid.spacing_um=-1", "at least 0.01"),
        ("grid.dimensions=1", "at least 2"),
        ("electrolyte.transference_number=1.5", "at most 1"),
        ("protocol.capacity_mAh_cm2=-1", "above 0"),
        ("protocol.current_density_mA_cm2=0", "no current"),
        ("protocol.steps=[]", "at least one entry"),
        ("seed=one", "a whole number"),
        ("device=cuda", "auto, cpu, gpu"),
        ("precision=float16", "float64, float32"),
        ("solver.dt_first_s=1000", "they must rise"),
        ("experiment=figure_9", "choose from"),
        ("~grid.spacing_um", "grid.spacing_um is missing"),
    ],
)
def test_a_wrong_configuration_is_one_message_and_leaves_nothing_behind(overrides, expected, capsys, tmp_path):
    assert expected in error_of(capsys, "simulate", *overrides.split())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "overrides, expected",
    [
        ("host.particle_diameter_um=[5,30]", "only 20 um wide"),
        ("host.particle_flatness=0.4", "less than two cells"),
        ("grid.width_um=1e5 grid.spacing_um=0.1", "coarser spacing"),
        ("protocol.capacity_mAh_cm2=50", "the box has room for"),
        ("grid.electrolyte_um=500 grid.width_um=500 grid.dimensions=3 grid.spacing_um=0.5", "GB"),
    ],
)
def test_what_cannot_be_built_is_one_message(overrides, expected, capsys):
    assert expected in error_of(capsys, "simulate", *TINY, *overrides.split())


def test_an_image_that_is_not_there(capsys):
    labels = "host.image.labels={0: pore, 1: llto}"
    message = error_of(capsys, "simulate", "host=image", "host.image.path=a.tif", "host.image.voxel_um=1", labels)
    assert "a.tif" in message


@pytest.mark.skipif(jax.default_backend() == "gpu", reason="there is a GPU")
def test_a_gpu_that_is_not_there_says_what_to_install(capsys):
    message = error_of(capsys, "simulate", *TINY, "device=gpu")
    assert 'pip install "phasefield[cuda12]"' in message and "device=cpu" in message


def test_wrong_commands_and_files(capsys, tmp_path):
    assert "did you mean simulate?" in error_of(capsys, "simulat")
    assert "does not exist" in error_of(capsys, "plot", "gone")
    (tmp_path / "run.vtkhdf").write_text("no run")
    assert "run.vtkhdf" in error_of(capsys, "plot", ".")
    assert "gone" in error_of(capsys, "compare", "gone", "gone_too")
    assert "porosity" in error_of(capsys, "host", "host.porosity=3")


def test_a_sweep_reports_each_failed_job(capsys):
    assert main(["simulate", "--multirun", "host.porosity=2,3"]) == 1
    text = capsys.readouterr().err
    assert "host.porosity is 2" in text and "host.porosity is 3" in text and "Traceback" not in text


def test_no_traceback_reaches_the_terminal():
    command = [sys.executable, "-m", "phasefield.cli", "simulate", "host.porosity=2"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and done.stderr.startswith("Error: host.porosity is 2") and done.stdout == ""


def test_host_is_drawn_and_measured(capsys, tmp_path):
    assert main(["host", *TINY, "-o", "drawn"]) == 0
    assert "porosity" in capsys.readouterr().out
    report = json.loads((tmp_path / "drawn/host.json").read_text())
    assert report["porosity"] == pytest.approx(0.46, abs=0.005) and report["ionic_conductivity"] > 0
    assert (tmp_path / "drawn/host.png").stat().st_size > 10_000


def test_impedance_is_measured_drawn_and_written(capsys, tmp_path):
    assert main(["impedance", *TINY, "-o", "measured"]) == 0
    assert "charge transfer Ohm on disc" in capsys.readouterr().out
    folder = tmp_path / "measured"
    assert {path.name for path in folder.iterdir()} == {"impedance.csv", "impedance.json", "nyquist.png"}
    written = json.loads((folder / "impedance.json").read_text())
    assert written["disc_area_cm2"] == pytest.approx(1.131) and written["thickness_um"] == 10
    for measures in written["states"].values():
        wet, dry = measures["two_electrode_wet"], measures["two_electrode_dry"]
        assert wet["electronic_S_m"] == pytest.approx(dry["electronic_S_m"], rel=1e-6)
        assert wet["ionic_S_m"] > dry["ionic_S_m"] > 0
        cell, own = measures["half_cell"], measures["electrode"]
        assert cell["charge_transfer_Ohm_cm2"] > own["charge_transfer_Ohm_cm2"] > 0
    pristine, lithiated = written["states"]["pristine"], written["states"]["lithiated"]
    assert lithiated["two_electrode_dry"]["electronic_S_m"] > pristine["two_electrode_dry"]["electronic_S_m"]
    spectra = read_spectra(folder / "impedance.csv")
    frequency, z = spectra["pristine"]["half_cell"]
    assert frequency[0] == 1e5 and frequency[-1] == pytest.approx(0.1) and (z.imag < 0).all()
    assert spectra["lithiated"]["two_electrode_dry"][0][-1] == 0  # direct current


def test_impedance_of_a_bare_collector_has_nothing_between_plates(capsys, tmp_path):
    assert main(["impedance", *TINY, "host=cu"]) == 0
    assert "nothing is put between two plates" in capsys.readouterr().out
    (measures,) = json.loads((tmp_path / "impedance.json").read_text())["states"].values()
    assert set(measures) == {"electrode", "half_cell"} and measures["electrode"]["charge_transfer_Ohm_cm2"] is None
    assert (tmp_path / "nyquist.png").exists()


@pytest.mark.slow
def test_a_run_from_start_to_end(capsys, tmp_path):
    assert main(["simulate", *TINY, "hydra.run.dir=run"]) == 0
    printed = capsys.readouterr().out
    assert all(word in printed for word in ("device", "cells", "memory", "porosity", "ledger error", "run.vtkhdf"))

    folder = tmp_path / "run"
    measures = json.loads((folder / "measures.json").read_text())
    assert measures["status"] == "finished" and measures["ledger_error"] < 1e-6
    assert measures["capacity_mAh_cm2"] == pytest.approx(0.05)
    assert measures["steps"] > 0 and measures["wall_time_s"] > measures["compile_time_s"] > 0
    assert measures["peak_memory_MB"] > 10

    run = load(folder)
    assert run.capacities / 36e3 == pytest.approx([0, 0.03, 0.05])
    assert run.metadata["seed"] == 0 and "porosity: 0.46" in run.metadata["config"]
    assert {"command_line", "git_commit", "git_dirty", "versions", "device", "dtype", "host_name"} <= set(run.metadata)
    assert len(run.history["time"]) == measures["steps"]
    lithium = (run.static["pore_fraction"] * run.field("phase", -1)).mean(axis=1).sum() * run.spacing
    assert lithium == pytest.approx(0.05 * 4.850e-6, rel=1e-3)  # Faradaic thickness, in float32 on file
    assert list((folder / "figures").glob("*.png"))

    assert main(["plot", "run", "--capacities", "0.05", "-o", "again"]) == 0
    assert (tmp_path / "again/summary.png").exists()
    assert main(["compare", "run", "run", "--labels", "a", "b", "--capacities", "0.05", "--csv", "table.csv"]) == 0
    assert (tmp_path / "comparison.png").exists() and len((tmp_path / "table.csv").read_text().splitlines()) == 3


def test_a_run_that_fails_leaves_whole_files_and_says_why(capsys, tmp_path, monkeypatch):
    def fail(model, state, protocol, control, *, on_snapshot, **course):
        names = diagnostics.HISTORY
        history = {name: np.zeros(0) for name in names}
        on_snapshot(timeline.Snapshot(model, state, state.phase, state.phase, 0.0, history))
        raise timeline.SimulationError("stopped at t = 0 s: the salt is used up")

    monkeypatch.setattr(timeline, "run", fail)
    assert main(["simulate", *TINY, "hydra.run.dir=run"]) == 1
    assert "the salt is used up" in capsys.readouterr().err
    measures = json.loads((tmp_path / "run/measures.json").read_text())
    assert measures["status"] == "failed" and "salt" in measures["reason"]
    assert len(load(tmp_path / "run").times) == 1
