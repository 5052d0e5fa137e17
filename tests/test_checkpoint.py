"""A checkpoint gives back every bit; one that is damaged, foreign or of another version says so."""

import json
import zipfile

import cases
import jax
import numpy as np
import pytest

from phasefield import checkpoint, timeline
from phasefield import model as model_module
from phasefield.checkpoint import NAMES, CheckpointError
from phasefield.protocol import Step
from phasefield.stepping import TimeControl
from phasefield.units import mA_per_cm2, mAh_per_cm2

STRIP = [Step(0.5 * mA_per_cm2, capacity=0.05 * mAh_per_cm2), Step(-0.5 * mA_per_cm2, capacity=0.02 * mAh_per_cm2)]
INTERVAL = 0.02 * mAh_per_cm2
NOTES = {"rows": 3, "wall_time_s": 1.5}


class Enough(Exception):
    """The run has been looked at often enough."""


@pytest.fixture(scope="module")
def model():
    return cases.model(charge_tolerance=1e-6)


@pytest.fixture(scope="module")
def start(model):
    return model_module.initial_state(model, 0)


@pytest.fixture(scope="module")
def whole(model, start):
    """(Outcome, charges of its snapshots, number of its segments)."""
    charges, pauses = [], []
    outcome = timeline.run(
        model,
        start,
        STRIP,
        snapshot_interval=INTERVAL,
        on_snapshot=lambda snapshot: charges.append(snapshot.charge),
        on_pause=pauses.append,
    )
    return outcome, charges, len(pauses)


def cut(model, start, folder, after):
    """Run until `after` segments are done, and leave a checkpoint; the charges of the snapshots until then."""
    charges, pauses = [], []

    def pause(standing):
        pauses.append(None)
        if len(pauses) > after:
            checkpoint.save(folder, *standing(), NOTES)
            raise Enough

    with pytest.raises(Enough):
        timeline.run(
            model,
            start,
            STRIP,
            snapshot_interval=INTERVAL,
            on_snapshot=lambda snapshot: charges.append(snapshot.charge),
            on_pause=pause,
        )
    return charges


def like(model, start):
    return timeline.blank(model, start, TimeControl())


@pytest.fixture
def folder(model, start, tmp_path):
    """One with a checkpoint after two segments."""
    cut(model, start, tmp_path, 2)
    return tmp_path


@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 0.99])
def test_a_run_goes_on_as_if_it_had_not_been_cut(model, start, whole, tmp_path, share):
    outcome, charges, segments = whole
    before = cut(model, start, tmp_path, int(share * segments))
    position, carry, notes = checkpoint.load(tmp_path, like(model, start))
    assert notes == NOTES
    programs = timeline._segment._cache_size()
    after = []
    again = timeline.run(
        model,
        start,
        STRIP,
        carry=carry,
        start=position,
        snapshot_interval=INTERVAL,
        on_snapshot=lambda snapshot: after.append(snapshot.charge),
    )
    assert timeline._segment._cache_size() == programs
    assert before + after == charges and again.cut_offs == outcome.cut_offs
    for one, other in zip(jax.tree.leaves(again.state), jax.tree.leaves(outcome.state), strict=True):
        assert np.array_equal(one, other)
    assert set(again.history) == set(outcome.history)
    for name, values in outcome.history.items():
        assert np.array_equal(again.history[name], values), name


def test_the_last_two_are_kept_and_the_older_serves_where_the_newer_is_damaged(model, start, folder):
    position, carry, _ = checkpoint.load(folder, like(model, start))
    later = timeline.replace(position, stop=7)
    checkpoint.save(folder, later, carry, NOTES)
    checkpoint.save(folder, timeline.replace(position, stop=8), carry, NOTES)
    assert {path.name for path in folder.iterdir()} == set(NAMES)
    assert checkpoint.load(folder, like(model, start))[0].stop == 8
    newest = folder / NAMES[0]
    content = newest.read_bytes()
    for damaged in (b"", content[: len(content) // 2], content[:-30], b"PK" + bytes(500), damage(content)):
        newest.write_bytes(damaged)
        assert checkpoint.load(folder, like(model, start))[0].stop == 7
    newest.unlink()  # killed between the two renamings
    assert checkpoint.load(folder, like(model, start))[0].stop == 7


def damage(content):
    """One bit of a field the other way."""
    at = content.index(b"carry.state.phase") + 500
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


def test_none_that_serves_is_said(model, start, folder, tmp_path_factory):
    empty = tmp_path_factory.mktemp("empty")
    with pytest.raises(CheckpointError, match="holds no checkpoint"):
        checkpoint.load(empty, like(model, start))
    (folder / NAMES[0]).write_bytes(b"no archive")
    with pytest.raises(CheckpointError, match="is damaged"):
        checkpoint.load(folder, like(model, start))


def test_one_of_another_grid_is_refused(start, folder):
    other = cases.model(shape=(32, 32), charge_tolerance=1e-6)
    with pytest.raises(CheckpointError, match=r"belongs to another run: of state\.phase it has float64 of shape"):
        checkpoint.load(folder, like(other, model_module.initial_state(other, 0)))


def rewritten(folder, change):
    """The checkpoint with its notes changed."""
    path = folder / NAMES[0]
    with np.load(path) as archive:
        arrays = dict(archive)
    notes = json.loads(str(arrays["notes"]))
    change(notes)
    np.savez(path, **{**arrays, "notes": np.array(json.dumps(notes))})


def test_one_of_another_version_is_refused_and_named(model, start, folder):
    rewritten(folder, lambda notes: notes.update(format=99, version="9.9"))
    with pytest.raises(CheckpointError, match=r"format 99, made by phasefield 9\.9.*resume=false"):
        checkpoint.load(folder, like(model, start))


def test_reading_one_runs_nothing_and_takes_no_memory_for_what_it_claims(model, start, folder):
    path = folder / NAMES[0]
    with np.load(path) as archive:
        arrays = dict(archive)
    np.savez(path, **{**arrays, "carry.state.phase": np.array([print], dtype=object)})
    with pytest.raises(CheckpointError):
        checkpoint.load(folder, like(model, start))
    np.savez(path, **{**arrays, "notes": np.array([{}], dtype=object)})
    with pytest.raises(CheckpointError):
        checkpoint.load(folder, like(model, start))
    announced = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }".ljust(117) + b"\n"
    huge = b"\x93NUMPY\x01\x00v\x00" + announced
    np.savez(path, **{name: values for name, values in arrays.items() if not name.startswith("history/")})
    with zipfile.ZipFile(path, "a") as archive:
        for name in arrays:
            if name.startswith("history/"):
                archive.writestr(f"{name}.npy", huge)
    with pytest.raises(CheckpointError):
        checkpoint.load(folder, like(model, start))


def test_a_full_disk_leaves_the_one_that_is_there(model, start, folder, monkeypatch):
    position, carry, _ = checkpoint.load(folder, like(model, start))

    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    for name in ("fsync", "replace"):
        with monkeypatch.context() as patch:
            patch.setattr(checkpoint.os, name, full)
            with pytest.raises(OSError, match="No space"):
                checkpoint.save(folder, timeline.replace(position, stop=9), carry, NOTES)
        assert checkpoint.load(folder, like(model, start))[0].stop == position.stop
        assert {path.name for path in folder.iterdir()} <= set(NAMES)
