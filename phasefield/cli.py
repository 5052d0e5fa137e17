"""The `phasefield` command: simulate, host, plot, compare."""

import argparse
import json
import logging
import os
import sys
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode

import phasefield
from phasefield import config as schema
from phasefield.conduction import ConductionError
from phasefield.config import ConfigError
from phasefield.host import HostError
from phasefield.plotting.compare import ComparisonError
from phasefield.simulate import SimulationError
from phasefield.snapshots import SnapshotError

EXPECTED = (ConfigError, HostError, SnapshotError, ComparisonError, ConductionError, SimulationError, OSError)

HELP = """\
usage: phasefield COMMAND ...

Phase-field simulation of lithium plating in 3D host electrodes.

commands:
  simulate [OVERRIDES]     run a simulation (the default: LLTO@CNT in 3D, plated to 4 mAh/cm2)
  host [OVERRIDES]         generate the host of a simulation, draw and measure it
  plot RUN                 draw the figures of a run
  compare RUN RUN ...      put runs side by side, as a figure and as a table

options:
  --version, --help        `phasefield COMMAND --help` explains a command
"""

SIMULATE_HELP = """\
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


class _Failed(Exception):
    """A job of a sweep that failed, its reason already printed."""


def main(arguments: list[str] | None = None) -> int:
    """Exit code of `phasefield ARGUMENTS`; those of the process if not given."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    commands = {"simulate": _simulate, "host": _host, "plot": _plot, "compare": _compare}
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(HELP, end="")
        return 0
    if arguments[0] in ("-V", "--version"):
        print(f"phasefield {phasefield.__version__}")
        return 0
    command, *rest = arguments
    try:
        if command not in commands:
            guess = schema.nearest(command, list(commands))
            raise ConfigError(
                f"'{command}' is not a command; "
                + (f"did you mean {guess}?" if guess else f"use {', '.join(commands)}")
            )
        return commands[command](rest)
    except EXPECTED as error:
        return _report(error)
    except _Failed:
        return 1
    except KeyboardInterrupt:
        print("Interrupted; what has been written is whole.", file=sys.stderr)
        return 130


def _report(error: Exception) -> int:
    print(f"Error: {error}", file=sys.stderr)
    return 1


# ---------------------------------------------------------------- simulate


def _simulate(arguments: list[str]) -> int:
    if "--help" in arguments or "-h" in arguments:
        print(SIMULATE_HELP.format(groups=_groups_in_words()), end="")
        return 0
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
    except (_Failed, KeyboardInterrupt):
        raise
    except Exception as error:
        explained = schema.explained(error)
        if not isinstance(explained, EXPECTED):
            raise
        return _report(explained)
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
        return _report(schema.explained(error))
    return 0


def _job_of_sweep(composed) -> None:
    if _job(composed):
        raise _Failed


def _groups_in_words() -> str:
    return "\n".join(f"  {group:12s} {', '.join(schema.options(group))}" for group in schema.groups())


# ---------------------------------------------------------------- host, plot, compare


def _host(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        "phasefield host", description="Generate the host of a simulation, draw it, print and save its measures."
    )
    parser.add_argument(
        "overrides", nargs="*", metavar="KEY=VALUE", help="as for simulate: host=llto host.porosity=0.6"
    )
    parser.add_argument(
        "-o", "--output", type=Path, default=Path(), metavar="FOLDER", help="for host.png and host.json"
    )
    options = parser.parse_args(arguments)
    config = schema.compose(options.overrides)

    from phasefield import build, device
    from phasefield.host import describe
    from phasefield.plotting import style
    from phasefield.plotting.host import host_figure

    device.prepare(config.device)
    geometry = build.geometry(config)
    report = describe(
        geometry,
        build.phases(config, geometry.names),
        config.electrolyte.conductivity_S_m,
        bruggeman_exponent=config.electrolyte.bruggeman_exponent,
        lithiation=dict(zip(geometry.names, build.lithiation(config, geometry.names), strict=True)),
    )
    for name, value in report.rows():
        print(f"{name:36s} {value}")
    for note in [*build.grid_shape(config)[1], *report.notes]:
        print("Note:", note)
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "host.json").write_text(json.dumps(report.to_dict(), indent=2) + "\n")
    for path in [*style.save(host_figure(geometry, report), options.output / "host.png"), options.output / "host.json"]:
        print("Written:", path)
    return 0


def _plot(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser("phasefield plot", description="Draw the figures of a run.")
    parser.add_argument("run", type=Path, help="folder of the run, or its run.vtkhdf")
    parser.add_argument("--capacities", nargs="+", type=float, metavar="Q", help="to show, in mAh/cm2")
    parser.add_argument("-o", "--output", type=Path, metavar="FOLDER", help="default: figures/ beside the run")
    parser.add_argument("--pdf", action="store_true", help="PDF as well as PNG")
    options = parser.parse_args(arguments)
    from phasefield.plotting import plot_run

    folder = options.run if options.run.is_dir() else options.run.parent
    for path in plot_run(options.run, options.output or folder / "figures", options.capacities, options.pdf):
        print("Written:", path)
    return 0


def _compare(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        "phasefield compare", description="Put runs side by side on shared scales, with a table of their measures."
    )
    parser.add_argument("runs", nargs="+", type=Path, help="folders of the runs")
    parser.add_argument("-o", "--output", type=Path, default=Path("comparison.png"), metavar="FILE")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="one row of measures a run")
    parser.add_argument("--capacities", nargs="+", type=float, default=(1, 2, 4), metavar="Q", help="in mAh/cm2")
    parser.add_argument("--labels", nargs="+", metavar="NAME", help="of the runs; default: names of their folders")
    options = parser.parse_args(arguments)
    from phasefield.plotting import compare_runs

    folders = [run if run.is_dir() or not run.exists() else run.parent for run in options.runs]
    for path in compare_runs(folders, options.output, options.csv, options.capacities, options.labels):
        print("Written:", path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
