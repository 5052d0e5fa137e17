"""`phasefield host`: the host of a simulation, generated, drawn and measured."""

import json

from phasefield import build
from phasefield.commands.checks import Parser
from phasefield.commands.chosen_host import chosen_host
from phasefield.host import describe
from phasefield.plotting import style
from phasefield.plotting.host import host_figure


def main(arguments: list[str]) -> int:
    """Exit code of `phasefield host ARGUMENTS`."""
    parser = Parser("host", "Generate the host of a simulation, draw it, print and save its measures.")
    config, output = chosen_host(parser, arguments, "host=llto host.porosity=0.6", "host.png and host.json")
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
    output.mkdir(parents=True, exist_ok=True)
    (output / "host.json").write_text(json.dumps(report.to_dict(), indent=2) + "\n")
    for path in [*style.save(figure, output / "host.png"), output / "host.json"]:
        print("Written:", path)
    return 0
