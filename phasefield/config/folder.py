"""Where configs/ is, and what is in it."""

import os
from pathlib import Path

from phasefield.config.errors import ConfigError

OWN = "PHASEFIELD_CONFIGS"  # environment variable
LISTED_MATERIALS = ("cnt", "cu", "llto")  # in the defaults of main.yaml


def config_folder() -> Path:
    """Where the YAML files are: in the folder that PHASEFIELD_CONFIGS names, or with the package, or in the repository.

    Raises: ConfigError where that is no such folder.
    """
    if own := os.environ.get(OWN):
        if not (Path(own) / "main.yaml").is_file():
            raise ConfigError(
                f"{OWN} is '{own}', which holds no main.yaml; copy the whole of configs/ there, or unset it"
            )
        return Path(own).resolve()
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "_configs", package.parent / "configs"):  # beside an installed one, configs/ is another's
        if (folder / "main.yaml").is_file():
            return folder
    raise ConfigError(
        f"neither {package / '_configs'} nor {package.parent / 'configs'} holds main.yaml; install phasefield again"
    )


def options(group: str, folder: Path | None = None) -> list[str]:
    """Names of the files in a group, such as cu, cnt, llto, llto_cnt and image of host."""
    return sorted(path.stem for path in ((folder or config_folder()) / group).glob("*.yaml"))


def groups() -> list[str]:
    """Names of the groups of configs/: host, grid, ..."""
    return sorted(path.name for path in config_folder().iterdir() if path.is_dir())


def added_materials() -> list[str]:
    """The override that loads every file of configs/material; none where main.yaml lists them all."""
    found = options("material")
    return [] if set(found) <= set(LISTED_MATERIALS) else [f"material=[{','.join(found)}]"]
