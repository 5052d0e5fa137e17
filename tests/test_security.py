"""Files are data: reading a configuration, an image or a run calls nothing that is written in it."""

import pickle
import shutil
import zipfile

import numpy as np
import pytest

from phasefield import snapshots
from phasefield.cli import main
from phasefield.config import ConfigError, compose, config_folder, plain_data
from phasefield.host import HostError
from phasefield.host.image_files import open_image
from phasefield.snapshots import SnapshotError

PWNED = "pwned"  # the file that every hostile input would make if something of it ran
MATERIAL = """ionic_conductivity_S_m: [0, 0]
electronic_conductivity_S_m: [300, 300]
nucleation_overpotential_mV: [95, 95]
density_g_cm3: 1.8
insertion: null
"""


class Touch:
    """Unpickled, it makes the file."""

    def __reduce__(self):
        return open, (PWNED, "w")


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """An empty folder to run in, which holds no sign of what must not run afterwards either."""
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    assert not (tmp_path / PWNED).exists()


def test_the_payload_would_work(tmp_path, monkeypatch):
    """Without this, the other tests could not fail."""
    monkeypatch.chdir(tmp_path)
    pickle.loads(pickle.dumps(Touch())).close()
    assert (tmp_path / PWNED).exists()


CALLS = f"_target_: os.system\ncommand: touch {PWNED}\n"
HANDLER = f"""hydra:
  job_logging:
    handlers:
      file: {{(): builtins.open, file: {PWNED}, mode: w}}
"""
EXECUTABLE = [
    ("material/evil.yaml", "# @package material.evil\n" + MATERIAL + CALLS),
    ("material/evil.yaml", "# @package _global_\nhydra:\n  callbacks:\n    a:\n      _target_: builtins.open\n"),
    ("material/evil.yaml", f"# @package hydra.callbacks.a\n_target_: builtins.open\nfile: {PWNED}\nmode: w\n"),
    ("material/evil.yaml", "# @package hydra.job\nenv_set: {PATH: /tmp}\n"),
    ("material/evil.yaml", "defaults: ['/grid@hydra.job_logging: quick']\n"),
    ("material/evil.yaml", "defaults: ['override /hydra/launcher: joblib']\n"),
    ("material/evil.yaml", "# @package _global_\n" + HANDLER),
    ("material/evil.yaml", MATERIAL + f"a: !!python/object/apply:os.system ['touch {PWNED}']\n"),
    ("material/evil.yaml", MATERIAL + "a: !!python/name:os.system\n"),
    ("material/evil.yaml", MATERIAL + "a: !!python/object/apply:pathlib.Path [x]\n"),
    ("material/evil.yaml", MATERIAL + "a: !something x\n"),
    ("experiment/evil.yaml", "# @package _global_\n" + HANDLER),
    ("experiment/evil.yaml", "# @package _global_\nhydra: {job: {env_set: {LD_PRELOAD: x.so}}}\n"),
    ("experiment/evil.yaml", "# @package _global_\nhydra: {searchpath: ['pkg://os']}\n"),
    ("experiment/evil.yaml", "# @package _global_\nhydra: {callbacks: {a: {b: 1}}}\n"),
    ("experiment/evil.yaml", f"# @package _global_\nhydra: {{launcher: {{setup: [touch {PWNED}]}}}}\n"),
    ("experiment/evil.yaml", '# @package _global_\nhydra: {launcher: {partition: "x\\nrm"}}\n'),
    ("experiment/evil.yaml", "# @package _global_\nhydra: {sweeper: {params: {+hydra.callbacks.a: 1}}}\n"),
    ("experiment/evil.yaml", "# @package _global_\nhydra: [1]\n"),
    ("hydra/job_logging/evil.yaml", "version: 1\n"),
    ("hydra/launcher/evil.yaml", "setup: [touch x]\n"),
]


@pytest.fixture
def configs(tmp_path_factory, monkeypatch):
    """A copy of configs/, in which a test may put hostile files."""
    folder = tmp_path_factory.mktemp("shared") / "configs"
    shutil.copytree(config_folder(), folder)
    monkeypatch.setenv("PHASEFIELD_CONFIGS", str(folder))
    return folder


@pytest.mark.parametrize("name, content", EXECUTABLE)
def test_a_configuration_that_would_call_something(name, content, configs, elsewhere, capsys):
    (configs / name).parent.mkdir(parents=True, exist_ok=True)
    (configs / name).write_text(content)
    chosen = ["experiment=evil"] if name.startswith("experiment") else []
    for arguments in (["simulate", "host.porosity=2"], ["simulate", "--multirun", "host.porosity=2,3"], ["host"]):
        assert main([*arguments, *chosen]) == 1
        message = capsys.readouterr().err
        assert message.startswith("Error: ") and name in message and message.count("\n") == 1, message
        assert "host.porosity" not in message  # refused before anything of it is composed
    assert not list(elsewhere.iterdir())


