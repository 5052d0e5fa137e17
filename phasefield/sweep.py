"""The runs of a sweep: where they stand, and their measures over what was swept."""

import csv
import difflib
import hashlib
import io
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev

from phasefield import gpus, status

OVERRIDES = ".hydra/overrides.yaml"  # in the folder of a run
LONGEST_NAME = 120  # characters of a folder; file systems take 255


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
    runs = {path.parent for name in (status.FILE, status.MEASURES) for path in Path(folder).rglob(name)}
    found = {run: status.read(run) for run in sorted(runs, key=numbered)}
    return {run: each for run, each in found.items() if each}


def numbered(path: Path) -> list:
    """Key that sorts run_10 after run_9."""
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.split(r"(\d+)", str(path)) if part]


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


class SweepError(ValueError):
    """Runs that cannot be put in a table as asked."""


@dataclass(frozen=True)
class Table:
    """The runs of a sweep, one row each.

    Args:
        swept: keys whose values differ between the runs, such as host and protocol.current_density_mA_cm2.
        rows: run (its folder), status, reason, the swept keys and the measures: numbers or text, None where missing.
    """

    swept: tuple[str, ...]
    rows: tuple[dict[str, float | str | None], ...]

    def finished(self) -> list[dict]:
        """The rows of finished runs."""
        return [row for row in self.rows if row["status"] == status.FINISHED]

    def axes(self) -> tuple[list[str], list[str]]:
        """Keys that differ between finished runs, seeds left out: those whose values are numbers, and the others."""
        values = {key: {row[key] for row in self.finished()} for key in self.swept if key != "seed"}
        differing = [key for key, each in values.items() if len(each) > 1]
        numbers = [key for key in differing if all(map(is_number, values[key]))]
        return numbers, [key for key in differing if key not in numbers]


def table(folder) -> Table:
    """The runs under a folder, with what was swept and their measures.

    Raises: SweepError where there is no run.
    """
    folder = Path(folder)
    found = standing(folder)
    if not found:
        raise SweepError(
            f"{folder} holds no runs; give the folder of a sweep, such as outputs/sweeps/NAME, or outputs for all runs"
        )
    given = {run: {key: _value(text) for key, text in overrides(run).items()} for run in found}
    keys = dict.fromkeys(key for each in given.values() for key in each)
    swept = tuple(key for key in keys if len({each.get(key) for each in given.values()}) > 1)
    rows = []
    for run, state in found.items():
        measures = status.read_json(run / status.MEASURES)
        numbers = {name: value for name, value in measures.items() if not isinstance(value, list | dict)}
        first = {"run": str(run.relative_to(folder)), "status": state["status"], "reason": state["reason"]}
        first |= {key: given[run].get(key) for key in swept}
        rows.append(first | {name: value for name, value in numbers.items() if name not in first})
    return Table(swept, tuple(rows))


def to_csv(table: Table) -> str:
    """The table as CSV text; what a run lacks stays empty."""
    names = dict.fromkeys(name for row in table.rows for name in row)
    text = io.StringIO()
    writer = csv.DictWriter(text, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: "" if value is None else value for name, value in row.items()} for row in table.rows)
    return text.getvalue()


def averaged(table: Table, measure: str, keys: Sequence[str]) -> dict[tuple, tuple[float, float, int]]:
    """(mean, standard deviation, number) of a measure over all finished runs that share the values of `keys`.

    Raises: SweepError for a measure that no finished run has.
    """
    groups: dict[tuple, list[float]] = {}
    for row in table.finished():
        if is_number(row.get(measure)):
            groups.setdefault(tuple(row[key] for key in keys), []).append(float(row[measure]))
    if not groups:
        known = sorted({name for row in table.finished() for name, value in row.items() if is_number(value)})
        guess = difflib.get_close_matches(measure, known, n=1)
        raise SweepError(
            f"no finished run has the measure {measure}; "
            + (f"did you mean {guess[0]}?" if guess else f"there are {', '.join(known) or 'none'}")
        )
    return {
        key: (mean(values), stdev(values) if len(values) > 1 else 0.0, len(values)) for key, values in groups.items()
    }


def overrides(run) -> dict[str, str]:
    """Key and value of each override a run was started with; none where Hydra did not start it."""
    try:
        lines = (Path(run) / OVERRIDES).read_text().splitlines()
    except OSError:
        return {}
    found = (line.removeprefix("- ").strip().strip("'\"").partition("=") for line in lines if line.startswith("- "))
    return {key.lstrip("+"): value for key, equals, value in found if equals}


def _value(text: str) -> float | str:
    """A number where the override is one, [30,30] among them: a pair of pristine and lithiated that are alike."""
    parts = {part.strip() for part in text.strip("[]").split(",")}
    try:
        return float(parts.pop()) if len(parts) == 1 else text
    except ValueError:
        return text


def is_number(value) -> bool:
    """Whether a measure or an override is a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)
