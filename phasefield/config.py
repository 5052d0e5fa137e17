"""The schema of configs/ in the user's units, read strictly: every mistake in a configuration is found, all at once.

YAML is composed by Hydra and read into the frozen dataclasses below by `read`, not by OmegaConf's structured configs:
those stop at the first mistake, accept `+typo=1` and `porosity=2`, and cannot be frozen. Nothing here is SI.
"""

import difflib
import re
import types
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import MISSING, asdict, dataclass, field, fields, is_dataclass
from math import inf, isfinite
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

import hydra
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf import OmegaConf
from omegaconf.errors import InterpolationResolutionError, OmegaConfBaseException
from yaml import YAMLError

PORE = "pore"  # what a label of an image may mean besides a material
COLLECTOR = "collector"
MOST_STEPS = 100_000  # of a protocol, written out
MOST_SNAPSHOTS = 100_000
MOST_DROP = 1.0  # V across the collector
LARGEST_WHOLE = 10**300  # about what still is a float
MOST_LISTED = 8  # of the things that are wrong
LONGEST_SHOWN = 100  # characters of a wrong value in a message


class ConfigError(ValueError):
    """A configuration that is wrong; the message names each key, its value, what is allowed and what to try."""


def number(low=None, high=None, *, above=None, below=None, example, hint="", default=MISSING):
    """A field holding a number, or several, in low..high (ends included) or between above and below (ends excluded)."""
    metadata = {"low": low, "high": high, "above": above, "below": below, "example": example, "hint": hint}
    return field(metadata=metadata) if default is MISSING else field(default=default, metadata=metadata)


def choice(*options: str):
    """A field holding one of these words."""
    return field(metadata={"choices": options})


def text(example: str, hint: str = "", default=MISSING):
    """A field holding a word or a path."""
    metadata = {"example": example, "hint": hint}
    return field(metadata=metadata) if default is MISSING else field(default=default, metadata=metadata)


@dataclass(frozen=True)
class Image:
    """A segmented image as host; `labels` maps its values to materials or "pore"."""

    path: str | None = text("host.tif", "give the segmented image: host.image.path=FILE")
    voxel_um: float | None = number(above=0, high=100, example=0.25, hint="edge of a voxel")
    labels: dict[int, str] | None = field(
        metadata={"example": "{0: pore, 1: llto}", "hint": "say what each value of the image is"}
    )
    crop: tuple[tuple[int | None, int | None], ...] | None = field(
        default=None, metadata={"example": "[[0, 100], ...]"}
    )
    axis: int = number(0, 2, example=0, hint="axis of the file through the thickness", default=0)
    flip: bool = False
    raw_shape: tuple[int, ...] | None = number(1, example=[100, 200, 200], default=None)
    raw_dtype: str | None = text("uint8", default=None)


@dataclass(frozen=True)
class Host:
    """The host layer; `thickness_um` is also the room left for it above a bare collector."""

    name: str
    kind: str = choice("bare", "packed", "image")
    collector: str = text("cu")
    thickness_um: float | None = number(above=0, high=2000, example=45)
    porosity: float | None = number(0.05, 0.95, example=0.46, hint="a fraction, not per cent")
    porosity_tolerance: float = number(1e-4, 0.1, example=0.005)
    particle_diameter_um: tuple[float, float] | None = number(above=0, high=1000, example=[5, 8])
    particle_flatness: float | None = number(0.3, 1, example=0.6, hint="0.3 flakes, 1 round")
    pore_diameter_um: float | None = number(above=0, high=1000, example=5)
    solid: str | None = text("llto")
    coating: str | None = text("cnt")
    coating_thickness_um: float | None = number(0, 10, example=0.1)
    lithiation: dict[str, float] | None = field(
        metadata={"low": 0, "high": 1, "example": "{llto: 1.0}", "hint": "0 pristine, 1 full"}
    )
    diffuse_cells: float = number(0, 4, example=1)
    image: Image | None = None


