"""Slightly rough lithium films plated below and above the limiting current: when the salt at the front runs out, held
against Sand, and whether dendrites grow.

The gap is 50 um of electrolyte with an even supply of ions at its top, as from a lithium electrode there.
"""

from dataclasses import replace

import numpy as np
from scipy import ndimage
from scipy.optimize import brentq

from phasefield import simulate
from phasefield.plotting.style import (
    FAINT,
    LITHIUM,
    PAGE,
    RUNS,
    SEQUENTIAL,
    new_figure,
    open_frame,
    place,
    save,
    styled,
)
from phasefield.protocol import Step
from phasefield.units import FARADAY, um
from scripts.validation import films, results

SHAPE = (64, 64)
SPACING = 1.0 * um
FILM = 14  # cells
GAP = (SHAPE[0] - FILM) * SPACING
LITHIUM_METAL = replace(films.LITHIUM, exchange_current_density=20.0, conductivity=1e3)
PLATED = 10.0 * um
USED_UP = 0.02  # of the initial salt: that little at the front counts as none; dendrites may never let it reach 0
CASES = (  # current over the limiting current, roughness (rms, um)
    (0.5, 0.5),
    (0.9, 0.5),
    (1.2, 0.5),
    (1.5, 0.5),
    (2.0, 0.5),
    (0.5, 2.0),
    (0.9, 2.0),
    (1.2, 2.0),
    (1.5, 2.0),
    (2.0, 2.0),
)


def depletion_time(ratio, gap, electrolyte=films.ELECTROLYTE, left=0.0):
    """Time [s] until c at the plated side of a gap falls to `left` of c0; None where it never does.

        c/c0 = 1 - (i/i_L) [1 - (8/pi^2) sum over odd n of exp(-n^2 pi^2 D t/L^2)/n^2]

    Source: Carslaw and Jaeger, Conduction of Heat in Solids, 2nd ed., 3.8.
    """
    n = np.arange(1, 400, 2)

    def above(x):
        return 1 - ratio * (1 - 8 / np.pi**2 * np.sum(np.exp(-((n * np.pi) ** 2) * x) / n**2)) - left

    return None if ratio <= 1 - left else brentq(above, 0, 20) * gap**2 / electrolyte.diffusivity


def rough_film(roughness, shape=SHAPE, spacing=SPACING, film=FILM, seed=0):
    """(Model, State): a film whose height varies at random by `roughness` (rms) [m], correlated over some cells."""
    model = films.box(shape, spacing, lithium=LITHIUM_METAL, charge_tolerance=1e-5)
    noise = ndimage.gaussian_filter1d(np.random.default_rng(seed).normal(size=shape[1]), 1.5, mode="wrap")
    height = film * spacing + roughness * (noise - noise.mean()) / noise.std()
    return model, films.lithium_where(model, height - films.positions(model)[0])


def heights(phase, spacing):
    """Lithium in each column [m]."""
    return np.asarray(phase).sum(axis=0) * spacing


def salt_at_front(state):
    """c on xi = 1/2, the uppermost in each column, from the straight line through 1.5 and 3 cells above it, on average
    over the columns [mol/m3]. It may be negative where the profile is bent."""
    xi, c = np.asarray(state.phase), np.asarray(state.concentration)
    columns = np.arange(xi.shape[1])
    last = xi.shape[0] - 1 - np.argmax(xi[::-1] >= 0.5, axis=0)
    front = last + (xi[last, columns] - 0.5) / (xi[last, columns] - xi[last + 1, columns])
    near, far = (ndimage.map_coordinates(c, [front + above, columns], order=1, mode="nearest") for above in (1.5, 3.0))
    return (2 * near - far).mean()


def plate(ratio, roughness, plated=PLATED, looks=None):
    """What happens at a current: one dict of series and the last state."""
    model, state = rough_film(roughness)
    current = ratio * films.limiting_current(GAP)
    sand = films.sand_time(current)
    seen = {"time": [], "plated": [], "roughness": [], "tallest": [], "salt": []}
    last = []

    def look(snapshot):
        height = heights(snapshot.state.phase, SPACING)
        seen["time"].append(float(snapshot.state.time))
        seen["plated"].append(films.speed(1.0) * snapshot.charge)
        seen["roughness"].append(height.std())
        seen["tallest"].append(np.ptp(height))
        seen["salt"].append(salt_at_front(snapshot.state))
        last[:] = [snapshot.state]

    capacity = plated * FARADAY / films.LITHIUM.molar_volume
    control = simulate.TimeControl(dt_min=1e-7, dt_max=sand / 30)
    interval = capacity / looks if looks else min(current * sand / 20, capacity / 20)
    try:
        simulate.run(
            model, state, [Step(current, capacity=capacity)], control, snapshot_interval=interval, on_snapshot=look
        )
        end = "plated"
    except simulate.SimulationError as error:
        end = "salt used up" if "salt is used up" in str(error) else str(error)
    seen = {name: np.array(values) for name, values in seen.items()}
    return {"ratio": ratio, "current": current, "sand": sand, "rough": roughness, "end": end, **seen}, last[0]


