"""Runs from Python: simulate one or load one, look at a moment of it, draw it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import count
from pathlib import Path

import numpy as np

from phasefield import cycles, snapshots
from phasefield.cycles import Cycle
from phasefield.snapshots import SnapshotError
from phasefield.units import mAh_per_cm2


@dataclass(frozen=True, repr=False)
class Moment:
    """A snapshot of a run; its fields are attributes, each read from the file when it is asked for.

    `moment.phase`, `moment.concentration` and so on are arrays of grid shape in SI units, as `snapshots.describe` says;
    `dir(moment)` names them all, those that do not change (`pore_fraction`, ...) among them.

    Args:
        index: of the snapshot.
        time: [s].
        capacity: charge passed since the start [mAh/cm2], the unit of `Run.at`.
    """

    run: "Run" = field(repr=False)
    index: int
    time: float
    capacity: float

    def __getattr__(self, name: str) -> np.ndarray:
        if name.startswith("_") or name == "run":  # asked of half-made copies too
            raise AttributeError(name)
        known = self.run.field_names + self.run.static_names
        if name not in known:
            raise AttributeError(f"{self.run.path} has no field '{name}'; it has {', '.join(known)}")
        return self.run.field(name, self.index)

    def __dir__(self) -> list[str]:
        return [*object.__dir__(self), *self.run.field_names, *self.run.static_names]

    def __repr__(self) -> str:
        return f"<snapshot {self.index} of {self.run.path}: {self.time:g} s, {self.capacity:.4g} mAh/cm2>"


class Run(snapshots.Run):
    """A run file, its measures and figures; see `snapshots.Run` for what it holds."""

    @cached_property
    def measures(self) -> dict:
        """What docs/measures.md lists, from measures.json beside the file; null is None.

        Raises: SnapshotError where that file is missing or damaged.
        """
        path = self.path.with_name("measures.json")
        try:
            return json.loads(path.read_text())
        except FileNotFoundError:
            raise SnapshotError(f"{path} does not exist; a run writes it beside its file") from None
        except (OSError, ValueError) as error:
            raise SnapshotError(f"{path} cannot be read ({error})") from error

    @cached_property
    def cycles(self) -> tuple[Cycle, ...]:
        """The cycles of plating and stripping with the ledger of each; empty where nothing was stripped."""
        return cycles.of_run(self)

    def at(self, *, capacity: float | None = None, time: float | None = None, index: int | None = None) -> Moment:
        """The snapshot nearest to a capacity [mAh/cm2] or a time [s], or the one at an index, -1 for the last.

        Cycling passes a capacity several times: this is the first of the nearest, and `time` tells them apart.

        Raises: SnapshotError outside what the file holds. TypeError unless one of the three is given.
        """
        if [capacity, time, index].count(None) != 2:
            raise TypeError("give one of capacity [mAh/cm2], time [s] and index, as in run.at(capacity=2.0)")
        held = len(self.times)
        if not held:
            raise SnapshotError(f"{self.path} has no snapshots yet; wait for the run to write one")
        if capacity is not None:
            index = _nearest(self.path, self.capacities / mAh_per_cm2, capacity, "mAh/cm2")
        elif time is not None:
            index = _nearest(self.path, self.times, time, "s")
        elif not -held <= index < held:
            raise SnapshotError(f"{self.path} has {held} snapshots; there is none at {index}")
        index %= held
        return Moment(self, index, float(self.times[index]), float(self.capacities[index] / mAh_per_cm2))

    def plot(
        self,
        folder=None,
        capacities: Sequence[float] | None = None,
        pdf: bool = False,
        chosen: Sequence[int] | None = None,
    ) -> list[Path]:
        """Write all figures, as `phasefield plot` does; the paths written.

        Args: folder: figures/ beside the run file where not given. capacities: to show [mAh/cm2]. pdf: as well as PNG.
            chosen: numbers of the cycles to show.
        """
        from phasefield.plotting import plot_run

        return plot_run(
            self.path, self.path.with_name("figures") if folder is None else folder, capacities, pdf, chosen
        )

    def figure(self, capacities: Sequence[float] | None = None):
        """The summary of the run as a matplotlib Figure: sections at capacities [mAh/cm2], depth, potential, solver."""
        from phasefield.plotting.run import run_figure

        return run_figure(self, capacities)

    def __repr__(self) -> str:
        reached = f" to {self.capacities[-1] / mAh_per_cm2:.4g} mAh/cm2" if len(self.times) else ""
        return f"<run {self.path}: {' x '.join(map(str, self.shape))} cells, {len(self.times)} snapshots{reached}>"


def _nearest(path: Path, values: np.ndarray, wanted: float, unit: str) -> int:
    """Index of the value nearest to the wanted one; beyond the ends, only as far as two values lie apart."""
    low, high = values.min(), values.max()
    margin = np.abs(np.diff(values)).max(initial=1e-6 * max(abs(low), abs(high), 1e-6))
    if not low - margin <= wanted <= high + margin:
        raise SnapshotError(f"{path} holds {low:.4g} to {high:.4g} {unit}; {wanted:g} {unit} lies outside")
    return int(np.argmin(np.abs(values - wanted)))


def load(path) -> Run:
    """The run in a file, or in the `run.vtkhdf` of a folder.

    Raises: SnapshotError for a file that is missing, damaged, or not a run.
    """
    return Run(**vars(snapshots.load(path)))


def simulate(*, overrides: Sequence[str] = (), folder=None, progress: bool = False, **groups: str) -> Run:
    """A run from start to end, loaded: what `phasefield simulate` does.

        run = simulate(host="llto_cnt", grid="quick", overrides=["seed=3"])

    Args:
        overrides: as on the command line, such as "host.porosity=0.6".
        folder: for the files; a fresh one under outputs/ where not given.
        progress: whether to print banner, progress and table.
        groups: an option for any group of configs/: host, electrolyte, protocol, grid, solver, ...
    Raises: ConfigError, HostError for what cannot be built. SimulationError for a run that cannot go on; its files are
        whole up to there.
    """
    from phasefield.config import ConfigError, compose, group_overrides, swept  # hydra and matplotlib take their time
    from phasefield.experiment import run_experiment

    if isinstance(overrides, str):
        raise ConfigError(f"overrides is '{overrides}'; it must be a list (try overrides=['{overrides}'])")
    overrides = [*group_overrides(groups), *overrides]
    config = compose(overrides)
    if found := swept(overrides):
        raise ConfigError(
            f"{', '.join(f'{key}={values}' for key, values in found.items())} are several runs; make them with "
            f"`phasefield simulate {' '.join(overrides)}`, or one by one"
        )
    folder = _fresh_folder(config.host.name) if folder is None else Path(folder)
    run_experiment(config, folder, progress)
    return load(folder)


def _fresh_folder(name: str) -> Path:
    """A new folder under outputs/, named as the command names them, numbered where two runs start in one second."""
    now = datetime.now()
    for i in count(1):
        folder = Path(f"outputs/{now:%Y-%m-%d}/{now:%H-%M-%S}_{name}" + (f"_{i}" if i > 1 else ""))
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        return folder
