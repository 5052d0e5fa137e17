"""The common one-potential model of electrodeposition on a flat electrode, with FiPy and with sparse matrices of scipy.

    d xi/dt = L (kappa lap xi - g') + k h' [c exp(-F phi/2RT) - exp(F phi/2RT)],   g = W xi^2 (1 - xi)^2
    d c/dt  = div D (grad c + c F/RT grad phi) - (c_s/c_0) d xi/dt,                h = xi^3 (6 xi^2 - 15 xi + 10)
    div(sigma grad phi) = F c_s d xi/dt

xi is 1 in lithium, c is over c_0; D and sigma change with h. Lengths in um, times in s, potentials in V. The three are
solved one after the other: xi with g' linearised, c with what it changes in the reaction taken implicitly, phi.

Source: Chen et al., J. Power Sources 2015, 300, 376, the model; the numbers are those of the open input file of Hong &
Viswanathan, ACS Energy Lett. 2018, 3, 1737 (energies over RT), but for what a comment says.
"""

from time import perf_counter

import numpy as np
from scipy import sparse

CELLS, SPACING = 200, 0.25  # um; theirs is 1 um for a front of tanh(2x), which sticks to the cells at 0.1 V
LITHIUM = 10.0  # um of the box; theirs is 20 of 200
APPLIED = 0.1  # V between metal and separator; theirs is 0.43 to 0.45, for dendrites
STEP = 0.02  # s
THERMAL = 1 / 38.69  # RT/F, V
MOBILITY, GRADIENT, BARRIER, REACTION = 6.25, 0.3, 2.4, 1e-3  # L, kappa, W, k
DIFFUSIVITY = 317.9  # um2/s in the electrolyte
IN_METAL = 1e-3  # of that in lithium; theirs is 0, and the matrix singular
METAL, ELECTROLYTE = 1e6, 1.19  # S/m
SITES = 76.4e3  # mol/m3, of lithium; the salt has 1e3
RATIO = SITES / 1e3  # c_s/c_0
CHARGE = 96485.33 * SITES * 1e-12  # F c_s, where the conductivity is in S/m and lengths are in um: their 0.0074
AREA = np.sqrt(2 * BARRIER / GRADIENT) / 6  # 1/um, integral of (d xi/dx)^2 across a front


def start() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """xi, c, phi of the first moment; axis 0 goes from the metal to the separator."""
    x = (np.arange(CELLS) + 0.5) * SPACING
    xi = np.repeat(0.5 * (1 - np.tanh(np.sqrt(BARRIER / 2 / GRADIENT) * (x - LITHIUM)))[:, None], CELLS, axis=1)
    return xi, 1 - xi, -APPLIED * xi


def switch(xi):
    xi = np.clip(xi, 0, 1)
    return xi**3 * (6 * xi**2 - 15 * xi + 10)


def reaction(xi, phi):
    """Rates [1/s] forward, per c, and back."""
    slope = 30 * np.clip(xi, 0, 1) ** 2 * np.clip(1 - xi, 0, 1) ** 2
    return REACTION * slope * np.exp(-phi / 2 / THERMAL), REACTION * slope * np.exp(phi / 2 / THERMAL)


def well(xi):
    """L g' and L g''."""
    return (
        2 * MOBILITY * BARRIER * xi * (1 - xi) * (1 - 2 * xi),
        2 * MOBILITY * BARRIER * (1 - 6 * xi + 6 * xi**2),
    )


def diffusivity(xi):
    return DIFFUSIVITY * (1 - (1 - IN_METAL) * switch(xi))


def conductivity(xi):
    return ELECTROLYTE + (METAL - ELECTROLYTE) * switch(xi)


