"""Writes sheets as the files of a dataset, in any of the formats that exports have."""

from __future__ import annotations

import csv
import gzip
import io
import json
import lzma
import zipfile
from bz2 import compress as bzip2
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

import polars as pl

from shared.fuzz_tables import Sheet, Sheets

COMPRESSORS = {"gz": gzip.compress, "bz2": bzip2, "xz": lzma.compress}


@dataclass
class Writing:
    """How a table is written.

    Attributes:
        format: csv, jsonl, json, parquet or xlsx.
        ending: Ending of the name; "" for that of the format.
        separator: Separator of CSV.
        quoting: Constant of the module csv.
        line_end: End of the lines of text.
        encoding: Encoding of text; another is taken where it lacks a character.
        mark: Whether text in UTF-8 begins with a byte order mark.
        prefix: Text before the header, such as `sep=;`.
        escape: Whether JSON has escapes instead of characters that are not ASCII.
        indent: Indentation of JSON.
        typed: Whether Parquet has typed columns instead of text.
        compression: gz, bz2, xz, zip or "".
        layout: file, folder (`items/part-0.csv`), spark (`items.csv/part-0.csv`) or parts
            (`items-1.csv`, `items-2.csv`).
    """

    format: str = "csv"
    ending: str = ""
    separator: str = ","
    quoting: int = csv.QUOTE_MINIMAL
    line_end: str = "\n"
    encoding: str = "utf-8"
    mark: bool = False
    prefix: str = ""
    escape: bool = False
    indent: int | None = None
    typed: bool = True
    compression: str = ""
    layout: str = "file"


Files = dict[str, bytes]
"""Content of files by their path in the dataset."""


def write_sheets(sheets: Sheets, writings: dict[str, Writing]) -> Files:
    """Returns the files of a dataset."""
    files: Files = {}
    for name, sheet in sheets.items():
        files |= _write_table(name, sheet, writings[name])
    return files


def _write_table(name: str, sheet: Sheet, writing: Writing) -> Files:
    ending = writing.ending or writing.format
    middle = (len(sheet.rows) + 1) // 2
    parts = [Sheet(sheet.header, sheet.rows[:middle]), Sheet(sheet.header, sheet.rows[middle:])]
    if writing.layout == "file" or not parts[1].rows:
        return _compressed(f"{name}.{ending}", _write(name, sheet, writing), writing)
    pattern = {
        "folder": f"{name}/part-{{:05}}.{ending}",
        "spark": f"{name}.{ending}/part-{{:05}}.{ending}",
        "parts": f"{name}-{{}}.{ending}",
    }[writing.layout]
    files: Files = {}
    for number, part in enumerate(parts):
        files |= _compressed(pattern.format(number), _write(name, part, writing), writing)
    return files


def _compressed(path: str, content: bytes, writing: Writing) -> Files:
    if writing.compression == "zip":
        return {f"{path}.zip": zipped({path.rpartition("/")[2]: content})}
    if writing.compression:
        compress: Any = COMPRESSORS[writing.compression]
        return {f"{path}.{writing.compression}": compress(content)}
    return {path: content}


