"""Wrong configurations on the command line: each is one sentence with the key, its value, what is allowed."""

import os
from pathlib import Path

import jax
import pytest
from cases import TINY

from phasefield.cli import main

PLATE = "current_density_mA_cm2: 0.5, capacity_mAh_cm2: 0.05"
STRIP = "current_density_mA_cm2: -0.5, potential_max_V: 0.5"
REST = "current_density_mA_cm2: 0, time_h: 0.1"
CYCLE = f"repeat: 2, steps: [{{{PLATE}}}, {{{STRIP}}}]"
DIGITS = "1" + "0" * 400

VALUES = [
    ("host.porosty=0.4", ["host.porosty", "host.porosity"]),
    ("+host.porosty=0.4", ["host.porosty", "host.porosity"]),
    ("host.thickness_mm=45", ["host.thickness_mm", "host.thickness_um"]),
    ("protocol.current_density_A_m2=5", ["current_density_A_m2", "current_density_mA_cm2"]),
    ("spacing_um=1", ["spacing_um", "grid.spacing_um"]),
    ("paint=blue", ["paint", "--cfg job"]),
    ("host.porosity=46", ["host.porosity is 46", "at most 0.95", "not per cent"]),
    ("host.porosity=0", ["host.porosity is 0", "at least 0.05"]),
    ("host.porosity=-0.4", ["host.porosity is -0.4", "at least 0.05"]),
    ("host.porosity=1e-3x", ["host.porosity is '1e-3x'", "a number", "try 0.46"]),
    ("host.porosity=0,46", ["host.porosity", "--multirun"]),
    ("host.porosity=true", ["host.porosity is True", "a number"]),
    ("host.porosity=[0.4]", ["host.porosity is [0.4]", "a number"]),
    ("host.porosity={a: 1}", ["host.porosity is {'a': 1}", "a number"]),
    ("host.porosity=", ["host.porosity is ''", "a number"]),
    ("host.porosity=nan", ["host.porosity is nan", "finite"]),
    ("host.porosity=null", ["host.porosity is not given", "host.kind=packed", "try 0.46"]),
    ("temperature_K=27", ["temperature_K is 27", "at least 200", "kelvin"]),
    ("temperature_K=inf", ["temperature_K is inf", "finite"]),
    ("temperature_K=1e999", ["temperature_K is inf", "finite"]),
    ("electrolyte.concentration_mol_L=1500", ["concentration_mol_L is 1500", "at most 10"]),
    ("electrolyte.transference_number=1.5", ["transference_number is 1.5", "at most 1"]),
    ("electrolyte.conductivity_S_m=0", ["conductivity_S_m is 0", "above 0", "mS/cm"]),
    ("electrolyte.diffusivity_m2_s=1", ["diffusivity_m2_s is 1", "at most 1e-06", "cm2/s"]),
    ("electrolyte=3", ["electrolyte=3", "carbonate"]),
    ("lithium.exchange_current_density_A_m2=-1", ["exchange_current_density_A_m2 is -1", "at least 0.0001"]),
    ("lithium.cathodic_transfer_coefficient=1", ["cathodic_transfer_coefficient is 1", "below 1"]),
    ("lithium.molar_volume_cm3_mol=none", ["molar_volume_cm3_mol is 'none'", "a number"]),
    ("nucleation.prefactor_per_m2_s=1e80", ["prefactor_per_m2_s is 1e+80", "at most 1e+60"]),
    ("sei.thickness_nm=-5", ["sei.thickness_nm is -5", "at least 0", "0 for none"]),
    ("sei.thickness_nm=5", ["sei.molar_volume_cm3_mol is not given", "try sei=film"]),
    ("sei=flim", ["flim", "film"]),
    ("nucleation.seed=-3", ["nucleation.seed is -3", "at least 0"]),
    ("seed=-1", ["seed is -1", "at least 0"]),
    ("seed=1.5", ["seed is 1.5", "a whole number"]),
    ("seed=true", ["seed is True", "a whole number"]),
    ("seed=99999999999999999999", ["seed is 1e+20", "at most"]),
    (f"seed={DIGITS}", ["seed is a number of hundreds of digits", "try 0"]),
    (f"grid.width_um={DIGITS}", ["grid.width_um is a number of hundreds of digits", "try 32"]),
    ("grid.width_um=1e-400", ["grid.width_um is 0", "above 0"]),
    ("grid.spacing_um=1e-30", ["grid.spacing_um is 1e-30", "at least 0.01"]),
    ("grid.dimensions=1", ["grid.dimensions is 1", "at least 2"]),
    ("grid.dimensions=2.5", ["grid.dimensions is 2.5", "a whole number"]),
    ("device=cuda", ["device is 'cuda'", "auto, cpu, gpu"]),
    ("devices=0", ["devices is 0", "at least 1"]),
    ("distributed=maybe", ["distributed is 'maybe'", "true or false"]),
    ("precision=float16", ["precision is 'float16'", "float64, float32"]),
    ("precision=64", ["precision is 64", "float64, float32"]),
    ("solver.dt_first_s=1000", ["dt_first_s", "1000", "they must rise", "try"]),
    ("solver.growth=1", ["solver.growth is 1", "above 1"]),
    ("solver.newton_iterations=0", ["newton_iterations is 0", "at least 2"]),
    ("solver.charge_tolerance=1", ["charge_tolerance is 1", "at most 0.01"]),
    ("host.name=../../elsewhere", ["host.name is '../../elsewhere'", "without slashes"]),
    ("host.name=''", ["host.name is ''", "a word"]),
    ("host.name=5", ["host.name is 5", "text"]),
    (f"host.name={'a' * 300}", ["host.name is 'aaa", "...", "a word"]),
    ("host.kind=paked", ["host.kind is 'paked'", "did you mean packed"]),
    ("host.particle_diameter_um=5", ["host.particle_diameter_um is 5", "a list of 2 values", "[5, 8]"]),
    ("host.particle_diameter_um=[8,5]", ["host.particle_diameter_um is [8.0, 5.0]", "try [5.0, 8.0]"]),
    ("host.particle_diameter_um=[5,6,7]", ["host.particle_diameter_um is [5, 6, 7]", "a list of 2"]),
    ("host.particle_flatness=2", ["particle_flatness is 2", "at most 1"]),
    ("host.diffuse_cells=-1", ["diffuse_cells is -1", "at least 0"]),
    ("host.solid=lto", ["host.solid is 'lto'", "did you mean llto"]),
    ("host.solid=null", ["host.solid is not given", "try llto"]),
    ("host.coating=gold", ["host.coating is 'gold'", "cnt, cu, llto"]),
    ("host.collector=[cu]", ["host.collector is ['cu']", "text"]),
    ("host.coating_thickness_um=3", ["host.coating_thickness_um is 3", "grid.spacing_um", "thinner"]),
    ("host.lithiation.llto=2", ["host.lithiation.llto is 2", "at most 1"]),
    ("+host.lithiation.cnt=0.5", ["host.lithiation.cnt is 0.5", "takes up no lithium", "try 0"]),
    ("host.lithiation=1", ["host.lithiation is 1", "must map names to values"]),
    ("material.llto.electronic_conductivity_S_m=[0,2]", ["electronic_conductivity_S_m is [0.0, 2.0]", "both or none"]),
    ("material.llto.insertion.sites=[]", ["insertion.sites is empty", "try"]),
    ("material.llto.insertion.sites=[{potential_V: 1, fraction: 0.5}]", ["sites", "0.5", "add up to 1"]),
    ("material.cu.electronic_conductivity_S_m=[1e-6,1]", ["material.cu.electronic_conductivity_S_m is 1e-06", "15 V"]),
    ("material.cu.electronic_conductivity_S_m=[0,0]", ["material.cu.electronic_conductivity_S_m is 0", "not pass"]),
    ("material.llto=null", ["material.llto is not given"]),
    ("material=cu", ["host.solid is 'llto'", "there are cu"]),
    ("+host._target_=os.system", ["host._target_ is not a key", "porosity"]),
    ("host.image={path: x}", ["host.image.voxel_um is missing", "host.image.labels is missing"]),
    ("host.kind=image", ["host.image is not given", "host=image"]),
    ("host=image", ["host.image.path", "host.image.voxel_um", "host.image.labels"]),
]

