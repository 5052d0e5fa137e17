"""A flat front against the ledger, and a hemisphere on an insulating floor, half of a free sphere, against solutions
of the sharp-interface problem: under kinetic control its shape and overpotential, under diffusion the salt around it.
"""

from dataclasses import replace

import numpy as np
from scipy import ndimage, special

from phasefield.plotting.style import FAINT, PAGE, RUNS, new_figure, open_frame, place, save, styled
from phasefield.units import FARADAY, mV, um
from validation import films, results

SHAPE = (32, 48, 48)
SPACING = 0.5 * um
STRIDE = 0.2  # cells a step, the most that a run takes
FLATS = ((1.0, 0.2), (1.0, 0.1), (1.0, 0.02), (0.25, 0.2))  # cell (um), cells a step
UNIFORM = replace(films.ELECTROLYTE, conductivity=20.0, diffusivity=films.NO_DEPLETION)  # Wagner number above 100
DIFFUSIVE = replace(films.ELECTROLYTE, conductivity=20.0)
RAYS = {"axis": (1, 0, 0), "edge": (1, 1, 0), "corner": (1, 1, 1), "floor": (0, 1, 0), "floor edge": (0, 1, 1)}


def overpotential(current_density, exchange_current_density):
    """eta [V] of symmetric Butler-Volmer kinetics, negative while plating."""
    return -2 * films.THERMAL_VOLTAGE * np.arcsinh(current_density / (2 * exchange_current_density))


def salt_around_a_sphere(distance, radius, time, flux, diffusivity):
    """c0 - c [mol/m3] outside a sphere that has drawn a constant flux [mol/(m2 s)] for a time from even salt.

        J R^2/(D r) [erfc(u) - exp((r - R)/R + D t/R^2) erfc(u + sqrt(D t)/R)],   u = (r - R)/(2 sqrt(D t))

    Source: Carslaw and Jaeger, Conduction of Heat in Solids, 2nd ed., 9.10.
    """
    reach = np.sqrt(diffusivity * time)
    u = (distance - radius) / (2 * reach)
    bracket = special.erfc(u) - np.exp(-(u**2)) * special.erfcx(u + reach / radius)
    return flux * radius**2 / (diffusivity * distance) * bracket


def flat_front(spacing=1.0 * um, stride=STRIDE, current_density=50.0, shape=(64, 32), cells=8):
    """(advance by xi = 1/2, by the lithium, by Vm Q/F) [m], (eta on the front, of the kinetics) [V]."""
    model = films.box(shape, spacing, replace(films.ELECTROLYTE, diffusivity=films.NO_DEPLETION))
    z = films.positions(model)[0]
    start = films.lithium_where(model, 16.3 * spacing - z)
    dt = stride * spacing / films.speed(current_density)
    after, seen = films.march(model, start, current_density, dt, round(cells / stride / films.STEPS))

    def front(phase):
        column = np.asarray(phase)[:, 0]
        last = np.flatnonzero(column > 0.5)[-1]
        return spacing * (last + 0.5 + (column[last] - 0.5) / (column[last] - column[last + 1]))

    by_lithium = float((after.phase - start.phase).sum()) * spacing / shape[1]
    passed = films.speed(current_density) * len(seen["time"]) * dt
    eta = films.on_front(model, seen["phase"][-2], seen["overpotential"][-1])  # a step reacts on the front it finds
    kinetics = overpotential(current_density, films.LITHIUM.exchange_current_density)
    return (front(after.phase) - front(start.phase), by_lithium, passed), (eta, kinetics)


def distances(model):
    """From the middle of the floor [m]."""
    return np.sqrt((films.positions(model) ** 2).sum(axis=0))


def radii(phase, spacing):
    """Distance from the middle of the floor to xi = 1/2 along RAYS [m]; the field is mirrored in the floor."""
    mirrored = np.concatenate([phase[::-1], phase])
    centre = (np.array(mirrored.shape) - 1) / 2
    distance = np.arange(2, phase.shape[0] - 1, 0.01)
    found = {}
    for name, ray in RAYS.items():
        direction = np.array(ray[: phase.ndim]) / np.linalg.norm(ray[: phase.ndim])
        along = ndimage.map_coordinates(
            mirrored, centre[:, None] + direction[:, None] * distance, order=3, mode="nearest"
        )
        last = np.flatnonzero(along > 0.5)[-1]
        found[name] = spacing * distance[last]
    return found


