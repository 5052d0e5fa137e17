"""The same run on one and on four processors that JAX takes for devices, in a process of its own: they must be set up
before JAX is first used. Prints what tests/test_devices.py wants to know."""

import json
import re

import jax
import numpy as np

from phasefield import build, device, operators, sharding, stepping, timeline
from phasefield.config import compose
from phasefield.precision import cast
from phasefield.solvers.stencils import apply_stencil

DEVICES = 4
SMALL = ["host=cnt", "grid.spacing_um=1.5", "grid.width_um=24", "protocol.capacity_mAh_cm2=0.02", "device=cpu"]
SMALL += ["solver.overpotential_change_mV=40", "solver.nucleation_fraction=5", "solver.dt_first_s=0.01"]  # few steps
COLLECTIVES = ("all-gather", "all-to-all", "reduce-scatter", "collective-permute", "all-reduce")


def run(devices, cut=sharding.blocks):
    config = compose([*SMALL, f"devices={devices}"])
    geometry = build.geometry(config)
    model = build.model(config, geometry)
    state = build.initial_state(config, model)
    if devices > 1:
        sharding.blocks = cut
        model, state = sharding.distribute((model, state), geometry.shape, device.chosen(devices))
    control = build.time_control(config)
    outcome = timeline.run(model, state, build.protocol(config), control)
    return model, cast(control, "float64"), outcome


def differences(one, many):
    """Largest difference of each field and each column of the history, over the largest value."""
    pairs = {name: (getattr(one.state, name), getattr(many.state, name)) for name in ("phase", "concentration")}
    pairs |= {name: (one.history[name], many.history[name]) for name in ("potential", "time", "nuclei", "lithium")}
    return {
        name: float(np.abs(sharding.whole(a) - sharding.whole(b)).max() / np.abs(sharding.whole(a)).max())
        for name, (a, b) in pairs.items()
    }


def program(model, control, outcome):
    """The compiled segment in XLA's words."""
    carry = sharding.alike(stepping.begin(model, outcome.state, control), model.pore)
    return timeline._segment.lower(model, control, timeline.IDLE, carry).compile().as_text()


def collectives(text):
    """How often each kind stands in a program."""
    return {name: len(re.findall(rf"\b{name}(-start)?\(", text)) for name in COLLECTIVES}


def stencil_program():
    """A product with a coarse level's stencil in slabs, in XLA's words."""
    shape = (16, 8, 8)
    fields = np.ones((3, 3, 3, *shape)), np.ones(shape)
    stencil, v = sharding.distribute(fields, shape, device.chosen(DEVICES))
    periodic = operators.laterally_periodic(len(shape))
    return jax.jit(lambda s, v: apply_stencil(s, v, periodic)).lower(stencil, v).compile().as_text()


def compared(alone, cut):
    """What a run in these blocks is, against the one on a single device."""
    before = timeline._segment._cache_size()
    model, control, shared = run(DEVICES, lambda *_: cut)
    programs = timeline._segment._cache_size() - before
    text = program(model, control, shared)
    return {
        "blocks": [list(shard.data.shape) for shard in shared.state.phase.addressable_shards],
        "steps": [len(each.history["time"]) for each in (alone, shared)],
        "differences": differences(alone, shared),
        "programs": programs,
        "collectives": collectives(text),
    }


if __name__ == "__main__":
    words = device.prepare("cpu", DEVICES)
    _, _, alone = run(1)
    result = {"device": words, "found": len(jax.devices())}
    result["slabs"] = compared(alone, (4, 1))
    sharding.blocks = lambda *_: (4, 1)
    result["stencil"] = collectives(stencil_program())
    print(json.dumps(result | {"pencils": compared(alone, (2, 2))}))
