"""One figure of a host: how it looks, porosity against height, sizes of pores and particles, measures."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from matplotlib.patheffects import withStroke

from phasefield.host.geometry import Geometry
from phasefield.host.measures import HostReport
from phasefield.host.sizes import SizeDistribution
from phasefield.plotting import style
from phasefield.units import um

TOP, LOWER = 6.0, 99.0  # mm from the upper edge: first and second row of panels
TALLEST, WIDEST, PANEL = 64.0, 57.0, 44.0  # mm: a section at most, and a panel of the second row
TABLE = 116.0  # mm from the left edge
SIZES = (("pore_size", "Pores", style.RUNS[0], "-"), ("particle_size", "Particles", style.RUNS[1], "--"))
BARS = (100.0, 50.0, 20.0, 10.0, 5.0, 2.0, 1.0)  # um
FAINTEST = 0.35  # a phase that nowhere exceeds this fraction is a coating below the grid, drawn stronger than it is
DETAIL = 20.0  # um, of a 2D section drawn large


@style.styled
def host_figure(geometry: Geometry, report: HostReport) -> Figure:
    """Sections, porosity against height, size distributions and the measures of a host, 180 mm wide.

    Args: geometry: the host. report: its measures, from `phasefield.host.describe`.
    """
    figure = style.new_figure(style.PAGE, LOWER + PANEL + 12)
    picture = colours(geometry)
    height, width = geometry.shape[0] * geometry.spacing / um, geometry.shape[-1] * geometry.spacing / um
    low, scale = -geometry.bottom / um, min(TALLEST / height, WIDEST / width)  # mm on paper per um

    vertical = picture if geometry.ndim == 2 else picture[:, geometry.shape[1] // 2]
    section = style.place(figure, 12, TOP, width * scale, height * scale, "a")
    _draw(section, vertical, (0, width, low, low + height))
    section.set_ylabel(style.HEIGHT if height * scale > 40 else "Height (µm)")
    depth = style.place(figure, 12 + width * scale + 5, TOP, 26, height * scale)
    style.place_letter(figure, 12 + width * scale + 4, TOP - 1.5, "b")
    _depth(depth, report, (low, low + height))
    _table(figure, report, "c")
    _legend(figure, geometry)

    _sizes(style.place(figure, 14, LOWER, 62, PANEL, "d"), report)
    if geometry.ndim == 3:
        level = (geometry.planes.start + geometry.planes.stop) // 2 if report.thickness else geometry.shape[0] // 2
        across, plane = geometry.shape[1] * geometry.spacing / um, picture[level]
        cut = ((level + 0.5) * geometry.spacing - geometry.bottom) / um
        section.axhline(cut, color=style.INK, linewidth=0.7, linestyle=(0, (4, 3)))
        box, title = (0, width, 0, across), f"Section {cut:.0f} µm above collector"
    else:
        cells = min(round(DETAIL * um / geometry.spacing), geometry.shape[1], geometry.planes.stop or geometry.shape[0])
        end = geometry.planes.stop or geometry.shape[0]
        plane = picture[end - cells : end, :cells]
        across = width = cells * geometry.spacing / um
        start = (end - cells) * geometry.spacing / um
        box, title = (0, width, start + low, start + low + width), "Detail under the host surface"
    scale = min(PANEL / across, 62 / width)
    axes = style.place(figure, TABLE, LOWER, width * scale, across * scale)
    style.place_letter(figure, TABLE - 6, LOWER - 1.5, "e")
    _draw(axes, plane, box)
    axes.set(yticks=[], xlabel=title)
    return figure


def colours(geometry: Geometry) -> np.ndarray:
    """RGB of every cell, the colours of what is in it mixed by volume, coatings on top; shape (*shape, 3)."""
    palette, strength = style.phase_colours(geometry.names), strengths(geometry)
    rgb = np.repeat(np.maximum(geometry.pore, 0.0)[..., None], 3, axis=-1)
    bulk = geometry.pore.copy()
    for name, fraction in zip(geometry.names, geometry.fractions, strict=True):
        if strength[name] == 1:
            rgb += fraction[..., None] * palette[name]
            bulk += fraction
    rgb /= np.maximum(bulk, 1e-9)[..., None]
    for name, fraction in zip(geometry.names, geometry.fractions, strict=True):
        if strength[name] > 1:
            share = np.minimum(strength[name] * fraction, 1.0)[..., None]
            rgb = (1 - share) * rgb + share * palette[name]
    return np.clip(rgb, 0.0, 1.0)


def strengths(geometry: Geometry) -> dict[str, int]:
    """How many times stronger than its volume fraction each phase is drawn: coatings would not be seen otherwise."""
    most = [float(fraction.max()) for fraction in geometry.fractions]
    return {n: max(1, int(0.75 / m)) if 0 < m < FAINTEST else 1 for n, m in zip(geometry.names, most, strict=True)}


def _draw(axes: Axes, picture: np.ndarray, box: tuple[float, float, float, float]) -> None:
    """A section with its scale bar; box: left, right, lower and upper edge [um]."""
    axes.imshow(picture, origin="lower", extent=box, interpolation="bilinear", aspect="equal")
    axes.set_xticks([])
    _scale_bar(axes, box[1] - box[0])


def _scale_bar(axes: Axes, width: float) -> None:
    """A bar in the upper right corner, about a third as long as the section is wide [um]."""
    length = next((bar for bar in BARS if bar <= 0.35 * width), BARS[-1])
    right, (low, high) = axes.get_xlim()[1], axes.get_ylim()
    x, y, thick = right - 0.05 * width - length, high - 0.045 * (high - low), 0.012 * (high - low)
    halo = [withStroke(linewidth=1.5, foreground="white")]
    axes.add_patch(Rectangle((x, y - thick), length, thick, color=style.INK, path_effects=halo, linewidth=0))
    axes.text(x + length / 2, y - 1.6 * thick, f"{length:g} µm", ha="center", va="top", fontsize=6.5, path_effects=halo)


def _legend(figure: Figure, geometry: Geometry) -> None:
    """What the colours mean, under the sections."""
    palette, strength = style.phase_colours(geometry.names), strengths(geometry)
    edge = {"edgecolor": style.INK, "linewidth": 0.4}
    handles = []
    for name in geometry.names:
        drawn = f", drawn {strength[name]} times stronger" if strength[name] > 1 else ""
        handles.append(Patch(facecolor=palette[name], label=style.phase_label(name) + drawn, **edge))
    handles.append(Patch(facecolor=style.ELECTROLYTE, label="Electrolyte", **edge))
    height = figure.get_size_inches()[1] * style.INCH
    place = (12 / style.PAGE, 1 - (TOP + TALLEST + 10) / height)
    options = {"loc": "upper left", "borderpad": 0, "borderaxespad": 0, "columnspacing": 1.6, "handleheight": 0.9}
    figure.legend(handles=handles, bbox_to_anchor=place, ncols=len(handles), **options)


def _depth(axes: Axes, report: HostReport, limits: tuple[float, float]) -> None:
    """Porosity of each plane against its height, beside the section and on its axis."""
    axes.plot(np.multiply(100, report.porosity_profile), np.divide(report.profile_height, um), color=style.INK)
    axes.axvline(100 * report.porosity, color=style.FAINT, linewidth=0.8, linestyle=(0, (4, 3)))
    axes.set(xlabel="Porosity (%)", xlim=(0, 100), ylim=limits)
    axes.set_xticks([0, 50, 100])
    axes.tick_params(labelleft=False)
    style.open_frame(axes)


def _sizes(axes: Axes, report: HostReport) -> None:
    """Cumulative size distributions, weighted with volume."""
    drawn = [(getattr(report, name), *look) for name, *look in SIZES if getattr(report, name) is not None]
    for sizes, label, colour, line in drawn:
        x, y = _steps(sizes)
        axes.plot(x, y, color=colour, linestyle=line, label=f"{label}, $d_{{50}}$ = {sizes.d50 / um:.1f} µm")
    axes.set(xlabel="Diameter (µm)", ylabel="Volume in smaller sizes (%)", ylim=(0, 100))
    axes.set_xlim(0, 1.08 * max((sizes.diameter[-1] / um for sizes, *_ in drawn), default=1.0))
    if drawn:
        axes.legend(loc="lower left", bbox_to_anchor=(-0.03, 1.0), borderpad=0)
    style.open_frame(axes)


def _steps(sizes: SizeDistribution) -> tuple[np.ndarray, np.ndarray]:
    """Diameter [um] and share of volume in smaller sizes [%], from zero."""
    first = sizes.diameter[0] - (sizes.diameter[1] - sizes.diameter[0] if len(sizes.diameter) > 1 else 0.0)
    diameter = np.concatenate([[max(first, 0.0)], sizes.diameter]) / um
    return diameter, 100 * np.concatenate([[0.0], sizes.cumulative])


def _table(figure: Figure, report: HostReport, letter: str) -> None:
    """The measures as text."""
    page_width, page_height = figure.get_size_inches() * style.INCH
    style.place_letter(figure, TABLE - 6, TOP - 1.5, letter)
    rows = report.rows()
    for number, (name, value) in enumerate(rows):
        y = 1 - (TOP + 1 + number * min(4.4, (TALLEST + 4) / len(rows))) / page_height
        figure.text(TABLE / page_width, y, _pretty(name), va="center", fontsize=6.5)
        figure.text(1 - 2 / page_width, y, _pretty(value), va="center", ha="right", fontsize=6.5)


def _pretty(text: str) -> str:
    """Text with the signs of print: um, powers, first letter, names of phases."""
    first, _, rest = text.partition(" ")
    if rest.startswith("volume fraction"):
        return f"{style.phase_label(first)} {rest}"
    text = text.replace(" um", " µm").replace("m2/cm3", "m²/cm³").replace("d10/d50/d90", "$d_{10}/d_{50}/d_{90}$")
    return text[:1].upper() + text[1:]
