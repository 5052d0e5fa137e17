"""Where the nucleation spike of a planar surface lies, over surfaces, cell sizes and limits of the time step.

J0 and b in configs/nucleation/ were fixed with this table, once and for all hosts; run it again after touching either.
"""

import itertools

from phasefield import build, config, simulate
from phasefield.measures import nucleation_spike
from phasefield.protocol import Step
from phasefield.units import mV

CURRENT = 5.0  # A/m2, 0.5 mA/cm2


def spike_of(nucleation_overpotential_mV: float, spacing_um: float, overpotential_change_mV: float) -> float:
    """Potential at the tip of the spike [V]; nan where there is none. i0 is 10 A/m2: at 1 A/m2 a planar surface that is
    active everywhere still needs 85 mV, and no surface that nucleates below it could show its spike."""
    cfg = config.compose(
        [
            "host=cu",
            "grid=quick",
            f"grid.spacing_um={spacing_um}",
            f"grid.width_um={32 * spacing_um}",
            "host.thickness_um=5",
            "grid.electrolyte_um=15",
            f"material.cu.nucleation_overpotential_mV=[{nucleation_overpotential_mV},{nucleation_overpotential_mV}]",
            "lithium.exchange_current_density_A_m2=10",
            f"solver.overpotential_change_mV={overpotential_change_mV}",
        ]
    )
    model = build.model(cfg, build.geometry(cfg))
    run = simulate.run(model, build.initial_state(cfg, model), [Step(CURRENT, duration=20.0)], build.time_control(cfg))
    spike = nucleation_spike(run.history)
    return float("nan") if spike is None else spike.potential


if __name__ == "__main__":
    print("eta_nuc (mV)  cell (um)  step limit (mV)  spike (mV)")
    for spacing, surface, limit in itertools.product((1.0, 0.5, 0.25), (100, 95, 61), (8, 4, 2)):
        print(
            f"{surface:12d}  {spacing:9.2f}  {limit:15d}  {-spike_of(surface, spacing, limit) / mV:10.1f}", flush=True
        )
