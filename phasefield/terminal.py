"""What a run says on the terminal: banner, progress, table of measures."""

import math
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, ProgressColumn, TextColumn
from rich.progress import Progress as ProgressBar
from rich.table import Table
from rich.text import Text

import phasefield
from phasefield import build, device, measures, sharding
from phasefield.config import Config
from phasefield.connectivity import path_threshold, reaches
from phasefield.host import Geometry
from phasefield.protocol import Step
from phasefield.timeline import Progress
from phasefield.units import hour, mA_per_cm2, mAh_per_cm2, mV, um

TABLE = (  # of the measures, what the table at the end shows
    "capacity_mAh_cm2",
    "cycles",
    "efficiency_first",
    "efficiency_after_first",
    "efficiency_last",
    "lost_to_sei_mAh_cm2",
    "lost_to_dead_mAh_cm2",
    "lost_to_insertion_mAh_cm2",
    "ledger_error",
    "nucleation_overpotential_mV",
    "centre_of_mass_um",
    "fraction_lower_third",
    "fraction_upper_third",
    "fraction_above_host",
    "top_bottom_index",
    "pore_filling",
    "roughness_um",
    "isolated_fraction",
    "steps",
    "rejected_steps",
    "newton_iterations",
    "linear_iterations",
    "compile_time_s",
    "wall_time_s",
    "peak_memory_MB",
)


def open_console(progress: bool) -> Console:
    """Where this process prints: nowhere unless `progress` is wanted and it is the first one."""
    console = Console(highlight=False, quiet=not (progress and sharding.first_process()))
    if not console.is_terminal:
        console.width = 120
    return console


def print_banner(console: Console, config: Config, geometry: Geometry, where: str, folder: Path, notes) -> None:
    memory, there = build.memory_estimate(config), device.available_memory(config.devices)
    cells = " x ".join(map(str, geometry.shape))
    box = " x ".join(f"{n * geometry.spacing / um:g}" for n in geometry.shape)
    table = Table.grid(padding=(0, 2))
    table.add_row("device", f"{where}, {config.precision}")
    table.add_row(
        "grid", f"{cells} cells of {geometry.spacing / um:g} um ({np.prod(geometry.shape):,}), a box of {box} um"
    )
    table.add_row("memory", f"about {memory / 1e9:.2g} GB" + (f" of {there / 1e9:.3g} GB" if there else ""))
    table.add_row("host", _host_in_words(config, geometry))
    table.add_row("protocol", f"{config.protocol.name}: {_protocol_in_words(config)}")
    table.add_row("files", str(folder))
    for note in notes:
        table.add_row("note", note)
    console.print(f"[bold]phasefield {phasefield.__version__}[/]  lithium plating in 3D hosts")
    console.print(table)


def _host_in_words(config: Config, geometry: Geometry) -> str:
    if not geometry.layer.any():
        return f"{config.host.name}: bare collector"
    threshold, pore = path_threshold(geometry.ndim), geometry.pore[geometry.planes]
    fields = {"solid": 1 - pore, "pore": pore}
    through = [name for name, part in fields.items() if reaches(part > threshold, 0, -1).any()]
    does = {0: "neither solid nor pore reaches", 1: "only the {} reaches", 2: "{} and {} reach"}[len(through)]
    thickness = (geometry.top - geometry.bottom) / um
    return (
        f"{config.host.name}: {thickness:.4g} um, porosity {100 * geometry.porosity:.1f} %, made of "
        f"{', '.join(geometry.names[1:])}; {does.format(*through)} from collector to top"
    )


def _protocol_in_words(config: Config) -> str:
    steps, words = build.protocol(config), []
    forward, backward = ("discharge", "charge") if config.protocol.insertion else ("plate", "strip")
    for step in steps[:4]:
        if step.holds:
            words.append(_hold_in_words(step))
            continue
        does = forward if step.current_density > 0 else backward if step.current_density < 0 else "rest"
        ends = [f"{step.capacity / mAh_per_cm2:g} mAh/cm2"] if step.capacity is not None else []
        ends += [f"{step.duration / hour:g} h"] if step.duration is not None else []
        ends += [f"to {end:g} V" for end in (step.potential_min, step.potential_max) if end is not None]
        at = f" at {abs(step.current_density) / mA_per_cm2:g} mA/cm2" if step.current_density else ""
        words.append(f"{does} {' or '.join(ends)}{at}")
    return "; ".join(words) + (f"; and {len(steps) - 4} more steps" if len(steps) > 4 else "")


def _hold_in_words(step: Step) -> str:
    if step.sweep_rate is not None:
        return f"sweep to {step.potential:g} V at {step.sweep_rate / mV:g} mV/s"
    ends = [f"{step.capacity / mAh_per_cm2:g} mAh/cm2"] if step.capacity is not None else []
    ends += [f"{step.duration / hour:g} h"] if step.duration is not None else []
    ends += [f"down to {step.current_min / mA_per_cm2:g} mA/cm2"] if step.current_min is not None else []
    return f"hold {step.potential:g} V, {' or '.join(ends)}"


def hours(seconds: float) -> str:
    return f"{seconds / hour:7.3f} h"


class _Share(ProgressColumn):
    """How much is done, and how long the rest will take; blank where that is not known."""

    def render(self, task) -> Text:
        if task.total is None:
            return Text("")
        left = task.time_remaining
        minutes = "" if left is None else f", {int(left) // 60}:{int(left) % 60:02d} min left"
        return Text(f"{task.percentage:.0f} %{minutes}")


class Bar:
    """The progress bar of a run on a terminal; silent elsewhere, where each snapshot prints a line."""

    def __init__(self, console: Console):
        self.bar = ProgressBar(
            BarColumn(bar_width=16),
            _Share(),
            TextColumn("{task.description}"),
            console=console,
            disable=not console.is_terminal,
            refresh_per_second=4,
            speed_estimate_period=60,
            transient=True,
        )

    def __enter__(self):
        self.bar.start()
        self.task = self.bar.add_task("compiling for this grid (kept for the next time)", total=None)
        return self

    def __exit__(self, *_):
        self.bar.stop()

    def show(self, progress: Progress) -> None:
        """Move the bar to where the run stands."""
        words = (
            f"{hours(progress.time)}  {progress.charge / mAh_per_cm2:.3f} mAh/cm2  {progress.potential / mV:.1f} mV  "
            f"dt {progress.dt:.3g} s  {progress.steps} steps"
        )
        known = math.isfinite(progress.done)
        self.bar.update(
            self.task, description=words, total=1.0 if known else None, completed=progress.done if known else 0.0
        )


def print_measures(console: Console, result: dict, folder: Path) -> None:
    table = Table.grid(padding=(0, 2))
    for name in TABLE:
        value, (words, unit) = result.get(name), measures.WORDS[name]
        if value is None or (isinstance(value, float) and not math.isfinite(value)):
            continue
        digits = 2 if name.startswith("efficiency") else 1
        shown = (
            f"{100 * value:.{digits}f}" if unit == "%" else f"{value:.4g}" if isinstance(value, float) else str(value)
        )
        table.add_row(words, shown, unit)
    console.print(table)
    console.print(f"Run file   {folder / 'run.vtkhdf'}")
    console.print(f"Measures   {folder / 'measures.json'}")
    console.print(f"Figures    {folder / 'figures'}")
