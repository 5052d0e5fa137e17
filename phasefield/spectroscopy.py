"""Impedance of the model in a state, between ion-blocking plates and in a half cell, and what is read off it.

The coefficients are those of the charge balance itself: the slope -ds/deta of a time step of length dt is the
admittance at the Laplace variable s = 1/dt, of the double layer, of plating and of insertion with what it fills. So
y(j w) is `reactions.rates` at dt = 1/(j w). The salt keeps its concentration.
"""

from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
import numpy as np
from scipy.interpolate import CubicSpline

from phasefield import operators
from phasefield.impedance import Impedance, blocking_contacts, half_cell_contacts, respond
from phasefield.model import Model
from phasefield.physics import charge, conductivities, reactions
from phasefield.precision import cast
from phasefield.solvers.system import conductances
from phasefield.state import State
from phasefield.units import FARADAY, GAS_CONSTANT

DISC_AREA = 1.131e-4  # m2; source: A-ESI, discs 12 mm wide
LOWEST, HIGHEST = 0.1, 1e5  # Hz; source: A-ESI, impedance of the two-electrode cell
POINTS_PER_DECADE = 10
WAITING = 3600.0  # s of chronoamperometry; E: A-ESI does not say how long
EARLIER = float(np.exp(-np.euler_gamma))  # of 1/t: where the Laplace transform of a slow decay shows its value at t


@dataclass(frozen=True)
class TwoElectrode:
    """The host layer between two plates that pass electrons and block ions.

    Args:
        spectrum: its impedance.
        total: conductivity at the highest frequency, thickness over the real part [S/m].
        electronic: conductivity at direct current, where ions stand still [S/m].
        after_waiting: conductivity that chronoamperometry shows after an hour [S/m]: that of the electrons, and of ions
            on their way to fill host phases and double layers.
        ionic_alone: conductivity of the ions' paths without the electrons' [S/m].
    """

    spectrum: Impedance
    total: float
    electronic: float
    after_waiting: float
    ionic_alone: float

    @property
    def ionic(self) -> float:
        """Total less electronic [S/m], as the experiment has it."""
        return self.total - self.electronic


@dataclass(frozen=True)
class Arc:
    """What a Nyquist plot shows of charge transfer.

    Args:
        intercept: real part where the arc begins [unit of the impedance].
        resistance: from there to the real part at the minimum of -Im Z after the arc [the same].
        frequency: of the top of the arc [Hz].
    """

    intercept: float
    resistance: float
    frequency: float


def frequencies(lowest: float = LOWEST, highest: float = HIGHEST) -> np.ndarray:
    """Frequencies [Hz], the highest first, evenly spaced on a logarithmic axis."""
    count = 1 + round(POINTS_PER_DECADE * np.log10(highest / lowest))
    return np.geomspace(highest, lowest, count)


def two_electrode(model: Model, state: State, frequency=None, *, wet: bool = True) -> TwoElectrode:
    """Impedance and conductivities of the host layer between two blocking plates.

        total = L/Re Z at the highest frequency,   electronic = L/Z at 0 Hz,   ionic = total - electronic

    Each plate has the double layer of bare host surface on its area. At 0 Hz nothing is left to fill: where no lithium
    metal reacts, phi_s - phi_l has become U(theta) everywhere, phi_l is even, and electrons alone move. Before, at a
    time t, the current is close to what the Laplace variable exp(-gamma)/t has in place of j w.

    Args:
        model, state: where to linearise, at the state's own potentials.
        frequency: [Hz], the highest first; `frequencies()` if None.
        wet: False takes the electrolyte and its double layer out of the pores: what is left conducts ions within the
            host's solids only.

    Raises: ImpedanceError where the solver does not converge; ValueError where there is no host layer.
    Source: Schapery, 4th US Natl. Congr. Appl. Mech. 2 (1962) 1075, for the current at a time.
    """
    model, state = cast(model, jnp.float64), cast(state, jnp.float64)
    inside = planes(model)
    if inside.stop - inside.start < 2:
        raise ValueError("there is no host layer to put between two plates")
    model = model if wet else dry(model)
    h, fixed = model.grid.spacing, _conductors(model, state)
    kappa, sigma = np.asarray(fixed.ionic[inside]), np.asarray((fixed.electronic + fixed.along_walls)[inside])
    contacts = blocking_contacts(kappa, sigma, float(h), float(model.lithium.double_layer_capacitance))
    given = frequencies() if frequency is None else np.asarray(frequency, float)
    late = EARLIER / WAITING / (2j * np.pi)
    faces = _faces(model, fixed)[:, :, inside].at[:, 0, 0].set(0).at[:, 1, -1].set(0)
    found = respond(
        faces, lambda s: admittance(model, state, fixed, s)[inside], contacts, h, np.append(given, (late, 0.0))
    )
    # the ions in the place of the electrons, beside nothing
    nothing = np.full_like(kappa, conductivities.CONDUCTIVITY_FLOOR)
    voids = conductances(jnp.asarray(nothing), h, operators.laterally_periodic(nothing.ndim))
    alone = respond(
        jnp.stack([voids, faces[0]]),
        lambda s: np.zeros_like(kappa),
        blocking_contacts(nothing, kappa, h, 0.0),
        h,
        [0.0],
    )
    length = float(h) * len(kappa)
    spectrum = replace(found, frequency=given, impedance=found.impedance[:-2])
    return TwoElectrode(
        spectrum=spectrum,
        total=length / spectrum.impedance[0].real,
        electronic=length / found.impedance[-1].real,
        after_waiting=length / found.impedance[-2].real,
        ionic_alone=length / alone.impedance[0].real,
    )


