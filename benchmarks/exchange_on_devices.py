"""What a box on four devices exchanges, read off the compiled programs; in a process of its own, for processors have
to be split into devices before JAX is first used. Prints one line of JSON, for benchmarks/exchange.py.

python benchmarks/exchange_on_devices.py slabs 128 64 64
"""

import json
import re
import sys
from functools import partial
from math import prod

import jax
import jax.numpy as jnp
from fields import host_charge

from phasefield import device, sharding
from phasefield.solvers import multigrid
from phasefield.solvers.system import System, apply

DEVICES = 4
CUTS = {"slabs": (4, 1), "pencils": (2, 2)}
BYTES = {"f32": 4, "f64": 8}
MOVES = re.compile(r"= \(?(f32|f64)\[([\d,]*)\][^=]* collective-permute(?:-start)?\(")
GATHERS = re.compile(r"\b(all-gather|all-to-all|reduce-scatter)(-start)?\(")


def sent(function, *arguments, width: int) -> dict[str, int]:
    """Messages and bytes that a device sends in one call, and how many of either on coarse levels.

    Args: width: of the box in cells, along its last axis, which is not cut; what is narrower belongs to coarse levels.
    """
    text = jax.jit(function).lower(*arguments).compile().as_text()
    if gathers := GATHERS.findall(text):
        raise RuntimeError(f"the program gathers fields: {gathers}")
    shapes = [(kind, [int(n) for n in shape.split(",")]) for kind, shape in MOVES.findall(text)]
    moved = [BYTES[kind] * prod(shape) for kind, shape in shapes]
    coarse = [size for size, (_, shape) in zip(moved, shapes, strict=True) if shape[-1] < width]
    return {
        "messages": len(moved),
        "bytes": sum(moved),
        "coarse_messages": len(coarse),
        "coarse_bytes": sum(coarse),
    }


def main(cut: str, shape: tuple[int, ...]) -> None:
    device.prepare("cpu", DEVICES)
    sharding.blocks = lambda *_: CUTS[cut]
    charge, b = host_charge(shape, 0.46, 10.0)
    salt = System(charge.faces[:1], charge.diagonals[:1] + charge.coupling, None, charge.spacing, charge.periodic)
    found = {}
    for name, system, r in (("charge", charge, b), ("salt", salt, b[:1])):
        system, r = sharding.distribute((system, r), shape, device.chosen(DEVICES))
        hierarchy = jax.jit(partial(multigrid.build, precision=jnp.float32))(system)

        def cycle(system, hierarchy, r):
            return multigrid.preconditioner(system, hierarchy, steps=(1,))(r)

        found[f"{name}, product"] = sent(apply, system, r, width=shape[-1])
        found[f"{name}, V-cycle"] = sent(cycle, system, hierarchy, r, width=shape[-1])
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], tuple(int(n) for n in sys.argv[2:]))
