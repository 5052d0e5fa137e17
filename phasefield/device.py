"""Which device runs, and where compiled programs are kept; to be settled before JAX is first used."""

import logging
import os
import platform
import sys
from pathlib import Path

import jax
from jax.experimental.compilation_cache import compilation_cache

from phasefield import memory
from phasefield.config import ConfigError

SCHEDULER = "xla_cpu_enable_concurrency_optimized_scheduler"  # a flag of XLA
SHORTEST_CACHED = 0.5  # s of compilation below which a program is not kept


def prepare(device: str, devices: int = 1, distributed: bool = False) -> str:
    """What runs where, in words, such as "cpu, 2 cores"; JAX runs there from now on.

    Args:
        device: auto (a GPU where there is one), cpu or gpu.
        devices: how many of them share the box. Processors are split into as many.
        distributed: whether this is one of several processes that make one run; they find each other by the batch
            system, or by JAX_COORDINATOR_ADDRESS, JAX_NUM_PROCESSES and JAX_PROCESS_ID.
    Raises: ConfigError where a GPU or more devices are asked for than there are.
    """
    logging.getLogger("jax").setLevel(logging.WARNING)  # Hydra shows what JAX says of backends it does not find
    keep_compiled_programs()
    if device == "cpu":
        jax.config.update("jax_platforms", "cpu")
    if distributed or devices > 1:
        _exchange_in_order()
    if distributed:
        _join(devices)
    elif devices > 1:
        _split_processors(devices)
    kind = "cpu" if device == "cpu" else "gpu"
    if kind == "gpu" and not _found("gpu"):
        if device == "gpu":
            raise ConfigError(
                'device is gpu, but JAX finds none; install its CUDA version with `pip install "phasefield[cuda12]"` '
                "(or [cuda13]) on a machine with an NVIDIA GPU, or use device=cpu"
            )
        kind = "cpu"
    there = _found(kind)
    if not there and (asked := jax.config.jax_platforms):  # JAX_PLATFORMS, of which JAX itself says nothing
        raise ConfigError(
            f"JAX_PLATFORMS is '{asked}', but JAX finds no such device; unset it, or use device=cpu, or install "
            'JAX for the GPU with `pip install "phasefield[cuda12]"` (or [cuda13])'
        )
    if len(there) < devices:
        raise ConfigError(
            f"devices is {devices}, but JAX finds {len(there)} of kind {kind}; it must be at most that, "
            f"try devices={len(there)}" + (" or start more processes" if distributed else "")
        )
    idle = jax.process_count() - len({each.process_index for each in there[:devices]})
    if idle > 0:
        raise ConfigError(
            f"devices is {devices}, but {jax.process_count()} processes make this run, and {idle} of them would have "
            f"no part of the box; start fewer processes, or try devices={len(there)}"
        )
    if kind == "cpu" and devices > 1:
        _compile_anew()
    local = [each for each in there if each.process_index == jax.process_index()]
    jax.config.update("jax_default_device", local[0])
    words = f"cpu, {cores()} cores" if kind == "cpu" else f"gpu, {there[0].device_kind}"
    if devices > 1:
        words += f", {devices} devices"
    return words + (f" in {jax.process_count()} processes" if jax.process_count() > 1 else "")


def chosen(devices: int) -> list:
    """The devices that share the box, after `prepare`."""
    return _found(jax.config.jax_default_device.platform)[:devices]


def _found(kind: str) -> list:
    """The devices of all processes, none where JAX has none of this kind."""
    try:
        return jax.devices(kind)
    except (RuntimeError, AssertionError):  # the second, without a word, where JAX_PLATFORMS asks for a GPU
        return []


def _exchange_in_order() -> None:
    """Keep processors that share the box from waiting for each other for ever.

    Where a loop that exchanges halos and another exchange do not depend on each other, XLA's CPU backend may take one
    first on one device and the other on the next; GPUs have one order. Seen in some three runs of four once two such
    met in the set-up of a multigrid, in none of twelve with this scheduler, which keeps to the order of the program.
    """
    flags = os.environ.get("XLA_FLAGS", "")
    if SCHEDULER not in flags:
        os.environ["XLA_FLAGS"] = f"{flags} --{SCHEDULER}=false".strip()


def _compile_anew() -> None:
    """Take no compiled program from the cache, nor put one there.

    A program of processors that share the box knows which exchange comes first only as compiled, not as read from the
    cache: of two processes that had read it, one waited for a sum while the other sent a halo, for ever, in two starts
    of two on one core; compiled anew they ran in twelve of twelve.
    """
    jax.config.update("jax_enable_compilation_cache", False)
    compilation_cache.reset_cache()  # JAX looks at the setting once


def _split_processors(devices: int) -> None:
    """Let JAX see the processors as so many devices, if it has not looked yet."""
    try:
        jax.config.update("jax_num_cpu_devices", devices)
    except RuntimeError:  # it has; whether they suffice is seen by the caller
        return


def _join(devices: int) -> None:
    """Join the other processes of this run.

    Raises: ConfigError where they are not to be found.
    """
    if jax.distributed.is_initialized():
        return
    given = {name: os.environ.get(f"JAX_{name.upper()}") for name in ("num_processes", "process_id")}
    numbers = {name: int(value) for name, value in given.items() if value is not None and value.isdigit()}
    processes = numbers.get("num_processes", 0)
    if processes > 0 and devices % processes == 0:
        _split_processors(devices // processes)
    try:
        jax.config.update("jax_cpu_collectives_implementation", "gloo")
        jax.distributed.initialize(**numbers)  # the address comes from JAX_COORDINATOR_ADDRESS by itself
    except (RuntimeError, ValueError) as error:
        raise ConfigError(
            f"distributed is true, but the processes do not find each other ({error}); start them with srun or mpirun, "
            "or set JAX_COORDINATOR_ADDRESS (host:port), JAX_NUM_PROCESSES and JAX_PROCESS_ID in each; for one process "
            "use distributed=false"
        ) from error


def cores() -> int:
    """Processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def available_memory(devices: int = 1) -> float | None:
    """Memory of the devices that run [bytes], that of the computer for processors; None where it is not known."""
    device = jax.config.jax_default_device or jax.devices()[0]
    if device.platform != "cpu":
        each = (device.memory_stats() or {}).get("bytes_limit")
        return None if each is None else devices * each
    return memory.of_computer()


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