def half_cell(model: Model, state: State, frequency=None) -> Impedance:
    """Impedance of the electrode with the electrolyte above it, against an ideal reference at the top [Ohm m2].

    Args: as for `two_electrode`. Add `counter_electrode` for the lithium that it faces.
    Raises: ImpedanceError where the solver does not converge.
    """
    model, state = cast(model, jnp.float64), cast(state, jnp.float64)
    h, fixed = model.grid.spacing, _conductors(model, state)
    kappa, sigma = np.asarray(fixed.ionic), np.asarray(fixed.electronic + fixed.along_walls)
    given = frequencies() if frequency is None else np.asarray(frequency, float)
    contacts = half_cell_contacts(kappa, sigma, float(h))
    return respond(_faces(model, fixed), lambda s: admittance(model, state, fixed, s), contacts, h, given)


def counter_electrode(model: Model, frequency) -> np.ndarray:
    """Impedance of flat lithium in the electrolyte of the model [Ohm m2]: its charge transfer and double layer.

    In series with `half_cell` this takes the face of the counter electrode to be at one potential.
    """
    lithium = model.lithium
    slope = float(lithium.exchange_current_density) * FARADAY / (GAS_CONSTANT * float(model.temperature))
    return 1 / (slope + 2j * np.pi * np.asarray(frequency) * float(lithium.double_layer_capacitance))


def admittance(model: Model, state: State, fixed: charge.Conductors, s):
    """y = -ds/deta between electrons and ions at the Laplace variable s [S/m3], of grid shape; real at s = 0."""
    potentials = jnp.stack([state.ionic_potential, state.electronic_potential])
    return _slope(model, state, fixed, potentials, 1 / s if s else jnp.inf)


_conductors = jax.jit(charge.conductors)


def _faces(model, fixed):
    """Conductances of ions and electrons to each neighbour [S/m3], those of a time step."""
    return charge.system(model, fixed, None).faces


@jax.jit
def _slope(model, state, fixed, potentials, dt):
    return reactions.rates(model, state, fixed, potentials, dt, moving=0.0)[-1]


def planes(model: Model) -> slice:
    """The planes whose centres lie in the host layer."""
    centres = (np.arange(model.grid.shape[0]) + 0.5) * float(model.grid.spacing)
    inside = np.flatnonzero((centres > float(model.host.bottom)) & (centres < float(model.host.top)))
    return slice(int(inside[0]), int(inside[-1]) + 1) if inside.size else slice(0, 0)


def dry(model: Model) -> Model:
    """The model without electrolyte: no ions and no double layer in the pores."""
    return replace(
        model,
        electrolyte=replace(model.electrolyte, conductivity=jnp.zeros_like(model.electrolyte.conductivity)),
        surface=jnp.zeros_like(model.surface),
    )


def charge_transfer(frequency, impedance) -> Arc | None:
    """The arc of charge transfer of a spectrum; None where it has none, or no minimum of -Im Z follows its top.

    From the extrema of -Im Z over log f, between points by a cubic spline. The real parts are those at the last minimum
    before the top (the highest frequency if none) and at the first after it. What overlaps with the arc is in it: the
    ionic resistance of the pores, and the arcs of both electrodes of a cell.

    Args: frequency: [Hz], at least four of them. impedance: complex.
    """
    order = np.argsort(frequency)[::-1]
    position, z = -np.log10(np.asarray(frequency, float)[order]), np.asarray(impedance)[order]
    height, real = CubicSpline(position, -z.imag), CubicSpline(position, z.real)
    extrema = height.derivative().roots(extrapolate=False)
    bends = height.derivative(2)(extrema)
    tops = extrema[bends < 0]
    bottoms = extrema[bends > 0]
    finished = [top for top in tops if (bottoms > top).any()]
    if not finished:
        return None
    top = max(finished, key=lambda each: float(height(each)))
    before = bottoms[bottoms < top]
    start = before[-1] if before.size else position[0]
    end = bottoms[bottoms > top][0]
    return Arc(float(real(start)), float(real(end) - real(start)), float(10**-top))