@dataclass(frozen=True)
class Site:
    """Lithium sites of one potential; their share of the capacity."""

    potential_V: float = number(-0.5, 5, example=1.2)
    fraction: float = number(above=0, high=1, example=0.5)


@dataclass(frozen=True)
class Insertion:
    """Lithium uptake of a material."""

    capacity_mAh_g: float = number(above=0, high=5000, example=225)
    exchange_rate_A_m3: float = number(above=0, high=1e12, example=1e6)
    width_factor: float = number(0.5, 20, example=2.5, hint="1 is an ideal solution")
    sites: tuple[Site, ...] = field(metadata={"example": "[{potential_V: 1.2, fraction: 1}]"})


@dataclass(frozen=True)
class Material:
    """A solid of the host or the collector; pairs are (pristine, fully lithiated)."""

    ionic_conductivity_S_m: tuple[float, float] = number(0, 1e8, example=[0, 0])
    electronic_conductivity_S_m: tuple[float, float] = number(0, 1e8, example=[100, 100])
    nucleation_overpotential_mV: tuple[float, float] = number(0, 1000, example=[60, 60])
    density_g_cm3: float = number(above=0, high=30, example=4.83)
    insertion: Insertion | None = field(metadata={"example": "null, for none"})


@dataclass(frozen=True)
class Electrolyte:
    """The liquid electrolyte."""

    concentration_mol_L: float = number(1e-3, 10, example=1.5)
    conductivity_S_m: float = number(above=0, high=1000, example=0.2, hint="1 mS/cm is 0.1 S/m")
    diffusivity_m2_s: float = number(1e-15, 1e-6, example=2e-11, hint="1 cm2/s is 1e-4 m2/s")
    transference_number: float = number(0, 1, example=0.5)
    thermodynamic_factor: float = number(above=0, high=20, example=1)
    bruggeman_exponent: float = number(1, 5, example=1.5)


@dataclass(frozen=True)
class Lithium:
    """Metallic lithium and its electrode reaction."""

    molar_volume_cm3_mol: float = number(above=0, high=100, example=13.0)
    conductivity_S_m: float = number(1, 1e4, example=1000, hint="capped: a metal's own value only costs iterations")
    exchange_current_density_A_m2: float = number(1e-4, 1e4, example=1)
    cathodic_transfer_coefficient: float = number(above=0, below=1, example=0.5)
    surface_energy_J_m2: float = number(0, 5, example=0)
    double_layer_capacitance_F_m2: float = number(above=0, high=10, example=0.2)


@dataclass(frozen=True)
class Nucleation:
    """How fast bare surface nucleates lithium."""

    prefactor_per_m2_s: float = number(above=0, high=1e60, example=1e25)
    steepness: float = number(above=0, high=1e4, example=25)
    nucleus_um: float = number(0, 100, example=1)
    seed: int | None = number(0, 2**32 - 1, example=0, default=None)


@dataclass(frozen=True)
class Step:
    """One step of the cycler, or, where it has `steps` of its own, a block of them, `repeat` times."""

    current_density_mA_cm2: float | None = number(-1000, 1000, example=0.5, default=None)
    capacity_mAh_cm2: float | None = number(above=0, high=1000, example=4, default=None)
    time_h: float | None = number(above=0, high=1e5, example=8, default=None)
    potential_min_V: float | None = number(-5, 5, example=0, default=None)
    potential_max_V: float | None = number(-5, 5, example=1, default=None)
    repeat: int = number(1, 100000, example=10, default=1)
    steps: "tuple[Step, ...] | None" = None


@dataclass(frozen=True)
class Protocol:
    """What the cycler does; the simple keys above `steps` are there for the steps to refer to."""

    name: str
    steps: tuple[Step, ...] = field(metadata={"example": "[{current_density_mA_cm2: 0.5, capacity_mAh_cm2: 4}]"})
    insertion: bool
    start_lithiated: bool
    snapshot_every_mAh_cm2: float = number(above=0, high=1000, example=0.25)
    current_density_mA_cm2: float | None = number(-1000, 1000, example=0.5, default=None)
    capacity_mAh_cm2: float | None = number(above=0, high=1000, example=4, default=None)
    cycles: int | None = number(1, 100000, example=1, default=None)


