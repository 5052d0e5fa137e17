"""Nyquist plots of impedance.csv, and the conductivity between blocking plates against frequency."""

import csv
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from phasefield.plotting import style
from phasefield.snapshots import SnapshotError
from phasefield.units import cm2, um

TABLE, MEASURES = "impedance.csv", "impedance.json"
COLUMNS = ("measurement", "state", "frequency_Hz", "real_Ohm_cm2", "imaginary_Ohm_cm2")
NYQUIST = {"half_cell": "Half cell with lithium", "electrode": "Electrode alone"}
PLATES = {"two_electrode_wet": "Between plates, with electrolyte", "two_electrode_dry": "Between plates, dry"}
STATES = {"pristine": "Pristine", "lithiated": "Lithiated"}
LINES = ("-", (0, (4, 1.6)), "-", (0, (4, 1.6)))
REAL, IMAGINARY = "Re Z (Ω cm²)", "−Im Z (Ω cm²)"

Spectrum = tuple[np.ndarray, np.ndarray]  # frequency [Hz], complex impedance [Ohm cm2]


def read_spectra(path) -> dict[str, dict[str, Spectrum]]:
    """State -> measurement -> spectrum of an impedance.csv.

    Raises: SnapshotError where the file is missing or damaged.
    """
    path, rows = Path(path), {}
    try:
        with open(path, newline="", encoding="utf-8") as file:
            table = csv.DictReader(file)
            for row in table:
                numbers = [float(row[name]) for name in COLUMNS[2:]]
                if not np.isfinite(numbers).all() or numbers[0] < 0:
                    raise ValueError(f"line {table.line_num} holds {', '.join(map(str, numbers))}")
                rows.setdefault(row["state"], {}).setdefault(row["measurement"], []).append(numbers)
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
        reason = f"no column {error}" if isinstance(error, KeyError) else error
        raise SnapshotError(f"{path} cannot be read ({reason}); `phasefield impedance` writes it anew") from None
    if not rows:
        raise SnapshotError(f"{path} holds no spectrum; `phasefield impedance` writes it anew")
    found = {}
    for state, measurements in rows.items():
        for name, numbers in measurements.items():
            frequency, real, imaginary = np.array(sorted(numbers, reverse=True)).T
            found.setdefault(state, {})[name] = frequency, real + 1j * imaginary
    return found


def thickness_beside(path) -> float | None:
    """Thickness of the host layer [m] from the impedance.json beside a table; None where that does not say."""
    try:
        found = json.loads((Path(path).with_name(MEASURES)).read_text(encoding="utf-8")).get("thickness_um")
    except (OSError, ValueError, AttributeError, RecursionError):
        return None
    is_number = isinstance(found, int | float) and not isinstance(found, bool)
    return found * um if is_number and np.isfinite(found) and found > 0 else None


@style.styled
def nyquist_figure(spectra: Mapping[str, Mapping[str, Spectrum]], thickness: float | None = None) -> Figure:
    """Nyquist plots, with frequencies at the decades, and the impedance between plates against frequency.

    Args:
        spectra: label of a line -> measurement -> spectrum; what a label lacks is left out.
        thickness: of the host layer [m]; given it, the panels of the plates show a conductivity [S/m].
    """
    there = {name for measurements in spectra.values() for name in measurements}
    arcs, plates = ([name for name in names if name in there] for names in (NYQUIST, PLATES))
    wide, high, step = 68.0, 46.0, 86.0
    rows = [names for names in (arcs, plates) if names]
    figure = style.new_figure(style.PAGE, 2 + len(rows) * (high + 17))
    letters = iter("abcd")
    for row, names in enumerate(rows):
        for column, name in enumerate(names):
            axes = style.place(figure, 15 + column * step, 7 + row * (high + 17), wide, high, next(letters))
            lines = {label: measurements[name] for label, measurements in spectra.items() if name in measurements}
            if name in NYQUIST:
                _nyquist(axes, lines, wide / high)
                axes.set_title(NYQUIST[name])
            else:
                _between_plates(axes, lines, thickness)
                axes.set_title(PLATES[name])
            style.open_frame(axes)
            if row == column == 0:
                axes.legend(loc="upper left", borderpad=0.2)
    return figure