def grow_hemisphere(start, radius_end, current, lithium, electrolyte, shape=SHAPE, spacing=SPACING):
    """(Model, what was seen) of a hemisphere (half a disc in 2D) growing at a constant total current [A].

    In 2D the box is one cell deep.
    """
    model = films.box(shape, spacing, electrolyte, lithium)
    distance = distances(model)
    state = films.lithium_where(model, start - distance)
    area = float(model.grid.area)
    if len(shape) == 3:
        charge = 2 / 3 * np.pi * (radius_end**3 - start**3) * FARADAY / lithium.molar_volume
        fastest = current / (2 * np.pi * start**2)
    else:
        charge = np.pi / 2 * (radius_end**2 - start**2) * spacing * FARADAY / lithium.molar_volume
        fastest = current / (np.pi * start * spacing)
    dt = STRIDE * spacing / films.speed(fastest, lithium)
    segments = round(charge / current / dt / films.STEPS)
    _, seen = films.march(model, state, current / area, dt, segments)
    return model, seen


def radius_of(phase, spacing):
    """Radius [m] of the sharp hemisphere (half disc) that holds this lithium."""
    cells = phase.sum()
    return spacing * ((3 * cells / (2 * np.pi)) ** (1 / 3) if phase.ndim == 3 else np.sqrt(2 * cells / np.pi))


def contour_of(radius, width, ndim):
    """Radius of xi = 1/2 [m] of a ball (disc) with a tanh front that holds as much lithium as a sharp one of `radius`.

    R^3 + pi^2 delta^2 R in three dimensions, R^2 + pi^2 delta^2/3 in two: the moments of a Fermi function.
    """
    excess = (np.pi * width) ** 2
    if ndim == 2:
        return np.sqrt(radius**2 - excess / 3)
    return float(np.real(min(np.roots([1, 0, excess, -(radius**3)]), key=lambda root: abs(root.imag))))


def area_of(contour, width, ndim, spacing):
    """Area of that front [m2]: the derivative of its volume; 2D boxes are one cell deep."""
    if ndim == 2:
        return np.pi * contour * spacing
    return 2 * np.pi * (contour**2 + (np.pi * width) ** 2 / 3)


def kinetic_growth(shape=SHAPE, start=5.0, end=11.0):
    """Growth of a hemisphere (half a disc in 2D) under kinetic control, every fourth step.

    Returns:
        list of dict: time [s]; radius of the lithium, and by the charge passed [m]; contour, where xi = 1/2 should be;
        rays, where it is along RAYS [m]; eta on the front and by the kinetics at I over its area [V].
    """
    exchange, current_density, ndim = 1.0, 5.0, len(shape)
    lithium = replace(films.LITHIUM, exchange_current_density=exchange)
    start, end = start * SPACING, end * SPACING
    current = current_density * area_of(start, 0.0, ndim, SPACING)
    model, seen = grow_hemisphere(start, end, current, lithium, UNIFORM, shape)
    width = float(model.interface_width)
    first = radius_of(np.asarray(films.lithium_where(model, start - distances(model)).phase), SPACING)
    rows = []
    for step in range(3, len(seen["time"]), 4):
        volume = films.speed(current, lithium) * float(seen["time"][step])
        if ndim == 3:
            by_charge = np.cbrt(first**3 + 3 * volume / (2 * np.pi))
        else:
            by_charge = np.sqrt(first**2 + 2 * volume / (np.pi * SPACING))
        before = seen["phase"][step - 1]  # a step reacts on the front it finds
        area = area_of(contour_of(radius_of(before, SPACING), width, ndim), width, ndim, SPACING)
        rows.append(
            {
                "time": float(seen["time"][step]),
                "radius": radius_of(seen["phase"][step], SPACING),
                "by_charge": by_charge,
                "contour": contour_of(by_charge, width, ndim),
                "rays": radii(seen["phase"][step], SPACING),
                "eta": films.on_front(model, before, seen["overpotential"][step]),
                "kinetics": overpotential(current / area, exchange),
            }
        )
    return rows


