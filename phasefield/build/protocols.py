"""What the cycler does, and how far a step may go."""

from dataclasses import replace

from phasefield import config as schema
from phasefield.config import Config
from phasefield.protocol import Repetition, Step
from phasefield.stepping import TimeControl
from phasefield.units import hour, mA_per_cm2, mAh_per_cm2, mV


def protocol(config: Config) -> tuple[Step, ...]:
    """What the cycler does, blocks of repeated steps written out."""
    return _steps(config.protocol.steps)


def _steps(given: tuple[schema.Step, ...]) -> tuple[Step, ...]:
    out: tuple[Step, ...] = ()
    for step in given:
        once = (_step(step),) if step.steps is None else _steps(step.steps)
        if step.efficiency_min is None:
            out += once * step.repeat
        else:
            for left in reversed(range(step.repeat)):
                out += _judged(once, step.efficiency_min, left)
    return out


def _judged(once: tuple[Step, ...], efficiency_min: float, left: int) -> tuple[Step, ...]:
    """A repetition of a block, which is to be this efficient for the repetitions that are left to follow."""
    repetition = Repetition(efficiency_min, steps=len(once), left=left * len(once))
    return (*once[:-1], replace(once[-1], repetitions=(*once[-1].repetitions, repetition)))


def _step(step: schema.Step) -> Step:
    current, rate, least = step.current_density_mA_cm2, step.sweep_rate_mV_s, step.current_min_mA_cm2
    return Step(
        current_density=None if current is None else current * mA_per_cm2,
        capacity=None if step.capacity_mAh_cm2 is None else step.capacity_mAh_cm2 * mAh_per_cm2,
        duration=None if step.time_h is None else step.time_h * hour,
        potential_min=step.potential_min_V,
        potential_max=step.potential_max_V,
        potential=step.potential_V,
        sweep_rate=None if rate is None else rate * mV,
        current_min=None if least is None else least * mA_per_cm2,
        cell_voltage_min=step.cell_voltage_min_V,
        cell_voltage_max=step.cell_voltage_max_V,
        half_cell=bool(step.half_cell),
    )


def snapshot_interval(config: Config) -> float:
    """Charge between snapshots [C/m2]."""
    return config.protocol.snapshot_every_mAh_cm2 * mAh_per_cm2


def time_control(config: Config) -> TimeControl:
    """What limits a time step."""
    solver = config.solver
    return TimeControl(
        phase_change=solver.phase_change,
        overpotential_change=solver.overpotential_change_mV * mV,
        capacity_change=solver.capacity_change_mAh_cm2 * mAh_per_cm2,
        nucleation_fraction=solver.nucleation_fraction,
        growth=solver.growth,
        dt_first=solver.dt_first_s,
        dt_min=solver.dt_min_s,
        dt_max=solver.dt_max_s,
    )
