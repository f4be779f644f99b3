"""Finds the files of a dataset: those of each table, and those that cannot be read."""

from __future__ import annotations

import filecmp
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from urllib.parse import unquote

from isthmus.errors import InputError
from isthmus.graph.ingest import TABLES, Table
from isthmus.graph.sources.archives import is_archive, is_hidden, unpack
from isthmus.graph.sources.csv_rows import read_csv
from isthmus.graph.sources.excel_rows import read_excel
from isthmus.graph.sources.files import open_bytes, readable_name
from isthmus.graph.sources.json_rows import read_json
from isthmus.graph.sources.parquet_rows import read_parquet
from isthmus.graph.sources.validation import Chunk

logger = logging.getLogger("isthmus")

Reader = Callable[[Path, Table], Iterator[Chunk]]

READERS: dict[str, Reader] = {
    **dict.fromkeys(("csv", "tsv", "tab", "txt"), read_csv),
    **dict.fromkeys(("json", "jsonl", "ndjson", "jl"), read_json),
    **dict.fromkeys(("parquet", "pq"), read_parquet),
    **dict.fromkeys(("xlsx", "xlsm", "xls", "ods"), read_excel),
}
"""Readers by the ending of the name, which may be followed by one of `COMPRESSED`."""
COMPRESSED = ("gz", "bz2", "xz", "zip")
ADVICE = {
    **dict.fromkeys(("arrow", "feather", "ipc", "avro", "orc", "pkl", "h5"), "write it as Parquet"),
    **dict.fromkeys(("7z", "rar", "tar", "tgz", "zst"), "unpack it"),
}
"""What to do with files of other formats, by their ending."""
OTHER_ADVICE = f"the endings that are read are {', '.join(READERS)}, also with .gz or .zip"
TABLE_NAME = re.compile(rf"({'|'.join(TABLES)})(?:[-_. (].*)?", re.IGNORECASE | re.DOTALL)
OTHER_NAMES = {
    "items": ("products", "catalog", "catalogue", "movies", "films", "books", "商品", "物品"),
    "interactions": (
        *("ratings", "events", "orders", "purchases", "transactions", "clicks", "views", "plays"),
        *("listens", "likes", "feedback", "history", "评分", "行为", "交互"),
    ),
}
"""Names of the only file that may be a table, where none has the table's own name."""
COPY = re.compile(r"[-_. (](?:old|copy|bak|backup|orig|original|tmp|temp)\b", re.IGNORECASE)
LAKES = {
    ("_delta_log",): "a Delta table",
    (".hoodie",): "a Hudi table",
    ("metadata", "data"): "an Iceberg table",
}
"""Folders by which a table of a lake is recognised."""
NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
MAX_DEPTH = 12
"""Folders and archives within each other, in which the files of a table lie."""


@dataclass(frozen=True)
class TableFile:
    """A file of a table.

    Attributes:
        path: Where it lies, which may be a temporary folder.
        name: Its path in the dataset, for messages.
        read: Its reader.
        partition: Columns that its folders name, such as `domain=books`.
    """

    path: Path
    name: str
    read: Reader
    partition: dict[str, str | None] = field(default_factory=dict)


@dataclass
class Found:
    """What a folder holds.

    Attributes:
        tables: Files of each table, in the order of their names.
        unread: Files and folders that are named like a table and are not read, with the reason.
        others: Names of the other files and folders.
        folders: The folders of the tables, without links, of which each is read once.
    """

    tables: dict[str, list[TableFile]] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)
    folders: set[Path] = field(default_factory=set)


def find_tables(folder: Path, temporary: ExitStack) -> Found:
    """Finds the files of a folder that are named like a table, in any format.

    A table may be a file, a zip archive or a folder of files, or several of these:
    `interactions.csv`, `interactions.parquet/part-00000.parquet`, `interactions-2024.csv.zip`.

    Args:
        folder: The folder.
        temporary: Where archives are unpacked until it closes.

    Raises:
        InputError: The folder does not exist, or two of its files are the same table.
    """
    found = Found(folders={folder.resolve()})
    stems: dict[str, Path] = {}
    for path in _entries(folder):
        stem = split_name(path.name)[0]
        match = TABLE_NAME.fullmatch(stem)
        if match is None:
            found.others.append(path.name)
            for name in _tables_below(path):
                found.unread[f"{path.name}/{name}"] = "it lies in another folder; move it up"
        elif COPY.search(stem):
            found.unread[path.name] = (
                "its name says that it is a copy; rename it if it belongs, for example to items-2"
            )
        else:
            unread = len(found.unread)
            files = list(_files_of(path, readable_name(path.name), "", {}, temporary, found))
            if files:
                _add_stem(stems, path)
                found.tables.setdefault(match[1].lower(), []).extend(files)
            elif len(found.unread) == unread:
                found.unread[path.name] = "it holds no files"
    _check_different(list(stems.values()))
    return found


def find_by_other_names(folder: Path, found: Found, temporary: ExitStack) -> None:
    """Adds tables whose own name no file has, but one file has a name that people use for them.

    Args:
        folder: The folder.
        found: Result of `find_tables`, to which they are added.
        temporary: Where archives are unpacked until it closes.
    """
    for table, names in OTHER_NAMES.items():
        called = [name for name in found.others if split_name(name)[0].lower() in names]
        if table in found.tables or not called:
            continue
        if len(called) > 1:
            reason = f"only one of them can be {table}; rename it so"
            found.unread |= dict.fromkeys(called, reason)
        elif files := list(_files_of(folder / called[0], called[0], "", {}, temporary, found)):
            found.tables[table] = files
            logger.info("%s is read as the table %s", called[0], table)
        found.others = [name for name in found.others if name not in called]


