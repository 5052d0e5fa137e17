"""The page: which kind it is, where it goes, and the template that it is made with."""

from pathlib import Path

import jinja2

from phasefield import __version__
from phasefield.report.run import describe_run
from phasefield.report.sweep import describe_sweep, find_runs


class ReportError(ValueError):
    """A report that cannot be made as asked."""


def write_report(path, output=None) -> Path:
    """Write the report of a run, or of the runs below a folder; the path written.

    The page is one file: pictures and films are within, it needs no script and links to nothing but the runs' folders.
    Args:
        path: a run file, the folder of a run, or a folder of runs at any depth.
        output: report.html in that folder when not given.
    Raises: ReportError for a folder without runs. SnapshotError for a file that is no run or without snapshots.
    """
    path = Path(path)
    folder = path if path.is_dir() else path.parent
    output = folder / "report.html" if output is None else Path(output)
    if path.is_dir() and not (path / "run.vtkhdf").is_file():
        runs = find_runs(path)
        if not runs:
            raise ReportError(f"{path} holds no run; give a folder with a run.vtkhdf, or one with such folders in it")
        text = render("sweep.html", describe_sweep(path, runs, output))
    else:
        text = render("run.html", describe_run(path))
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(text, encoding="utf-8")
    return output


def render(template: str, content: dict) -> str:
    """The template filled in; whatever is put in is escaped, since it comes from files."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("phasefield.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(version=__version__, **content)
