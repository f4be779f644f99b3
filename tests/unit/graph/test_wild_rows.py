"""Random rows: every row of a file is valid, repeated or rejected, and none is lost."""

from __future__ import annotations

import csv
import gzip
import json

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from isthmus.graph.sources import read_dataset

IDS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=1, max_size=20)
WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
MOMENTS = st.one_of(st.none(), st.integers(-(10**9), 4 * 10**9).filter(lambda n: abs(n) > 10**8))
ROWS = st.fixed_dictionaries(
    {
        "user_id": IDS,
        "text": WORDS,
        "item_id": st.one_of(st.none(), IDS),
        "timestamp": MOMENTS,
        "kind": st.sampled_from(["post", "review", None]),
    }
)
QUICK = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@given(rows=st.lists(ROWS, min_size=1, max_size=20))
@QUICK
def test_csv_json_lines_and_parquet_give_the_same_dataset(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("formats")
    header = list(rows[0])
    folders = {name: folder / name for name in ("csv", "jsonl", "parquet", "gzip")}
    for path in folders.values():
        path.mkdir()
    with (folders["csv"] / "texts.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, header)
        writer.writeheader()
        writer.writerows(rows)
    objects = "".join(json.dumps(row) + "\n" for row in rows)
    (folders["jsonl"] / "texts.jsonl").write_text(objects)
    frame = pl.DataFrame(rows, schema=dict.fromkeys(header, pl.String) | {"timestamp": pl.Int64})
    frame.write_parquet(folders["parquet"] / "texts.parquet")
    compressed = gzip.compress((folders["parquet"] / "texts.parquet").read_bytes())
    (folders["gzip"] / "texts.parquet.gz").write_bytes(compressed)
    datasets = [read_dataset(path) for path in folders.values()]
    assert len({data.fingerprint for data in datasets}) == 1
    assert len({data.rejected.select("column", "reason").write_csv() for data in datasets}) == 1
    assert {data.rows for data in datasets} == {len(rows)}


@given(
    cells=st.lists(
        st.lists(st.one_of(WORDS, st.floats().map(str), st.integers().map(str)), max_size=7),
        max_size=20,
    )
)
@QUICK
def test_every_random_csv_row_is_valid_or_rejected(tmp_path_factory, cells):
    folder = tmp_path_factory.mktemp("random")
    rows = [["u", "1", "1", "0", "k"], *(row for row in cells if row)]
    with (folder / "interactions.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["user_id", "item_id", "weight", "timestamp", "kind"])
        writer.writerows(rows)
    data = read_dataset(folder)
    assert data.rows == len(rows)
    assert data.interactions.height + data.rejected.height == data.rows
    assert data.interactions["weight"].is_finite().all()


@given(content=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
@QUICK
def test_random_text_after_a_header_is_read_without_an_exception(tmp_path_factory, content):
    folder = tmp_path_factory.mktemp("any")
    (folder / "texts.csv").write_bytes(f"user_id,text\nana,hello\n{content}".encode())
    data = read_dataset(folder)
    assert data.texts.height + data.rejected.height == data.rows
    assert data.texts["line"][0] == 2


@given(
    values=st.lists(
        st.recursive(
            st.one_of(st.none(), st.booleans(), st.floats(), st.integers(), st.text()),
            lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(IDS, inner)),
            max_leaves=5,
        ),
        max_size=20,
    )
)
@QUICK
def test_every_random_json_value_is_valid_repeated_or_rejected(tmp_path_factory, values):
    folder = tmp_path_factory.mktemp("random")
    for column in ("item_id", "categories", "published_at", "title"):
        rows = [{"item_id": str(n), "domain": "d"} | {column: v} for n, v in enumerate(values)]
        lines = [json.dumps(row) + "\n" for row in rows]
        (folder / "items.jsonl").write_text('{"item_id": "x", "domain": "d"}\n' + "".join(lines))
        data = read_dataset(folder)
        assert data.rows == len(values) + 1
        assert data.items.height + data.rejected.height + data.repeated == data.rows
