"""Phase-field simulation of lithium plating and stripping inside 3D host electrodes."""

import jax

# Before the first array, or float64 is silently truncated. Float32 runs ask for float32 explicitly.
jax.config.update("jax_enable_x64", True)

from phasefield.conduction import effective_conductivity, tortuosity_factor  # noqa: E402
from phasefield.current_distribution import current_distribution  # noqa: E402
from phasefield.growth import grow  # noqa: E402
from phasefield.impedance import impedance  # noqa: E402
from phasefield.runs import Run, load, simulate  # noqa: E402

__all__ = [
    "Run",
    "current_distribution",
    "effective_conductivity",
    "grow",
    "impedance",
    "load",
    "simulate",
    "tortuosity_factor",
]
__version__ = "0.1.0"
