"""Where the lithium is at chosen capacities, one CSV row a run and capacity, from the run files alone:

python scripts/tabulate.py outputs/four_substrates/* > docs/results/four_substrates.csv
"""

import csv
import json
import sys
from pathlib import Path

import numpy as np

from phasefield import measures, snapshots
from phasefield.units import mAh_per_cm2, um

CAPACITIES = (1.0, 2.0, 4.0)  # mAh/cm2

table = csv.writer(sys.stdout, lineterminator="\n")
table.writerow(
    ["run", "capacity_mAh_cm2", *measures.WHERE, "roughness_um", "nucleation_overpotential_mV", "ledger_error"]
)
for folder in sys.argv[1:]:
    run = snapshots.load(folder)
    final = json.loads((Path(folder) / "measures.json").read_text())
    pore = run.static["pore_fraction"].astype(np.float64)
    for capacity in CAPACITIES:
        index = run.at(capacity=capacity)
        if abs(run.capacities[index] / mAh_per_cm2 - capacity) > 0.01:
            continue
        phase = run.field("phase", index).astype(np.float64)
        where = measures.where_lithium_lies(pore, phase, run.spacing, run.host_bottom, run.host_top)
        values = [where[name] for name in measures.WHERE] + [measures.roughness(pore, phase, run.spacing) / um]
        shown = ["" if value is None else f"{value:.4g}" for value in values]
        table.writerow(
            [
                Path(folder).name,
                capacity,
                *shown,
                f"{final['nucleation_overpotential_mV']:.1f}",
                f"{final['ledger_error']:.1e}",
            ]
        )
