"""The page of a run: whole, self-contained, true to its files, and safe whatever these hold."""

import base64
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest
from invented import MEASURES, NASTY, write_cycled, write_folder

from phasefield.cli import main
from phasefield.cycles import Cycle
from phasefield.report import files, write_report
from phasefield.report.page import render
from phasefield.report.run import cycle_rows


class Page(HTMLParser):
    """Tags with their attributes, and the words, of a page."""

    def __init__(self, path):
        super().__init__()
        self.tags, self.words, self.within = [], [], []
        self.feed(Path(path).read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.within.append(tag)

    def handle_endtag(self, tag):
        if tag in self.within:
            while self.within.pop() != tag:
                pass

    def handle_data(self, data):
        if "style" not in self.within and data.strip():
            self.words.append(" ".join(data.split()))

    @property
    def text(self):
        return " ".join(self.words)

    def addresses(self):
        return [value for _, attributes in self.tags for key, value in attributes.items() if key in ("src", "href")]


@pytest.fixture(scope="module")
def page(a_run):
    return Page(write_report(a_run))


def test_nothing_is_loaded_from_elsewhere_and_nothing_runs(page, a_run):
    assert {tag for tag, _ in page.tags}.isdisjoint({"script", "link", "iframe", "object", "embed", "base", "form"})
    assert page.addresses() and all(each.startswith("data:") for each in page.addresses())
    assert not [key for _, attributes in page.tags for key in attributes if key.startswith("on")]
    text = (a_run / "report.html").read_text()
    assert "url(" not in text and "@import" not in text and str(a_run) not in text


def test_every_figure_and_the_film_are_there_whole(page, a_run):
    pictures = [attributes["src"] for tag, attributes in page.tags if tag == "img"]
    for name in ("summary", "sections", "depth", "potential", "maps"):
        assert files.data_uri(a_run / "figures" / f"{name}.png") in pictures  # drawn, since they were missing
    films = [attributes for tag, attributes in page.tags if tag == "video"]
    assert len(films) == 1 or any(each.startswith("data:image/gif") for each in pictures)
    if films:
        kind, data = films[0]["src"].split(";base64,")
        assert kind == "data:video/mp4" and base64.b64decode(data)[4:8] == b"ftyp"


def test_measures_stand_in_words_with_units(page):
    for words in ("−0.62", "75.5 %", "100.2 mV", "1.1·10⁻⁸", "12 345", "90.0, 80.0, 70.0"):
        assert words in page.text
    for words in ("top-bottom index", "lithium in the lower third of the host", "filling of the pores", "time steps"):
        assert words in page.text
    assert "mostly at the collector" in page.text and "ledger closes" in page.text and "finished" in page.text


def test_the_ledger_adds_up(page):
    after = page.text.partition("Charge ledger")[2]
    lithium, inserted, passed = (
        float(re.search(rf"{words} ([\d.]+)", after)[1]) for words in ("plated", "into the host", "charge passed")
    )
    assert lithium == pytest.approx(4, abs=1e-4) and inserted == 0 and passed == pytest.approx(lithium + inserted)
    assert "1·10⁻⁸ at most during the run" in after


def test_parameters_have_their_sources_and_what_was_set_says_so(page):
    words = page.words
    assert words[words.index("transference_number") :][1:3] == ["0.7", "set for this run"]
    assert words[words.index("porosity") :][1:3] == ["0.46", "A and A-ESI, absorption method"]
    assert "A-ESI = its supplementary information" in page.text


def test_provenance(page):
    for words in (
        "0123456789abcdef",
        "in no commit",
        "jax 0.9",
        "cpu, 2 cores",
        "transference_number=0.7",
        "2026-01-02",
    ):
        assert words in page.text.partition("Where it comes from")[2]


def test_what_a_file_says_never_becomes_html(tmp_path):
    measures = MEASURES | {"host": NASTY, "status": NASTY, "reason": NASTY, "pore_filling": NASTY, NASTY: NASTY}
    config = f"{json.dumps(NASTY)}: {json.dumps(NASTY)}\nhost: {{solid: {json.dumps(NASTY)}, {json.dumps(NASTY)}: 1}}\n"
    more = {"command_line": NASTY, "device": NASTY, "versions": json.dumps({NASTY: NASTY}), "git_commit": NASTY}
    folder = write_folder(tmp_path / "run", measures=measures, config=config, started=NASTY, dtype=NASTY, **more)
    page = Page(write_report(folder))
    assert {tag for tag, _ in page.tags}.isdisjoint({"script"})
    assert not [key for _, attributes in page.tags for key in attributes if key.startswith("on")]
    assert all(each.startswith("data:") for each in page.addresses())
    assert page.text.count("<script>alert(1)</script>") >= 10 and "49" not in re.findall(r"&amp;(\S+)", page.text)


def test_every_template_escapes():
    rows = dict.fromkeys(("number", "name", "link", "report", "status", "reason"), NASTY)
    content = {
        "title": NASTY,
        "counts": {NASTY: 1},
        "overview": NASTY,
        "measure": NASTY,
        "figures": [],
        "shown": 0,
        "varied": [NASTY],
        "heads": [(NASTY, NASTY)],
    }
    text = render("sweep.html", content | {"rows": [rows | {"varied": [NASTY], "measures": [NASTY]}]})
    assert "<script" not in text and text.count("<img") == 1  # the overview's own


def test_status_json_comes_before_measures(tmp_path):
    folder = write_folder(tmp_path / "run")
    (folder / "status.json").write_text(json.dumps({"status": "failed", "reason": "stopped at t = 3 s"}))
    page = Page(write_report(folder, tmp_path / "page.html"))
    assert "stopped at t = 3 s" in page.text and "failed" in page.words and "finished" not in page.words


def test_a_run_file_alone_is_enough(tmp_path):
    folder = write_folder(tmp_path / "run", config="", versions="[", git_commit="", count=1)
    (folder / "measures.json").write_text("{ not json")
    page = Page(write_report(folder / "run.vtkhdf"))
    for words in ("no measures.json", "no history of all four charges", "no configuration", "unknown"):
        assert words in page.text
    assert "video" not in {tag for tag, _ in page.tags}


def test_figures_that_are_there_are_taken_as_they_are(a_run, tmp_path):
    folder = shutil.copytree(a_run, tmp_path / "run")
    own = (folder / "figures/depth.png").read_bytes()
    (folder / "figures/summary.png").write_bytes(own)
    (folder / "figures/maps.png").unlink()
    (folder / "figures/sections.png").unlink()
    page = Page(write_report(folder))
    pictures = [attributes["src"] for tag, attributes in page.tags if tag == "img"]
    assert pictures.count(files.data_uri(folder / "figures/depth.png")) == 2
    assert (folder / "figures/summary.png").read_bytes() == own and (folder / "figures/sections.png").is_file()


def error_of(capsys, *arguments):
    assert main(["report", *map(str, arguments)]) == 1
    text = capsys.readouterr().err
    assert text.startswith("Error: ") and len(text.splitlines()) == 1
    return text


def test_what_cannot_be_reported_is_one_sentence(tmp_path, capsys):
    assert "holds no run" in error_of(capsys, tmp_path)
    assert "does not exist" in error_of(capsys, tmp_path / "gone")
    (tmp_path / "run.vtkhdf").write_text("no run")
    assert "cannot be read" in error_of(capsys, tmp_path)
    assert "no snapshots" in error_of(capsys, write_folder(tmp_path / "empty", count=0))


def test_the_wheel_carries_the_templates():
    builder = pytest.importorskip("hatchling.builders.wheel").WheelBuilder(str(Path(__file__).parents[2]))
    with builder.config.set_build_data({"artifacts": [], "force_include": {}, "build_hooks": ()}):
        carried = {each.distribution_path for each in builder.recurse_included_files()}
    assert {f"phasefield/report/templates/{name}.html" for name in ("base", "run", "sweep")} <= carried


def test_without_ffmpeg_the_film_is_a_gif(a_run, monkeypatch):
    monkeypatch.setattr(files, "has_ffmpeg", lambda: False)
    kind, data = files.film(a_run / "run.vtkhdf").split(";base64,")
    assert kind == "data:image/gif" and base64.b64decode(data)[:6] == b"GIF89a"


def test_the_title_says_what_was_reached(tmp_path):
    assert "LLTO, 4 mAh/cm²" in Page(write_report(write_folder(tmp_path / "run"))).words
    folder = write_folder(tmp_path / "own name", measures={"host": "llto_cnt"}, top=0.5)
    assert "LLTO@CNT, 0.5 mAh/cm²" in Page(write_report(folder)).words


def test_a_run_with_cycles_has_their_table_and_figures(tmp_path):
    write_cycled(tmp_path, cycles=3)
    page = Page(write_report(tmp_path))
    after = page.text.partition("Cycles")[2]
    assert "connected lithium" in after and "Sections after the stripping" in after
    pictures = page.addresses()
    assert all(files.data_uri(tmp_path / f"figures/{name}.png") in pictures for name in files.CYCLING)


def test_many_cycles_are_not_all_in_the_table():
    cycle = Cycle(1, 0, 1, 2, 2.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0, None, None, 0.0, 0.0, None, None, True)
    assert len(cycle_rows([cycle] * 30)) == 30
    rows = cycle_rows([cycle] * 300)
    assert len(rows) == 9 and rows[0][:2] == ["1", "50"] and rows[0][5] == "–"
