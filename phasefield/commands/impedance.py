"""`phasefield impedance`: spectra and conductivities of a host, before and after lithiation."""

from phasefield import build, spectra
from phasefield.commands.checks import Parser
from phasefield.commands.chosen_host import chosen_host
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
    written = "impedance.csv, impedance.json and nyquist.png"
    config, output = chosen_host(parser, arguments, "host=llto host.lithiation.llto=1", written)
    found = spectra.measure(config, build.geometry(config))
    for name, values in spectra.rows(found.measures):
        print(f"{name:48s} {values}")
    for note in [*build.grid_shape(config)[1], *found.notes]:
        print("Note:", note)
    written = spectra.write(found, output)
    table = output / spectra.TABLE
    figure = nyquist_figure(read_spectra(table), thickness_beside(table))
    for path in [*style.save(figure, output / "nyquist.png"), *written]:
        print("Written:", path)
    return 0
