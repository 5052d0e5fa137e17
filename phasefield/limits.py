"""What ends a segment of time steps, and which of its ends a step has met."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from phasefield import cathode

METERED = 1e-4  # V: a cycler tells cell voltages apart that differ by more
CELL_CHANGE = 0.02  # V: most that the open-circuit potential of a cathode changes in a step

SEGMENT = 8  # most steps between two looks of the host program; they share the coarse levels of the multigrid

# what may have stopped a segment
RUNNING, REACHED, BELOW, ABOVE, STUCK, FADED, CELL_BELOW, CELL_ABOVE = range(8)
CUT_OFFS = (  # and what each is called
    "",
    "time or capacity",
    "potential_min",
    "potential_max",
    "dt_min",
    "current_min",
    "cell_voltage_min",
    "cell_voltage_max",
)


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Limits:
    """What ends a segment; all traced.

    Args:
        current_density: [A/m2]. time_end: [s]. potential_min, potential_max: [V].
        begins: whether this is the first segment of a protocol step, which starts with dt_first.
        most_steps: accepted ones.
        holds: whether a potential is given in place of the current.
        potential_from, potential_to, rate, started: it goes from the one to the other at a rate [V/s] since a time [s].
        charge_end: charge that ends it [C/m2], passed without sign since charge_started; for held potentials.
        current_min: ends it, without sign [A/m2]; for held potentials.
        cell_voltage_min, cell_voltage_max: end it [V]; for full cells.
        half_cell: whether the counter electrode is lithium in place of the cathode.
        charge_elsewhere: charge passed against lithium by earlier steps [C/m2]: it has not come from the cathode.
    """

    current_density: float
    time_end: float
    potential_min: float = -np.inf
    potential_max: float = np.inf
    begins: bool = False
    most_steps: int = SEGMENT
    holds: bool = False
    potential_from: float = 0.0
    potential_to: float = 0.0
    rate: float = 0.0
    started: float = 0.0
    charge_started: float = 0.0
    charge_end: float = np.inf
    current_min: float = 0.0
    cell_voltage_min: float = -np.inf
    cell_voltage_max: float = np.inf
    half_cell: bool = False
    charge_elsewhere: float = 0.0

    def potential(self, time):
        """That is held at a time [V]."""
        way = self.potential_to - self.potential_from
        return self.potential_from + jnp.sign(way) * jnp.minimum(jnp.abs(way), self.rate * (time - self.started))


def stopped(limits: Limits, time, charge, current, potential, cell_voltage=None):
    """Which of its ends a segment has met by the end of a step, RUNNING if none.

    Args: time: [s]. charge: passed since the start [C/m2]. current: of the step [A/m2]. potential: of the electrode
        against lithium [V]. cell_voltage: of a full cell [V]; None for a half cell.
    """
    reached = time >= (1 - 1e-9) * limits.time_end  # which may be infinite
    reached |= jnp.abs(charge - limits.charge_started) >= limits.charge_end * (1 - 1e-6)
    arrived = limits.potential(time) == limits.potential_to
    end = jnp.where(limits.holds & arrived & (jnp.abs(current) < limits.current_min), FADED, RUNNING)
    end = jnp.where(reached, REACHED, end)
    end = jnp.where(potential <= limits.potential_min, BELOW, end)
    end = jnp.where(potential >= limits.potential_max, ABOVE, end)
    if cell_voltage is not None:
        end = jnp.where(cell_voltage <= limits.cell_voltage_min + METERED, CELL_BELOW, end)
        end = jnp.where(cell_voltage >= limits.cell_voltage_max - METERED, CELL_ABOVE, end)
    return end


def full_cell(model, limits: Limits, charge, current, potential) -> dict:
    """Its part of the history. Against lithium the cathode rests, and lithium stands in its place."""
    charge_of_cathode = jnp.where(limits.half_cell, limits.charge_started, charge) - limits.charge_elsewhere
    y = cathode.stoichiometry(model.cathode, charge_of_cathode)
    voltage = cathode.cell_voltage(model.cathode, y, current, potential, model.temperature)
    return {"cell_voltage": jnp.where(limits.half_cell, -potential, voltage), "cathode_stoichiometry": y}


def cathode_allows(model, limits: Limits, charge, potential):
    """Time until cell voltage or open circuit have gone as far as they may, were the electrode to stay [s]."""
    current = limits.current_density
    y = cathode.stoichiometry(model.cathode, charge - limits.charge_elsewhere)
    now = cathode.cell_voltage(model.cathode, y, current, potential, model.temperature)
    lowest = jnp.maximum(limits.cell_voltage_min, now - CELL_CHANGE)
    highest = jnp.minimum(limits.cell_voltage_max, now + CELL_CHANGE)
    left = cathode.charge_left(model.cathode, y, current, potential, model.temperature, lowest, highest)
    return jnp.where(limits.half_cell, jnp.inf, left / jnp.maximum(jnp.abs(current), 1e-30))
