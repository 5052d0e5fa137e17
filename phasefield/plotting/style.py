"""How every figure looks: sizes, fonts, colours, units of the axes; the one place to change them.

Figures are built from `Figure` objects, never through pyplot: no backend is chosen and a notebook keeps its own.
"""

from collections.abc import Iterable
from functools import wraps
from itertools import cycle
from pathlib import Path

import numpy as np
from matplotlib import colormaps, font_manager, rc_context
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

COLUMN = 85.0  # mm, one column of a journal
PAGE = 180.0  # mm, two columns
INCH = 25.4  # mm

INK, FAINT = "#222222", "#8A8A8A"
ELECTROLYTE = "#FFFFFF"
LITHIUM = "#1557B8"
DEAD = "#C2185B"
COLLECTOR = "#C4773B"
PHASES = {"collector": COLLECTOR, "llto": "#BDB1A1", "cnt": "#3B3836"}
OTHER_PHASES = ("#A79A6F", "#8E9A9B", "#D3C6A6", "#6F6257")
NAMES = {"collector": "Collector", "llto": "LLTO", "cnt": "CNT"}
RUNS = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    INK,
)  # Okabe and Ito: safe for colour blindness
SEQUENTIAL, DIVERGING = "viridis", "RdBu_r"

CAPACITY = "Capacity (mAh/cm²)"
HEIGHT = "Height above collector (µm)"
POTENTIAL = "Potential vs Li/Li$^+$ (mV)"
FILLING = "Lithium fraction of pores"
TIME = "Time (s)"

_FONTS = {font.name for font in font_manager.fontManager.ttflist}
_RC = {
    "font.family": [name for name in ("Arial", "Helvetica", "Liberation Sans") if name in _FONTS] + ["DejaVu Sans"],
    "mathtext.default": "regular",
    "font.size": 7,
    "axes.labelsize": 7,
    "axes.titlesize": 7,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "legend.fontsize": 6.5,
    "legend.title_fontsize": 6.5,
    "legend.frameon": False,
    "legend.handlelength": 1.4,
    "axes.linewidth": 0.6,
    "axes.labelpad": 2.5,
    "axes.titlepad": 3,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "lines.linewidth": 1.1,
    "xtick.direction": "out",
    "ytick.direction": "out",
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.minor.size": 1.5,
    "ytick.minor.size": 1.5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.minor.width": 0.4,
    "ytick.minor.width": 0.4,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "savefig.dpi": 200,
    "pdf.fonttype": 42,  # text stays text in the journal's editor
}


def styled(draw):
    """The function, run under this style, whatever the user's own settings are."""

    @wraps(draw)
    def inner(*args, **options):
        with rc_context(_RC):
            return draw(*args, **options)

    return inner


@styled
def save(figure: Figure, path, pdf: bool = False) -> list[Path]:
    """Write the figure as PNG at 200 dpi and, when asked, as PDF beside it; the paths written."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    paths = [path.with_suffix(".png"), *([path.with_suffix(".pdf")] if pdf else [])]
    for target in paths:
        figure.savefig(target)
    return paths


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of a size in mm."""
    return Figure(figsize=(width / INCH, height / INCH))


def place(figure: Figure, left: float, top: float, width: float, height: float, letter: str = "", **options) -> Axes:
    """Axes at a place in mm, measured from the left and upper edge of the figure; `letter` names the panel."""
    page_width, page_height = figure.get_size_inches() * INCH
    box = (left / page_width, 1 - (top + height) / page_height, width / page_width, height / page_height)
    axes = figure.add_axes(box, **options)
    if letter:
        place_letter(figure, left - 10, top - 1.5, letter)
    return axes


def place_letter(figure: Figure, left: float, top: float, letter: str) -> None:
    """Name a panel, with the lower left corner of the letter at a place in mm."""
    page_width, page_height = figure.get_size_inches() * INCH
    figure.text(max(left, 1) / page_width, 1 - top / page_height, letter, fontsize=9, fontweight="bold", va="bottom")


def phase_colours(names: Iterable[str]) -> dict[str, np.ndarray]:
    """RGB colour of each host phase, the same in every figure for the phases known here."""
    names, spare = list(names), cycle(OTHER_PHASES)
    return {name: np.array(to_rgb(PHASES.get(name.lower()) or next(spare))) for name in names}


def phase_label(name: str) -> str:
    """How a host phase is written in a legend."""
    return NAMES.get(name.lower(), literal(name.replace("_", " ")))


def literal(text: str) -> str:
    """The text as matplotlib draws it, letter by letter: a name is no formula."""
    return text.replace("$", r"\$")


def capacity_colours(count: int) -> list:
    """Colours from light to dark for lines at rising capacity."""
    return [colormaps["Blues"](x) for x in np.linspace(0.4, 1.0, max(count, 2))[-count:]]


def open_frame(axes: Axes) -> None:
    """Leave the left and lower edge of the frame only."""
    axes.spines[["top", "right"]].set_visible(False)
