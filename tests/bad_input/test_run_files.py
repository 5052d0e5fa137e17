"""Run files that are none, are damaged, or were made to hurt: `plot` and `compare` say so in a sentence."""

import h5py
import numpy as np
import pytest

from phasefield.cli import main


def replace_dataset(file, name, data=None, **options):
    del file[name]
    return file.create_dataset(name, data=data, **options)


def claims(file, name, shape, dtype="f4", **options):
    """A dataset that claims a shape and holds nothing."""
    replace_dataset(file, name, shape=shape, dtype=dtype, chunks=tuple(min(n, 64) for n in shape), **options)


def big_box(file):
    for axis in "zyx":
        claims(file, axis, (100_000,), "f8")
    file.attrs["dimensions"] = 3
    for name in list(file["VTKHDF/CellData"]):
        claims(file["VTKHDF/CellData"], name, (2, 100_000, 100_000, 100_000), maxshape=(None, None, None, None))


CELLS = "VTKHDF/CellData"
DAMAGE = {
    "no version": (lambda f: f.attrs.__delitem__("format_version"), ["not a run of phasefield"]),
    "version of text": (lambda f: f.attrs.__setitem__("format_version", "new"), ["cannot be read"]),
    "later version": (lambda f: f.attrs.__setitem__("format_version", 99), ["has format 99", "update"]),
    "no dimensions": (lambda f: f.attrs.__delitem__("dimensions"), ["None dimensions"]),
    "four dimensions": (lambda f: f.attrs.__setitem__("dimensions", 4), ["4 dimensions"]),
    "no cells": (lambda f: f.__delitem__(CELLS), ["not a run of phasefield"]),
    "no times": (lambda f: f.__delitem__("time"), ["damaged or no run file"]),
    "no phase": (lambda f: f.__delitem__(f"{CELLS}/phase"), ["no field 'phase'", "pore_fraction"]),
    "no pore": (lambda f: f.__delitem__(f"{CELLS}/pore_fraction"), ["no field 'pore_fraction'"]),
    "cut short": (lambda f: f[f"{CELLS}/phase"].resize(1, axis=0), ["cut short", "phase"]),
    "times of text": (lambda f: replace_dataset(f, "time", [b"a", b"b"]), ["time", "numbers"]),
    "times of nan": (lambda f: f["time"].__setitem__(1, np.nan), ["time", "not a finite number"]),
    "capacity of inf": (lambda f: f["capacity"].__setitem__(1, np.inf), ["capacity", "not a finite number"]),
    "spacing zero": (lambda f: f["VTKHDF"].attrs.__setitem__("Spacing", np.zeros(3)), ["0. 0. 0.", "m wide"]),
    "spacing text": (lambda f: f["VTKHDF"].attrs.__setitem__("Spacing", "wide"), ["m wide"]),
    "host top of text": (lambda f: f.attrs.__setitem__("host_top", "high"), ["host_top is 'high'", "number"]),
    "field of another grid": (
        lambda f: replace_dataset(f, f"{CELLS}/phase", shape=(2, 5, 1, 8), maxshape=(None, 5, 1, 8), dtype="f4"),
        ["phase has (5, 1, 8) cells", "(12, 1, 8)"],
    ),
    "field of text": (
        lambda f: replace_dataset(f, f"{CELLS}/phase", np.full((2, 12, 1, 8), b"x"), maxshape=(None, 12, 1, 8)),
        ["phase", "numbers"],
    ),
    "field a group": (lambda f: (f.__delitem__(f"{CELLS}/phase"), f.create_group(f"{CELLS}/phase")), ["phase"]),
    "history of text": (lambda f: replace_dataset(f, "history/charge", [b"a"] * 5), ["charge", "numbers"]),
    "history of nan": (lambda f: f["history/potential"].__setitem__(1, np.nan), ["potential", "not a finite"]),
    "history uneven": (lambda f: f["history/charge"].resize((2,)), ["history is uneven"]),
    "box of 1e15 cells": (big_box, ["claims", "GB"]),
    "1e12 times": (lambda f: claims(f, "time", (10**12,), "f8"), ["time claims 8e+03 GB"]),
    "1e12 rows": (lambda f: claims(f, "history/charge", (10**12,), "f8"), ["charge claims 8e+03 GB"]),
    "chunk of 2 GB": (
        lambda f: replace_dataset(
            f,
            f"{CELLS}/phase",
            shape=(2, 12, 1, 8),
            maxshape=(None,) * 4,
            chunks=(512, 1024, 1, 1024),
            dtype="f4",
            compression="gzip",
        ),
        ["phase claims 2.15 GB"],
    ),
    "field in another file": (
        lambda f: replace_dataset(
            f, f"{CELLS}/phase", shape=(2, 12, 1, 8), dtype="f4", external=[("secret", 0, h5py.h5f.UNLIMITED)]
        ),
        ["phase", "another file"],
    ),
    "link to another file": (
        lambda f: (f.__delitem__("time"), f.__setitem__("time", h5py.ExternalLink("other.h5", "/time"))),
        ["time points elsewhere"],
    ),
    "soft link": (
        lambda f: (f.__delitem__("capacity"), f.__setitem__("capacity", h5py.SoftLink("/time"))),
        ["capacity points elsewhere"],
    ),
    "virtual": (
        lambda f: (f.__delitem__("capacity"), virtual(f)),
        ["capacity", "another file"],
    ),
}


