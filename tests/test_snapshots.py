"""What is written is read back: by us, by VTK, by xarray; and what is no run file is refused clearly."""

import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from phasefield import snapshots
from phasefield.snapshots import SnapshotError
from phasefield.units import mAh_per_cm2, um

SHAPES = [(10, 6), (70, 4, 5)]  # 2D; 3D, over one chunk high
METADATA = {"config": "grid: {}\n" * 20_000, "seed": 3, "dtype": "float64", "host_bottom": 2 * um, "host_top": 8 * um}


def field(shape, index):
    """Values that tell every cell and every snapshot apart."""
    return (np.arange(np.prod(shape)).reshape(shape) + 1000 * index).astype("f4")


def pores(shape):
    return np.linspace(0, 1, np.prod(shape)).reshape(shape)


def write(path, shape, count):
    snapshots.create(
        path, shape, um, {"pore_fraction": pores(shape)}, {"phase": np.float32, "nucleated": bool}, METADATA
    )
    for i in range(count):
        fields = {"phase": field(shape, i), "nucleated": field(shape, i) % 2 == 1}
        snapshots.append(path, 100.0 * i, i * mAh_per_cm2, fields)
    return path


def read_with_vtk(path):
    """Time steps, and per step name -> array (z, y, x), as ParaView sees them."""
    hdf = pytest.importorskip("vtkmodules.vtkIOHDF")
    from vtkmodules.util.numpy_support import vtk_to_numpy
    from vtkmodules.vtkCommonExecutionModel import vtkStreamingDemandDrivenPipeline as Pipeline

    reader = hdf.vtkHDFReader()
    reader.SetFileName(str(path))
    reader.UpdateInformation()
    times = list(reader.GetOutputInformation(0).Get(Pipeline.TIME_STEPS()) or ())
    steps = []
    for time in times:
        reader.UpdateTimeStep(time)
        image = reader.GetOutputDataObject(0)
        nx, ny, nz = (n - 1 for n in image.GetDimensions())
        data = image.GetCellData()
        arrays = {data.GetArrayName(i): vtk_to_numpy(data.GetArray(i)) for i in range(data.GetNumberOfArrays())}
        steps.append({name: values.reshape(nz, ny, nx).copy() for name, values in arrays.items()})
    return times, steps


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("count", [1, 2, 3])
def test_vtk_sees_every_step(tmp_path, shape, count):
    times, steps = read_with_vtk(write(tmp_path / "run.vtkhdf", shape, count))
    assert sorted(set(times)) == [100.0 * i for i in range(count)]
    for time, step in zip(times, steps, strict=True):
        np.testing.assert_array_equal(step["phase"].reshape(shape), field(shape, time / 100))
        np.testing.assert_array_equal(step["nucleated"].reshape(shape), field(shape, time / 100) % 2)
        np.testing.assert_array_equal(step["pore_fraction"].reshape(shape), pores(shape))


