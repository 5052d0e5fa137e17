"""A sweep of real runs: its folders, what is run again and what is not, and the table of what was swept."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cases import TINY

from phasefield import status, sweep
from phasefield.cli import main
from phasefield.plotting import style
from phasefield.plotting.sweep import label, sweep_figure
from phasefield.sweep import SweepError

LINE = ["simulate", "--multirun", *TINY, "device=cpu", "host=cnt,cu", "host.porosity=0.46,0.99"]
GOOD = {"host.porosity=0.46,host=cnt", "host.porosity=0.46,host=cu"}
BAD = {"host.porosity=0.99,host=cnt", "host.porosity=0.99,host=cu"}
ROOT = Path(__file__).resolve().parent.parent


def phasefield(*arguments, cwd):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "phasefield.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=environment, timeout=600, check=False)


def check(done, folder):
    """That two runs are finished, two have failed, and all that is said."""
    assert done.returncode == 1 and "Traceback" not in done.stderr, done.stderr
    assert f"{folder}: 2 of 4 runs finished" in done.stderr
    for name in BAD:
        assert f"failed       {name}: host.porosity is 0.99; it must be" in done.stderr
    assert "The same line again goes on with these." in done.stderr


def standings(folder):
    return {str(run.relative_to(folder)): each["status"] for run, each in sweep.standing(folder).items()}


@pytest.mark.slow
def test_one_after_the_other_and_again(tmp_path):
    done = phasefield(*LINE, cwd=tmp_path)
    (folder,) = (tmp_path / "outputs/sweeps").iterdir()
    check(done, folder.relative_to(tmp_path))
    assert folder.name.startswith("host.porosity=0.46,0.99,host=cnt,cu-")
    assert standings(folder) == dict.fromkeys(GOOD, "finished") | dict.fromkeys(BAD, "failed")
    (cut, kept) = (folder / name for name in sorted(GOOD))
    content = json.loads((cut / "status.json").read_text())
    (cut / "status.json").write_text(json.dumps(content | {"status": "running"}))  # as after kill -9
    before = [(path / "run.vtkhdf").stat().st_mtime_ns for path in (cut, kept)]
    assert standings(folder)[cut.name] == "interrupted"

    again = phasefield("simulate", *reversed(LINE[2:]), "--multirun", cwd=tmp_path)  # the same, in another order
    check(again, folder.relative_to(tmp_path))
    after = [(path / "run.vtkhdf").stat().st_mtime_ns for path in (cut, kept)]
    assert after[0] > before[0] and after[1] == before[1]
    assert len(list((tmp_path / "outputs/sweeps").iterdir())) == 1


@pytest.mark.slow
@pytest.mark.parametrize("launch", ["one_node", "slurm_local"])
def test_other_launchers_do_the_same(launch, tmp_path):
    pytest.importorskip("hydra_plugins.hydra_submitit_launcher", reason="needs the extra [sweep]")
    done = phasefield(*LINE, f"launch={launch}", "hydra.sweep.dir=here", cwd=tmp_path)
    check(done, "here")
    assert standings(tmp_path / "here") == dict.fromkeys(GOOD, "finished") | dict.fromkeys(BAD, "failed")


def test_a_folder_is_named_after_what_is_swept():
    assert sweep.folder_name("host=cnt,seed=1") == "host=cnt,seed=1"
    odd = sweep.folder_name("host.image.path=/data/a b.tif,material.cnt.electronic_conductivity_S_m=[1,1]")
    assert "/" not in odd and " " not in odd and len(odd) < 140
    long = {sweep.folder_name("a=1," * 200 + f"b={i}") for i in range(3)}
    assert len(long) == 3 and all(len(name) < 140 for name in long)
    assert sweep.folder_name("", "host=cnt") != sweep.folder_name("", "host=cu")


@pytest.fixture
def runs(tmp_path):
    """Files of a sweep over host, current, conductivity and seed, one of them failed, two without a measure."""
    for host in ("cnt", "llto"):
        for current in (0.5, 5):
            for carbon in ("[0.1,0.1]", "[30,30]"):
                for seed in (0, 1):
                    folder = tmp_path / f"{host}_{current}_{carbon}_{seed}"
                    (folder / ".hydra").mkdir(parents=True)
                    lines = [f"host={host}", "grid=quick", f"protocol.current_density_mA_cm2={current}",
                             f"material.cnt.electronic_conductivity_S_m={carbon}", f"seed={seed}"]  # fmt: skip
                    (folder / ".hydra/overrides.yaml").write_text("".join(f"- {line}\n" for line in lines))
                    index = 0.1 * current + 0.02 * seed + (0.2 if host == "cnt" else -0.3)
                    measures = {"top_bottom_index": index, "pore_filling_by_depth": [0, 1], "host": host, "seed": seed}
                    (folder / "measures.json").write_text(json.dumps(measures))
                    failed = host == "llto" and current == 5 and carbon == "[30,30]"
                    status.write(folder, status.FAILED if failed else status.FINISHED, "starved" if failed else "")
    return tmp_path


CURRENT, CARBON = "protocol.current_density_mA_cm2", "material.cnt.electronic_conductivity_S_m"


def test_table_of_what_was_swept(runs, capsys):
    table = sweep.table(runs)
    assert set(table.swept) == {"host", CURRENT, CARBON, "seed"} and len(table.rows) == 16
    assert table.axes() == ([CURRENT, CARBON], ["host"])
    found = sweep.averaged(table, "top_bottom_index", ["host", CURRENT])
    assert found["cnt", 0.5] == pytest.approx((0.26, 0.02 / 3**0.5, 4))
    assert found["llto", 5.0][2] == 2  # the failed ones are left out
    assert main(["sweep-table", str(runs), "-o", str(runs / "out/t.csv")]) == 0
    assert "2 of 16 runs are not finished" in capsys.readouterr().out
    rows = list(csv.DictReader((runs / "out/t.csv").open()))
    assert len(rows) == 16 and {row[CARBON] for row in rows} == {"0.1", "30.0"}
    assert [row["reason"] for row in rows if row["status"] == "failed"] == ["starved"] * 2
    assert (runs / "out/t_top_bottom_index.png").stat().st_size > 10_000


def drawn(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_a_map_over_two_numbers_a_panel_a_host(runs):
    figure = sweep_figure(sweep.table(runs))
    panels = figure.axes[:2]
    assert [axes.get_title() for axes in panels] == ["CNT", "LLTO"]
    assert panels[0].images[0].get_array().tolist() == pytest.approx(np_grid([[0.26, 0.71], [0.26, 0.71]]))
    assert drawn(figure) == ["+0.26", "+0.71", "+0.26", "+0.71", "−0.24", "+0.21", "−0.24", "×"]
    assert panels[0].get_xlabel() == "Current density (mA/cm²)"


def np_grid(rows):
    return [pytest.approx(row) for row in rows]


def test_lines_over_one_number_and_points_over_none(runs, tmp_path):
    table = sweep.table(runs)
    figure = sweep_figure(table, x=CURRENT)
    legend = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert legend == ["CNT, 0.1", "CNT, 30", "LLTO, 0.1", "LLTO, 30"]
    assert figure.axes[0].get_xscale() == "log"
    style.save(figure, tmp_path / "lines.png")
    hosts = sweep.Table(("host", "seed"), tuple(row for row in table.rows if row[CURRENT] == 0.5))
    figure = sweep_figure(hosts)
    assert [tick.get_text() for tick in figure.axes[0].get_yticklabels()] == ["CNT", "LLTO"]
    assert drawn(figure) == ["0.26", "-0.24"]


@pytest.mark.parametrize(
    "arguments, says",
    [
        (["--measure", "top_botom_index"], "did you mean top_bottom_index?"),
        (["--x", "seed"], "seed is not a swept number; there are protocol.current_density_mA_cm2"),
        (["--x", "host"], "host is not a swept number"),
    ],
)
def test_what_was_not_swept_is_said(runs, arguments, says, capsys):
    assert main(["sweep-table", str(runs), *arguments]) == 1
    assert says in capsys.readouterr().err


def test_a_folder_without_runs(tmp_path):
    with pytest.raises(SweepError, match="holds no runs"):
        sweep.table(tmp_path)


def test_labels_carry_units():
    assert label("host.pore_diameter_um") == "Pore diameter (µm)"
    assert label("material.cnt.electronic_conductivity_S_m") == "Electronic conductivity (S/m)"
    assert label("host.porosity") == "Porosity" and label("steps") == "Steps"
