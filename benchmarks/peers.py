"""An elliptic solve on a porous voxel field against pyamg, hypre and PETSc, and TauFactor: those there are, in one go.

`pip install pyamg==5.4.1`; hypre and PETSc as the system has them (Debian: python3-petsc4py); for TauFactor `pip
install torch taufactor==1.2.1`. All to a relative residual of 1e-6, set-up included, on the same matrix: cells as they
are, harmonic faces, plates below and above, closed sides.
"""

import tempfile
from functools import partial
from pathlib import Path
from time import perf_counter

import jax
import jax.numpy as jnp
import numpy as np
from fields import spheres, voxels
from iterations import potential_drop
from measure import answer_of, compiled, python_with, report, seconds
from scipy import sparse

from phasefield.solvers import conjugate_gradients, multigrid
from phasefield.solvers.system import apply

POROSITY = 0.46
TOLERANCE = 1e-6
CONTRASTS = (1.0, 1e2, 1e6)
PETSC = Path(__file__).with_name("petsc_solve.py")


def study(kind: str, largest: int | None = None) -> None:
    """Args: kind: cpu or gpu. largest: leave out boxes with longer sides."""
    rows = []
    for n in (64, 128):
        if largest is not None and n > largest:
            continue
        for contrast in CONTRASTS:
            system = voxels((n,) * 3, POROSITY, contrast)
            ours = ours_in(system)
            for name, (took, iterations, potential) in ({"ours": ours} | pyamg_in(system) | petsc_in(system)).items():
                rows.append(
                    {
                        "cells": f"{n}^3",
                        "contrast": f"{contrast:.0e}",
                        "solver": name,
                        "iterations": iterations,
                        "seconds": took,
                        "over ours": took / ours[0],
                        "potential differs by": float(np.abs(potential - ours[2]).max()),
                    }
                )
            report("peers", rows, finished=False)
            jax.clear_caches()
    report("peers", rows)
    report("taufactor", [row for n in (64, 128) if largest is None or n <= largest for row in taufactor_in(n)])


def ours_in(system):
    """(seconds, iterations, potential) of compiled code."""
    b = potential_drop(system)

    def solve(system, b):
        return conjugate_gradients.solve(
            partial(apply, system),
            multigrid.preconditioner(system, multigrid.build(system, jnp.float32)),
            b,
            TOLERANCE * jnp.linalg.norm(b.reshape(-1)),
            lambda r: jnp.sqrt(jnp.sum(r * r)),
        )

    program, _, _ = compiled(solve, system, b)
    x, convergence = program(system, b)
    return seconds(program, system, b, tries=2), int(convergence.iterations), np.asarray(x[0])


def matrix(system) -> sparse.csr_matrix:
    """The system of one field, assembled."""
    shape = system.diagonals.shape[1:]
    index = np.arange(np.prod(shape)).reshape(shape)
    faces = np.asarray(system.faces[0])
    rows, columns, values = [index.ravel()], [index.ravel()], [np.asarray(system.diagonals[0] + faces.sum(0)).ravel()]
    for axis in range(len(shape)):
        upper = np.moveaxis(faces[2 * axis + 1], axis, 0)[:-1].ravel()
        here, there = (np.moveaxis(index, axis, 0)[part].ravel() for part in (slice(None, -1), slice(1, None)))
        rows += [here, there]
        columns += [there, here]
        values += [-upper, -upper]
    n = index.size
    return sparse.csr_matrix((np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=(n, n))


def pyamg_in(system) -> dict:
    """The same of pyamg's two multigrids, each under CG."""
    try:
        import pyamg
    except ImportError:
        print("pyamg is not installed: left out")
        return {}
    A, b = matrix(system), np.asarray(potential_drop(system)).ravel()
    makers = {
        "pyamg Ruge-Stuben": pyamg.ruge_stuben_solver,
        "pyamg smoothed aggregation": pyamg.smoothed_aggregation_solver,
    }
    found = {}
    for name, make in makers.items():
        residuals = []
        started = perf_counter()
        x = make(A).solve(b, tol=TOLERANCE, maxiter=200, accel="cg", residuals=residuals)
        found[name] = perf_counter() - started, len(residuals) - 1, x.reshape(system.diagonals.shape[1:])
    return found


def petsc_in(system) -> dict:
    """The same of hypre's and PETSc's multigrids under CG, on one core and, as parallel processes, on all of ours."""
    python = python_with("petsc4py.PETSc")
    if python is None:
        print("petsc4py is not installed: hypre and PETSc are left out")
        return {}
    A, b = matrix(system), np.asarray(potential_drop(system)).ravel()
    A.sort_indices()
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "system.npz"
        np.savez(path, data=A.data, indices=A.indices.astype(np.int32), indptr=A.indptr.astype(np.int32), b=b,
                 shape=system.diagonals.shape[1:])  # fmt: skip
        for ranks in (1, 2):
            answer = answer_of(python, PETSC, path, ranks=ranks)
            if answer is None:
                continue
            for name, (took, iterations) in answer["solvers"].items():
                potential = np.load(path.with_name(f"{name}.npy")).reshape(system.diagonals.shape[1:])
                cores = f"{ranks} core{'s' if ranks > 1 else ''}"
                found[f"{name}, {cores}, PETSc {answer['version']}"] = took, iterations, potential
    return found


def taufactor_in(n: int) -> list[dict]:
    """Tortuosity factor of the same pores, by TauFactor to its default criterion and by phasefield."""
    try:
        import taufactor
    except ImportError:
        print("taufactor is not installed: left out; docs/results/taufactor.csv has what it took")
        return []
    from phasefield import tortuosity_factor

    pore = ~spheres((n,) * 3, POROSITY)
    rows = []
    tortuosity_factor(pore, sides="closed")  # compiles
    for name, call in {
        "ours": lambda: tortuosity_factor(pore, sides="closed"),
        "TauFactor": lambda: float(taufactor.Solver(pore.astype(int), device="cpu").solve(verbose=False)),
    }.items():
        started = perf_counter()
        value = call()
        rows.append(
            {"cells": f"{n}^3", "solver": name, "tortuosity factor": value, "seconds": perf_counter() - started}
        )
    return rows
