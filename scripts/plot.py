"""Draw the figures of a run: python scripts/plot.py outputs/my_run [capacity in mAh/cm2 ...]"""

import sys
from pathlib import Path

from phasefield.plotting import plot_run

folder = Path(sys.argv[1])
capacities = [float(text) for text in sys.argv[2:]] or None
for path in plot_run(folder, folder / "figures", capacities):
    print(path)
