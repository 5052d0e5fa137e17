"""Where the current reacts in a porous electrode at rest in shape."""

from dataclasses import dataclass

import jax
import numpy as np

from phasefield.arguments import Check
from phasefield.current_distribution.potentials import ACCEPTED, solve, uniform_overpotential
from phasefield.current_distribution.reach import CurrentDistributionError, reached
from phasefield.units import FARADAY, GAS_CONSTANT

FLOOR = 1e-12  # of the largest conductivity, or of the one that matters if that is less: gives voids a potential
KINETICS = ("butler-volmer", "linear")
MEANS = ("harmonic", "arithmetic")

check = Check(CurrentDistributionError)


@dataclass(frozen=True)
class CurrentDistribution:
    """Where the current of a porous electrode reacts. Fields have its shape, axis 0 from collector to separator.

    Args:
        reaction: current that plates, per volume of electrode [A/m3].
        reaction_by_depth: its mean over each plane [A/m3], shape (nz,).
        relative_by_depth: reaction_by_depth over its mean over the depth, j/j_avg [-]; nan at zero current.
        electronic_potential, ionic_potential: phi_s and phi_l [V]; phi_s = 0 on the face of the collector.
        overpotential: eta = phi_s - phi_l [V], negative while plating.
        collector_current: electrons through the collector [A/m2 of geometric area].
        separator_current: ions that the reactions consume [A/m2 of geometric area]; the applied one.
        iterations: of multigrid-CG, over all Newton iterations.
        error: reaction that the last iteration moved, summed without sign, or what the collector's current is off by,
            if that is more; over the applied current.
    """

    reaction: np.ndarray
    reaction_by_depth: np.ndarray
    relative_by_depth: np.ndarray
    electronic_potential: np.ndarray
    ionic_potential: np.ndarray
    overpotential: np.ndarray
    collector_current: float
    separator_current: float
    iterations: int
    error: float