PROTOCOLS = [
    ("protocol.capacity_mAh_cm2=-1", ["capacity_mAh_cm2 is -1", "above 0"]),
    ("protocol.capacity_mAh_cm2=1e9", ["capacity_mAh_cm2 is 1e+09", "at most 1000"]),
    ("protocol.steps=[{potential_V: 0.1}]", ["protocol.steps[0] holds 0.1 V without an end", "time_h"]),
    ("protocol.steps=[{potential_V: 9, time_h: 1}]", ["protocol.steps[0].potential_V is 9", "at most 5"]),
    (
        "protocol.steps=[{potential_V: 0.1, current_density_mA_cm2: 1, time_h: 1}]",
        ["has both potential_V and current_density_mA_cm2", "keep one"],
    ),
    (
        "protocol.steps=[{current_density_mA_cm2: 1, time_h: 1, sweep_rate_mV_s: 1}]",
        ["sweep_rate_mV_s, which belong to a potential_V"],
    ),
    (
        "protocol.steps=[{potential_V: 0.1, sweep_rate_mV_s: 1, current_min_mA_cm2: 1}]",
        ["has both sweep_rate_mV_s and current_min_mA_cm2"],
    ),
    ("protocol.steps=[{potential_V: 0.1, sweep_rate_mV_s: 0}]", ["sweep_rate_mV_s is 0", "above 0"]),
    ("protocol.steps=[{time_h: 1}]", ["current_density_mA_cm2 is not given, nor potential_V"]),
    ("protocol=full_cell", ["protocol.steps[0] has half_cell", "counter electrode is lithium", "counter=ncm622"]),
    ("counter=ncm", ["counter", "lithium, ncm622"]),
    ("protocol.current_density_mA_cm2=0", ["capacity_mAh_cm2", "no current", "time_h"]),
    ("protocol.current_density_mA_cm2=-0.5", ["protocol.steps[0] strips", "-0.5", "positive current plates"]),
    ("protocol.current_density_mA_cm2=5000", ["current_density_mA_cm2 is 5000", "at most 1000"]),
    ("protocol.snapshot_every_mAh_cm2=1e-12", ["snapshot_every_mAh_cm2 is 1e-12", "at most 100000", "try"]),
    ("protocol.steps=[]", ["protocol.steps is empty", "at least one entry"]),
    ("protocol.steps=[1]", ["protocol.steps[0] is 1", "current_density_mA_cm2"]),
    ("protocol.steps={a: 1}", ["protocol.steps is {a: 1}", "list"]),
    ("protocol.steps=[{current_density_mA_cm2: 1}]", ["plates without an end", "capacity_mAh_cm2", "time_h"]),
    ("protocol.steps=[{current_density_mA_cm2: -1}]", ["strips without an end", "potential_max_V"]),
    ("protocol.steps=[{current_density_mA_cm2: 0}]", ["rests without an end", "time_h: 1"]),
    ("protocol.steps=[{current_density_mA_cm2: 1, potential_max_V: 1}]", ["without an end", "potential_min_V"]),
    ("protocol.steps=[{current_density_mA_cm2: -1, potential_min_V: 0}]", ["without an end", "potential_max_V"]),
    ("protocol.steps=[{time_h: 1}]", ["current_density_mA_cm2 is not given", "0 to rest"]),
    ("protocol.steps=[{curent: 1}]", ["protocol.steps[0].curent is not a key", "current_density_mA_cm2"]),
    (
        f"protocol.steps=[{{{PLATE}, potential_min_V: 1, potential_max_V: 0}}]",
        ["potential_min_V is 1", "potential_max_V, 0", "swap"],
    ),
    (f"protocol.steps=[{{{PLATE}, steps: [{{{PLATE}}}]}}]", ["steps of its own", "move these"]),
    (f"protocol.steps=[{{{PLATE}, repeat: 0}}]", ["repeat is 0", "at least 1"]),
    (f"protocol.steps=[{{steps: [{{{PLATE}}}, {{current_density_mA_cm2: -1, time_h: 9}}]}}]", ["steps[1] strips 9"]),
    (
        f"protocol.steps=[{{repeat: 100000, steps: [{{repeat: 100000, steps: [{{{PLATE}}}]}}]}}]",
        ["protocol.steps makes 1e+10 steps", "at most 100000", "repeat"],
    ),
    (
        f"protocol.steps=[{{{PLATE}, efficiency_min: 0.8}}]",
        ["protocol.steps[0].efficiency_min is 0.8", "no block", "beside repeat and steps"],
    ),
    (f"protocol.steps=[{{{CYCLE}, efficiency_min: 80}}]", ["efficiency_min is 80", "at most 1", "not per cent"]),
    (f"protocol.steps=[{{{CYCLE}, efficiency_min: -0.1}}]", ["efficiency_min is -0.1", "at least 0"]),
    (f"protocol.steps=[{{{CYCLE}, efficiency_min: nan}}]", ["efficiency_min is nan", "finite"]),
    (f"protocol.steps=[{{{CYCLE}, efficiency_min: good}}]", ["efficiency_min is 'good'", "a number"]),
    (
        f"protocol.steps=[{{repeat: 3, efficiency_min: 0.8, steps: [{{{PLATE}}}, {{{REST}}}]}}]",
        ["protocol.steps[0].efficiency_min is 0.8", "none of its steps strips", "take efficiency_min away"],
    ),
    (
        f"protocol.steps=[{{{PLATE}}}, {{efficiency_min: 0.8, steps: [{{{REST}}}, {{{STRIP}}}]}}]",
        ["protocol.steps[1].efficiency_min is 0.8", "none of its steps plates", "positive"],
    ),
    (f"protocol.steps=[{{steps: [{{{PLATE}, efficiency_min: 1}}]}}]", ["protocol.steps[0].steps[0].efficiency_min"]),
    (f"protocol.steps=[{{{CYCLE}, eficiency_min: 1}}]", ["eficiency_min is not a key", "efficiency_min"]),
    (
        "protocol.efficiency_min=0.8",
        ["protocol.efficiency_min is not given in the files", "+protocol.efficiency_min=VALUE"],
    ),
    ("protocol=cycle_1_1 protocol.rest_h=0", ["protocol.rest_h is 0", "above 0"]),
    ("protocol.insertion=2", ["protocol.insertion is 2", "true or false"]),
]

