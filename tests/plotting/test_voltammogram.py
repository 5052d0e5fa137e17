"""The voltammogram: which runs have one, and where its peaks are."""

import numpy as np
import pytest

from phasefield.plotting import style
from phasefield.plotting.voltammogram import is_swept, peaks, voltammogram


def swept(count=400):
    """A sweep down and up with a pair of peaks at 1.16 and 1.22 V, and a shoulder too small to mark."""
    down = np.linspace(2.5, 0.0, count)
    potential = np.concatenate([down, down[::-1]])

    def bell(middle):
        return np.exp(-(((potential - middle) / 0.1) ** 2))

    going_down = np.arange(2 * count) < count
    current = np.where(going_down, 10 * bell(1.16) + 0.5 * bell(0.4), -8 * bell(1.22)) + 1e-3 * potential
    return {"potential": potential, "current_density": current}


class Run:
    history = swept()


def test_peaks_are_found_with_reduction_negative():
    found = peaks(swept())
    assert [potential for potential, _ in found] == pytest.approx([1.16, 1.22], abs=0.01)
    assert [current for _, current in found] == pytest.approx([-10, 8], rel=0.01)


def test_only_a_swept_run_has_one():
    assert is_swept(swept())
    steady = swept() | {"current_density": np.full(800, 5.0)}
    assert not is_swept(steady) and not is_swept({})
    assert not is_swept({name: values[:400] * (0.05 if name == "potential" else 1) for name, values in swept().items()})


def test_it_marks_the_peaks_and_names_the_runs(tmp_path):
    figure = voltammogram([Run(), Run()], ["LLTO@CNT", "LLTO"])
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.texts] == ["1.16", "1.22"]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["LLTO@CNT", "LLTO"]
    (path,) = style.save(figure, tmp_path / "v.png")
    assert path.stat().st_size > 10_000
