"""A change to a file that is cut anywhere leaves the file of before, or of after, never one between."""

import errno
import itertools

import pytest

from phasefield import journal
from phasefield.journal import Change, journal_of, recover, settle

BEFORE = bytes(range(200))
WRITES = [(10, b"abc"), (195, b"longer than the file"), (11, b"X"), (0, b"")]
AFTER = bytes(range(10)) + b"aXc" + bytes(range(13, 195)) + b"longer than the file"


class Cut(BaseException):
    """The end of the process."""


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "file"
    file.write_bytes(BEFORE)
    return file


def change(path):
    with Change(path) as file:
        for at, data in WRITES:
            file.seek(at)
            file.write(data)
        file.commit()


def test_a_change_is_seen_by_its_reader_at_once_and_on_disk_when_committed(path):
    with Change(path) as file:
        for at, data in WRITES:
            file.seek(at)
            assert file.write(data) == len(data) and file.tell() == at + len(data)
        file.seek(0)
        assert file.read(len(AFTER) + 10)[: len(AFTER)] == AFTER
        assert file.seek(-3, 2) == len(AFTER) - 3 and file.read(3) == AFTER[-3:]
        assert path.read_bytes() == BEFORE
        file.commit()
    assert path.read_bytes() == AFTER
    assert [each.name for each in path.parent.iterdir()] == ["file"]


def test_a_change_may_shorten_the_file(path):
    with Change(path) as file:
        file.truncate(5)
        file.commit()
    assert path.read_bytes() == BEFORE[:5]


def test_what_is_not_committed_never_happened(path):
    with pytest.raises(ZeroDivisionError), Change(path) as file:
        file.write(b"half a thought")
        raise ZeroDivisionError
    assert path.read_bytes() == BEFORE and len(list(path.parent.iterdir())) == 1


def test_cut_anywhere_it_is_whole_afterwards(path, monkeypatch):
    """Cut before each call that touches the disk in turn: fsync, replace, and each piece of the change."""
    outcomes = []
    for moment in itertools.count(1):
        path.write_bytes(BEFORE)
        calls = itertools.count(1)

        def tick(function, calls=calls, moment=moment):
            def wrapped(*arguments, **options):
                if next(calls) == moment:
                    raise Cut
                return function(*arguments, **options)

            return wrapped

        with monkeypatch.context() as patch:
            carry_out = journal._carry_out
            patch.setattr(journal.os, "fsync", tick(journal.os.fsync))
            patch.setattr(journal.os, "replace", tick(journal.os.replace))
            each = tick(lambda piece: piece)
            patch.setattr(journal, "_carry_out", lambda a, b, c, each=each, go=carry_out: go(a, b, map(each, c)))
            try:
                change(path)
                whole = True
            except Cut:
                whole = False
        recover(path)
        found = path.read_bytes()
        assert found.rstrip(b"\0") in (BEFORE, AFTER)  # room taken for a change that did not come is harmless
        outcomes.append(found == AFTER)
        assert not journal_of(path).exists()
        if whole:
            break
    assert outcomes[0] is False and outcomes[-1] is True and len(outcomes) >= 7
    assert outcomes == sorted(outcomes), "once the journal is there the change happens"


def test_a_journal_that_is_not_whole_is_not_followed(path):
    for content in (b"", b"rubbish", journal.MAGIC, journal.MAGIC + bytes(40)):
        journal_of(path).write_bytes(content)
        recover(path)
        assert path.read_bytes() == BEFORE and not journal_of(path).exists()


def test_a_full_disk_leaves_the_file_as_it_was(path, monkeypatch):
    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    for name in ("fsync", "posix_fallocate"):
        with monkeypatch.context() as patch:
            patch.setattr(journal.os, name, full)
            with pytest.raises(OSError, match="No space left"):
                change(path)
        assert path.read_bytes() == BEFORE and len(list(path.parent.iterdir())) == 1


def test_a_reader_carries_out_what_a_dead_writer_left(path, monkeypatch):
    monkeypatch.setattr(journal, "WRITER_NEEDS", 0.1)
    with monkeypatch.context() as patch:
        patch.setattr(journal, "_carry_out", lambda *arguments: (_ for _ in ()).throw(Cut))
        with pytest.raises(Cut):
            change(path)
    assert path.read_bytes().rstrip(b"\0") == BEFORE and journal_of(path).exists()
    settle(path)
    assert path.read_bytes() == AFTER and not journal_of(path).exists()