SYNTAX = [
    ("host.porosity", ["'host.porosity' is no override", "key=value"]),
    ("host.porosity==0.4", ["'host.porosity==0.4' is no override", "key=value"]),
    ("=1", ["'=1' is no override", "key=value"]),
    ("host.=1", ["'host.=1' is no override"]),
    ("host..porosity=1", ["'host..porosity=1' is no override"]),
    ("seed=${", ["'seed=${' is no override"]),
    ("host.porosity=0.4;", ["'host.porosity=0.4;' is no override", "quote"]),
    ("host.image.labels={0:pore", ["no override", "quote"]),
    ("hydra.run.dir=outputs/host=cnt", ["no override", "'hydra.run.dir=\"outputs/host=cnt\"'", "holds ="]),
    ("host=copper", ["host=copper does not exist", "cnt, cu, image, llto, llto_cnt"]),
    ("host=../material/cu", ["host=../material/cu does not exist", "choose from"]),
    ("host=/etc/passwd", ["host=/etc/passwd does not exist", "choose from"]),
    ("host=[cu,cnt]", ["host is [cu,cnt]", "one of", "--multirun"]),
    ("host=cu,cnt", ["host has several values", "--multirun"]),
    ("host=null", ["a group cannot be null", "host"]),
    ("+host=cu", ["host is chosen already", "without +"]),
    ("~host", ["host cannot be left out", "host=NAME"]),
    ("~grid.spacing_um", ["grid.spacing_um is missing", "try 1"]),
    ("grid=qick", ["grid=qick does not exist", "did you mean quick"]),
    ("experiment=figure_9", ["experiment=figure_9 does not exist", "choose from"]),
    ("host.name=${nope}", ["host.name refers to what is not there", "nope"]),
    ("host.porosity=${host.porosity}", ["host.porosity refers to what is not there", "write the value"]),
    ("host.name=${oc.env:HOME}", ["host.name is '${oc.env:HOME}'", "calls no function"]),
    ("--foo", ["'--foo' is not an option"]),
    ("--mutlirun", ["'--mutlirun' is not an option", "did you mean --multirun"]),
    ("--multirun=1", ["'--multirun=1' is not an option", "key=value"]),
    ("--cfg=jobs", ["--cfg is 'jobs'", "job, hydra, all"]),
    ("--experimental-rerun=x.pickle", ["'--experimental-rerun=x.pickle' is not an option"]),
    ("--config-dir=elsewhere", ["'--config-dir=elsewhere' is not an option"]),
    ("hydra.searchpath=[file:///tmp]", ["hydra.searchpath is not allowed"]),
    ("hydra.run.dir=", ["hydra.run.dir is empty", "outputs/mine"]),
    ("hydra.run=3", ["hydra.run is 3"]),
    ("hydra.verbos=true", ["hydra.verbos is not a key"]),
]

