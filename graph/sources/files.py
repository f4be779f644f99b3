"""Reads files as text: compression, encodings, and files that are not text."""

from __future__ import annotations

import bz2
import gzip
import io
import logging
import lzma
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from isthmus.errors import InputError
from isthmus.graph.sources.charsets import recognise_encoding
from isthmus.graph.sources.memory import Unpacked, check_document

logger = logging.getLogger("isthmus")

MAX_LINE = 8 * 2**20
"""Maximum bytes of a line; a longer one is truncated, and the readers reject it."""

HEAD_BYTES = 4096
BLOCK_BYTES = 2**20
BYTE_ORDER_MARK = b"\xef\xbb\xbf"

COMPRESSIONS = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\0": "xz"}
SIGNATURES = {
    b"PK\x03\x04": (
        "an Excel workbook or a zip archive",
        "Rename it so that it ends in .xlsx or .zip.",
    ),
    b"\xd0\xcf\x11\xe0": ("an Excel workbook", "Rename it so that it ends in .xls."),
    b"PAR1": ("a Parquet file", "Rename it so that it ends in .parquet."),
    b"\x28\xb5\x2f\xfd": ("compressed with Zstandard", "Decompress it: zstd -d {name}"),
    **{
        start: (f"compressed with {name} twice", "Decompress it once.")
        for start, name in COMPRESSIONS.items()
    },
}
UTF_16 = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


def readable_name(name: str) -> str:
    """Returns the name of a file with escapes for what is not in the encoding of the system."""
    return name.encode(errors="backslashreplace").decode()


@contextmanager
def open_bytes(path: Path) -> Iterator[io.BufferedReader]:
    """Opens a file and decompresses gzip, bzip2 and xz, which its first bytes show, not its name.

    Raises:
        InputError: The file does not exist, may not be read, or is damaged, which may be found only
            while the block reads.
    """
    try:
        with path.open("rb") as raw:
            head = raw.peek(6)[:6]
            compression = next((c for s, c in COMPRESSIONS.items() if head.startswith(s)), None)
            if compression is None:
                yield raw
            else:
                with _decompress(raw, compression) as decompressed:
                    yield io.BufferedReader(Unpacked(path, raw, decompressed), 2**18)
    except (EOFError, gzip.BadGzipFile, zlib.error, lzma.LZMAError) as error:
        raise _damaged(path, error) from error
    except OSError as error:
        if error.errno is None:  # of bz2
            raise _damaged(path, error) from error
        raise InputError(
            f"{path} cannot be read: {error.strerror or error}.",
            "Check its name and its permissions.",
        ) from error


def _decompress(raw: BinaryIO, compression: str) -> gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile:
    match compression:
        case "gzip":
            return gzip.GzipFile(fileobj=raw)
        case "bzip2":
            return bz2.BZ2File(raw)
        case _:
            return lzma.LZMAFile(raw)


def _damaged(path: Path, error: Exception) -> InputError:
    return InputError(
        f"{path.name} is damaged: its compression ends early or does not match its checksum "
        f"({error}).",
        "Copy or download it again.",
    )


def read_lines(path: Path, fallback: str | None = None) -> Iterator[str]:
    """Reads a text file line by line: UTF-8, UTF-16, and what `recognise_encoding` is certain of.

    Lines include their line ends. A line longer than `MAX_LINE` bytes is truncated. An encoding
    other than UTF-8 is logged.

    Args:
        path: The file, which may be compressed.
        fallback: Encoding of the lines that are not UTF-8, for old public files.

    Raises:
        InputError: The file is empty, not text, or in an encoding that is not recognised.
    """
    with open_bytes(path) as stream:
        decoder = _Decoder(path, fallback)
        number, rest, skipping = 1, b"", False
        for block in _blocks(path, stream):
            end = block.rfind(b"\n") + 1
            if skipping:
                # Drop the end of the line that was truncated.
                start = block.find(b"\n") + 1
                skipping, block, end = not start, block[start:] if start else b"", end - start
            complete, rest = rest + block[:end], rest + block if not end else block[end:]
            if end:
                yield from decoder.lines(complete, number)
                number += complete.count(b"\n")
            if len(rest) >= MAX_LINE:
                yield rest[:MAX_LINE].decode(errors="ignore")
                number, rest, skipping = number + 1, b"", True
        if rest:
            yield from decoder.lines(rest, number)


def read_text(path: Path) -> str:
    """Reads a whole text file, in the encodings of `read_lines`.

    Raises:
        InputError: The file is empty, too large, not text, or in an encoding that is not
            recognised.
    """
    content = bytearray()
    with open_bytes(path) as stream:
        for block in _blocks(path, stream):
            content += block
            check_document(path, len(content))
        return _Decoder(path, None).decode(bytes(content), 1)


def is_truncated(line: str) -> bool:
    """Whether `read_lines` truncated this line."""
    # A character cut in two, of up to four bytes, is dropped.
    return (
        len(line) > MAX_LINE // 4 - 4
        and not line.endswith("\n")
        and len(line.encode()) > MAX_LINE - 4
    )


