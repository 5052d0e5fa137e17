"""XDMF views of a run hold the numbers of its file, for VTK and for HDF5, wherever the folder is."""

import shutil
import xml.etree.ElementTree as ElementTree

import h5py
import numpy as np
import pytest

from phasefield import snapshots
from phasefield.snapshots import SnapshotError
from phasefield.units import um
from phasefield.xdmf import export_xdmf

SHAPES = [(10, 6), (7, 4, 5)]


def field(shape, index):
    """Values that tell every cell and every snapshot apart."""
    return (np.arange(np.prod(shape)).reshape(shape) + 1000 * index).astype("f4")


def write(folder, shape, count=3):
    path = folder / "run.vtkhdf"
    snapshots.create(path, shape, um, {"pore_fraction": field(shape, -1)}, {"phase": "f4", "nucleated": bool}, {})
    for i in range(count):
        snapshots.append(path, 100.0 * i, 0.0, {"phase": field(shape, i), "nucleated": field(shape, i) % 2 == 1})
    return path


def read_with_vtk(path):
    """Per time step name -> array (z, y, x), and origin and spacing, as VisIt and old ParaView see them."""
    xdmf = pytest.importorskip("vtkmodules.vtkIOXdmf2")
    from vtkmodules.util.numpy_support import vtk_to_numpy
    from vtkmodules.vtkCommonExecutionModel import vtkStreamingDemandDrivenPipeline as Pipeline

    reader = xdmf.vtkXdmfReader()
    reader.SetFileName(str(path))
    reader.UpdateInformation()
    steps = {}
    for time in reader.GetOutputInformation(0).Get(Pipeline.TIME_STEPS()):
        reader.UpdateTimeStep(time)
        image = reader.GetOutputDataObject(0)
        nx, ny, nz = (n - 1 for n in image.GetDimensions())
        data = image.GetCellData()
        arrays = {data.GetArrayName(i): vtk_to_numpy(data.GetArray(i)) for i in range(data.GetNumberOfArrays())}
        steps[time] = {name: values.reshape(nz, ny, nx).copy() for name, values in arrays.items()}
    return steps, image.GetOrigin(), image.GetSpacing()


@pytest.mark.parametrize("shape", SHAPES)
def test_vtk_reads_the_same_numbers(tmp_path, shape):
    steps, origin, spacing = read_with_vtk(export_xdmf(write(tmp_path, shape))[0])
    assert sorted(steps) == [0, 100, 200]
    assert origin == (0, 0, 0) and spacing == pytest.approx((um, um, um))
    for time, arrays in steps.items():
        assert set(arrays) == {"pore_fraction", "phase", "nucleated"}
        np.testing.assert_array_equal(arrays["phase"].reshape(shape), field(shape, time / 100))
        np.testing.assert_array_equal(arrays["nucleated"].reshape(shape), field(shape, time / 100) % 2)
        np.testing.assert_array_equal(arrays["pore_fraction"].reshape(shape), field(shape, -1))


def items(text, folder):
    """Time -> name -> values of a run's XDMF, read by hand."""
    found = {}
    for grid in ElementTree.parse(text).iter("Grid"):
        if grid.get("GridType") != "Uniform":
            continue
        time = float(grid.find("Time").get("Value"))
        for attribute in grid.iter("Attribute"):
            item = attribute.find("DataItem")
            name, place = item.text.strip().split(":")
            with h5py.File(folder / name) as file:
                values = file[place][:]
            assert list(values.shape) == [int(n) for n in item.get("Dimensions").split()]
            assert values.dtype.itemsize == int(item.get("Precision"))
            found.setdefault(time, {})[attribute.get("Name")] = values
    return found


@pytest.mark.parametrize("shape", SHAPES)
def test_a_moved_folder_still_holds_the_numbers_and_the_run_is_not_touched(tmp_path, shape, monkeypatch):
    (tmp_path / "here").mkdir()
    path = write(tmp_path / "here", shape)
    before = path.read_bytes()
    written = export_xdmf(path)
    assert path.read_bytes() == before
    assert written[1].stat().st_size < 60_000  # views, no copies
    shutil.move(tmp_path / "here", tmp_path / "there")
    monkeypatch.chdir("/")
    found = items(tmp_path / "there/run.xdmf", tmp_path / "there")
    assert sorted(found) == [0, 100, 200]
    for time, arrays in found.items():
        np.testing.assert_array_equal(arrays["phase"].reshape(shape), field(shape, time / 100))
        np.testing.assert_array_equal(arrays["pore_fraction"].reshape(shape), field(shape, -1))


def test_an_output_elsewhere_points_back(tmp_path):
    (tmp_path / "run").mkdir()
    path = write(tmp_path / "run", SHAPES[1])
    written = export_xdmf(path, tmp_path / "for visit" / "other & more.xdmf")
    assert [each.name for each in written] == ["other & more.xdmf", "other & more.views.h5"]
    found = items(written[0], written[0].parent)
    np.testing.assert_array_equal(found[100]["phase"], field(SHAPES[1], 1))
    assert str(tmp_path) not in written[0].read_text()


def test_what_cannot_be_exported_is_refused(tmp_path):
    path = write(tmp_path, SHAPES[0], count=0)
    with pytest.raises(SnapshotError, match="no snapshots"):
        export_xdmf(path)
    with pytest.raises(SnapshotError, match=r"ends in \.xdmf"):
        export_xdmf(path, tmp_path / "run.h5")
