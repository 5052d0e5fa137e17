"""A run on disk: one `run.vtkhdf` that ParaView, PyVista, VTK and xarray open as it is, and `Run`, its lazy reader.

The only package that imports h5py. The layout is VTKHDF 2.2 temporal ImageData with dimension scales.
A file is data: reading one evaluates nothing that is written in it. All numbers are SI.
"""

from phasefield.snapshots.quantities import FIELDS, HISTORY, Quantity, SnapshotError, describe
from phasefield.snapshots.reading import Run, load
from phasefield.snapshots.writing import append, append_history, create, truncate

__all__ = [
    "FIELDS",
    "HISTORY",
    "Quantity",
    "Run",
    "SnapshotError",
    "append",
    "append_history",
    "create",
    "describe",
    "load",
    "truncate",
]
