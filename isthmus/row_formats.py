"""Rows of values as an aligned table, CSV, JSON Lines or Parquet."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isthmus.errors import InputError
from isthmus.files import new_file
from isthmus.output import escape_controls, json_text

if TYPE_CHECKING:
    import polars as pl

FORMATS = ("table", "csv", "jsonl", "parquet")
"""Formats of rows; Parquet goes into a file only."""

_ENDINGS = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}
_GAP = "  "
_MIN_WIDTH = 8


def format_of(path: Path) -> str:
    """Returns the format that the ending of a file's name stands for, else `table`."""
    return _ENDINGS.get(path.suffix.lower(), "table")


def format_rows(
    columns: Sequence[str], rows: Sequence[Sequence[Any]], kind: str, width: int | None = None
) -> str:
    """Returns rows as text.

    Args:
        columns: Names of the columns.
        rows: Values per row: texts, numbers, booleans, None, lists and maps.
        kind: `table`, `csv` or `jsonl`.
        width: Width of the terminal, into which the cells of a table are shortened; None for
            whole cells.
    """
    if kind == "csv":
        return _to_csv(columns, rows)
    if kind == "jsonl":
        return "\n".join(
            json_text(dict(zip(columns, row, strict=True)), ascii_only=False) for row in rows
        )
    return _to_table(columns, rows, width)


def write_rows(
    path: Path, columns: Sequence[str], rows: Sequence[Sequence[Any]], kind: str
) -> None:
    """Writes rows to a file in one of `FORMATS`; an existing file is replaced at once.

    Raises:
        InputError: The file cannot be written.
    """
    try:
        with new_file(path, private=False) as file:
            if kind == "parquet":
                _to_frame(columns, rows).write_parquet(file)
            else:
                text = format_rows(columns, rows, kind)
                file.write(f"{text}\n".encode() if text else b"")
    except OSError as error:
        raise InputError(
            f"{path} cannot be written: {error.strerror or error}.", "Give another file."
        ) from error


def cell_text(value: Any) -> str:
    """Returns a value as a person reads it: lists and maps without brackets, numbers rounded."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_inner_text(each)}" for key, each in value.items())
    if isinstance(value, list | tuple):
        nested = any(isinstance(each, dict | list | tuple) for each in value)
        return ("; " if nested else ", ").join(map(_inner_text, value))
    return escape_controls(str(value))


def _inner_text(value: Any) -> str:
    return "null" if value is None else cell_text(value)


def _to_csv(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_csv_value(value) for value in row])
    return text.getvalue().removesuffix("\n")


def _csv_value(value: Any) -> Any:
    if isinstance(value, list | tuple | dict):
        return json_text(value, ascii_only=False)
    return ("true" if value else "false") if isinstance(value, bool) else value


def _to_table(columns: Sequence[str], rows: Sequence[Sequence[Any]], width: int | None) -> str:
    from rich.cells import cell_len

    cells = [[cell_text(value) for value in row] for row in rows]
    header = [escape_controls(name) for name in columns]
    widths = [max(map(cell_len, column)) for column in zip(header, *cells, strict=True)]
    if width is not None:
        widths = _narrow(widths, width)
    numeric = [
        bool(rows) and all(_is_number(row[place]) for row in rows) for place in range(len(header))
    ]
    lines = [
        _line(header, widths, numeric),
        _line(["-" * each for each in widths], widths, numeric),
    ]
    return "\n".join(lines + [_line(row, widths, numeric) for row in cells])


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _narrow(widths: list[int], width: int) -> list[int]:
    """Takes from the widest columns until they fit, or are as narrow as can be read."""
    widths = list(widths)
    room = width - len(_GAP) * (len(widths) - 1)
    while sum(widths) > room and max(widths) > _MIN_WIDTH:
        widths[widths.index(max(widths))] -= 1
    return widths


def _line(cells: Sequence[str], widths: Sequence[int], numeric: Sequence[bool]) -> str:
    from rich.cells import cell_len, set_cell_size

    padded = []
    for cell, width, right in zip(cells, widths, numeric, strict=True):
        text = cell if cell_len(cell) <= width else f"{set_cell_size(cell, width - 1).rstrip()}…"
        blanks = " " * (width - cell_len(text))
        padded.append(blanks + text if right else text + blanks)
    return _GAP.join(padded).rstrip()


def _to_frame(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> pl.DataFrame:
    import polars as pl

    values = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in columns]
    return pl.DataFrame(
        [_to_series(name, column) for name, column in zip(columns, values, strict=True)]
    )


def _to_series(name: str, values: list[Any]) -> pl.Series:
    """Returns values as one type; as JSON where they have none in common."""
    import polars as pl

    if any(isinstance(each, float) for each in values) and all(map(_is_number, values)):
        values = [None if each is None else float(each) for each in values]
    try:
        series = pl.Series(name, values, strict=True)
        if _is_storable(series.dtype):
            return series
    except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError):
        pass
    texts = [None if each is None else json_text(each, ascii_only=False) for each in values]
    return pl.Series(name, texts, dtype=pl.String)


def _is_storable(kind: pl.DataType) -> bool:
    """Whether Parquet has the type: objects and maps without keys are none of its."""
    import polars as pl

    if isinstance(kind, pl.List):
        return _is_storable(kind.inner)  # type: ignore[arg-type]
    if isinstance(kind, pl.Struct):
        return bool(kind.fields) and all(_is_storable(each.dtype) for each in kind.fields)  # type: ignore[arg-type]
    return kind != pl.Object
