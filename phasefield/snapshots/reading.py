"""Run files read, lazily."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from phasefield import run_checks
from phasefield.snapshots.file import FORMAT_VERSION, open_file
from phasefield.snapshots.quantities import SnapshotError
from phasefield.units import mAh_per_cm2


@dataclass(frozen=True)
class Run:
    """A run file as it was when it was loaded; arrays are read when they are asked for, 2D runs as 2D arrays.

    Args:
        path: of the file.
        shape, spacing: of the grid, (z, y, x) or (z, x), and [m].
        times, capacities: of the snapshots [s] and [C/m2], shape (snapshots,).
        static_names, field_names: which fields there are, constant and evolving.
        metadata: the root attributes.
    """

    path: Path
    shape: tuple[int, ...]
    spacing: float
    times: np.ndarray
    capacities: np.ndarray
    static_names: tuple[str, ...]
    field_names: tuple[str, ...]
    metadata: dict[str, str | int | float]

    @property
    def host_bottom(self) -> float:
        """Height of the collector surface above the box floor [m]."""
        return float(self.metadata.get("host_bottom", 0.0))

    @property
    def host_top(self) -> float:
        """Height of the host surface above the box floor [m]."""
        return float(self.metadata.get("host_top", self.shape[0] * self.spacing))

    @cached_property
    def static(self) -> dict[str, np.ndarray]:
        """The fields that do not change, each of grid shape."""
        return {name: self.field(name, 0) for name in self.static_names}

    @cached_property
    def history(self) -> dict[str, np.ndarray]:
        """Columns of the history, each (rows,); empty where none was written."""
        with open_file(self.path, "r") as file:
            group = file.get("history", {})
            rows = len(group["time"]) if "time" in group else 0
            return {name: group[name][:rows] for name in group}

    def nearest(self, capacity: float) -> int:
        """Index of the snapshot nearest to a capacity, given in mAh/cm2."""
        if not len(self.times):
            raise SnapshotError(f"{self.path} has no snapshots yet; wait for the run to write one")
        return int(np.argmin(np.abs(self.capacities - capacity * mAh_per_cm2)))

    def field(self, name: str, index: int) -> np.ndarray:
        """A field of grid shape, in the unit of `describe(name)`; index counts snapshots, -1 is the last."""
        return self._read(name, index, slice(None))

    def section(self, name: str, index: int) -> np.ndarray:
        """The vertical section (z, x) of a field through the middle of y; a 2D field whole."""
        return self._read(name, index, self.shape[1] // 2 if len(self.shape) == 3 else slice(None))

    def _read(self, name: str, index: int, depth) -> np.ndarray:
        count = len(self.times)
        if name not in self.static_names + self.field_names:
            known = ", ".join(self.static_names + self.field_names)
            raise SnapshotError(f"{self.path} has no field '{name}'; it has {known}")
        if name in self.static_names:
            index = 0
        elif not -count <= index < count:
            raise SnapshotError(f"{self.path} has {count} snapshots; there is none at {index}")
        with open_file(self.path, "r") as file:
            values = file["VTKHDF/CellData"][name][index % count if name in self.field_names else 0, :, depth, :]
        return values.reshape(self.shape) if isinstance(depth, slice) else values


def load(path) -> Run:
    """The run in a file, or in the `run.vtkhdf` of a folder.

    Raises: SnapshotError for a file that is missing, damaged, or not a run.
    """
    path = Path(path)
    path = path / "run.vtkhdf" if path.is_dir() else path
    with open_file(path, "r") as file:
        version = file.attrs.get("format_version")
        if version is None or "VTKHDF/CellData" not in file:
            raise SnapshotError(f"{path} is an HDF5 file but not a run of phasefield: it has no format_version")
        if int(version) > FORMAT_VERSION:
            raise SnapshotError(f"{path} has format {version}; this phasefield reads up to {FORMAT_VERSION}: update it")
        run_checks.check(file, path.stat().st_size)
        cells, times = file["VTKHDF/CellData"], file["time"][:]
        moves = {name: dataset.maxshape[0] is None for name, dataset in cells.items()}
        short = [name for name in cells if moves[name] and len(cells[name]) < len(times)]
        if short or len(file["capacity"]) < len(times):
            raise SnapshotError(f"{path} was cut short: {short or 'capacity'} has fewer than {len(times)} snapshots")
        shape = tuple(len(file[axis]) for axis in "zyx")
        return Run(
            path=path,
            shape=shape if file.attrs["dimensions"] == 3 else (shape[0], shape[2]),
            spacing=float(file["VTKHDF"].attrs["Spacing"][0]),
            times=times,
            capacities=file["capacity"][: len(times)],
            static_names=tuple(name for name in cells if not moves[name]),
            field_names=tuple(name for name in cells if moves[name]),
            metadata={key: v.item() if hasattr(v, "item") else v for key, v in file.attrs.items()},
        )
