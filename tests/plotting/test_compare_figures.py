"""Comparisons: shared scales, a row a run, no overlapping text."""

import csv
import io
import json
import runpy
from pathlib import Path

import numpy as np
import pytest

from phasefield import snapshots
from phasefield.plotting import compare, compare_runs, style

SCRIPTS = Path(__file__).parents[2] / "scripts"


def load(run_files, *names):
    return [snapshots.load(run_files[name]) for name in names]


@pytest.mark.parametrize("names", [("flat", "flat"), ("bottom", "flat", "even", "bottom")])
def test_scales_are_shared_and_no_text_overlaps(run_files, overlapping_texts, names):
    figure = compare.compare_figure(load(run_files, *names), names, capacities=(1, 2, 4))
    assert overlapping_texts(figure) == []
    rows = np.array(figure.axes).reshape(len(names), 5)  # three sections, depth, potential
    for column in rows.T:
        assert len({axes.get_xlim() for axes in column}) == 1 and len({axes.get_ylim() for axes in column}) == 1
    assert {axes.get_ylim() for axes in rows[:, :4].ravel()} == {rows[0, 0].get_ylim()}
    assert rows[-1, 3].get_xlabel() == style.FILLING and rows[-1, 4].get_xlabel() == style.CAPACITY
    assert all("(mV)" in axes.get_ylabel() for axes in rows[:, 4])


def test_a_capacity_that_was_not_reached_says_so(run_files):
    figure = compare.compare_figure(load(run_files, "bottom"), ["short"], capacities=(1, 6))
    assert [t.get_text() for t in figure.axes[1].texts] == ["not reached;\nnearest is\n4.00"]
    assert not figure.axes[1].images and figure.axes[0].images


def test_the_table_has_a_header_and_a_row_a_run():
    measures = [{"ledger_error": 1e-9, "pore_filling_by_depth": [0.1, 0.2]}, {"ledger_error": None, "steps": 7}]
    rows = list(csv.DictReader(io.StringIO(compare.measures_table(measures, ["Cu", "CNT, thick"]))))
    assert [row["run"] for row in rows] == ["Cu", "CNT, thick"]
    assert rows[0]["pore_filling_by_depth_1"] == "0.2" and rows[0]["steps"] == ""
    assert rows[1]["steps"] == "7" and rows[1]["ledger_error"] == ""


def test_the_script_writes_picture_and_table(run_files, tmp_path, monkeypatch):
    folders = [run_files[name].parent for name in ("bottom", "even")]
    for folder in folders:
        (folder / "measures.json").write_text(json.dumps({"steps": 3}))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["compare.py", *map(str, folders)])
    runpy.run_path(str(SCRIPTS / "compare.py"))
    assert (tmp_path / "comparison.png").stat().st_size > 2000
    assert (tmp_path / "comparison.csv").read_text() == "run,steps\nbottom,3\neven,3\n"


def test_missing_measures_are_named(run_files, tmp_path):
    with pytest.raises(compare.ComparisonError, match=r"measures\.json cannot be read"):
        compare_runs([run_files["flat"].parent], tmp_path / "all.png", tmp_path / "all.csv")


@pytest.mark.parametrize(("count", "labels"), [(0, []), (1, ["a", "b"])])
def test_labels_must_fit_the_runs(run_files, tmp_path, count, labels):
    with pytest.raises(compare.ComparisonError, match="one label to each"):
        compare_runs([run_files["flat"].parent] * count, tmp_path / "all.png", labels=labels)