@dataclass(frozen=True)
class Grid:
    """The box: as wide as `width_um`, as high as collector, host and electrolyte together."""

    dimensions: int = number(2, 3, example=3)
    spacing_um: float = number(0.01, 20, example=1)
    width_um: float = number(above=0, high=1e5, example=32)
    electrolyte_um: float = number(above=0, high=1e5, example=25)
    collector_um: float = number(above=0, high=1000, example=3)
    interface_cells: float = number(0.5, 4, example=1)


@dataclass(frozen=True)
class Solver:
    """Time steps and tolerances."""

    phase_change: float = number(above=0, high=0.5, example=0.1)
    overpotential_change_mV: float = number(above=0, high=100, example=4)
    dt_first_s: float = number(above=0, high=1e4, example=1e-3)
    dt_min_s: float = number(above=0, high=1e4, example=1e-7)
    dt_max_s: float = number(above=0, high=1e5, example=120)
    nucleation_fraction: float = number(above=0, high=10, example=0.1)
    growth: float = number(above=1, high=10, example=2)
    charge_tolerance: float = number(1e-12, 1e-2, example=1e-5)
    salt_tolerance: float = number(1e-12, 1e-2, example=1e-5)
    newton_iterations: int = number(2, 1000, example=15)
    linear_iterations: int = number(5, 10000, example=100)
    front_mobility: float = number(0.1, 20, example=5)


@dataclass(frozen=True)
class Config:
    """One run."""

    seed: int = number(0, 2**32 - 1, example=0)
    device: str = choice("auto", "cpu", "gpu")
    precision: str = choice("float64", "float32")
    temperature_K: float = number(200, 400, example=300.15, hint="in kelvin")
    host: Host
    material: dict[str, Material]
    electrolyte: Electrolyte
    lithium: Lithium
    nucleation: Nucleation
    protocol: Protocol
    grid: Grid
    solver: Solver
    devices: int = number(1, 2**16, example=4, default=1)
    distributed: bool = False
    resume: bool = True
    checkpoint_every_min: float = number(0, 1e5, example=10, default=10.0)


# ---------------------------------------------------------------- from a mapping to the schema


def read(mapping: Mapping) -> Config:
    """The configuration in a resolved mapping.

    Raises: ConfigError with everything that is wrong with it.
    """
    problems: list[str] = []
    config = _read_block(Config, mapping, "", problems)
    if not problems:
        problems = check(config)
    _raise(problems)
    return config


def to_dict(config: Config) -> dict:
    """The configuration as plain lists, dictionaries and values; `read` takes it back."""

    def plain(value):
        if isinstance(value, Mapping):
            return {key: plain(each) for key, each in value.items()}
        return [plain(each) for each in value] if isinstance(value, tuple | list) else value

    return plain(asdict(config))


def known_keys() -> list[str]:
    """Every key of the schema with its path, `material.<name>.density_g_cm3` among them."""
    return _keys_of(Config, "")


def nearest(word: str, options: Sequence[str]) -> str | None:
    """The option most like a mistyped word, None where nothing is alike."""
    found = difflib.get_close_matches(word, options, n=1, cutoff=0.6)
    return found[0] if found else None


def _raise(problems: Sequence[str]) -> None:
    if len(problems) == 1:
        raise ConfigError(problems[0])
    if problems:
        listed, more = problems[:MOST_LISTED], len(problems) - MOST_LISTED
        listed = [*listed, f"and {more} more"] if more > 0 else listed
        raise ConfigError(f"{len(problems)} things are wrong:\n" + "\n".join(f"  - {each}" for each in listed))


