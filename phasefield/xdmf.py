"""A run for VisIt and older ParaView: an XDMF text and an HDF5 file of views into run.vtkhdf, which stays as it is."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import h5py
import numpy as np

from phasefield.snapshots import Run, SnapshotError, load

NUMBERS = {"f": "Float", "i": "Int", "u": "UInt"}  # kind of a numpy type -> NumberType


def export_xdmf(path, output=None) -> list[Path]:
    """Write a run as XDMF; the paths written: the text, and the file of views that it names.

    Both hold relative paths: move or copy them together with run.vtkhdf. Written again, they show later snapshots too.

    Args: path: of a run file or its folder. output: the text, ending in .xdmf; run.xdmf beside the run when not given.
    Raises: SnapshotError for a file that is no run or without snapshots, and an output that ends otherwise.
    """
    run = load(path)
    output = run.path.with_suffix(".xdmf") if output is None else Path(output)
    if output.suffix != ".xdmf":
        raise SnapshotError(f"{output} is no XDMF file: give a name that ends in .xdmf")
    if not len(run.times):
        raise SnapshotError(f"{run.path} has no snapshots to export; wait for the run to write one")
    output.parent.mkdir(parents=True, exist_ok=True)
    views = output.with_suffix(".views.h5")
    kinds = _write_views(run, views)
    output.write_text("\n".join(_lines(run, kinds, views.name)) + "\n", encoding="utf-8")
    return [output, views]


def _write_views(run: Run, path: Path) -> dict[str, np.dtype]:
    """One virtual dataset (z, y, x) a field and snapshot, in a file of views; the type of each field.

    XDMF could cut a step out of a dataset by itself, but its readers disagree on how.
    """
    source = os.path.relpath(run.path.resolve(), path.parent.resolve())
    kinds = {}
    with h5py.File(run.path, "r", locking=False) as origin, h5py.File(path, "w") as file:
        for name, dataset in origin["VTKHDF/CellData"].items():
            kinds[name] = dataset.dtype
            for index in range(len(run.times) if name in run.field_names else 1):
                whole = h5py.VirtualSource(source, dataset.name, shape=dataset.shape, maxshape=dataset.maxshape)
                layout = h5py.VirtualLayout(shape=dataset.shape[1:], dtype=dataset.dtype)
                layout[...] = whole[index]
                file.create_virtual_dataset(_place(run, name, index), layout)
    return kinds


def _place(run: Run, name: str, index: int) -> str:
    """Where the view of a field is in the file of views."""
    return f"/{index:05d}/{name}" if name in run.field_names else f"/static/{name}"


def _lines(run: Run, kinds: dict[str, np.dtype], views: str) -> Iterator[str]:
    """The XDMF text, line by line; sizes, origin and spacing are in z, y, x order."""
    deep = run.shape if len(run.shape) == 3 else (run.shape[0], 1, run.shape[1])
    yield '<?xml version="1.0" encoding="utf-8"?>'
    yield '<!DOCTYPE Xdmf SYSTEM "Xdmf.dtd" []>'
    yield '<Xdmf Version="2.0">'
    yield "<Domain>"
    yield '<Grid Name="run" GridType="Collection" CollectionType="Temporal">'
    for index, time in enumerate(run.times):
        yield f'  <Grid Name="step {index}" GridType="Uniform">'
        yield f'    <Time Value="{float(time)!r}"/>'
        yield f'    <Topology TopologyType="3DCoRectMesh" Dimensions="{_words(n + 1 for n in deep)}"/>'
        yield '    <Geometry GeometryType="ORIGIN_DXDYDZ">'
        for values in ((0.0, 0.0, 0.0), (run.spacing,) * 3):
            number = 'NumberType="Float" Precision="8"'
            yield f'      <DataItem Format="XML" {number} Dimensions="3">{_words(values)}</DataItem>'
        yield "    </Geometry>"
        for name, kind in kinds.items():
            number = f'NumberType="{NUMBERS[kind.kind]}" Precision="{kind.itemsize}"'
            if kind.kind == "u" and kind.itemsize == 1:
                number = 'NumberType="UChar" Precision="1"'
            yield f'    <Attribute Name={quoteattr(name)} AttributeType="Scalar" Center="Cell">'
            yield f'      <DataItem Format="HDF" {number} Dimensions="{_words(deep)}">'
            yield f"        {escape(views)}:{_place(run, name, index)}"
            yield "      </DataItem>"
            yield "    </Attribute>"
        yield "  </Grid>"
    yield "</Grid>"
    yield "</Domain>"
    yield "</Xdmf>"


def _words(values: Iterable) -> str:
    return " ".join(map(repr, values))
