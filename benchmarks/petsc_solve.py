"""Solve the sparse system of a file with PETSc and hypre; print what each took, write its answer beside the file.

mpiexec -n RANKS python3 petsc_solve.py SYSTEM.npz     # data, indices, indptr of a CSR matrix, b, shape of the box

Its own program: PETSc comes with the system (Debian: python3-petsc4py), not from pip, and with a numpy of its own.
"""

import json
import sys
from pathlib import Path
from time import perf_counter

import numpy as np
import petsc4py

petsc4py.init([sys.argv[0]])
from petsc4py import PETSc  # noqa: E402

TOLERANCE = 1e-6
SOLVERS = {
    "hypre BoomerAMG": {"pc_type": "hypre", "pc_hypre_type": "boomeramg"},
    "hypre BoomerAMG, tuned for 3D": {
        "pc_type": "hypre",
        "pc_hypre_type": "boomeramg",
        "pc_hypre_boomeramg_coarsen_type": "HMIS",
        "pc_hypre_boomeramg_interp_type": "ext+i",
        "pc_hypre_boomeramg_P_max": 4,
        "pc_hypre_boomeramg_agg_nl": 1,
        "pc_hypre_boomeramg_strong_threshold": 0.5,
    },
    "PETSc geometric multigrid": {"pc_type": "mg", "pc_mg_galerkin": "both", "pc_mg_levels": 4},
}


def solve(A, b, options: dict, shape=None) -> tuple[float, int, PETSc.Vec]:
    """(seconds with set-up, iterations, answer) of CG under a preconditioner, to a relative residual of 1e-6."""
    for name, value in options.items():
        PETSc.Options().setValue(name, value)
    started = perf_counter()
    ksp = PETSc.KSP().create()
    ksp.setType("cg")
    if shape is not None:
        box = PETSc.DMDA().create(shape[::-1], dof=1, stencil_width=1)
        box.setInterpolationType(PETSc.DMDA.InterpolationType.Q0)
        ksp.setDM(box)
        ksp.setDMActive(False)
    ksp.setOperators(A)
    ksp.setFromOptions()
    ksp.setNormType(PETSc.KSP.NormType.UNPRECONDITIONED)
    ksp.setTolerances(rtol=TOLERANCE, max_it=500)
    x = b.duplicate()
    ksp.solve(b, x)
    took = perf_counter() - started
    for name in options:
        PETSc.Options().delValue(name)
    if ksp.getConvergedReason() < 0:
        raise RuntimeError(f"PETSc stopped with reason {ksp.getConvergedReason()}")
    return took, ksp.getIterationNumber(), x


def main() -> None:
    system = np.load(sys.argv[1])
    size, ranks, rank = len(system["b"]), PETSc.COMM_WORLD.size, PETSc.COMM_WORLD.rank
    first, last = (size * each // ranks for each in (rank, rank + 1))
    starts = system["indptr"]
    part = slice(starts[first], starts[last])
    rows = starts[first : last + 1] - starts[first], system["indices"][part], system["data"][part]
    A = PETSc.Mat().createAIJ(((last - first, size), (last - first, size)), csr=rows)
    A.assemble()
    b = PETSc.Vec().createMPI((last - first, size))
    b.setArray(system["b"][first:last])
    found = {}
    for name, options in SOLVERS.items():
        on_box = options["pc_type"] == "mg"
        if on_box and ranks > 1:  # the box would be numbered otherwise
            continue
        tries = [solve(A, b, options, tuple(system["shape"].tolist()) if on_box else None) for _ in range(2)]
        took, iterations, x = min(tries, key=lambda each: each[0])
        found[name] = took, iterations
        scatter, all_of_it = PETSc.Scatter.toZero(x)
        scatter.scatter(x, all_of_it)
        if rank == 0:
            np.save(Path(sys.argv[1]).with_name(f"{name}.npy"), all_of_it.getArray())
    if rank == 0:
        print(json.dumps({"version": ".".join(map(str, PETSc.Sys.getVersion())), "ranks": ranks, "solvers": found}))


if __name__ == "__main__":
    main()
