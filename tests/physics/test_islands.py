"""Ions between a host and the electrolyte: past islands of lithium, not through a closed film."""

from dataclasses import replace

import cases
import jax.numpy as jnp
import numpy as np
import pytest

from phasefield import model as model_module
from phasefield.conduction import between_plates
from phasefield.host.geometry import diffuse
from phasefield.physics import charge, islands
from phasefield.units import um

CLOSED = 0.5 * um
HEIGHT, WALL = 12 * um, 6 * um  # of the box; of the host in it


def covered(spacing, film):
    """(model, state): a flat host that conducts ions, a film of lithium on it, electrolyte above."""
    cells = round(HEIGHT / spacing)
    height = (np.arange(cells) + 0.5) * spacing

    def below(level):
        """Share of each cell below a level, as diffuse as walls are."""
        sharp = np.clip((level - height) / spacing + 0.5, 0, 1)
        return np.broadcast_to(diffuse(np.repeat(sharp[:, None], 8, axis=1)), (cells, 8))

    solid = below(WALL)
    model = cases.model(
        (cells, 8),
        spacing=spacing,
        fractions=np.stack([np.zeros((cells, 8)), solid]),
        closed_film=CLOSED,
        interface_width=0.5 * spacing,
    )
    state = model_module.initial_state(model, 0)
    pore = np.asarray(model.reactive_pore)
    held = np.clip(below(WALL + film) - solid, 0, None)  # per volume
    phase = np.where(pore > 0, held / np.where(pore > 0, pore, 1), 0).clip(0, 1)
    return model, replace(state, phase=jnp.asarray(phase))


def through(model, state):
    """Conductance from the bottom of the host to the top of the electrolyte [S/m2]."""
    fixed = charge.conductors(model, state)
    above = np.asarray(fixed.ionic_conductances)[1::2] * float(model.grid.spacing) ** 2
    ends = np.asarray(fixed.ionic)[[0, -1]]
    return between_plates(list(above), ends).effective_conductivity / HEIGHT


@pytest.mark.parametrize("spacing", [1.0 * um, 0.5 * um, 0.25 * um])
@pytest.mark.parametrize("film", [0.1 * um, 0.3 * um, 0.6 * um])
def test_the_thickness_of_a_film_is_found_on_any_cell(spacing, film):
    model, state = covered(spacing, film)
    found = np.asarray(islands.thickness(model, state.phase))[:, 0]
    wall = int(np.argmax(model.surface[:, 0]))
    assert found[wall] == pytest.approx(film, rel=0.1)


@pytest.mark.parametrize("spacing", [1.0 * um, 0.5 * um, 0.25 * um])
def test_islands_let_ions_through_and_a_closed_film_does_not(spacing):
    """Without lithium the two in series, no less until half of `closed_film`, next to nothing past it; on any cell."""
    kappa = {"host": cases.CARBON.ionic_conductivity[0], "electrolyte": cases.ELECTROLYTE.conductivity}
    bare = through(*covered(spacing, 0.0))
    assert bare == pytest.approx(1 / (WALL / kappa["host"] + (HEIGHT - WALL) / kappa["electrolyte"]), rel=0.06)
    assert through(*covered(spacing, 0.2 * um)) == pytest.approx(bare, rel=0.03)
    assert through(*covered(spacing, 0.4 * um)) == pytest.approx(0.78 * bare, rel=0.12)  # 0.84 on 0.125 um
    assert through(*covered(spacing, 0.6 * um)) < 0.05 * bare
    assert through(*covered(spacing, 0.7 * um)) < 1e-4 * bare


def test_half_of_the_way_a_wall_is_as_open_as_it_was():
    model, state = covered(0.5 * um, 0.3 * um)
    wall = int(np.argmax(model.surface[:, 0]))
    seen = float(jnp.max(islands.thickness(model, state.phase)[wall - 1 : wall + 2, 0]))

    def share(closed):
        model_then = replace(model, closed_film=jnp.asarray(closed))
        return float(islands.open_share(model_then, state.phase)[wall, 0])

    assert share(2.01 * seen) == 1.0
    assert share(4 / 3 * seen) == pytest.approx(0.5, rel=1e-6)
    assert share(seen) == pytest.approx(0.0, abs=1e-12) and share(0.0) == 0.0
    assert np.all(islands.open_share(model, 0 * state.phase) == 1.0)


def test_lithium_on_a_host_without_ions_lets_none_through():
    model, state = covered(0.5 * um, 0.2 * um)
    insulator = replace(cases.CARBON, ionic_conductivity=(0.0, 0.0))
    model = replace(model, host=replace(model.host, phases=(cases.COPPER, insulator)))
    assert np.all(islands.ionic_conductivity(model, state) == 0)


def test_how_far_lithium_belongs_to_a_wall():
    found = [islands.reach(CLOSED, spacing) for spacing in (1 * um, 0.5 * um, 0.25 * um, 0.125 * um)]
    assert found == [2, 2, 3, 5]
    assert islands.reach(100 * um, 0.5 * um) == islands.MOST_CELLS and islands.reach(0.0, um) == 2
