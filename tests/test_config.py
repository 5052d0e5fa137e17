"""The schema: what is wrong is found, all of it, and said in one message."""

import re
import shutil
from copy import deepcopy

import pytest

from phasefield.config import ConfigError, compose, config_folder, known_keys, nearest, read, to_dict, to_yaml


@pytest.fixture(scope="module")
def valid():
    return to_dict(compose())


def put(mapping, key, value):
    """A copy of the mapping with the value at the dotted key."""
    changed = deepcopy(mapping)
    *path, last = key.split(".")
    block = changed
    for name in path:
        block = block[int(name)] if isinstance(block, list) else block[name]
    block[int(last) if isinstance(block, list) else last] = value
    return changed


def test_reading_what_was_written_gives_the_same(valid):
    assert to_dict(read(valid)) == valid


def test_default_is_the_main_job(valid):
    config = read(valid)
    assert (config.host.name, config.grid.dimensions) == ("llto_cnt", 3)
    assert (config.protocol.current_density_mA_cm2, config.protocol.capacity_mAh_cm2) == (0.5, 4)
    assert config.host.lithiation == {"llto": 1.0} and not config.protocol.insertion


@pytest.mark.parametrize(
    "key, value, expected",
    [
        ("host.porosity", 2, "at least 0.05 and at most 0.95"),
        ("host.porosity", 46, "a fraction, not per cent"),
        ("host.porosity", "much", "must be a number"),
        ("host.porosity", True, "must be a number"),
        ("host.porosity", float("nan"), "must be finite"),
        ("host.porosity", None, "host.kind=packed needs it"),
        ("host.kind", "paked", "did you mean packed"),
        ("host.solid", "llot", "did you mean llto"),
        ("host.coating_thickness_um", 1.5, "more than grid.spacing_um"),
        ("host.particle_diameter_um", 5, "a list of 2 values"),
        ("host.particle_diameter_um", [8, 5], "try [5.0, 8.0]"),
        ("host.particle_diameter_um", [5, "big"], "host.particle_diameter_um[1]"),
        ("host.lithiation", {"llto": 1.2}, "host.lithiation.llto is 1.2"),
        ("host.lithiation", {"cnt": 0.5}, "takes up no lithium"),
        ("host.lithiation", 1.0, "must map names to values"),
        ("electrolyte.transference_number", -0.1, "at least 0"),
        ("electrolyte.concentration_mol_L", 1500, "at most 10"),
        ("electrolyte", 3, "must be a block"),
        ("seed", 1.5, "a whole number"),
        ("seed", -1, "at least 0"),
        ("device", "cuda", "one of auto, cpu, gpu"),
        ("precision", 64, "one of float64, float32"),
        ("grid.dimensions", 4, "at most 3"),
        ("grid.spacing_um", 0, "at least 0.01"),
        ("material.llto.electronic_conductivity_S_m", [0, 2], "both or none must be 0"),
        ("material.llto.insertion.sites.0.fraction", 0.9, "must add up to 1"),
        ("protocol.steps", [], "at least one entry"),
        ("protocol.steps", [{"current_density_mA_cm2": 1}], "plates without an end"),
        ("protocol.steps", [{"current_density_mA_cm2": -1, "potential_min_V": 0}], "strips without an end"),
        ("protocol.steps", [{"current_density_mA_cm2": 0}], "rests without an end"),
        ("protocol.steps", [{"current_density_mA_cm2": 0, "capacity_mAh_cm2": 1}], "no current"),
        ("protocol.steps", [{"time_h": 1}], "current_density_mA_cm2 is not given"),
        ("protocol.steps", [{"time_h": 1, "steps": [{"current_density_mA_cm2": 0, "time_h": 1}]}], "steps of its own"),
        ("protocol.steps", [{"current": 1}], "protocol.steps[0].current is not a key"),
        ("protocol.insertion", "maybe", "true or false"),
        ("solver.dt_max_s", 1e-5, "they must rise"),
        ("solver.linear_iterations", 0, "at least 5"),
        ("lithium.cathodic_transfer_coefficient", 1, "below 1"),
        ("temperature_K", 27, "in kelvin"),
    ],
)
def test_what_is_wrong_is_said_in_one_message(valid, key, value, expected):
    with pytest.raises(ConfigError) as caught:
        read(put(valid, key, value))
    message = str(caught.value)
    assert expected in message and key.split(".")[-1 if "sites" not in key else -3].split("[")[0] in message
    assert "\n" not in message


