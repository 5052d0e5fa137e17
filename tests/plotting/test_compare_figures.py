"""Comparisons: shared scales, a row a run, no overlapping text."""

import csv
import io
import json

import numpy as np
import pytest
from test_run_figures import overlapping_texts

from phasefield import snapshots
from phasefield.plotting import compare, compare_runs, style


def load(run_files, *names):
    return [snapshots.load(run_files[name]) for name in names]


@pytest.mark.parametrize("names", [("bottom", "even"), ("flat", "flat"), ("bottom", "flat", "even", "bottom")])
def test_scales_are_shared_and_no_text_overlaps(run_files, names):
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


def test_compare_runs_writes_picture_and_table(run_files, tmp_path):
    folders = [run_files[name].parent for name in ("bottom", "even")]
    for folder in folders:
        (folder / "measures.json").write_text(json.dumps({"steps": 3}))
    paths = compare_runs(folders, tmp_path / "new" / "all.png", tmp_path / "table" / "all.csv", capacities=(2, 4))
    assert [path.name for path in paths] == ["all.png", "all.csv"]
    assert paths[1].read_text() == "run,steps\nbottom,3\neven,3\n"


@pytest.mark.parametrize(("count", "labels"), [(0, []), (1, ["a", "b"])])
def test_labels_must_fit_the_runs(run_files, tmp_path, count, labels):
    with pytest.raises(compare.ComparisonError, match="one label to each"):
        compare_runs([run_files["flat"].parent] * count, tmp_path / "all.png", labels=labels)
