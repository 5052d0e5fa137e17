"""What errors of Hydra and OmegaConf mean, in one sentence."""

import re

from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf.errors import InterpolationResolutionError, OmegaConfBaseException
from yaml import YAMLError

from phasefield.config.errors import ConfigError, nearest
from phasefield.config.folder import config_folder, groups, options
from phasefield.config.reading import known_keys


def no_override(text: str) -> str:
    """What to say of a word on the command line that is none."""
    key, _, value = text.partition("=")
    if re.fullmatch(r"[\w./@+~]+", key) and re.fullmatch(r"[^=\"'${}\[\]]+(=[^=\"'${}\[\]]+)+", value):
        return f"'{text}' is no override: its value holds =, and must be quoted within, as in '{key}=\"{value}\"'"
    return (
        f"'{text}' is no override; write key=value, such as host.porosity=0.5, and quote what the shell would "
        "change, such as 'host.image.labels={0:pore,1:llto}'"
    )


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
        return ConfigError(no_such_option(found[1]))
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
        return ConfigError(no_override(error.override))
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


def no_such_option(path: str) -> str:
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
    blocks = {each.rpartition(".")[0] for each in keys} | set(groups())
    if key in keys and key not in blocks:
        return (
            f"{key} is not given in the files that were chosen, and nothing there refers to it; choose another option "
            f"of its group, or add it with +{key}=VALUE"
        )
    if key in keys:
        return f"{key} is a block; set its keys one by one, or choose another option of its group"
    last = [each for each in keys if each.rpartition(".")[2] == key]  # grid.spacing_um for spacing_um
    guess = last[0] if last else nearest(key, keys)
    return f"{key} is not a key of the configuration; " + (
        f"did you mean {guess}?" if guess else "`phasefield simulate --cfg job` prints all keys"
    )
