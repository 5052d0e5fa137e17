"""The Nyquist plot: what it reads, how it is drawn, and when a run has one."""

import shutil

import numpy as np
import pytest

from phasefield import snapshots
from phasefield.plotting import plot_run, style
from phasefield.plotting.nyquist import COLUMNS, nyquist_figure, read_spectra, thickness_beside
from phasefield.report.files import figures
from phasefield.snapshots import SnapshotError

FREQUENCY = np.logspace(5, -1, 61)


def write_table(folder, states=("pristine", "lithiated")):
    """An impedance.csv of semicircles, 200 and 100 Ohm cm2 wide, and of constant conductances."""
    lines = [",".join(COLUMNS)]
    for number, state in enumerate(states):
        for measurement, width in (("half_cell", 200 / (1 + number)), ("electrode", 10.0), ("two_electrode_dry", 0.0)):
            for f in (*FREQUENCY, *([0.0] if width == 0 else [])):
                z = 2 + width / (1 + 2j * np.pi * f * 5e-3)
                lines.append(f"{measurement},{state},{f:.6g},{z.real:.6g},{z.imag:.6g}")
    path = folder / "impedance.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_axes_are_equal_and_decades_are_named(tmp_path, overlapping_texts):
    figure = nyquist_figure(read_spectra(write_table(tmp_path)), 45e-6)
    half, electrode, dry = figure.axes
    assert not overlapping_texts(figure)
    for axes in (half, electrode):
        assert axes.get_aspect() == 1 and {"10 Hz", "100 Hz"} <= {text.get_text() for text in axes.texts}
    assert half.get_xlim()[1] > 202 and half.lines[0].get_xdata().max() == pytest.approx(202, rel=1e-3)
    assert [text.get_text() for text in half.get_legend().get_texts()] == ["Pristine", "Lithiated"]
    assert dry.get_xscale() == dry.get_yscale() == "log"
    assert dry.lines[0].get_ydata() == pytest.approx(45e-6 / 2e-4)  # 2 Ohm cm2
    (path,) = style.save(figure, tmp_path / "n.png")
    assert path.stat().st_size > 10_000


@pytest.mark.parametrize(
    "text, words",
    [
        ("", "holds no spectrum"),
        ("measurement,state\na,b\n", "no column 'frequency_Hz'"),
        (",".join(COLUMNS) + "\nhalf_cell,pristine,1,2,three\n", "three"),
        (",".join(COLUMNS) + "\nhalf_cell,pristine,1,2,nan\n", "nan"),
        (",".join(COLUMNS) + "\nhalf_cell,pristine,1\n", "cannot be read"),
    ],
)
def test_a_damaged_table_is_named(text, words, tmp_path):
    (tmp_path / "impedance.csv").write_text(text)
    with pytest.raises(SnapshotError, match=r"impedance\.csv") as raised:
        read_spectra(tmp_path / "impedance.csv")
    assert words in str(raised.value)


@pytest.mark.parametrize("text", ["", "[]", '{"thickness_um": "45"}', '{"thickness_um": -1}', '{"thickness_um": null}'])
def test_a_thickness_that_is_not_told_is_none(text, tmp_path):
    assert thickness_beside(tmp_path / "impedance.csv") is None
    (tmp_path / "impedance.json").write_text(text)
    assert thickness_beside(tmp_path / "impedance.csv") is None
    (tmp_path / "impedance.json").write_text('{"thickness_um": 45.0}')
    assert thickness_beside(tmp_path / "impedance.csv") == pytest.approx(45e-6)


def test_a_run_is_drawn_with_the_impedance_in_its_folder(run_files, tmp_path):
    shutil.copytree(run_files["flat"].parent, tmp_path / "run")
    assert not [path for path in plot_run(tmp_path / "run", tmp_path / "without") if path.stem == "nyquist"]
    write_table(tmp_path / "run")
    shown = figures(snapshots.load(tmp_path / "run"), cycled=False)  # in the report too, which draws it
    assert "nyquist" in shown and (tmp_path / "run/figures/nyquist.png").is_file()
