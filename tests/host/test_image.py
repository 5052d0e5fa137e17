"""A segmented image becomes the host it shows, or a clear error."""

from dataclasses import replace

import numpy as np
import pytest
import tifffile

from phasefield.host import HostError, ImageRequest, load_image
from phasefield.units import um

LABELS = {0: "pore", 1: "llto", 2: "cnt"}


@pytest.fixture
def volume():
    """Labels of 20 x 16 x 12 voxels: blocks of four, random, every one of them labelled."""
    blocks = np.random.default_rng(0).choice([0, 1, 2], (5, 4, 3), p=[0.5, 0.4, 0.1]).astype(np.uint8)
    return blocks.repeat(4, 0).repeat(4, 1).repeat(4, 2)


def write(path, image, **options):
    if path.suffix == ".npy":
        np.save(path, image)
    elif path.suffix == ".tif":
        tifffile.imwrite(path, image, **options)
    else:
        path.write_bytes(image.tobytes())
    return path


def request(path, **options):
    default = {
        "path": path,
        "labels": LABELS,
        "voxel_size": 1 * um,
        "shape": (30, 16, 12),
        "spacing": 1 * um,
        "collector_thickness": 3 * um,
        "diffuse_cells": 0.0,
    }
    return ImageRequest(**(default | options))


@pytest.mark.parametrize("name", ["host.tif", "host.npy", "host.raw"])
def test_round_trip(tmp_path, volume, name):
    raw = {"raw_shape": volume.shape, "raw_dtype": "uint8"} if name.endswith("raw") else {}
    host = load_image(request(write(tmp_path / name, volume), **raw))
    assert host.names == ("collector", "llto", "cnt")
    assert host.bottom == pytest.approx(3 * um) and host.top == pytest.approx(23 * um)
    assert np.allclose(host.fractions[1, 3:23], volume == 1)
    assert np.allclose(host.fractions[2, 3:23], volume == 2)
    assert np.allclose(host.fractions[0], np.arange(30)[:, None, None] < 3)
    assert np.allclose(host.pore[23:], 1)


def test_diffuse_fractions_stay_bounded_and_keep_the_porosity(tmp_path, volume):
    host = load_image(request(write(tmp_path / "host.tif", volume), diffuse_cells=1.0))
    assert host.fractions.min() >= 0 and host.fractions.sum(axis=0).max() <= 1 + 1e-12
    assert host.porosity == pytest.approx((volume == 0).mean(), abs=0.03)


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_tiff_of_other_types(tmp_path, volume, compression):
    path = write(tmp_path / "host.tif", volume.astype(np.uint16), compression=compression)
    assert np.allclose(load_image(request(path)).fractions[1, 3:23], volume == 1)


@pytest.mark.parametrize("coating", [0.0, 0.1])
def test_halves_of_cells_twice_as_large_are_the_voxels(tmp_path, volume, coating):
    path = write(tmp_path / "host.tif", volume)
    coated = {"coating_phase": "cnt", "coating_thickness": coating * um}
    halves = load_image(request(path, shape=(15, 8, 6), spacing=2 * um, diffuse_cells=0.6, **coated)).subgrid_pore
    open_ = volume == 0
    assert not halves[:3].any() and (halves[24:] == 1).all()
    if not coating:
        assert np.array_equal(halves[3:23], open_)
    else:  # walls of blocks of four voxels, each side of them in a voxel of its own
        inside = halves[3:23]
        assert not inside[~open_].any() and inside[open_].min() > 0.5 and (inside[open_] == 1).any()
        lost, walls = open_.sum() - inside.sum(), wall_faces(open_)
        assert 0.8 < lost / (coating * walls) < 1  # along edges walls count once, |grad| being that of a corner cut off


def wall_faces(open_):
    """Faces between pore and solid, periodic sideways, and of solid to what is open above."""
    sides = sum((open_ != np.roll(open_, 1, axis)).sum() for axis in (1, 2))
    return sides + (open_[1:] != open_[:-1]).sum() + (~open_[-1]).sum()


def test_cells_larger_than_voxels_hold_averages(tmp_path, volume):
    host = load_image(
        request(write(tmp_path / "host.npy", volume), spacing=2 * um, shape=(15, 8, 6), collector_thickness=2 * um)
    )
    mean = (volume == 1).reshape(10, 2, 8, 2, 6, 2).mean(axis=(1, 3, 5))
    assert np.allclose(host.fractions[1, 1:11], mean)


def test_cells_smaller_than_voxels_repeat_them(tmp_path, volume):
    host = load_image(request(write(tmp_path / "host.npy", volume), spacing=0.5 * um, shape=(60, 32, 24)))
    assert np.allclose(host.fractions[1, 6:46], (volume == 1).repeat(2, 0).repeat(2, 1).repeat(2, 2))


