"""A material, protocol or experiment that a user added: broken YAML, missing keys, wrong values."""

import pytest

from phasefield.config import ConfigError, compose

GOOD = """# @package material.mine
ionic_conductivity_S_m: [0, 0]
electronic_conductivity_S_m: [300, 300]
nucleation_overpotential_mV: [95, 95]
density_g_cm3: 1.8
insertion: null
"""
MINE = "material/mine.yaml"


def without(key):
    return "".join(line for line in GOOD.splitlines(True) if not line.startswith(key))


CASES = [
    (MINE, GOOD + "a: [1, 2\n", ["material/mine.yaml", "line", "not YAML"]),
    (MINE, GOOD + "\tdensity: 1\n", ["material/mine.yaml", "line 7", "not YAML"]),
    (MINE, GOOD + "a: b: c\n", ["material/mine.yaml", "line 7", "not YAML"]),
    (MINE, GOOD + "%%\n", ["material/mine.yaml", "not YAML"]),
    (MINE, "- 1\n- 2\n", ["material/mine.yaml", "no keys", "key: value"]),
    (MINE, "just words\n", ["material/mine.yaml", "no keys"]),
    (MINE, GOOD + "density_g_cm3: 2\n", ["material/mine.yaml", "line 7", "density_g_cm3 is given twice"]),
    (MINE, GOOD + "? [1, 2]\n: 3\n", ["material/mine.yaml", "line 7", "a key is a list"]),
    (MINE, GOOD + "a: *nowhere\n", ["material/mine.yaml", "line 7", "nowhere"]),
    (MINE, b"\xff\xfe\x00 not text", ["material/mine.yaml", "UTF-8"]),
    (MINE, b"a: \x00\n", ["material/mine.yaml", "not YAML"]),
    (MINE, "a: " + "[" * 5000 + "\n", ["material/mine.yaml"]),
    (MINE, "# " + "x" * 1_100_000, ["material/mine.yaml", "1100002 bytes", "at most"]),
    (MINE, without("density"), ["material.mine.density_g_cm3 is missing", "try 4.83"]),
    (MINE, without("insertion"), ["material.mine.insertion is missing", "null"]),
    (MINE, without("ionic"), ["material.mine.ionic_conductivity_S_m is missing", "try [0, 0]"]),
    (MINE, GOOD.replace("density_g_cm3", "density_kg_m3"), ["density_kg_m3 is not a key", "density_g_cm3"]),
    (MINE, GOOD.replace("1.8", "1800"), ["material.mine.density_g_cm3 is 1800", "at most 30"]),
    (MINE, GOOD.replace("1.8", "heavy"), ["material.mine.density_g_cm3 is 'heavy'", "a number"]),
    (MINE, GOOD.replace("1.8", "yes"), ["material.mine.density_g_cm3 is True", "a number"]),
    (MINE, GOOD.replace("1.8", ".nan"), ["material.mine.density_g_cm3 is nan", "finite"]),
    (MINE, GOOD.replace("[95, 95]", "95"), ["nucleation_overpotential_mV is 95", "a list of 2 values"]),
    (MINE, GOOD.replace("null", "{capacity: 5}"), ["material.mine.insertion.capacity is not a key", "capacity_mAh_g"]),
    (MINE, GOOD.replace("material.mine", "material.pore"), ["material.pore", "the name is taken"]),
    (
        MINE,
        GOOD.replace("# @package material.mine\n", ""),
        ["material.ionic_conductivity_S_m", "a block with the keys"],
    ),
    (MINE, "", ["mine"]),
]


@pytest.mark.parametrize("command", ["simulate", "host"])
@pytest.mark.parametrize("name, content, words", CASES)
def test_a_wrong_file_is_one_sentence(name, content, words, command, refused, configs):
    path = configs / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    refused(command, "host=cnt", "host.solid=mine", words=words)


@pytest.mark.parametrize("group", ["host", "grid", "protocol", "electrolyte"])
def test_an_empty_or_wrong_option_of_a_group(group, refused, configs):
    (configs / group / "mine.yaml").write_text("typo_um: 3\n")
    refused("simulate", f"{group}=mine", words=["typo_um"])


def test_an_experiment_without_its_first_line(refused, configs):
    (configs / "experiment/mine.yaml").write_text("seed: 3\n")
    refused("simulate", "experiment=mine", words=["experiment/mine.yaml", "first line must be `# @package _global_`"])


@pytest.mark.parametrize("content", [b"a: [1, 2\n", b"\xff\xfe\x00 not text"])
def test_a_broken_file_from_python(content, configs):
    (configs / "host/mine.yaml").write_bytes(content)
    with pytest.raises(ConfigError, match="is not YAML"):
        compose(["host=mine"])


def test_a_file_that_is_a_broken_link(refused, configs):
    (configs / MINE).symlink_to("gone.yaml")
    refused("simulate", words=["material/mine.yaml", "cannot be read", "remove"])


def test_no_main_file(refused, monkeypatch, tmp_path):
    monkeypatch.setattr("phasefield.config.folder.__file__", str(tmp_path / "a/b/config/folder.py"))
    refused("simulate", words=["main.yaml", "install phasefield again"])
