"""Figures from run files, never from the model; the only matplotlib. No figure touches the user's backend."""

from phasefield.plotting.compare import compare_runs
from phasefield.plotting.run import plot_run

__all__ = ["compare_runs", "plot_run"]
