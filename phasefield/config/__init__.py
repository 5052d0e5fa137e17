"""Configurations: configs/ and overrides, read strictly into frozen dataclasses in the user's units.

YAML is composed by Hydra and read into the dataclasses of `schema` by `reading`; every mistake becomes one sentence.
"""

from phasefield.config.composing import compose, differences, from_hydra, group_overrides, swept, to_yaml
from phasefield.config.errors import ConfigError, nearest
from phasefield.config.folder import added_materials, config_folder, groups, options
from phasefield.config.mistakes import explained
from phasefield.config.reading import known_keys, read, to_dict
from phasefield.config.schema import (
    COLLECTOR,
    PORE,
    Cathode,
    Config,
    Electrolyte,
    Grid,
    Host,
    Image,
    Insertion,
    Lithium,
    Material,
    Nucleation,
    Protocol,
    Site,
    Solver,
    Step,
)

__all__ = [
    "COLLECTOR",
    "PORE",
    "Cathode",
    "Config",
    "ConfigError",
    "Electrolyte",
    "Grid",
    "Host",
    "Image",
    "Insertion",
    "Lithium",
    "Material",
    "Nucleation",
    "Protocol",
    "Site",
    "Solver",
    "Step",
    "added_materials",
    "compose",
    "config_folder",
    "differences",
    "explained",
    "from_hydra",
    "group_overrides",
    "groups",
    "known_keys",
    "nearest",
    "options",
    "read",
    "swept",
    "to_dict",
    "to_yaml",
]
