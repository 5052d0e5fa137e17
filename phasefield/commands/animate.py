"""`phasefield animate`: a run as a film."""

from pathlib import Path

from phasefield.commands.checks import Parser
from phasefield.plotting.animation import animate_run, has_ffmpeg


def main(arguments: list[str]) -> int:
    """Exit code of `phasefield animate ARGUMENTS`."""
    parser = Parser(
        "animate",
        "Make a film of a run: the vertical section beside the potential, one frame a snapshot.",
    )
    parser.add_argument("run", type=Path, help="folder of the run, or its run.vtkhdf")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help=".mp4 or .gif; default: animation.mp4 beside the run, or .gif"
    )
    parser.add_argument("--fps", type=float, metavar="N", help="frames per second; default: about 5 s in all")
    parser.add_argument("--field", metavar="NAME", help="to show in place of host and lithium, such as concentration")
    options = parser.parse_args(arguments)
    folder = options.run if options.run.is_dir() else options.run.parent
    output = options.output or folder / ("animation.mp4" if has_ffmpeg() else "animation.gif")
    print("Written:", animate_run(options.run, output, options.fps, options.field))
    return 0
