"""The figure of a host: units on every axis, nothing overlaps, whatever the box."""

import pytest

from phasefield.host import PackingRequest, describe, generate
from phasefield.plotting import style
from phasefield.plotting.host import colours, host_figure, strengths
from phasefield.units import um

REQUESTS = {
    "plane": PackingRequest((73, 64), 1 * um),
    "wide": PackingRequest((73, 160), 1 * um),
    "narrow": PackingRequest((73, 24), 1 * um, coating_phase=None),
    "box": PackingRequest((60, 24, 32), 1 * um),
    "bare": PackingRequest((73, 64), 1 * um, thickness=0.0),
}


@pytest.mark.parametrize("kind", REQUESTS)
def test_nothing_overlaps(kind, tmp_path, overlapping_texts):
    host = generate(REQUESTS[kind], 0)
    figure = host_figure(host, describe(host))
    assert figure.get_figwidth() * style.INCH == pytest.approx(180)
    assert overlapping_texts(figure) == []
    labels = [axes.get_xlabel() + axes.get_ylabel() for axes in figure.axes]
    assert labels[0] == (style.HEIGHT if kind != "wide" else "Height (µm)")
    assert labels[1] == "Porosity (%)" and "Diameter (µm)" in labels[2]
    assert style.save(figure, tmp_path / "host.png")[0].stat().st_size > 10_000


def test_colours_are_those_of_the_phases_and_a_coating_is_seen():
    host = generate(REQUESTS["plane"], 0)
    palette, picture = style.phase_colours(host.names), colours(host)
    assert picture[0, 0] == pytest.approx(palette["collector"], abs=0.02)
    assert picture[-1, 0] == pytest.approx([1, 1, 1], abs=0.01)
    assert strengths(host)["llto"] == 1 and strengths(host)["cnt"] > 1
