"""Where lithium starts on a host without electrons: the line where it meets copper, however thin the grid makes it."""

import pytest

from phasefield import build, timeline
from phasefield.config import compose
from phasefield.units import mV

BARRIER = 61  # mV, of LLTO; bare copper beside it nucleates at 103
SECTION = ["host=llto", "grid=quick", "grid.spacing_um=1", "protocol.capacity_mAh_cm2=0.03"]


def spike(walls, film):
    """Largest overpotential [mV] with walls diffuse over so many cells and a film of so many nm."""
    config = compose([*SECTION, f"host.diffuse_cells={walls}", f"nucleation.film_nm={film}"])
    model = build.model(config, build.geometry(config))
    state = build.initial_state(config, model)
    outcome = timeline.run(model, state, build.protocol(config), build.time_control(config))
    return -outcome.history["potential"].min() / mV


def test_a_conducting_film_frees_the_spike_from_the_width_of_the_walls():
    """Insulated nuclei plate in the foot of the collector only: walls a quarter as wide cost 21 mV; with it 2 mV."""
    assert spike(0.25, film=0) - spike(1, film=0) > 15
    spikes = [spike(walls, film=2) for walls in (1, 0.25)]
    assert spikes == pytest.approx([BARRIER, BARRIER], abs=5)
    assert abs(spikes[1] - spikes[0]) < 4
