"""One run from its configuration to its files: banner, progress, snapshots, measures, figures, table."""

import json
import math
import os
import platform
import shlex
import subprocess
import sys
import time as clock
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import jax
import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn
from rich.table import Table
from rich.text import Text

import phasefield
from phasefield import build, device, diagnostics, measures, sharding, snapshots, timeline
from phasefield.config import Config, ConfigError, to_yaml
from phasefield.connectivity import path_threshold, reaches
from phasefield.host import Geometry
from phasefield.physics import charge
from phasefield.plotting import plot_run
from phasefield.simulate import Snapshot
from phasefield.units import hour, mA_per_cm2, mAh_per_cm2, mV, um

DYNAMIC = (
    "phase",
    "concentration",
    "electronic_potential",
    "ionic_potential",
    "overpotential",
    "reaction",
    "nucleated",
)
TABLE = {  # of the measures, what the table at the end shows: (words, unit)
    "capacity_mAh_cm2": ("capacity", "mAh/cm2"),
    "ledger_error": ("ledger error", ""),
    "nucleation_overpotential_mV": ("nucleation overpotential", "mV"),
    "centre_of_mass_um": ("centre of mass above the collector", "um"),
    "fraction_lower_third": ("lithium in the lower third of the host", "%"),
    "fraction_upper_third": ("lithium in the upper third of the host", "%"),
    "fraction_above_host": ("lithium above the host", "%"),
    "top_bottom_index": ("top-bottom index", ""),
    "pore_filling": ("filling of the pores", "%"),
    "roughness_um": ("roughness", "um"),
    "isolated_fraction": ("isolated lithium", "%"),
    "steps": ("time steps", ""),
    "rejected_steps": ("rejected steps", ""),
    "newton_iterations": ("Newton iterations", ""),
    "linear_iterations": ("multigrid-CG iterations", ""),
    "compile_time_s": ("compile time", "s"),
    "wall_time_s": ("wall time", "s"),
    "peak_memory_MB": ("peak memory", "MB"),
}


def run_experiment(config: Config, folder, progress: bool = True, geometry: Geometry | None = None) -> dict:
    """The measures of a run, whose files are written into `folder`.

    These are run.vtkhdf, measures.json (at each snapshot), config.yaml and figures/.

    Args: progress: whether to print banner, progress and table. geometry: in place of the one `config` describes.
    Raises: ConfigError, HostError for what cannot be built. SimulationError for a run that cannot go on; its files are
        whole up to there.
    """
    folder = Path(folder)
    _, notes = build.grid_shape(config)
    where = device.prepare(config.device, config.devices, config.distributed)
    console = Console(highlight=False, quiet=not (progress and sharding.first_process()))
    if not console.is_terminal:
        console.width = 120
    started = clock.perf_counter()
    _refuse_what_does_not_fit(config)
    geometry = build.geometry(config) if geometry is None else geometry
    notes = [*notes, *geometry.notes, *build.check_room(config, geometry)]
    _print_banner(console, config, geometry, where, folder, notes)

    model = build.model(config, geometry)
    state = build.initial_state(config, model)
    if config.devices > 1:
        model, state = sharding.distribute((model, state), geometry.shape, device.chosen(config.devices))
    recorder = _Recorder(folder, config, geometry, console, started)
    recorder.create(where)
    try:
        with _Bar(console) as bar:
            timeline.run(
                model,
                state,
                build.protocol(config),
                build.time_control(config),
                snapshot_interval=build.snapshot_interval(config),
                on_snapshot=recorder.save,
                on_progress=bar.show,
            )
    except BaseException as error:
        recorder.write("failed", str(error) or type(error).__name__)
        raise
    result = recorder.write("finished")
    if sharding.first_process():
        _draw(console, folder)
        _print_measures(console, result, folder)
    return result


# ---------------------------------------------------------------- files


