"""Changes to a file that happen whole or not at all, however the process ends in the middle of them.

HDF5 writes a change in many small pieces, and a process killed between two of them leaves a file nobody can open. Here
the pieces of one change are collected in memory, written to a journal beside the file, and only then to the file. A
journal that is found there belongs to a change that was cut: it is carried out again, which does no harm twice.
"""

import io
import os
import struct
import time
import zlib
from contextlib import suppress
from pathlib import Path

MAGIC = b"phasefield journal 1\n"
HEADER = struct.Struct("<qq")  # size of the file afterwards, number of pieces
PIECE = struct.Struct("<qq")  # of each: where it goes, its length
CHECKSUM = struct.Struct("<I")  # of all before it
WRITER_NEEDS = 2.0  # s that a writer may take between its journal and the end of its change


class Change(io.RawIOBase):
    """A file as it will be: reads see what has been written, the file on disk does not, until `commit`.

    Args: path: of a file that exists; a change to it that was cut is carried out first.
    """

    def __init__(self, path):
        super().__init__()
        self.path = Path(path)
        recover(path)
        self.file = open(path, "rb")  # noqa: SIM115, closed with this object
        self.size = os.fstat(self.file.fileno()).st_size
        self.position = 0
        self.pieces: list[tuple[int, bytes]] = []

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self.position, os.SEEK_END: self.size}[whence]
        self.position = start + offset
        return self.position

    def readinto(self, buffer) -> int:
        view = memoryview(buffer).cast("B")
        begin, end = self.position, self.position + len(view)
        self.file.seek(begin)
        found = self.file.read(len(view))
        view[: len(found)] = found
        view[len(found) :] = bytes(len(view) - len(found))
        for at, piece in self.pieces:
            low, high = max(at, begin), min(at + len(piece), end)
            if low < high:
                view[low - begin : high - begin] = piece[low - at : high - at]
        self.position = end
        return len(view)

    def write(self, data) -> int:
        piece = bytes(data)
        self.pieces.append((self.position, piece))
        self.position += len(piece)
        self.size = max(self.size, self.position)
        return len(piece)

    def truncate(self, size: int | None = None) -> int:
        self.size = self.position if size is None else size
        return self.size

    def close(self) -> None:
        if not self.closed:
            self.file.close()
        super().close()

    def commit(self) -> None:
        """Carry the change out: the journal first, then the file.

        Raises: OSError where the disk does not take the journal; the file is as it was then.
        """
        journal = journal_of(self.path)
        temporary = journal.with_name(f"{journal.name}.{os.getpid()}.part")
        try:
            self._write_journal(temporary)
            self._reserve()
            os.replace(temporary, journal)
        finally:
            temporary.unlink(missing_ok=True)
        _carry_out(self.path, self.size, self.pieces)
        journal.unlink(missing_ok=True)

    def _write_journal(self, path: Path) -> None:
        checksum = 0
        with open(path, "wb") as file:
            parts = (part for at, piece in self.pieces for part in (PIECE.pack(at, len(piece)), piece))
            for part in (MAGIC, HEADER.pack(self.size, len(self.pieces)), *parts):
                checksum = zlib.crc32(part, checksum)
                file.write(part)
            file.write(CHECKSUM.pack(checksum))
            file.flush()
            os.fsync(file.fileno())

    def _reserve(self) -> None:
        """Take the room the file will need, while there still is a way back."""
        with open(self.path, "r+b") as file:
            before = os.fstat(file.fileno()).st_size
            if self.size <= before or not hasattr(os, "posix_fallocate"):
                return
            try:
                os.posix_fallocate(file.fileno(), before, self.size - before)
            except OSError:
                file.truncate(before)
                raise


def journal_of(path) -> Path:
    """Where the journal of a file is, while there is one."""
    path = Path(path)
    return path.with_name(f".{path.name}.journal")


def recover(path) -> None:
    """Carry out a change to the file that was cut; nothing where there is none."""
    journal = journal_of(path)
    try:
        content = journal.read_bytes()
    except FileNotFoundError:
        return
    body = memoryview(content)[: -CHECKSUM.size]
    if content.startswith(MAGIC) and CHECKSUM.pack(zlib.crc32(body)) == content[-CHECKSUM.size :]:
        size, count = HEADER.unpack_from(body, len(MAGIC))
        pieces, at = [], len(MAGIC) + HEADER.size
        for _ in range(count):
            place, length = PIECE.unpack_from(body, at)
            at += PIECE.size
            pieces.append((place, body[at : at + length]))
            at += length
        _carry_out(path, size, pieces)
    journal.unlink(missing_ok=True)


def settle(path) -> None:
    """Wait for a writer in the middle of a change; carry the change out where there is none any more."""
    deadline = time.monotonic() + WRITER_NEEDS
    while journal_of(path).exists():
        if time.monotonic() > deadline:
            with suppress(OSError):  # of somebody else, who will do it
                recover(path)
            return
        time.sleep(0.02)


def _carry_out(path, size: int, pieces) -> None:
    with open(path, "r+b") as file:
        for at, piece in pieces:
            file.seek(at)
            file.write(piece)
        file.truncate(size)
        file.flush()
        os.fsync(file.fileno())
