"""Limits on what a file may become in memory, whatever its size on the disk.

A few kilobytes of Parquet, gzip or zip can hold gigabytes. Such a file ends in a sentence, early,
and not in a machine without memory.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import polars as pl
import psutil

from isthmus.errors import InputError

if TYPE_CHECKING:
    from isthmus.graph.sources.validation import Chunk

MIB = 2**20
PART_BYTES = 16 * MIB
"""Bytes of text in a part of a table, unless a single row has more."""
FREE_BYTES = 320 * MIB
"""Bytes that the tables of a dataset may always take in memory as they are read."""
EXPANSION = 100
"""How many times the size of its files a larger dataset may take, up to half of the memory that is
free. A cell takes 16 bytes in memory; of repeated ids in order, Parquet stores a few bits."""
VIEW_BYTES = 16
"""Bytes of a cell in a column of texts, besides those of a text of more than 12."""
SMALL_BYTES = 64 * MIB
"""Bytes that any compressed file may have after unpacking."""
MAX_RATIO = 200
"""Maximum ratio of a file after unpacking to before; tables that people have reach 50."""
MAX_WHOLE_BYTES = 160 * MIB
MAX_OBJECT_BYTES = 48 * MIB
MAX_OBJECTS = 1_000_000
"""Objects in one JSON object, each of which takes some hundred bytes in memory."""
MALFORMED_BYTES = 500
"""Bytes of a row that could not be parsed."""


class Unpacked(io.RawIOBase):
    """A decompressed stream that ends in an error where it grows out of all proportion."""

    def __init__(self, path: Path, raw: BinaryIO, decompressed: io.BufferedIOBase) -> None:
        self._path = path
        self._raw = raw
        self._decompressed = decompressed
        self._count = 0

    def readable(self) -> bool:
        """Returns True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Reads bytes into a buffer, and returns their number.

        Raises:
            InputError: Too many were unpacked from too few.
        """
        block = self._decompressed.read(len(buffer))
        buffer[: len(block)] = block
        self._count += len(block)
        check_ratio(self._path, self._count, self._raw.tell())
        return len(block)


def check_ratio(path: Path, unpacked: int, packed: int) -> None:
    """Checks that a compressed file does not hold hundreds of times its size.

    Args:
        path: The file.
        unpacked: Bytes after unpacking, so far.
        packed: Bytes before, so far.

    Raises:
        InputError: It does.
    """
    if unpacked > SMALL_BYTES and unpacked > MAX_RATIO * packed:
        raise InputError(
            f"{path.name} unpacks to more than {MAX_RATIO} times its size: {unpacked // MIB:,} MiB "
            f"from {packed / MIB:,.1f} MiB.",
            "If the file is right, unpack it yourself, and give it unpacked.",
        )


def check_document(path: Path, size: int, most: int = MAX_WHOLE_BYTES) -> None:
    """Checks the size of a document that can only be read as a whole.

    Raises:
        InputError: It is too large.
    """
    if size > most:
        raise InputError(
            f"{path.name} is one document of more than {most // MIB} MiB, which can only be read "
            "as a whole.",
            "Write it as JSON Lines, one object per line, or as CSV or Parquet.",
        )


class MemoryLimit:
    """Counts the bytes that the tables of a dataset take while they are read."""

    def __init__(self) -> None:
        self._on_disk = 0
        self._in_memory = 0
        self._available = psutil.virtual_memory().available

    def add_file(self, size: int) -> None:
        """Adds a file of the dataset, of a number of bytes on the disk."""
        self._on_disk += size

    def add(self, chunk: Chunk, file: str) -> None:
        """Adds a part of a table.

        Args:
            chunk: The part.
            file: Name of its file, for the message.

        Raises:
            InputError: The dataset takes much more memory than its size on the disk lets expect.
        """
        self._in_memory += text_bytes(chunk.frame) + MALFORMED_BYTES * len(chunk.malformed)
        expected = min(EXPANSION * self._on_disk, self._available // 2)
        if self._in_memory > max(FREE_BYTES, expected):
            raise InputError(
                f"{file} unpacks to more than {self._in_memory // MIB:,} MiB, though the tables "
                f"read so far have {self._on_disk / MIB:,.1f} MiB on the disk.",
                "If the file is right, load it in several smaller ones, one after the other: a "
                "load adds to what the graph has.",
            )


def text_bytes(frame: pl.DataFrame) -> int:
    """Returns the bytes that the columns of a frame take, without what they share."""
    total = 0
    for column in frame:
        if column.dtype == pl.String:
            total += VIEW_BYTES * len(column) + int(column.str.len_bytes().sum() or 0)
        else:
            total += int(column.estimated_size())
    return total


def small_parts(frame: pl.DataFrame, limit: int = PART_BYTES) -> Iterator[pl.DataFrame]:
    """Yields the rows of a frame in parts of at most some bytes, or of one row."""
    if frame.height <= 1 or text_bytes(frame) <= limit:
        yield frame
        return
    half = frame.height // 2
    yield from small_parts(frame[:half], limit)
    yield from small_parts(frame[half:], limit)
