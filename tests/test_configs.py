"""The files of configs/: every option composes, and every number has a unit and a source."""

import re

import pytest
import yaml

from phasefield import build
from phasefield.config import compose, config_folder, groups, options

IMAGE = ["host.image.path=x.tif", "host.image.voxel_um=0.5", "host.image.labels={0: pore, 1: llto}"]
FULL_CELLS = [("protocol", "full_cell"), ("protocol", "anode_free")]
ALL = [(group, option) for group in groups() for option in options(group)]
FILES = [path for path in sorted(config_folder().rglob("*.yaml")) if path.parent.name != "launch"]  # Hydra's own keys

UNITS = re.findall(
    r"\w+", "um nm mV V S_m g_cm3 mAh_g A_m3 mol_L m2_s cm3_mol A_m2 J_m2 F_m2 mA_cm2 mAh_cm2 Ohm_cm2 Ohm_m h min s K"
)
DIMENSIONLESS = re.findall(
    r"\w+",
    """
    porosity porosity_tolerance particle_flatness diffuse_cells llto width_factor fraction transference_number
    thermodynamic_factor bruggeman_exponent cathodic_transfer_coefficient steepness phase_change nucleation_fraction
    growth charge_tolerance salt_tolerance newton_iterations linear_iterations interface_cells front_mobility cycles
    formation_cycles area_ratio state_of_charge lithium_per_formula kept_when_stripped
    repeat
    """,
)
CHOSEN = {"devices", "seed", "axis", "dimensions"}  # neither measured nor numerical
SOURCE = re.compile(r"# (source: (A|A-ESI|B|V|C|P|D|U|E)\b|source: [a-z ]+ [A-Z]\b|numerical)")


@pytest.mark.parametrize("group, option", ALL)
def test_every_option_composes_and_builds_its_phases(group, option):
    extra = IMAGE if (group, option) == ("host", "image") else []
    extra += ["counter=ncm622"] if (group, option) in FULL_CELLS else []
    override = f"{group}=[{option},cu,cnt,llto]" if group == "material" else f"{group}={option}"
    override = "material=[cnt,cu,llto]" if group == "material" and option in ("cnt", "cu", "llto") else override
    config = compose([override, *extra])
    phases = build.phases(config)
    assert {"collector", "llto", "cnt"} <= {phase.name for phase in phases}
    assert build.protocol(config)
    assert build.electrolyte(config).concentration > 0 and build.lithium(config).molar_volume > 0
    assert build.time_control(config).dt_max > 0
    if extra != IMAGE:
        shape, _ = build.grid_shape(config)
        assert all(n % 16 == 0 for n in shape)


@pytest.mark.parametrize("experiment", options("experiment"))
@pytest.mark.parametrize("host", ["cu", "llto_cnt"])
def test_the_command_line_wins_over_an_experiment(experiment, host):
    assert compose([f"experiment={experiment}", f"host={host}", "seed=7"]).seed == 7
    assert compose([f"experiment={experiment}", f"host={host}"]).host.name == host


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_number_has_a_unit_and_a_source(path):
    for row, line in enumerate(path.read_text().splitlines(), 1):
        found = re.match(r"^\s*(?:- )?([\w.]+): *([^#]*?) *(#.*)?$", line)
        if not found or not is_number(found[2]) or found[1] in CHOSEN:
            continue
        key, where = found[1], f"{path.name}:{row}: {line.strip()}"
        assert key in DIMENSIONLESS or any(key.endswith(f"_{unit}") for unit in UNITS), f"no unit in the key: {where}"
        assert SOURCE.search(found[3] or ""), f"no source: {where}"


def is_number(text):
    """Whether the YAML text is a number or a list of numbers."""
    value = yaml.safe_load(text) if text and not text.startswith("$") else None
    value = float(value) if isinstance(value, str) and re.fullmatch(r"[\d.]+e[\d-]+", value) else value
    each = value if isinstance(value, list) else [value]
    return bool(each) and all(isinstance(x, int | float) and not isinstance(x, bool) for x in each)


def test_hosts_differ_only_in_what_they_are_made_of():
    llto, both, cnt = (compose([f"host={name}"]).host for name in ("llto", "llto_cnt", "cnt"))
    shared = "collector thickness_um porosity particle_diameter_um particle_flatness pore_diameter_um diffuse_cells"
    for key in shared.split():
        assert getattr(llto, key) == getattr(both, key) == getattr(cnt, key)


def test_a_new_material_is_one_file(tmp_path, monkeypatch):
    import shutil

    folder = tmp_path / "configs"
    shutil.copytree(config_folder(), folder)
    text = (folder / "material/cnt.yaml").read_text().replace("material.cnt", "material.mxene")
    (folder / "material/mxene.yaml").write_text(text)
    monkeypatch.setenv("PHASEFIELD_CONFIGS", str(folder))
    made = compose(["host=cnt", "host.solid=mxene"])
    assert made.host.solid == "mxene" and "mxene" in {phase.name for phase in build.phases(made)}
