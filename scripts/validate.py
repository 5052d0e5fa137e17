"""Run the studies of docs/validation.md, all or those named, and renew their tables and figures:

python scripts/validate.py                       # all: hours on two cores, see the page
python scripts/validate.py numerics experiment
"""

import importlib
import sys
from pathlib import Path

MODULES = sorted((Path(__file__).parent / "validation").glob("*.py"))
STUDIES = [path.stem for path in MODULES if "def study(" in path.read_text() and path.stem != "page"] + ["page"]


if __name__ == "__main__":
    chosen = sys.argv[1:] or STUDIES
    if unknown := sorted(set(chosen) - set(STUDIES)):
        sys.exit(f"no study named {', '.join(unknown)}; there are {', '.join(STUDIES)}")
    for name in chosen:
        print(f"== {name}", flush=True)
        importlib.import_module(f"validation.{name}").study()
