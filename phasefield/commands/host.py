"""`phasefield host`: the host of a simulation, generated, drawn and measured."""

import json
from pathlib import Path

from phasefield import build, device
from phasefield import config as schema
from phasefield.commands.checks import Parser, folder
from phasefield.config import plain_data
from phasefield.host import describe
from phasefield.plotting import style
from phasefield.plotting.host import host_figure


def main(arguments: list[str]) -> int:
    """Exit code of `phasefield host ARGUMENTS`."""
    parser = Parser("host", "Generate the host of a simulation, draw it, print and save its measures.")
    parser.add_argument(
        "overrides", nargs="*", metavar="KEY=VALUE", help="as for simulate: host=llto host.porosity=0.6"
    )
    parser.add_argument(
        "-o", "--output", type=Path, default=Path(), metavar="FOLDER", help="for host.png and host.json"
    )
    options = parser.parse_args(arguments)
    folder(options.output, "--output")
    plain_data.check(schema.config_folder())
    config = schema.compose(options.overrides)

    device.prepare(config.device)
    build.check_memory(config)
    geometry = build.geometry(config)
    report = describe(
        geometry,
        build.phases(config, geometry.names),
        config.electrolyte.conductivity_S_m,
        bruggeman_exponent=config.electrolyte.bruggeman_exponent,
        lithiation=dict(zip(geometry.names, build.lithiation(config, geometry.names), strict=True)),
    )
    figure = host_figure(geometry, report)
    for name, value in report.rows():
        print(f"{name:36s} {value}")
    for note in [*build.grid_shape(config)[1], *report.notes]:
        print("Note:", note)
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "host.json").write_text(json.dumps(report.to_dict(), indent=2) + "\n")
    for path in [*style.save(figure, options.output / "host.png"), options.output / "host.json"]:
        print("Written:", path)
    return 0