@pytest.mark.parametrize("shape", SHAPES)
def test_reads_back_what_was_written(tmp_path, shape):
    run = snapshots.load(write(tmp_path / "run.vtkhdf", shape, 3))
    assert (run.shape, run.host_bottom, run.host_top) == (shape, 2 * um, 8 * um)
    assert run.spacing == pytest.approx(um)
    np.testing.assert_array_equal(run.times, [0, 100, 200])
    np.testing.assert_array_equal(run.capacities, np.arange(3) * mAh_per_cm2)
    np.testing.assert_array_equal(run.static["pore_fraction"], pores(shape))
    assert run.metadata["config"] == METADATA["config"] and run.metadata["seed"] == 3
    for i in (0, 2, -1):
        np.testing.assert_array_equal(run.field("phase", i), field(shape, i % 3))
    middle = field(shape, 1)[:, shape[1] // 2] if len(shape) == 3 else field(shape, 1)
    np.testing.assert_array_equal(run.section("phase", 1), middle)
    assert [run.nearest(capacity=q) for q in (0.4, 0.6, 9.0)] == [0, 1, 2]
    assert run.history == {}


def test_a_folder_is_its_run_file(tmp_path):
    write(tmp_path / "run.vtkhdf", (10, 6), 1)
    assert snapshots.load(tmp_path).path.name == "run.vtkhdf"


def test_history_grows(tmp_path):
    path = write(tmp_path / "run.vtkhdf", (10, 6), 1)
    for start in (0, 3):
        time = np.arange(start, start + 3)
        snapshots.append_history(path, {"time": time, "potential": -0.01 * time})
    history = snapshots.load(path).history
    np.testing.assert_array_equal(history["time"], np.arange(6))
    np.testing.assert_allclose(history["potential"], -0.01 * np.arange(6))
    with h5py.File(path) as file:
        assert file["history/potential"].attrs["units"] == "V"
    with pytest.raises(SnapshotError, match="keeps the history of"):
        snapshots.append_history(path, {"time": [9.0]})
    with pytest.raises(SnapshotError, match=r"voltage.*choose from"):
        snapshots.append_history(path, {"time": [9.0], "voltage": [0.0]})
    with pytest.raises(SnapshotError, match="one length"):
        snapshots.append_history(path, {"time": [9.0], "potential": [0.0, 0.0]})


@pytest.mark.parametrize("keep", [0, 1, 2])
def test_truncate_then_append_is_as_if_never_cut(tmp_path, keep):
    shape = SHAPES[1]
    path = write(tmp_path / "run.vtkhdf", shape, 4)
    snapshots.append_history(path, {"time": np.arange(5.0)})
    snapshots.truncate(path, keep, 2)
    assert len(snapshots.load(path).times) == keep and len(snapshots.load(path).history["time"]) == 2
    fields = {"phase": field(shape, 7), "nucleated": field(shape, 7) % 2 == 1}
    snapshots.append(path, 700.0, mAh_per_cm2, fields)
    snapshots.append_history(path, {"time": [2.0]})
    times, steps = read_with_vtk(path)
    assert sorted(set(times)) == [100.0 * i for i in range(keep)] + [700.0]
    np.testing.assert_array_equal(steps[-1]["phase"], field(shape, 7))
    np.testing.assert_array_equal(snapshots.load(path).history["time"], [0, 1, 2])
    with pytest.raises(SnapshotError, match="cannot keep"):
        snapshots.truncate(path, 9, 0)


def test_a_viewer_may_hold_the_file(tmp_path):
    path = write(tmp_path / "run.vtkhdf", (10, 6), 1)
    hold = "import h5py, sys; f = h5py.File(sys.argv[1], 'r', locking=True); print('held', flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", hold, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as viewer:
        assert viewer.stdout.readline() == b"held\n"
        snapshots.append(path, 1.0, 0.0, {"phase": field((10, 6), 1), "nucleated": field((10, 6), 1) > 1})
        viewer.communicate(b"\n")
    assert len(snapshots.load(path).times) == 2


def test_a_run_killed_while_it_appends_keeps_its_snapshots(tmp_path):
    path = write(tmp_path / "run.vtkhdf", (10, 6), 2)
    killed = """if True:
        import os, sys
        import numpy as np
        from phasefield import snapshots
        snapshots.writing._declare = lambda *_: os._exit(9)
        snapshots.append(sys.argv[1], 900.0, 0.0, {"phase": np.ones((10, 6)), "nucleated": np.ones((10, 6))})
    """
    root = str(Path(snapshots.__file__).parents[2])
    assert subprocess.run([sys.executable, "-c", killed, path], cwd=root).returncode == 9
    np.testing.assert_array_equal(snapshots.load(path).times[:2], [0, 100])
    snapshots.truncate(path, 2, 0)
    snapshots.append(path, 200.0, 0.0, {"phase": field((10, 6), 2), "nucleated": field((10, 6), 2) > 1})
    np.testing.assert_array_equal(snapshots.load(path).field("phase", 2), field((10, 6), 2))


def test_xarray_reads_the_same_file(tmp_path):
    xarray = pytest.importorskip("xarray")
    pytest.importorskip("h5netcdf")
    path = write(tmp_path / "run.vtkhdf", SHAPES[1], 3)
    snapshots.append_history(path, {"time": np.arange(5.0), "potential": np.arange(5.0)})
    with xarray.open_dataset(path, engine="h5netcdf", group="VTKHDF/CellData") as cells:
        assert cells.phase.dims == ("time", "z", "y", "x") and cells.pore_fraction.dims[0] == "static_time"
        np.testing.assert_array_equal(cells.phase[2], field(SHAPES[1], 2))
    with xarray.open_dataset(path, engine="h5netcdf") as root:
        np.testing.assert_array_equal(root.time, [0, 100, 200])
        assert root.capacity.dims == ("time",)
    with xarray.open_dataset(path, engine="h5netcdf", group="history") as history:
        assert history.potential.dims == ("time",)


def test_a_step_that_does_not_fit_is_refused(tmp_path):
    path, good = write(tmp_path / "run.vtkhdf", (10, 6), 2), field((10, 6), 0)
    for fields, message in [
        ({"phase": good}, "keeps the fields"),
        ({"phase": good.T, "nucleated": good}, r"shape \(6, 10\)"),
    ]:
        with pytest.raises(SnapshotError, match=message):
            snapshots.append(path, 900.0, 0.0, fields)
    with pytest.raises(SnapshotError, match="does not follow"):
        snapshots.append(path, 100.0, 0.0, {"phase": good, "nucleated": good})
    assert len(snapshots.load(path).times) == 2 and len(read_with_vtk(path)[0]) == 2


def test_creation_is_all_or_nothing(tmp_path):
    path = tmp_path / "run.vtkhdf"
    for static, message in [
        ({"porosity": pores((4, 4))}, "not a known field"),
        ({"phase": pores((4, 5))}, "has shape"),
    ]:
        with pytest.raises(SnapshotError, match=message):
            snapshots.create(path, (4, 4), um, static, {}, {})
    with pytest.raises(SnapshotError, match="vtkhdf"):
        snapshots.create(tmp_path / "run.h5", (4, 4), um, {}, {}, {})
    with pytest.raises(SnapshotError, match="metadata 'mesh'"):
        snapshots.create(path, (4, 4), um, {}, {}, {"mesh": [1, 2]})
    assert list(tmp_path.iterdir()) == []


def test_damaged_and_foreign_files_are_refused(tmp_path):
    path = write(tmp_path / "run.vtkhdf", SHAPES[1], 3)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SnapshotError, match=r"run\.vtkhdf cannot be read"):
        snapshots.load(path)
    path.write_bytes(b"not a run" * 100)
    with pytest.raises(SnapshotError, match=r"run\.vtkhdf cannot be read"):
        snapshots.load(path)
    with pytest.raises(SnapshotError, match="does not exist"):
        snapshots.load(tmp_path / "absent.vtkhdf")
    with h5py.File(tmp_path / "other.vtkhdf", "w") as file:
        file["x"] = 1
    with pytest.raises(SnapshotError, match="not a run of phasefield"):
        snapshots.load(tmp_path / "other.vtkhdf")


def test_missing_and_newer_parts_are_named(tmp_path):
    path = write(tmp_path / "run.vtkhdf", (10, 6), 3)
    run = snapshots.load(path)
    with pytest.raises(SnapshotError, match="no field 'voltage'; it has"):
        run.field("voltage", 0)
    with pytest.raises(SnapshotError, match="there is none at 3"):
        run.field("phase", 3)
    with h5py.File(path, "r+") as file:
        file["VTKHDF/CellData/phase"].resize(2, axis=0)
    with pytest.raises(SnapshotError, match=r"cut short: \['phase'\]"):
        snapshots.load(path)
    with h5py.File(path, "r+") as file:
        file.attrs["format_version"] = 99
    with pytest.raises(SnapshotError, match="format 99"):
        snapshots.load(path)