@dataclass
class _Recorder:
    """Writes snapshots, history and measures as they come; trouble with a file is reported and ends no run.

    Where several processes make the run, all of them gather the fields and the first one writes.
    """

    folder: Path
    config: Config
    geometry: Geometry
    console: Console
    started: float
    measures: dict = field(default_factory=dict)
    compile_time: float = math.nan
    rows: int = 0  # of the history on file
    last_time: float = -1.0  # of the last snapshot on file [s]

    @property
    def path(self) -> Path:
        return self.folder / "run.vtkhdf"

    def create(self, where: str) -> None:
        """The folder, the configuration, the run file without snapshots, and what it says of its origin."""
        self.started_stepping = clock.perf_counter()
        if not sharding.first_process():
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "config.yaml").write_text(to_yaml(self.config))
        geometry = self.geometry
        inserting = [phase.name for phase in build.phases(self.config, geometry.names) if phase.insertion is not None]
        kinds = dict.fromkeys(DYNAMIC, np.dtype("f4"))
        kinds |= {f"lithiation_{name}": np.dtype("f4") for name in inserting}
        static = {f"fraction_{name}": part for name, part in zip(geometry.names, geometry.fractions, strict=True)}
        static["pore_fraction"] = geometry.pore
        static = {name: np.asarray(values, "f4") for name, values in static.items()}
        bounds = {"host_bottom": geometry.bottom, "host_top": geometry.top}
        snapshots.create(
            self.path, geometry.shape, geometry.spacing, static, kinds, provenance(self.config, where) | bounds
        )

    def save(self, snapshot: Snapshot) -> None:
        """Add a snapshot, the history up to it, and its measures."""
        if math.isnan(self.compile_time):  # the first comes when everything is compiled
            self.compile_time = clock.perf_counter() - self.started_stepping
        state, time = snapshot.state, float(snapshot.state.time)
        fields = {
            "phase": state.phase,
            "concentration": state.concentration,
            "electronic_potential": state.electronic_potential,
            "ionic_potential": state.ionic_potential,
            "overpotential": snapshot.overpotential,
            "reaction": snapshot.plating,
            "nucleated": state.nucleated,
        }
        fields = {name: sharding.whole(values) for name, values in fields.items()}
        for phase, theta in zip(snapshot.model.host.phases, sharding.whole(state.lithiation), strict=True):
            if phase.insertion is not None:
                fields[f"lithiation_{phase.name}"] = theta
        conductivity = sharding.whole(jax.jit(charge.electronic_conductivity)(snapshot.model, state))
        pore, potential = sharding.whole(snapshot.model.pore), float(diagnostics.potential(state))
        if not sharding.first_process():
            return
        history = snapshot.history
        try:
            if time > self.last_time:
                snapshots.append(self.path, time, snapshot.charge, fields)
                self.last_time = time
            if len(history["time"]) > self.rows:
                snapshots.append_history(self.path, {name: rows[self.rows :] for name, rows in history.items()})
                self.rows = len(history["time"])
        except snapshots.SnapshotError as error:
            self.console.print(f"[yellow]A snapshot was lost:[/] {error}")
        self.measures = measures.measures(
            pore=pore,
            phase=fields["phase"],
            electronic_conductivity=conductivity,
            spacing=self.geometry.spacing,
            bottom=self.geometry.bottom,
            top=self.geometry.top,
            history=snapshot.history,
        )
        self.write("running")
        if not self.console.is_terminal:
            self.console.print(
                f"{_clock(time)}  {snapshot.charge / mAh_per_cm2:7.3f} mAh/cm2  "
                f"{potential / mV:8.1f} mV  {len(history['time']):5d} steps"
            )

    def write(self, status: str, reason: str = "") -> dict:
        """Replace measures.json by the present measures; readers see the old file or the new one, whole."""
        result = {
            **self.measures,
            "compile_time_s": self.compile_time,
            "wall_time_s": clock.perf_counter() - self.started,
            "peak_memory_MB": device.peak_memory() / 1e6,
            "host": self.config.host.name,
            "seed": self.config.seed,
            "status": status,
        }
        if reason:
            result["reason"] = reason
        if not sharding.first_process():
            return result
        path, temporary = self.folder / "measures.json", self.folder / ".measures.json.part"
        try:
            temporary.write_text(json.dumps(_plain(result), indent=2) + "\n")
            os.replace(temporary, path)
        except OSError as error:
            self.console.print(f"[yellow]{path} was not written:[/] {error}")
        return result


