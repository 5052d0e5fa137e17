"""What the files of configs/ may hold: keys and values, and nothing that runs.

Hydra would build whatever object a `_target_` or a logging handler names, and a batch system runs what a launcher sets
up. Files get shared, so all of them are looked through before Hydra reads one.
"""

import re
from functools import cache
from pathlib import Path

import yaml

from phasefield.config import ConfigError

LARGEST_FILE = 1_000_000  # bytes
MOST_ENTRIES = 100_000  # of a file, once its aliases are written out
YAML_TAG = "tag:yaml.org,2002:"
PLAIN = {
    YAML_TAG + name for name in ("str", "int", "float", "bool", "null", "map", "seq", "merge", "value", "timestamp")
}
RUNS = {"_target_", "()"}  # keys that name what is to be called
LAUNCHER = set(
    re.findall(
        r"\w+",
        """
        n_jobs backend prefer require verbose timeout batch_size pre_dispatch timeout_min cpus_per_task gpus_per_node
        gpus_per_task cpus_per_gpu tasks_per_node nodes mem_gb mem_per_cpu mem_per_gpu name partition qos account
        constraint gres exclude comment array_parallelism max_num_timeout signal_delay_s submitit_folder
        stderr_to_stdout
        """,
    )
)
WHOLE = ("experiment", "launch")  # groups that set keys of the whole configuration
HYDRA = {  # what main.yaml and an experiment may tell Hydra, and the keys within; None: any
    "mode": None,
    "run": {"dir"},
    "sweep": {"dir", "subdir"},
    "sweeper": {"params", "max_batch_size"},
    "launcher": LAUNCHER,
    "job": {"name", "chdir"},
    "output_subdir": None,
    "verbose": None,
}
CHOSEN = re.compile(r"override /?hydra/(launcher|sweeper)")


def check(folder: Path) -> None:
    """Nothing; raises ConfigError for a YAML file below the folder that is broken, or holds more than data."""
    for path in sorted(folder.rglob("*.yaml")):
        try:
            status = path.stat()
        except OSError as error:
            raise ConfigError(f"{path} cannot be read ({error.strerror}); correct or remove it") from error
        _check_file(path, path.relative_to(folder).parts, status.st_size, status.st_mtime_ns)


@cache
def _check_file(path: Path, parts: tuple[str, ...], size: int, _changed: int) -> None:
    if size > LARGEST_FILE:
        raise ConfigError(f"{path} has {size} bytes; a configuration has at most {LARGEST_FILE}, remove the file")
    try:
        content = path.read_text(encoding="utf-8")
        root = yaml.compose(content, Loader=yaml.SafeLoader)
        _count(root, {})
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}); correct or remove it") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not text in UTF-8; save it as such, or remove it") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        why = getattr(error, "problem", None) or str(error).split("\n")[0]
        raise ConfigError(
            f"{path}{where}: this is not YAML ({why}); correct the line, see configs/host/cu.yaml"
        ) from error
    except RecursionError:
        raise ConfigError(f"{path} is nested too deeply; a configuration has a few levels, remove the file") from None
    if root is None:
        return
    if not isinstance(root, yaml.MappingNode):
        raise ConfigError(f"{path} holds no keys; write one `key: value` a line, see configs/host/cu.yaml")
    _check_entries(path, root)
    _check_hydra(path, parts, content, root)


def _count(node, counted: dict) -> int:
    """Entries of a node with its aliases written out; raises YAMLError where they are too many, or have no end."""
    if node is None or isinstance(node, yaml.ScalarNode):
        return 1
    if id(node) not in counted:
        counted[id(node)] = MOST_ENTRIES + 1  # an alias of what it stands in finds this
        children = [each for pair in node.value for each in pair] if isinstance(node, yaml.MappingNode) else node.value
        counted[id(node)] = 1 + sum(_count(each, counted) for each in children)
    if counted[id(node)] > MOST_ENTRIES:
        raise yaml.YAMLError(f"its aliases make more than {MOST_ENTRIES} entries")
    return counted[id(node)]


