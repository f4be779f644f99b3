"""What the readers of published datasets share: recognition of files, weights, and tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from pathlib import Path

import polars as pl

from isthmus.errors import InputError
from isthmus.graph.ingest import FOLLOWS, ITEMS, Dataset, Kind, Table
from isthmus.graph.sources.files import read_lines
from isthmus.graph.sources.scales import UNRATED_WEIGHT, to_weights
from isthmus.graph.sources.validation import ValidatedTable, fit_schema

Files = dict[str, list[Path]]
"""The files of a published dataset that were found, by their role, such as `ratings`."""

Parts = dict[str, list[ValidatedTable]]
"""Tables of a dataset, by name, as `build_dataset` joins them."""

Form = dict[str, str | float | bool]


@dataclass(frozen=True)
class FileRule:
    """The files that have one role in a published dataset.

    Attributes:
        patterns: Names without `.gz` and the like, in lower case, with `*` for any characters.
        head: Regular expression that the first line contains.
        required: Whether the dataset is recognised only if it has such a file.
    """

    patterns: tuple[str, ...]
    head: str = ""
    required: bool = True

    def matches(self, path: Path) -> bool:
        """Whether a file has the name and the first line."""
        name = re.sub(r"\.(gz|bz2|xz)$", "", path.name.lower())
        if not any(fnmatch(name, pattern) for pattern in self.patterns):
            return False
        return not self.head or re.search(self.head, first_line(path)) is not None


@dataclass(frozen=True)
class PublishedFormat:
    """A public dataset that is read as published.

    Attributes:
        name: Name of the dataset.
        weights: What the weights of its interactions are.
        files: The rule of each role; a file has the first role whose rule it matches.
        read: Reads the files of a folder.
        main: Roles of which one must be found, if none is required.
    """

    name: str
    weights: str
    files: dict[str, FileRule]
    read: Callable[[Files], Parts]
    main: tuple[str, ...] = ()

    def find(self, paths: list[Path]) -> Files | None:
        """Returns the files of the dataset among paths, or None if a required one is missing."""
        found: Files = {}
        for path in paths:
            for role, rule in self.files.items():
                if rule.matches(path):
                    found.setdefault(role, []).append(path)
                    break
        required = {role for role, rule in self.files.items() if rule.required}
        has_main = bool(found.keys() & (self.main or found.keys()))
        return found if has_main and required <= found.keys() else None


def first_line(path: Path) -> str:
    """Returns the first line of a text file; "" if it is empty or not text."""
    try:
        return next(read_lines(path, fallback="latin-1"), "")
    except InputError:
        return ""


def to_table(source: ValidatedTable, table: Table, **columns: pl.Expr) -> ValidatedTable:
    """Returns the rows of a published file as rows of a table.

    A row without a value that the table requires, such as a review without a text, is left out.

    Args:
        source: Rows of the file.
        table: The table, whose columns not given are missing.
        **columns: Expression of each column.
    """
    frame = source.frame.select(
        **{name: value.alias(name) for name, value in columns.items()},
        file=pl.col("file"),
        line=pl.col("line"),
    )
    frame = fit_schema(frame, table)
    for column in table.columns:
        if column.default is not None:
            frame = frame.with_columns(pl.col(column.name).fill_null(column.default))
        elif column.required:
            frame = frame.filter(pl.col(column.name).fill_null("") != "")
        elif column.kind is Kind.TEXT:
            frame = frame.with_columns(pl.col(column.name).replace("", None))
    if table is ITEMS:
        frame = frame.with_columns(pl.col("categories").fill_null([]))
    return replace(source, frame=frame, readings={})


def to_follows(source: ValidatedTable, pairs: pl.DataFrame) -> ValidatedTable:
    """Returns pairs of `user_id` and `friend` as rows of the table follows.

    A row of the file may have many friends: the pairs are counted as the rows.
    """
    pairs = pairs.unique(["user_id", "friend"], maintain_order=True)
    follows = to_table(
        replace(source, frame=pairs),
        FOLLOWS,
        user_id=pl.col("user_id"),
        follows_id=pl.col("friend"),
    )
    return replace(follows, rows=follows.frame.height + follows.rejected.height)


def uncounted(table: ValidatedTable) -> ValidatedTable:
    """Returns a table whose rows and rejected rows another table of the same file counts."""
    return replace(table, rejected=table.rejected.clear(), rows=0)


def add_unknown_items(dataset: Dataset) -> Dataset:
    """Adds an item without a title for each one that only interactions or texts name."""
    mentioned = pl.concat(
        [
            frame.select("domain", "item_id", "file", "line").drop_nulls()
            for frame in (dataset.interactions, dataset.texts)
        ]
    ).unique(["domain", "item_id"], keep="first", maintain_order=True)
    unknown = mentioned.join(dataset.items, on=["domain", "item_id"], how="anti")
    unknown = fit_schema(unknown.with_columns(title=pl.lit("")), ITEMS).with_columns(
        pl.col("categories").fill_null([])
    )
    return replace(dataset, items=pl.concat([dataset.items, unknown]))


def rating_to_weight(rating: str, top: float, *, unrated: bool = False) -> pl.Expr:
    """Converts a column of ratings to weights, as `scales` does: 3.5 of 5 and 7 of 10 are likes.

    Args:
        rating: Name of the column.
        top: Highest grade.
        unrated: Whether 0 stands for "not rated", which is a weak like.
    """
    form: Form = {"scale": "ratings", "top": top}
    if unrated:
        form["unrated"] = 0.0
    return _to_weights(pl.col(rating), form, {})


def count_to_weight(count: pl.Expr, full: float) -> pl.Expr:
    """Converts plays, hours or minutes to weights: log(1 + count) / log(1 + full), at most 1.

    The logarithm keeps one heavy user from deciding; one that was never played is a weak like.
    """
    return _to_weights(count, {"scale": "counts"}, {"full": full}).clip(UNRATED_WEIGHT)


def _to_weights(numbers: pl.Expr, form: Form, limits: dict[str, float]) -> pl.Expr:
    return numbers.map_batches(
        lambda values: to_weights(values, form, limits), return_dtype=pl.Float64
    )


def without(lists: pl.Expr, names: Iterable[str]) -> pl.Expr:
    """Returns lists without blank entries, repeated entries and these names."""
    name = pl.element().str.strip_chars()
    kept = lists.list.eval(name.filter(name.is_not_null() & ~name.is_in(["", *names])))
    return kept.list.unique(maintain_order=True)


def to_seconds(text: pl.Expr, *formats: str) -> pl.Expr:
    """Parses dates and date-times in the first format that fits; null if none does."""
    parsed = [
        text.str.to_datetime(form, strict=False, time_zone="UTC", time_unit="us")
        for form in formats
    ]
    return pl.coalesce(parsed).dt.epoch("us") / 1e6


def year_start(year: pl.Expr) -> pl.Expr:
    """Returns the beginning of a year of the 15th to the 21st century; null for others."""
    number = year.str.extract(r"^(1[4-9]\d\d|20\d\d)$").cast(pl.Int32)
    return pl.date(number, 1, 1).dt.epoch("s").cast(pl.Float64)
