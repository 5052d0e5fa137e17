"""What the commands look at before they start, and clean up after a failure."""

import argparse
import os
import shutil
from itertools import pairwise
from math import isfinite
from pathlib import Path

from phasefield import config as schema
from phasefield.config import ConfigError, nearest, plain_data

FLAGS = ("--cfg", "--help", "--hydra-help", "--info", "--multirun", "--package", "--resolve", "--run", "--version")
SHORT = ("-c", "-h", "-i", "-m", "-p", "-r")
WITH_VALUE = ("--cfg", "--info", "--package", "-c", "-i", "-p")
OF_HYDRA = {".hydra", "phasefield.log"}  # what Hydra puts into the folder of a run
SHOWN_BY_CFG = ("job", "hydra", "all")


class Parser(argparse.ArgumentParser):
    """A parser of options whose complaints are one sentence."""

    def __init__(self, name: str, description: str):
        super().__init__(f"phasefield {name}", description=description, allow_abbrev=False)

    def error(self, message: str):
        unknown = message.removeprefix("unrecognized arguments: ").split()[0] if "unrecognized" in message else ""
        guess = nearest(unknown, list(self._option_string_actions)) if unknown.startswith("-") else None
        raise ConfigError(f"{message}; " + (f"did you mean {guess}?" if guess else f"see `{self.prog} --help`"))


def capacity(text: str) -> float:
    """A capacity on the command line [mAh/cm2]."""
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not (isfinite(value) and abs(value) <= 1e6):
        raise argparse.ArgumentTypeError(f"'{text}' is not a capacity; give numbers in mAh/cm2, such as 1 2 4")
    return value


def cycle(text: str) -> int:
    """The number of a cycle on the command line."""
    if not text.isdecimal() or not 1 <= int(text) <= 10**6:
        raise argparse.ArgumentTypeError(f"'{text}' is not the number of a cycle; give them from 1, such as 1 5 10")
    return int(text)


def folder(path: Path, option: str) -> Path:
    """The folder, if files can be written into it, made or not.

    Raises: ConfigError where a file is in the way, or nothing may be written there.
    """
    there = path
    while not os.path.lexists(there) and there != there.parent:
        there = there.parent
    if not there.is_dir():
        raise ConfigError(f"{option} is '{path}', but '{there}' is a file; it must be a folder, try another name")
    if not os.access(there, os.W_OK | os.X_OK):
        raise ConfigError(f"{option} is '{path}', but nothing may be written into '{there}'; try a folder of your own")
    return path


def before_hydra(arguments: list[str]) -> None:
    """Nothing; raises ConfigError for options, folders and files of configs/ that Hydra is not to be given."""
    for argument in (each for each in arguments if each.startswith("-")):
        name, equals, _ = argument.partition("=")
        if name not in FLAGS + SHORT or (equals and name not in WITH_VALUE):
            guess = nearest(name, FLAGS) if name not in FLAGS else None
            raise ConfigError(
                f"'{argument}' is not an option; "
                + (f"did you mean {guess}?" if guess else f"use {', '.join(FLAGS)}, or key=value")
            )
    for name, value in pairwise([*arguments, ""]):
        name, value = name.split("=", 1) if name.startswith(("--cfg=", "-c=")) else (name, value)
        if name in ("--cfg", "-c") and value not in SHOWN_BY_CFG:
            raise ConfigError(f"{name} is '{value}'; it must be one of {', '.join(SHOWN_BY_CFG)} (try --cfg job)")
    for argument in arguments:
        key, _, value = argument.lstrip("+~").partition("=")
        if key.startswith("hydra.searchpath"):
            raise ConfigError(f"{key} is not allowed; put your files into {schema.config_folder()}, which is checked")
        if key in ("hydra.run.dir", "hydra.sweep.dir") and "${" not in value:
            value = value.strip("'\"")
            if not value:
                raise ConfigError(f"{key} is empty; it must be a folder (try {key}=outputs/mine)")
            folder(Path(value), key)
    plain_data.check(schema.config_folder())


def remove_if_empty(path) -> None:
    """Remove the folder of a run that put nothing into it besides what Hydra did, and the empty ones around it."""
    path, here = Path(path).resolve(), Path.cwd()
    if not path.is_dir() or {each.name for each in path.iterdir()} - OF_HYDRA or path in (here, *here.parents):
        return
    try:
        shutil.rmtree(path / ".hydra", ignore_errors=True)
        (path / "phasefield.log").unlink(missing_ok=True)
        path.rmdir()
        for parent in path.parents:
            if here not in parent.parents or any(parent.iterdir()):
                break
            parent.rmdir()
    except OSError:
        return  # what went wrong before is what the user is told
