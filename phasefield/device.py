"""Which device runs, and where compiled programs are kept; to be settled before JAX is first used."""

import logging
import os
import platform
import sys
from pathlib import Path

import jax

from phasefield.config import ConfigError

SHORTEST_CACHED = 0.5  # s of compilation below which a program is not kept


def prepare(device: str) -> str:
    """What runs where, in words, such as "cpu, 2 cores"; JAX runs there from now on.

    Args: device: auto (a GPU where there is one), cpu or gpu.
    Raises: ConfigError where a GPU is asked for and none is found.
    """
    logging.getLogger("jax").setLevel(logging.WARNING)  # Hydra shows what JAX says of backends it does not find
    keep_compiled_programs()
    if device == "cpu":
        jax.config.update("jax_platforms", "cpu")
        chosen = jax.devices("cpu")[0]
    else:
        chosen = _gpu()
        if chosen is None and device == "gpu":
            raise ConfigError(
                'device is gpu, but JAX finds none; install its CUDA version with `pip install "phasefield[cuda12]"` '
                "(or [cuda13]) on a machine with an NVIDIA GPU, or use device=cpu"
            )
        chosen = chosen or jax.devices("cpu")[0]
    jax.config.update("jax_default_device", chosen)
    if chosen.platform == "cpu":
        return f"cpu, {cores()} cores"
    return f"gpu, {chosen.device_kind}"


def _gpu():
    """The first GPU, None where JAX has none."""
    try:
        return jax.devices("gpu")[0]
    except (RuntimeError, AssertionError):  # the second, without a word, where JAX_PLATFORMS asks for a GPU
        return None


def cores() -> int:
    """Processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def available_memory() -> float | None:
    """Memory of the device that runs [bytes]; None where the system does not say."""
    device = jax.config.jax_default_device or jax.devices()[0]
    if device.platform != "cpu":
        return (device.memory_stats() or {}).get("bytes_limit")
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):
        return None


def peak_memory() -> float:
    """Most memory used so far [bytes]: of the process, or of the GPU where one runs."""
    device = jax.config.jax_default_device or jax.devices()[0]
    if device.platform != "cpu":
        return float((device.memory_stats() or {}).get("peak_bytes_in_use", 0))
    try:
        import resource
    except ImportError:  # Windows
        return float("nan")
    unit = 1 if sys.platform == "darwin" else 1024
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit)


def keep_compiled_programs() -> None:
    """Keep compiled programs in the user's cache, unless JAX_COMPILATION_CACHE_DIR says where, or none are to be kept.

    One folder a computer: programs compiled for one processor may not run on another that shares the home folder.
    """
    if jax.config.jax_compilation_cache_dir or not jax.config.jax_enable_compilation_cache:
        return
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = root / "phasefield" / f"jax-{platform.node() or 'here'}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return  # only the next start is slower
    jax.config.update("jax_compilation_cache_dir", str(folder))
    if "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS" not in os.environ:
        jax.config.update("jax_persistent_cache_min_compile_time_secs", SHORTEST_CACHED)
