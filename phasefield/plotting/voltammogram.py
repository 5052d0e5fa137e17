"""Current against potential where a potential was swept, with its peaks."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.signal import find_peaks

from phasefield.plotting import style
from phasefield.snapshots import Run
from phasefield.units import mA_per_cm2

SWEPT = 0.2  # V over which the potential has to go
VARIES = 0.5  # share of the steps whose current differs from that of the step before
PROMINENT = 0.15  # of the largest current: peaks that are marked
VOLTAGE = "Potential vs Li/Li$^+$ (V)"
CURRENT = "Current density (mA/cm²)\nreduction is negative"


def is_swept(history: Mapping[str, np.ndarray]) -> bool:
    """Whether the current answers a potential that was swept."""
    current, potential = (history.get(name, np.zeros(0)) for name in ("current_density", "potential"))
    if len(current) < 10 or np.ptp(potential) < SWEPT:
        return False
    return float(np.mean(np.abs(np.diff(current)) > 1e-6 * np.abs(current[1:]))) > VARIES


def peaks(history: Mapping[str, np.ndarray]) -> list[tuple[float, float]]:
    """(potential [V], current [A/m2], reduction negative) of each prominent peak, in the order of time."""
    current = -history["current_density"]
    height = PROMINENT * np.abs(current).max()
    found = [find_peaks(sign * current, height=height, prominence=height)[0] for sign in (1, -1)]
    return [(float(history["potential"][i]), float(current[i])) for i in sorted(np.concatenate(found))]


@style.styled
def voltammogram(runs: Sequence[Run], labels: Sequence[str] | None = None) -> Figure:
    """Current against potential of one run or several, the peaks of the first marked with their potentials."""
    figure = style.new_figure(style.COLUMN + 25, 68)
    axes = style.place(figure, 18, 5, style.COLUMN, 51)
    for i, run in enumerate(runs):
        label = labels[i] if labels else None
        axes.plot(run.history["potential"], -run.history["current_density"] / mA_per_cm2,
                  color=style.RUNS[i % len(style.RUNS)], label=label)  # fmt: skip
    _mark(axes, peaks(runs[0].history))
    axes.axhline(0, color=style.FAINT, linewidth=0.6)
    axes.margins(y=0.14)
    axes.set(xlabel=VOLTAGE, ylabel=CURRENT)
    style.open_frame(axes)
    if labels:
        axes.legend(loc="upper right")
    return figure


def _mark(axes: Axes, found: Sequence[tuple[float, float]]) -> None:
    for potential, current in found:
        up = current > 0
        axes.annotate(f"{potential:.2f}", (potential, current / mA_per_cm2), (0, 3 if up else -3), fontsize=6,
                      textcoords="offset points", ha="center", va="bottom" if up else "top",
                      bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.5})  # fmt: skip
