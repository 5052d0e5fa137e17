"""Memory that a run and its host need."""

import numpy as np

from phasefield import memory
from phasefield.build.box import grid_shape
from phasefield.config import Config, ConfigError

BASE_MEMORY = {2: 1.0e9, 3: 1.5e9}  # bytes: Python, JAX and compiling; measured on a processor
BYTES_PER_CELL = {2: 1200, 3: 3500}  # estimated from the fields, stencils and coarse levels, in float64
HOST_BYTES_PER_CELL = 500  # while a host is generated; 320 were measured at 256^3 with two lattices at once, of four


def memory_estimate(config: Config) -> float:
    """Peak memory of a run [bytes], roughly."""
    shape, _ = grid_shape(config)
    each = BYTES_PER_CELL[len(shape)] * (1.0 if config.precision == "float64" else 0.6)
    return BASE_MEMORY[len(shape)] + each * float(np.prod(shape, dtype=float))


def check_memory(config: Config) -> None:
    """Nothing; raises ConfigError where generating and measuring the host needs more memory than the computer has."""
    shape, _ = grid_shape(config)
    needed, there = HOST_BYTES_PER_CELL * float(np.prod(shape, dtype=float)), memory.of_computer()
    if there is not None and needed > there:
        raise ConfigError(
            f"grid.spacing_um is {config.grid.spacing_um:g}, which makes a box of {' x '.join(map(str, shape))} cells: "
            f"its host needs about {needed / 1e9:.3g} GB, and the computer has {there / 1e9:.3g} GB; try a coarser "
            "spacing, a smaller grid.width_um or grid.dimensions=2"
        )