def _keys_of(schema, prefix: str) -> list[str]:
    keys = []
    for name, kind in get_type_hints(schema).items():
        keys.append(prefix + name)
        kind = _without_none(kind)
        if is_dataclass(kind):
            keys += _keys_of(kind, f"{prefix}{name}.")
        elif get_origin(kind) is dict and is_dataclass(get_args(kind)[1]):
            keys += _keys_of(get_args(kind)[1], f"{prefix}{name}.<name>.")
    return keys


def _without_none(kind):
    """The type X of X | None, any other as it is."""
    if get_origin(kind) in (Union, types.UnionType):
        return next(each for each in get_args(kind) if each is not type(None))
    return kind


def _read_block(schema, value, key: str, problems: list[str]):
    """The dataclass filled from a mapping; None, with the reasons added to `problems`, where that fails."""
    if not isinstance(value, Mapping):
        problems.append(
            f"{key} is {_shown(value)}; it must be a block with the keys {', '.join(get_type_hints(schema))}"
        )
        return None
    prefix, hints, before = f"{key}." if key else "", get_type_hints(schema), len(problems)
    for name in value:
        if name not in hints:
            guess = nearest(str(name), list(hints))
            valid = f"did you mean {prefix}{guess}?" if guess else f"valid are {', '.join(hints)}"
            problems.append(f"{prefix}{name} is not a key of {key or 'the configuration'}; {valid}")
    filled = {}
    for each in fields(schema):
        if each.name in value:
            filled[each.name] = _read_value(
                hints[each.name], value[each.name], prefix + each.name, each.metadata, problems
            )
        elif each.default is MISSING:
            problems.append(f"{prefix}{each.name} is missing{_advice(each.metadata)}")
    return schema(**filled) if len(problems) == before else None


def _read_value(kind, value, key: str, metadata: Mapping, problems: list[str]) -> Any:
    """The value as its type, checked against the field's range or choices."""
    optional = type(None) in get_args(kind)
    kind = _without_none(kind)
    if value is None or value == "???":
        if not optional:
            problems.append(f"{key} is not given{_advice(metadata)}")
        return None
    if is_dataclass(kind):
        return _read_block(kind, value, key, problems)
    origin, inner = get_origin(kind), get_args(kind)
    if origin is dict:
        if not isinstance(value, Mapping):
            problems.append(f"{key} is {value!r}; it must map names to values{_advice(metadata)}")
            return None
        for name in value:
            if isinstance(name, bool) or not isinstance(name, inner[0]):
                wanted = "a whole number" if inner[0] is int else "a name"
                problems.append(f"{key} has the entry {name!r}; it must be {wanted}{_advice(metadata)}")
        return {name: _read_value(inner[1], each, f"{key}.{name}", metadata, problems) for name, each in value.items()}
    if origin is tuple:
        return _read_list(inner, value, key, metadata, problems)
    return _read_plain(kind, value, key, metadata, problems)


def _read_list(inner, value, key: str, metadata: Mapping, problems: list[str]):
    any_length = inner[-1] is Ellipsis
    if isinstance(value, str) or not isinstance(value, Sequence) or (not any_length and len(value) != len(inner)):
        wanted = "a list" if any_length else f"a list of {len(inner)} values"
        problems.append(f"{key} is {_shown(value)}; it must be {wanted}{_advice(metadata)}")
        return None
    if not value:
        problems.append(f"{key} is empty; it must have at least one entry{_advice(metadata)}")
        return None
    kinds = [inner[0]] * len(value) if any_length else inner
    return tuple(
        _read_value(kind, each, f"{key}[{i}]", metadata, problems)
        for i, (kind, each) in enumerate(zip(kinds, value, strict=True))
    )


