"""One product with the operator, one V-cycle, building the coarse levels, one solve, one time step: cells a second,
and how near the memory allows."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from fields import host_charge
from measure import compiled, copy_bandwidth, repeated, report, seconds

from phasefield import build
from phasefield import model as model_module
from phasefield.config import compose
from phasefield.solvers import conjugate_gradients, multigrid
from phasefield.solvers.multigrid import DAMPINGS
from phasefield.solvers.system import apply

SIZES = {"cpu": (512, 1024, 2048), "gpu": (512, 1024, 2048)}, {"cpu": (64, 128), "gpu": (64, 128, 256)}
REPEATS = 10
TOLERANCE = 1e-6


def apply_words(ndim: int) -> int:
    """Numbers a cell that b - A u of two coupled fields must read and write: faces, diagonals, g, u, b, result."""
    return 2 * 2 * ndim + 2 + 1 + 2 + 2 + 2


def v_cycle_words(ndim: int) -> float:
    """Numbers a cell that a cycle of two fields must read and write, if each sweep reads and writes all once.

    Fine level: the first sweep needs no product (b, the 2x2 inverses, u); each other sweep is one (operator, inverses);
    then the residual to restrict, and the correction to add (u twice, and as many weights and coarse values as there
    are skipped cells). Coarse levels have full stencils, and 1/2^d, 1/4^d, ... of the cells, and are visited once.
    """
    inverse = 3
    first = 2 + inverse + 2
    transfers = 2 * (2 + 2 + 2) + 2
    fine = first + (2 * len(DAMPINGS) - 1) * (apply_words(ndim) + inverse) + apply_words(ndim) + transfers
    stencil = 2 * 3**ndim + 1 + 2 + 2 + 2
    coarse = first + (2 * len(DAMPINGS) - 1) * (stencil + inverse) + stencil + transfers
    share = 1 / 2**ndim
    return fine + coarse * share / (1 - share)


def study(kind: str, largest: int | None = None) -> None:
    """Args: kind: cpu or gpu. largest: leave out boxes with longer sides."""
    bandwidth = {name: copy_bandwidth(name) for name in ("float32", "float64")}
    print({name: f"{value / 1e9:.1f} GB/s copied" for name, value in bandwidth.items()})
    rows = []
    for ndim, sizes in zip((2, 3), SIZES, strict=True):
        for n in sizes[kind]:
            if largest is None or n <= largest:
                for dtype in ("float32", "float64"):
                    rows += cases((n,) * ndim, dtype, bandwidth)
                    report("kernels", rows, finished=False)
                    jax.clear_caches()
    report("kernels", rows)


def cases(shape, dtype, bandwidth) -> list[dict]:
    system, b = host_charge(shape, 0.46, 10.0, dtype=dtype)
    cells, ndim = int(np.prod(shape)), len(shape)
    hierarchy_of = jax.jit(lambda system: multigrid.build(system, jnp.float32))
    hierarchy = hierarchy_of(system)
    scale = 1e-3 * float(jnp.max(jnp.abs(b))) / float(jnp.max(jnp.abs(apply(system, b))))

    def row(what, each, compile_seconds, memory, moved=None, precision=dtype, iterations=""):
        rate = "" if moved is None else moved * cells / each
        return {
            "what": what,
            "cells": "x".join(map(str, shape)),
            "dtype": dtype,
            "seconds": each,
            "ns a cell": each / cells * 1e9,
            "Mcells/s": cells / each / 1e6,
            "bytes a cell": "" if moved is None else float(moved),
            "GB/s": "" if moved is None else rate / 1e9,
            "of copy bandwidth": "" if moved is None else rate / bandwidth[precision],
            "iterations": iterations,
            "compile s": compile_seconds,
            "memory B/cell": memory / cells,
        }

    size = jnp.dtype(dtype).itemsize
    rows = []

    program, took, memory = compiled(repeated(lambda u, s, b: b - scale * apply(s, u), REPEATS), b, system, b)
    each = seconds(program, b, system, b) / REPEATS
    rows.append(row("product", each, took, memory, apply_words(ndim) * size))

    def cycle(r, s, h):
        return r + 1e-9 * multigrid.preconditioner(s, h, steps=(1,))(r)  # once: how often more hangs on the residual

    program, took, memory = compiled(repeated(cycle, REPEATS), b, system, hierarchy)
    each = seconds(program, b, system, hierarchy) / REPEATS
    rows.append(row("V-cycle", each, took, memory, v_cycle_words(ndim) * 4, "float32"))

    program, took, memory = compiled(lambda s: multigrid.build(s, jnp.float32), system)
    rows.append(row("coarse levels", seconds(program, system, tries=2), took, memory))

    def solve(system, hierarchy, b):
        return conjugate_gradients.solve(
            partial(apply, system),
            multigrid.preconditioner(system, hierarchy),
            b,
            TOLERANCE if dtype == "float64" else 1e-4,
            lambda r: jnp.sum(jnp.abs(r)) / jnp.sum(jnp.abs(b)),
        )

    program, took, memory = compiled(solve, system, hierarchy, b)
    _, convergence = program(system, hierarchy, b)
    iterations = int(convergence.iterations) if bool(convergence.converged) else f"> {int(convergence.iterations)}"
    rows.append(row("solve", seconds(program, system, hierarchy, b, tries=2), took, memory, None, dtype, iterations))
    del system, hierarchy, b
    rows.append(step_row(shape, dtype, row))
    return rows


def step_row(shape, dtype, row) -> dict:
    """One step of LLTO@CNT, all of whose surface is active, by a second at 0.5 mA/cm2."""
    n = shape[0]
    host = round(0.7 * n)
    config = compose(
        [
            "host=llto_cnt",
            f"grid.dimensions={len(shape)}",
            f"grid.width_um={n}",
            f"host.thickness_um={host}",
            "grid.collector_um=3",
            f"grid.electrolyte_um={n - host - 3}",
            f"precision={dtype}",
        ]
    )
    model = build.model(config, build.geometry(config))
    state = build.initial_state(config, model)
    state = state.with_nucleated(jnp.ones_like(state.nucleated))
    current, dt = jnp.asarray(5.0, dtype), jnp.asarray(1.0, dtype)
    preconditioner = model_module.precondition(model, state, dt)
    program, took, memory = compiled(model_module.step, model, state, current, dt, preconditioner)
    _, report_of_step = program(model, state, current, dt, preconditioner)
    iterations = f"{int(report_of_step.newton_iterations)} Newton, {int(report_of_step.linear_iterations)}"
    each = seconds(program, model, state, current, dt, preconditioner, tries=2)
    return row("time step", each, took, memory, None, dtype, iterations)
