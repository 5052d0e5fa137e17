"""`phasefield plot`: the figures of a run."""

import argparse
from pathlib import Path

from phasefield.plotting import plot_run


def main(arguments: list[str]) -> int:
    """Exit code of `phasefield plot ARGUMENTS`."""
    parser = argparse.ArgumentParser("phasefield plot", description="Draw the figures of a run.")
    parser.add_argument("run", type=Path, help="folder of the run, or its run.vtkhdf")
    parser.add_argument("--capacities", nargs="+", type=float, metavar="Q", help="to show, in mAh/cm2")
    parser.add_argument("-o", "--output", type=Path, metavar="FOLDER", help="default: figures/ beside the run")
    parser.add_argument("--pdf", action="store_true", help="PDF as well as PNG")
    options = parser.parse_args(arguments)
    folder = options.run if options.run.is_dir() else options.run.parent
    for path in plot_run(options.run, options.output or folder / "figures", options.capacities, options.pdf):
        print("Written:", path)
    return 0