def time_used_up(run):
    """First time [s] at which next to no salt is left at the front; None if never."""
    little = run["salt"] < USED_UP * films.ELECTROLYTE.concentration
    if not little.any():
        return None
    n = int(np.argmax(little))
    part = (run["salt"][n - 1] - USED_UP * films.ELECTROLYTE.concentration) / (run["salt"][n - 1] - run["salt"][n])
    return run["time"][n - 1] + part * (run["time"][n] - run["time"][n - 1])


HEADER = (
    "over_limiting_current",
    "current_density_A_m2",
    "initial_roughness_um",
    "end",
    "plated_um",
    "roughness_um",
    "highest_less_lowest_um",
    "roughening",
    "least_salt_at_front",
    "used_up_s",
    "used_up_flat_electrode_s",
    "sand_s",
)


def row(run):
    """One line of the table."""
    sand, flat = run["sand"], depletion_time(run["ratio"], GAP, left=USED_UP)
    rough = run["roughness"]
    return (run["ratio"], run["current"], run["rough"] / um, run["end"], run["plated"][-1] / um, rough[-1] / um,
            run["tallest"][-1] / um, rough[-1] / rough[0], run["salt"].min() / films.ELECTROLYTE.concentration,
            time_used_up(run), flat, sand)  # fmt: skip


@styled
def draw(runs, states):
    """Roughness and salt over what is plated; lithium and salt at the end."""
    figure = new_figure(PAGE, 122)
    left = place(figure, 14, 6, 70, 42, "a", yscale="log")
    right = place(figure, 104, 6, 70, 42, "b")
    ratios = sorted({run["ratio"] for run in runs})
    colours = dict(zip(ratios, RUNS, strict=False))
    for run in runs:
        style = "-" if run["rough"] < 1 * um else "--"
        label = f"{run['ratio']:g} $i_L$" if style == "-" else None
        plated = run["plated"] / um
        left.plot(plated, run["roughness"] / run["roughness"][0], style, color=colours[run["ratio"]], label=label)
        if run["end"] != "plated":
            left.plot(plated[-1], run["roughness"][-1] / run["roughness"][0], "x", ms=4, color=colours[run["ratio"]])
        if style == "-":
            x = run["time"] / run["sand"]
            right.plot(x, run["salt"] / films.ELECTROLYTE.concentration, color=colours[run["ratio"]])
            flat = depletion_time(run["ratio"], GAP)
            if flat is not None:
                right.plot(flat / run["sand"], 0, "v", ms=5, color=colours[run["ratio"]], clip_on=False, zorder=5)
    left.set(xlabel="Plated (µm)", ylabel="Roughness / initial")
    left.legend(ncols=2)
    right.axvline(1, color=FAINT, lw=0.6)
    right.set(xlim=(0, 4), ylim=(0, 1), xlabel="Time / Sand's time", ylabel="Salt at the front, $c/c_0$")
    for axes in (left, right):
        open_frame(axes)
    shown = [(run, state) for run, state in zip(runs, states, strict=True) if run["rough"] > 1 * um]
    width = 30.0
    for n, (run, state) in enumerate(shown):
        axes = place(figure, 14 + n * (width + 3.4), 66, width, width * SHAPE[0] / SHAPE[1], "c" if n == 0 else "")
        extent = (0, SHAPE[1] * SPACING / um, 0, SHAPE[0] * SPACING / um)
        c = np.asarray(state.concentration) / films.ELECTROLYTE.concentration
        image = axes.imshow(c, origin="lower", extent=extent, cmap=SEQUENTIAL, vmin=0, vmax=2)
        axes.contourf(
            np.asarray(state.phase), levels=[0.5, 2], colors=[LITHIUM], extent=extent, origin="lower", antialiased=True
        )
        axes.set_title(f"{run['ratio']:g} $i_L$, {run['plated'][-1] / um:.1f} µm")
        axes.set(xticks=[0, 30, 60], yticks=[0, 30, 60])
        if n:
            axes.set_yticklabels([])
        else:
            axes.set(ylabel="Height (µm)")
        axes.set(xlabel="Width (µm)")
    bar = place(figure, 60, 112, 60, 2.2)
    figure.colorbar(image, cax=bar, orientation="horizontal", label="Salt, $c/c_0$")
    return figure


def study() -> None:
    """Films at five currents, from nearly flat to rough."""
    runs, states = [], []
    for ratio, roughness in CASES:
        run, state = plate(ratio, roughness * um)
        runs.append(run)
        states.append(state)
        print(" ".join(results._shown(value) for value in row(run)), flush=True)
    results.write_table("dendrites", HEADER, [row(run) for run in runs])
    (path,) = save(draw(runs, states), results.FIGURES / "dendrites.png")
    results.shrink(path)


if __name__ == "__main__":
    study()
