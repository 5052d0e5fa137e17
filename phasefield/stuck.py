"""Why a run cannot go on, in words."""

from phasefield.model import Model
from phasefield.stepping import Carry, TimeControl
from phasefield.units import mAh_per_cm2

PLENTY = 0.2  # of the initial concentration: a step that wants more salt than that has not run out of it


def why(model: Model, seen: dict, carry: Carry, control: TimeControl) -> str:
    """Where the run stood, what went wrong in its last step, and what to try. Args: seen: `stepping.glance`."""
    failure = seen["failure"]
    time, charge, dt = (float(seen[name]) for name in ("time", "charge", "dt"))
    where = f"at t = {time:.4g} s, {charge / mAh_per_cm2:.4g} mAh/cm2"
    smallest = float(carry.state.concentration.min())
    if bool(seen["starved"]) and smallest > PLENTY * float(model.electrolyte.concentration):
        reason = (
            f"salt goes to and fro (smallest c {smallest:.3g} mol/m3, which is plenty): it is coupled too "
            "strongly to the charge for these steps; try a smaller electrolyte.thermodynamic_factor or a larger "
            "electrolyte.transference_number, and report it with the run's config.yaml"
        )
    elif bool(seen["starved"]):
        reason = (
            f"the salt is used up (smallest c {smallest:.3g} mol/m3): the current is "
            "above what the electrolyte can carry into this host; try a lower current density, a larger transference "
            "number or concentration, or see the map of c"
        )
    elif failure.not_finite:
        reason = "a field became infinite or not a number; this is a bug worth reporting with the run's config.yaml"
    elif failure.solver:
        reason = (
            "the charge or salt balance does not converge; try a larger solver.linear_iterations or precision=float64"
        )
    elif failure.phase:
        reason = "the lithium fraction leaves its bounds or changes too fast; try a smaller solver.phase_change"
    else:
        reason = "the overpotential changes too fast; try a larger solver.overpotential_change_mV"
    return f"stopped {where}: dt fell to {dt:.2g} s (dt_min {control.dt_min:g} s) because {reason}"
