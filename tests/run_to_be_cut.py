"""A real run for test_restart.py: python run_to_be_cut.py FOLDER [WRITES], killed in the given one of its writes."""

import os
import signal
import sys

from phasefield import journal
from phasefield.config import compose
from phasefield.experiment import run_experiment

SETTINGS = [
    "grid=quick",
    "grid.spacing_um=1.25",
    "grid.width_um=20",
    "grid.electrolyte_um=5",
    "host=cnt",
    "host.thickness_um=10",
    "protocol=plate_strip",
    "protocol.capacity_mAh_cm2=0.1",
    "protocol.snapshot_every_mAh_cm2=0.01",
    "device=cpu",
    "solver.dt_max_s=10",
    "checkpoint_every_min=0",  # one before each segment
]


def die_in_write(number: int) -> None:
    """Have the process killed between two steps of its `number`th write to disk, whatever file it goes to."""
    left = number

    def counted(function):
        def wrapped(*arguments, **options):
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*arguments, **options)

        return wrapped

    os.fsync, os.replace = counted(os.fsync), counted(os.replace)
    carry_out, each = journal._carry_out, counted(lambda piece: piece)
    journal._carry_out = lambda path, size, pieces: carry_out(path, size, map(each, pieces))


if __name__ == "__main__":
    if len(sys.argv) > 2:
        die_in_write(int(sys.argv[2]))
    run_experiment(compose(SETTINGS), sys.argv[1], progress=False)
