"""Invented runs, and a folder of them."""

import json

import pytest
from invented import MEASURES, NASTY, write_folder


@pytest.fixture(scope="session")
def a_run(tmp_path_factory):
    """The folder of a 2D run of which one parameter was set."""
    return write_folder(tmp_path_factory.mktemp("one") / "run", ["host=llto", "electrolyte.transference_number=0.7"])


@pytest.fixture(scope="session")
def a_sweep(tmp_path_factory):
    """A folder with runs at two depths: two finished, one failed early, one whose file is no run."""
    folder = tmp_path_factory.mktemp("several") / "sweep"
    write_folder(folder / "cnt seed#1", ["host=cnt"], MEASURES | {"host": "cnt", "top_bottom_index": 0.4})
    write_folder(folder / "deep/er/llto_with_a_long_name", ["host=llto", "seed=2"])
    (folder / "failed").mkdir()
    (folder / "failed/status.json").write_text(json.dumps({"status": "failed", "reason": f"salt used up {NASTY}"}))
    (folder / "junk").mkdir()
    (folder / "junk/run.vtkhdf").write_text("no run")
    (folder / ".hidden").mkdir()
    (folder / ".hidden/measures.json").write_text("{}")
    return folder
