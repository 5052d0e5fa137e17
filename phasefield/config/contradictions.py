"""What no single key can show: keys that contradict each other."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields

from phasefield.config.errors import advice, nearest, shown
from phasefield.config.full_cell import check_cathode, check_full_cell
from phasefield.config.protocol import check_protocol, largest_current
from phasefield.config.schema import COLLECTOR, PORE, Config, Material, Sei, Solver

MOST_DROP = 1.0  # V across the collector


def check(config: Config) -> list[str]:
    """Contradictions between the keys of a configuration, none where there are none."""
    return [
        *_check_host(config),
        *_check_materials(config.material),
        *check_protocol(config.protocol, config.host),
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
    drop = 1e-5 * largest_current(config.protocol.steps) * config.grid.collector_um  # mA/cm2 um is 1e-5 A/m
    if drop <= MOST_DROP * pristine:
        return []
    across = f"drops {drop / pristine:.3g} V across" if pristine else "does not pass"
    return [
        f"material.{config.host.collector}.electronic_conductivity_S_m is {pristine:g} for the pristine collector, "
        f"which at the current of the protocol {across} its {config.grid.collector_um:g} um (collector_um); it must be "
        f"at least {drop / MOST_DROP:.2g} (try 1000)"
    ]


def _check_solver(solver: Solver) -> list[str]:
    if solver.dt_min_s <= solver.dt_first_s <= solver.dt_max_s:
        return []
    return [
        f"solver.dt_min_s, dt_first_s, dt_max_s are {solver.dt_min_s:g}, {solver.dt_first_s:g}, {solver.dt_max_s:g}; "
        "they must rise (try 1e-7, 1e-3, 600)"
    ]
