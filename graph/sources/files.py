"""Reads files as lines of text: gzip, encodings, and files that are not text."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from isthmus.errors import InputError

MAX_LINE = 8 * 2**20
"""Maximum bytes of a line; a longer one is truncated, and the readers reject it."""

HEAD_BYTES = 4096
BLOCK_BYTES = 2**20
BYTE_ORDER_MARK = b"\xef\xbb\xbf"

SIGNATURES = {
    b"PK\x03\x04": ("an Excel workbook or a zip archive", "Save it as CSV in UTF-8, or unpack it."),
    b"PAR1": ("a Parquet file", "Rename it so that it ends in .parquet."),
    b"\x1f\x8b": ("compressed with gzip twice", "Decompress it once."),
}
UTF_16 = (b"\xff\xfe", b"\xfe\xff")


@contextmanager
def open_bytes(path: Path) -> Iterator[io.BufferedReader]:
    """Opens a file and decompresses gzip, which its first bytes show, not its name.

    Raises:
        InputError: The file does not exist, may not be read, or is damaged gzip, which may be found
            only while the block reads.
    """
    try:
        with path.open("rb") as raw:
            if raw.peek(2)[:2] == b"\x1f\x8b":
                with gzip.GzipFile(fileobj=raw) as decompressed:
                    yield io.BufferedReader(decompressed, 2**18)
            else:
                yield raw
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(
            f"{path.name} is damaged: gzip ends early or does not match its checksum ({error}).",
            "Copy or download it again.",
        ) from error
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror or error}.",
            "Check its name and its permissions.",
        ) from error


def read_lines(path: Path, fallback: str | None = None) -> Iterator[str]:
    """Reads a text file in UTF-8, with or without a byte order mark, line by line.

    Lines include their line ends. A line longer than `MAX_LINE` bytes is truncated.

    Args:
        path: The file, which may be compressed with gzip.
        fallback: Encoding of the lines that are not UTF-8, for old public files.

    Raises:
        InputError: The file is empty, not text, or in another encoding.
    """
    with open_bytes(path) as stream:
        head = stream.peek(HEAD_BYTES)[:HEAD_BYTES]
        _check_is_text(path, head)
        if head.startswith(BYTE_ORDER_MARK):
            stream.read(len(BYTE_ORDER_MARK))
        number, rest, skipping = 1, b"", False
        while block := stream.read(BLOCK_BYTES):
            end = block.rfind(b"\n") + 1
            if skipping:
                # Drop the end of the line that was truncated.
                start = block.find(b"\n") + 1
                skipping, block, end = not start, block[start:] if start else b"", end - start
            complete, rest = rest + block[:end], rest + block if not end else block[end:]
            if end:
                yield from _decode_lines(path, complete, number, fallback)
                number += complete.count(b"\n")
            if len(rest) >= MAX_LINE:
                yield rest[:MAX_LINE].decode(errors="ignore")
                number, rest, skipping = number + 1, b"", True
        if rest:
            yield from _decode_lines(path, rest, number, fallback)


def is_truncated(line: str) -> bool:
    """Whether `read_lines` truncated this line."""
    # A character cut in two, of up to four bytes, is dropped.
    return (
        len(line) > MAX_LINE // 4 - 4
        and not line.endswith("\n")
        and len(line.encode()) > MAX_LINE - 4
    )


def _decode_lines(path: Path, block: bytes, number: int, fallback: str | None) -> Iterator[str]:
    """Returns the lines of a block of complete lines; `number` is that of the first line."""
    try:
        return io.StringIO(block.decode(), newline="\n")
    except UnicodeDecodeError as error:
        if fallback is not None:
            return _decode_each_line(block, fallback)
        raise _encoding_error(path, number, error) from error


def _decode_each_line(block: bytes, fallback: str) -> Iterator[str]:
    for line in io.BytesIO(block):
        try:
            yield line.decode()
        except UnicodeDecodeError:
            yield line.decode(fallback)


def _check_is_text(path: Path, head: bytes) -> None:
    if not head.removeprefix(BYTE_ORDER_MARK).strip():
        raise InputError(f"{path.name} is empty.", "Write it again, or remove it from the folder.")
    for signature, (file_type, advice) in SIGNATURES.items():
        if head.startswith(signature):
            raise InputError(f"{path.name} is {file_type}.", advice)
    if head.startswith(UTF_16):
        raise InputError(f"{path.name} is text in UTF-16.", _conversion_advice(path, "UTF-16"))
    if b"\0" in head:
        raise InputError(
            f"{path.name} is not text: byte {head.index(0) + 1} is zero.",
            "Save the table as CSV in UTF-8, as JSON Lines or as Parquet.",
        )


def _encoding_error(path: Path, number: int, error: UnicodeDecodeError) -> InputError:
    start = error.object.rfind(b"\n", 0, error.start) + 1
    line = error.object[start:].split(b"\n", 1)[0]
    number += error.object.count(b"\n", 0, start)
    try:
        line.decode("gb2312")
        guess = "GB18030"
    except UnicodeDecodeError:
        guess = "WINDOWS-1252"
    return InputError(
        f"{path.name}, line {number}: byte {error.start - start + 1} is "
        f"{error.object[error.start]:#04x}, which is not UTF-8; it looks like {guess}.",
        _conversion_advice(path, guess),
    )


def _conversion_advice(path: Path, encoding: str) -> str:
    """Returns the command that converts a file to UTF-8."""
    new_name = f"new.{path.name.removesuffix('.gz').rpartition('.')[2]}"
    if path.suffix == ".gz":
        return f"Convert it: gzip -dc {path.name} | iconv -f {encoding} -t UTF-8 > {new_name}"
    return f"Convert it: iconv -f {encoding} -t UTF-8 {path.name} > {new_name}"
