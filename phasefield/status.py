"""How a run stands, as `status.json` and `measures.json` in its folder say; and that one process has the folder."""

import json
import math
import os
import platform
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

RUNNING, FINISHED, FAILED, INTERRUPTED = "running", "finished", "failed", "interrupted"
FILE, MEASURES = "status.json", "measures.json"
LOCK = ".lock"


class InUseError(RuntimeError):
    """A folder that another process is working in."""


def write(folder, status: str, reason: str = "", **numbers) -> None:
    """Replace the status.

    Raises: OSError where it cannot be written.
    """
    content = {"status": status, "reason": reason, **numbers}
    content |= {"process": os.getpid(), "host_name": platform.node(), "written": time.strftime("%Y-%m-%dT%H:%M:%S%z")}
    write_json(Path(folder) / FILE, content)


def read(folder) -> dict:
    """The status, `status` and `reason` among it: interrupted where it says running and no process is.

    Empty where none is written; runs of before there was a status.json have it in their measures.
    """
    found = read_json(Path(folder) / FILE)
    if "status" not in found:
        measures = read_json(Path(folder) / MEASURES)
        found = {"reason": "", **measures} if "status" in measures else {}
    if found.get("status") == RUNNING and not in_use(folder):
        found |= {"status": INTERRUPTED, "reason": "its process has ended without a word"}
    return found


def write_json(path: Path, content: Mapping) -> None:
    """Replace a JSON file; readers see the old one or the new one, whole.

    Raises: OSError where it cannot be written.
    """
    write_text(path, json.dumps(_plain(content), indent=2) + "\n")


def write_text(path: Path, text: str) -> None:
    """Replace a file; readers see the old one or the new one, whole.

    Raises: OSError where it cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        temporary.write_text(text)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def read_json(path: Path) -> dict:
    """What a JSON file holds; nothing where it is missing or damaged."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _plain(value):
    """The value as JSON knows it: arrays as lists, and null for what is not finite."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    return None if isinstance(value, float) and not math.isfinite(value) else value


@contextmanager
def sole_use(folder) -> Iterator[None]:
    """While it lasts no other process gets the folder.

    Raises: InUseError where another has it.
    """
    if fcntl is None:
        yield
        return
    with open(Path(folder) / LOCK, "a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InUseError(
                f"another process is running in {folder}; wait for it, or give this run a folder of its own with "
                "hydra.run.dir=FOLDER"
            ) from None
        except OSError:  # a file system without locks
            pass
        yield


def in_use(folder) -> bool:
    """Whether a process has the folder; False where that cannot be known."""
    try:
        with sole_use(folder):
            return False
    except InUseError:
        return True
    except OSError:
        return False