def transient_salt(drop=0.05, radius=8.0, until=1.0, shape=SHAPE):
    """The salt lost around a hemisphere that draws a constant flux from even salt, at three times.

    Args:
        drop: of the salt at the surface in the steady state, over c0. until: in R^2/D.

    Returns:
        list of dict: time [s]; radius [m]; distance of shells of a cell [m] and the salt lost there [mol/m3], in the
        model and by theory; on_front, the loss where the model reacts, and at_radius, that of theory [mol/m3];
        flux [mol/(m2 s)].
    """
    e, radius = DIFFUSIVE, radius * SPACING
    flux = drop * e.concentration * e.diffusivity / radius
    current = flux * FARADAY / (1 - e.transference_number) * 2 * np.pi * radius**2
    model = films.box(shape, SPACING, e)
    distance = distances(model)
    state = films.lithium_where(model, radius - distance)
    segments = 10
    dt = until * radius**2 / e.diffusivity / (segments * films.STEPS)
    _, seen = films.march(model, state, current / float(model.grid.area), dt, segments)
    shell = np.digitize(distance, np.arange(0, 24) * SPACING)
    found = []
    for step in (segments * films.STEPS // 10 - 1, 3 * segments * films.STEPS // 10 - 1, segments * films.STEPS - 1):
        time = float(seen["time"][step])
        lost = e.concentration - seen["concentration"][step]
        away = np.array([distance[shell == n].mean() for n in range(1, 24)])
        found.append(
            {
                "time": time,
                "radius": radius_of(seen["phase"][step], SPACING),
                "distance": away,
                "lost": np.array([lost[shell == n].mean() for n in range(1, 24)]),
                "theory": salt_around_a_sphere(away, radius, time, flux, e.diffusivity),
                "on_front": films.on_front(model, seen["phase"][step], lost),
                "at_radius": salt_around_a_sphere(radius, radius, time, flux, e.diffusivity),
                "flux": flux,
            }
        )
    return found


def quasi_steady_salt(drop=0.05, start=5.0, end=10.0, shape=SHAPE):
    """Salt lost three cells off a hemisphere that grows at a constant total current, against its distance.

        c_far - c = (1 - t+) I/(2 pi F D r)

    Returns:
        (r [m], salt lost [mol/m3], (1 - t+) I/(2 pi F D) [mol/m2]); the first third, before it is steady, left out.
    """
    e, start, end = DIFFUSIVE, start * SPACING, end * SPACING
    strength = drop * e.concentration * start
    current = 2 * np.pi * FARADAY * e.diffusivity * strength / (1 - e.transference_number)
    model, seen = grow_hemisphere(start, end, current, films.LITHIUM, e, shape)
    distance = distances(model)
    found = []
    for step in range(len(seen["time"]) // 3, len(seen["time"]), 2):
        at = np.abs(distance - radius_of(seen["phase"][step], SPACING) - 3 * SPACING) < SPACING / 2
        lost = e.concentration - seen["concentration"][step]
        found.append((1 / (1 / distance[at]).mean(), lost[at].mean()))
    return (*np.array(found).T, strength)


HEADER = ("what", "where", "model", "reference", "model_over_reference")


def table(flats, growth, transient, steady):
    """Rows of the table; lengths in um, potentials in mV, salt in mol/m3."""
    rows = []

    def add(what, where, model, reference):
        rows.append((what, where, float(model), float(reference), float(model / reference)))

    for (spacing, stride), ((by_contour, by_lithium, passed), (eta, kinetics)) in flats.items():
        at = f"cells of {spacing / um:g} um, {stride:g} of one a step"
        add("flat front: way of xi = 1/2 (um)", at, by_contour / um, passed / um)
        add("flat front: lithium gained (um)", at, by_lithium / um, passed / um)
        add("flat front: overpotential (mV)", at, eta / mV, kinetics / mV)
    for row in (growth[0], growth[-1]):
        at = f"R = {row['contour'] / um:.2f} um"
        add("hemisphere: radius of its lithium (um)", at, row["radius"] / um, row["by_charge"] / um)
        for name, length in row["rays"].items():
            add(f"hemisphere: radius along {name} (um)", at, length / um, row["contour"] / um)
        add("hemisphere: overpotential (mV)", at, row["eta"] / mV, row["kinetics"] / mV)
    for moment in transient:
        outside = np.flatnonzero(moment["distance"] > moment["radius"] + 3 * SPACING)[0]
        at = f"D t/R^2 = {moment['time'] * DIFFUSIVE.diffusivity / (8 * SPACING) ** 2:.2f}"
        add("salt lost 3 cells off a hemisphere (mol/m3)", at, moment["lost"][outside], moment["theory"][outside])
        add("salt lost on its front (mol/m3)", at, moment["on_front"], moment["at_radius"])
    away, lost, strength = steady
    slope = np.polyfit(1 / away, lost, 1)[0]
    add("growing hemisphere: salt lost per 1/r (mmol/m2)", "R = 3.3 to 5 um", slope * 1e3, strength * 1e3)
    return rows


@styled
def draw(growth, transient, steady):
    """Radii and overpotential of a growing hemisphere; the salt around one."""
    figure = new_figure(PAGE, 108)
    axes = [
        place(figure, left, top, 70, 38, letter)
        for left, top, letter in ((14, 6, "a"), (104, 6, "b"), (14, 60, "c"), (104, 60, "d"))
    ]
    time = np.array([row["time"] for row in growth]) / 60
    axes[0].plot(time, [row["contour"] / um for row in growth], color=FAINT, label="by charge")
    for name, colour, marker in zip(RAYS, RUNS, "osv^D", strict=False):
        length = [row["rays"][name] / um for row in growth]
        axes[0].plot(time[::2], length[::2], marker, ms=3.2, mfc="none", color=colour, label=f"along {name}")
    axes[0].set(xlabel="Time (min)", ylabel="Radius of the hemisphere (µm)")
    axes[0].legend(ncols=2, loc="lower right")

    radius = [row["radius"] / um for row in growth]
    axes[1].plot(radius, [row["kinetics"] / mV for row in growth], color=FAINT, label="kinetics at $I$ / area")
    axes[1].plot(radius, [row["eta"] / mV for row in growth], "o", ms=3.2, mfc="none", color=RUNS[0], label="model")
    axes[1].set(xlabel="Radius (µm)", ylabel="Overpotential (mV)")
    axes[1].legend(loc="lower right")

    for moment, colour in zip(transient, RUNS, strict=False):
        outside = moment["distance"] > moment["radius"]
        fine = np.linspace(8 * SPACING, 23 * SPACING, 200)
        exact = salt_around_a_sphere(fine, 8 * SPACING, moment["time"], moment["flux"], DIFFUSIVE.diffusivity)
        label = f"$Dt/R^2$ = {moment['time'] * DIFFUSIVE.diffusivity / (8 * SPACING) ** 2:.1f}"
        axes[2].plot(fine / um, exact, color=colour)
        axes[2].plot(
            moment["distance"][outside] / um,
            moment["lost"][outside],
            "o",
            ms=3.2,
            mfc="none",
            color=colour,
            label=label,
        )
    axes[2].set(xlabel="Distance from the middle (µm)", ylabel="Salt lost (mol/m³)")
    axes[2].legend(title="lines: Carslaw and Jaeger")

    away, lost, strength = steady
    x = um / away
    axes[3].plot(x, lost, "o", ms=3.2, mfc="none", color=RUNS[0], label="model")
    through = lost.mean() - strength / um * x.mean()
    axes[3].plot(x, through + strength / um * x, color=FAINT, label="slope $(1-t_+)I/2πFD$")
    axes[3].set(xlabel="1 / distance (1/µm)", ylabel="Salt lost, growing (mol/m³)")
    axes[3].legend()
    for ax in axes:
        open_frame(ax)
    return figure


def study() -> None:
    """Flat fronts, then hemispheres."""
    flats = {(cell * um, stride): flat_front(cell * um, stride) for cell, stride in FLATS}
    growth, transient, steady = kinetic_growth(), transient_salt(), quasi_steady_salt()
    results.write_table("sharp_interface", HEADER, table(flats, growth, transient, steady))
    (path,) = save(draw(growth, transient, steady), results.FIGURES / "sharp_interface.png")
    results.shrink(path)


if __name__ == "__main__":
    study()
