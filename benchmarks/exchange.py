"""What several devices exchange in a product with the operator and in a V-cycle: messages and bytes, counted in the
compiled programs of a box on four processors that JAX takes for devices."""

import sys
from pathlib import Path

from measure import answer_of, report

BOX = (128, 64, 64)
CUTS = ("slabs", "pencils")
PROGRAM = Path(__file__).with_name("exchange_on_devices.py")


def study(kind: str, largest: int | None = None) -> None:
    """The programs are those of processors, whatever the kind: what is cut, and so exchanged, is the same."""
    rows = []
    for cut in CUTS:
        for what, counted in (answer_of(sys.executable, PROGRAM, cut, *BOX) or {}).items():
            columns = BOX[1] * BOX[2]
            rows.append(
                {
                    "cut": cut,
                    "what": what,
                    "messages": counted["messages"],
                    "of them on coarse levels": counted["coarse_messages"],
                    "bytes a column": counted["bytes"] / columns,
                    "on coarse levels": counted["coarse_bytes"] / columns,
                }
            )
    report("exchange", rows)