def _plain(value):
    """The value as JSON knows it: arrays as lists, and null for what is not finite."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    return None if isinstance(value, float) and not math.isfinite(value) else value


def provenance(config: Config, where: str) -> dict[str, str | int | float]:
    """Where a run comes from: configuration, command line, code, versions, device."""
    commit, changed = _git()
    return {
        "config": to_yaml(config),
        "command_line": shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        "git_commit": commit,
        "git_dirty": int(changed),
        "versions": json.dumps(_versions()),
        "seed": config.seed,
        "device": where,
        "dtype": config.precision,
        "host_name": platform.node(),
        "started": clock.strftime("%Y-%m-%dT%H:%M:%S%z"),
    }


def _versions() -> dict[str, str]:
    found = {"phasefield": phasefield.__version__, "python": platform.python_version()}
    for name in ("jax", "jaxlib", "numpy", "scipy", "h5py", "hydra-core"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "unknown"
    return found


def _git() -> tuple[str, bool]:
    """Commit of the code and whether it has changed since; empty where it is no checkout of its own."""
    root = Path(__file__).resolve().parent.parent

    def ask(*words: str) -> str:
        answer = subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, timeout=10)
        return answer.stdout.strip() if answer.returncode == 0 else ""

    try:
        if Path(ask("rev-parse", "--show-toplevel") or "/nowhere").resolve() != root:
            return "", False
        return ask("rev-parse", "HEAD"), bool(ask("status", "--porcelain", "--untracked-files=no"))
    except (OSError, subprocess.SubprocessError):
        return "", False


# ---------------------------------------------------------------- words


def _refuse_what_does_not_fit(config: Config) -> None:
    """Nothing; raises ConfigError where the grid needs more memory than the device has."""
    needed, there = build.memory_estimate(config), device.available_memory(config.devices)
    if there is not None and needed > there:
        raise ConfigError(
            f"grid.spacing_um is {config.grid.spacing_um:g}: this box needs about {needed / 1e9:.3g} GB, and the "
            f"device has {there / 1e9:.3g} GB; try a coarser spacing, a smaller grid.width_um, precision=float32 or "
            "grid.dimensions=2"
        )


def _print_banner(console: Console, config: Config, geometry: Geometry, where: str, folder: Path, notes) -> None:
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
        does = forward if step.current_density > 0 else backward if step.current_density < 0 else "rest"
        ends = [f"{step.capacity / mAh_per_cm2:g} mAh/cm2"] if step.capacity is not None else []
        ends += [f"{step.duration / hour:g} h"] if step.duration is not None else []
        ends += [f"to {end:g} V" for end in (step.potential_min, step.potential_max) if end is not None]
        at = f" at {abs(step.current_density) / mA_per_cm2:g} mA/cm2" if step.current_density else ""
        words.append(f"{does} {' or '.join(ends)}{at}")
    return "; ".join(words) + (f"; and {len(steps) - 4} more steps" if len(steps) > 4 else "")


def _clock(seconds: float) -> str:
    return f"{seconds / hour:7.3f} h"


class _Share(ProgressColumn):
    """How much is done, and how long the rest will take; blank where that is not known."""

    def render(self, task) -> Text:
        if task.total is None:
            return Text("")
        left = task.time_remaining
        minutes = "" if left is None else f", {int(left) // 60}:{int(left) % 60:02d} min left"
        return Text(f"{task.percentage:.0f} %{minutes}")


class _Bar:
    """The progress bar of a run on a terminal; silent elsewhere, where each snapshot prints a line."""

    def __init__(self, console: Console):
        self.bar = Progress(
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

    def show(self, progress: timeline.Progress) -> None:
        """Move the bar to where the run stands."""
        words = (
            f"{_clock(progress.time)}  {progress.charge / mAh_per_cm2:.3f} mAh/cm2  {progress.potential / mV:.1f} mV  "
            f"dt {progress.dt:.3g} s  {progress.steps} steps"
        )
        known = math.isfinite(progress.done)
        self.bar.update(
            self.task, description=words, total=1.0 if known else None, completed=progress.done if known else 0.0
        )


def _draw(console: Console, folder: Path) -> None:
    """The figures; where that fails the run is on disk all the same."""
    try:
        plot_run(folder / "run.vtkhdf", folder / "figures")
    except Exception as error:  # whatever it is: a picture must not cost a run of hours
        console.print(f"[yellow]The figures were not drawn:[/] {error}; try `phasefield plot {folder}`")


def _print_measures(console: Console, result: dict, folder: Path) -> None:
    table = Table.grid(padding=(0, 2))
    for name, (words, unit) in TABLE.items():
        value = result.get(name)
        if value is None or (isinstance(value, float) and not math.isfinite(value)):
            continue
        shown = f"{100 * value:.1f}" if unit == "%" else f"{value:.4g}" if isinstance(value, float) else str(value)
        table.add_row(words, shown, unit)
    console.print(table)
    console.print(f"Run file   {folder / 'run.vtkhdf'}")
    console.print(f"Measures   {folder / 'measures.json'}")
    console.print(f"Figures    {folder / 'figures'}")