def test_spacing_that_is_no_multiple_keeps_the_volume(tmp_path, volume):
    spacing = 16 / 21 * um
    path = write(tmp_path / "host.npy", volume[:, :, :12].repeat(2, 2)[:, :, :16])
    host = load_image(request(path, spacing=spacing, shape=(40, 21, 21)))
    image = np.load(path)
    assert host.fractions[1, 4:].sum() * spacing**3 == pytest.approx((image == 1).sum() * um**3, rel=0.02)


def test_axis_flip_and_crop(tmp_path, volume):
    path = write(tmp_path / "host.npy", np.moveaxis(volume, 0, 2)[:, :, ::-1])
    host = load_image(request(path, axis=2, flip=True))
    assert np.allclose(host.fractions[1, 3:23], volume == 1)
    cropped = load_image(request(path, axis=2, flip=True, crop=((4, 12), (None, None), (4, 20)), shape=(30, 8, 12)))
    assert np.allclose(cropped.fractions[1, 3:19], (volume == 1)[:16, 4:12])


def test_section_of_a_volume_and_a_plane(tmp_path, volume):
    path = write(tmp_path / "host.npy", volume)
    section = load_image(request(path, crop=((None, None), (5, 6), (None, None)), shape=(30, 12)))
    assert np.allclose(section.fractions[1, 3:23], volume[:, 5] == 1)
    plane = load_image(request(write(tmp_path / "plane.tif", volume[:, 5]), shape=(30, 12)))
    assert np.array_equal(plane.fractions, section.fractions)


def test_wider_image_is_cropped_to_its_middle_and_says_so(tmp_path, volume):
    host = load_image(request(write(tmp_path / "host.npy", volume), shape=(30, 8, 12)))
    assert np.allclose(host.fractions[1, 3:23], volume[:, 4:12] == 1)
    assert any("cropped to its middle 8 um of 16 um" in note for note in host.notes)


def test_label_that_does_not_occur_is_noted(tmp_path, volume):
    host = load_image(request(write(tmp_path / "host.npy", volume), labels=LABELS | {9: "cnt"}))
    assert "label 9 (cnt) does not occur in the image" in host.notes


def test_pore_that_does_not_carry_through_is_noted(tmp_path):
    volume = np.zeros((20, 16, 12), np.uint8)
    volume[10:14] = 1
    notes = load_image(request(write(tmp_path / "host.npy", volume))).notes
    assert any("pore does not reach" in note for note in notes) and any(
        "solid does not reach" in note for note in notes
    )


def test_coating_of_an_image(tmp_path, volume):
    labels = {0: "pore", 1: "llto", 2: "llto"}
    options = {"coating_phase": "cnt", "coating_thickness": 0.1 * um, "diffuse_cells": 1.0, "labels": labels}
    host = load_image(request(write(tmp_path / "host.npy", volume), **options))
    assert host.names == ("collector", "llto", "cnt") and 0.01 < host.fractions[2, 3:23].mean() < 0.1


@pytest.mark.parametrize(
    "change, words",
    [
        ({"labels": {0: "pore", 1: "llto"}}, r"label 2 \(\d+ voxels\)"),
        ({"labels": {0: "pore", 1: "gold"}}, "'gold', which is not a phase"),
        ({"labels": {0: "pore", 1: "collector"}}, "'collector', which is not a phase"),
        ({"labels": {0: "pore", 1.5: "llto"}}, "1.5 is not a whole number"),
        ({"labels": {}}, "labels is empty"),
        ({"labels": {0: "pore"}}, "every label"),
        ({"voxel_size": 0.0}, "voxel_size is 0.0"),
        ({"voxel_size": float("nan")}, "voxel_size is nan"),
        ({"axis": 3}, "axis is 3"),
        ({"axis": -1}, "axis is -1"),
        ({"crop": ((0, 40), (None, None), (None, None))}, "crop of axis 0 is 0:40"),
        ({"crop": ((5, 5), (None, None), (None, None))}, "crop of axis 0 is 5:5"),
        ({"crop": ((0, 4),)}, "crop has 1 axes"),
        ({"shape": (30, 17, 12)}, "16 um wide along axis 1"),
        ({"shape": (30, 16)}, "3-dimensional"),
        ({"shape": (30, 16, 12), "crop": ((None, None), (2, 3), (None, None))}, "1 um wide"),
        ({"shape": (22, 16, 12)}, "more cells in z"),
        ({"spacing": -1.0}, "spacing is -1.0"),
        ({"diffuse_cells": -1.0}, "diffuse_cells"),
        ({"coating_phase": "gold"}, "coating_phase is 'gold'"),
        ({"coating_phase": "cnt", "coating_thickness": 5 * um}, "coating_thickness is 5 um"),
    ],
)
def test_requests_that_cannot_be_met(tmp_path, volume, change, words):
    path = write(tmp_path / "host.npy", volume)
    with pytest.raises(HostError, match=words):
        load_image(request(path, **change))


