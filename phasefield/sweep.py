"""The runs of a sweep: where they stand, and their measures over what was swept."""

import hashlib
import os
import re
import sys
from pathlib import Path

from phasefield import gpus, status

LONGEST_NAME = 80  # characters of a folder; file systems take 255


def folder_name(words: str, whole: str | None = None) -> str:
    """A name for what these overrides make: readable, and another one for any other overrides.

    Args: whole: all of them, where `words` are the ones worth reading.
    """
    readable = re.sub(r"[^A-Za-z0-9._=,+-]+", "_", words)[:LONGEST_NAME].strip("_.")
    if readable == words and whole is None:
        return readable
    digest = hashlib.sha256((words if whole is None else whole).encode()).hexdigest()[:8]
    return f"{readable}-{digest}" if readable else digest


def jobs_at_once() -> int:
    """How many runs this computer takes side by side: one a GPU, or one for two cores."""
    return len(gpus.visible()) or max(1, (os.cpu_count() or 2) // 2)


def standing(folder) -> dict[Path, dict]:
    """Status of each run under a folder, see `status.read`."""
    return {path.parent: status.read(path.parent) for path in sorted(Path(folder).rglob(status.FILE))}


def print_standing(folder) -> int:
    """Say how many runs are finished, and name those that are not, with their reasons; exit code of the sweep."""
    found = standing(folder)
    unfinished = {run: each for run, each in found.items() if each["status"] != status.FINISHED}
    print(f"{folder}: {len(found) - len(unfinished)} of {len(found)} runs finished", file=sys.stderr)
    for run, each in unfinished.items():
        print(f"  {each['status']:12s} {run.relative_to(folder)}: {each['reason']}", file=sys.stderr)
    if unfinished:
        print("The same line again goes on with these.", file=sys.stderr)
    return 1 if unfinished else 0
