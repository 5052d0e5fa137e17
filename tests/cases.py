"""Small models that several tests share: one shape and one set of names, so that programs are compiled once."""

from dataclasses import replace

import numpy as np
import pytest

from phasefield import checkpoint, timeline
from phasefield import model as model_module
from phasefield.grid import Grid
from phasefield.host.geometry import diffuse
from phasefield.materials import Electrolyte, Host, HostPhase, Lithium
from phasefield.stepping import TimeControl
from phasefield.units import um

SHAPE = (32, 8)
SPACING = 1.0 * um
COLLECTOR_CELLS = 4

TINY = [  # overrides of the smallest run there is
    "grid=quick",
    "grid.spacing_um=1.25",
    "grid.width_um=20",
    "grid.electrolyte_um=5",
    "host.thickness_um=10",
    "protocol.capacity_mAh_cm2=0.05",
    "protocol.snapshot_every_mAh_cm2=0.03",
]

ELECTROLYTE = Electrolyte(
    concentration=1500.0,
    conductivity=0.2,
    diffusivity=2e-11,
    transference_number=0.5,
    thermodynamic_factor=1.0,
    bruggeman_exponent=1.5,
)
LITHIUM = Lithium(
    molar_volume=13e-6,
    conductivity=1000.0,
    exchange_current_density=1.0,
    cathodic_transfer_coefficient=0.5,
    surface_energy=0.0,
    double_layer_capacitance=0.2,
)
COPPER = HostPhase("collector", (0.0, 0.0), (1000.0, 1000.0), (0.1, 0.1))
CARBON = HostPhase("carbon", (0.068, 0.068), (10.0, 10.0), (0.095, 0.095))
PREFACTOR, STEEPNESS = 1e25, 25.0  # of nucleation


def fractions(shape=SHAPE, host: bool = True):
    """Diffuse collector of 4 cells and, if `host`, a ball (a disc in 2D) of host on it; (2, *shape)."""
    position = np.indices(shape)
    collector = diffuse((position[0] < COLLECTOR_CELLS).astype(float))
    far = (position[0] - 11.5) ** 2 + (position[-1] - (shape[-1] - 1) / 2) ** 2
    ball = diffuse((far < 9).astype(float)) if host else np.zeros(shape)
    return np.stack([collector, (1 - collector) * ball])


def model(
    shape=SHAPE, *, host=True, dtype=np.float64, lithium=None, electrolyte=None, phases=(COPPER, CARBON), **options
):
    """A carbon body over a copper collector, or bare copper, 0.5 mA/cm2 friendly; keywords replace what is named."""
    spacing = options.pop("spacing", SPACING)
    settings = {
        "nucleation_prefactor": PREFACTOR,
        "nucleation_steepness": STEEPNESS,
        "insertion_active": False,
        "interface_width": spacing,  # as wide as its walls
    }
    return model_module.build_model(
        Grid(shape, spacing),
        Host(phases, options.pop("fractions", fractions(shape, host)), COLLECTOR_CELLS * SPACING, 17 * SPACING),
        ELECTROLYTE if electrolyte is None else electrolyte,
        LITHIUM if lithium is None else lithium,
        dtype=dtype,
        **(settings | options),
    )


def with_number(numbers, **changed):
    """The same dataclass with other numbers."""
    return replace(numbers, **changed)


class Enough(Exception):
    """The run has been looked at often enough."""


def cut_and_gone_on(run, model, looks, folder):
    """The Outcome of a run that is cut at so many looks, and goes on from its checkpoint in the folder.

    Args: run: keywords of `timeline.run` -> Outcome, from the initial state of `model` under the default TimeControl.
    """
    pauses = []

    def pause(standing):
        pauses.append(None)
        if len(pauses) == looks:
            checkpoint.save(folder, *standing(), {})
            raise Enough

    with pytest.raises(Enough):
        run(on_pause=pause)
    like = timeline.blank(model, model_module.initial_state(model, 0), TimeControl())
    position, carry, _ = checkpoint.load(folder, like)
    return run(carry=carry, start=position)
