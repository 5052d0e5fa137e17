"""Wrong words on the command line of every command."""

import pytest

CASES = [
    (["simulat"], ["'simulat' is not a command", "did you mean simulate"]),
    (["Plot"], ["'Plot' is not a command", "did you mean plot"]),
    (["run"], ["'run' is not a command", "simulate, host, impedance, plot, compare"]),
    (["--verbose"], ["'--verbose' is not a command"]),
    (["host=cu"], ["'host=cu' is not a command"]),
    (["plot"], ["run", "required", "phasefield plot --help"]),
    (["plot", "gone"], ["gone", "does not exist"]),
    (["plot", "run", "run"], ["unrecognized arguments: run", "--help"]),
    (["plot", "run", "--capacities"], ["--capacities", "at least one"]),
    (["plot", "run", "--capacities", "two"], ["--capacities", "'two' is not a capacity", "mAh/cm2"]),
    (["plot", "run", "--capacities", "1,2"], ["--capacities", "'1,2' is not a capacity", "such as 1 2 4"]),
    (["plot", "run", "--capacities", "nan"], ["--capacities", "'nan' is not a capacity"]),
    (["plot", "run", "--capacities", "inf"], ["--capacities", "'inf' is not a capacity"]),
    (["plot", "run", "--capacities", "1e400"], ["--capacities", "'1e400' is not a capacity"]),
    (["plot", "run", "--capacites", "1"], ["--capacites", "did you mean --capacities"]),
    (["plot", "run", "--cycles", "0"], ["--cycles", "'0' is not the number of a cycle", "such as 1 5 10"]),
    (["plot", "run", "--cycles", "-1"], ["--cycles", "'-1' is not the number of a cycle"]),
    (["plot", "run", "--cycles", "first"], ["--cycles", "'first' is not the number of a cycle"]),
    (["plot", "run", "--output"], ["--output", "one argument"]),
    (["plot", "run", "-o", "taken"], ["--output is 'taken'", "a file", "folder"]),
    (["plot", "run", "-o", "taken/deeper"], ["--output", "'taken' is a file"]),
    (["plot", "taken"], ["taken", "damaged or no run file"]),
    (["plot", "run", "--pdf=yes"], ["--pdf", "ignored explicit argument"]),
    (["compare"], ["runs", "required", "phasefield compare --help"]),
    (["compare", "gone", "gone_too"], ["gone", "does not exist"]),
    (["compare", "run", "--labels", "a", "b"], ["1 runs and 2 labels", "one label to each"]),
    (["compare", "run", "--labels"], ["--labels", "at least one"]),
    (["compare", "run", "--capacities", "x"], ["--capacities", "'x' is not a capacity"]),
    (["compare", "run", "--csv"], ["--csv", "one argument"]),
    (["compare", "run", "--cvs", "t.csv"], ["--cvs", "did you mean --csv"]),
    (["compare", "run", "--csv", "taken/t.csv"], ["--csv", "'taken' is a file"]),
    (["compare", "run", "-o", "taken/c.png"], ["--output", "'taken' is a file"]),
    (["compare", "run", "taken"], ["'taken' is a file", "folder of a run"]),
    (["host", "host.porosity=3"], ["host.porosity is 3", "at most 0.95"]),
    (["host", "porosity"], ["'porosity' is no override", "key=value"]),
    (["host", "--multirun", "seed=1,2"], ["unrecognized arguments: --multirun", "--help"]),
    (["host", "--outptu", "x"], ["--outptu", "did you mean --output"]),
    (["host", "-o", "taken"], ["--output is 'taken'", "a file"]),
    (["host", "host=cu,cnt"], ["host has several values"]),
    (["impedance", "host.porosity=3"], ["host.porosity is 3", "at most 0.95"]),
    (["impedance", "--multirun", "seed=1,2"], ["unrecognized arguments: --multirun", "--help"]),
    (["impedance", "-o", "taken"], ["--output is 'taken'", "a file"]),
    (["impedance", "host=cu,cnt"], ["host has several values"]),
    (
        ["host", "grid.width_um=2000", "grid.spacing_um=0.2", "host.thickness_um=20"],
        ["grid.spacing_um is 0.2", "cells", "coarser"],
    ),
]


@pytest.mark.parametrize("arguments, words", CASES, ids=lambda each: " ".join(each)[:50])
def test_a_wrong_command_is_one_sentence(arguments, words, refused, write_run, tmp_path):
    write_run(tmp_path / "run")
    (tmp_path / "taken").write_text("mine")
    refused(*arguments, words=words)


def test_a_host_larger_than_memory_is_not_begun(refused, monkeypatch):
    monkeypatch.setattr("phasefield.memory.of_computer", lambda: 1e6)
    refused("host", "grid=quick", words=["grid.spacing_um is 1", "its host needs about", "0.001 GB", "coarser"])


def test_the_wrong_command_in_a_process_of_its_own(refused_process):
    refused_process("plot", "gone", words=["gone", "does not exist"])