def split_name(name: str) -> tuple[str, str]:
    """Splits the name of a file into the part before its endings, and its ending in lower case.

    `interactions.part1.CSV.gz` is split into `interactions.part1` and `csv`. The ending is "" where
    there is none, as in `part-00000` and `interactions.2024`.
    """
    stem, dot, ending = name.rpartition(".")
    if dot and ending.lower() in COMPRESSED:
        name = stem
        stem, dot, ending = name.rpartition(".")
    ending = ending.lower()
    if not dot or (ending not in ADVICE and any(character.isdigit() for character in ending)):
        return name, ""
    return stem, ending


def is_data(name: str) -> bool:
    """Whether the ending of a file is one of a table, in a format that is read or not."""
    return split_name(name)[1] in READERS | ADVICE or name.lower().endswith(".zip")


def reader_of(path: Path, ending: str) -> Reader | None:
    """Returns the reader of a file by its ending or, where that is "", by its first bytes."""
    if ending:
        return READERS.get(ending)
    with open_bytes(path) as stream:
        head = stream.peek(64)[:64].lstrip(b"\xef\xbb\xbf \r\n\t")
    if head.startswith(b"PAR1"):
        return read_parquet
    return read_json if head[:1] in (b"{", b"[") else read_csv


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if not is_hidden(path.name))
    except OSError as error:
        raise InputError(
            f"{folder} cannot be read as a folder: {error.strerror or error}.",
            "Give the folder that contains the tables.",
        ) from error


def _reason_against(path: Path, name: str, found: Found) -> str | None:
    """Returns the reason why an entry of a table is not read, or None."""
    if path.is_dir():
        for marks, kind in LAKES.items():
            if all((path / mark).is_dir() for mark in marks):
                return f"it is {kind}, whose files hold deleted rows too; write it as Parquet"
        folder = path.resolve()
        if folder in found.folders:
            return "it is a link to a folder that is read already"
        found.folders.add(folder)
    elif path.exists() and not path.is_file():
        return "it is neither a file nor a folder"
    if name.count("/") > MAX_DEPTH:
        return f"it lies more than {MAX_DEPTH} folders deep"
    return None


def _files_of(
    path: Path,
    name: str,
    folder_ending: str,
    partition: dict[str, str | None],
    temporary: ExitStack,
    found: Found,
) -> Iterator[TableFile]:
    """Yields the files of a table at a path: itself, or those of a folder or an archive.

    Args:
        path: The path.
        name: Its name for messages.
        folder_ending: Ending of the folder's name, which counts for files without one.
        partition: Columns that the folders above name.
        temporary: Where archives are unpacked.
        found: Result, to which what cannot be read is added.
    """
    if reason := _reason_against(path, name, found):
        found.unread[name] = reason
        return
    ending = split_name(path.name)[1] or folder_ending
    if not path.is_dir() and not is_archive(path):
        if read := reader_of(path, ending):
            yield TableFile(path, name, read, partition)
        else:
            advice = ADVICE.get(ending, OTHER_ADVICE)
            found.unread[name] = f"files that end in .{ending} are not read; {advice}"
        return
    column, equals, value = path.name.partition("=")
    if equals:
        partition = partition | {column: _partition_value(value)}
    stems: dict[str, Path] = {}
    for inner in _entries(path if path.is_dir() else unpack(path, temporary)):
        inner_name = f"{name}/{readable_name(inner.name)}"
        files = list(_files_of(inner, inner_name, ending, partition, temporary, found))
        if files:
            _add_stem(stems, inner)
        yield from files


def _partition_value(value: str) -> str | None:
    return None if value == NO_VALUE else unquote(readable_name(value))


def _add_stem(stems: dict[str, Path], path: Path) -> None:
    """Adds a path by its name without endings.

    Raises:
        InputError: Another path has that name.
    """
    stem = split_name(path.name)[0]
    other = stems.setdefault(stem.lower(), path)
    if other != path:
        raise InputError(
            f"{other.name} and {path.name} have the same name, and their rows would count twice.",
            f"Remove one of them or, if both belong to the table, rename it to {stem}-2"
            f"{path.name[len(stem) :]}.",
        )


def _check_different(paths: list[Path]) -> None:
    """Checks that no two files have the same content, as a file that was downloaded twice."""
    by_size: dict[int, list[Path]] = {}
    for path in paths:
        if path.is_file():
            by_size.setdefault(path.stat().st_size, []).append(path)
    for same_size in by_size.values():
        for one, other in combinations(same_size, 2):
            if filecmp.cmp(one, other, shallow=False):
                raise InputError(
                    f"{one.name} and {other.name} have the same content, and would count twice.",
                    "Remove one of them.",
                )


def _tables_below(path: Path) -> list[str]:
    """Returns the files and folders in another folder that are named like a table."""
    if not path.is_dir():
        return []
    return [
        entry.name for entry in _entries(path) if TABLE_NAME.fullmatch(split_name(entry.name)[0])
    ]
