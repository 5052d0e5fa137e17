"""Settings of every test: a cache of compiled programs, the `gpu` marker."""

import gc
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import jax
import pytest

import phasefield  # noqa: F401  float64 before the first array

CACHE = Path(os.environ.get("PHASEFIELD_TEST_CACHE", Path(tempfile.gettempdir()) / f"phasefield-tests-{os.getuid()}"))


# a fifth of the time to compile; runs take two to three times as long
UNPOLISHED = ("--xla_backend_optimization_level=0", "--xla_cpu_use_fusion_emitters=false")


def known(flag):
    """Whether this XLA knows a flag; it ends a process that gives it one it does not."""
    environment = os.environ | {"XLA_FLAGS": flag}
    command = [sys.executable, "-c", "import jax; jax.devices()"]
    return subprocess.run(command, env=environment, capture_output=True, check=False).returncode == 0


def pytest_configure(config):
    given = os.environ.get("XLA_FLAGS", "")
    if not shutil.which("nvidia-smi") and UNPOLISHED[0] not in given:  # processes that tests start inherit it
        flags = [given, *(flag for flag in UNPOLISHED if known(flag))]  # before JAX first looks for devices
        os.environ["XLA_FLAGS"] = " ".join(flags).strip()
    # test files mirror the package, so two folders may hold a test_measures.py; the default mode refuses that
    config.option.importmode = "importlib"
    jax.config.update("jax_compilation_cache_dir", str(CACHE))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.3)


MAPS = Path("/proc/self/maps")  # of Linux; each compiled solve takes some 900 of the 65530 that a process may have
MANY_MAPS = 10_000


@pytest.fixture(scope="module", autouse=True)
def compiled_programs_are_forgotten():
    """After a module, where they are many: all the tests' programs together are more than one process may map."""
    yield
    if MAPS.exists() and MAPS.read_bytes().count(b"\n") > MANY_MAPS:
        jax.clear_caches()
        gc.collect()


def gpu_missing() -> str:
    """Why there is no GPU to test on, empty where there is one."""
    try:
        return "" if jax.devices("gpu") else "JAX finds no GPU"
    except (RuntimeError, AssertionError) as error:
        return f"JAX finds no GPU: {str(error).splitlines()[0] if str(error) else 'backend not installed'}"


def pytest_collection_modifyitems(items):
    marked = [item for item in items if item.get_closest_marker("gpu")]
    reason = gpu_missing() if marked else ""
    for item in marked:
        if reason:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture
def gpu():
    """The GPU; a test that asks for it skips itself where JAX has none, and says why."""
    if reason := gpu_missing():
        pytest.skip(reason)
    return jax.devices("gpu")[0]