@pytest.mark.parametrize(
    "options, words",
    [
        ({}, "give raw_shape and raw_dtype"),
        ({"raw_shape": (20, 16, 12), "raw_dtype": "uint16"}, "makes 7680 bytes"),
        ({"raw_shape": (20, 16), "raw_dtype": "uint8"}, "makes 320 bytes"),
        ({"raw_shape": (20, 16, -12), "raw_dtype": "uint8"}, "raw_shape is"),
        ({"raw_shape": (20, 16, 12), "raw_dtype": "label"}, "raw_dtype is 'label'"),
        ({"raw_shape": (10, 8, 12), "raw_dtype": "float32"}, "holds float32"),
    ],
)
def test_raw_files_that_cannot_be_read(tmp_path, volume, options, words):
    with pytest.raises(HostError, match=words):
        load_image(request(write(tmp_path / "host.raw", volume), **options))


def test_files_that_are_not_there_or_empty(tmp_path):
    with pytest.raises(HostError, match="not there"):
        load_image(request(tmp_path / "nothing.tif"))
    with pytest.raises(HostError, match="not a file"):
        load_image(request(tmp_path))
    (tmp_path / "empty.tif").touch()
    with pytest.raises(HostError, match="is empty"):
        load_image(request(tmp_path / "empty.tif"))


@pytest.mark.parametrize("keep", [4, 100, 0.5, 0.9])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_truncated_tiff(tmp_path, keep, compression):
    noise = np.random.default_rng(0).integers(0, 3, (20, 64, 64)).astype(np.uint8)
    path = write(tmp_path / "host.tif", noise, compression=compression)
    content = path.read_bytes()
    path.write_bytes(content[: keep if keep > 1 else int(keep * len(content))])
    with pytest.raises(HostError, match="TIFF"):
        load_image(request(path, shape=(30, 64, 64)))


def test_corrupt_tiff(tmp_path, volume):
    path = tmp_path / "host.tif"
    path.write_bytes(b"not an image at all" * 20)
    with pytest.raises(HostError, match="cannot be read"):
        load_image(request(path))
    write(path, volume, compression="zlib")
    content = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as file:
        offset = file.series[0].keyframe.dataoffsets[0]
    content[offset : offset + 20] = b"\x99" * 20
    path.write_bytes(content)
    with pytest.raises(HostError, match="cannot be"):
        load_image(request(path))


@pytest.mark.parametrize(
    "image, options, words",
    [
        (np.zeros((16, 16, 3), np.uint8), {"photometric": "rgb"}, "colour"),
        (np.zeros((4, 5, 6, 7), np.uint8), {}, "4 dimensions"),
        (np.zeros((8, 16, 12), np.float32), {}, "holds float32"),
    ],
)
def test_tiffs_that_are_no_label_image(tmp_path, image, options, words):
    options = {"photometric": "minisblack"} | options
    with pytest.raises(HostError, match=words):
        load_image(request(write(tmp_path / "host.tif", image, **options)))


def test_tiff_with_pages_of_different_size(tmp_path):
    path = tmp_path / "host.tif"
    with tifffile.TiffWriter(path) as file:
        file.write(np.zeros((16, 12), np.uint8))
        file.write(np.zeros((16, 13), np.uint8))
    with pytest.raises(HostError, match="different size"):
        load_image(request(path))


def test_npy_that_cannot_be_read(tmp_path, volume):
    path = tmp_path / "host.npy"
    np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(HostError, match="without objects"):
        load_image(request(path))
    path.write_bytes(write(path, volume).read_bytes()[:-100])
    with pytest.raises(HostError, match="not a readable"):
        load_image(request(path))
    write(path, volume.astype(float))
    with pytest.raises(HostError, match="holds float64"):
        load_image(request(path))


def test_a_huge_image_is_refused_from_its_header(tmp_path):
    path = tmp_path / "huge.npy"
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(
            file, {"descr": "|u1", "fortran_order": False, "shape": (30000, 1000, 1000)}
        )
        file.truncate(file.tell() + 30000 * 1000 * 1000)  # sparse: takes no disk
    with pytest.raises(HostError, match="30 GB"):
        load_image(request(path))


def test_the_request_is_what_changes(tmp_path, volume):
    """A 3D image is not turned into a 2D host behind the user's back."""
    wanted = request(write(tmp_path / "host.npy", volume))
    assert load_image(wanted).ndim == 3
    with pytest.raises(HostError):
        load_image(replace(wanted, shape=(30, 12)))
