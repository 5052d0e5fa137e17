"""Where the parameters of a run come from: the comments of configs/, beside the values that they speak of."""

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from phasefield.config import ConfigError, config_folder, options

SET = "set for this run"
REFERENCE = re.compile(r"(-?)\$\{([\w.\[\]]+)\}")
DEFAULTS = {"repeat": 1, "axis": 0, "flip": False}  # of the schema, for keys that the files of configs/ leave out
PACKAGE = re.compile(r"#\s*@package\s+(\S+)")


@dataclass(frozen=True)
class Shipped:
    """A value of configs/ and the comment behind it."""

    value: object
    comment: str


@dataclass(frozen=True)
class Parameter:
    """A parameter of a run: key within its group, value as written, and source."""

    key: str
    value: str
    source: str

    @property
    def is_set(self) -> bool:
        """Whether the run has another value than the one shipped."""
        return self.source == SET


@dataclass(frozen=True)
class Group:
    """Parameters that belong together, with the file they were shipped in and what it says of itself."""

    name: str
    option: str
    about: str
    parameters: tuple[Parameter, ...]


def parameters(config_text: str, command_line: str = "") -> list[Group]:
    """The parameters of a run, in groups, each with its source.

    A source is claimed only where the run has the very value that the comment of configs/ speaks of; any other value
    was set for this run. A group's file is the one named on the command line, or the one most of whose values the run
    has. Materials that the host does not use are left out, and so is what is null.

    Args: config_text: the resolved configuration as YAML. command_line: of the run.
    """
    config = read_config(config_text)
    values = dict(flat(config))
    chosen = dict(_chosen(command_line))
    over = _experiment(chosen.get("experiment"))
    main = read_file(config_folder() / "main.yaml")
    groups = [Group("run", "main", "", _sourced("", values, main | over, lambda key: "." not in key))]
    for name, block in config.items():
        if name == "material" and isinstance(block, Mapping):
            for material in sorted(_used(config) & set(block)):
                groups.append(_group("material", material, f"material.{material}.", values, over))
        elif isinstance(block, Mapping):
            option = _option(name, values, chosen.get(name))
            groups.append(_group(name, option, f"{name}.", values, over))
    return [group for group in groups if group.parameters]


def read_config(text: str) -> Mapping:
    """The configuration in a text; empty where it is none, or holds aliases: these can make a short text huge."""
    try:
        if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(text, yaml.SafeLoader)):
            return {}
        config = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError):
        return {}
    return config if isinstance(config, Mapping) else {}


def legend() -> str:
    """What the letters in the sources stand for, from the head of main.yaml; empty where it does not say."""
    text = " ".join(_head(config_folder() / "main.yaml"))
    _, found, rest = text.partition("Sources: ")
    return rest if found else ""


def flat(value, key: str = "") -> Iterator[tuple[str, object]]:
    """(dotted key, value) of everything in a nested configuration; lists of plain values stay whole."""
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield from flat(each, f"{key}.{name}" if key else str(name))
    elif isinstance(value, list) and any(isinstance(each, Mapping | list) for each in value):
        for i, each in enumerate(value):
            yield from flat(each, f"{key}[{i}]")
    else:
        yield key, value


def read_file(path: Path, prefix: str | None = None) -> dict[str, Shipped]:
    """Dotted key -> value and comment of a file of configs/ and of those in its defaults list.

    The comment of a value is what follows it on its line, as YAML itself understands the line.
    Args: prefix: of the keys, ending in a dot; what the file's @package says when not given.
    """
    text = path.read_text(encoding="utf-8")
    if prefix is None:
        package = PACKAGE.search(text)
        prefix = "" if package is None or package[1] == "_global_" else f"{package[1]}."
    lines, root = text.splitlines(), yaml.compose(text, yaml.SafeLoader)
    own = dict(_commented(root, lines, "")) if root is not None else {}
    entries = [each for each in (yaml.safe_load(text) or {}).get("defaults", []) if isinstance(each, str)]
    found: dict[str, Shipped] = {}
    for entry in entries if "_self_" in entries else [*entries, "_self_"]:
        if entry == "_self_":
            lists = {prefix + key.partition("[")[0] for key in own if "[" in key}  # take the place of those before
            found = {key: each for key, each in found.items() if key.partition("[")[0] not in lists}
            found |= {prefix + key: each for key, each in own.items() if not key.startswith(("defaults", "hydra."))}
        elif (other := path.parent / f"{entry.partition('@')[0]}.yaml").is_file():
            found |= read_file(other, prefix)
    return found