HOSTS = [  # what only generating the host, or the whole box, shows
    ("host.particle_diameter_um=[5,30]", ["host.particle_diameter_um is 30", "only 20 um wide", "grid.width_um"]),
    ("host.particle_diameter_um=[5,12]", ["host.particle_diameter_um is 12", "only 10 um thick", "thickness_um"]),
    ("host.pore_diameter_um=15", ["host.pore_diameter_um is 15", "only 10 um thick"]),
    ("host.particle_diameter_um=[1,2]", ["host.particle_diameter_um", "0.6 um", "two cells", "grid.spacing_um"]),
    ("host.particle_flatness=0.4", ["host.particle_flatness", "less than two cells", "grid.spacing_um"]),
    ("host.thickness_um=0.5", ["only 0.5 um thick", "host.thickness_um"]),
    ("host.porosity=0.95", ["host.porosity 0.950 cannot be met", "try a porosity"]),
    ("grid.electrolyte_um=0.1 host.thickness_um=36.9", ["host.thickness_um", "free above", "grid.electrolyte_um"]),
    ("protocol.capacity_mAh_cm2=50", ["50 mAh/cm2", "the box has room for", "electrolyte_um"]),
    ("devices=7", ["devices is 7", "try one of"]),
    ("grid.width_um=1e5 grid.spacing_um=0.1 host.coating_thickness_um=0", ["grid.spacing_um is 0.1", "coarser"]),
    ("grid.dimensions=3 grid.width_um=900 grid.electrolyte_um=900", ["grid.spacing_um is 1.25", "GB", "coarser"]),
]


