"""Image files that are no host: broken, foreign, of the wrong kind, or made up to take all memory."""

import struct

import numpy as np
import pytest
import tifffile

SIZE = (24, 20)
LABELS = "host.image.labels={0: pore, 1: llto}"
SETTINGS = ["host=image", "host.image.voxel_um=1", "grid=quick", "grid.spacing_um=1.25", "grid.width_um=20"]


def labels(shape=SIZE, dtype=np.uint8):
    return np.random.default_rng(0).integers(0, 2, shape).astype(dtype)


def npy(path, shape, descr="|u1", content=b""):
    """A .npy file whose header claims what it likes."""
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": descr, "fortran_order": False, "shape": shape})
        file.write(content)


def tiff_bomb(path, side=100_000):
    """One page of `side` x `side` voxels in a strip of a few bytes, deflated."""
    entries = [(256, side), (257, side), (258, 8), (259, 8), (262, 1), (273, 8), (277, 1), (278, side), (279, 40)]
    body = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
    path.write_bytes(struct.pack("<2sHI", b"II", 42, 48) + b"\0" * 40 + body + b"\0" * 4)


def cut(path, keep):
    path.write_bytes(path.read_bytes()[:keep])


@pytest.fixture
def image(tmp_path):
    """The function that makes one of these files and returns its name."""

    def make(kind):
        path = tmp_path / kind.split(" ")[0]
        match kind.split(" ", 1)[1]:
            case "missing":
                pass
            case "folder":
                path.mkdir()
            case "empty":
                path.touch()
            case "text":
                path.write_text("0 1 0 1\n" * 50)
            case "good":
                np.save(path, labels()) if path.suffix == ".npy" else tifffile.imwrite(path, labels())
            case "third label":
                np.save(path, labels() * 7)
            case "floats":
                np.save(path, labels().astype(float))
            case "objects":
                np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)
            case "pickle":
                path.write_bytes(b"\x80\x04N.")
            case "npz":
                with path.open("wb") as file:
                    np.savez(file, a=labels())
            case "structured":
                np.save(path, np.zeros(SIZE, dtype=[("a", "u1"), ("b", "f4")]))
            case "cut npy":
                np.save(path, labels())
                cut(path, 300)
            case "claims 1e12":
                npy(path, (10_000, 10_000, 10_000), content=b"\0" * 100)
            case "negative":
                npy(path, (-24, 20), content=b"\0" * 480)
            case "no voxels":
                npy(path, (0, 20))
            case "four axes":
                np.save(path, labels((4, 4, 4, 4)))
            case "one axis":
                np.save(path, labels((400,)))
            case "thin":
                np.save(path, labels((1, 20)))
            case "narrow":
                np.save(path, labels((24, 8)))
            case "volume":
                np.save(path, labels((24, 20, 20)))
            case "raw":
                path.write_bytes(labels().tobytes())
            case "cut tiff":
                tifffile.imwrite(path, labels())
                cut(path, path.stat().st_size // 2)
            case "colour":
                tifffile.imwrite(path, np.zeros((24, 20, 3), np.uint8), photometric="rgb")
            case "two sizes":
                with tifffile.TiffWriter(path) as file:
                    file.write(labels())
                    file.write(labels((20, 20)))
            case "float tiff":
                tifffile.imwrite(path, labels().astype(np.float32))
            case "corrupt":
                tifffile.imwrite(path, labels(), compression="zlib")
                content = bytearray(path.read_bytes())
                with tifffile.TiffFile(path) as file:
                    start = file.series[0].keyframe.dataoffsets[0]
                content[start : start + 20] = b"\x99" * 20
                path.write_bytes(content)
            case "bomb":
                tiff_bomb(path)
            case "small bomb":
                tiff_bomb(path, 40_000)
        return path.name

    return make


RAW = ["host.image.raw_shape=[24,20]", "host.image.raw_dtype=uint8"]
CASES = [
    ("a.tif missing", [], ["'a.tif'", "not there", "host.image.path"]),
    ("a.tif folder", [], ["'a.tif'", "not a file"]),
    ("a.tif empty", [], ["'a.tif'", "is empty", "copy it again"]),
    ("a.tif text", [], ["'a.tif'", "cannot be read", "save it again"]),
    ("a.tif cut tiff", [], ["'a.tif'", "cut short", "copy it again"]),
    ("a.tif colour", [], ["'a.tif'", "colour image", "single-channel"]),
    ("a.tif two sizes", [], ["'a.tif'", "2 images of different size", "one stack"]),
    ("a.tif float tiff", [], ["'a.tif'", "float32", "uint8"]),
    ("a.tif corrupt", [], ["'a.tif'", "cannot be decoded", "uncompressed"]),
    ("a.tif bomb", [], ["'a.tif'", "10 GB", "made up"]),
    ("a.tif small bomb", [], ["'a.tif'", "1.6 GB", "made up"]),
    ("a.npy empty", [], ["'a.npy'", "is empty"]),
    ("a.npy text", [], ["'a.npy'", "not a readable .npy", "numpy.save"]),
    ("a.npy objects", [], ["'a.npy'", "Python objects", "numpy.save"]),
    ("a.npy pickle", [], ["'a.npy'", "Python objects", "without objects"]),
    ("a.npy npz", [], ["'a.npy'", "several arrays", "alone"]),
    ("a.npy structured", [], ["'a.npy'", "whole label numbers", "uint8"]),
    ("a.npy floats", [], ["'a.npy'", "float64", "uint8"]),
    ("a.npy cut npy", [], ["'a.npy'", "not a readable .npy"]),
    ("a.npy claims 1e12", [], ["'a.npy'", "not a readable .npy"]),
    ("a.npy negative", [], ["'a.npy'", "numpy.save"]),
    ("a.npy no voxels", [], ["'a.npy'"]),
    ("a.npy four axes", [], ["'a.npy'", "4 dimensions", "2 or 3"]),
    ("a.npy one axis", [], ["'a.npy'", "1 dimensions", "2 or 3"]),
    ("a.npy thin", [], ["'a.npy'", "1 um thick, less than one cell", "host.image.axis"]),
    ("a.npy narrow", [], ["'a.npy'", "8 um wide", "grid.width_um", "voxel_um"]),
    ("a.npy volume", [], ["host.image", "3-dimensional", "grid.dimensions", "crop"]),
    ("a.npy third label", [], ["'a.npy'", "label 7", "host.image.labels"]),
    ("a.npy good", ["host.image.axis=2"], ["host.image.axis is 2", "axes 0 to 1"]),
    ("a.npy good", ["host.image.axis=-1"], ["host.image.axis is -1", "at least 0"]),
    ("a.npy good", ["host.image.crop=[[0,99],[0,20]]"], ["host.image.crop of axis 0 is 0:99", "0 to 24", "[0, 24]"]),
    ("a.npy good", ["host.image.crop=[[9,3],[0,20]]"], ["host.image.crop of axis 0 is 9:3", "larger stop"]),
    ("a.npy good", ["host.image.crop=[[0,24]]"], ["host.image.crop has 1 axes", "has 2", "(start, stop)"]),
    ("a.npy good", ["host.image.crop=[0,24]"], ["host.image.crop[0] is 0", "a list of 2 values"]),
    ("a.npy good", ["host.image.crop=[[0,x],[0,20]]"], ["host.image.crop[0][1] is 'x'", "a whole number"]),
    ("a.npy good", ["host.image.labels={0: pore, 1: lto}"], ["labels.1 is 'lto'", "did you mean llto"]),
    ("a.npy good", ["host.image.labels={0: pore, 1: pore}"], ["host.image.labels", "every label is mapped to pore"]),
    ("a.npy good", ["host.image.labels={0: pore}"], ["host.image.labels", "map one"]),
    ("a.npy good", ["host.image.labels={a: pore}"], ["host.image.labels has the entry 'a'", "a whole number"]),
    ("a.npy good", ["host.image.labels=llto"], ["host.image.labels is 'llto'", "map names"]),
    ("a.npy good", ["host.image.labels={}"], ["host.image.labels", "empty"]),
    ("a.npy good", ["host.image.voxel_um=0"], ["host.image.voxel_um is 0", "above 0"]),
    ("a.npy good", ["host.image.voxel_um=0.001"], ["'a.npy'", "voxel_um"]),
    ("a.npy good", ["host.image.flip=2"], ["host.image.flip is 2", "true or false"]),
    ("a.npy good", ["host.image.path=[a.npy]"], ["host.image.path is ['a.npy']", "text"]),
    ("a.raw raw", [], ["'a.raw'", "host.image.raw_shape", "host.image.raw_dtype"]),
    ("a.raw raw", ["host.image.raw_shape=[24,20]"], ["'a.raw'", "raw_dtype"]),
    ("a.raw raw", ["host.image.raw_shape=[24,21]", RAW[1]], ["host.image.raw_shape (24, 21)", "504 bytes", "480"]),
    ("a.raw raw", ["host.image.raw_shape=[24,0]", RAW[1]], ["host.image.raw_shape[1] is 0", "at least 1"]),
    ("a.raw raw", ["host.image.raw_shape=[1000000,1000000,1000000]", RAW[1]], ["raw_shape", "480"]),
    ("a.raw raw", [RAW[0], "host.image.raw_dtype=label"], ["host.image.raw_dtype is 'label'", "uint8"]),
    ("a.raw raw", [RAW[0], "'host.image.raw_dtype=\"i4,(\"'".strip("'")], ["host.image.raw_dtype is 'i4,('", "uint8"]),
    ("a.raw raw", ["host.image.raw_shape=[6,10]", "host.image.raw_dtype=O"], ["object", "label numbers"]),
    ("a.raw empty", RAW, ["'a.raw'", "is empty"]),
]


@pytest.mark.parametrize("command", ["simulate", "host"])
@pytest.mark.parametrize("kind, changes, words", CASES)
def test_a_wrong_image_is_one_sentence(kind, changes, words, command, image, refused):
    name = image(kind)
    settings = [f"host.image.path={name}", LABELS, *SETTINGS]
    changed = {each.partition("=")[0] for each in changes}
    kept = [each for each in settings if each.partition("=")[0] not in changed]
    # host=image first: its keys are there only then
    refused(command, *sorted(kept, key=lambda each: each != "host=image"), *changes, words=words)


def test_what_is_made_up_is_refused_before_memory_is_taken(image, refused):
    """The bomb claims 10 GB; refusing it takes less than a hundredth of that."""
    import tracemalloc

    name = image("a.tif bomb")
    tracemalloc.start()
    refused("simulate", f"host.image.path={name}", LABELS, *SETTINGS, words=["10 GB"])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1e8