def _read_plain(kind, value, key: str, metadata: Mapping, problems: list[str]):
    """A number, word or truth value, or None with the reason added to `problems`."""
    wanted = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}[kind]
    if isinstance(value, int) and abs(value) > LARGEST_WHOLE:
        problems.append(
            f"{key} is a number of hundreds of digits; it must be {wanted} of a usual size{_advice(metadata)}"
        )
        return None
    if kind is float and isinstance(value, int | str) and not isinstance(value, bool):
        with suppress(ValueError):  # text too: "-${protocol.current_density_mA_cm2}" arrives as "-0.5"
            value = float(value)
    elif kind is int and isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        if "choices" in metadata:
            wanted = f"one of {', '.join(metadata['choices'])}"
        problems.append(f"{key} is {_shown(value)}; it must be {wanted}{_advice(metadata)}")
        return None
    if isinstance(value, float) and not isfinite(value):
        problems.append(f"{key} is {value}; it must be finite{_advice(metadata)}")
        return None
    if "choices" in metadata and value not in metadata["choices"]:
        guess = nearest(value, metadata["choices"])
        problems.append(
            f"{key} is '{value}'; it must be one of {', '.join(metadata['choices'])}"
            + (f": did you mean {guess}?" if guess else "")
        )
        return None
    if isinstance(value, int | float) and not isinstance(value, bool) and (wrong := _out_of_range(value, metadata)):
        problems.append(f"{key} is {value:g}; it must be {wrong}{_advice(metadata)}")
        return None
    return value


def _shown(value) -> str:
    """The value as a message repeats it, its end left out where it is long."""
    text = repr(value)
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 3] + "..."


def _out_of_range(value, metadata: Mapping) -> str | None:
    """What the value must be, where it is not."""
    low, high, above, below = (metadata.get(name) for name in ("low", "high", "above", "below"))
    ends = [
        (low, lambda x: value >= x, "at least"),
        (above, lambda x: value > x, "above"),
        (high, lambda x: value <= x, "at most"),
        (below, lambda x: value < x, "below"),
    ]
    given = [(end, holds(end), words) for end, holds, words in ends if end is not None]
    if all(holds for _, holds, _ in given):
        return None
    return " and ".join(f"{words} {end:g}" for end, _, words in given)


def _advice(metadata: Mapping) -> str:
    """What to try, from what the field knows."""
    example, hint = metadata.get("example"), metadata.get("hint", "")
    parts = [str(part) for part in (hint, f"try {example}" if example is not None else "") if part]
    return f" ({'; '.join(parts)})" if parts else ""


# ---------------------------------------------------------------- what no single key can show


def check(config: Config) -> list[str]:
    """Contradictions between the keys of a configuration, none where there are none."""
    return [
        *_check_host(config),
        *_check_materials(config.material),
        *(_check_steps(config.protocol.steps, "protocol.steps") or _check_protocol(config.protocol, config.host)),
        *_check_collector(config),
        *_check_solver(config.solver),
    ]


