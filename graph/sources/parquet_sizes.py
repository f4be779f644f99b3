"""The sizes that a Parquet file declares, which are known before anything is unpacked.

A footer has the size of each column in each row group, and each page has its own: a page is what
must be unpacked at once. See https://github.com/apache/parquet-format, `parquet.thrift`, and for
the encoding of page headers Thrift's `thrift-compact-protocol.md`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from isthmus.errors import InputError
from isthmus.graph.ingest import MAX_TEXT
from isthmus.graph.sources.memory import MIB
from isthmus.graph.sources.validation import CHUNK_ROWS

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

MAX_PAGE_BYTES = 64 * MIB
"""Maximum bytes of a page, of which several copies are made; writers make pages of about 1 MiB."""
MAX_HEADER_BYTES = 2**16
MAX_VALUES = 20_000_000
"""Maximum values in the lists of a column in a row group."""
VALUES_AT_ONCE = 1_000_000
BYTES_AT_ONCE = 256 * MIB
SMALL_DICTIONARY = BYTES_AT_ONCE // CHUNK_ROWS
"""Bytes of a dictionary, of which no value can make a chunk too large."""


def rows_at_once(path: Path, file: Path, names: AbstractSet[str]) -> int:
    """Returns the number of rows of a Parquet file that may be read at once.

    Args:
        path: The file, for messages.
        file: The file, or an uncompressed copy of it.
        names: The columns that are read.

    Raises:
        InputError: A page or a list of a column is too large to be read.
    """
    from pyarrow import ArrowException  # type: ignore[import-untyped]
    from pyarrow.parquet import ParquetFile  # type: ignore[import-untyped]

    at_once = CHUNK_ROWS
    try:
        with ParquetFile(file) as parquet, file.open("rb") as stream:
            footer = parquet.metadata
            for number in range(footer.num_row_groups):
                group = footer.row_group(number)
                for column in map(group.column, range(group.num_columns)):
                    if column.path_in_schema.partition(".")[0] in names:
                        _check_pages(path, stream, column)
                        rows = _rows_of_column(path, group, column, stream)
                        if rows is None:
                            rows = _rows_of_long_values(file, number, column.path_in_schema)
                        at_once = min(at_once, max(1, rows))
    except (ArrowException, OSError):
        pass  # polars says what is wrong with the file
    return at_once


def _rows_of_column(path: Path, group: Any, column: Any, stream: BinaryIO) -> int | None:
    """Returns how many rows of a column may be read at once, or None if its dictionary decides."""
    name, is_nested, _ = column.path_in_schema.partition(".")
    has_dictionary = column.has_dictionary_page and column.physical_type == "BYTE_ARRAY"
    size = next(_page_sizes(stream, column), 0) if has_dictionary else 0
    if is_nested:
        _check_values(path, name, column.num_values)
        values = min(VALUES_AT_ONCE, BYTES_AT_ONCE // max(size, 1))
        return int(values * group.num_rows / max(column.num_values, 1))
    return CHUNK_ROWS if size <= SMALL_DICTIONARY else None


def _rows_of_long_values(file: Path, group: int, name: str) -> int:
    """Returns how many rows may be read at once if each has the longest value of a dictionary."""
    from pyarrow.parquet import ParquetFile

    with ParquetFile(file, read_dictionary=[name]) as parquet:
        batches = parquet.iter_batches(1, row_groups=[group], columns=[name])
        longest = max((_longest(batch.column(0)) for batch in islice(batches, 1)), default=0)
    return int(BYTES_AT_ONCE // max(longest, 1))


def _longest(values: Any) -> int:
    """Returns the bytes of the longest value in a dictionary, of which one value was read."""
    from pyarrow import DictionaryArray
    from pyarrow.compute import binary_length  # type: ignore[import-untyped]
    from pyarrow.compute import max as largest

    texts = values.dictionary if isinstance(values, DictionaryArray) else values
    return int(largest(binary_length(texts)).as_py() or 0)


def _check_values(path: Path, name: str, values: int) -> None:
    if values > MAX_VALUES:
        raise InputError(
            f"{path.name}: the lists of the column {name} have {values:,} values in one row group, "
            f"more than {MAX_VALUES:,}.",
            "Write the file again with smaller row groups, or a row for each value of a list.",
        )


def _check_pages(path: Path, stream: BinaryIO, column: Any) -> None:
    """Checks that no page of a column in a row group is too large to be unpacked.

    Raises:
        InputError: One is.
    """
    largest = column.total_uncompressed_size
    if largest > MAX_PAGE_BYTES:
        largest = max(_page_sizes(stream, column), default=0)
    if largest > MAX_PAGE_BYTES:
        raise InputError(
            f"{path.name}: the column {column.path_in_schema} has a page of {largest // MIB:,} "
            f"MiB, more than {MAX_PAGE_BYTES // MIB}, perhaps in one cell.",
            f"Cut its texts to {MAX_TEXT:,} characters, the most that are read; if none is longer, "
            "write the file again with smaller row groups.",
        )


def _page_sizes(stream: BinaryIO, column: Any) -> Iterator[int]:
    """Yields the uncompressed size of each page of a column in a row group."""
    offset = column.data_page_offset
    if column.dictionary_page_offset is not None:
        offset = min(offset, column.dictionary_page_offset)
    end = offset + column.total_compressed_size
    while offset < end:
        stream.seek(offset)
        try:
            numbers, length = _read_struct(stream.read(MAX_HEADER_BYTES), 0)
            size, packed = numbers[2], numbers[3]
        except (LookupError, ValueError):  # a header that repeats a long value, or is none
            size = packed = column.total_uncompressed_size
            length = 0
        yield size
        offset += length + max(packed, 0)


def _read_struct(data: bytes, at: int) -> tuple[dict[int, int], int]:
    """Returns the integers of a struct by their field, and where the struct ends.

    Raises:
        IndexError: The data end before the struct.
        ValueError: The data are no struct.
    """
    numbers: dict[int, int] = {}
    field = 0
    while kind := data[at]:
        at += 1
        if kind >> 4:
            field += kind >> 4
        else:
            field, at = _read_integer(data, at)
        kind &= 15
        if kind in (4, 5, 6):
            numbers[field], at = _read_integer(data, at)
        else:
            at = _skip(data, at, kind)
    return numbers, at + 1


def _skip(data: bytes, at: int, kind: int) -> int:
    """Returns where a value ends: of the kinds that page headers have."""
    match kind:
        case 1 | 2:  # true or false
            return at
        case 3:
            return at + 1
        case 7:
            return at + 8
        case 8:
            length, at = _read_varint(data, at)
            return at + length
        case 12:
            return _read_struct(data, at)[1]
    raise ValueError(kind)


def _read_integer(data: bytes, at: int) -> tuple[int, int]:
    number, at = _read_varint(data, at)
    return (number >> 1) ^ -(number & 1), at


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        number |= (data[at] & 127) << shift
        shift, at = shift + 7, at + 1
        if data[at - 1] < 128:
            return number, at
