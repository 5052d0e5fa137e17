"""Clocks, memory, tables."""

import csv
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

import jax
import jax.numpy as jnp
from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).parent / "results"
COPIES = 20
LEAST = 0.4  # s that each timing lasts at least
PYTHONS = (sys.executable, "/usr/bin/python3")  # that may have what pip does not install


def compiled(function, *arguments):
    """(program, seconds of tracing and compiling, bytes it needs besides its arguments)."""
    started = time.perf_counter()
    program = jax.jit(function).lower(*arguments).compile()
    elapsed = time.perf_counter() - started
    memory = program.memory_analysis()
    return program, elapsed, memory.temp_size_in_bytes + memory.output_size_in_bytes


def seconds(program, *arguments, tries: int = 5) -> float:
    """Shortest time of a call, of at least `tries` and of as many as fit into 0.4 s."""
    jax.block_until_ready(program(*arguments))
    best, spent, count = float("inf"), 0.0, 0
    while count < tries or spent < LEAST:
        started = time.perf_counter()
        jax.block_until_ready(program(*arguments))
        elapsed = time.perf_counter() - started
        best, spent, count = min(best, elapsed), spent + elapsed, count + 1
        if spent > 60:
            break
    return best


def repeated(function, times: int):
    """The function applied to its first argument again and again, in one program."""
    return lambda u, *rest: jax.lax.fori_loop(0, times, lambda _, v: function(v, *rest), u)


def copy_bandwidth(dtype, cells: int = 2**24) -> float:
    """Bytes a second read and written by a plain copy of a large array."""
    u = jnp.ones(cells, dtype)
    program, _, _ = compiled(repeated(lambda u: u + 1, COPIES), u)  # in a loop: new pages cost more than the copy
    return 2 * u.nbytes * COPIES / seconds(program, u)


def machine() -> str:
    """What this ran on, in words."""
    device = jax.devices()[0]
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        processor = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        processor = platform.processor() or platform.machine()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    where = f"{cores} cores of {processor}" if device.platform == "cpu" else device.device_kind
    return f"{where}, JAX {jax.__version__}, Python {platform.python_version()}, commit {commit()}"


def commit() -> str:
    answer = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return answer.stdout.strip() or "unknown"


def report(name: str, rows: list[dict], finished: bool = True) -> None:
    """Write the rows to results/NAME_DEVICE.csv, the machine in its first line; print them once they are complete."""
    if not rows:
        return
    RESULTS.mkdir(exist_ok=True)
    with open(RESULTS / f"{name}_{jax.devices()[0].platform}.csv", "w", newline="") as file:
        file.write(f"# {machine()}\n")
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows({key: shown(value) for key, value in row.items()} for row in rows)
    if not finished:
        print(f"{name}: {rows[-1]}", flush=True)
        return
    table, console = Table(title=f"{name}: {machine()}"), Console(width=160)
    for key in rows[0]:
        table.add_column(key, justify="right")
    for row in rows:
        table.add_row(*(shown(value) for value in row.values()))
    console.print(table)


def shown(value) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def python_with(module: str) -> str | None:
    """The interpreter that has a module: this one, or that of the system."""
    return next((python for python in PYTHONS if Path(python).exists() and _has(python, module)), None)


def _has(python: str, module: str) -> bool:
    return subprocess.run([python, "-c", f"import {module}"], capture_output=True, check=False).returncode == 0


def answer_of(python: str, program: Path, *arguments, ranks: int = 1) -> dict | None:
    """The last line, JSON, that a program of another interpreter prints; None, and why in print, where it fails."""
    start = ["mpiexec", "-n", str(ranks)] if ranks > 1 else []
    outcome = subprocess.run(
        [*start, python, program, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": ""},
    )
    if outcome.returncode:
        print(f"{program.name} on {ranks} cores is left out: {outcome.stderr.strip()[-300:]}")
        return None
    return json.loads(outcome.stdout.strip().splitlines()[-1])