def test_what_an_experiment_may_say_of_a_sweep(configs):
    (configs / "experiment/mine.yaml").write_text(
        "# @package _global_\ndefaults:\n  - override /hydra/launcher: joblib\n"
        "hydra: {mode: MULTIRUN, launcher: {n_jobs: 2}, sweeper: {params: {seed: '0,1'}}, sweep: {dir: a, subdir: b}}\n"
    )
    (configs / "hydra/launcher").mkdir(parents=True)
    (configs / "hydra/launcher/mine.yaml").write_text("defaults: [joblib]\nn_jobs: 2\n")
    plain_data.check(configs)


def test_the_files_that_come_with_the_package_are_data():
    plain_data.check(config_folder())


@pytest.mark.parametrize("levels", [9, 40])
def test_aliases_that_multiply(levels, configs):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, levels)]
    (configs / "material/evil.yaml").write_text("\n".join(lines))
    with pytest.raises(ConfigError, match="aliases make more than"):
        plain_data.check(configs)


def test_an_alias_of_what_it_stands_in(configs):
    (configs / "material/evil.yaml").write_text("a: &a [*a]\n")
    with pytest.raises(ConfigError, match="material/evil"):
        plain_data.check(configs)


@pytest.mark.parametrize(
    "text", ["${oc.env:HOME}", "x${oc.env:HOME}y", "${oc.decode:1}", "${now:%Y}", "${hydra:job.name}", "${ oc.env:A}"]
)
def test_a_configuration_calls_no_function(text):
    """What a run file holds of the configuration may be handed on: nothing of the environment gets into it."""
    with pytest.raises(ConfigError, match="calls no function"):
        compose([f"host.name='{text}'"])


def test_a_target_in_a_configuration_is_a_wrong_key():
    for key in ("+_target_", "+host._target_", "+material.cu._target_"):
        with pytest.raises(ConfigError, match="_target_ is not a key"):
            compose([f"{key}=os.system"])


def test_hydra_reads_no_pickled_run(elsewhere, capsys):
    (elsewhere / "config.pickle").write_bytes(pickle.dumps(Touch()))
    assert main(["simulate", "--experimental-rerun", "config.pickle"]) == 1
    assert "is not an option" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["a.npy", "a.tif", "a.raw"])
def test_an_image_that_is_a_pickle(name, elsewhere):
    (elsewhere / name).write_bytes(pickle.dumps(Touch()))
    with pytest.raises(HostError):
        open_image(elsewhere / name, (3, 3), "O")


def test_an_array_of_objects(elsewhere):
    np.save(elsewhere / "a.npy", np.array([Touch()], dtype=object), allow_pickle=True)
    np.savez(elsewhere / "b.npz", a=np.array([Touch()], dtype=object))
    (elsewhere / "b.npz").rename(elsewhere / "b.npy")
    with zipfile.ZipFile(elsewhere / "c.npy", "w") as file:
        file.writestr("a.npy", pickle.dumps(Touch()))
    for name in "abc":
        with pytest.raises(HostError, match=f"{name}.npy"):
            open_image(elsewhere / f"{name}.npy")


def test_a_run_that_is_a_pickle(elsewhere, capsys):
    (elsewhere / "run.vtkhdf").write_bytes(pickle.dumps(Touch()))
    with pytest.raises(SnapshotError):
        snapshots.load(elsewhere)
    assert main(["plot", "."]) == 1 and main(["compare", "."]) == 1


def test_what_a_run_says_of_itself_is_only_text(elsewhere):
    """Configuration and command line of a run are read as text, whatever they say."""
    said = {
        "config": CALLS,
        "command_line": f"$(touch {PWNED})",
        "versions": f"__import__('os').system('touch {PWNED}')",
    }
    path = elsewhere / "run.vtkhdf"
    pore = np.full((4, 4), 0.5)
    snapshots.create(path, (4, 4), 1e-6, {"pore_fraction": pore}, {"phase": "f4"}, said)
    snapshots.append(path, 0.0, 0.0, {"phase": 0 * pore})
    run = snapshots.load(path)
    assert {name: run.metadata[name] for name in said} == said


@pytest.mark.parametrize("name", ["$(touch pwned)", "; touch pwned", "`touch pwned`", "__import__('os')"])
def test_a_folder_that_reads_like_a_command(name, elsewhere, capsys):
    assert main(["plot", name]) == 1
    assert main(["simulate", "host.porosity=2", f"hydra.run.dir={name}"]) == 1
    assert "Error: " in capsys.readouterr().err
