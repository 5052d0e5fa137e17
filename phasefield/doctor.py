"""What a computer has for a run and what it lacks, one finding after the other, each with what to do."""

import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from packaging.requirements import Requirement

import phasefield
from phasefield import build, device, snapshots
from phasefield.config import ConfigError, compose, config_folder
from phasefield.experiment import run_experiment

OK, WARNING, FAIL = "OK", "warning", "FAIL"

LITTLE_DISK, NO_DISK = 5e9, 2e8  # bytes: some runs of the default grid; less than one
LITTLE_MEMORY = 2e9  # bytes that JAX takes to compile
PATIENCE = 15.0  # s for nvidia-smi
LEDGER = 1e-6  # charge stored against charge passed, in float64
OLDEST_DRIVER = {"cuda13": 580, "cuda12": 525}  # of the CUDA that each extra brings
TRIAL = [
    "host=llto_cnt",
    "grid=quick",
    "grid.spacing_um=1.25",
    "grid.width_um=20",
    "grid.electrolyte_um=5",
    "host.thickness_um=10",
    "protocol.capacity_mAh_cm2=0.05",
    "protocol.snapshot_every_mAh_cm2=0.03",
]


@dataclass(frozen=True)
class Finding:
    """One line of the report: OK, warning or FAIL, what was looked at, what was found, and what to do about it."""

    verdict: str
    name: str
    words: str
    advice: str = ""


def examine(folder: Path, trial: bool = True) -> Iterator[Finding]:
    """The findings, each as soon as it is there; none of them raises.

    Args: folder: where runs shall land. trial: whether to make a short run at the end.
    """
    yield from _tried("python", python)
    yield from _tried("packages", packages)
    yield from _tried("driver", driver)
    usable = True
    for finding in _tried("devices", devices):
        usable &= finding.verdict != FAIL
        yield finding
    if usable:
        yield from _tried("memory", memory)
        yield from _tried("precision", precision)
    yield from _tried("cache", cache)
    yield from _tried("output", lambda: output(folder))
    if trial and usable:
        yield from _tried("run", lambda: short_run(folder))
    elif trial:
        yield Finding(FAIL, "run", "not tried without a device")


def _tried(name: str, check: Callable[[], list[Finding]]) -> list[Finding]:
    """The findings of a check; whatever it raises is a finding too, since a doctor must not fall ill."""
    try:
        return check()
    except Exception as error:
        return [Finding(FAIL, name, f"{type(error).__name__}: {error}".rstrip(": "), "please report this")]


# ---------------------------------------------------------------- what is installed


def python() -> list[Finding]:
    """Python, phasefield, and whether its configurations are there."""
    words = f"{platform.python_version()}, phasefield {phasefield.__version__} in {Path(phasefield.__file__).parent}"
    try:
        return [Finding(OK, "python", f"{words}, configurations in {config_folder()}")]
    except ConfigError as error:
        return [Finding(FAIL, "python", words, str(error))]


def packages() -> list[Finding]:
    """Installed versions against the least that are needed; optional packages are no loss."""
    try:
        requirements = [Requirement(each) for each in metadata.requires("phasefield") or ()]
    except metadata.PackageNotFoundError:
        return [Finding(WARNING, "packages", "phasefield is not installed, only found", "pip install phasefield")]
    needed = [each for each in requirements if not each.marker or each.marker.evaluate({"extra": ""})]
    optional = [
        each
        for each in requirements
        if each not in needed and any(each.marker.evaluate({"extra": extra}) for extra in ("viz3d", "sweep"))
    ]
    found, findings = [], []
    for each in [*needed, *optional]:
        version = _version(each.name)
        if version is not None and each.specifier.contains(version, prereleases=True):
            found.append(f"{each.name} {version}")
        elif version is not None:
            verdict = FAIL if each in needed else WARNING
            words = f"{each.name} is {version}; it must be {each.specifier}"
            findings.append(Finding(verdict, "packages", words, f"pip install '{each.name}{each.specifier}'"))
        elif each in needed:
            advice = f"pip install '{each.name}{each.specifier}'"
            findings.append(Finding(FAIL, "packages", f"{each.name} is missing", advice))
    absent = [each.name for each in optional if _version(each.name) is None]
    words = ", ".join(found) + (f"; optional and not installed: {', '.join(absent)}" if absent else "")
    return [*findings, *_plugins()] or [Finding(OK, "packages", words)]


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _plugins() -> list[Finding]:
    """A warning for each CUDA plugin of JAX of another version than its library."""
    library = _version("jaxlib")
    found = {f"jax-{extra}-plugin": _version(f"jax-{extra}-plugin") for extra in OLDEST_DRIVER}
    return [
        Finding(WARNING, "packages", f"{name} is {version}, jaxlib {library}", f"pip install '{name}=={library}'")
        for name, version in found.items()
        if version not in (None, library)
    ]


