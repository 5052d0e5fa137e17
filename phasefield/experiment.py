"""One run from its configuration to its files; a run that was cut goes on where it was."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import jax
import numpy as np
from jax.experimental import multihost_utils

from phasefield import build, checkpoint, device, interruption, sharding, status, terminal, timeline
from phasefield import config as schema
from phasefield.config import Config, ConfigError
from phasefield.host import Geometry
from phasefield.plotting import plot_run
from phasefield.recorder import RUN_FILE, Recorder

FREE = ("resume", "checkpoint_every_min", "device", "devices", "distributed")  # may change when a run goes on
STATES = (None, status.RUNNING, status.FINISHED, status.FAILED, status.INTERRUPTED)


def run_experiment(config: Config, folder, progress: bool = True, geometry: Geometry | None = None) -> dict:
    """The measures of a run, whose files are written into `folder`.

    These are run.vtkhdf, measures.json (at each snapshot), status.json, config.yaml and figures/, and while it runs
    checkpoints. A run that is found finished there is not run again; one that was cut goes on from its last checkpoint,
    and ends as if it had not been cut.

    Args: progress: whether to print banner, progress and table. geometry: in place of the one `config` describes.
    Raises: ConfigError, HostError for what cannot be built, ConfigError where the folder holds another run. InUseError
        where another process is at it. CheckpointError, SnapshotError where its files are damaged. SimulationError for
        a run that cannot go on; its files are whole up to there. Interrupted (a KeyboardInterrupt) where SIGTERM,
        SIGINT or SIGUSR1 stopped it with a checkpoint.
    """
    folder = Path(folder)
    build.grid_shape(config)  # before any device is asked for it
    build.cathode(config)
    where = device.prepare(config.device, config.devices, config.distributed)
    console = terminal.open_console(progress)
    with _to_itself(folder):
        there = _standing(config, folder)
        if there == status.FINISHED:
            console.print(f"{folder} holds this run, finished; resume=false runs it anew")
            return status.read_json(folder / status.MEASURES)
        result = _run(config, folder, geometry, where, console, goes_on=there is not None)
        if sharding.first_process():
            _draw(console, folder)
            terminal.print_measures(console, result, folder)
    return result


def _run(config: Config, folder: Path, geometry: Geometry | None, where: str, console, goes_on: bool) -> dict:
    _, notes = build.grid_shape(config)
    _refuse_what_does_not_fit(config)
    geometry = build.geometry(config) if geometry is None else geometry
    notes = [*notes, *geometry.notes, *build.check_room(config, geometry), *build.film_notes(config)]
    terminal.print_banner(console, config, geometry, where, folder, notes)
    model = build.model(config, geometry)
    state, control = build.initial_state(config, model), build.time_control(config)
    if config.devices > 1:
        model, state = sharding.distribute((model, state), geometry.shape, device.chosen(config.devices))
    with interruption.listening() as asked, terminal.Bar(console) as bar:
        recorder = Recorder(folder, config, geometry, console.print, not console.is_terminal, asked)
        try:
            if goes_on:
                position, carry = recorder.resume(timeline.blank(model, state, control))
                console.print(f"goes on from its checkpoint at {terminal.hours(float(carry.state.time)).strip()}")
            else:
                recorder.create(where)
                position, carry = timeline.Position(), None
            outcome = timeline.run(
                model,
                state,
                build.protocol(config),
                control,
                carry=carry,
                start=position,
                snapshot_interval=build.snapshot_interval(config),
                on_snapshot=recorder.save,
                on_progress=bar.show,
                on_pause=recorder.pause,
            )
            if left_out := outcome.cut_offs.count(timeline.INEFFICIENT):
                console.print(f"efficiency_min ended a block before its last repetition: {left_out} steps left out")
            return recorder.finish()
        except BaseException as error:
            cut = isinstance(error, KeyboardInterrupt)
            recorder.write(status.INTERRUPTED if cut else status.FAILED, str(error) or type(error).__name__)
            raise


@contextmanager
def _to_itself(folder: Path) -> Iterator[None]:
    """The folder, made where it is missing, and removed again where nothing has come into it."""
    if not sharding.first_process():
        yield
        return
    made = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    with status.sole_use(folder):
        for part in folder.glob(".*.part"):  # of writes that were cut
            part.unlink(missing_ok=True)
        try:
            yield
        finally:
            if not (folder / "config.yaml").exists():
                (folder / status.LOCK).unlink(missing_ok=True)
                if made and not any(folder.iterdir()):
                    folder.rmdir()


def _standing(config: Config, folder: Path) -> str | None:
    """Status of this run in the folder, None where it is to begin; the first process tells the others.

    Raises: ConfigError where the folder holds another run.
    """
    found = status.read(folder).get("status") if config.resume else None
    if found is not None and (path := folder / "config.yaml").exists():
        differences = schema.differences(path.read_text(), config, FREE)
        if differences:
            raise ConfigError(
                f"{folder} holds another run: {'; '.join(differences[:5])}; give another folder with hydra.run.dir="
                "FOLDER, or replace that run with resume=false"
            )
    if not (folder / RUN_FILE).exists() or (found != status.FINISHED and not checkpoint.present(folder)):
        found = None
    if jax.process_count() == 1:
        return found
    return STATES[int(multihost_utils.broadcast_one_to_all(np.array(STATES.index(found))))]


def _draw(console, folder: Path) -> None:
    """The figures; where that fails the run is on disk all the same."""
    try:
        plot_run(folder / RUN_FILE, folder / "figures")
    except Exception as error:  # whatever it is: a picture must not cost a run of hours
        console.print(f"[yellow]The figures were not drawn:[/] {error}; try `phasefield plot {folder}`")


def _refuse_what_does_not_fit(config: Config) -> None:
    """Nothing; raises ConfigError where the grid needs more memory than the device has."""
    needed, there = build.memory_estimate(config), device.available_memory(config.devices)
    if there is not None and needed > there:
        raise ConfigError(
            f"grid.spacing_um is {config.grid.spacing_um:g}: this box needs about {needed / 1e9:.3g} GB, and the "
            f"device has {there / 1e9:.3g} GB; try a coarser spacing, a smaller grid.width_um, precision=float32 or "
            "grid.dimensions=2"
        )