def _check_host(config: Config) -> list[str]:
    host, known = config.host, sorted(config.material)
    problems = []
    if not re.fullmatch(r"[^/\\\s.][^/\\\n\0]{0,99}", host.name):
        problems.append(
            f"host.name is {_shown(host.name)}; it names the folder of the run, so it must be a word without slashes "
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
        f"{prefix}.{name} is not given, but {reason} needs it{_advice(metadata[name])}"
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
        own = {each.name: getattr(step, each.name) for each in fields(step) if each.name not in ("repeat", "steps")}
        if step.steps is not None:
            if any(value is not None for value in own.values()):
                given = ", ".join(name for name, value in own.items() if value is not None)
                problems.append(f"{here} has steps of its own and {given}; move these into a step")
            problems += _check_steps(step.steps, f"{here}.steps")
            continue
        current = step.current_density_mA_cm2
        if current is None:
            problems.append(f"{here}.current_density_mA_cm2 is not given; it must be a number (try 0.5, or 0 to rest)")
            continue
        limit = "potential_min_V" if current > 0 else "potential_max_V"
        if current == 0 and step.capacity_mAh_cm2 is not None:
            problems.append(f"{here} has capacity_mAh_cm2 but no current; a rest ends by time_h (try time_h: 1)")
        elif current == 0 and step.time_h is None:
            problems.append(f"{here} rests without an end; give it time_h (try time_h: 1)")
        elif current and all(own[name] is None for name in ("capacity_mAh_cm2", "time_h", limit)):
            does = "plates" if current > 0 else "strips"
            problems.append(f"{here} {does} without an end; give it capacity_mAh_cm2, time_h or {limit}")
        low, high = step.potential_min_V, step.potential_max_V
        if low is not None and high is not None and low >= high:
            problems.append(f"{here}.potential_min_V is {low:g}, not below potential_max_V, {high:g}; swap them")
    return problems


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
        if current > 0:
            plated += inf if most is None else most
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
    ends += [abs(step.current_density_mA_cm2) * step.time_h] if step.time_h is not None else []
    return min(ends) if ends else None


def _check_solver(solver: Solver) -> list[str]:
    if solver.dt_min_s <= solver.dt_first_s <= solver.dt_max_s:
        return []
    return [
        f"solver.dt_min_s, dt_first_s, dt_max_s are {solver.dt_min_s:g}, {solver.dt_first_s:g}, {solver.dt_max_s:g}; "
        "they must rise (try 1e-7, 1e-3, 120)"
    ]


# ---------------------------------------------------------------- from files


def config_folder() -> Path:
    """Where the YAML files are: the copy that an installed package carries, or configs/ of the repository.

    Raises: ConfigError where neither exists.
    """
    here = Path(__file__).resolve().parent
    for folder in (here / "_configs", here.parent / "configs"):  # beside an installed package, configs/ is another's
        if (folder / "main.yaml").is_file():
            return folder
    raise ConfigError(
        f"neither {here / '_configs'} nor {here.parent / 'configs'} holds main.yaml; install phasefield again"
    )


def options(group: str, folder: Path | None = None) -> list[str]:
    """Names of the files in a group, such as cu, cnt, llto, llto_cnt and image of host."""
    return sorted(path.stem for path in ((folder or config_folder()) / group).glob("*.yaml"))


def compose(overrides: Sequence[str] = ()) -> Config:
    """The configuration that `phasefield simulate OVERRIDES` would run.

    Raises: ConfigError for overrides and values that are wrong.
    """
    for override in overrides:
        _check_override(override)
    try:
        return from_hydra(_composed(overrides))
    except (HydraException, OmegaConfBaseException, YAMLError, ValueError) as error:
        raise explained(error) from error


def swept(overrides: Sequence[str]) -> dict[str, str]:
    """What an experiment among the overrides varies over several runs, {"seed": "0,1"}; empty for a single run."""
    settings = _composed(overrides, return_hydra_config=True).hydra
    several = settings.mode is not None and settings.mode.name == "MULTIRUN"
    return {key: str(values) for key, values in (settings.sweeper.params or {}).items()} if several else {}


def _composed(overrides: Sequence[str], **options):
    with hydra.initialize_config_dir(version_base="1.3", config_dir=str(config_folder())):
        return hydra.compose("main", [*added_materials(), *overrides], **options)


def group_overrides(chosen: Mapping[str, str]) -> list[str]:
    """The overrides that choose an option for each group, {"host": "cnt"} -> ["host=cnt"].

    Raises: ConfigError for a name that is no group, and an option that is no name.
    """
    problems = []
    for name, option in chosen.items():
        if name not in groups():
            guess = nearest(name, groups())
            problems.append(
                f"{name} is not a group of configs/; "
                + (f"did you mean {guess}?" if guess else f"there are {', '.join(groups())}")
                + f" A single value goes into overrides, as in overrides=['{name}={option}']"
            )
        elif not isinstance(option, str):
            problems.append(f"{name} is {option!r}; it must be one of {', '.join(options(name))}")
    _raise(problems)
    return [f"{name}={option}" for name, option in chosen.items()]


def from_hydra(composed) -> Config:
    """The configuration in what Hydra composed.

    A reference to another key is written out; functions such as ${oc.env:NAME} are refused, since a configuration may
    come from someone else and the run file that holds it may go to someone else.

    Raises: ConfigError with everything that is wrong with it.
    """
    _refuse_functions(OmegaConf.to_container(composed, resolve=False), "")
    return read(OmegaConf.to_container(composed, resolve=True))


def _refuse_functions(value, key: str) -> None:
    """Nothing; raises ConfigError where a text calls a function of OmegaConf."""
    if isinstance(value, Mapping):
        for name, each in value.items():
            _refuse_functions(each, f"{key}.{name}" if key else str(name))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for i, each in enumerate(value):
            _refuse_functions(each, f"{key}[{i}]")
    elif isinstance(value, str) and re.search(r"\$\{[^}]*:", value):
        raise ConfigError(
            f"{key} is {_shown(value)}; it must be a value or name another key, as in "
            "${protocol.capacity_mAh_cm2}, and calls no function (try the value itself)"
        )


def _check_override(override: str) -> None:
    """Nothing; raises ConfigError for an override that Hydra would misread, or choose more than one option by."""
    found = re.fullmatch(r"(~|\+{0,2})([A-Za-z_][\w./@:-]*)(?:=(.*))?", override, re.DOTALL)
    if not found or (found[3] is None and found[1] != "~"):
        raise ConfigError(_no_override(override))
    sign, key, value = found.groups()
    if key not in groups():
        return
    if sign == "~":
        raise ConfigError(f"{key} cannot be left out; choose {key}=NAME from {', '.join(options(key))}")
    if sign:
        raise ConfigError(f"{key} is chosen already; write {key}={value} without {sign}")
    if value.startswith("[") and key != "material":
        raise ConfigError(f"{key} is {value}; it must be one of {', '.join(options(key))}, or several with --multirun")
    named = value.strip("'\"")
    if re.fullmatch(r"[\w./-]+", named) and named != "null" and not _is_option(key, named):
        raise ConfigError(_no_such_option(f"{key}/{value}"))


def _is_option(group: str, name: str) -> bool:
    return ".." not in name and not name.startswith("/") and (config_folder() / group / f"{name}.yaml").is_file()


def _no_override(text: str) -> str:
    """What to say of a word on the command line that is none."""
    return (
        f"'{text}' is no override; write key=value, such as host.porosity=0.5, and quote what the shell would "
        "change, such as 'host.image.labels={0:pore,1:llto}'"
    )


def to_yaml(config: Config) -> str:
    """The whole configuration as YAML, nothing left to resolve."""
    return OmegaConf.to_yaml(OmegaConf.create(to_dict(config)))


def differences(text: str, config: Config, ignored: Sequence[str] = ()) -> list[str]:
    """Where a configuration written by `to_yaml` differs from this one, in words.

    Args: ignored: keys of the top that may differ.
    """
    try:
        there = OmegaConf.to_container(OmegaConf.create(text), resolve=False)
    except (OmegaConfBaseException, YAMLError, ValueError):
        return ["its config.yaml is damaged"]
    there, here = (_flat({k: v for k, v in each.items() if k not in ignored}) for each in (there, to_dict(config)))
    return [
        f"{key} is {there.get(key, 'not given')} there and {here.get(key, 'not given')} here"
        for key in {**here, **there}
        if there.get(key, _ABSENT) != here.get(key, _ABSENT)
    ]


_ABSENT = object()


def _flat(value, key: str = "") -> dict:
    """The same tree as a dictionary of its leaves, keys joined with dots."""
    if isinstance(value, Mapping) and value:
        return {
            k: v for name, each in value.items() for k, v in _flat(each, f"{key}.{name}" if key else str(name)).items()
        }
    return {key: value}


def explained(error: Exception) -> Exception:
    """A ConfigError that says in one sentence what an error of Hydra or OmegaConf means; any other error as it is."""
    message = str(error)
    if isinstance(error, YAMLError | UnicodeDecodeError):
        return ConfigError(" ".join(f"a file of {config_folder()} is not YAML: {message}; correct it".split()))
    if isinstance(error, ConfigError) or not (
        isinstance(error, HydraException | OmegaConfBaseException) or message.startswith("Config group override")
    ):
        return error
    first = " ".join(message.split("\n")[0].split())
    if isinstance(error, MissingConfigException) and (found := re.search(r"Could not find '([^']*)'", message)):
        return ConfigError(_no_such_option(found[1]))
    if "hydra/launcher" in message:
        return ConfigError(
            'launch needs a launcher that is not installed; install it with `pip install "phasefield[sweep]"`, or '
            "leave launch out: the runs follow one another then"
        )
    if found := re.search(r"Could not override '([^']*)'", message):
        return ConfigError(_no_such_key(found[1]))
    if found := re.search(r"Ambiguous value for argument '([^']*)'", message):
        key, _, values = found[1].partition("=")
        return ConfigError(f"{key} has several values, {values}: add --multirun to run each of them, or give one")
    if isinstance(error, OverrideParseException):
        return ConfigError(_no_override(error.override))
    if found := re.search(r"Error merging override ([^=]*)=(.*)", first):
        return ConfigError(
            f"{found[1]} is {found[2]}, which cannot take the place of what stands there; a list stays a list and a "
            "block a block, `phasefield simulate --cfg job` prints them"
        )
    if message.startswith("Config group override"):
        return ConfigError(f"a group cannot be null; choose an option for each of {', '.join(groups())}")
    if isinstance(error, InterpolationResolutionError):
        key = getattr(error, "full_key", None) or "a key"
        return ConfigError(
            f"{key} refers to what is not there ({first}); write the value, or the whole name of another key, as in "
            "${protocol.capacity_mAh_cm2}"
        )
    return ConfigError(f"{first}; `phasefield simulate --cfg job` prints the configuration, --help how to change it")


def groups() -> list[str]:
    """Names of the groups of configs/: host, grid, ..."""
    return sorted(path.name for path in config_folder().iterdir() if path.is_dir())


def _no_such_option(path: str) -> str:
    """What to say of a group and option, as in grid/qick, that no file describes."""
    group, _, option = path.partition("/")
    found = options(group) if group in groups() else []
    if not found:
        return f"'{path}' is not in {config_folder()}; groups are {', '.join(groups())}"
    guess = nearest(option, found)
    return f"{group}={option} does not exist; choose from {', '.join(found)}" + (
        f": did you mean {guess}?" if guess else ""
    )


def _no_such_key(key: str) -> str:
    """What to say of an override of a key that is not in the configuration."""
    parent, _, _ = key.rpartition(".")
    if parent in ("host.lithiation", "host.image.labels"):
        return f"{key} is not there yet; write {parent}={{name: value}} or +{key}=value"
    keys = [*known_keys(), *groups()]
    keys += [each.replace("<name>", name) for each in known_keys() for name in options("material") if "<name>" in each]
    if parent == "host.image":
        return f"{key} belongs to an image; add host=image"
    if key in keys:
        return f"{key} is a block; set its keys one by one, or choose another option of its group"
    last = [each for each in keys if each.rpartition(".")[2] == key]  # grid.spacing_um for spacing_um
    guess = last[0] if last else nearest(key, keys)
    return f"{key} is not a key of the configuration; " + (
        f"did you mean {guess}?" if guess else "`phasefield simulate --cfg job` prints all keys"
    )


LISTED_MATERIALS = ("cnt", "cu", "llto")  # in the defaults of main.yaml


def added_materials() -> list[str]:
    """The override that loads every file of configs/material; none where main.yaml lists them all."""
    found = options("material")
    return [] if set(found) <= set(LISTED_MATERIALS) else [f"material=[{','.join(found)}]"]