# ---------------------------------------------------------------- what it runs on


def driver() -> list[Finding]:
    """The NVIDIA driver, as nvidia-smi tells it."""
    if shutil.which("nvidia-smi") is None:
        return [Finding(OK, "driver", "no nvidia-smi, so no NVIDIA GPU: runs use the processor")]
    query = ["nvidia-smi", "--query-gpu=name,driver_version,memory.used,memory.total", "--format=csv,noheader"]
    try:
        answer = subprocess.run(query, capture_output=True, text=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return [Finding(WARNING, "driver", "nvidia-smi does not answer", "restart the computer, or ask who runs it")]
    if answer.returncode or not answer.stdout.strip():
        words = " ".join((answer.stdout + answer.stderr).split()) or f"nvidia-smi ends with {answer.returncode}"
        return [Finding(WARNING, "driver", words, "no GPU can be used until nvidia-smi lists it")]
    return [Finding(OK, "driver", "; ".join(answer.stdout.strip().splitlines()))]


def _driver_version() -> int | None:
    """First part of the driver's version, None where there is no GPU."""
    line = driver()[0]
    fields = line.words.split("; ")[0].split(", ")
    return int(fields[1].split(".")[0]) if line.verdict == OK and len(fields) == 4 else None


def devices() -> list[Finding]:
    """What a run uses with device=auto."""
    try:
        words = device.prepare("auto")
    except ConfigError as error:
        return [Finding(FAIL, "devices", "JAX finds no device", str(error))]
    version, count = _driver_version(), len(device.chosen(2**16))
    words += f" ({count} devices)" if count > 1 else ""
    if version is None or words.startswith("gpu"):
        return [Finding(OK, "devices", words)]
    fitting = [extra for extra, oldest in OLDEST_DRIVER.items() if version >= oldest]
    advice = f'pip install "phasefield[{fitting[0]}]"' if fitting else "update the driver to 525 or later"
    asked = f"JAX_PLATFORMS is '{asked}': unset it, or " if (asked := os.environ.get("JAX_PLATFORMS")) else ""
    return [Finding(WARNING, "devices", f"{words}, although there is a GPU", asked + advice)]


def memory() -> list[Finding]:
    """Memory of the device, and whether the default run has room in it."""
    there, free = device.available_memory(), _free_memory()
    needed = build.memory_estimate(compose())
    if there is None:
        return [Finding(OK, "memory", f"not known; the default run needs about {needed / 1e9:.2g} GB")]
    words = f"{there / 1e9:.3g} GB" + (f", {free / 1e9:.3g} GB of it free" if free is not None else "")
    words += f"; the default run needs about {needed / 1e9:.2g} GB"
    if (there if free is None else free) < max(needed, LITTLE_MEMORY):
        return [Finding(WARNING, "memory", words, "end what else runs here, or use grid=quick or precision=float32")]
    return [Finding(OK, "memory", words)]


def _free_memory() -> float | None:
    """Memory of the device that nothing uses [bytes]; None where it is not known."""
    if jax.config.jax_default_device.platform != "cpu":
        known = jax.config.jax_default_device.memory_stats() or {}
        return known["bytes_limit"] - known["bytes_in_use"] if {"bytes_limit", "bytes_in_use"} <= set(known) else None
    try:
        rows = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
        return 1024.0 * int(rows["MemAvailable"].split()[0])
    except (OSError, KeyError, ValueError):
        return None


def precision() -> list[Finding]:
    """Whether float64 is float64 on the device."""
    small = 2.0**-40  # lost beside 1 in float32
    values = jax.jit(lambda x: (1 + x) - 1)(jnp.asarray([small]))
    if values.dtype == np.float64 and float(values[0]) == small:
        return [Finding(OK, "precision", "float64 holds on the device; precision=float32 halves the memory")]
    advice = "something sets jax_enable_x64 to false: import phasefield before other users of JAX"
    return [Finding(FAIL, "precision", f"float64 comes out as {values.dtype}", advice)]


# ---------------------------------------------------------------- where files go


def cache() -> list[Finding]:
    """The folder of compiled programs."""
    device.keep_compiled_programs()
    folder = jax.config.jax_compilation_cache_dir
    advice = "set JAX_COMPILATION_CACHE_DIR to a folder that can be written"
    if not folder or not jax.config.jax_enable_compilation_cache:
        return [Finding(WARNING, "cache", "compiled programs are not kept, so each start compiles again", advice)]
    if trouble := _trouble_in(Path(folder)):
        return [Finding(WARNING, "cache", f"each start compiles again: {trouble}", advice)]
    kept = [path.stat().st_size for path in Path(folder).glob("*") if path.is_file()]
    return [Finding(OK, "cache", f"{folder}, {sum(kept) / 1e6:.0f} MB of compiled programs")]


def output(folder: Path) -> list[Finding]:
    """Whether runs can be written, and how much room they have."""
    here = _existing(folder)
    if trouble := _trouble_in(here):
        return [Finding(FAIL, "output", trouble, "change to a folder of yours, or give one with hydra.run.dir=FOLDER")]
    free = shutil.disk_usage(here).free
    verdict = OK if free > LITTLE_DISK else WARNING if free > NO_DISK else FAIL
    advice = "" if verdict == OK else "make room, or save less often: protocol.snapshot_every_mAh_cm2=1"
    return [Finding(verdict, "output", f"{folder.absolute()}, {free / 1e9:.3g} GB free", advice)]


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    folder = folder.absolute()
    return next(each for each in (folder, *folder.parents) if each.exists())


def _trouble_in(folder: Path) -> str:
    """Why nothing can be written in a folder; empty where it can."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"0")
            file.flush()
    except OSError as error:
        return f"{folder} cannot be written ({error.strerror or error})"
    return ""


# ---------------------------------------------------------------- whether it works


def short_run(folder: Path) -> list[Finding]:
    """A run in two dimensions, written where runs shall land: whether its charge adds up and its file reads back."""
    here = _existing(folder)
    advice = "please report this with the output of `phasefield doctor --json`"
    with tempfile.TemporaryDirectory(prefix=".phasefield-doctor-", dir="" if _trouble_in(here) else here) as place:
        measures = run_experiment(compose(TRIAL), place, progress=False)
        run = snapshots.load(place)
        drawn = len(list(Path(place).glob("figures/*.png")))
        lithium = float((run.static["pore_fraction"] * run.field("phase", -1)).mean(axis=1).sum() * run.spacing)
        stored = abs(lithium / float(run.history["lithium"][-1]) - 1)
    ledger = measures["ledger_error"]
    words = (
        f"{measures['capacity_mAh_cm2']:g} mAh/cm2 in {measures['steps']} steps, ledger error {ledger:.1e} (at most "
        f"{LEDGER:g}), lithium on file off by {stored:.1e}; compiled in {measures['compile_time_s']:.1f} s, "
        f"{measures['wall_time_s']:.1f} s in all"
    )
    if not (ledger < LEDGER and stored < 1e-3 and measures["status"] == "finished"):
        return [Finding(FAIL, "run", words, advice)]
    if not drawn:
        return [Finding(WARNING, "run", f"{words}; no figures were drawn", "pip install --force-reinstall matplotlib")]
    return [Finding(OK, "run", words)]
