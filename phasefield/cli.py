"""The `phasefield` command: `phasefield COMMAND ...` runs `phasefield.commands.COMMAND`."""

import sys
from importlib import import_module

import phasefield
from phasefield.commands import EXPECTED, Failed, print_failure
from phasefield.config import ConfigError, nearest
from phasefield.interruption import EXIT_CODE, Interrupted

COMMANDS = {  # name: (arguments, what it does)
    "simulate": ("[OVERRIDES]", "run a simulation (the default: LLTO@CNT in 3D, plated to 4 mAh/cm2)"),
    "host": ("[OVERRIDES]", "generate the host of a simulation, draw it and measure it"),
    "impedance": ("[OVERRIDES]", "impedance and conductivity of a host, before and after lithiation"),
    "plot": ("RUN", "draw the figures of a run"),
    "compare": ("RUN RUN ...", "put runs side by side, as a figure and as a table"),
    "sweep-table": ("SWEEP", "measures over what was swept: a table, and a map or lines"),
    "report": ("RUN|FOLDER", "make one HTML page of a run, or of a folder of runs"),
    "animate": ("RUN", "make a film of a run"),
    "export": ("RUN --xdmf", "write a run for VisIt and older ParaView"),
    "doctor": ("", "check this computer: devices, packages, folders, and a short run"),
}


def main(arguments: list[str] | None = None) -> int:
    """Exit code of `phasefield ARGUMENTS`; those of the process if not given."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(_help())
        return 0
    if arguments[0] in ("-V", "--version"):
        print(f"phasefield {phasefield.__version__}")
        return 0
    command, *rest = arguments
    try:
        if command not in COMMANDS:
            guess = nearest(command, list(COMMANDS))
            raise ConfigError(
                f"'{command}' is not a command; "
                + (f"did you mean {guess}?" if guess else f"use {', '.join(COMMANDS)}")
            )
        return import_module(f"phasefield.commands.{command.replace('-', '_')}").main(rest)
    except EXPECTED as error:
        return print_failure(error)
    except Failed:
        return 1
    except Interrupted as error:
        print(f"{error}.", file=sys.stderr)
        return EXIT_CODE
    except KeyboardInterrupt:
        print("Interrupted; what has been written is whole.", file=sys.stderr)
        return 130


def _help() -> str:
    commands = "\n".join(f"  {f'{name} {takes}':24s} {does}" for name, (takes, does) in COMMANDS.items())
    return f"""\
usage: phasefield COMMAND ...

Phase-field simulation of lithium plating in 3D host electrodes.

commands:
{commands}

options:
  --version, --help        `phasefield COMMAND --help` explains a command"""


if __name__ == "__main__":
    sys.exit(main())