def with_fipy(duration: float, dt: float):
    """(wall seconds, xi, c, phi, d xi/dt at the end); LU, FiPy's own choice: its BiCGStab with ILU took no less."""
    import fipy as fp
    from fipy.solvers.scipy import LinearLUSolver

    mesh = fp.Grid2D(nx=CELLS, ny=CELLS, dx=SPACING, dy=SPACING)
    xi, c, phi = (fp.CellVariable(mesh=mesh, value=each.T.ravel(), hasOld=True) for each in start())
    xi.constrain(1.0, mesh.facesLeft)
    xi.constrain(0.0, mesh.facesRight)
    c.constrain(1.0, mesh.facesRight)
    phi.constrain(-APPLIED, mesh.facesLeft)
    phi.constrain(0.0, mesh.facesRight)
    source, sink, inertia, D, sigma, rate = (fp.CellVariable(mesh=mesh) for _ in range(6))
    drift = D.arithmeticFaceValue * phi.faceGrad / THERMAL
    # g'' in the transient term: FiPy takes an implicit source explicitly where it weakens the diagonal
    lithium = fp.TransientTerm(coeff=inertia) == fp.DiffusionTerm(MOBILITY * GRADIENT) + source
    salt = fp.TransientTerm() == (
        fp.DiffusionTerm(D) + fp.CentralDifferenceConvectionTerm(drift) + source - fp.ImplicitSourceTerm(sink)
    )
    charge = fp.DiffusionTerm(sigma) == rate
    solver = LinearLUSolver()

    began = perf_counter()
    for _ in range(round(duration / dt)):
        xi.updateOld()
        c.updateOld()
        forward, back = reaction(xi.value, phi.value)
        first, second = well(xi.value)
        inertia.setValue(1 + dt * second)
        source.setValue(forward * c.value - back - first)
        lithium.solve(var=xi, dt=dt, solver=solver)
        grown = (xi.value - xi.old.value) / dt
        D.setValue(diffusivity(xi.value))
        sink.setValue(RATIO * forward)
        source.setValue(RATIO * (forward * c.value - grown))
        salt.solve(var=c, dt=dt, solver=solver)
        sigma.setValue(conductivity(xi.value))
        rate.setValue(CHARGE * grown)
        charge.solve(var=phi, solver=solver)
    took = perf_counter() - began
    return took, *(np.reshape(each, (CELLS, CELLS)).T for each in (xi.value, c.value, phi.value, grown))


def differences(k, below: bool):
    """(div k grad of a field that is fixed above, and below if asked for; conductances [1/um2] to these planes)."""
    weights = [(np.delete(k, 0, axis) + np.delete(k, -1, axis)) / 2 / SPACING**2 for axis in (0, 1)]
    index = np.arange(k.size).reshape(k.shape)
    here = np.concatenate([np.delete(index, -1, axis).ravel() for axis in (0, 1)])
    there = np.concatenate([np.delete(index, 0, axis).ravel() for axis in (0, 1)])
    faces = np.concatenate([each.ravel() for each in weights])
    lower, upper = 2 * k[0] / SPACING**2 * below, 2 * k[-1] / SPACING**2
    diagonal = -np.bincount(here, faces, k.size) - np.bincount(there, faces, k.size)
    diagonal[index[0]] -= lower
    diagonal[index[-1]] -= upper
    rows, columns = np.concatenate([here, there, index.ravel()]), np.concatenate([there, here, index.ravel()])
    values = np.concatenate([faces, faces, diagonal])
    return sparse.csr_matrix((values, (rows, columns)), shape=(k.size, k.size)), lower, upper


