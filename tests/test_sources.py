"""The sources shown for a run's parameters are the comments of configs/, and only where the run has that very value."""

import pytest
import yaml

from phasefield import sources
from phasefield.config import compose, config_folder, options, to_yaml
from phasefield.sources import SET


def found(overrides, command_line=""):
    """{(group, key): parameter} of a run with these overrides."""
    groups = sources.parameters(to_yaml(compose(overrides)), command_line)
    return {(group.name, each.key): each for group in groups for each in group.parameters}


def test_every_number_that_is_shipped_has_its_source():
    of = found([])
    assert of["host", "porosity"].source == "A and A-ESI, absorption method"
    assert of["host", "coating_thickness_um"].source.startswith("E, a conformal layer")  # not that of the base file
    assert (
        of["material", "insertion.sites[1].potential_V"].source
        == "A Fig. 4b and S3, mean of the pair at 1.16 and 1.22 V"
    )
    assert of["lithium", "conductivity_S_m"].source.startswith("numerical cap; the metal has 1.08e7")
    assert of["run", "temperature_K"].source == "A-ESI, cells at 27 C"
    assert of["protocol", "steps[0].capacity_mAh_cm2"].source == "as protocol.capacity_mAh_cm2"
    assert not [each for each in of.values() if each.is_set]
    for (group, key), each in of.items():
        assert each.source or not each.value.replace(".", "").isdigit() or key == "dimensions", (group, key)


@pytest.mark.parametrize(
    "override, key",
    [
        ("host.porosity=0.6", ("host", "porosity")),
        ("host.particle_diameter_um=[5,9]", ("host", "particle_diameter_um")),
        ("electrolyte.transference_number=0.38", ("electrolyte", "transference_number")),
        ("lithium.exchange_current_density_A_m2=10", ("lithium", "exchange_current_density_A_m2")),
        ("material.llto.insertion.sites.1.potential_V=1.2", ("material", "insertion.sites[1].potential_V")),
        ("protocol.capacity_mAh_cm2=1", ("protocol", "capacity_mAh_cm2")),
        ("protocol.steps.0.capacity_mAh_cm2=2", ("protocol", "steps[0].capacity_mAh_cm2")),
        ("nucleation.seed=4", ("nucleation", "seed")),
        ("seed=3", ("run", "seed")),
    ],
)
@pytest.mark.parametrize("told", [True, False])
def test_a_value_of_the_run_claims_no_source(override, key, told):
    of = found([override], f"'phasefield simulate' {override}" if told else "")
    assert [name for name, each in of.items() if each.is_set] == [key]
    assert of[key].source == SET == "set for this run"


@pytest.mark.parametrize(
    "group, option", [("electrolyte", "carbonate"), ("grid", "quick"), ("grid", "fine"), ("host", "cnt")]
)
@pytest.mark.parametrize("told", [True, False])
def test_the_file_of_a_group_is_found(group, option, told):
    override = f"{group}={option}"
    groups = sources.parameters(to_yaml(compose([override])), f"phasefield {override}" if told else "")
    chosen = {each.name: each for each in groups if each.name != "material"}[group]
    assert chosen.option == option and not any(each.is_set for each in chosen.parameters)
    assert chosen.about and "source:" not in chosen.about


def test_an_experiment_brings_its_own_sources(tmp_path, monkeypatch):
    import shutil

    folder = tmp_path / "configs"
    shutil.copytree(config_folder(), folder)
    text = "# @package _global_\n# Ours\nhost:\n  porosity: 0.7  # source: P, ours\n"
    (folder / "experiment/ours.yaml").write_text(text)
    monkeypatch.setenv("PHASEFIELD_CONFIGS", str(folder))
    monkeypatch.setattr(sources, "config_folder", lambda: folder)
    of = found(["experiment=ours"], "phasefield simulate experiment=ours")
    assert of["host", "porosity"].source == "P, ours"
    assert found(["experiment=ours"])["host", "porosity"].source == SET
    of = found(["experiment=ours", "host.porosity=0.5"], "phasefield simulate experiment=ours host.porosity=0.5")
    assert of["host", "porosity"].source == SET


def test_comments_are_read_as_yaml_reads_them(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text(
        "# @package some.place\n# What it is\n"
        "plain: 1.0e6  # source: U # and more\nquoted: 'no # comment'\nboth: \"a # b\"  # yes\n"
        "pair: [1, # inside\n  2]  # after\nnone:  # nothing there\n"
        "block:\n  - a: 1  # first\n    b: {c: 2}  # flow\n  - a: ${x.y}  # second\n"
    )
    comments = {key: each.comment for key, each in sources.read_file(path).items()}
    assert comments == {
        "some.place.plain": "source: U # and more",
        "some.place.quoted": "",
        "some.place.both": "yes",
        "some.place.pair": "after",
        "some.place.none": "nothing there",
        "some.place.block[0].a": "first",
        "some.place.block[0].b": "flow",
        "some.place.block[1].a": "second",
    }


def test_materials_that_the_host_lacks_are_left_out():
    text = to_yaml(compose(["host=cnt"]))
    names = [group.option for group in sources.parameters(text) if group.name == "material"]
    assert names == ["cnt", "cu"]


def test_what_counts_as_the_same_value():
    assert all(sources.same(*pair) for pair in [(45, 45.0), ("1.0e6", 1e6), ([1, 2], [1.0, 2]), ("a", "a")])
    assert not any(sources.same(*pair) for pair in [(1, True), (None, 0), (1, "b"), ([1], [1, 1]), (0.46, 0.460001)])


@pytest.mark.parametrize(
    "text", ["", "[", "just words", "host: 3", "- 1", "!!python/object:os.system {}", "a: &a [*a]"]
)
def test_a_file_that_is_no_configuration_gives_no_parameters_or_harmless_ones(text):
    assert all(each.is_set for group in sources.parameters(text) for each in group.parameters)


def test_the_letters_are_explained():
    letters = sources.legend()
    assert all(f"{letter} = " in letters for letter in ("A", "A-ESI", "B", "C", "P", "D", "U", "E"))
    assert yaml.safe_load((config_folder() / "main.yaml").read_text())  # the head is still a comment


@pytest.mark.parametrize("protocol", options("protocol"))
def test_every_number_of_a_protocol_has_its_source(protocol):
    """Through references into its own list of steps, and where a list takes the place of that of its base."""
    counter = ["counter=ncm622"] if protocol in ("anode_free", "full_cell") else []
    text = to_yaml(compose([f"protocol={protocol}", *counter]))
    (group,) = (each for each in sources.parameters(text, f"simulate protocol={protocol}") if each.name == "protocol")
    assert group.option == protocol and len(group.parameters) > 5
    assert not [each for each in group.parameters if each.is_set]
