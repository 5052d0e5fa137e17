"""Which waves on a flat lithium front grow, and how fast: the model against linear stability of a sharp front.

A front z = A cos kx advances at v = Vm i/F under an imposed current that enters a gap L above it. The growth rate
omega = dA/dt / A is read off the first Fourier mode of the lithium in each column, once the front has settled.
"""

from dataclasses import replace

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import spsolve

from phasefield.plotting.style import FAINT, INK, PAGE, RUNS, new_figure, open_frame, place, save, styled
from phasefield.units import FARADAY, um
from validation import films, results

CELLS = 64  # a wavelength
FRONT = 0.5  # cells that delta is wide, the default
HEIGHTS = 2  # wavelengths in the box, a quarter of it lithium
STRIDE = 0.2  # cells a step, the most that a run takes
AMPLITUDE = 0.02  # cells: no wave leaves the linear range while it is watched
SETTLE = 8  # cells that the front travels before its growth is measured, and then again
CONVERGENCE_CELLS = (16, 32, 64, 128)
CURRENTS = (10.0, 50.0, 200.0)
WAVELENGTHS = (16.0, 32.0, 64.0, 128.0)  # um
CAPILLARY_WAVELENGTHS = (24.0, 32.0, 48.0, 64.0, 128.0)
ENHANCED = 100.0  # J/m2: puts the neutral wavelength on the grid of um
REAL = 0.5  # J/m2
RATIOS = (0.3, 0.6, 0.9)  # of the limiting current
EXCHANGE = (100.0, 1000.0)  # A/m2
NUMERICS = {  # one at a time, against "cell size" at CELLS
    "half the time step": {"stride": STRIDE / 2},
    "front mobility 2": {"front_mobility": 2.0},
    "front mobility 10": {"front_mobility": 10.0},
    "front twice as wide": {"interface_width": 1.0},
    "front twice as wide, half the time step": {"interface_width": 1.0, "stride": STRIDE / 2},
}


def slope_of_kinetics(current_density, exchange_current_density):
    """-di/deta [S/m2] of symmetric Butler-Volmer kinetics at a current."""
    return np.sqrt(exchange_current_density**2 + (current_density / 2) ** 2) / films.THERMAL_VOLTAGE


def growth_rate(wavenumber, current_density, gap, lithium, conductivity):
    """omega [1/s] where the salt stays even.

        omega = (Vm/F) k tanh(kL) (i - kappa U k^2)/(1 + kappa k tanh(kL)/G),   U = gamma Vm/F

    from phi_l = phi_0 + i z/kappa + B cosh k(L - z) cos kx, no perturbation of the current at the top, lithium at one
    potential, and i' = G (phi_l' - U k^2 A): current is what the crests gain by their height less what it costs to be
    curved, through kinetics and electrolyte in series.

    Source: as Sundstrom and Bark, Electrochim. Acta 40 (1995) 599, with the uniform current of this box.
    """
    k, i = wavenumber, current_density
    slope = slope_of_kinetics(i, lithium.exchange_current_density)
    capillary = lithium.surface_energy * lithium.molar_volume / FARADAY
    reach = k * np.tanh(k * gap)
    per_charge = lithium.molar_volume / FARADAY
    return per_charge * reach * (i - conductivity * capillary * k**2) / (1 + conductivity * reach / slope)


