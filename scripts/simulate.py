"""Plate lithium into a host and print where it went: python scripts/simulate.py host=cnt grid=quick

The same as `phasefield simulate`, in Python: copy it where overrides are not enough.
"""

import sys

from phasefield.config import compose
from phasefield.experiment import run_experiment

config = compose(sys.argv[1:] or ["host=llto_cnt", "grid=quick"])
measures = run_experiment(config, f"outputs/{config.host.name}_seed{config.seed}")
print("Lithium in the lower third of the host:", measures["fraction_lower_third"])
