"""`phasefield simulate`: one run, or the runs of a sweep, by Hydra."""

import logging
import os
import sys
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import OmegaConf

from phasefield import config as schema
from phasefield import gpus, status, sweep
from phasefield.commands import EXPECTED, Failed, checks, in_words, print_failure

HELP = """\
usage: phasefield simulate [KEY=VALUE ...] [--multirun]

Run a simulation. Without overrides: the LLTO@CNT host in 3D, plated to 4 mAh/cm2 at 0.5 mA/cm2.

groups, one option each, as in `phasefield simulate host=cu grid=quick`:
{groups}

common overrides:
  host.porosity=0.6                        a fraction
  host.thickness_um=60
  host.solid=llto host.coating=cnt         any file of configs/material
  host=image host.image.path=host.tif host.image.voxel_um=0.5 'host.image.labels={{0:pore,1:llto}}'
  electrolyte.concentration_mol_L=1        electrolyte.transference_number=0.7
  protocol.current_density_mA_cm2=2        protocol.capacity_mAh_cm2=1
  protocol.insertion=true                  the host takes up lithium during the run
  material.llto.nucleation_overpotential_mV=[61,30]
  lithium.exchange_current_density_A_m2=10
  grid.spacing_um=0.5                      grid.width_um=48         grid.dimensions=2
  seed=1                                   device=auto|cpu|gpu      precision=float64|float32
  devices=4                                one box over four of them
  hydra.run.dir=outputs/mine               where the files go

several runs:
  phasefield simulate --multirun host=cu,cnt,llto,llto_cnt seed=0,1
  phasefield simulate experiment=four_substrates
  phasefield simulate --multirun launch=one_node ...   one run a GPU;  launch=slurm   one job a run

The same line again leaves what is finished, goes on with what was cut, and tries again what failed.

`phasefield simulate --cfg job` prints the whole configuration, `--hydra-help` what else Hydra can do.
"""


OmegaConf.register_new_resolver("folder_name", sweep.folder_name, replace=True)
OmegaConf.register_new_resolver("jobs_at_once", sweep.jobs_at_once, replace=True)

_sweeps: list[Path] = []  # that this process has started


class Sweep(Callback):
    """Hears from Hydra which folder a sweep goes to."""

    def on_multirun_start(self, config, **kwargs) -> None:
        _sweeps.append(Path(config.hydra.sweep.dir))


LISTENER = f"+hydra.callbacks.sweep._target_={Sweep.__module__}.{Sweep.__name__}"


def main(arguments: list[str]) -> int:
    """Exit code of `phasefield simulate ARGUMENTS`."""
    if "--help" in arguments or "-h" in arguments:
        print(HELP.format(groups=_groups_in_words()), end="")
        return 0
    checks.before_hydra(arguments)
    logging.getLogger("jax").setLevel(logging.WARNING)
    arguments = sorted(arguments, key=lambda each: each not in ("-m", "--multirun"))  # argparse wants flags first
    own = [each for each in arguments if not each.startswith(("hydra.", "-"))]
    if not any(argument.startswith("-") for argument in arguments):
        schema.compose(own)  # before a folder is made
    _failures.clear()
    _sweeps.clear()
    before = sys.argv, os.environ.get("HYDRA_FULL_ERROR")
    sys.argv = ["phasefield simulate", *schema.added_materials(), *arguments, LISTENER, *_named(arguments, own)]
    os.environ["HYDRA_FULL_ERROR"] = "1"  # errors come to us as they are, and are explained here
    try:
        hydra.main(version_base="1.3", config_path=str(schema.config_folder()), config_name="main")(_job)()
    except SystemExit as stop:
        return int(stop.code or 0) if isinstance(stop.code, int | None) else 1
    except Failed:
        _failures.append(1)
    except KeyboardInterrupt:
        if _sweeps:
            sweep.print_standing(_sweeps[-1])
        raise
    except Exception as error:
        explained = schema.explained(error)
        if not isinstance(explained, EXPECTED) and not _sweeps:
            raise
        _failures.append(print_failure(explained))
    finally:
        sys.argv = before[0]
        if before[1] is None:
            del os.environ["HYDRA_FULL_ERROR"]
    if _sweeps:
        _failures.append(sweep.print_standing(_sweeps[-1]))
    return max(_failures, default=0)


def _named(arguments: list[str], own: list[str]) -> list[str]:
    """Overrides that name the folder of a sweep after its line, and those of its runs after what is swept."""
    try:
        parsed = OverridesParser.create().parse_overrides(own)
    except HydraException:
        return []  # Hydra says what is wrong
    swept = [each.input_line for each in parsed if each.is_sweep_override()]
    fixed = [each.get_key_element() for each in parsed if not each.is_sweep_override()]
    named = [f"hydra.job.config.override_dirname.exclude_keys=[{','.join(fixed)}]"] if fixed else []
    if not any(each.startswith("hydra.sweep.dir=") for each in arguments):
        name = sweep.folder_name(",".join(sorted(swept)), " ".join(sorted(own)))
        named.append(f"hydra.sweep.dir='outputs/sweeps/{name}'")
    return named


_failures: list[int] = []  # exit codes of what has failed


def _job(composed) -> None:
    """One run, alone or of a sweep. A failure is printed and, in a sweep, left to its status: the other runs go on."""
    logging.getLogger("jax").setLevel(logging.WARNING)  # in a worker of a sweep too
    folder, alone = Path(HydraConfig.get().runtime.output_dir), HydraConfig.get().mode != RunMode.MULTIRUN
    try:
        config = schema.from_hydra(composed)
        if not alone and config.device != "cpu":
            gpus.claim(config.devices)
        from phasefield.experiment import run_experiment

        run_experiment(config, folder)
    except EXPECTED as error:
        explained = schema.explained(error)
        if alone:
            checks.remove_if_empty(folder)
            _failures.append(print_failure(explained))
            return
        print_failure(f"{folder.name}: {in_words(explained)}")
        if not status.read(folder):  # it did not come to a status of its own
            status.write(folder, status.FAILED, in_words(explained))
        if status.read(folder)["status"] == status.FINISHED:  # of another run: this failure is not on file
            raise Failed from None


def _groups_in_words() -> str:
    return "\n".join(f"  {group:12s} {', '.join(schema.options(group))}" for group in schema.groups())