def _blocks(path: Path, stream: io.BufferedReader) -> Iterator[bytes]:
    """Yields blocks of bytes whose lines end in a line feed, without a byte order mark."""
    head = stream.peek(HEAD_BYTES)[:HEAD_BYTES]
    if encoding := _utf_16(head):
        yield from _blocks_of_utf_16(path, stream, encoding)
        return
    _check_is_text(path, head)
    if head.startswith(BYTE_ORDER_MARK):
        stream.read(len(BYTE_ORDER_MARK))
    # Excel for the Mac ends lines with a carriage return.
    old_mac = b"\n" not in head and head.find(b"\r") not in (-1, HEAD_BYTES - 1)
    while block := stream.read(BLOCK_BYTES):
        yield block.replace(b"\r", b"\n") if old_mac else block


def _utf_16(head: bytes) -> str | None:
    """Returns the encoding of a text in UTF-16, by its byte order mark or by its first characters.

    A table begins with names in ASCII, of which every other byte is zero.
    """
    for mark, encoding in UTF_16.items():
        if head.startswith(mark):
            return encoding
    start = head[: min(len(head), 16) // 2 * 2]
    even, odd = start[::2], start[1::2]
    if not start or (any(even) and any(odd)):
        return None
    if all(odd):
        return "utf-16-be"
    return "utf-16-le" if all(even) else None


def _blocks_of_utf_16(path: Path, stream: io.BufferedReader, encoding: str) -> Iterator[bytes]:
    _warn_once(path, "is read as UTF-16")
    text = io.TextIOWrapper(stream, encoding, newline="")
    empty = True
    try:
        while block := text.read(BLOCK_BYTES):
            empty = empty and not block.strip("\ufeff \r\n\t")
            yield block.encode()
    except UnicodeError as error:
        raise InputError(
            f"{path.name} is damaged: it begins as text in UTF-16 and does not go on so.",
            "Save it again, as CSV in UTF-8.",
        ) from error
    finally:
        text.detach()
    if empty:
        raise _empty(path)


@lru_cache(maxsize=1_000)
def _warn_once(path: Path, what: str) -> None:
    """Logs what was assumed of a file, which is opened several times, once in a process."""
    logger.warning("%s %s", path.name, what)


class _Decoder:
    """Decodes blocks of complete lines; the first that is not UTF-8 decides on another encoding."""

    def __init__(self, path: Path, fallback: str | None) -> None:
        self._path = path
        self._fallback = fallback
        self._encoding = "utf-8"
        self._is_ascii = True
        """Whether all blocks until now were ASCII, which most encodings share."""

    def lines(self, block: bytes, number: int) -> Iterator[str]:
        """Returns the lines of a block; `number` is that of the first line."""
        if self._fallback is None:
            return io.StringIO(self.decode(block, number), newline="\n")
        try:
            return io.StringIO(block.decode(), newline="\n")
        except UnicodeDecodeError:
            return _decode_each_line(block, self._fallback)

    def decode(self, block: bytes, number: int) -> str:
        try:
            text = block.decode(self._encoding)
            self._is_ascii = self._is_ascii and block.isascii()
        except UnicodeDecodeError as error:
            text = self._recognise(block, number, error)
        return text

    def _recognise(self, block: bytes, number: int, error: UnicodeDecodeError) -> str:
        guess = recognise_encoding(block)
        if guess.certain and self._is_ascii and self._encoding == "utf-8":
            try:
                text = block.decode(guess.encoding)
            except UnicodeDecodeError as other:
                raise _encoding_error(self._path, number, other, guess.name) from error
            _warn_once(
                self._path, f"is not UTF-8; it is read as {guess.name}, such as {guess.example!r}"
            )
            self._encoding, self._is_ascii = guess.encoding, False
            return text
        raise _encoding_error(self._path, number, error, guess.name) from error


def _decode_each_line(block: bytes, fallback: str) -> Iterator[str]:
    for line in io.BytesIO(block):
        try:
            yield line.decode()
        except UnicodeDecodeError:
            yield line.decode(fallback)


def _empty(path: Path) -> InputError:
    return InputError(f"{path.name} is empty.", "Write it again, or remove it from the folder.")


def _check_is_text(path: Path, head: bytes) -> None:
    if not head.removeprefix(BYTE_ORDER_MARK).strip():
        raise _empty(path)
    for signature, (file_type, advice) in SIGNATURES.items():
        if head.startswith(signature):
            raise InputError(f"{path.name} is {file_type}.", advice.format(name=path.name))
    if b"\0" in head:
        raise InputError(
            f"{path.name} is not text: byte {head.index(0) + 1} is zero.",
            "Save the table as CSV in UTF-8, as JSON Lines or as Parquet.",
        )


def _encoding_error(path: Path, number: int, error: UnicodeDecodeError, guess: str) -> InputError:
    start = error.object.rfind(b"\n", 0, error.start) + 1
    number += error.object.count(b"\n", 0, start)
    encoding = error.encoding.upper()
    return InputError(
        f"{path.name}, line {number}: byte {error.start - start + 1} is "
        f"{error.object[error.start]:#04x}, which is not {encoding}; it looks like {guess}.",
        _conversion_advice(path, guess),
    )


def _conversion_advice(path: Path, encoding: str) -> str:
    """Returns the command that converts a file to UTF-8."""
    new_name = f"new.{path.name.removesuffix('.gz').rpartition('.')[2]}"
    if path.suffix == ".gz":
        return f"Convert it: gzip -dc {path.name} | iconv -f {encoding} -t UTF-8 > {new_name}"
    return f"Convert it: iconv -f {encoding} -t UTF-8 {path.name} > {new_name}"
