"""The figure and the table of README.md, from the runs of `phasefield simulate experiment=four_substrates`:

python scripts/readme_figures.py outputs/four_substrates
"""

import csv
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
from PIL import Image

from phasefield.plotting import compare_runs

HOSTS = {"cu": "Cu", "cnt": "CNT", "llto": "LLTO", "llto_cnt": "LLTO@CNT"}
TABLE = "docs/results/four_substrates.csv"  # by scripts/tabulate.py
FIGURE = Path("docs/figures/four_substrates.png")


def shrink(path: Path, width: int = 1100) -> None:
    """Fewer pixels and 256 colours: small enough for a repository."""
    picture = Image.open(path).convert("RGB")
    picture = picture.resize((width, round(picture.height * width / picture.width)), Image.Resampling.LANCZOS)
    picture.quantize(256, method=Image.Quantize.MAXCOVERAGE).save(path, optimize=True)


def mean_and_spread(values) -> str:
    values = [float(v) for v in values if v]
    return f"{np.mean(values):.2f} ± {np.ptp(values) / 2:.2f}" if values else "–"


if __name__ == "__main__":
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "outputs/four_substrates")
    FIGURE.parent.mkdir(parents=True, exist_ok=True)
    compare_runs([folder / f"{host}_seed0" for host in HOSTS], FIGURE, labels=list(HOSTS.values()))
    shrink(FIGURE)
    rows = defaultdict(list)
    with open(TABLE) as file:
        for row in csv.DictReader(file):
            rows[row["run"].rsplit("_seed", 1)[0], float(row["capacity_mAh_cm2"])].append(row)
    names = ("top_bottom_index", "fraction_lower_third", "fraction_upper_third", "fraction_above_host", "pore_filling")
    print("| substrate | mAh/cm2 | " + " | ".join(names) + " | centre_of_mass_um | nucleation_overpotential_mV |")
    print("|---|---|" + "---|" * (len(names) + 2))
    for host, label in HOSTS.items():
        for capacity in (1.0, 2.0, 4.0):
            seeds = rows[host, capacity]
            cells = [mean_and_spread(row[name] for row in seeds) for name in names]
            cells.append(mean_and_spread(row["centre_of_mass_um"] for row in seeds))
            cells.append(mean_and_spread(row["nucleation_overpotential_mV"] for row in seeds))
            print(f"| {label} | {capacity:g} | " + " | ".join(cells) + " |")