def test_unknown_keys_name_the_nearest(valid):
    with pytest.raises(ConfigError, match=re.escape("host.porosty is not a key of host; did you mean host.porosity?")):
        read(put(valid, "host.porosty", 0.5))


def test_missing_keys_are_named(valid):
    del valid["grid"]["spacing_um"]
    with pytest.raises(ConfigError, match=r"grid\.spacing_um is missing"):
        read(valid)
    valid["grid"]["spacing_um"] = 1.0


def test_all_mistakes_are_listed_together(valid):
    wrong = put(put(put(valid, "seed", "one"), "host.porosity", 3), "grid.typo", 1)
    with pytest.raises(ConfigError) as caught:
        read(wrong)
    assert str(caught.value).startswith("3 things are wrong")
    assert all(key in str(caught.value) for key in ("seed", "host.porosity", "grid.typo"))


def test_an_image_needs_its_path_voxel_and_labels():
    with pytest.raises(ConfigError) as caught:
        compose(["host=image"])
    assert all(f"host.image.{name}" in str(caught.value) for name in ("path", "voxel_um", "labels"))


def test_labels_are_checked_against_the_materials():
    overrides = ["host=image", "host.image.path=x.tif", "host.image.voxel_um=0.5"]
    with pytest.raises(ConfigError, match=r"host.image.labels.1 is 'lto'.*did you mean llto"):
        compose([*overrides, "host.image.labels={0: pore, 1: lto}"])
    assert compose([*overrides, "host.image.labels={0: pore, 1: llto}"]).host.image.labels == {0: "pore", 1: "llto"}


@pytest.mark.parametrize(
    "override, expected",
    [
        ("host.porosty=0.5", "did you mean host.porosity"),
        ("porosity=0.5", "did you mean host.porosity"),
        ("hots=cu", "did you mean host"),
        ("host=copper", "choose from cnt, cu, image, llto, llto_cnt"),
        ("grid=qick", "did you mean quick"),
        ("experiment=four", "choose from"),
        ("host", "write key=value"),
        ("host=null", "cannot be null"),
        ("host={porosity: 1, a: 2}", "host is a block"),
        ("grid.spacing_um=0.5,1", "--multirun"),
        ("host.image.path=x.tif", "add host=image"),
        ("host.lithiation.cnt=0", "host.lithiation={name: value}"),
    ],
)
def test_errors_of_hydra_become_a_sentence(override, expected):
    with pytest.raises(ConfigError) as caught:
        compose([override])
    assert expected in str(caught.value) and "\n" not in str(caught.value)


def test_known_keys_hold_the_promised_ones():
    promised = (
        "host.porosity host.thickness_um host.image.path electrolyte.concentration_mol_L "
        "electrolyte.transference_number protocol.current_density_mA_cm2 protocol.capacity_mAh_cm2 grid.spacing_um "
        "grid.width_um seed device precision material.<name>.density_g_cm3"
    )
    assert set(promised.split()) <= set(known_keys())


def test_nearest():
    assert nearest("porosty", ["porosity", "thickness"]) == "porosity"
    assert nearest("xyz", ["porosity", "thickness"]) is None


def test_yaml_is_complete():
    text = to_yaml(compose())
    assert "porosity: 0.46" in text and "${" not in text and "???" not in text


def test_configs_of_your_own(tmp_path, monkeypatch):
    """A copy of configs/ elsewhere, for a package installed without the repository."""
    own = tmp_path / "mine"
    shutil.copytree(config_folder(), own)
    (own / "electrolyte" / "dilute.yaml").write_text(
        "defaults: [carbonate, _self_]\nconcentration_mol_L: 0.5  # source: E\n"
    )
    monkeypatch.setenv("PHASEFIELD_CONFIGS", str(own))
    assert config_folder() == own
    assert compose(["electrolyte=dilute"]).electrolyte.concentration_mol_L == 0.5
    (own / "main.yaml").unlink()
    with pytest.raises(ConfigError, match=r"PHASEFIELD_CONFIGS is '.*mine', which holds no main\.yaml"):
        compose()
