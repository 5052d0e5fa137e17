"""What no single key can show: keys that contradict each other."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from itertools import chain
from math import inf

from phasefield.config.errors import advice, nearest, shown
from phasefield.config.full_cell import check_cathode, check_full_cell
from phasefield.config.schema import COLLECTOR, PORE, Config, Host, Material, Protocol, Sei, Solver, Step

MOST_STEPS = 100_000  # of a protocol, written out
MOST_SNAPSHOTS = 100_000
MOST_DROP = 1.0  # V across the collector
OF_A_BLOCK = ("repeat", "efficiency_min", "steps")  # keys of a step


def check(config: Config) -> list[str]:
    """Contradictions between the keys of a configuration, none where there are none."""
    return [
        *_check_host(config),
        *_check_materials(config.material),
        *(_check_steps(config.protocol.steps, "protocol.steps") or _check_protocol(config.protocol, config.host)),
        *check_cathode(config.counter),
        *check_full_cell(config.protocol.steps, config.counter),
        *_check_collector(config),
        *_check_sei(config.sei),
        *_check_solver(config.solver),
    ]


def _check_host(config: Config) -> list[str]:
    host, known = config.host, sorted(config.material)
    problems = []
    if not re.fullmatch(r"[^/\\\s.][^/\\\n\0]{0,99}", host.name):
        problems.append(
            f"host.name is {shown(host.name)}; it names the folder of the run, so it must be a word without slashes "
            "that begins with no dot (try cu_foil)"
        )
    named = {"host.collector": host.collector}
    if host.kind == "packed":
        needed = ("thickness_um", "porosity", "particle_diameter_um", "particle_flatness", "pore_diameter_um", "solid")
        problems += _absent(host, needed, "host", "host.kind=packed")
        named["host.solid"] = host.solid
        if host.particle_diameter_um and host.particle_diameter_um[0] > host.particle_diameter_um[1]:
            problems.append(
                f"host.particle_diameter_um is {list(host.particle_diameter_um)}; the smallest comes first (try "
                f"{sorted(host.particle_diameter_um)})"
            )
    if host.kind == "bare":
        problems += _absent(host, ("thickness_um",), "host", "the room above a bare collector (host.kind=bare)")
    if host.kind == "image":
        if host.image is None:
            problems.append("host.image is not given; host.kind=image needs it (try host=image host.image.path=FILE)")
        else:
            problems += _absent(host.image, ("path", "voxel_um", "labels"), "host.image", "host.kind=image")
            for label, name in (host.image.labels or {}).items():
                named[f"host.image.labels.{label}"] = None if name == PORE else name
    if host.coating is not None and host.kind != "bare":
        named["host.coating"] = host.coating
        problems += _absent(host, ("coating_thickness_um",), "host", "host.coating")
        if host.coating_thickness_um is not None and host.coating_thickness_um > config.grid.spacing_um:
            problems.append(
                f"host.coating_thickness_um is {host.coating_thickness_um:g}, more than grid.spacing_um, "
                f"{config.grid.spacing_um:g}; a coating is kept below the grid (try a thinner one)"
            )
    named.update({f"host.lithiation.{name}": name for name in host.lithiation or {}})
    for key, name in named.items():
        if name is not None and name not in config.material:
            guess = nearest(name, known)
            problems.append(
                f"{key} is '{name}', which no file of configs/material describes; "
                + (f"did you mean {guess}?" if guess else f"there are {', '.join(known)}")
            )
    for name, theta in (host.lithiation or {}).items():
        if theta > 0 and name in config.material and config.material[name].insertion is None:
            problems.append(
                f"host.lithiation.{name} is {theta:g}, but {name} takes up no lithium (material.{name}.insertion is "
                "null; try 0)"
            )
    return problems


def _absent(block, names: Sequence[str], prefix: str, reason: str) -> list[str]:
    """A problem for each of these keys that is not given although `reason` needs it."""
    metadata = {each.name: each.metadata for each in fields(block)}
    return [
        f"{prefix}.{name} is not given, but {reason} needs it{advice(metadata[name])}"
        for name in names
        if getattr(block, name) is None
    ]


def _check_materials(materials: Mapping[str, Material]) -> list[str]:
    problems = []
    for name, material in materials.items():
        if name in (PORE, COLLECTOR):
            problems.append(f"material.{name}: the name is taken; call the material something else")
        for key in ("ionic_conductivity_S_m", "electronic_conductivity_S_m"):
            pair = getattr(material, key)
            if (pair[0] == 0) != (pair[1] == 0):
                problems.append(
                    f"material.{name}.{key} is {list(pair)}; it is interpolated in log10, so both or none must be 0 "
                    "(try 1e-9 for next to none)"
                )
        if material.insertion is not None:
            total = sum(site.fraction for site in material.insertion.sites)
            if abs(total - 1) > 1e-6:
                problems.append(
                    f"material.{name}.insertion.sites have fractions that add up to {total:g}; they must add up to 1"
                )
    return problems


def _check_sei(sei: Sei) -> list[str]:
    if sei.thickness_nm == 0:
        return []
    names = [each.name for each in fields(sei) if each.name != "thickness_nm"]
    return _absent(sei, names, "sei", f"a film of sei.thickness_nm={sei.thickness_nm:g} (try sei=film)")


def _check_collector(config: Config) -> list[str]:
    """A collector that is no conductor: the potentials of tens of volts it would need overflow the kinetics."""
    if config.host.collector not in config.material:
        return []
    pristine = config.material[config.host.collector].electronic_conductivity_S_m[0]
    drop = 1e-5 * _largest_current(config.protocol.steps) * config.grid.collector_um  # mA/cm2 um is 1e-5 A/m
    if drop <= MOST_DROP * pristine:
        return []
    across = f"drops {drop / pristine:.3g} V across" if pristine else "does not pass"
    return [
        f"material.{config.host.collector}.electronic_conductivity_S_m is {pristine:g} for the pristine collector, "
        f"which at the current of the protocol {across} its {config.grid.collector_um:g} um (collector_um); it must be "
        f"at least {drop / MOST_DROP:.2g} (try 1000)"
    ]


def _largest_current(steps: Sequence[Step]) -> float:
    """Largest current of the steps, without sign [mA/cm2]."""
    return max(
        abs(step.current_density_mA_cm2 or 0.0) if step.steps is None else _largest_current(step.steps)
        for step in steps
    )


def _check_steps(steps: Sequence[Step], key: str) -> list[str]:
    """Steps that never end, end in two ways that exclude each other, or hold both steps and a current."""
    problems = []
    for i, step in enumerate(steps):
        here = f"{key}[{i}]"
        own = {each.name: getattr(step, each.name) for each in fields(step) if each.name not in OF_A_BLOCK}
        if step.steps is not None:
            if any(value is not None for value in own.values()):
                given = ", ".join(name for name, value in own.items() if value is not None)
                problems.append(f"{here} has steps of its own and {given}; move these into a step")
            inside = _check_steps(step.steps, f"{here}.steps")
            problems += inside or _check_efficiency(step, here)
            continue
        if step.efficiency_min is not None:
            problems.append(
                f"{here}.efficiency_min is {step.efficiency_min:g}, but the step is no block; it is judged by what a "
                "repetition of several steps takes up and gives back (try efficiency_min beside repeat and steps)"
            )
            continue
        problems += _check_hold(step, here) if step.potential_V is not None else _check_current(step, here)
        low, high = step.potential_min_V, step.potential_max_V
        if low is not None and high is not None and low >= high:
            problems.append(f"{here}.potential_min_V is {low:g}, not below potential_max_V, {high:g}; swap them")
    return problems


def _check_efficiency(block: Step, here: str) -> list[str]:
    """A block that ends by its efficiency: that it may take charge up and give it back."""
    if block.efficiency_min is None:
        return []
    currents = _currents(block.steps)
    if None in currents or (min(currents) < 0 < max(currents)):
        return []
    lacking = "strips: give one a negative" if max(currents) > 0 else "plates: give one a positive"
    return [
        f"{here}.efficiency_min is {block.efficiency_min:g}, but none of its steps {lacking} current_density_mA_cm2, "
        "or a potential_V, or take efficiency_min away"
    ]


def _currents(steps: Sequence[Step]) -> list[float | None]:
    """Of each step, those of blocks once [mA/cm2]; None where a potential is given."""
    each = ([step.current_density_mA_cm2] if step.steps is None else _currents(step.steps) for step in steps)
    return list(chain.from_iterable(each))


def _check_current(step: Step, here: str) -> list[str]:
    """A step of constant current: that it has one, and an end."""
    current = step.current_density_mA_cm2
    if current is None:
        return [
            f"{here}.current_density_mA_cm2 is not given, nor potential_V; one of them must be a number (try 0.5, or 0 "
            "to rest)"
        ]
    foreign = [name for name in ("sweep_rate_mV_s", "current_min_mA_cm2") if getattr(step, name) is not None]
    if foreign:
        return [f"{here} has {' and '.join(foreign)}, which belong to a potential_V; take current_density_mA_cm2 away"]
    limit, of_cell = (
        ("potential_min_V", "cell_voltage_max_V") if current > 0 else ("potential_max_V", "cell_voltage_min_V")
    )
    if current == 0 and step.capacity_mAh_cm2 is not None:
        return [f"{here} has capacity_mAh_cm2 but no current; a rest ends by time_h (try time_h: 1)"]
    if current == 0 and step.time_h is None:
        return [f"{here} rests without an end; give it time_h (try time_h: 1)"]
    ends = (step.capacity_mAh_cm2, step.time_h, getattr(step, limit), getattr(step, of_cell))
    if current and all(end is None for end in ends):
        does = "plates" if current > 0 else "strips"
        return [f"{here} {does} without an end; give it capacity_mAh_cm2, time_h or {limit}, in a full cell {of_cell}"]
    return []


def _check_hold(step: Step, here: str) -> list[str]:
    """A step of given potential: that it has no current as well, and an end."""
    if step.current_density_mA_cm2 is not None:
        return [f"{here} has both potential_V and current_density_mA_cm2; keep one of them"]
    ends = (step.time_h, step.capacity_mAh_cm2, step.current_min_mA_cm2, step.sweep_rate_mV_s)
    if all(end is None for end in ends):
        return [
            f"{here} holds {step.potential_V:g} V without an end; give it time_h, capacity_mAh_cm2 or "
            "current_min_mA_cm2, or sweep_rate_mV_s to sweep there"
        ]
    if step.sweep_rate_mV_s is not None and step.current_min_mA_cm2 is not None:
        return [
            f"{here} has both sweep_rate_mV_s and current_min_mA_cm2; a sweep ends where it arrives, keep one of them"
        ]
    return []


def _check_protocol(protocol: Protocol, host: Host) -> list[str]:
    """Protocols that are too long, or that strip lithium which was never plated."""
    count = _count(protocol.steps)
    if count > MOST_STEPS:
        return [
            f"protocol.steps makes {count:.3g} steps with its repeats; it must make at most {MOST_STEPS} (try a "
            "smaller repeat)"
        ]
    gives = protocol.insertion and protocol.start_lithiated and any((host.lithiation or {}).values())
    plated, passed = 0.0, 0.0  # at most, and in both directions [mAh/cm2]
    problems = []
    for here, step in _written_out(protocol.steps, "protocol.steps"):
        current, most = step.current_density_mA_cm2, _most_charge(step)
        if current is None:  # a potential is given: what passes is not known
            plated = inf
        elif current > 0:
            plated += inf if most is None else most
        elif current < 0 and step.cell_voltage_min_V is not None:
            pass  # down to the cathode's fill, or to nothing left
        elif current < 0 and most is None:
            plated = 0.0  # down to potential_max_V: nothing is left
        elif current < 0:
            if most > plated * (1 + 1e-9) and step.potential_max_V is None and not gives:
                problems.append(
                    f"{here} strips {most:g} mAh/cm2 at current_density_mA_cm2 {current:g}, but at most {plated:g} are "
                    "plated before it; a positive current plates, a negative one strips (try potential_max_V: 0.5 to "
                    "end where nothing is left)"
                )
                break
            plated = max(plated - most, 0.0)
        passed += most or 0.0
    if passed > MOST_SNAPSHOTS * protocol.snapshot_every_mAh_cm2:
        problems.append(
            f"protocol.snapshot_every_mAh_cm2 is {protocol.snapshot_every_mAh_cm2:g}, which makes "
            f"{passed / protocol.snapshot_every_mAh_cm2:.3g} snapshots; it must make at most {MOST_SNAPSHOTS} "
            f"(try {passed / 100:.3g})"
        )
    return problems


def _count(steps: Sequence[Step]) -> int:
    return sum(step.repeat * (1 if step.steps is None else _count(step.steps)) for step in steps)


def _written_out(steps: Sequence[Step], key: str):
    """Yield (key, step) of each step in the order in which they run, blocks as often as they are repeated."""
    for i, step in enumerate(steps):
        for _ in range(step.repeat):
            if step.steps is None:
                yield f"{key}[{i}]", step
            else:
                yield from _written_out(step.steps, f"{key}[{i}].steps")


def _most_charge(step: Step) -> float | None:
    """Charge a step passes at most, without sign [mAh/cm2]; None where only a potential ends it."""
    ends = [step.capacity_mAh_cm2] if step.capacity_mAh_cm2 is not None else []
    ends += [abs(step.current_density_mA_cm2) * step.time_h] if step.time_h and step.current_density_mA_cm2 else []
    return min(ends) if ends else None


def _check_solver(solver: Solver) -> list[str]:
    if solver.dt_min_s <= solver.dt_first_s <= solver.dt_max_s:
        return []
    return [
        f"solver.dt_min_s, dt_first_s, dt_max_s are {solver.dt_min_s:g}, {solver.dt_first_s:g}, {solver.dt_max_s:g}; "
        "they must rise (try 1e-7, 1e-3, 600)"
    ]
