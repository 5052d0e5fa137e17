"""The model of one_potential.py with DOLFINx: bilinear elements on its squares, the same three solves a step.

mpiexec -n RANKS python3 one_potential_dolfinx.py DURATION_S DT_S FIELDS.npz     # prints version and wall seconds

Its own program: DOLFINx comes with the system (Debian: python3-dolfinx), not from pip, and with a numpy of its own.
"""

import json
import sys
from time import perf_counter

import dolfinx
import numpy as np
import one_potential as model
import ufl
from dolfinx import fem
from dolfinx.fem import petsc
from dolfinx.mesh import CellType, create_rectangle, locate_entities_boundary
from mpi4py import MPI
from petsc4py import PETSc

SIZE = model.CELLS * model.SPACING
QUADRATURE = {"quadrature_degree": 2}
JACOBI, AMG = {"pc_type": "jacobi"}, {"pc_type": "hypre", "pc_hypre_type": "boomeramg"}


class Equation:
    """A linear equation for one field, assembled and solved anew at each call."""

    def __init__(self, equation, unknown, conditions, method, preconditioner, tolerance):
        a, b = ufl.system(equation)
        self.a, self.b, self.unknown, self.conditions = fem.form(a), fem.form(b), unknown, conditions
        self.matrix, self.vector = petsc.create_matrix(self.a), petsc.create_vector(self.b)
        self.solver = PETSc.KSP().create(MPI.COMM_WORLD)
        self.solver.setOperators(self.matrix)
        self.solver.setType(method)
        self.solver.setTolerances(rtol=tolerance, max_it=2000)
        self.solver.setInitialGuessNonzero(True)
        for name, value in preconditioner.items():
            PETSc.Options().setValue(name, value)
        self.solver.setFromOptions()
        for name in preconditioner:
            PETSc.Options().delValue(name)

    def solve(self) -> None:
        self.matrix.zeroEntries()
        petsc.assemble_matrix(self.matrix, self.a, bcs=self.conditions)
        self.matrix.assemble()
        with self.vector.localForm() as local:
            local.set(0)
        petsc.assemble_vector(self.vector, self.b)
        petsc.apply_lifting(self.vector, [self.a], bcs=[self.conditions])
        self.vector.ghostUpdate(addv=PETSc.InsertMode.ADD, mode=PETSc.ScatterMode.REVERSE)
        petsc.set_bc(self.vector, self.conditions)
        self.solver.solve(self.vector, self.unknown.vector)
        self.unknown.x.scatter_forward()
        if self.solver.getConvergedReason() < 0:
            raise RuntimeError(f"PETSc stopped with reason {self.solver.getConvergedReason()}")


def solved(duration: float, dt: float):
    """(wall seconds, function space, xi, c, phi, d xi/dt at the end)."""
    mesh = create_rectangle(MPI.COMM_WORLD, ((0, 0), (SIZE, SIZE)), (model.CELLS,) * 2, CellType.quadrilateral)
    space = fem.FunctionSpace(mesh, ("CG", 1))
    xi, c, phi, before, earlier, grown = (fem.Function(space) for _ in range(6))
    steepness = np.sqrt(model.BARRIER / 2 / model.GRADIENT)
    xi.interpolate(lambda x: 0.5 * (1 - np.tanh(steepness * (x[0] - model.LITHIUM))))
    c.x.array[:] = 1 - xi.x.array
    phi.x.array[:] = -model.APPLIED * xi.x.array
    plane = {
        name: fem.locate_dofs_topological(
            space, 1, locate_entities_boundary(mesh, 1, lambda x, at=at: np.isclose(x[0], at))
        )
        for name, at in {"metal": 0.0, "separator": SIZE}.items()
    }

    def held(value, where):
        return fem.dirichletbc(PETSc.ScalarType(value), plane[where], space)

    u, v = ufl.TrialFunction(space), ufl.TestFunction(space)
    dx = ufl.Measure("dx", metadata=QUADRATURE)
    inside = ufl.max_value(0, ufl.min_value(1, before))
    slope = 30 * model.REACTION * inside**2 * (1 - inside) ** 2
    forward, back = slope * ufl.exp(-phi / 2 / model.THERMAL), slope * ufl.exp(phi / 2 / model.THERMAL)
    first = 2 * model.MOBILITY * model.BARRIER * before * (1 - before) * (1 - 2 * before)
    second = 2 * model.MOBILITY * model.BARRIER * (1 - 6 * before + 6 * before**2)
    new = ufl.max_value(0, ufl.min_value(1, xi))
    switch = new**3 * (6 * new**2 - 15 * new + 10)
    diffusivity = model.DIFFUSIVITY * (1 - (1 - model.IN_METAL) * switch)
    conductivity = model.ELECTROLYTE + (model.METAL - model.ELECTROLYTE) * switch
    rate = (xi - before) / dt

    lithium = Equation(
        (u - before) / dt * v * dx + model.MOBILITY * model.GRADIENT * ufl.dot(ufl.grad(u), ufl.grad(v)) * dx
        + (first + second * (u - before)) * v * dx - (forward * earlier - back) * v * dx,
        xi, [held(1, "metal"), held(0, "separator")], "cg", JACOBI, 1e-8,
    )  # fmt: skip
    flux = diffusivity * (ufl.grad(u) + u * ufl.grad(phi) / model.THERMAL)
    salt = Equation(
        (u - earlier) / dt * v * dx + ufl.dot(flux, ufl.grad(v)) * dx
        + model.RATIO * (rate + forward * (u - earlier)) * v * dx,
        c, [held(1, "separator")], "bcgs", JACOBI, 1e-8,
    )  # fmt: skip
    charge = Equation(
        conductivity * ufl.dot(ufl.grad(u), ufl.grad(v)) * dx + model.CHARGE * rate * v * dx,
        phi, [held(-model.APPLIED, "metal"), held(0, "separator")], "cg", AMG, 1e-10,
    )  # fmt: skip

    MPI.COMM_WORLD.barrier()
    began = perf_counter()
    for _ in range(round(duration / dt)):
        before.x.array[:], earlier.x.array[:] = xi.x.array, c.x.array
        lithium.solve()
        salt.solve()
        charge.solve()
    MPI.COMM_WORLD.barrier()
    grown.x.array[:] = (xi.x.array - before.x.array) / dt
    return perf_counter() - began, space, xi, c, phi, grown


def in_cells(space, field) -> np.ndarray | None:
    """Means of a field over the cells, (CELLS, CELLS), axis 0 from the metal; on the first process alone."""
    count = space.dofmap.index_map.size_local
    parts = MPI.COMM_WORLD.gather((space.tabulate_dof_coordinates()[:count, :2], field.x.array[:count]))
    if parts is None:
        return None
    nodes = np.full((model.CELLS + 1,) * 2, np.nan)
    for places, values in parts:
        nodes[tuple(np.rint(places / model.SPACING).astype(int).T)] = values
    return (nodes[1:, 1:] + nodes[:-1, 1:] + nodes[1:, :-1] + nodes[:-1, :-1]) / 4


def main() -> None:
    duration, dt, path = float(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
    took, space, *fields = solved(duration, dt)
    xi, c, phi, grown = (in_cells(space, field) for field in fields)
    if MPI.COMM_WORLD.rank == 0:
        np.savez(path, xi=xi, c=c, phi=phi, grown=grown)
        print(json.dumps({"version": dolfinx.__version__, "ranks": MPI.COMM_WORLD.size, "seconds": took}))


if __name__ == "__main__":
    main()
