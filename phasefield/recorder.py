"""A run's files as it goes: snapshots, history, measures, status, checkpoints."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import jax
import numpy as np
from jax.experimental import multihost_utils

from phasefield import (
    build,
    checkpoint,
    cycles,
    dead_lithium,
    device,
    diagnostics,
    fields,
    measures,
    sharding,
    snapshots,
    status,
)
from phasefield.config import Config, to_yaml
from phasefield.host import Geometry
from phasefield.interruption import Interrupted
from phasefield.physics import conductivities
from phasefield.provenance import provenance
from phasefield.snapshots import SnapshotError
from phasefield.stepping import Carry
from phasefield.timeline import Position, Snapshot
from phasefield.units import hour, mAh_per_cm2, mV

MOST_WAITING = 4  # snapshots kept in memory while the disk does not take them
LAST_TRIES = (1.0, 5.0, 20.0)  # s between the tries to write them when the run has come to its end
GOES_ON = "; the same line goes on from the last checkpoint when that is mended"
RUN_FILE = "run.vtkhdf"


@dataclass
class Recorder:
    """Writes snapshots, history and measures as they come, and a checkpoint every now and then.

    Snapshots that the disk does not take wait in memory and are tried again. Where several processes make the run, all
    of them gather the fields and the first one writes.

    Args:
        say: prints a line. lines: whether each snapshot is worth one.
        asked: name of the signal that asks to stop, None where none does.
    """

    folder: Path
    config: Config
    geometry: Geometry
    say: Callable[[str], None]
    lines: bool
    asked: Callable[[], str | None]
    measures: dict = field(default_factory=dict)
    compile_time: float = math.nan
    spent: float = 0.0  # s by this run before it was cut
    started: float = field(default_factory=time.monotonic)
    on_file: int = 0  # snapshots
    rows: int = 0  # of the history on file
    last_time: float = -1.0  # of the last snapshot [s]
    waiting: list = field(default_factory=list)  # (time, charge, fields) not on file yet
    history: dict = field(default_factory=dict)
    times: list = field(default_factory=list)  # of all snapshots [s]
    dead: dict = field(default_factory=dict)  # time of a snapshot [s]: its dead lithium [C/m2]

    def __post_init__(self):
        self.last_checkpoint = self.started

    @property
    def path(self) -> Path:
        return self.folder / RUN_FILE

    def create(self, where: str) -> None:
        """The configuration, the run file without snapshots, and what it says of its origin."""
        if not sharding.first_process():
            return
        checkpoint.discard(self.folder)
        (self.folder / cycles.FILE).unlink(missing_ok=True)
        (self.folder / "config.yaml").write_text(to_yaml(self.config))
        geometry = self.geometry
        inserting = [phase.name for phase in build.phases(self.config, geometry.names) if phase.insertion is not None]
        attributes = {"host_bottom": geometry.bottom, "host_top": geometry.top} | provenance(self.config, where)
        host, kinds = fields.of_host(geometry), fields.kinds(inserting)
        snapshots.create(self.path, geometry.shape, geometry.spacing, host, kinds, attributes)
        self.write(status.RUNNING)

    def resume(self, like: Carry) -> tuple[Position, Carry]:
        """What the last checkpoint says; the files are cut back to it.

        Raises: CheckpointError, SnapshotError where these are damaged or of another run.
        """
        position, carry, notes = checkpoint.load(self.folder, like)
        self.on_file, self.rows = notes["snapshots"], notes["rows"]
        self.last_time, self.spent = notes["last_time"], notes["wall_time_s"]
        if sharding.first_process():
            snapshots.truncate(self.path, self.on_file, self.rows)
            self.times = list(snapshots.load(self.path).times)
            (self.folder / cycles.FILE).unlink(missing_ok=True)
        self.measures = status.read_json(self.folder / status.MEASURES)
        self.measures.pop("reason", None)
        self.write(status.RUNNING)
        return position, carry

    def save(self, snapshot: Snapshot) -> None:
        """Add a snapshot, the history up to it, and its measures."""
        if math.isnan(self.compile_time):  # the first comes when everything is compiled
            self.compile_time = time.monotonic() - self.started
        state, now = snapshot.state, float(snapshot.state.time)
        found = fields.of_snapshot(snapshot)
        conductivity = sharding.whole(jax.jit(conductivities.electronic_conductivity)(snapshot.model, state))
        pore, potential = sharding.whole(snapshot.model.pore), float(diagnostics.potential(state))
        if not sharding.first_process():
            return
        self.history = snapshot.history
        dead = self._find_dead(now, found, conductivity)
        if now > self.last_time:
            self.waiting.append((now, snapshot.charge, found))
            self.last_time = now
            self.times.append(now)
        trouble = self._put_on_file()
        if trouble and len(self.waiting) > MOST_WAITING:
            raise SnapshotError(f"{trouble}{GOES_ON}")
        if trouble:
            self.say(f"[yellow]A snapshot waits to be written:[/] {trouble}")
        self.measures = measures.measures(
            pore=pore,
            phase=found["phase"],
            dead=dead,
            spacing=self.geometry.spacing,
            bottom=self.geometry.bottom,
            top=self.geometry.top,
            history=self.history,
        )
        self._write_cycles(finished=False)
        self.write(status.RUNNING)
        if self.lines:
            self.say(
                f"{now / hour:7.3f} h  {snapshot.charge / mAh_per_cm2:7.3f} mAh/cm2  "
                f"{potential / mV:8.1f} mV  {len(self.history['time']):5d} steps"
            )

    def pause(self, standing: Callable[[], tuple[Position, Carry]]) -> None:
        """Write a checkpoint where one is due, or the run was asked to stop.

        Raises: Interrupted in the second case.
        """
        signal = self.asked()
        due = time.monotonic() - self.last_checkpoint >= 60 * self.config.checkpoint_every_min
        signalled, due = _agreed(signal is not None), _agreed(due)
        if not (signalled or due):
            return
        trouble = self._checkpoint(*standing())
        if signalled:
            raise Interrupted(
                f"stopped{f' by {signal}' if signal else ''}"
                + (f", without a new checkpoint ({trouble})" if trouble else "")
                + "; the same line goes on from here"
            )
        if trouble:
            self.say(f"[yellow]No checkpoint was written:[/] {trouble}")

    def finish(self) -> dict:
        """The measures of the run, all its files on disk.

        Raises: SnapshotError where the disk does not take them; the last checkpoint stays.
        """
        for wait in (*LAST_TRIES, None):
            trouble = self._put_on_file()
            if trouble is None:
                break
            if wait is None:
                raise SnapshotError(f"{trouble}{GOES_ON}")
            self.say(f"[yellow]The last snapshots wait to be written:[/] {trouble}")
            time.sleep(wait)
        if sharding.first_process():
            self._write_cycles(finished=True)
        result = self.write(status.FINISHED)
        if sharding.first_process():
            checkpoint.discard(self.folder)
        return result

    def write(self, state: str, reason: str = "") -> dict:
        """Replace measures.json by the present measures, and status.json."""
        result = {
            **self.measures,
            "compile_time_s": self.compile_time,
            "wall_time_s": self._wall_time(),
            "peak_memory_MB": device.peak_memory() / 1e6,
            "host": self.config.host.name,
            "seed": self.config.seed,
            "status": state,
        }
        if reason:
            result["reason"] = reason
        if sharding.first_process():
            try:
                status.write_json(self.folder / status.MEASURES, result)
                status.write(self.folder, state, reason, capacity_mAh_cm2=result.get("capacity_mAh_cm2"))
            except OSError as error:
                self.say(f"[yellow]{self.folder / status.MEASURES} was not written:[/] {error}")
        return result

    def _find_dead(self, now: float, found: dict, conductivity) -> dict:
        """Measures of the dead lithium, whose cells join the fields found.

        Of the numbers as they are on file, so that a run that was cut counts the same.
        """
        lithium = np.asarray(self.geometry.pore, "f4") * np.asarray(found["phase"], "f4")
        spacing, volume = self.geometry.spacing, build.lithium(self.config).molar_volume
        potentials = found["electronic_potential"], found["ionic_potential"]
        found["dead_lithium"], dead = dead_lithium.dead_measures(lithium, conductivity, *potentials, spacing, volume)
        self.dead[now] = cycles.charge(lithium, found["dead_lithium"], spacing, volume)
        return dead

    def _dead_at(self, when: float, within: float) -> float | None:
        """Dead lithium in the snapshot at a time [C/m2], None where none lies so near."""
        index = cycles.nearest(self.times, when, within)
        if index is None:
            return None
        if self.times[index] not in self.dead:  # of before the run was cut
            run, volume = snapshots.load(self.path), build.lithium(self.config).molar_volume
            self.dead[self.times[index]] = cycles.dead_charge(run, index, volume)
        return self.dead[self.times[index]]

    def _write_cycles(self, finished: bool) -> None:
        """Replace cycles.csv, and bring what it says in short into the measures."""
        found = cycles.cycles(self.history, build.lithium(self.config).molar_volume, self._dead_at, finished)
        self.measures |= cycles.summary(found)
        if not found:
            return
        try:
            status.write_text(self.folder / cycles.FILE, cycles.table(found))
        except OSError as error:
            self.say(f"[yellow]{self.folder / cycles.FILE} was not written:[/] {error}")

    def _wall_time(self) -> float:
        return self.spent + time.monotonic() - self.started

    def _put_on_file(self) -> SnapshotError | None:
        """Write what waits; what went wrong, if anything did."""
        try:
            while self.waiting:
                snapshots.append(self.path, *self.waiting[0])
                self.on_file += 1
                self.waiting.pop(0)
            if self.history and len(self.history["time"]) > self.rows:
                rows = {name: values[self.rows :] for name, values in self.history.items()}
                snapshots.append_history(self.path, rows)
                self.rows = len(self.history["time"])
        except SnapshotError as error:
            return error
        return None

    def _checkpoint(self, position: Position, carry: Carry) -> Exception | None:
        """Write a checkpoint; what went wrong, if anything did."""
        carry = jax.tree.map(sharding.whole, carry)
        self.last_checkpoint = time.monotonic()
        if not sharding.first_process():
            return None
        if trouble := self._put_on_file():
            return trouble  # a checkpoint counts what is on file
        notes = {"snapshots": self.on_file, "rows": self.rows, "last_time": self.last_time}
        try:
            checkpoint.save(self.folder, position, carry, notes | {"wall_time_s": self._wall_time()})
        except OSError as error:
            return error
        return None


def _agreed(here: bool) -> bool:
    """Whether the first process thinks so, or any that was sent a signal."""
    if jax.process_count() == 1:
        return here
    return bool(np.any(multihost_utils.process_allgather(np.array(here))))
