"""Where the current reacts in a porous electrode at rest in shape: both potentials, with the solvers the model uses."""

from phasefield.current_distribution.distribution import CurrentDistribution, current_distribution
from phasefield.current_distribution.reach import CurrentDistributionError

__all__ = ["CurrentDistribution", "CurrentDistributionError", "current_distribution"]