def zipped(files: Files) -> bytes:
    """Returns files as a zip archive."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return stream.getvalue()


def _write(name: str, sheet: Sheet, writing: Writing) -> bytes:
    match writing.format:
        case "parquet":
            return parquet(frame_of(sheet, writing.typed))
        case "xlsx":
            return workbook({name: [sheet.header, *sheet.rows]})
        case "jsonl":
            rows = (
                json.dumps(row, ensure_ascii=writing.escape, default=str) for row in _objects(sheet)
            )
            return _encode("".join(f"{row}{writing.line_end}" for row in rows), writing)
        case "json":
            text = json.dumps(
                _objects(sheet), ensure_ascii=writing.escape, indent=writing.indent, default=str
            )
            return _encode(text, writing)
    stream = io.StringIO()
    writer = csv.writer(
        stream,
        delimiter=writing.separator,
        quoting=writing.quoting,  # type: ignore[arg-type]
        lineterminator=writing.line_end,
    )
    writer.writerow(sheet.header)
    writer.writerows([plain(value) for value in row] for row in sheet.rows)
    text = stream.getvalue()
    if writing.line_end == "\r":
        text = text.replace("\n", "\r")
    return _encode(writing.prefix + text, writing)


def _objects(sheet: Sheet) -> list[dict[str, Any]]:
    return [dict(zip(sheet.header, row, strict=False)) for row in sheet.rows]


def plain(value: Any) -> str:
    """Returns a value as CSV has it."""
    if value is None:
        return ""
    if isinstance(value, list) and any(isinstance(part, dict | list) for part in value):
        return repr(value)
    if isinstance(value, list):
        return "|".join(str(part) for part in value)
    if isinstance(value, dict | bool):
        return json.dumps(value, default=str)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _encode(text: str, writing: Writing) -> bytes:
    try:
        content = text.encode(writing.encoding)
    except UnicodeError:
        content = text.encode("utf-8", "surrogatepass")
    return b"\xef\xbb\xbf" + content if writing.mark else content


def frame_of(sheet: Sheet, typed: bool) -> pl.DataFrame:
    """Returns a sheet as a frame; a column of mixed types is text."""
    columns = {}
    for position, name in enumerate(sheet.header):
        values = [row[position] if position < len(row) else None for row in sheet.rows]
        column = None
        if typed:
            try:
                column = pl.Series(name, values, strict=True)
            except (TypeError, pl.exceptions.PolarsError, OverflowError):
                column = None
        if column is None or column.dtype in (pl.Object, pl.Null):
            texts = [None if value is None else plain(value) for value in values]
            column = pl.Series(name, texts, dtype=pl.String)
        columns[name] = column
    return pl.DataFrame(columns)


def parquet(frame: pl.DataFrame) -> bytes:
    """Returns a frame as Parquet."""
    stream = io.BytesIO()
    frame.write_parquet(stream)
    return stream.getvalue()


def workbook(sheets: dict[str, list[list[Any]]], extra: str = "") -> bytes:
    """Returns sheets as an Excel workbook.

    Args:
        sheets: Rows by the name of the sheet.
        extra: XML after the rows of each sheet, such as merged cells.
    """
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    numbers = range(1, len(sheets) + 1)
    names = "".join(
        f'<sheet name="{escape(name)}" sheetId="{n}" r:id="rId{n}"/>'
        for n, name in zip(numbers, sheets, strict=True)
    )
    links = "".join(
        f'<Relationship Id="rId{n}" Type="{office}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in numbers
    )
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    files = {
        "[Content_Types].xml": f'{head}<Types xmlns="{package}/content-types"/>',
        "_rels/.rels": f'{head}<Relationships xmlns="{package}/relationships"><Relationship '
        f'Id="rId1" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'{head}<workbook xmlns="{main}" xmlns:r="{office}">'
        f"<sheets>{names}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'{head}<Relationships xmlns="{package}/relationships">'
        f"{links}</Relationships>",
    }
    for number, rows in zip(numbers, sheets.values(), strict=True):
        body = "".join(f"<row>{''.join(map(_cell, row))}</row>" for row in rows)
        files[f"xl/worksheets/sheet{number}.xml"] = (
            f'{head}<worksheet xmlns="{main}"><sheetData>{body}</sheetData>{extra}</worksheet>'
        )
    return zipped({path: text.encode("utf-8", "replace") for path, text in files.items()})


def _cell(value: Any) -> str:
    if value is None:
        return "<c/>"
    if isinstance(value, bool):
        return f'<c t="b"><v>{int(value)}</v></c>'
    if isinstance(value, int | float):
        return f"<c><v>{value!r}</v></c>"
    text = "".join(c for c in plain(value) if c in "\t\n\r" or ord(c) >= 32)
    if text.startswith("="):
        return f"<c><f>{escape(text[1:])}</f><v>1</v></c>"
    return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is></c>'