def growth_rate_with_depletion(wavenumber, current_density, gap, lithium, electrolyte, at_front, points=1500):
    """omega [1/s] with a steady salt profile c = at_front + (1 - t+) i z/(F D), kappa and i0 following c.

    The perturbation of the salt is quasi-steady (omega << D k^2), C cosh k(L - z); that of the potential solves
    (c P')' - k^2 c P = -(C phi_0')' + beta (C'' - k^2 C), beta = 2RT/F (1 - t+), by finite volumes on a line.
    """
    k, i, e = wavenumber, current_density, electrolyte
    anions = 1 - e.transference_number
    rise = anions * i / (FARADAY * e.diffusivity)
    z = np.linspace(0, gap, points)
    dz = z[1]
    c = at_front + rise * z
    beta = 2 * films.THERMAL_VOLTAGE * anions * e.thermodynamic_factor
    per_salt = e.conductivity / e.concentration
    steepness = (i / per_salt + beta * rise) / c  # phi_0'

    # for a perturbation of the current of one: salt C at the front, and the potential it leaves there
    salt_at_front = -anions / (FARADAY * e.diffusivity * k * np.tanh(k * gap))
    salt = salt_at_front * np.cosh(k * (gap - z)) / np.cosh(k * gap)
    volume = np.full(points, dz)
    volume[[0, -1]] = dz / 2
    faces = 0.5 * (c[1:] + c[:-1]) / dz
    diagonal = k**2 * volume * c
    diagonal[:-1] += faces
    diagonal[1:] += faces
    drive = 0.5 * ((salt * steepness)[1:] + (salt * steepness)[:-1]) - beta * np.diff(salt) / dz
    right = k**2 * volume * beta * salt
    right[:-1] += drive
    right[1:] -= drive
    right[0] -= 1 / per_salt
    potential = spsolve(sparse.diags([diagonal, -faces, -faces], [0, 1, -1]).tocsc(), right)[0]

    a = lithium.cathodic_transfer_coefficient
    slope = slope_of_kinetics(i, lithium.exchange_current_density * (at_front / e.concentration) ** a)
    by_salt = a * i / at_front
    capillary = lithium.surface_energy * lithium.molar_volume / FARADAY
    raised = by_salt * rise + slope * (steepness[0] - capillary * k**2)  # i' of the height alone
    response = raised / (1 - by_salt * salt_at_front - slope * potential)
    return lithium.molar_volume / FARADAY * response


def measured(
    wavelength,
    current_density,
    *,
    cells=CELLS,
    lithium=films.LITHIUM,
    electrolyte=None,
    depleted=False,
    stride=STRIDE,
    **options,
):
    """(omega of the model, of theory) [1/s], both over the same stretch of the front's way.

    Args:
        stride: cells that the front travels in a step. options: of `build_model`; interface_width in cells.
    """
    electrolyte = replace(films.ELECTROLYTE, diffusivity=films.NO_DEPLETION) if electrolyte is None else electrolyte
    h, i = wavelength / cells, current_density
    options["interface_width"] = options.get("interface_width", FRONT) * h
    tolerances = {"charge_tolerance": 1e-8, "salt_tolerance": 1e-8}  # the wave is a thousandth of the current
    model = films.box((HEIGHTS * cells, cells), h, electrolyte, lithium, **(tolerances | options))
    z, x = films.positions(model)
    height, floor = HEIGHTS * wavelength, HEIGHTS * wavelength / 4
    k = 2 * np.pi / wavelength
    at_front, salt = electrolyte.concentration, None
    if depleted:
        rise = (1 - electrolyte.transference_number) * i / (FARADAY * electrolyte.diffusivity)
        at_front = electrolyte.concentration - rise * (height - floor) / 2
        salt = at_front + rise * np.maximum(z - floor, 0)
    state = films.lithium_where(model, floor + AMPLITUDE * h * np.cos(k * x) - z, salt)
    if depleted:  # let the salt inside the front settle, in short steps
        for fraction in (1e-3, 1e-2):
            state, _ = films.march(model, state, i, fraction * h / films.speed(i), 1)
    dt = stride * h / films.speed(i)
    segments = round(2 * SETTLE / stride / films.STEPS)
    _, seen = films.march(model, state, i, dt, segments)
    lithium_in_columns = seen["phase"].sum(axis=1)
    amplitudes = np.abs(np.fft.rfft(lithium_in_columns, axis=1)[:, 1])
    late = len(amplitudes) // 2
    rate = np.log(amplitudes[-1] / amplitudes[late]) / ((len(amplitudes) - 1 - late) * dt)
    gap = height - h * lithium_in_columns[late:].mean()
    if depleted:  # the front moves into a profile that stands still
        at_front = at_front + rise * (0.75 * height - gap)
        return rate, growth_rate_with_depletion(k, i, gap, lithium, electrolyte, at_front)
    return rate, growth_rate(k, i, gap, lithium, electrolyte.conductivity)


