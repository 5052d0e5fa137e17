"""From a mapping to the schema, strictly: every mistake is found, all at once.

Not by OmegaConf's structured configs: those stop at the first mistake, accept `+typo=1` and `porosity=2`, and cannot be
frozen.
"""

import types
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import MISSING, asdict, fields, is_dataclass
from math import isfinite
from typing import Any, Union, get_args, get_origin, get_type_hints

from phasefield.config.contradictions import check
from phasefield.config.errors import advice, nearest, raise_all, shown
from phasefield.config.schema import Config

LARGEST_WHOLE = 10**300  # about what still is a float


def read(mapping: Mapping) -> Config:
    """The configuration in a resolved mapping.

    Raises: ConfigError with everything that is wrong with it.
    """
    problems: list[str] = []
    config = _read_block(Config, mapping, "", problems)
    if not problems:
        problems = check(config)
    raise_all(problems)
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
            f"{key} is {shown(value)}; it must be a block with the keys {', '.join(get_type_hints(schema))}"
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
            problems.append(f"{prefix}{each.name} is missing{advice(each.metadata)}")
    return schema(**filled) if len(problems) == before else None


def _read_value(kind, value, key: str, metadata: Mapping, problems: list[str]) -> Any:
    """The value as its type, checked against the field's range or choices."""
    optional = type(None) in get_args(kind)
    kind = _without_none(kind)
    if value is None or value == "???":
        if not optional:
            problems.append(f"{key} is not given{advice(metadata)}")
        return None
    if is_dataclass(kind):
        return _read_block(kind, value, key, problems)
    origin, inner = get_origin(kind), get_args(kind)
    if origin is dict:
        if not isinstance(value, Mapping):
            problems.append(f"{key} is {value!r}; it must map names to values{advice(metadata)}")
            return None
        for name in value:
            if isinstance(name, bool) or not isinstance(name, inner[0]):
                wanted = "a whole number" if inner[0] is int else "a name"
                problems.append(f"{key} has the entry {name!r}; it must be {wanted}{advice(metadata)}")
        return {name: _read_value(inner[1], each, f"{key}.{name}", metadata, problems) for name, each in value.items()}
    if origin is tuple:
        return _read_list(inner, value, key, metadata, problems)
    return _read_plain(kind, value, key, metadata, problems)


def _read_list(inner, value, key: str, metadata: Mapping, problems: list[str]):
    any_length = inner[-1] is Ellipsis
    if isinstance(value, str) or not isinstance(value, Sequence) or (not any_length and len(value) != len(inner)):
        wanted = "a list" if any_length else f"a list of {len(inner)} values"
        problems.append(f"{key} is {shown(value)}; it must be {wanted}{advice(metadata)}")
        return None
    if not value:
        problems.append(f"{key} is empty; it must have at least one entry{advice(metadata)}")
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
            f"{key} is a number of hundreds of digits; it must be {wanted} of a usual size{advice(metadata)}"
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
        problems.append(f"{key} is {shown(value)}; it must be {wanted}{advice(metadata)}")
        return None
    if isinstance(value, float) and not isfinite(value):
        problems.append(f"{key} is {value}; it must be finite{advice(metadata)}")
        return None
    if "choices" in metadata and value not in metadata["choices"]:
        guess = nearest(value, metadata["choices"])
        problems.append(
            f"{key} is '{value}'; it must be one of {', '.join(metadata['choices'])}"
            + (f": did you mean {guess}?" if guess else "")
        )
        return None
    if isinstance(value, int | float) and not isinstance(value, bool) and (wrong := _out_of_range(value, metadata)):
        problems.append(f"{key} is {value:g}; it must be {wrong}{advice(metadata)}")
        return None
    return value


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
