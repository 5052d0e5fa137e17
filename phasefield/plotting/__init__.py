"""Figures from run files, never from the model; the only matplotlib. No figure touches the user's backend."""

from phasefield.plotting.animation import animate_run
from phasefield.plotting.compare import compare_runs
from phasefield.plotting.render import render_run
from phasefield.plotting.run import plot_run

__all__ = ["animate_run", "compare_runs", "plot_run", "render_run"]
