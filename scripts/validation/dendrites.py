"""Slightly rough lithium films plated below and above the limiting current: when the salt at the front runs out, held
against Sand, and whether dendrites grow.

The gap is 50 um of electrolyte with an even supply of ions at its top, as from a lithium electrode there.
"""

from dataclasses import replace

import numpy as np
from scipy import ndimage
from scipy.optimize import brentq

from phasefield import timeline
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
from validation import films, results

SHAPE = (64, 64)
SPACING = 1.0 * um
FILM = 14  # cells
GAP = (SHAPE[0] - FILM) * SPACING
LITHIUM_METAL = replace(films.LITHIUM, exchange_current_density=20.0, conductivity=1e3)
PLATED = 10.0 * um
USED_UP = 0.02  # of the initial salt: that little at the front counts as none; dendrites may never let it reach 0
ROUGH = 0.5 * um
NEEDLE = 15.0 * um
WATCHED = 3.0  # Sand times, above the limiting current: what plates until then plates on
RATIOS = (0.5, 0.9, 1.2, 1.5, 2.0)  # current over the limiting current
FLAT = ((1.2, 1.5, 2.0), (64, 128, 256))  # currents, and cells in the height of the box


def depletion_time(ratio, gap, electrolyte=films.ELECTROLYTE, left=0.0):
    """Time [s] until c at the plated side of a gap falls to `left` of c0; None where it never does.

        c/c0 = 1 - (i/i_L) [1 - (8/pi^2) sum over odd n of exp(-n^2 pi^2 D t/L^2)/n^2]

    Source: Carslaw and Jaeger, Conduction of Heat in Solids, 2nd ed., 3.8.
    """
    n = np.arange(1, 400, 2)

    def above(x):
        return 1 - ratio * (1 - 8 / np.pi**2 * np.sum(np.exp(-((n * np.pi) ** 2) * x) / n**2)) - left

    return None if ratio <= 1 - left else brentq(above, 0, 20) * gap**2 / electrolyte.diffusivity


def rough_film(roughness, shape=SHAPE, spacing=SPACING, film=FILM, needle=0.0, seed=0):
    """(Model, State): a film whose height varies at random by `roughness` (rms) [m], correlated over some cells.

    Args:
        needle: height of one bump in the middle, 3 um wide (standard deviation) [m].
    """
    model = films.box(shape, spacing, lithium=LITHIUM_METAL, charge_tolerance=1e-5)
    noise = ndimage.gaussian_filter1d(np.random.default_rng(seed).normal(size=shape[1]), 1.5, mode="wrap")
    height = film * spacing + roughness * (noise - noise.mean()) / noise.std()
    z, x = films.positions(model)
    bump = needle * np.exp(-((x[0] / (3 * um)) ** 2) / 2)
    return model, films.lithium_where(model, height + bump - z)


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


class Enough(Exception):
    """The film has been watched for long enough."""


def plate(ratio, roughness, needle=0.0, plated=PLATED):
    """What happens at a current: one dict of series and the last state."""
    model, state = rough_film(roughness, needle=needle)
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
        if ratio > 1 and seen["time"][-1] > WATCHED * sand:
            raise Enough

    capacity = plated * FARADAY / films.LITHIUM.molar_volume
    control = timeline.TimeControl(dt_min=1e-7, dt_max=sand / 30)
    interval = min(current * sand / 20, capacity / 20)
    try:
        timeline.run(
            model, state, [Step(current, capacity=capacity)], control, snapshot_interval=interval, on_snapshot=look
        )
        end = "plated"
    except Enough:
        end = "plates on"
    except timeline.SimulationError as error:
        end = "salt used up" if "salt is used up" in str(error) else str(error)
    seen = {name: np.array(values) for name, values in seen.items()}
    return {
        "ratio": ratio,
        "current": current,
        "sand": sand,
        "rough": roughness,
        "needle": needle,
        "end": end,
        **seen,
    }, last[0]


def time_used_up(run):
    """First time [s] at which next to no salt is left at the front; None if never."""
    little = run["salt"] < USED_UP * films.ELECTROLYTE.concentration
    if not little.any():
        return None
    n = int(np.argmax(little))
    part = (run["salt"][n - 1] - USED_UP * films.ELECTROLYTE.concentration) / (run["salt"][n - 1] - run["salt"][n])
    return run["time"][n - 1] + part * (run["time"][n] - run["time"][n - 1])


