"""Run files written: laid out once, grown by snapshots and rows, cut back for a restart."""

import os
from collections.abc import Mapping
from pathlib import Path

import h5py
import numpy as np

from phasefield.journal import journal_of
from phasefield.snapshots.file import FORMAT_VERSION, open_file
from phasefield.snapshots.quantities import HISTORY, Quantity, SnapshotError, describe

CHUNK = 64  # cells along an axis: 1 MB of float32 in 3D
ROWS = 1024  # entries in a chunk of a growing one-dimensional dataset


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
        with open_file(temporary, "w") as file:
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
    with open_file(path, "r+") as file:
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
    with open_file(path, "r+") as file:
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
    with open_file(path, "r+") as file:
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
