"""Files to lines of text: gzip, encodings, and what cannot be read at all."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from isthmus.errors import InputError

MAX_LINE = 8 * 2**20
"""Bytes of a line, at most; what is longer is cut there, and refused by the readers."""

HEAD = 4096
BLOCK = 2**20
BYTE_ORDER_MARK = b"\xef\xbb\xbf"

SIGNATURES = {
    b"PK\x03\x04": ("an Excel workbook or a zip archive", "Save it as CSV in UTF-8, or unpack it."),
    b"PAR1": ("a Parquet file", "Give it a name that ends in .parquet."),
    b"\x1f\x8b": ("packed with gzip twice", "Unpack it once."),
}
UTF_16 = (b"\xff\xfe", b"\xfe\xff")


@contextmanager
def open_bytes(path: Path) -> Iterator[io.BufferedReader]:
    """Opens a file, unpacked where its first bytes say that it is gzip, whatever its name.

    Raises:
        InputError: There is no such file, it may not be read, or it is damaged gzip; also where
            that comes to light only while the block reads.
    """
    try:
        with path.open("rb") as raw:
            if raw.peek(2)[:2] == b"\x1f\x8b":
                with gzip.GzipFile(fileobj=raw) as unpacked:
                    yield io.BufferedReader(unpacked, 2**18)
            else:
                yield raw
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(
            f"{path.name} is damaged: gzip ends early or does not match its checksum ({error}).",
            "Copy or download it again.",
        ) from error
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror or error}.", "Check its name and its rights."
        ) from error


def lines(path: Path, fallback: str | None = None) -> Iterator[str]:
    """Reads a text file in UTF-8, with or without a byte order mark, line by line.

    Every line keeps its end. One without an end after `MAX_LINE` bytes is cut there.

    Args:
        path: The file, also packed with gzip.
        fallback: Encoding of the lines that are not UTF-8, for old public files.

    Raises:
        InputError: It is empty, no text, or in another encoding.
    """
    with open_bytes(path) as stream:
        head = stream.peek(HEAD)[:HEAD]
        _refuse_what_is_no_text(path, head)
        if head.startswith(BYTE_ORDER_MARK):
            stream.read(len(BYTE_ORDER_MARK))
        number, rest, skipping = 1, b"", False
        while block := stream.read(BLOCK):
            end = block.rfind(b"\n") + 1
            if skipping:
                # The end of the long line that was cut.
                start = block.find(b"\n") + 1
                skipping, block, end = not start, block[start:] if start else b"", end - start
            whole, rest = rest + block[:end], rest + block if not end else block[end:]
            if end:
                yield from _decoded(path, whole, number, fallback)
                number += whole.count(b"\n")
            if len(rest) >= MAX_LINE:
                yield rest[:MAX_LINE].decode(errors="ignore")
                number, rest, skipping = number + 1, b"", True
        if rest:
            yield from _decoded(path, rest, number, fallback)


def was_cut(line: str) -> bool:
    """Whether `lines` cut this line, so that its end is not there."""
    # A character cut in two is dropped, and one has four bytes at most.
    return (
        len(line) > MAX_LINE // 4 - 4
        and not line.endswith("\n")
        and len(line.encode()) > MAX_LINE - 4
    )


def _decoded(path: Path, whole: bytes, number: int, fallback: str | None) -> Iterator[str]:
    """Yields the lines of a block of whole lines, of which the first has this number."""
    try:
        return io.StringIO(whole.decode(), newline="\n")
    except UnicodeDecodeError as error:
        if fallback is not None:
            return _decoded_each(whole, fallback)
        raise _wrong_encoding(path, number, error) from error


def _decoded_each(whole: bytes, fallback: str) -> Iterator[str]:
    for line in io.BytesIO(whole):
        try:
            yield line.decode()
        except UnicodeDecodeError:
            yield line.decode(fallback)


def _refuse_what_is_no_text(path: Path, head: bytes) -> None:
    if not head.removeprefix(BYTE_ORDER_MARK).strip():
        raise InputError(f"{path.name} is empty.", "Write it again, or take it out of the folder.")
    for signature, (what, advice) in SIGNATURES.items():
        if head.startswith(signature):
            raise InputError(f"{path.name} is {what}.", advice)
    if head.startswith(UTF_16):
        raise InputError(f"{path.name} is text in UTF-16.", _convert(path, "UTF-16"))
    if b"\0" in head:
        raise InputError(
            f"{path.name} is not text: byte {head.index(0) + 1} is zero.",
            "Give a table as text in UTF-8, as JSON Lines or as Parquet.",
        )


def _wrong_encoding(path: Path, number: int, error: UnicodeDecodeError) -> InputError:
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
        _convert(path, guess),
    )


def _convert(path: Path, encoding: str) -> str:
    """The command that writes a file in UTF-8."""
    new = f"new.{path.name.removesuffix('.gz').rpartition('.')[2]}"
    if path.suffix == ".gz":
        return f"Convert it: gzip -dc {path.name} | iconv -f {encoding} -t UTF-8 > {new}"
    return f"Convert it: iconv -f {encoding} -t UTF-8 {path.name} > {new}"