def _look(number: int) -> dict:
    return {"color": style.RUNS[number % len(style.RUNS)], "linestyle": LINES[number % len(LINES)]}


def _nyquist(axes: Axes, lines: Mapping[str, Spectrum], shape: float) -> None:
    """-Im Z against Re Z on equal axes, wide enough for the real parts; decades of frequency as dots.

    Those of the widest spectrum are named.
    """
    widths = [float(z.real.max()) for _, z in lines.values()]
    widest = 1.12 * max(widths)
    for number, (label, (frequency, z)) in enumerate(lines.items()):
        axes.plot(z.real, -z.imag, label=STATES.get(label, style.literal(label)), **_look(number))
        decades = _decades(frequency)
        axes.plot(z.real[decades], -z.imag[decades], ".", color=_look(number)["color"], markersize=5)
        if number == widths.index(max(widths)):
            _name_decades(axes, frequency[decades], z[decades], widest, widest / shape)
    axes.set(xlim=(0, widest), ylim=(0, widest / shape), xlabel=REAL, ylabel=IMAGINARY)
    axes.set_aspect("equal", adjustable="box")
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.yaxis.set_major_locator(MaxNLocator(5))


def _decades(frequency: np.ndarray) -> np.ndarray:
    """Indices of the whole decades among the frequencies."""
    positive = np.flatnonzero(frequency > 0)
    position = np.log10(frequency[positive])
    return positive[np.abs(position - np.round(position)) < 1e-3]


def _name_decades(axes: Axes, frequency, z, widest: float, tallest: float) -> None:
    """The frequencies beside their dots, inside the arc; left out where they would lie on another."""
    named: list[complex] = []
    for f, each in sorted(zip(frequency, z, strict=True), key=lambda pair: pair[1].imag):
        far = all(max(abs(each.real - o.real) / widest, 0.7 * abs(each.imag - o.imag) / tallest) > 0.06 for o in named)
        if not far or not 0 <= -each.imag < 0.96 * tallest:
            continue
        text = f"{f / 1000:g} kHz" if f >= 1000 else f"{f:g} Hz"
        rising = each.real < 0.5 * widest
        place = (5, 0) if rising else (-5, 0)
        halo = [withStroke(linewidth=1.5, foreground="white")]
        options = {"textcoords": "offset points", "fontsize": 6, "ha": "left" if rising else "right",
                   "path_effects": halo}  # fmt: skip
        axes.annotate(text, (each.real, -each.imag), place, va="center" if -each.imag > 0.04 * tallest else "bottom",
                      **options)  # fmt: skip
        named.append(each)


def _between_plates(axes: Axes, lines: Mapping[str, Spectrum], thickness: float | None) -> None:
    """|Y| against frequency, as a conductivity where the thickness is known; direct current dotted."""
    for number, (label, (frequency, z)) in enumerate(lines.items()):
        flowing = frequency > 0
        values = 1 / cm2 / np.abs(z) * (1.0 if thickness is None else thickness)  # S/m2 or S/m
        axes.loglog(frequency[flowing], values[flowing], label=STATES.get(label, style.literal(label)), **_look(number))
        if not flowing.all():
            axes.axhline(values[~flowing][0], color=_look(number)["color"], linewidth=0.6, linestyle=":")
    low, high = axes.get_ylim()
    if high < 10 * low:  # a flat line looks flat
        middle = np.sqrt(low * high)
        axes.set_ylim(middle / 10, middle * 10)
    name = "Conductance (S/m²)" if thickness is None else "Conductivity, L/|Z| (S/m)"
    axes.set(xlabel="Frequency (Hz); dotted: direct current", ylabel=name)
