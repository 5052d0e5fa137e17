"""A wheel, installed where the repository is not: it carries its configurations, and its command runs with them."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import jax
import pytest
from cases import TINY

pytest.importorskip("hatchling", reason="hatchling builds the wheel; pip install '.[test]'")

ROOT = Path(__file__).resolve().parent.parent


def run(*command, cwd, **changed):
    """What a command printed, without the repository in its environment."""
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    done = subprocess.run(list(map(str, command)), cwd=cwd, env=environment | changed, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def scripts(tmp_path_factory):
    """Commands of a fresh environment with the wheel in it and the libraries of this one; nothing is fetched."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    run(*pip, "wheel", ROOT, "--no-deps", "--no-build-isolation", "--no-index", "-w", folder / "built", cwd=folder)
    (wheel,) = (folder / "built").glob("phasefield-*.whl")
    run(sys.executable, "-m", "venv", "--without-pip", folder / "venv", cwd=folder)
    names = {"base": str(folder / "venv"), "platbase": str(folder / "venv")}
    scripts, packages = (Path(sysconfig.get_path(kind, "venv", names)) for kind in ("scripts", "purelib"))
    run(*pip, "--python", scripts / "python", "install", "--no-deps", "--no-index", wheel, cwd=folder)
    # a path in a .pth file is searched, but .pth files there are not: an editable install of the repository stays out
    (packages / "libraries.pth").write_text(f"{sysconfig.get_path('purelib')}\n{sysconfig.get_path('platlib')}\n")
    (packages / "configs").mkdir()
    (packages / "configs/main.yaml").write_text("another: package\n")
    return scripts


def test_the_wheel_holds_code_configurations_and_licence(scripts):
    program = """if True:
        import phasefield
        from importlib.metadata import files
        from phasefield.config import compose, config_folder
        compose(["host=cnt"])
        print(phasefield.__file__, config_folder(), *[file for file in files("phasefield")], sep="\\n")
    """
    package, configs, *files = run(scripts / "python", "-c", program, cwd=scripts).split("\n")
    assert not Path(package).is_relative_to(ROOT) and Path(configs) == Path(package).parent / "_configs"
    yaml = {str(path.relative_to(ROOT / "configs")) for path in (ROOT / "configs").rglob("*.yaml")}
    assert yaml == {each.split("_configs/")[1] for each in files if each.endswith(".yaml")} and yaml
    code = {str(path.relative_to(ROOT)) for path in (ROOT / "phasefield").rglob("*.py")}
    assert code == {each for each in files if each.endswith(".py")}
    assert any(each.endswith("LICENSE") for each in files)
    assert not [each for each in files if each.startswith(("tests", "scripts", "benchmarks", "docs", "outputs"))]


@pytest.mark.slow
def test_its_command_runs_in_an_empty_folder(scripts, tmp_path):
    cache = {
        "JAX_COMPILATION_CACHE_DIR": str(jax.config.jax_compilation_cache_dir),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.3",
    }
    printed = run(scripts / "phasefield", "simulate", *TINY, "hydra.run.dir=run", cwd=tmp_path, **cache)
    assert "ledger error" in printed
    assert {"run.vtkhdf", "measures.json", "config.yaml", "figures"} <= {path.name for path in tmp_path.glob("run/*")}
    assert "lithium" in run(scripts / "phasefield", "simulate", "--help", cwd=tmp_path)
