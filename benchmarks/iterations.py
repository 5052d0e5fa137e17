"""Multigrid-CG iterations to 1e-6 over size, porosity and contrast: they must not grow."""

import time
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from fields import films, host_charge, voxels
from measure import compiled, report, seconds

from phasefield.solvers import conjugate_gradients, multigrid, pieces
from phasefield.solvers.system import apply

TOLERANCE = 1e-6
POROSITIES = (0.3, 0.46, 0.7)
CONTRASTS = (1.0, 1e2, 1e6, 1e10)
HOSTS = {  # conductivity of the host in S/m, of lithium 1000; is the lithium in pieces
    "half filled, contrast 1e2": (10.0, False),
    "half filled, contrast 1e6": (1e-3, False),
    "half filled, contrast 1e10": (1e-7, False),
    "lithium isolated in an insulator": (1e-6, True),
}


def study(kind: str, largest: int | None = None) -> None:
    """Args: kind: cpu or gpu. largest: leave out boxes with longer sides."""
    solve_boxes("iterations", [n for n in (64, 128) if largest is None or n <= largest])


def solve_boxes(name: str, sizes: list[int]) -> None:
    """All problems in boxes of these sides, reported as they come. Args: name: of the table."""
    rows = []
    for n in sizes:
        for porosity in POROSITIES:
            for problem, case, system, b in problems(n, porosity):
                rows.append(solved(problem, n, porosity, case, system, b))
                report(name, rows, finished=False)
    report(name, rows)


def problems(n: int, porosity: float):
    """Yield (problem, case, system, right-hand side) of each system in a box of n^3, made when it is asked for."""
    for contrast in CONTRASTS:
        system = voxels((n,) * 3, porosity, contrast)
        yield "porous voxels", f"{contrast:.0e}", system, potential_drop(system)
    for case, (electronic_host, isolated) in HOSTS.items():
        filled = 0.3 if isolated else 0.5
        yield "both charges", case, *host_charge((n,) * 3, porosity, electronic_host, filled, isolated)
    yield "both charges", "film in patches on an insulator", *films((n,) * 3, porosity)


def potential_drop(system):
    """Right-hand side of a drop of 1 between the plates."""
    return jnp.zeros_like(system.diagonals).at[:, -1].set(system.diagonals[:, -1])


def solved(problem, n, porosity, case, system, b) -> dict:
    def solve(system, b):
        hierarchy = multigrid.build(system, jnp.float32)
        return conjugate_gradients.solve(
            partial(apply, system),
            multigrid.preconditioner(system, hierarchy),
            b,
            TOLERANCE,
            lambda r: jnp.sum(jnp.abs(r)) / jnp.sum(jnp.abs(b)),
            correction=None if hierarchy.pieces is None else pieces.correction(system, hierarchy.pieces),
        )

    program, _, _ = compiled(solve, system, b)
    started = time.perf_counter()
    x, convergence = jax.block_until_ready(program(system, b))
    first = time.perf_counter() - started
    left = float(jnp.sum(jnp.abs(b - apply(system, x))) / jnp.sum(jnp.abs(b)))
    each = first if n > 128 else seconds(program, system, b, tries=1 if n > 64 else 2)
    jax.clear_caches()
    return {
        "problem": problem,
        "cells": f"{n}^3",
        "porosity": porosity,
        "case": case,
        "iterations": int(convergence.iterations),
        "converged": bool(convergence.converged),
        "true residual": left,
        "seconds with set-up": each,
        "ns a cell": each / np.prod(system.diagonals.shape[1:]) * 1e9,
    }
