"""The file of an export: its format, the parts of an unfinished one, and the file that they become.

Parts are Parquet files in a folder beside the file, each complete or not there at all. Each has the
place after its last row, from which a run after a kill goes on.
"""

from __future__ import annotations

import csv
import gzip
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from isthmus.errors import InputError
from isthmus.files import make_folder, new_file, write_file
from isthmus.output import json_text

if TYPE_CHECKING:
    from isthmus.workflows.export_rows import Cursor

ENDINGS = (".parquet", ".csv", ".csv.gz", ".jsonl", ".jsonl.gz")
GZIP = b"\x1f\x8b"
PARQUET = b"PAR1"
FIRST_BYTES = 65_536
NOTES = b"isthmus"
"""Key of the notes in the metadata of a part."""


@dataclass(frozen=True)
class Done:
    """What the parts hold so far.

    Attributes:
        rows: Number of rows.
        steps: Number of users, sources or items.
        unknown: Number of users that do not exist.
        cursor: Where the next batch begins.
    """

    rows: int = 0
    steps: int = 0
    unknown: int = 0
    cursor: Cursor = field(default_factory=dict)


class Parts:
    """The parts of an unfinished export, in the folder `.NAME.export` beside the file.

    Args:
        file: The file that is exported to.
        columns: Names and types of the columns.
    """

    def __init__(self, file: Path, columns: dict[str, Any]) -> None:
        self.folder = file.parent / f".{file.name}.export"
        self._schema = pl.DataFrame(schema=columns).to_arrow().schema
        self._columns = columns

    def begin(self, request: dict[str, Any], origin: dict[str, Any]) -> Done | None:
        """Begins an export, or returns what an earlier run of the same one has done.

        Returns:
            None if the parts are of the same request, but of another origin.

        Raises:
            InputError: The parts are of another request.
        """
        notes = self.folder / "request.json"
        if not notes.is_file():
            shutil.rmtree(self.folder, ignore_errors=True)
            make_folder(self.folder)
            write_file(notes, json_text({"request": request, "origin": origin}))
            return Done()
        stored = json.loads(notes.read_text("utf-8"))
        if stored["request"] != request:
            raise InputError(
                f"{self.folder} has an unfinished export with other options.",
                "Repeat those options to finish it, or add --restart to begin again.",
            )
        return self.done() if stored["origin"] == origin else None

    def origin(self) -> dict[str, Any]:
        """Returns the origin of the parts."""
        stored: dict[str, Any] = json.loads((self.folder / "request.json").read_text("utf-8"))
        return dict(stored["origin"])

    def done(self) -> Done:
        """Returns what the parts hold."""
        files = self._files()
        if not files:
            return Done()
        metadata = pq.read_schema(files[-1]).metadata
        return Done(**json.loads(metadata[NOTES]))

    def add(self, rows: list[dict[str, Any]], done: Done) -> None:
        """Writes a part; `done` describes all parts with it."""
        frame = pl.DataFrame(rows, schema=self._columns)
        table = frame.to_arrow().cast(self._schema)
        notes = {NOTES: json_text(asdict(done)).encode()}
        with new_file(self.folder / f"{len(self._files()):08}.parquet") as stream:
            pq.write_table(table.replace_schema_metadata(notes), stream)

    def read(self) -> Iterator[pa.Table]:
        """Reads the parts in order."""
        for file in self._files():
            yield pq.read_table(file).replace_schema_metadata(None)

    def discard(self) -> None:
        """Deletes the parts."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def finish(self, file: Path) -> None:
        """Writes the file from the parts, which gets its name when it is complete."""
        with new_file(file) as stream:
            _WRITERS[_format(file)](stream, self._schema, self.read())
        self.discard()

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob("[0-9]*.parquet"))


def check_file(file: Path, columns: Sequence[str]) -> None:
    """Checks that an export can be written to a file; an earlier export there is replaced.

    Raises:
        InputError: The ending is unknown, the folder does not exist, or something else than an
            export with these columns is there.
    """
    _format(file)
    if not file.parent.is_dir():
        raise InputError(f"There is no folder {file.parent}.", "Create it, or name another file.")
    if not file.exists() and not file.is_symlink():
        return
    if not file.is_file() or file.is_symlink():
        raise InputError(f"{file} is no file.", "Name another file.")
    found = _columns_of(file)
    if found is not None and list(found) != list(columns):
        raise InputError(
            f"{file} exists, and is no earlier export with the columns {', '.join(columns)}.",
            "Name another file, or delete this one.",
        )


def _format(file: Path) -> str:
    for ending in sorted(ENDINGS, key=len, reverse=True):
        if file.name.lower().endswith(ending):
            return ending.removeprefix(".")
    raise InputError(
        f"The format of {file.name} is unknown.", f"End its name in {', '.join(ENDINGS)}."
    )


def _columns_of(file: Path) -> Sequence[str] | None:
    """Returns the columns of a file of the format of its ending; None if the file is empty."""
    with file.open("rb") as stream:
        head = stream.read(FIRST_BYTES)
    if not head:
        return None
    ending = _format(file)
    try:
        if ending == "parquet":
            return list(pq.read_schema(file).names)
        if ending.endswith(".gz"):
            with gzip.open(file, "rb") as stream:
                head = stream.read(FIRST_BYTES)
        line = head.decode("utf-8", "replace").split("\n", 1)[0]
        if ending.startswith("csv"):
            return next(csv.reader([line]), [])
        return list(json.loads(line)) if line else None
    except (OSError, EOFError, ValueError, pa.ArrowException):
        return ()


def _write_parquet(stream: IO[bytes], schema: pa.Schema, tables: Iterator[pa.Table]) -> None:
    with pq.ParquetWriter(stream, schema, compression="zstd") as writer:
        for table in tables:
            writer.write_table(table)


def _write_csv(stream: IO[bytes], schema: pa.Schema, tables: Iterator[pa.Table]) -> None:
    stream.write((",".join(schema.names) + "\n").encode())
    for table in tables:
        # As text: polars would write to the file beneath a stream that compresses.
        stream.write(_flat(table).write_csv(include_header=False).encode())


def _write_jsonl(stream: IO[bytes], schema: pa.Schema, tables: Iterator[pa.Table]) -> None:
    for table in tables:
        stream.write(_frame(table).write_ndjson().encode())


def _frame(table: pa.Table) -> pl.DataFrame:
    frame = pl.from_arrow(table)
    return frame if isinstance(frame, pl.DataFrame) else frame.to_frame()


def _flat(table: pa.Table) -> pl.DataFrame:
    """Returns a table whose lists are texts, JSON, as CSV has none."""
    frame = _frame(table)
    nested = [name for name, kind in frame.schema.items() if kind.is_nested()]
    return frame.with_columns(
        pl.Series(name, [json_text(value, ascii_only=False) for value in frame[name].to_list()])
        for name in nested
    )


def _compressed(write: Writer) -> Writer:
    def write_compressed(stream: IO[bytes], schema: pa.Schema, tables: Iterator[pa.Table]) -> None:
        with gzip.GzipFile(fileobj=stream, mode="wb", mtime=0) as compressed:
            write(cast("IO[bytes]", compressed), schema, tables)

    return write_compressed


Writer = Callable[[IO[bytes], pa.Schema, Iterator[pa.Table]], None]
_WRITERS: dict[str, Writer] = {
    "parquet": _write_parquet,
    "csv": _write_csv,
    "csv.gz": _compressed(_write_csv),
    "jsonl": _write_jsonl,
    "jsonl.gz": _compressed(_write_jsonl),
}
