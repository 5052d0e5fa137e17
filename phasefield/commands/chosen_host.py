"""What commands about a host alone share: overrides, a folder for their files, and the checks before the work."""

from pathlib import Path

from phasefield import build, device
from phasefield import config as schema
from phasefield.commands.checks import Parser, folder
from phasefield.config import Config, plain_data


def chosen_host(parser: Parser, arguments: list[str], example: str, written: str) -> tuple[Config, Path]:
    """The configuration that `arguments` choose, and the folder for what is written.

    Args: example: overrides, for the help. written: names of the files.
    Raises: ConfigError where they are wrong, the folder cannot be written to, or the memory does not suffice.
    """
    parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help=f"as for simulate: {example}")
    parser.add_argument("-o", "--output", type=Path, default=Path(), metavar="FOLDER", help=f"for {written}")
    options = parser.parse_args(arguments)
    folder(options.output, "--output")
    plain_data.check(schema.config_folder())
    config = schema.compose(options.overrides)
    device.prepare(config.device)
    build.check_memory(config)
    return config, options.output