def _commented(node: yaml.Node, lines: list[str], key: str) -> Iterator[tuple[str, Shipped]]:
    """(dotted key, value and comment) of everything under a node, in the manner of `flat`."""
    if isinstance(node, yaml.MappingNode) and not node.flow_style:
        for name, value in node.value:
            yield from _commented(value, lines, f"{key}.{name.value}" if key else name.value)
    elif isinstance(node, yaml.SequenceNode) and not node.flow_style:
        for i, value in enumerate(node.value):
            yield from _commented(value, lines, f"{key}[{i}]")
    else:
        rest = lines[node.end_mark.line][node.end_mark.column :] if node.end_mark.line < len(lines) else ""
        comment = rest.partition("#")[2].strip() if rest.lstrip().startswith("#") else ""
        yield key, Shipped(yaml.SafeLoader("").construct_object(node, deep=True), comment)


def _group(name: str, option: str, prefix: str, values: Mapping, over: Mapping) -> Group:
    path = config_folder() / name / f"{option}.yaml"
    shipped, about = {}, ""
    if path.is_file():
        shipped = read_file(path) if name == "material" else read_file(path, prefix)
        about = " ".join(line for line in _head(path)[:1] if not line.startswith("source:"))
    return Group(name, option, about, _sourced(prefix, values, shipped | over, lambda key: key.startswith(prefix)))


def _sourced(prefix: str, values: Mapping, shipped: Mapping[str, Shipped], belongs) -> tuple[Parameter, ...]:
    """The parameters of a group, with the sources of those that are as shipped."""
    result = []
    for key, value in values.items():
        if not belongs(key):
            continue
        known = shipped.get(key)
        default = DEFAULTS.get(key.rpartition(".")[2]) if known is None else known.value
        if (value is None and default is None) or (known is None and value == default):
            continue
        if known is None:
            source = SET
        elif found := REFERENCE.fullmatch(str(known.value)):
            source = f"as {found[2]}" if same(value, _negative(found[1], values.get(found[2]))) else SET
        else:
            source = known.comment.removeprefix("source: ") if same(value, known.value) else SET
        result.append(Parameter(key.removeprefix(prefix), _words(value), source))
    return tuple(result)


def same(one, other) -> bool:
    """Whether two values of YAML mean the same: 45 and 45.0, 1e6 (text in YAML 1.1) and 1000000.0."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, bool) or isinstance(other, bool) or one is None or other is None:
        return one is other
    try:
        return float(one) == float(other)
    except (TypeError, ValueError):
        return one == other


def _negative(sign: str, value):
    return -value if sign and isinstance(value, int | float) else value


def _words(value) -> str:
    if isinstance(value, list):
        return ", ".join(map(_words, value))
    if value is None or isinstance(value, bool):
        return {None: "none", True: "yes", False: "no"}[value]
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _head(path: Path) -> list[str]:
    """Lines of the comment that a file begins with, without its @package."""
    head = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            break
        if not PACKAGE.match(line):
            head.append(line.lstrip("# ").rstrip())
    return head


def _option(group: str, values: Mapping, named: str | None) -> str:
    """The file of a group: the one named, or the one most of whose values the run has."""
    try:
        found = options(group)
    except (OSError, ConfigError):
        return ""
    if named in found or not found:
        return named if named in found else ""
    name = values.get(f"{group}.name")
    if name in found:
        return name

    def agreement(option: str) -> tuple[int, bool]:
        shipped = read_file(config_folder() / group / f"{option}.yaml", f"{group}.")
        agree = [same(values.get(key), each.value) for key, each in shipped.items() if each.value is not None]
        return sum(agree), option == "default"

    return max(found, key=agreement)


def _chosen(command_line: str) -> Iterator[tuple[str, str]]:
    """(group, option) as the command line names them; one of several of a sweep is not known from it."""
    try:
        words = shlex.split(command_line)
    except ValueError:
        words = []
    for word in words:
        name, is_override, option = word.partition("=")
        if is_override and "," not in option and "." not in name:
            yield name.lstrip("+"), option


def _experiment(name: str | None) -> dict[str, Shipped]:
    """What an experiment sets, with its comments."""
    path = config_folder() / "experiment" / f"{name}.yaml"
    return read_file(path) if name and path.is_file() else {}


def _used(config: Mapping) -> set[str]:
    """Names of the materials that the host is made of."""
    host = config.get("host")
    host = host if isinstance(host, Mapping) else {}
    image = host.get("image") if isinstance(host.get("image"), Mapping) else {}
    labels = image.get("labels") if isinstance(image.get("labels"), Mapping) else {}
    return {str(each) for each in (host.get("collector"), host.get("solid"), host.get("coating"), *labels.values())}