HEADER = (
    "what",
    "current_density_A_m2",
    "over_limiting_current",
    "wavelength_um",
    "surface_energy_J_m2",
    "exchange_current_A_m2",
    "cells_per_wavelength",
    "wagner_number",
    "omega_theory_1_per_h",
    "omega_measured_1_per_h",
    "measured_over_theory",
    "difference_over_vk",
)


def row(what, wavelength, i, cells=CELLS, exchange=EXCHANGE[0], gamma=0.0, ratio=None, **numerics):
    """One line of the table: a wave, its growth by theory and in the model; None where the model failed."""
    lithium = replace(films.LITHIUM, exchange_current_density=exchange, surface_energy=gamma)
    options = {} if ratio is None else {"electrolyte": films.ELECTROLYTE, "depleted": True}
    k = 2 * np.pi / (wavelength * um)
    wagner = films.ELECTROLYTE.conductivity * k / slope_of_kinetics(i, exchange)
    try:
        rate, theory = measured(wavelength * um, i, cells=cells, lithium=lithium, **options, **numerics)
    except RuntimeError as error:
        print(f"{what}, {wavelength} um, {i:.4g} A/m2, i0 {exchange}, ratio {ratio}: {error}", flush=True)
        return None
    line = (what, i, ratio, wavelength, gamma, exchange, cells, wagner, theory * 3600, rate * 3600, rate / theory)
    line = (*line, (rate - theory) / (films.speed(i) * k))
    print(" ".join(results._shown(value) for value in line), flush=True)
    return line


def table():
    """All rows of the study."""
    rows = [row("current", w, i) for i in CURRENTS for w in WAVELENGTHS]
    rows += [row("capillarity", w, 50.0, gamma=ENHANCED) for w in CAPILLARY_WAVELENGTHS]
    rows += [row("capillarity", w, 50.0, gamma=gamma) for gamma in (0.0, REAL) for w in (3.2, 6.4)]
    gap = HEIGHTS * 0.75 * 64 * um
    for exchange in EXCHANGE:
        for ratio in RATIOS:
            i = ratio * films.limiting_current(gap)
            # half the step: near the limiting current a longer one takes more salt than there is
            rows.append(row("depletion", 64.0, i, exchange=exchange, ratio=ratio, stride=STRIDE / 2))
    for exchange in (1e2, 1e3, 1e4):
        rows += [row("cell size", 64.0, 50.0, cells=n, exchange=exchange) for n in CONVERGENCE_CELLS]
    for exchange in EXCHANGE:
        for what, numerics in NUMERICS.items():
            rows.append(row(what, 64.0, 50.0, exchange=exchange, **numerics))
    return [r for r in rows if r is not None]


