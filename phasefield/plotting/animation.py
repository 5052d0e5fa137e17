"""A run as a film: the vertical section fills while a mark moves along the potential curve; mp4 or gif."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from phasefield.plotting import panels, style
from phasefield.snapshots import Run, describe, load
from phasefield.units import hour, mAh_per_cm2, mV

WIDTH, SECTION, TOP, BELOW = 150.0, 92.0, 13.0, 12.0  # mm: the picture, height of its section, margins
WIDEST, NARROWEST = 84.0, 20.0  # mm, of the section
RESOLUTION = 160  # dots per inch
LASTS = 5.0  # s, a film whose rate is not given
SLOWEST, FASTEST = 2.0, 25.0  # frames per second, of such a film
PAUSE = 1.5  # s on the last frame
FORMATS = (".mp4", ".gif")


class AnimationError(ValueError):
    """A film that cannot be made as asked."""


def animate_run(path, output, fps: float | None = None, field: str | None = None) -> Path:
    """Write a run as a film, one frame a snapshot; the path written.

    Args:
        path: of a run file or its folder. output: ends in .mp4 or .gif.
        fps: frames per second; when not given the film lasts about five seconds.
        field: to show in place of host and lithium.
    Raises: AnimationError for fewer than two snapshots, another format, or mp4 without ffmpeg. SnapshotError for a file
        that is no run, or a field it does not hold.
    """
    run, output = load(path), Path(output)
    if output.suffix.lower() not in FORMATS:
        raise AnimationError(f"{output} is neither .mp4 nor .gif; give a name that ends in one of them")
    if len(run.times) < 2:
        raise AnimationError(
            f"{run.path} has {len(run.times)} snapshots and a film needs two; wait for more, or run it again with a "
            "smaller protocol.snapshot_every_mAh_cm2"
        )
    if fps is not None and not 0.1 <= fps <= 60:
        raise AnimationError(f"{fps:g} frames per second cannot be shown; give 0.1 to 60")
    rate = float(np.clip(len(run.times) / LASTS, SLOWEST, FASTEST)) if fps is None else fps
    write = _write_gif if output.suffix.lower() == ".gif" else _write_mp4
    output.parent.mkdir(parents=True, exist_ok=True)
    write(output, frames(run, field), rate)
    return output


def has_ffmpeg() -> bool:
    """Whether mp4 can be written."""
    try:
        import imageio_ffmpeg

        imageio_ffmpeg.get_ffmpeg_exe()
    except (ImportError, RuntimeError):
        return False
    return True


def _write_mp4(path: Path, pictures: Iterator[np.ndarray], rate: float) -> None:
    if not has_ffmpeg():
        raise AnimationError(
            f'{path} needs ffmpeg: install it with `pip install "phasefield[video]"`, or give a name that ends in .gif'
        )
    import imageio_ffmpeg

    first = next(pictures)
    options = {"fps": rate, "codec": "libx264", "quality": 7, "macro_block_size": 1, "ffmpeg_log_level": "error"}
    # every player shows 4:2:0; with the index at its start a browser plays the film before all of it is there
    options |= {"pix_fmt_out": "yuv420p", "output_params": ["-movflags", "+faststart"]}
    writer = imageio_ffmpeg.write_frames(str(path), first.shape[1::-1], **options)
    writer.send(None)
    last = first
    writer.send(np.ascontiguousarray(first))
    for last in pictures:
        writer.send(np.ascontiguousarray(last))
    for _ in range(round(PAUSE * rate)):
        writer.send(np.ascontiguousarray(last))
    writer.close()


def _write_gif(path: Path, pictures: Iterator[np.ndarray], rate: float) -> None:
    colours = [Image.fromarray(each).quantize(128, dither=Image.Dither.NONE) for each in pictures]
    durations = [1000 / rate] * (len(colours) - 1) + [1000 * (PAUSE + 1 / rate)]  # ms
    colours[0].save(path, save_all=True, append_images=colours[1:], duration=durations, loop=0)


@style.styled
def frames(run: Run, field: str | None = None) -> Iterator[np.ndarray]:
    """The pictures of a film, uint8 of shape (height, width, 3), of even size as films want it."""
    return iter(_Film(run, field))


class _Film:
    """The figure of a film: what stays is drawn once, `show` changes the rest."""

    def __init__(self, run: Run, field: str | None):
        self.run, self.field = run, field
        shape = run.shape[0] / run.shape[-1]
        wide = float(np.clip(SECTION / shape, NARROWEST, WIDEST))
        high = min(wide * shape, 1.6 * SECTION)
        tall = max(high, 55.0)  # room for the potential
        self.figure = style.new_figure(WIDTH, TOP + tall + BELOW)
        self.canvas = FigureCanvasAgg(self.figure)
        self._draw_section(wide, high)
        self._draw_potentials(14 + wide + (34 if field else 22), tall)

    def _draw_section(self, wide: float, high: float) -> None:
        run, field = self.run, self.field
        axes = style.place(self.figure, 14, TOP, wide, high)
        options = {"origin": "lower", "extent": panels.extent(run), "aspect": "equal", "interpolation": "bilinear"}
        if field is None:
            self.image = axes.imshow(panels.picture(run, 0), **options)
            panels.draw_key(self.figure, run, 4)
            panels.draw_scale_bar(axes, run)
            panels.mark_host(axes, run)
        else:
            colouring = _colouring(run, field)
            self.image = axes.imshow(run.section(field, 0), **options, **colouring)
            self.figure.colorbar(self.image, cax=style.place(self.figure, 14 + wide + 2, TOP, 2.5, high))
            height = self.figure.get_figheight() * style.INCH
            self.figure.text(14 / WIDTH, 1 - 4 / height, _title(field), va="center")
            panels.outline(axes, run, 0, lithium=False)
            panels.mark_host(axes, run, "white" if colouring["cmap"] == style.SEQUENTIAL else style.INK)
        axes.set(xticks=[], ylabel=style.HEIGHT)
        self.title = axes.set_title("", loc="left")

    def _draw_potentials(self, left: float, tall: float) -> None:
        """The potential, and, above it, the whole of one that begins with insertion far above plating."""
        run, self.lines = self.run, []
        wide, inserts = WIDTH - left - 5, run.history.get("potential", np.zeros(1)).max() > panels.INSERTION
        high = (tall - 8) / 2 if inserts else tall
        axes = style.place(self.figure, left, TOP + tall - high, wide, high)
        panels.draw_potential(axes, run, colour="0.8", mark=False)
        axes.set(ylabel=style.POTENTIAL, ylim=panels.potential_limits([run]))
        self._follow(axes, mV)
        if inserts:
            whole = style.place(self.figure, left, TOP, wide, high, sharex=axes)
            whole.plot(run.history["charge"] / mAh_per_cm2, run.history["potential"], color="0.8")
            whole.set_ylabel(style.POTENTIAL.replace("mV", "V"))
            whole.tick_params(labelbottom=False)
            style.open_frame(whole)
            self._follow(whole, 1.0)

    def _follow(self, axes: Axes, unit: float) -> None:
        """A line for what is past and a mark for now, to be moved by `show`; unit: of the axes [V]."""
        (past,) = axes.plot([], [], color=style.LITHIUM, linewidth=1.6)
        (now,) = axes.plot([], [], "o", color=style.LITHIUM, markersize=5, zorder=6)
        self.lines.append((past, now, unit))

    def show(self, index: int) -> np.ndarray:
        """The picture of a snapshot."""
        run, history = self.run, self.run.history
        self.image.set_data(panels.picture(run, index) if self.field is None else run.section(self.field, index))
        self.title.set_text(f"{run.capacities[index] / mAh_per_cm2:.2f} mAh/cm², {run.times[index] / hour:.2f} h")
        if len(history.get("potential", ())):
            past = history["time"] <= run.times[index] * (1 + 1e-9)
            past[0] = True  # the mark of the first snapshot, at time zero, stands where the history begins
            x, y = history["charge"][past] / mAh_per_cm2, history["potential"][past]
            for line, now, unit in self.lines:
                line.set_data(x, y / unit)
                now.set_data(x[-1:], y[-1:] / unit)
        self.figure.set_dpi(RESOLUTION)
        self.canvas.draw()
        picture = np.asarray(self.canvas.buffer_rgba())[..., :3]
        return picture[: picture.shape[0] // 2 * 2, : picture.shape[1] // 2 * 2].copy()

    def __iter__(self) -> Iterator[np.ndarray]:
        for index in range(len(self.run.times)):
            yield self.show(index)


def _title(field: str) -> str:
    """Name and unit of a field as print has them."""
    quantity = describe(field)
    unit = "" if quantity.units == "1" else f" ({quantity.units.replace('m3', 'm³').replace('m2', 'm²')})"
    return quantity.long_name[0].upper() + quantity.long_name[1:] + unit


def _colouring(run: Run, field: str) -> dict:
    """Colour map and limits of a field that hold for the whole film; a signed one is white at zero."""
    ends = [(values.min(), values.max()) for values in (run.section(field, i) for i in range(len(run.times)))]
    low, high = min(low for low, _ in ends), max(high for _, high in ends)
    if low < 0 < high and min(-low, high) > 0.02 * max(-low, high):
        largest = max(-low, high)
        return {"cmap": style.DIVERGING, "vmin": -largest, "vmax": largest}
    return {"cmap": style.SEQUENTIAL, "vmin": low, "vmax": high if high > low else low + 1}
