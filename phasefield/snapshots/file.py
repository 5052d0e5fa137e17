"""An open run file: nothing else opens one."""

from collections.abc import Iterator
from contextlib import contextmanager

import h5py

from phasefield.journal import Change, settle
from phasefield.snapshots.quantities import SnapshotError

FORMAT_VERSION = 1


@contextmanager
def open_file(path, mode: str) -> Iterator[h5py.File]:
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
