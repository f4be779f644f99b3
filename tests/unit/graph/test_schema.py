"""Datasets have the schema of their tables, items are resolved, rejected rows are written."""

from __future__ import annotations

import json
import time
from pathlib import Path

import polars as pl
import pytest

from isthmus.errors import InputError, IsthmusError
from isthmus.graph.ingest.dataset import Dataset, resolve_items
from isthmus.graph.ingest.rejected import check_rejected_share, describe_rejected, write_rejected
from isthmus.graph.ingest.schema import INTERACTIONS, REJECTED, TABLES, TEXTS


def interactions(*rows: tuple[str, str | None]) -> pl.DataFrame:
    """Interactions of one user with items (item_id, domain), on lines from 2."""
    return pl.DataFrame(
        [
            ("ana", item, domain, 1.0, None, None, None, "interactions.csv", line)
            for line, (item, domain) in enumerate(rows, 2)
        ],
        schema=INTERACTIONS.schema,
        orient="row",
    )


def known(*rows: tuple[str, str]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"item_id": pl.String, "domain": pl.String}, orient="row")


def rejected(count: int) -> pl.DataFrame:
    rows = [("items.csv", line, "domain", f"v{line}", "is wrong") for line in range(2, count + 2)]
    return pl.DataFrame(rows, schema=REJECTED, orient="row")


def empty() -> dict[str, pl.DataFrame]:
    return {name: pl.DataFrame(schema=table.schema) for name, table in TABLES.items()}


def test_item_id_of_one_domain_resolves_without_a_domain():
    resolved, wrong = resolve_items(
        interactions(("1", None), ("2", None)), known(("1", "books"), ("2", "films"))
    )
    assert resolved["domain"].to_list() == ["books", "films"]
    assert wrong.is_empty()


def test_item_id_of_two_domains_resolves_by_its_domain():
    resolved, wrong = resolve_items(
        interactions(("1", "films")), known(("1", "books"), ("1", "films"))
    )
    assert resolved["domain"].to_list() == ["films"]
    assert wrong.is_empty()


def test_item_id_of_two_domains_without_a_domain_is_rejected_with_both_domains():
    resolved, wrong = resolve_items(
        interactions(("1", None)), known(("1", "films"), ("1", "books"))
    )
    assert resolved.is_empty()
    assert wrong.rows() == [
        (
            "interactions.csv",
            2,
            "item_id",
            "1",
            "this id exists in books, films: add a column domain",
        )
    ]


def test_unknown_item_is_rejected_with_its_line():
    resolved, wrong = resolve_items(
        interactions(("1", None), ("9", None), ("1", None)), known(("1", "books"))
    )
    assert resolved["line"].to_list() == [2, 4]
    assert wrong.rows() == [("interactions.csv", 3, "item_id", "9", "there is no such item")]


def test_item_in_the_wrong_domain_is_rejected_with_its_actual_domain():
    _, wrong = resolve_items(interactions(("1", "films")), known(("1", "books")))
    assert wrong["reason"].to_list() == ["there is no such item in films; the id exists in books"]


def test_repeated_known_item_does_not_duplicate_interactions():
    resolved, wrong = resolve_items(
        interactions(("1", None)), known(("1", "books"), ("1", "books"))
    )
    assert resolved.height == 1
    assert wrong.is_empty()


def test_text_without_an_item_is_valid():
    texts = pl.DataFrame(
        [("ana", "hello", None, None, None, None, None, "texts.csv", 2)],
        schema=TEXTS.schema,
        orient="row",
    )
    resolved, wrong = resolve_items(texts, known(("1", "books")))
    assert resolved.equals(texts)
    assert wrong.is_empty()


def test_half_a_million_interactions_are_resolved_in_seconds():
    ids = [str(n % 40_000) for n in range(500_000)]
    frame = pl.DataFrame(
        {
            "user_id": ["u"] * len(ids),
            "item_id": ids,
            "domain": pl.Series([None] * len(ids), dtype=pl.String),
        }
    ).with_columns(pl.lit("i.csv").alias("file"), pl.int_range(pl.len()).alias("line"))
    catalogue = known(*((str(n), "food" if n % 2 else "kitchen") for n in range(40_000)))
    start = time.perf_counter()
    resolved, _ = resolve_items(frame, catalogue)
    assert time.perf_counter() - start < 5
    assert resolved.height == len(ids)
    assert resolved["item_id"].to_list() == ids


def test_dataset_with_another_schema_raises():
    frames = empty()
    frames["items"] = frames["items"].drop("title")
    with pytest.raises(ValueError, match="items has the schema"):
        Dataset(**frames, rejected=rejected(0), rows=0)


def test_fingerprint_depends_on_the_values_and_not_on_the_file():
    frames = empty() | {"interactions": interactions(("1", "books"))}
    original = Dataset(**frames, rejected=rejected(0), rows=1)
    moved = Dataset(
        **frames | {"interactions": frames["interactions"].with_columns(file=pl.lit("x.parquet"))},
        rejected=rejected(0),
        rows=1,
    )
    changed = Dataset(
        **frames | {"interactions": frames["interactions"].with_columns(weight=pl.lit(0.5))},
        rejected=rejected(0),
        rows=1,
    )
    assert original.fingerprint == moved.fingerprint
    assert original.fingerprint != changed.fingerprint


def test_the_maximum_share_of_rejected_rows_passes(tmp_path: Path):
    check_rejected_share(rejected(5), rows=100, max_share=0.05, quarantine=tmp_path)
    assert not list(tmp_path.iterdir())


def test_one_more_rejected_row_is_an_error_that_shows_the_first_three(tmp_path: Path):
    with pytest.raises(InputError) as raised:
        check_rejected_share(
            rejected(6), rows=100, max_share=0.05, quarantine=tmp_path / "rejected.jsonl"
        )
    message = str(raised.value)
    assert "6 of 100 rows are invalid, more than 5%" in message
    assert [f"items.csv, line {n}: domain 'v{n}': is wrong" in message for n in (2, 3, 4, 5)] == [
        True,
        True,
        True,
        False,
    ]
    assert str(tmp_path / "rejected.jsonl") in message


def test_rejected_rows_are_written_as_json_lines(tmp_path: Path):
    path = tmp_path / "new" / "rejected.jsonl"
    write_rejected(path, rejected(2))
    assert [json.loads(line) for line in path.read_text().splitlines()] == [
        {"file": "items.csv", "line": n, "column": "domain", "value": f"v{n}", "reason": "is wrong"}
        for n in (2, 3)
    ]
    assert [file.name for file in path.parent.iterdir()] == ["rejected.jsonl"]


def test_without_rejected_rows_an_old_quarantine_file_is_deleted(tmp_path: Path):
    path = tmp_path / "rejected.jsonl"
    write_rejected(path, rejected(2))
    write_rejected(path, rejected(0))
    assert not path.exists()


def test_quarantine_file_that_cannot_be_written_is_an_error(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(IsthmusError, match="cannot be written"):
        write_rejected(tmp_path / "file" / "rejected.jsonl", rejected(1))


@pytest.mark.parametrize(
    ("column", "value", "description"),
    [
        ("weight", "much", "a.csv, line 3: weight 'much': is not a number"),
        ("weight", None, "a.csv, line 3: weight is not a number"),
        (None, None, "a.csv, line 3: is not a number"),
    ],
)
def test_rejected_row_is_described_by_place_column_value_and_reason(column, value, description):
    row = {"file": "a.csv", "line": 3, "column": column, "value": value}
    assert describe_rejected(row | {"reason": "is not a number"}) == description
