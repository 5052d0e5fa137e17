"""From the files of configs/ and overrides to a configuration, and back to YAML."""

import re
from collections.abc import Mapping, Sequence

import hydra
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from phasefield.config.errors import ConfigError, nearest, raise_all, shown
from phasefield.config.folder import added_materials, config_folder, groups, options
from phasefield.config.mistakes import explained, no_override, no_such_option
from phasefield.config.reading import read, to_dict
from phasefield.config.schema import Config


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
    raise_all(problems)
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
            f"{key} is {shown(value)}; it must be a value or name another key, as in "
            "${protocol.capacity_mAh_cm2}, and calls no function (try the value itself)"
        )


def _check_override(override: str) -> None:
    """Nothing; raises ConfigError for an override that Hydra would misread, or choose more than one option by."""
    found = re.fullmatch(r"(~|\+{0,2})([A-Za-z_][\w./@:-]*)(?:=(.*))?", override, re.DOTALL)
    if not found or (found[3] is None and found[1] != "~"):
        raise ConfigError(no_override(override))
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
        raise ConfigError(no_such_option(f"{key}/{value}"))


def _is_option(group: str, name: str) -> bool:
    return ".." not in name and not name.startswith("/") and (config_folder() / group / f"{name}.yaml").is_file()


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
