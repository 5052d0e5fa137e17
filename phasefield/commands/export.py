"""`phasefield export`: a run in the format of another program."""

from pathlib import Path

from phasefield.commands.checks import Parser
from phasefield.xdmf import export_xdmf


def main(arguments: list[str]) -> int:
    """Exit code of `phasefield export ARGUMENTS`."""
    parser = Parser(
        "export",
        "Write a run for VisIt and older ParaView. ParaView from 5.12 opens run.vtkhdf as it is.",
    )
    parser.add_argument("run", type=Path, help="folder of the run, or its run.vtkhdf")
    parser.add_argument("--xdmf", action="store_true", required=True, help="as XDMF, with views into run.vtkhdf")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="default: run.xdmf beside the run")
    options = parser.parse_args(arguments)
    for path in export_xdmf(options.run, options.output):
        print("Written:", path)
    return 0
