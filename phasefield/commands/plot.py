"""`phasefield plot`: the figures of a run."""

from pathlib import Path

from phasefield.commands.checks import Parser, capacity, cycle, folder
from phasefield.plotting import plot_run


def main(arguments: list[str]) -> int:
    """Exit code of `phasefield plot ARGUMENTS`."""
    parser = Parser("plot", "Draw the figures of a run.")
    parser.add_argument("run", type=Path, help="folder of the run, or its run.vtkhdf")
    parser.add_argument("--capacities", nargs="+", type=capacity, metavar="Q", help="to show, in mAh/cm2")
    parser.add_argument("--cycles", nargs="+", type=cycle, metavar="N", help="to show, counted from 1")
    parser.add_argument("-o", "--output", type=Path, metavar="FOLDER", help="default: figures/ beside the run")
    parser.add_argument("--pdf", action="store_true", help="PDF as well as PNG")
    options = parser.parse_args(arguments)
    output = options.output or (options.run if options.run.is_dir() else options.run.parent) / "figures"
    folder(output, "--output")
    for path in plot_run(options.run, output, options.capacities, options.pdf, options.cycles):
        print("Written:", path)
    return 0