def current_distribution(
    electronic_conductivity,
    ionic_conductivity,
    area,
    spacing,
    current_density,
    *,
    exchange_current_density,
    kinetics: str = "butler-volmer",
    transfer_coefficient: float = 0.5,
    temperature: float = 300.15,
    mean: str = "harmonic",
) -> CurrentDistribution:
    """Reaction [A/m3] and both potentials [V] of a porous electrode of fixed geometry at a given current.

        -div(sigma grad phi_s) = a i(eta),    div(kappa grad phi_l) = a i(eta),    eta = phi_s - phi_l

        butler-volmer:  i = i0 [ exp(-alpha F eta/RT) - exp((1 - alpha) F eta/RT) ]
        linear:         i = -i0 (F/RT) eta

    phi_s = 0 on the outer face of the first plane (the collector), which no ions cross. The ionic current enters
    through the last plane (the separator), in proportion to the ionic conductivity of its cells, and no electrons cross
    that. Sideways the electrode repeats itself.

    Conductivities of zero are replaced by 1e-12 of the largest, or of (|I| + a i0 L) L F/RT if that is less (I the
    current density, L the thickness, a i0 the mean): a cell then has a potential, and what leaks through the voids is
    of the order of 1e-12 L/spacing of the current.

    Args:
        electronic_conductivity: sigma [S/m], zero or positive: a number, or an array of shape (nz,), (nz, nx) or
            (nz, ny, nx). Axis 0 is through the thickness: index 0 at the collector, the last at the separator.
        ionic_conductivity: kappa [S/m], likewise. At least one of sigma, kappa and a is an array; all
            arrays have one shape.
        area: a, reacting surface per volume of electrode [1/m], zero or positive, likewise.
        spacing: edge of a cell [m]; cells are cubes.
        current_density: applied [A/m2 of geometric area]; positive plates, negative strips.
        exchange_current_density: i0 [A/m2], zero or positive: a number or an array of that shape.
        kinetics: "butler-volmer" or "linear".
        transfer_coefficient: alpha of plating, between 0 and 1.
        temperature: [K].
        mean: of conductivities on the faces between cells; "harmonic" is exact for layers and lets nothing through a
            cell that does not conduct, "arithmetic" goes with the diffuse walls of a host.

    Raises:
        CurrentDistributionError: an argument that is out of range or of the wrong shape; no place that both electrons
            from the collector and ions from the separator can reach; no convergence.

    Source: Newman & Tobias, J. Electrochem. Soc. 109 (1962) 1183; Newman & Thomas-Alyea, Electrochemical Systems, 3rd
        ed., ch. 22.

    Example: a well conducting host plates at its top; one that hardly conducts at its bottom.

        >>> import numpy as np
        >>> import phasefield as pf
        >>> sigma = np.full(90, 1e4)  # 90 cells of 0.5 um
        >>> found = pf.current_distribution(sigma, 0.0624, 4.2e5, 0.5e-6, 10.0, exchange_current_density=10.0)
        >>> found.relative_by_depth[[0, -1]].round(2).tolist()
        [0.47, 2.31]
        >>> found = pf.current_distribution(1e-8 * sigma, 0.0624, 4.2e5, 0.5e-6, 10.0, exchange_current_density=10.0)
        >>> bool(found.relative_by_depth[0] > 10)
        True
    """
    shape, (sigma, kappa, a, i0) = _fields(
        electronic_conductivity=electronic_conductivity,
        ionic_conductivity=ionic_conductivity,
        area=area,
        exchange_current_density=exchange_current_density,
    )
    h = check.number("spacing", spacing, "above 0, the edge of a cell in metres", lambda v: v > 0)
    current = check.number("current_density", current_density, "a finite number of A/m2; positive plates")
    alpha = check.number("transfer_coefficient", transfer_coefficient, "between 0 and 1, say 0.5", lambda v: 0 < v < 1)
    temperature = check.number("temperature", temperature, "above 0, in kelvin, say 300.15", lambda v: v > 0)
    check.choice("kinetics", kinetics, KINETICS)
    check.choice("mean", mean, MEANS)

    exponent = FARADAY / (GAS_CONSTANT * temperature)
    exchange = a * i0
    electrons, ions = reached(sigma, kappa, exchange, mean)
    entry = np.where(ions[-1], kappa[-1], 0.0)
    length = shape[0] * h
    relevant = (abs(current) + exchange.mean() * length) * length * exponent
    sigma, kappa = (np.maximum(k, FLOOR * min(k.max(), relevant)) for k in (sigma, kappa))

    # start from a uniform overpotential that carries the current, where it can; elsewhere nothing reacts
    uniform = uniform_overpotential(
        current / (np.mean(exchange * (electrons & ions)) * length), kinetics, alpha, exponent
    )
    phi_s = np.where(electrons, 0.0, -uniform)
    phi_l = np.where(ions, -uniform, phi_s)

    narrow = tuple(n for n in shape[1:] if n > 1)  # sides of one cell carry nothing
    flat = (shape[0], *narrow)
    source = np.zeros(shape)
    source[-1] = current / h * entry / entry.mean()
    potentials, eta, reaction, collector, iterations, error = jax.device_get(
        solve(
            *(x.reshape(flat) for x in (kappa, sigma, exchange, source)),
            np.stack([phi_l.reshape(flat), phi_s.reshape(flat)]),
            h,
            current,
            alpha,
            exponent,
            kinetics == "linear",
            mean,
        )
    )
    if not error <= ACCEPTED:
        raise CurrentDistributionError(
            f"no distribution of {current:g} A/m2 found: {error:.1e} of the reaction is still in the wrong place after "
            f"{int(iterations)} iterations of the linear solver (largest |overpotential| {np.abs(eta).max():.3g} V); "
            "try a smaller current_density, a smaller contrast of the conductivities, or fields smoothed by a cell"
        )
    reaction = reaction.reshape(shape)
    by_depth = reaction.mean(axis=tuple(range(1, len(shape))))
    return CurrentDistribution(
        reaction=reaction,
        reaction_by_depth=by_depth,
        relative_by_depth=by_depth / by_depth.mean() if current else np.full(shape[0], np.nan),
        electronic_potential=potentials[1].reshape(shape),
        ionic_potential=potentials[0].reshape(shape),
        overpotential=eta.reshape(shape),
        collector_current=float(collector),
        separator_current=float(by_depth.sum() * h),
        iterations=int(iterations),
        error=float(error),
    )


def _fields(**given):
    """(shape, the arguments as arrays of that shape): numbers spread over the shape of the arrays."""
    arrays = {
        name: check.array(name, value, "a number or an array of numbers, one a cell") for name, value in given.items()
    }
    shapes = {name: array.shape for name, array in arrays.items() if array.ndim}
    if not {"electronic_conductivity", "ionic_conductivity", "area"} & set(shapes):
        raise CurrentDistributionError(
            "electronic_conductivity, ionic_conductivity and area are all single numbers, so the thickness is unknown; "
            "make one of them an array, say np.full(64, 1e4) for 64 cells from the collector to the separator"
        )
    first, shape = next(iter(shapes.items()))
    for name, found in shapes.items():
        if found != shape:
            raise CurrentDistributionError(
                f"{name} has shape {found}, but {first} has shape {shape}; give numbers or arrays of one shape "
                f"(a profile p of shape (nz,) spreads over a block as np.broadcast_to(p[:, None, None], (nz, ny, nx)))"
            )
    if not 1 <= len(shape) <= 3 or 0 in shape:
        raise CurrentDistributionError(
            f"{first} has shape {shape}; give an array of shape (nz,), (nz, nx) or (nz, ny, nx), axis 0 from the "
            "collector to the separator"
        )
    for name, array in arrays.items():
        if array.min() < 0:
            raise CurrentDistributionError(f"the smallest {name} is {array.min():g}; it must be zero or positive")
    return shape, [np.broadcast_to(array, shape) for array in arrays.values()]
