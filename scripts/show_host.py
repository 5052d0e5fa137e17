"""Generate the default host, draw it into host.png and print its measures.

python scripts/show_host.py --seed 1 --spacing 0.5 --width 64
python scripts/show_host.py --three-dimensional --spacing 1 --width 32
"""

import argparse

from phasefield.host import PackingRequest, describe, generate
from phasefield.plotting import style
from phasefield.plotting.host import host_figure
from phasefield.units import um

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--spacing", type=float, default=0.5, help="edge of a cell [um]")
parser.add_argument("--width", type=float, default=64.0, help="of the box [um]")
parser.add_argument("--three-dimensional", action="store_true")
options = parser.parse_args()

height = 73.0  # um: 3 um collector, 45 um host, 25 um electrolyte
cells = [round(length / options.spacing) for length in (height, options.width)]
shape = (*cells, cells[-1]) if options.three_dimensional else tuple(cells)
host = generate(PackingRequest(shape, options.spacing * um), options.seed)
report = describe(host)
for name, value in report.rows():
    print(f"{name:36s} {value}")
for note in host.notes:
    print("Note:", note)
print("Drawn:", *style.save(host_figure(host, report), "host.png"))
