"""The page of several runs: all of them found, told apart, linked and compared; what failed says why."""

import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from invented import NASTY, write_folder

from phasefield.cli import main
from phasefield.config import compose, to_dict
from phasefield.report import sweep, write_report


@pytest.fixture(scope="module")
def text(a_sweep):
    return write_report(a_sweep).read_text(encoding="utf-8")


def links(text):
    return [unquote(each) for each in re.findall(r'href="([^"]*)"', text)]


def test_runs_are_found_at_any_depth_in_order(a_sweep, tmp_path):
    names = [each.relative_to(a_sweep).as_posix() for each in sweep.find_runs(a_sweep)]
    assert names == ["cnt seed#1", "deep/er/llto_with_a_long_name", "failed", "junk"]
    for name in ("10", "9", "1"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "status.json").write_text("{}")
    assert [each.name for each in sweep.find_runs(tmp_path)] == ["1", "9", "10"]
    assert sweep.find_runs(tmp_path / "1") == []  # itself is no folder of runs


def test_links_are_relative_and_lead_to_the_runs(text, a_sweep):
    found = set(links(text))
    assert found and all((a_sweep / each).is_dir() for each in found) and len(found) == 4
    assert str(a_sweep) not in text and str(a_sweep.parent) not in text


def test_links_start_from_where_the_page_is(a_sweep, tmp_path, capsys):
    page = tmp_path / "pages/all.html"
    assert main(["report", str(a_sweep), "-o", str(page)]) == 0 and "all.html" in capsys.readouterr().out
    assert all((page.parent / each).is_dir() for each in links(page.read_text()))


def test_a_folder_name_is_no_address(tmp_path):
    address = sweep.link(tmp_path / "javascript:alert(1)", tmp_path / "report.html")
    assert address == "./javascript%3Aalert%281%29"


def test_what_went_wrong_is_told_and_harmless(text):
    assert "1 failed" in text and "salt used up" in text and "2 finished" in text
    assert "<script" not in text and "{{ 7*7 }}" in text
    assert "run.vtkhdf cannot be read" in text
    assert NASTY not in text


def test_table_has_a_row_a_run_and_what_differs(text):
    table = text.partition('<table class="runs">')[2].partition("</table>")[0]
    head, *rows = table.split("<tr>")[1:]
    assert len(rows) == 4
    assert "<small>host</small><code>name</code>" in head and "<code>seed</code>" in head and "<code>solid" not in head
    assert "top-bottom index" in head and "µm" not in head and "nine layers" not in head
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", row, re.S) for row in rows]
    assert len({len(each) for each in cells}) == 1 and len(cells[0]) == head.count("<th")
    assert "+0.40" in cells[0] and "−0.62" in cells[1] and "cnt" in cells[0] and "llto" in cells[1]


def test_the_comparison_shows_what_can_be_read(text, a_sweep, tmp_path, monkeypatch):
    assert text.count('<img src="data:image/png;base64,') == 1
    drawn = []

    def draw(folders, picture, table, capacities, labels):
        drawn.append((labels, capacities))
        Path(picture).write_bytes(b"picture")

    monkeypatch.setattr(sweep, "compare_runs", draw)
    runs = [sweep._read(i, each, a_sweep) for i, each in enumerate(sweep.find_runs(a_sweep), 1)]
    sweep.comparison(runs)
    assert drawn == [(["run 1", "run 2"], [1, 2, 4])]
    drawn.clear()
    sweep.comparison(runs[:1])
    assert drawn == [(["cnt seed#1"], [1, 2, 4])]
    drawn.clear()
    assert len(sweep.comparison(runs[:1] * 50)) == 6
    assert [len(labels) for labels, _ in drawn] == [6] * 6  # the first 36
    assert sweep.comparison(runs[2:]) == []


@pytest.mark.parametrize(
    "overrides, expected",
    [
        ([["seed=1"], ["seed=2"]], ["seed"]),
        ([["host.porosity=0.5"], []], ["host.porosity"]),
        ([["protocol.capacity_mAh_cm2=1"], []], ["protocol.capacity_mAh_cm2"]),
        ([["host=cnt"], ["host=llto"]], ["host.name"]),
        ([["seed=1"], ["seed=1"]], []),
    ],
)
def test_what_differs(overrides, expected):
    assert sweep.differing([to_dict(compose(each)) for each in overrides] + [{}]) == expected


def test_a_run_with_a_page_of_its_own_is_linked_to_it(tmp_path):
    folder = write_folder(tmp_path / "all" / "one")
    (folder / "report.html").write_text("page")
    assert "./one/report.html" in links(write_report(tmp_path / "all").read_text())
