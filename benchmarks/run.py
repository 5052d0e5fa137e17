"""Time the solver, print tables and write them to benchmarks/results/:

python benchmarks/run.py                             # all, on the device JAX finds: an hour or two on two cores
python benchmarks/run.py kernels iterations --largest 128
python benchmarks/run.py peers plating --device cpu  # with what the extra `peers` installs
"""

import argparse
import importlib

STUDIES = ("kernels", "iterations", "iterations_256", "runs", "ensembles", "exchange", "peers", "plating")


def main() -> None:
    parser = argparse.ArgumentParser("benchmarks", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("studies", nargs="*", metavar="STUDY", help=f"of {', '.join(STUDIES)}; all if none is named")
    parser.add_argument("--device", choices=("auto", "cpu", "gpu"), default="auto")
    parser.add_argument("--largest", type=int, metavar="N", help="leave out boxes with longer sides")
    options = parser.parse_args()
    if unknown := sorted(set(options.studies) - set(STUDIES)):
        parser.error(f"no study named {', '.join(unknown)}; there are {', '.join(STUDIES)}")

    import jax

    from phasefield import device

    jax.config.update("jax_enable_compilation_cache", False)  # or compiling would seem to take no time
    print(device.prepare(options.device))
    kind = "cpu" if jax.config.jax_default_device.platform == "cpu" else "gpu"
    for name in options.studies or STUDIES:
        importlib.import_module(name).study(kind, options.largest)


if __name__ == "__main__":
    main()
