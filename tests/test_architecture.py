"""Imports point downward only, and three libraries stay in their rooms."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "phasefield"

# A module imports from the rows above its own, and a package from itself.
LAYERS = (
    "memory",
    "units arguments config connectivity precision sharding journal interruption status gpus run_checks operators",
    "grid state materials protocol device dead_lithium snapshots sources sweep measures cathode inventory",
    "host solvers xdmf cycles",
    "physics conduction current_distribution impedance plotting",
    "model growth report",
    "diagnostics spectroscopy limits",
    "stepping",
    "stuck",
    "timeline",
    "ensemble",
    "build provenance checkpoint fields",
    "recorder terminal spectra",
    "experiment",
    "runs doctor",
    "commands",
    "cli",
    "__init__",  # what `import phasefield` offers
)
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names.split()}
ALLOWED = {("host", "conduction")}  # within a function: hosts need jax only where their conduction is asked for
ROOMS = {
    "h5py": {"snapshots", "xdmf"},
    "matplotlib": {"plotting"},
    "PIL": {"plotting"},
    "imageio_ffmpeg": {"plotting"},
    "pyvista": {"plotting"},
    "yaml": {"sources", "config"},
    "jinja2": {"report"},
    "hydra": {"config", "commands"},
    "omegaconf": {"config", "commands"},
    "rich": {"terminal"},
    "tifffile": {"host"},
}
FILES = sorted(PACKAGE.rglob("*.py"))


def room(path):
    """Name of the module or package under phasefield/ that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path):
    """(dotted name, whether within a function) of everything a file imports; `from a import b` gives a.b."""
    tree = ast.parse(path.read_text())
    inner = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((name.name, id(node) in inner) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from ((f"{node.module}.{name.name}", id(node) in inner) for name in node.names)


def test_every_module_has_its_place():
    assert {room(path) for path in FILES} - {"_configs"} <= set(LEVEL), "give the new module a row in LAYERS"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_downward(path):
    own = room(path)
    for name, within in imported(path):
        top, *rest = name.split(".")
        other = rest[0] if top == "phasefield" and rest and rest[0] in LEVEL else None
        if other in (None, own) or (within and (own, other) in ALLOWED):
            continue
        assert LEVEL[other] < LEVEL[own], f"{own} imports {other}, which does not lie below it"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_libraries_stay_in_their_rooms(path):
    for name, _ in imported(path):
        library = name.split(".")[0]
        assert room(path) in ROOMS.get(library, {room(path)}), f"{library} belongs to {ROOMS[library]}"


def test_config_imports_nothing_of_ours():
    found = [name for path in (PACKAGE / "config").glob("*.py") for name, _ in imported(path)]
    assert not [name for name in found if name.startswith("phasefield") and not name.startswith("phasefield.config.")]


def test_plotting_never_sees_the_model():
    seen = {name.split(".")[1] for path in (PACKAGE / "plotting").glob("*.py") for name, _ in imported(path)
            if name.startswith("phasefield.")}  # fmt: skip
    assert not seen & {"model", "timeline", "physics", "solvers", "state", "diagnostics"}
