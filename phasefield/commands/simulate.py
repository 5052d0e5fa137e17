"""`phasefield simulate`: one run, or the runs of a sweep, by Hydra."""

import logging
import os
import sys

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode

from phasefield import config as schema
from phasefield.commands import EXPECTED, Failed, checks, report

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

`phasefield simulate --cfg job` prints the whole configuration, `--hydra-help` what else Hydra can do.
"""


def main(arguments: list[str]) -> int:
    """Exit code of `phasefield simulate ARGUMENTS`."""
    if "--help" in arguments or "-h" in arguments:
        print(HELP.format(groups=_groups_in_words()), end="")
        return 0
    checks.before_hydra(arguments)
    logging.getLogger("jax").setLevel(logging.WARNING)
    if not any(argument.startswith("-") for argument in arguments):
        schema.compose([each for each in arguments if not each.startswith("hydra.")])  # before a folder is made
    failures: list[int] = []
    job = hydra.main(version_base="1.3", config_path=str(schema.config_folder()), config_name="main")(
        lambda composed: failures.append(_job(composed)) if _single() else _job_of_sweep(composed)
    )
    before = sys.argv, os.environ.get("HYDRA_FULL_ERROR")
    sys.argv = ["phasefield simulate", *schema.added_materials(), *arguments]
    os.environ["HYDRA_FULL_ERROR"] = "1"  # errors come to us as they are, and are explained here
    try:
        job()
    except SystemExit as stop:
        return int(stop.code or 0) if isinstance(stop.code, int | None) else 1
    except (Failed, KeyboardInterrupt):
        raise
    except Exception as error:
        explained = schema.explained(error)
        if not isinstance(explained, EXPECTED):
            raise
        return report(explained)
    finally:
        sys.argv = before[0]
        if before[1] is None:
            del os.environ["HYDRA_FULL_ERROR"]
    return max(failures, default=0)


def _single() -> bool:
    return HydraConfig.get().mode != RunMode.MULTIRUN


def _job(composed) -> int:
    """Exit code of one run."""
    logging.getLogger("jax").setLevel(logging.WARNING)  # in a worker of a sweep too
    from phasefield.experiment import run_experiment

    try:
        run_experiment(schema.from_hydra(composed), HydraConfig.get().runtime.output_dir)
    except EXPECTED as error:
        checks.remove_if_empty(HydraConfig.get().runtime.output_dir)
        return report(schema.explained(error))
    return 0


def _job_of_sweep(composed) -> None:
    if _job(composed):
        raise Failed


def _groups_in_words() -> str:
    return "\n".join(f"  {group:12s} {', '.join(schema.options(group))}" for group in schema.groups())