def _check_entries(path: Path, node) -> None:
    """Nothing; raises ConfigError for a tag, for a key that is given twice, and for one that names what to call."""
    line = f"{path}, line {node.start_mark.line + 1}"
    if node.tag not in PLAIN:
        tag = node.tag.replace(YAML_TAG, "!!")
        raise ConfigError(f"{line}: the tag {tag} is not allowed; a configuration is plain data, leave the tag out")
    if isinstance(node, yaml.SequenceNode):
        for each in node.value:
            _check_entries(path, each)
    if not isinstance(node, yaml.MappingNode):
        return
    seen = set()
    for key, value in node.value:
        line = f"{path}, line {key.start_mark.line + 1}"
        if not isinstance(key, yaml.ScalarNode):
            raise ConfigError(f"{line}: a key is a list or a block; it must be a word, correct the line")
        name = key.value
        if name in RUNS:
            raise ConfigError(f"{line}: {name} is not a key; a configuration is data and calls nothing, leave it out")
        if name in seen:
            raise ConfigError(f"{line}: {name} is given twice; keep one of the two")
        seen.add(name)
        _check_entries(path, key)
        _check_entries(path, value)


def _check_hydra(path: Path, parts: tuple[str, ...], content: str, root) -> None:
    """Nothing; raises ConfigError where a file tells Hydra more than what to sweep over and where files go."""
    speaks = parts == ("main.yaml",) or parts[0] in WHOLE
    launcher = parts[:2] == ("hydra", "launcher")
    package = re.search(r"^#\s*@package\s+(\S+)", content, re.MULTILINE)
    if (package and "hydra" in package[1]) or (parts[0] == "hydra" and not launcher):
        raise ConfigError(
            f"{path} belongs to Hydra itself; only main.yaml, experiment and launch may set it, remove the file"
        )
    if parts[0] in WHOLE and (package is None or package[1] != "_global_"):
        raise ConfigError(f"{path} sets keys of the whole configuration; its first line must be `# @package _global_`")
    if launcher:
        _only(path, root, LAUNCHER | {"defaults"}, "hydra.launcher")
    for key, value in root.value:
        if key.value == "defaults":
            for entry in _words(value):
                if "hydra" in entry and not (speaks and CHOSEN.fullmatch(entry)):
                    raise ConfigError(
                        f"{path}: '{entry}' is not allowed in its defaults; experiment and launch may say `override "
                        "/hydra/launcher: NAME`, and no other file anything of Hydra"
                    )
        elif key.value == "hydra" and not speaks:
            raise ConfigError(
                f"{path}: hydra is not a key of it; only main.yaml, experiment and launch may set it, leave it out"
            )
        elif key.value == "hydra":
            _check_block(path, value)


def _check_block(path: Path, block) -> None:
    """Nothing; raises ConfigError for what a `hydra:` block may not set."""
    _only(path, block, set(HYDRA), "hydra")
    for key, value in block.value:
        if HYDRA[key.value] is not None:
            _only(path, value, HYDRA[key.value], f"hydra.{key.value}")
        if key.value == "sweeper":
            for name, params in value.value:
                if name.value == "params" and any("hydra" in each.value for each, _ in params.value):
                    raise ConfigError(f"{path}: hydra.sweeper.params sweeps over keys of a run only, none of Hydra's")


def _only(path: Path, block, allowed: set[str], key: str) -> None:
    if not isinstance(block, yaml.MappingNode):
        raise ConfigError(f"{path}: {key} must be a block with some of the keys {', '.join(sorted(allowed))}")
    for name, value in block.value:
        if name.value not in allowed:
            raise ConfigError(
                f"{path}: {key}.{name.value} is not allowed in a file; allowed are {', '.join(sorted(allowed))}"
            )
        if any("\n" in word for word in _words(value)):
            raise ConfigError(f"{path}: {key}.{name.value} has several lines; write it in one")


def _words(node) -> list[str]:
    """Every scalar below a node, keys included."""
    if isinstance(node, yaml.ScalarNode):
        return [node.value]
    children = [each for pair in node.value for each in pair] if isinstance(node, yaml.MappingNode) else node.value
    return [word for each in children for word in _words(each)]
