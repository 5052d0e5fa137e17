"""What a reader pastes from docs/ runs as it stands there: the tutorial from start to end, the snippets of files.md."""

import ast
import re
import shlex
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from phasefield import config, snapshots
from phasefield.cli import main
from phasefield.units import mAh_per_cm2, um

ROOT = Path(config.__file__).resolve().parent.parent.parent
TUTORIAL, FILES, README = ROOT / "docs/tutorial.md", ROOT / "docs/files.md", ROOT / "README.md"
COARSE = {
    "spacing_um: 1.0": "spacing_um: 1.25",
    "width_um: 64": "width_um: 20",
}  # of the quick grid, for the time it takes
LEFT_OUT = ["sh install"]  # what the tests themselves were installed with


def blocks(page):
    """(language, text, line) of each fenced block of a page."""
    text = page.read_text()
    for found in re.finditer(r"^```(\w.*)\n((?s:.*?))^```$", text, re.MULTILINE):
        yield found[1], found[2], text.count("\n", 0, found.start()) + 2


def missing(python):
    """The libraries that a block imports and that are not installed."""
    names = [node.names[0].name if isinstance(node, ast.Import) else node.module for node in ast.walk(ast.parse(python))
             if isinstance(node, ast.Import | ast.ImportFrom)]  # fmt: skip
    needed = {name.split(".")[0] for name in names} | ({"h5netcdf"} if "xarray" in names else set())
    return sorted(name for name in needed if find_spec(name) is None)


def run_python(text, page, line, names):
    exec(compile("\n" * (line - 1) + text, str(page), "exec"), names)  # a traceback names the line of the page


def run_shell(text):
    """Each line; `phasefield` is the one under test, in this process."""
    for line in text.splitlines():
        words = shlex.split(line, comments=True)
        if words[:1] == ["phasefield"]:
            assert main(words[1:]) == 0, line
        elif words:
            subprocess.run(line, shell=True, check=True)


def write_yaml(text):
    """A YAML block is the file that its first line names."""
    path = Path(text.splitlines()[0].removeprefix("# "))
    assert path.suffix == ".yaml" and not path.exists(), path
    path.write_text(text)


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A folder with configs/ like the repository's, on a coarser quick grid, in which the commands are run."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    monkeypatch.setenv("PHASEFIELD_CONFIGS", str(tmp_path / "configs"))
    quick = tmp_path / "configs/grid/quick.yaml"
    text = quick.read_text()
    for fine, coarse in COARSE.items():
        assert fine in text
        text = text.replace(fine, coarse)
    quick.write_text(text)
    return tmp_path


@pytest.mark.slow
def test_the_tutorial_runs_from_start_to_end(repository):
    names, absent, seen = {}, set(), []
    for language, text, line in blocks(TUTORIAL):
        seen.append(language)
        if language == "python":
            absent.update(lacking := missing(text))
            if not lacking:
                run_python(text, TUTORIAL, line, names)
        elif language == "yaml":
            write_yaml(text)
        elif language == "sh":
            run_shell(text)
        else:
            assert language in LEFT_OUT, f"{TUTORIAL}:{line}: nothing runs a block of '{language}'"
    assert seen.count("sh install") == 1 and {"sh", "yaml", "python"} <= set(seen)
    assert len(re.findall(r"^## \d+\. ", TUTORIAL.read_text(), re.MULTILINE)) == 10
    assert {path.name for path in (repository / "outputs").glob("*")} >= {"first", "llto", "cnt", "hosts.png", "sweep"}
    if absent:
        pytest.skip(f"all ran but what needs {', '.join(sorted(absent))}, which is not installed")


def test_figures_and_pages_that_the_tutorial_shows_exist():
    shown = re.findall(r"!\[[^]]+\]\(([^)]+)\)", TUTORIAL.read_text())
    assert len(shown) >= 3
    for name in shown:
        path = TUTORIAL.parent / name
        assert path.read_bytes()[:4] == b"\x89PNG" and path.stat().st_size < 200_000, name
    for page in (TUTORIAL, FILES):
        for name in re.findall(r"\]\(([\w./]+)(?:#[\w-]+)?\)", page.read_text()):
            assert (page.parent / name).exists(), name


@pytest.fixture
def run_file(tmp_path, monkeypatch):
    """run.vtkhdf in the present folder: three snapshots of a box whose upper half fills with lithium."""
    monkeypatch.chdir(tmp_path)
    shape = (8, 6, 4)
    full = np.zeros(shape)
    full[4:] = 1
    snapshots.create(
        "run.vtkhdf", shape, um, {"pore_fraction": np.full(shape, 0.5)}, {"phase": "f4"}, {"command_line": ""}
    )
    for i in range(3):
        snapshots.append("run.vtkhdf", 3600.0 * i, i * mAh_per_cm2, {"phase": full * i / 2})
    time = np.arange(5) * 1800.0
    snapshots.append_history("run.vtkhdf", {"time": time, "potential": -1e-6 * time})
    return full


@pytest.mark.parametrize("library", ["phasefield", "xarray", "pyvista", "vtkmodules"])
def test_snippets_of_the_file_page(library, run_file):
    names = {}
    for language, text, line in blocks(FILES):
        first = text.split()[1].split(".")[0]
        if language != "python" or first not in ("phasefield", library):
            continue
        if lacking := missing(text):
            pytest.skip(f"{', '.join(lacking)} not installed")
        run_python(text, FILES, line, names)
    if library == "xarray":
        assert names["fields"].phase.dims == ("time", "z", "y", "x") and names["fields"].phase.units == "1"
        np.testing.assert_array_equal(names["fields"].phase.sel(time=7200, method="nearest"), run_file)
        assert names["history"].potential.min() == pytest.approx(-0.0072)
    elif library == "pyvista":
        np.testing.assert_array_equal(names["mesh"]["phase"], run_file.ravel() / 2)
        assert names["mesh"].dimensions == (5, 7, 9) and "lithium" in names
    elif library == "vtkmodules":
        np.testing.assert_array_equal(names["phase"], run_file)
    else:
        assert names["run"].at(index=-1).phase.max() == 1


def test_the_file_page_names_every_field_and_column():
    page = FILES.read_text()
    for name, quantity in (snapshots.FIELDS | snapshots.HISTORY).items():
        assert f"| `{name}` | {quantity.units} |" in page, name


@pytest.mark.slow
def test_readme_from_python_runs(repository):
    (page,) = [block for block in blocks(README) if block[0] == "python" and "pf.simulate" in block[1]]
    run_python(page[1], README, page[2], {})