def virtual(file):
    layout = h5py.VirtualLayout((2,), "f8")
    layout[:] = h5py.VirtualSource("other.h5", "time", (2,))
    file.create_virtual_dataset("capacity", layout)


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_run_is_one_sentence(kind, refused, write_run, tmp_path):
    damage, words = DAMAGE[kind]
    (tmp_path / "secret").write_bytes(b"s" * 1000)
    with h5py.File(write_run(tmp_path / "run"), "r+") as file:
        damage(file)
    refused("plot", "run", words=["run/run.vtkhdf", *words])
    refused("compare", "run", "run", "--labels", "a", "b", words=["run/run.vtkhdf", *words])


@pytest.mark.parametrize(
    "content, words",
    [
        (None, ["does not exist", "run.vtkhdf"]),
        (b"", ["damaged or no run file"]),
        (b"no run at all", ["damaged or no run file"]),
        (b"\x89HDF\r\n\x1a\n" + b"\0" * 500, ["damaged or no run file"]),
        (b"II*\0" + b"\0" * 500, ["damaged or no run file"]),
        (b"\x80\x04cos\nsystem\n(S'touch pwned'\ntR.", ["damaged or no run file"]),
    ],
)
def test_what_is_no_run_file(content, words, refused, tmp_path):
    (tmp_path / "run").mkdir()
    if content is not None:
        (tmp_path / "run/run.vtkhdf").write_bytes(content)
    refused("plot", "run", words=["run/run.vtkhdf", *words])
    refused("plot", "run/run.vtkhdf", words=["run/run.vtkhdf", *words])
    refused("compare", "run", words=["run", *words])


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_truncated_run(share, refused, write_run, tmp_path):
    path = write_run(tmp_path / "run")
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    refused("plot", "run", words=["run/run.vtkhdf", "cannot be read", "damaged"])


def test_a_run_without_snapshots(refused, write_run, tmp_path):
    write_run(tmp_path / "run", count=0)
    refused("plot", "run", words=["run/run.vtkhdf", "no snapshots", "wait"])
    refused("compare", "run", words=["run/run.vtkhdf", "no snapshots", "wait"])


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[1, 2]", b"3", b"null", b"[" * 100_000, b"\xff\xfe", b'{"a": 1}' + b" " * 2_000_000],
    ids=["empty", "cut", "list", "number", "null", "deep", "binary", "long"],
)
def test_measures_that_are_none_leave_no_figure(content, refused, write_run, tmp_path):
    write_run(tmp_path / "run")
    (tmp_path / "run/measures.json").write_bytes(content)
    refused("compare", "run", "--csv", "table.csv", words=["run/measures.json", "leave the table out"])


@pytest.mark.parametrize("name", ["$\\frac{", "a$b", "100 %", "ä ö"])
def test_names_are_drawn_as_they_are(name, write_run, tmp_path, monkeypatch):
    """A folder or a phase may be called like the beginning of a formula."""
    monkeypatch.chdir(tmp_path)
    write_run(tmp_path / name, phase=name.replace("\\", ""))
    assert main(["plot", name]) == 0
    assert main(["compare", name, "-o", "out.png"]) == 0


def test_more_phases_than_colours(tmp_path):
    from phasefield.plotting.style import phase_colours

    assert len(phase_colours(f"phase_{i}" for i in range(100))) == 100
