"""Checkpoints: a run between two segments, kept in full precision so that it goes on as if it had never stopped.

A folder holds the last two. Each appears whole or not at all. A checkpoint is data: reading one evaluates nothing
in it, and takes memory only for what the run it belongs to has a place for.
"""

import json
import math
import os
import zipfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import jax
import numpy as np

import phasefield
from phasefield.stepping import Carry
from phasefield.timeline import Position

FORMAT = 9  # also where a configuration has come to mean another host or model
NAMES = ("checkpoint.npz", "checkpoint_before.npz")  # newest first
NOTES = "notes"  # array of JSON text, beside carry/... and history/...
MOST_NOTES = 4_000_000  # characters; what ended 100 000 protocol steps takes 3 million


class CheckpointError(ValueError):
    """A checkpoint that cannot be read, or belongs to another run."""


def save(folder, position: Position, carry: Carry, notes: Mapping[str, str | int | float]) -> None:
    """Replace the older of the two checkpoints in the folder.

    Args: carry: its arrays in this process's memory. notes: what else the run wants back from `load`.
    Raises: OSError where the disk does not take it; the checkpoints there are as they were then.
    """
    newest, before = (Path(folder) / name for name in NAMES)
    temporary = newest.with_name(f".{newest.name}.{os.getpid()}.part")
    place = {name: value for name, value in asdict(position).items() if name != "history"}
    header = {"format": FORMAT, "version": phasefield.__version__, "position": place, "notes": dict(notes)}
    arrays = {NOTES: np.array(json.dumps(header))}
    arrays |= {f"carry{path}": np.asarray(leaf) for path, leaf in _named(carry)}
    arrays |= {f"history/{name}": values for name, values in position.history.items()}
    try:
        with open(temporary, "wb") as file:
            np.savez(file, **arrays)
            file.flush()
            os.fsync(file.fileno())
        if newest.exists():
            os.replace(newest, before)
        os.replace(temporary, newest)
    finally:
        temporary.unlink(missing_ok=True)


def load(folder, like: Carry) -> tuple[Position, Carry, dict]:
    """(position, carry, notes) of the newest checkpoint that is whole.

    Args: like: shapes and dtypes that the Carry must have, see `timeline.blank`.
    Raises: CheckpointError where there is none, or it is of another kind of run.
    """
    reasons = []
    for path in present(folder):
        try:
            return _read(path, like)
        except (OSError, zipfile.BadZipFile, EOFError, KeyError, ValueError, TypeError) as error:
            reasons.append(str(error) if isinstance(error, CheckpointError) else f"{path} is damaged ({error})")
    raise CheckpointError("; ".join(reasons or [f"{folder} holds no checkpoint"]))


def present(folder) -> list[Path]:
    """The checkpoints in a folder, newest first."""
    return [path for name in NAMES if (path := Path(folder) / name).exists()]


def discard(folder) -> None:
    """Remove the checkpoints of a folder."""
    for path in present(folder):
        path.unlink(missing_ok=True)


def _named(tree) -> list[tuple[str, jax.Array]]:
    return [(jax.tree_util.keystr(path), leaf) for path, leaf in jax.tree_util.tree_flatten_with_path(tree)[0]]


def _read(path: Path, like: Carry) -> tuple[Position, Carry, dict]:
    with zipfile.ZipFile(path) as archive:
        shapes = {name.removesuffix(".npy"): _header(archive, name) for name in archive.namelist()}
        shape, dtype = shapes[NOTES]
        if shape or dtype.kind != "U" or dtype.itemsize > 4 * MOST_NOTES:
            raise CheckpointError(f"{path} is no checkpoint of phasefield")
        header = json.loads(str(_array(archive, NOTES)))
        if header.get("format") != FORMAT:
            raise CheckpointError(
                f"{path} has format {header.get('format')}, made by phasefield {header.get('version')}; this is "
                f"{phasefield.__version__}, which reads format {FORMAT}: go on with that version, or begin anew with "
                "resume=false"
            )
        for name, leaf in _named(like):
            found = shapes.get(f"carry{name}")
            if found != (leaf.shape, leaf.dtype):
                has = "no such field" if found is None else f"{found[1]} of shape {found[0]}"
                raise CheckpointError(
                    f"{path} belongs to another run: of {name.lstrip('.')} it has {has}, this run "
                    f"{leaf.dtype} of shape {leaf.shape}; take another folder, or begin anew with resume=false"
                )
        rows = {name: found for name, found in shapes.items() if name.startswith("history/")}
        if len({found for found, _ in rows.values()}) != 1 or any(d != np.float64 for _, d in rows.values()):
            raise CheckpointError(f"{path} has columns of history of different length")
        history = {name.removeprefix("history/"): _array(archive, name) for name in rows}
        leaves = [_array(archive, f"carry{name}") for name, _ in _named(like)]
    place = header["position"]
    position = Position(**{**place, **{name: tuple(place[name]) for name in ("cut_offs", "ended")}}, history=history)
    return position, jax.tree.unflatten(jax.tree.structure(like), leaves), header["notes"]


def _header(archive: zipfile.ZipFile, name: str) -> tuple[tuple[int, ...], np.dtype]:
    """Shape and dtype of an array, which is not read yet.

    Raises: CheckpointError where the file does not hold as many bytes as that takes.
    """
    with archive.open(name) as file:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(file)
        begins = file.tell()
    entry, claimed = archive.getinfo(name), begins + math.prod(shape) * dtype.itemsize
    there = os.path.getsize(archive.filename)
    if entry.compress_type != zipfile.ZIP_STORED or entry.file_size != claimed or claimed > there:
        raise CheckpointError(f"{archive.filename} is damaged ({name} does not hold the array it announces)")
    return shape, dtype


def _array(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    with archive.open(f"{name}.npy") as file:
        return np.lib.format.read_array(file, allow_pickle=False)