def flat_film_used_up(ratio, cells, steps=240):
    """Time [s] at which next to no salt is left on a flat front under a gap of GAP, with `cells` in the height."""
    spacing = SHAPE[0] * SPACING / cells
    model = films.box((cells, cells // 2), spacing, lithium=LITHIUM_METAL)
    film = FILM * SPACING - 0.5 * spacing
    state = films.lithium_where(model, film - films.positions(model)[0])
    current = ratio * films.limiting_current(GAP)
    dt = depletion_time(ratio, GAP, left=USED_UP) / steps
    for part in (1e-2, 1e-1):
        state, _ = films.march(model, state, current, part * dt, 1)
    before = (0.0, films.ELECTROLYTE.concentration)
    threshold = USED_UP * films.ELECTROLYTE.concentration
    while True:
        state, _ = films.march(model, state, current, dt, 1)
        now = (float(state.time), salt_at_front(state))
        if now[1] < threshold:
            return now[0] - (threshold - now[1]) / (before[1] - now[1]) * (now[0] - before[0])
        before = now


HEADER = (
    "over_limiting_current",
    "current_density_A_m2",
    "cell_um",
    "initial_film",
    "end",
    "plated_um",
    "end_over_sand",
    "roughness_um",
    "roughness_over_initial",
    "highest_less_lowest_um",
    "used_up_s",
    "used_up_sharp_s",
    "used_up_over_sharp",
    "sand_s",
)


def row(run):
    """One line of the table."""
    sharp, at, rough = depletion_time(run["ratio"], GAP, left=USED_UP), time_used_up(run), run["roughness"]
    film = "needle" if run["needle"] else "rough"
    return (run["ratio"], run["current"], SPACING / um, film, run["end"], run["plated"][-1] / um,
            run["time"][-1] / run["sand"], rough[-1] / um, rough[-1] / rough[0], run["tallest"][-1] / um,
            at, sharp, at / sharp if at and sharp else None, run["sand"])  # fmt: skip


def flat_row(ratio, cells):
    """One line for a flat film, plated until its salt is gone."""
    current = ratio * films.limiting_current(GAP)
    at, sharp = flat_film_used_up(ratio, cells), depletion_time(ratio, GAP, left=USED_UP)
    cell = SHAPE[0] * SPACING / cells / um
    nothing = (None,) * 6
    return (ratio, current, cell, "flat", *nothing, at, sharp, at / sharp, films.sand_time(current))


@styled
def draw(runs, states):
    """Roughness and salt of rough films; lithium and salt of films with a needle."""
    figure = new_figure(PAGE, 117)
    left = place(figure, 14, 6, 70, 42, "a", yscale="log")
    right = place(figure, 104, 6, 70, 42, "b")
    colours = dict(zip(RATIOS, RUNS, strict=False))
    for run in runs:
        colour, plated = colours[run["ratio"]], run["plated"] / um
        if run["needle"]:
            continue
        rougher = run["roughness"] / run["roughness"][0]
        left.plot(plated, rougher, color=colour, label=f"{run['ratio']:g} $i_L$")
        if run["end"] == "salt used up":
            left.plot(plated[-1], rougher[-1], "x", ms=4, color=colour)
        salt = run["salt"] / films.ELECTROLYTE.concentration
        right.plot(run["time"] / run["sand"], salt, color=colour)
        if (sharp := depletion_time(run["ratio"], GAP)) is not None:
            right.plot(sharp / run["sand"], 0, "v", ms=5, color=colour, clip_on=False, zorder=5)
    left.set(xlabel="Plated (µm)", ylabel="Roughness / initial", xlim=(0, PLATED / um), ylim=(0.95, 5))
    left.set_yticks([1, 2, 3, 4, 5], labels=["1", "2", "3", "4", "5"])
    left.set_yticks([], minor=True)
    left.legend(ncols=2, title="×: salt used up")
    right.axvline(1, color=FAINT, lw=0.6)
    right.set(xlim=(0, 4), ylim=(0, 1), xlabel="Time / Sand's time", ylabel="Salt at the front, $c/c_0$")
    for axes in (left, right):
        open_frame(axes)
    width = 30.0
    extent = (0, SHAPE[1] * SPACING / um, 0, SHAPE[0] * SPACING / um)
    shown = [(run, state) for run, state in zip(runs, states, strict=True) if run["needle"]]
    for n, (run, state) in enumerate(shown):
        axes = place(figure, 14 + n * (width + 3.4), 64, width, width * SHAPE[0] / SHAPE[1], "c" if n == 0 else "")
        c = np.asarray(state.concentration) / films.ELECTROLYTE.concentration
        levels = np.linspace(0, 2.4, 13)
        image = axes.contourf(c, levels=levels, cmap=SEQUENTIAL, extent=extent, origin="lower", extend="max")
        phase = np.asarray(state.phase)
        axes.contourf(phase, levels=[0.5, 2], colors=[LITHIUM], extent=extent, origin="lower")
        axes.set_aspect("equal")
        axes.set_title(f"{run['ratio']:g} $i_L$, {run['plated'][-1] / um:.0f} µm plated")
        axes.set(xlabel="Width (µm)", xticks=[0, 30, 60], yticks=[0, 30, 60])
        if n:
            axes.set_yticklabels([])
        else:
            axes.set(ylabel="Height (µm)")
    bar = place(figure, 60, 106, 60, 2.2)
    figure.colorbar(image, cax=bar, orientation="horizontal", ticks=[0, 0.6, 1.2, 1.8, 2.4], label="Salt, $c/c_0$")
    return figure


def study() -> None:
    """Flat films, rough films, and films with a needle, at currents around the limiting current."""
    rows, runs, states = [], [], []

    def add(line):
        rows.append(line)
        print(" ".join(results._shown(value) for value in line), flush=True)

    for ratio in FLAT[0]:
        for cells in FLAT[1]:
            add(flat_row(ratio, cells))
    for needle in (0.0, NEEDLE):
        for ratio in RATIOS:
            run, state = plate(ratio, ROUGH, needle)
            runs.append(run)
            states.append(state)
            add(row(run))
    results.write_table("dendrites", HEADER, rows)
    (path,) = save(draw(runs, states), results.FIGURES / "dendrites.png")
    results.shrink(path)


if __name__ == "__main__":
    study()
