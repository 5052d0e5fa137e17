"""A run on disk: one `run.vtkhdf` that ParaView, PyVista, VTK and xarray open as it is, and `Run`, its lazy reader.

The only module that imports h5py. The layout is VTKHDF 2.2 temporal ImageData with dimension scales.
A file is data: reading one evaluates nothing that is written in it. All numbers are SI.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np

from phasefield import run_checks
from phasefield.journal import Change, journal_of, settle
from phasefield.units import mAh_per_cm2

FORMAT_VERSION = 1
CHUNK = 64  # cells along an axis: 1 MB of float32 in 3D
ROWS = 1024  # entries in a chunk of a growing one-dimensional dataset


class SnapshotError(ValueError):
    """A run file that cannot be written or read as asked."""


class Quantity(NamedTuple):
    """Unit and name of what a file holds."""

    units: str
    long_name: str


FIELDS = {
    "pore_fraction": Quantity("1", "volume fraction of the pores"),
    "phase": Quantity("1", "lithium fraction of the pore"),
    "concentration": Quantity("mol/m3", "salt concentration in the electrolyte"),
    "electronic_potential": Quantity("V", "electronic potential"),
    "ionic_potential": Quantity("V", "ionic potential"),
    "overpotential": Quantity("V", "overpotential, negative while plating"),
    "reaction": Quantity("A/m3", "volumetric plating rate, positive plates"),
    "nucleated": Quantity("1", "nucleated share of the surface"),
    "dead_lithium": Quantity("1", "whether no chain of conducting cells joins the lithium to the collector"),
}
FIELD_FAMILIES = {"fraction_": "volume fraction of {}", "lithiation_": "lithiation of {}"}
HISTORY = {
    "time": Quantity("s", "time"),
    "time_step": Quantity("s", "time step"),
    "charge": Quantity("C/m2", "charge passed per geometric area"),
    "current_density": Quantity("A/m2", "applied current density, positive plates"),
    "potential": Quantity("V", "electrode potential against lithium"),
    "lithium": Quantity("m", "metallic lithium, as the thickness of a dense layer"),
    "inserted_charge": Quantity("C/m2", "charge inserted into the host per geometric area"),
    "double_layer_charge": Quantity("C/m2", "charge of the double layer on bare surface per geometric area"),
    "sei_charge": Quantity("C/m2", "charge that the SEI has taken per geometric area"),
    "collector_current": Quantity("A/m2", "current through the collector"),
    "ledger_error": Quantity("1", "difference of charge stored and charge passed, over the charge passed"),
    "charge_error": Quantity("1", "misplaced current over the applied current"),
    "nuclei": Quantity("1", "nuclei so far"),
    "active_surface": Quantity("1", "nucleated share of the surface of host and collector"),
    "newton_iterations": Quantity("1", "Newton iterations of the step"),
    "linear_iterations": Quantity("1", "linear iterations of the step"),
    "rejected_steps": Quantity("1", "rejected tries so far"),
    "largest_phase": Quantity("1", "largest lithium fraction of a pore"),
    "smallest_phase": Quantity("1", "smallest lithium fraction of a pore"),
    "smallest_concentration": Quantity("mol/m3", "smallest salt concentration"),
    "largest_overpotential": Quantity("V", "most negative overpotential on the surface"),
    "cell_voltage": Quantity("V", "voltage of a full cell"),
    "cathode_stoichiometry": Quantity("1", "lithium in the cathode of a full cell"),
    "wall_time": Quantity("s", "wall-clock time since the start"),
}


def describe(name: str) -> Quantity:
    """Unit and name of a field.

    Raises: SnapshotError for a name that is neither in FIELDS nor of FIELD_FAMILIES.
    """
    if name in FIELDS:
        return FIELDS[name]
    for prefix, text in FIELD_FAMILIES.items():
        if name.startswith(prefix) and len(name) > len(prefix):
            return Quantity("1", text.format(name.removeprefix(prefix)))
    known = ", ".join([*FIELDS, *(f"{prefix}<phase>" for prefix in FIELD_FAMILIES)])
    raise SnapshotError(f"'{name}' is not a known field; choose from {known}, or add it to snapshots.FIELDS")


@contextmanager
def _open(path, mode: str) -> Iterator[h5py.File]:
    """The open file; any trouble with it becomes a SnapshotError that names it, and no change is made by halves."""
    # At most v110: VTK cannot read what h5py writes under 'latest'. At least v108: a file of the v110 kind is marked
    # while open. Unlocked: a viewer may hold it meanwhile.
    kind = {"libver": ("v108", "v110")}
    try:
        if mode == "r+":
            with Change(path) as change:
                with h5py.File(change, "r+", **kind) as file:
                    yield file
                change.commit()
        elif mode == "w":
            with h5py.File(path, "w", locking=False, **kind) as file:
                yield file
        else:
            settle(path)
            with h5py.File(path, "r", locking=False) as file:
                yield file
    except SnapshotError:
        raise
    except FileNotFoundError:
        raise SnapshotError(f"{path} does not exist; give the path of a run.vtkhdf") from None
    except (OSError, KeyError, RuntimeError, ValueError, TypeError) as error:
        reason = getattr(error, "strerror", None) or (error.args[0] if error.args else type(error).__name__)
        trouble = "read: it is damaged or no run file" if mode == "r" else "written: check the file and its disk"
        raise SnapshotError(f"{path} cannot be {trouble} ({reason})") from error


def _deep(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """The shape (z, y, x) on file: a 2D box is one cell deep."""
    return shape if len(shape) == 3 else (shape[0], 1, shape[1])


def _growing(group, name: str, quantity: Quantity, like=None) -> h5py.Dataset:
    """A new float64 dataset (0,) that grows; `like` is the dimension scale it follows."""
    dataset = group.create_dataset(name, (0,), "f8", maxshape=(None,), chunks=(ROWS,))
    dataset.attrs.update(quantity._asdict())
    if like is None:
        dataset.make_scale(name)
    else:
        dataset.dims[0].attach_scale(like)
    return dataset


def create(
    path,
    shape: tuple[int, ...],
    spacing: float,
    static: Mapping[str, np.ndarray],
    dynamic: Mapping[str, np.dtype],
    metadata: Mapping[str, str | int | float],
) -> None:
    """Write a run file without snapshots; it appears whole or not at all, in the place of one that was there.

    Args:
        path: where; ends in .vtkhdf, or PyVista picks another reader.
        shape, spacing: of the grid, (z, y, x) or (z, x), and [m].
        static: fields that do not change, each of that shape.
        dynamic: dtype of each field that `append` will bring; bool is kept as uint8.
        metadata: root attributes: config, command line, commit, versions, seed, ..., host_bottom and host_top [m].
    Raises: SnapshotError for unknown fields, wrong shapes and files that cannot be written.
    """
    path, shape = Path(path), tuple(int(n) for n in shape)
    if path.suffix != ".vtkhdf" or len(shape) not in (2, 3):
        raise SnapshotError(f"a run file ends in .vtkhdf and has a 2D or 3D grid; got '{path.name}' and shape {shape}")
    for name, values in static.items():
        if np.shape(values) != shape:
            raise SnapshotError(f"static field '{name}' has shape {np.shape(values)}; the grid has {shape}")
    for key, value in metadata.items():
        if not isinstance(value, str | int | float | np.number | np.bool_):
            raise SnapshotError(f"metadata '{key}' is a {type(value).__name__}; give text or a number")
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with _open(temporary, "w") as file:
            _lay_out(file, shape, float(spacing), static, dynamic)
            file.attrs.update({**metadata, "format_version": FORMAT_VERSION, "dimensions": len(shape)})
        journal_of(path).unlink(missing_ok=True)  # of the file that was there
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _lay_out(file, shape, spacing, static, dynamic) -> None:
    """Groups, scales, empty fields and static fields of a new file."""
    deep = _deep(shape)
    time = _growing(file, "time", HISTORY["time"])
    _growing(file, "capacity", HISTORY["charge"], like=time)
    still = file.create_dataset("static_time", data=np.zeros(1))
    still.make_scale("static_time")
    still.attrs.update(HISTORY["time"]._asdict())
    for axis, cells in zip("zyx", deep, strict=True):
        centres = file.create_dataset(axis, data=(np.arange(cells) + 0.5) * spacing)
        centres.make_scale(axis)
        centres.attrs.update(units="m", long_name=f"{axis} of the cell centres")

    root = file.create_group("VTKHDF")
    root.attrs["Version"] = np.array([2, 2], "i8")
    root.attrs.create("Type", b"ImageData", dtype=h5py.string_dtype("ascii", 9))  # fixed length: VTK before 9.5
    root.attrs["WholeExtent"] = np.array([0, deep[2], 0, deep[1], 0, deep[0]], "i8")
    root.attrs["Origin"] = np.zeros(3)
    root.attrs["Spacing"] = np.full(3, spacing)
    root.attrs["Direction"] = np.eye(3).ravel()
    cells, steps = root.create_group("CellData"), root.create_group("Steps")
    steps.attrs["NSteps"] = np.int64(0)
    steps.create_dataset("Values", (0,), "f8", maxshape=(None,), chunks=(ROWS,))
    offsets = steps.create_group("CellDataOffsets")

    chunks = (1, *(min(CHUNK, n) for n in deep))
    for name in [*static, *dynamic]:
        quantity, moves = describe(name), name in dynamic
        kind = np.dtype(dynamic[name] if moves else np.asarray(static[name]).dtype)
        kind = np.dtype("u1") if kind.kind == "b" else kind  # one bool array hides every array from VTK
        dataset = cells.create_dataset(
            name,
            (0 if moves else 1, *deep),
            kind,
            maxshape=(None if moves else 1, *deep),
            chunks=chunks,
            compression="gzip",
            compression_opts=1,
            shuffle=True,
        )
        dataset.attrs.update(quantity._asdict())
        for i, axis in enumerate(("time" if moves else "static_time", "z", "y", "x")):
            dataset.dims[i].attach_scale(file[axis])
        if not moves:
            dataset[0] = np.asarray(static[name]).reshape(deep)
        offsets.create_dataset(name, (0,), "i8", maxshape=(None,), chunks=(ROWS,))


def _declare(file, count: int) -> None:
    """Tell VTK of `count` steps; the first step is declared twice as long as it is alone, or VTK shows no array."""
    steps, times = file["VTKHDF/Steps"], file["time"]
    declared = max(count, 2) if count else 0
    steps["Values"].resize((declared,))
    steps["Values"][:] = np.resize(times[:count], declared)
    for name, offsets in steps["CellDataOffsets"].items():
        moves = file["VTKHDF/CellData"][name].maxshape[0] is None
        offsets.resize((declared,))
        offsets[:] = np.minimum(np.arange(declared), count - 1) if moves else 0
    steps.attrs["NSteps"] = np.int64(declared)  # last: it makes the step visible


def append(path, time: float, capacity: float, fields: Mapping[str, np.ndarray]) -> None:
    """Add one snapshot; the file is opened, written and closed, and stays readable by viewers in between.

    Args: time: [s]. capacity: charge passed per geometric area [C/m2]. fields: all the dynamic ones, of grid shape.
    Raises: SnapshotError for missing or foreign fields, a time that does not grow, and files that cannot be written.
    """
    with _open(path, "r+") as file:
        cells, times = file["VTKHDF/CellData"], file["time"]
        wanted = {name for name, dataset in cells.items() if dataset.maxshape[0] is None}
        if set(fields) != wanted:
            raise SnapshotError(f"{path} keeps the fields {sorted(wanted)}; this snapshot has {sorted(fields)}")
        count = len(times)
        if count and not time > times[-1]:
            raise SnapshotError(f"{path} ends at {times[-1]} s; a snapshot at {time} s does not follow, truncate first")
        shape = cells[next(iter(cells))].shape[1:]
        flat = shape if file.attrs["dimensions"] == 3 else (shape[0], shape[2])
        for name, values in fields.items():
            values = np.asarray(values)
            if values.shape != flat:
                raise SnapshotError(f"field '{name}' has shape {values.shape}; {path} has the grid {flat}")
            cells[name].resize(count + 1, axis=0)
            cells[name][count] = values.reshape(shape)
        for name, value in (("capacity", capacity), ("time", time)):  # time last: its length counts the snapshots
            file[name].resize((count + 1,))
            file[name][count] = float(value)
        _declare(file, count + 1)


def append_history(path, columns: Mapping[str, np.ndarray]) -> None:
    """Add rows to the history.

    Args: columns: name of HISTORY -> shape (rows,), `time` among them; the first call settles which are kept.
    Raises: SnapshotError for unknown, missing or uneven columns, and files that cannot be written.
    """
    columns = {name: np.atleast_1d(np.asarray(values, "f8")) for name, values in columns.items()}
    if unknown := sorted(set(columns) - set(HISTORY)):
        raise SnapshotError(f"{unknown} are not known history columns; choose from {', '.join(HISTORY)}")
    if "time" not in columns or len({values.shape for values in columns.values()}) > 1:
        raise SnapshotError("history columns need one length and a 'time' among them; see snapshots.HISTORY")
    with _open(path, "r+") as file:
        group = file.require_group("history")
        if not len(group):
            time = _growing(group, "time", HISTORY["time"])
            for name in sorted(set(columns) - {"time"}):
                _growing(group, name, HISTORY[name], like=time)
        if set(columns) != set(group):
            raise SnapshotError(f"{path} keeps the history of {sorted(group)}; these rows have {sorted(columns)}")
        count, added = len(group["time"]), len(columns["time"])
        for name in [*sorted(set(columns) - {"time"}), "time"]:  # time last: its length counts the rows
            group[name].resize((count + added,))
            group[name][count:] = columns[name]


def truncate(path, snapshots: int, history_rows: int) -> None:
    """Cut the file back to its first snapshots and history rows, so that a restart continues from there.

    Raises: SnapshotError when the file has fewer.
    """
    with _open(path, "r+") as file:
        history = file.get("history", {})
        have = len(file["time"]), len(history["time"]) if "time" in history else 0
        if not (0 <= snapshots <= have[0] and 0 <= history_rows <= have[1]):
            raise SnapshotError(f"{path} has {have} snapshots and history rows; cannot keep {snapshots, history_rows}")
        for name in ("time", "capacity"):
            file[name].resize((snapshots,))
        _declare(file, snapshots)
        for dataset in file["VTKHDF/CellData"].values():
            if dataset.maxshape[0] is None:
                dataset.resize(snapshots, axis=0)
        for dataset in history.values():
            dataset.resize((history_rows,))


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
        with _open(self.path, "r") as file:
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
        with _open(self.path, "r") as file:
            values = file["VTKHDF/CellData"][name][index % count if name in self.field_names else 0, :, depth, :]
        return values.reshape(self.shape) if isinstance(depth, slice) else values


def load(path) -> Run:
    """The run in a file, or in the `run.vtkhdf` of a folder.

    Raises: SnapshotError for a file that is missing, damaged, or not a run.
    """
    path = Path(path)
    path = path / "run.vtkhdf" if path.is_dir() else path
    with _open(path, "r") as file:
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
