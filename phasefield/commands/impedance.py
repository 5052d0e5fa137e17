"""`phasefield impedance`: spectra and conductivities of a host, before and after lithiation."""

from pathlib import Path

from phasefield import build, device, spectra
from phasefield import config as schema
from phasefield.commands.checks import Parser, folder
from phasefield.config import plain_data
from phasefield.plotting import style
from phasefield.plotting.nyquist import nyquist_figure, read_spectra, thickness_beside


def main(arguments: list[str]) -> int:
    """Exit code of `phasefield impedance ARGUMENTS`."""
    parser = Parser(
        "impedance",
        "Impedance of the host of a simulation before and after lithiation, at rest, 0.1 Hz to 100 kHz: in a half cell "
        "with lithium, and between two plates that block ions, with electrolyte in the pores and dry, which gives its "
        "ionic and electronic conductivity.",
    )
    parser.add_argument(
        "overrides", nargs="*", metavar="KEY=VALUE", help="as for simulate: host=llto host.lithiation.llto=1"
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        default=Path(),
        metavar="FOLDER",
        help="for impedance.csv, impedance.json and nyquist.png",
    )
    options = parser.parse_args(arguments)
    folder(options.output, "--output")
    plain_data.check(schema.config_folder())
    config = schema.compose(options.overrides)

    device.prepare(config.device)
    build.check_memory(config)
    found = spectra.measure(config, build.geometry(config))
    for name, values in spectra.rows(found.measures):
        print(f"{name:48s} {values}")
    for note in [*build.grid_shape(config)[1], *found.notes]:
        print("Note:", note)
    written = spectra.write(found, options.output)
    table = options.output / spectra.TABLE
    figure = nyquist_figure(read_spectra(table), thickness_beside(table))
    for path in [*style.save(figure, options.output / "nyquist.png"), *written]:
        print("Written:", path)
    return 0
