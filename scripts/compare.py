"""Put runs side by side: python scripts/compare.py outputs/cu outputs/cnt outputs/llto_cnt"""

import sys
from pathlib import Path

from phasefield.plotting import compare_runs

folders = [Path(name) for name in sys.argv[1:]]
has_measures = all((folder / "measures.json").exists() for folder in folders)
for path in compare_runs(
    folders,
    output_png="comparison.png",
    output_csv="comparison.csv" if has_measures else None,
    capacities=(1, 2, 4),
    labels=[folder.name for folder in folders],
):
    print(path)