@pytest.mark.parametrize("override, words", VALUES + PROTOCOLS + SYNTAX, ids=lambda each: str(each)[:50])
def test_a_wrong_override_is_one_sentence(override, words, refused):
    refused("simulate", *TINY, *(override.split() if override.startswith("protocol=") else [override]), words=words)


@pytest.mark.parametrize("overrides, words", HOSTS)
def test_what_cannot_be_built_leaves_no_folder(overrides, words, refused):
    refused("simulate", *TINY, *overrides.split(), words=words)
    assert not list(Path().iterdir())


def test_a_pristine_host_has_nothing_to_strip(refused):
    """With insertion too: its lithiation would fall below 0."""
    steps = "protocol.steps=[{current_density_mA_cm2: -1, time_h: 0.1}]"
    pristine = ["protocol.insertion=true", "protocol.start_lithiated=false"]
    refused("simulate", *TINY, *pristine, steps, words=["protocol.steps[0] strips 0.1", "at most 0", "potential_max_V"])


@pytest.mark.skipif(jax.default_backend() == "gpu", reason="there is a GPU")
def test_a_gpu_that_is_not_there(refused):
    refused("simulate", *TINY, "device=gpu", words=["device is gpu", "phasefield[cuda12]", "device=cpu"])


@pytest.mark.parametrize("way", ["run", "sweep"])
def test_a_file_where_a_folder_is_to_be(way, refused, tmp_path):
    (tmp_path / "taken").write_text("mine")
    refused("simulate", *TINY, f"hydra.{way}.dir=taken", words=[f"hydra.{way}.dir is 'taken'", "a file", "folder"])
    refused("simulate", *TINY, f"hydra.{way}.dir=taken/deeper", words=[f"hydra.{way}.dir", "'taken' is a file"])


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="no /proc")
def test_a_folder_that_cannot_be_made(refused):
    refused("simulate", *TINY, "hydra.run.dir=/proc/run", words=["/proc/run", "cannot be used", "check the path"])


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="everything may be written")
def test_a_folder_that_may_not_be_written(refused, tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    refused("simulate", *TINY, "hydra.run.dir=locked/run", words=["hydra.run.dir", "nothing may be written", "locked"])


def test_a_folder_that_was_there_keeps_what_it_held(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run").mkdir()
    (tmp_path / "run/run.vtkhdf").write_bytes(b"an earlier run")
    assert main(["simulate", *TINY, "host.particle_diameter_um=[5,30]", "hydra.run.dir=run"]) == 1
    assert (tmp_path / "run/run.vtkhdf").read_bytes() == b"an earlier run"
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes/mine.log").write_text("kept")
    assert main(["simulate", *TINY, "host.particle_diameter_um=[5,30]", "hydra.run.dir=notes"]) == 1
    assert (tmp_path / "notes/mine.log").read_text() == "kept"


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["host.porosity=2"], ["host.porosity is 2", "at most 0.95"]),
        ([*TINY, "host.particle_diameter_um=[5,30]"], ["host.particle_diameter_um is 30"]),
        (["--foo"], ["'--foo' is not an option"]),
    ],
)
def test_a_process_of_its_own_says_the_same(arguments, words, refused_process):
    refused_process("simulate", *arguments, words=words)
