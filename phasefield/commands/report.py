"""`phasefield report`: a run, or a folder of runs, as one HTML page."""

from pathlib import Path

from phasefield.commands.checks import Parser
from phasefield.report import write_report


def main(arguments: list[str]) -> int:
    """Exit code of `phasefield report ARGUMENTS`."""
    parser = Parser(
        "report",
        "Make one HTML page of a run: figures, film, measures, charge ledger, parameters with their "
        "sources; or of a folder of runs: their measures and figures side by side.",
    )
    parser.add_argument("run", type=Path, help="folder of a run or its run.vtkhdf, or a folder of runs at any depth")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="default: report.html in that folder")
    options = parser.parse_args(arguments)
    print("Written:", write_report(options.run, options.output))
    return 0