def migration(D, phi):
    """(div D c grad phi F/RT as matrix on c with central differences, what enters at the separator)."""
    index = np.arange(D.size).reshape(D.shape)
    rows, columns, values = [], [], []
    for axis in (0, 1):
        drift = (np.delete(D, 0, axis) + np.delete(D, -1, axis)) / 2 * np.diff(phi, axis=axis) / SPACING**2 / THERMAL
        here, there = np.delete(index, -1, axis).ravel(), np.delete(index, 0, axis).ravel()
        for row, sign in ((here, 0.5), (there, -0.5)):
            for column in (here, there):
                rows.append(row)
                columns.append(column)
                values.append(sign * drift.ravel())
    matrix = sparse.csr_matrix(
        (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=(D.size, D.size)
    )
    return matrix, -D[-1] * phi[-1] * 2 / SPACING**2 / THERMAL


def with_scipy(duration: float, dt: float):
    """(wall seconds, xi, c, phi, d xi/dt at the end); CG, BiCGStab, and CG with pyamg's Ruge-Stuben multigrid."""
    import pyamg
    from scipy.sparse.linalg import bicgstab, cg

    xi, c, phi = start()
    shape, unity = xi.shape, sparse.identity(xi.size, format="csr")
    smooth, lower, _ = differences(np.full(shape, MOBILITY * GRADIENT), below=True)
    began = perf_counter()
    multigrid = None
    for _ in range(round(duration / dt)):
        forward, back = reaction(xi, phi)
        first, second = well(xi)
        A = unity / dt - smooth + sparse.diags(second.ravel())
        b = xi / dt + forward * c - back - first + second * xi
        b[0] += lower
        new = solved(cg, A, b, xi, 1e-8, sparse.diags(1 / A.diagonal()))
        grown, xi = (new - xi) / dt, new

        D = diffusivity(xi)
        diffusion, _, upper = differences(D, below=False)
        moved, entering = migration(D, phi)
        A = unity / dt - diffusion - moved + sparse.diags(RATIO * forward.ravel())
        b = c / dt + RATIO * (forward * c - grown)
        b[-1] += upper + entering
        c = solved(bicgstab, A, b, c, 1e-8, sparse.diags(1 / A.diagonal()))

        A, lower_metal, _ = differences(conductivity(xi), below=True)
        b = -CHARGE * grown
        b[0] -= APPLIED * lower_metal
        scale = 1 / np.sqrt(-A.diagonal())  # or the metal alone decides when the solve stops
        A = sparse.diags(scale) @ -A @ sparse.diags(scale)
        count = []
        if multigrid is None:
            multigrid = pyamg.ruge_stuben_solver(A.tocsr())
        scale = scale.reshape(shape)
        phi = scale * solved(
            cg, A, b * scale, phi / scale, 1e-10, multigrid.aspreconditioner(), callback=lambda _, n=count: n.append(1)
        )
        if len(count) > 12:  # the conductivity has moved away from what the multigrid was made for
            multigrid = None
    return perf_counter() - began, xi, c, phi, grown


def solved(method, A, b, guess, tolerance, preconditioner, **more):
    x, failed = method(A, b.ravel(), x0=guess.ravel(), rtol=tolerance, M=preconditioner, maxiter=2000, **more)
    if failed:
        raise RuntimeError(f"{method.__name__} did not converge")
    return x.reshape(b.shape)


def checks(duration, xi, c, phi, grown) -> dict:
    """Does it plate? Currents, way of xi = 1/2 over that of the charge, and speed over that of a sharp front.

    A front that keeps its profile moves at k [c exp(-F phi/2RT) - exp(F phi/2RT)] over the integral of (d xi/dx)^2.
    """
    before, i = start()[0], front_cell(xi)
    plated = (xi - before).mean(axis=1).sum() * SPACING  # um
    rate = np.exp(-phi[i] / 2 / THERMAL) * c[i] - np.exp(phi[i] / 2 / THERMAL)
    return {
        "through separator A/m2": float(-phi[-1].mean()) * 2 / SPACING * ELECTROLYTE * 1e6,
        "current A/m2": float(plated / duration * CHARGE * 1e6),
        "plated um": float(plated),
        "contour over plated": float((front(xi) - front(before)) / plated),
        "speed over that of a sharp front": float(grown.mean(axis=1).sum() * SPACING / (REACTION / AREA * rate.mean())),
    }


def front_cell(xi) -> int:
    return int(np.argmax(xi.mean(axis=1) < 0.5))


def front(xi) -> float:
    """Place of xi = 1/2 [um]."""
    profile, i = xi.mean(axis=1), front_cell(xi)
    return SPACING * (i - 0.5 + (profile[i - 1] - 0.5) / (profile[i - 1] - profile[i]))