@styled
def draw(rows):
    """Dispersion, capillarity, depletion, convergence."""
    named = [dict(zip(HEADER, r, strict=True)) for r in rows]

    def chosen(what, **conditions):
        picked = [r for r in named if r["what"] == what and all(r[key] == v for key, v in conditions.items())]
        return picked, np.array([r["wavelength_um"] for r in picked])

    def theory(wavelengths, i, gamma=0.0):
        k = 2 * np.pi / (wavelengths * um)
        lithium = replace(films.LITHIUM, surface_energy=gamma)
        gap = (HEIGHTS * 0.75 - 1.5 * SETTLE / CELLS) * wavelengths * um
        return 3600 * growth_rate(k, i, gap, lithium, films.ELECTROLYTE.conductivity)

    figure = new_figure(PAGE, 112)
    axes = [
        place(figure, left, top, 70, 40, letter, xscale="log")
        for left, top, letter in ((14, 6, "a"), (104, 6, "b"), (14, 62, "c"), (104, 62, "d"))
    ]
    fine = np.geomspace(12, 170, 200)
    for i, colour in zip(CURRENTS, RUNS, strict=False):
        picked, w = chosen("current", current_density_A_m2=i)
        axes[0].plot(fine, theory(fine, i), color=colour)
        axes[0].plot(w, [r["omega_measured_1_per_h"] for r in picked], "o", ms=4, color=colour, label=f"{i:g} A/m²")
    axes[0].set(yscale="log", ylabel="Growth rate (1/h)", xlabel="Wavelength (µm)")
    axes[0].set(ylim=(0.008, 6))
    axes[0].legend(title="lines: theory", ncols=3, loc="lower center")

    fine = np.geomspace(20, 150, 200)
    picked, w = chosen("current", current_density_A_m2=50.0)
    keep = w > 20
    flat = np.array([r["omega_measured_1_per_h"] for r in picked])
    axes[1].plot(fine, theory(fine, 50.0), color=RUNS[1])
    axes[1].plot(w[keep], flat[keep], "o", ms=4, color=RUNS[1], label="no capillarity")
    picked, w = chosen("capillarity", surface_energy_J_m2=ENHANCED)
    axes[1].plot(fine, theory(fine, 50.0, ENHANCED), color=RUNS[2])
    measured_rates = [r["omega_measured_1_per_h"] for r in picked]
    axes[1].plot(w, measured_rates, "s", ms=4, color=RUNS[2], label=f"{ENHANCED:g} J/m²")
    axes[1].axhline(0, color=FAINT, lw=0.6)
    axes[1].set(ylabel="Growth rate (1/h)", xlabel="Wavelength (µm)")
    axes[1].legend(title="50 A/m²", loc="lower right")

    axes[2].set(xscale="linear", xlim=(0, 1), ylim=(0, 1.35))
    axes[2].set(xlabel="Current over limiting current", ylabel="Growth rate / $vk$")
    gap = (HEIGHTS * 0.75 - 1.5 * SETTLE / CELLS) * 64 * um
    k = 2 * np.pi / (64 * um)
    full = films.limiting_current(HEIGHTS * 0.75 * 64 * um)
    for exchange, colour in zip(EXCHANGE, RUNS[3:], strict=False):
        lithium = replace(films.LITHIUM, exchange_current_density=exchange)
        x = np.linspace(0.03, 0.97, 60)
        c0 = films.ELECTROLYTE.concentration
        at_front = c0 * (1 - x) + 2 * c0 * x * (1 - gap / (HEIGHTS * 0.75 * 64 * um))
        y = [
            growth_rate_with_depletion(k, r * full, gap, lithium, films.ELECTROLYTE, c) / (films.speed(r * full) * k)
            for r, c in zip(x, at_front, strict=True)
        ]
        axes[2].plot(x, y, color=colour)
        picked, _ = chosen("depletion", exchange_current_A_m2=exchange)
        y = [r["omega_measured_1_per_h"] / 3600 / (films.speed(r["current_density_A_m2"]) * k) for r in picked]
        x = [r["over_limiting_current"] for r in picked]
        axes[2].plot(x, y, "o", ms=4, color=colour, label=f"$i_0$ = {exchange:g} A/m²")
    axes[2].legend(loc="lower right", title="wavelength 64 µm")

    for exchange, colour in zip((1e2, 1e3, 1e4), (RUNS[0], RUNS[2], RUNS[1]), strict=True):
        picked, _ = chosen("cell size", exchange_current_A_m2=exchange)
        x = [2 * np.pi * FRONT / r["cells_per_wavelength"] for r in picked]
        y = [r["difference_over_vk"] for r in picked]
        axes[3].plot(x, y, "o-", ms=4, color=colour, label=f"{picked[0]['wagner_number']:.2g}")
    axes[3].axhline(0, color=FAINT, lw=0.6)
    axes[3].set(xlabel="Wavenumber × front width, $k\\delta$", ylabel="(model − theory) / $vk$")
    axes[3].legend(title="$\\kappa k/G$", loc="upper right")
    for ax, ticks in zip(axes, ((16, 32, 64, 128), (24, 32, 48, 64, 128), None, (0.025, 0.05, 0.1, 0.2)), strict=True):
        if ticks:
            ax.set_xticks(ticks, labels=[f"{tick:g}" for tick in ticks])
            ax.set_xticks([], minor=True)
    for ax in axes:
        open_frame(ax)
        ax.tick_params(colors=INK)
    return figure


def study() -> None:
    """Growth rates of waves on a front, against linear stability."""
    rows = table()
    results.write_table("stability", HEADER, rows)
    (path,) = save(draw(rows), results.FIGURES / "stability.png")
    results.shrink(path)


if __name__ == "__main__":
    study()
