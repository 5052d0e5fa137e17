"""Small-signal response of the charge balance: the impedance of a porous electrode, from the solvers the model uses."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from phasefield import operators
from phasefield.arguments import Check
from phasefield.solvers import conjugate_gradients, multigrid
from phasefield.solvers.system import System, apply, conductances

CELLS = ("half", "blocking")
MEANS = ("harmonic", "arithmetic")
FLOOR = 1e-12  # of the largest conductivity: gives voids a potential
TOLERANCE = 1e-4  # of the current: what is left over in the cells, summed without sign; then impedances are within 1e-7
ACCEPTED = 1e-3  # where rounding stops an extreme case before TOLERANCE
MAX_ITERATIONS = 400
LOOSE = 1e-9  # S/m2: ties ions that nothing else ties to a potential; being one contact, it carries no net current


class ImpedanceError(ValueError):
    """An electrode whose impedance cannot be computed; the message says what is wrong and what to try."""


check = Check(ImpedanceError)


@dataclass(frozen=True)
class Impedance:
    """Impedance of a geometric area.

    Args:
        frequency: [Hz], shape (n,); 0 is direct current.
        impedance: complex, [Ohm m2], shape (n,).
        iterations: of multigrid-CG, over all frequencies.
        error: what the iterations leave of the current in wrong places, over the current; the largest [-]. What the
            impedance is off by is of the order of its square.
    """

    frequency: np.ndarray
    impedance: np.ndarray
    iterations: int
    error: float


def impedance(
    electronic_conductivity,
    ionic_conductivity,
    spacing,
    frequency,
    *,
    cell: str = "half",
    capacitance=0.0,
    charge_transfer=0.0,
    storage=None,
    plate_capacitance: float = 0.0,
    mean: str = "arithmetic",
) -> Impedance:
    """Impedance of a porous electrode or mixed conductor of fixed geometry [Ohm m2].

        -div(kappa grad phi_l) = y (phi_s - phi_l),    div(sigma grad phi_s) = y (phi_s - phi_l),
        y(w) = j w C + g/(1 + g/(j w S)),    Z = V/i

    "half": phi_s = 0 on the outer face of the first plane (the collector), which no ions cross; the outer face of the
    last plane (the separator) is an ideal reference that no electrons cross.
    "blocking": plates on both outer faces, 1 V apart, take electrons as they come and ions only to charge their double
    layer. At 0 Hz that is the electronic resistance, at high frequency that of both conductors side by side.
    Sideways the electrode repeats itself.

    Args:
        electronic_conductivity: sigma [S/m], zero or positive: a number, or an array of shape (nz,), (nz, nx) or
            (nz, ny, nx), axis 0 through the thickness, collector first. At least one argument is an array.
        ionic_conductivity: kappa [S/m], likewise.
        spacing: edge of a cell [m]; cells are cubes.
        frequency: [Hz], zero or positive, a number or (n,).
        cell: "half" or "blocking".
        capacitance: C, double layer per volume of electrode [F/m3], number or array.
        charge_transfer: g, slope of the reaction per volume of electrode [S/m3], number or array.
        storage: S, what the reaction fills per volume of electrode [F/m3]: capacity over -dU/dtheta, above 0; number or
            array. None for a reaction that goes on for ever, as plating does.
        plate_capacitance: double layer of each blocking plate [F/m2].
        mean: of conductivities on the faces between cells: "arithmetic" for diffuse fields; "harmonic" is exact for
            layers, and hard to solve at high frequency where single cells are cut off in both conductors.

    Raises:
        ImpedanceError: an argument out of range or of the wrong shape; no path through; no convergence.

    Source: de Levie, Adv. Electrochem. Electrochem. Eng. 6 (1967) 329 (porous electrode); Jamnik & Maier, Phys. Chem.
        Chem. Phys. 3 (2001) 1668 (mixed conductor between blocking electrodes).

    Example: a mixed conductor between blocking plates, 1 S/m of electrons beside 3 S/m of ions.

        >>> import numpy as np
        >>> import phasefield as pf
        >>> found = pf.impedance(np.ones(16), 3.0, 1e-6, [0, 1e8], cell="blocking",
        ...                      capacitance=1e8, plate_capacitance=0.2)
        >>> (16e-6 / found.impedance.real).round(3).tolist()
        [1.0, 4.0]
    """
    given = {
        "electronic_conductivity": electronic_conductivity,
        "ionic_conductivity": ionic_conductivity,
        "capacitance": capacitance,
        "charge_transfer": charge_transfer,
    }
    shape, fields = _fields(given if storage is None else given | {"storage": storage})
    sigma, kappa, double_layer, slope, *stored = fields
    if stored and not stored[0].all():
        raise ImpedanceError(
            "storage is 0 in some cells; it must be above 0: give charge_transfer 0 where nothing reacts"
        )
    elastance = 1 / stored[0] if stored else np.zeros(shape)
    h = check.number("spacing", spacing, "above 0, the edge of a cell in metres", lambda v: v > 0)
    plates = check.number("plate_capacitance", plate_capacitance, "zero or positive, in F/m2", lambda v: v >= 0)
    check.choice("cell", cell, CELLS)
    check.choice("mean", mean, MEANS)
    frequency = _checked_frequency(frequency)
    for name, k in (("electronic_conductivity", sigma), ("ionic_conductivity", kappa)):
        if not k.any():
            raise ImpedanceError(f"{name} is zero in every cell, so nothing flows; give some cells one")
    sigma, kappa = (np.maximum(k, FLOOR * k.max()) for k in (sigma, kappa))
    if cell == "half" and (frequency == 0).any() and (stored or not slope.any()):
        raise ImpedanceError(
            "frequency is 0, but nothing in this half cell carries a direct current for ever; leave 0 out, or give "
            "charge_transfer with storage=None"
        )

    def exchange(s):
        filling = 1 + slope * elastance / s if s else np.where(elastance > 0, np.inf, 1.0)
        return s * double_layer + slope / filling

    narrow = tuple(n for n in shape[1:] if n > 1)  # sides of one cell carry nothing
    flat = (shape[0], *narrow)
    sigma, kappa = sigma.reshape(flat), kappa.reshape(flat)
    contacts = half_cell_contacts(kappa, sigma, h) if cell == "half" else blocking_contacts(kappa, sigma, h, plates)
    periodic = operators.laterally_periodic(len(flat))
    faces = jnp.stack([conductances(jnp.asarray(k), h, periodic, mean) for k in (kappa, sigma)])
    return respond(faces, lambda s: exchange(s).reshape(flat), contacts, h, frequency)


Contacts = Callable[[complex], tuple[np.ndarray, np.ndarray]]


def half_cell_contacts(ionic, electronic, spacing) -> Contacts:
    """Conductances (2, *plane) [S/m2] of (ions, electrons) from the first plane to 0 V, from the last to 1 V."""
    low = np.stack([np.zeros_like(ionic[0]), 2 * electronic[0] / spacing])
    high = np.stack([2 * ionic[-1] / spacing, np.zeros_like(ionic[0])])
    return lambda s: (low, high)


def blocking_contacts(ionic, electronic, spacing, capacitance) -> Contacts:
    """The same of two plates that pass electrons and charge a double layer [F/m2] with ions."""

    def contacts(s):
        ends = []
        for plane, loose in ((0, LOOSE), (-1, 0.0)):
            half, layer = 2 * ionic[plane] / spacing, s * capacitance
            ends.append(np.stack([half * layer / (half + layer) + loose, 2 * electronic[plane] / spacing]))
        return tuple(ends)

    return contacts


def respond(faces, exchange: Callable, contacts: Contacts, spacing: float, frequency) -> Impedance:
    """Impedance between two contacts 1 V apart [Ohm m2].

    Args:
        faces: conductances of (ions, electrons) to each neighbour [S/m3], positive, as `solvers.system.System`.
        exchange: s = j w [1/s] -> y between the two conductors [S/m3], of grid shape.
        contacts: s -> (low, high), each (2, *plane) [S/m2]: from (ions, electrons) of the first plane to 0 V, and from
            those of the last plane to 1 V.
        spacing: [m]. frequency: [Hz], shape (n,).

    Raises: ImpedanceError where the solver does not converge.
    """
    faces = jnp.asarray(faces, jnp.float64)
    shape = faces.shape[2:]
    height = ((np.arange(shape[0]) + 0.5) / shape[0]).reshape((-1,) + (1,) * (len(shape) - 1))
    potentials = jnp.asarray(np.broadcast_to(height, (2, *shape)), jnp.complex128)
    _, high = contacts(2j * np.pi * frequency[0])
    links = spacing * float(jnp.sum(faces[:, 1])) + 0.5 * float(np.sum(np.abs(high)))
    current = links / (high[0].size * shape[0] ** 2)  # of even planes
    found, total, worst = np.zeros(len(frequency), complex), 0, 0.0
    for i, each in enumerate(frequency):
        s = 2j * np.pi * each
        coupling = jnp.asarray(exchange(s), jnp.complex128)
        low, high = (jnp.asarray(ends, jnp.complex128) for ends in contacts(s))
        taken, left_over, reached = 0, np.inf, True
        while left_over > TOLERANCE * abs(current) and reached and taken < MAX_ITERATIONS:
            potentials, current, convergence = _solve(
                faces, coupling, low, high, spacing, potentials, 0.5 * TOLERANCE * abs(current), MAX_ITERATIONS - taken
            )
            taken, left_over = taken + int(convergence.iterations), float(convergence.error)
            reached = bool(convergence.converged)
        error = left_over / abs(current) if current else np.inf
        if not error <= ACCEPTED:
            raise ImpedanceError(
                f"the response at {each:g} Hz did not converge in {taken} iterations: {error:.1e} of the current is "
                "left over; smooth the fields by a cell, reduce their contrast, or try a lower frequency"
            )
        found[i], total, worst = 1 / complex(current), total + taken, max(worst, error)
    return Impedance(np.asarray(frequency), found, total, worst)


@jax.jit
def _solve(faces, coupling, low, high, spacing, guess, tolerance, max_iterations):
    """(potentials (2, *shape), current [A/m2], Convergence) at 1 V; the error is the left over current [A/m2].

    The system T + jW is complex symmetric, so the conjugate gradients run unconjugated (COCG: van der Vorst & Melissen,
    IEEE Trans. Magn. 26 (1990) 706), and the real T + W, within a factor of sqrt(2) of it, gives the multigrid: its
    V-cycle, since the same linear cycle has to serve both parts of a residual (with more steps on coarse levels, which
    stop by the residual, they stall). The current is corrected for what the iteration left over: its error is of second
    order in that.
    """
    h, cells = spacing, low[0].size
    ends = jnp.zeros(guess.shape, coupling.dtype).at[:, 0].add(low / h).at[:, -1].add(high / h)
    system = System(faces, ends, coupling, h, operators.laterally_periodic(coupling.ndim))
    real = replace(system, diagonals=ends.real + ends.imag, coupling=coupling.real + coupling.imag)
    cycle = multigrid.preconditioner(real, multigrid.build(real, jnp.float32), steps=(1,))

    def precondition(r):
        parts = lax.map(cycle, jnp.stack([r.real, r.imag]))
        return lax.complex(parts[0], parts[1])

    right_hand_side = jnp.zeros_like(ends).at[:, -1].add(high / h)
    potentials, convergence = conjugate_gradients.solve(
        partial(apply, system),
        precondition,
        right_hand_side,
        tolerance,
        lambda r: jnp.sum(jnp.abs(r)) * h / cells,
        max_iterations,
        guess,
    )
    residual = right_hand_side - apply(system, potentials)
    entering = jnp.sum(low * potentials[:, 0]) + h * jnp.sum(residual * (1 - potentials))
    return potentials, entering / cells, convergence


def _fields(given) -> tuple[tuple[int, ...], list[np.ndarray]]:
    """(shape, the arguments as arrays of that shape)."""
    arrays = {
        name: check.array(name, value, "a number or an array of numbers, one a cell") for name, value in given.items()
    }
    shapes = {name: array.shape for name, array in arrays.items() if array.ndim}
    if not shapes:
        raise ImpedanceError(
            f"{', '.join(given)} are all single numbers, so the thickness is unknown; make one of them an array, say "
            "np.full(64, 1e4) for 64 cells from the collector to the separator"
        )
    first, shape = next(iter(shapes.items()))
    for name, found in shapes.items():
        if found != shape:
            raise ImpedanceError(f"{name} has shape {found}, but {first} has shape {shape}; give arrays of one shape")
    if not 1 <= len(shape) <= 3 or 0 in shape:
        raise ImpedanceError(f"{first} has shape {shape}; give an array of shape (nz,), (nz, nx) or (nz, ny, nx)")
    for name, array in arrays.items():
        if array.min() < 0:
            raise ImpedanceError(f"the smallest {name} is {array.min():g}; it must be zero or positive")
    return shape, [np.broadcast_to(array, shape) for array in arrays.values()]


def _checked_frequency(frequency) -> np.ndarray:
    found = np.atleast_1d(check.array("frequency", frequency, "a number or numbers of Hz"))
    if found.ndim != 1 or not found.size:
        raise ImpedanceError(f"frequency has shape {found.shape}; give a number or a list of numbers, in Hz")
    if found.min() < 0:
        raise ImpedanceError(f"the smallest frequency is {found.min():g}; it must be zero (direct current) or positive")
    return found
