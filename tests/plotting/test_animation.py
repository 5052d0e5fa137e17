"""Films: one frame a snapshot, of the run's own pictures, and a sentence where none can be made."""

import sys

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image, ImageSequence

from phasefield import snapshots
from phasefield.cli import main
from phasefield.plotting import animation, style
from phasefield.snapshots import SnapshotError


def lithium_cells(picture):
    """Number of pixels in the colour of lithium."""
    return int((np.abs(picture.astype(float) - 255 * np.array(to_rgb(style.LITHIUM))).max(axis=-1) < 30).sum())


@pytest.mark.parametrize("name", ["flat", "bottom"])
def test_lithium_grows_from_frame_to_frame_and_the_mark_moves(run_files, name):
    run = snapshots.load(run_files[name])
    film = list(animation.frames(run))
    assert len(film) == len(run.times) == 5
    assert all(each.dtype == np.uint8 and each.shape == film[0].shape for each in film)
    assert film[0].shape[0] % 2 == film[0].shape[1] % 2 == 0  # or no player shows it
    half = film[0].shape[1] // 2
    curve = [lithium_cells(each[:, half:]) for each in film]  # the line of the past is right of the section
    assert curve == sorted(curve) and curve[-1] > curve[0] + 50
    section = [lithium_cells(each[40:, : half // 2]) for each in film]
    assert section[-1] > section[0] + 100


def test_a_field_keeps_its_scale_through_the_film(run_files):
    run = snapshots.load(run_files["flat"])
    limits = animation._colouring(run, "reaction")
    assert limits["cmap"] == style.SEQUENTIAL
    assert limits["vmax"] == max(run.field("reaction", i).max() for i in range(5))
    signed = animation._colouring(run, "ionic_potential") | animation._colouring(run, "electronic_potential")
    assert signed["vmin"] < signed["vmax"]
    assert len(list(animation.frames(run, "concentration"))) == 5
    with pytest.raises(SnapshotError, match="no field 'voltage'; it has"):
        list(animation.frames(run, "voltage"))


def test_texts_of_a_frame_do_not_overlap(run_files, overlapping_texts):
    for name in ("flat", "bottom"):
        for field in (None, "concentration"):
            film = style.styled(animation._Film)(snapshots.load(run_files[name]), field)
            film.show(-1)
            assert overlapping_texts(film.figure) == []


def test_gif(run_files, tmp_path, capsys):
    path = tmp_path / "films/run.gif"
    assert main(["animate", str(run_files["flat"]), "-o", str(path), "--fps", "5"]) == 0
    assert "run.gif" in capsys.readouterr().out
    with Image.open(path) as film:
        durations = [frame.info["duration"] for frame in ImageSequence.Iterator(film)]
    assert durations[:-1] == [200] * 4 and durations[-1] > 1000


def test_mp4_holds_every_frame(run_files, tmp_path):
    ffmpeg = pytest.importorskip("imageio_ffmpeg")
    path = animation.animate_run(run_files["bottom"], tmp_path / "run.mp4", fps=4)
    reader = ffmpeg.read_frames(str(path))
    about = next(reader)
    film = [np.frombuffer(each, np.uint8).reshape(*about["size"][::-1], 3) for each in reader]
    assert about["fps"] == 4 and about["codec"] == "h264" and "yuv420p" in about["pix_fmt"]
    made = list(animation.frames(snapshots.load(run_files["bottom"])))
    assert len(film) == len(made) + 6  # the last one stays for 1.5 s
    for shown, drawn in zip(film, made, strict=False):
        assert np.abs(shown.astype(float) - drawn).mean() < 3


def error_of(capsys, *arguments):
    assert main(["animate", *map(str, arguments)]) == 1
    text = capsys.readouterr().err
    assert text.startswith("Error: ") and len(text.splitlines()) == 1
    return text


def test_what_cannot_be_filmed_is_one_sentence(run_files, tmp_path, capsys, monkeypatch):
    run = run_files["flat"]
    assert "neither .mp4 nor .gif" in error_of(capsys, run, "-o", tmp_path / "run.avi")
    assert "give 0.1 to 60" in error_of(capsys, run, "--fps", 0)
    assert "no field 'phse'" in error_of(capsys, run, "--field", "phse", "-o", tmp_path / "a.gif")
    assert "does not exist" in error_of(capsys, tmp_path / "gone.vtkhdf")
    single = tmp_path / "run.vtkhdf"
    snapshots.create(single, (4, 4), 1e-6, {"pore_fraction": np.ones((4, 4))}, {"phase": "f4"}, {})
    snapshots.append(single, 0.0, 0.0, {"phase": np.zeros((4, 4))})
    assert "1 snapshots and a film needs two" in error_of(capsys, single)
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    assert "phasefield[video]" in error_of(capsys, run, "-o", tmp_path / "run.mp4")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run.vtkhdf"]
