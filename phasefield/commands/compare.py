"""`phasefield compare`: runs side by side, as a figure and as a table."""

from pathlib import Path

from phasefield.commands.checks import Parser, capacity, folder
from phasefield.config import ConfigError
from phasefield.plotting import compare_runs


def main(arguments: list[str]) -> int:
    """Exit code of `phasefield compare ARGUMENTS`."""
    parser = Parser("compare", "Put runs side by side on shared scales, with a table of their measures.")
    parser.add_argument("runs", nargs="+", type=Path, help="folders of the runs")
    parser.add_argument("-o", "--output", type=Path, default=Path("comparison.png"), metavar="FILE")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="one row of measures a run")
    parser.add_argument("--capacities", nargs="+", type=capacity, default=(1, 2, 4), metavar="Q", help="in mAh/cm2")
    parser.add_argument("--labels", nargs="+", metavar="NAME", help="of the runs; default: names of their folders")
    options = parser.parse_args(arguments)
    folder(options.output.parent, "--output")
    if options.csv is not None:
        folder(options.csv.parent, "--csv")
    for run in options.runs:
        if run.is_file() and run.name != "run.vtkhdf":
            raise ConfigError(f"'{run}' is a file; give the folder of a run, or the run.vtkhdf in it")
    folders = [run if run.is_dir() or not run.exists() else run.parent for run in options.runs]
    for path in compare_runs(folders, options.output, options.csv, options.capacities, options.labels):
        print("Written:", path)
    return 0
