"""Columns are understood as a whole: scales, ids, missing words, categories, and what is said."""

from __future__ import annotations

import logging
from pathlib import Path

import polars as pl
import pytest

from isthmus.errors import InputError
from isthmus.graph.ingest import (
    INTERACTIONS,
    ITEMS,
    ColumnReading,
    Dataset,
    preview_dataset,
    resolve_items,
)
from isthmus.graph.ingest.near_ids import near_ids
from isthmus.graph.ingest.readings import changed_readings, readings_json, stored_weights
from isthmus.graph.sources import read_dataset, read_events
from isthmus.graph.sources.categories import drop_tags, parse_list
from isthmus.graph.sources.columns import understand_columns
from isthmus.graph.sources.validation import Chunk, validate_chunk

ITEM_ROWS = "item_id,domain,title\n" + "".join(f"{n},films,Film {n}\n" for n in range(1, 6))


def weights(values: list[object], name: str = "rating", option: str | None = None):
    """Returns the weights of a column of this name in the file, and its reading."""
    frame = pl.DataFrame(
        {
            "line": range(len(values)),
            "user_id": [f"u{n}" for n in range(len(values))],
            "item_id": ["1"] * len(values),
            "weight": [None if value is None else str(value) for value in values],
        }
    )
    chunk = Chunk(frame, sources={"weight": name})
    readings = understand_columns([chunk], INTERACTIONS, option)
    table = validate_chunk(chunk, INTERACTIONS, "interactions.csv", readings)
    return table.frame["weight"].to_list(), readings["weight"]


def load(folder: Path, weights: str | None = None, **tables: str) -> Dataset:
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text, "utf-8")
    return read_dataset(folder, weights)


def categories(values: list[str]) -> list[list[str]]:
    count = len(values)
    columns = {"line": range(count), "item_id": [str(n) for n in range(count)]}
    frame = pl.DataFrame(columns | {"domain": ["films"] * count, "categories": values})
    readings = understand_columns([Chunk(frame)], ITEMS)
    return validate_chunk(Chunk(frame), ITEMS, "items.csv", readings).frame["categories"].to_list()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 2, 3, 4, 5], [-1, -0.5, 0, 0.5, 1]),
        ([0.5, 3, 3.5, 5], [-1, 0, 0.25, 1]),
        ([1, 5, 7, 10], [-1, -0.25, 0.25, 1]),
        ([0, 50, 65, 70, 100], [-1, -0.25, 0, 0.25, 1]),
        ([-1, 0, 1], [-1, 0, 1]),
        ([0, 0.5, 1], [0, 0.5, 1]),
        ([-10, 0, 5, 10], [-1, 0, 0.5, 1]),
        (["true", "False", "True"], [1, -1, 1]),
        (["4,5", "1,0", "5,0"], [0.75, -1, 1]),
        (["90%", "80 %", "10%", "100%"], [0.75, 0.5, -1, 1]),
        (["👍", "👎", "👍"], [1, -1, 1]),
    ],
)
def test_rating_is_centred_by_the_scale_of_its_column(values, expected):
    assert weights(values)[0] == pytest.approx(expected)


def test_scale_of_ratings_is_said_with_the_name_in_the_file():
    _, reading = weights([1, 2, 3, 4, 5])
    assert reading.sentence == (
        "rating is read as weight: ratings from 1 to 5, 3.5 and above count as likes, below 3 as "
        "dislikes"
    )


def test_weight_that_has_dislikes_is_taken_as_it_is():
    values = [-2, 1, 5, 0.5]
    assert weights(values, "weight")[0] == values


def test_column_weight_with_stars_is_centred():
    assert weights([1, 1, 2, 4, 5], "weight")[0] == [-1, -1, -0.5, 0.5, 1]


def test_zero_that_stands_apart_is_not_rated():
    values = [0] * 60 + [8, 10, 5, 7, 9, 10, 2, 8] * 5
    found, reading = weights(values)
    assert set(found[:60]) == {0.2}
    assert found[60] == 0.5
    assert "0 stands apart and counts as not rated, weight 0.2: 60" in reading.sentence


def test_zero_of_a_scale_from_zero_is_the_worst_rating():
    found, reading = weights([n % 11 for n in range(220)])
    assert found[0] == -1
    assert "not rated" not in reading.sentence


def test_missing_rating_is_not_a_like_of_full_weight():
    assert weights([1, None, 5, "NaN"])[0] == [-1, 0.2, 1, 0.2]


def test_rating_that_was_mistyped_neither_changes_the_scale_nor_is_loaded():
    found, reading = weights([1, 2, 3, 4, 5] * 60 + [55])
    assert found[:5] == [-1, -0.5, 0, 0.5, 1]
    assert len(found) == 300
    assert "rejected, since they are above 5: 1" in reading.sentence


def test_counts_are_damped_so_that_one_heavy_user_decides_nothing():
    found, reading = weights([1, 2, 3, 10, 40] * 100 + [352_698], "weight")
    assert found[-1] == 1.0
    assert found[4] == 1.0
    assert 0 < found[0] < found[1] < found[2] < found[3] < 1
    assert "counts up to 352698, damped" in reading.sentence


def test_play_counts_of_a_few_plays_are_no_ratings():
    _, reading = weights([1] * 80 + [2] * 15 + [3] * 4 + [5], "weight")
    assert reading.form == {"scale": "counts"}


def test_chinese_columns_are_understood(tmp_path: Path):
    dataset = load(
        tmp_path,
        items="商品ID,领域,标题,分类\nb1,图书,三国演义,历史|小说\nm1,电影,大海,海洋\n",
        interactions="用户ID,商品ID,领域,评分,时间\n张三,b1,图书,5,2025年3月4日\n"
        "李四,m1,电影,2,2025/3/14 8:05\n",
    )
    assert dataset.items["title"].to_list() == ["三国演义", "大海"]
    assert dataset.items["categories"].to_list() == [["历史", "小说"], ["海洋"]]
    assert dataset.interactions["weight"].to_list() == [1, -0.5]
    assert dataset.interactions["timestamp"].to_list() == [1741046400, 1741939500]


def test_words_of_a_column_of_feedback_are_weights(tmp_path: Path):
    rows = "u1,1,like\nu2,2,dislike\n"
    dataset = load(tmp_path, items=ITEM_ROWS, interactions=f"user_id,item_id,feedback\n{rows}")
    assert dataset.interactions["weight"].to_list() == [1, -1]


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("as-is", [1, 3, 5]),
        ("centre", [-1, 0, 1]),
        ("counts", [0.387, 0.774, 1]),
        ("log", [0.693, 1.386, 1.792]),
        ("auto", [-1, 0, 1]),
    ],
)
def test_option_overrides_the_scale(option, expected):
    assert weights([1, 3, 5], option=option)[0] == pytest.approx(expected, abs=1e-3)


def test_id_is_found_in_every_spelling(tmp_path: Path):
    rows = "user_id,item_id\njosé,\u200b1\njose\u0301,1.0\n josé\u00a0,1\n"
    data = load(tmp_path, items=ITEM_ROWS, interactions=rows)
    found, rejected = resolve_items(data.interactions, data.items)
    assert rejected.is_empty()
    assert found["item_id"].to_list() == ["1"] * 3
    assert found["user_id"].unique().to_list() == ["josé"]
    said = data.readings["interactions"]["user_id"].sentence
    assert "outer blanks removed: 1" in said
    assert "brought to one Unicode form (NFC): 1" in said


def test_version_number_keeps_its_zero(tmp_path: Path):
    items = "item_id,domain\n1.0,apps\n1.5,apps\n2.0,apps\n"
    data = load(tmp_path, items=items, interactions="user_id,item_id\nu,1.0\nu,2.0\n")
    found, _ = resolve_items(data.interactions, data.items)
    assert found["item_id"].to_list() == ["1.0", "2.0"]


def test_id_in_scientific_notation_is_rejected_with_the_way_out(tmp_path: Path):
    data = load(tmp_path, items="item_id,domain\n9.78014E+12,books\n12e5,books\n")
    assert data.items["item_id"].to_list() == ["12e5"]
    assert "format the column as text" in data.rejected["reason"][0]


def test_near_id_is_named(tmp_path: Path):
    data = load(
        tmp_path,
        items="item_id,domain\nf0012,films\n",
        interactions="user_id,item_id\nu,F12\nu,F0012\n",
    )
    _, rejected = resolve_items(data.interactions, data.items)
    assert rejected["reason"].to_list() == [
        "there is no such item",
        "there is no such item; did you mean f0012?",
    ]


def test_nearest_id_is_the_one_with_the_fewest_other_characters():
    assert near_ids(["b00123", "0042"], ["b00124", "a00123", "42"]) == {
        "b00123": "b00124",
        "0042": "42",
    }


def test_words_for_a_missing_value_are_missing_but_in_titles(tmp_path: Path):
    items = (
        "item_id,domain,title,categories,published_at\n1,films,None,NULL,NaT\nNA,films,NULL,-,n/a\n"
    )
    data = load(tmp_path, items=items)
    assert data.items.select("item_id", "title", "categories", "published_at").rows() == [
        ("1", "None", [], None),
        ("NA", "NULL", [], None),
    ]
    said = [reading.sentence for reading in data.readings["items"].values() if reading.notes]
    assert said == [
        "categories: -, NULL: missing values, 2",
        "published_at: NaT, n/a: missing values, 2",
    ]


def test_id_that_is_null_is_missing(tmp_path: Path):
    data = load(tmp_path, items=ITEM_ROWS, interactions="user_id,item_id\nNULL,1\nnone,1\n")
    assert data.interactions["user_id"].to_list() == ["none"]
    assert data.rejected["reason"].to_list() == ["is missing"]


def test_likes_and_dislikes_in_words_are_weights(tmp_path: Path):
    rows = "User ID,Item-Id,liked,createdAt\nana,1,Like,2024-05-01\nben,1,Dislike,2024-05-01\n"
    data = load(tmp_path, items=ITEM_ROWS, interactions=rows)
    assert data.interactions["weight"].to_list() == [1, -1]
    assert data.interactions["timestamp"].null_count() == 0
    assert data.readings["interactions"]["weight"].sentence == (
        "liked is read as weight: Like counts as a like, Dislike as a dislike"
    )


@pytest.mark.parametrize(
    "forms",
    [
        ["['a', 'b']", "['b']"],
        ['["a", "b"]', '["b"]'],
        ['[{"id": 1, "name": "a"}, {"id": 2, "name": "b"}]', "[{'id': 2, 'name': 'b'}]"],
        ["a|b", "b"],
        ["a; b", "b"],
        ["a, b", "b"],
        ["a，b", "b"],
        ["a、b", "b"],
        ["a / b", "b"],
        ["a > b", "b"],
        ["['a' 'b']", "['b']"],
        ["{'a': 3, 'b': 1}", "{'b': 2}"],
    ],
)
def test_categories_are_read_in_every_spelling(forms: list[str]):
    assert categories(forms) == [["a", "b"], ["b"]]


def test_numbers_in_lists_are_categories():
    assert categories(["[27, 9]", "[9]", "[]"]) == [["27", "9"], ["9"], []]


def test_comma_within_a_name_separates_nothing():
    values = ["Home, Garden", "Home, Garden", "Books", "Tools, Paint"]
    assert categories(values) == [[value] for value in values]


def test_entity_in_a_category_is_no_semicolon():
    assert categories(["Arts &amp; Crafts", "Arts &amp; Crafts", "Games"]) == [
        ["Arts & Crafts"],
        ["Arts & Crafts"],
        ["Games"],
    ]


def test_name_in_brackets_is_a_name():
    assert parse_list("(no genres listed)") is None
    assert categories(["(no genres listed)"]) == [["(no genres listed)"]]


def test_title_is_decoded_and_text_loses_only_tags():
    assert drop_tags(
        pl.Series(["<p>One</p><p>Two<br/>three</p>", "x <3 y > z", "<Dune>"])
    ).to_list() == [
        "One\nTwo\nthree",
        "x <3 y > z",
        "<Dune>",
    ]


def test_event_is_read_by_fixed_rules():
    events = read_events(
        [
            b'{"user_id": "jose\xcc\x81", "item_id": "1", "weight": true}',
            b'{"user_id": "a", "item_id": "1", "timestamp": "9999-12-31"}',
            b'{"user_id": "a", "item_id": "1", "weight": 5}',
        ]
    )
    assert events.frame.select("user_id", "weight").rows() == [("josé", 1.0), ("a", 5.0)]
    assert events.rejected["reason"][0].startswith("lies in the future")


def test_changed_reading_is_said_before_the_next_load():
    def reading(**form: str | float | bool) -> dict[str, dict[str, ColumnReading]]:
        return {"interactions": {"weight": ColumnReading("weight", "stars", form=form)}}

    stored = readings_json(reading(scale="ratings", top=5.0))
    assert changed_readings(stored, reading(scale="ratings", top=5.0)) == []
    assert changed_readings(None, reading()) == []
    assert changed_readings(stored, reading(scale="counts")) == [
        "interactions: weight is read as scale counts from the column stars; the last load of this "
        "folder read it as scale ratings, top 5.0 from the column stars"
    ]
    assert stored_weights(readings_json(reading(option="log"))) == "log"
    assert stored_weights(stored) is None


def test_preview_shows_scale_examples_and_rejected_rows(tmp_path: Path, caplog):
    rows = "user,item_id,stars,date\n" + "".join(
        f"u{n},{n % 5 + 1},{n % 5 + 1},2024-01-{n % 28 + 1:02}\n" for n in range(100)
    )
    with caplog.at_level(logging.INFO, "isthmus"):
        data = load(tmp_path, items=ITEM_ROWS, interactions=rows + "u1,77,3,2024-01-01\n")
    assert "interactions.csv: stars is read as weight: ratings from 1 to 5" in caplog.text
    preview = preview_dataset(data, 0.05)
    text = preview.text()
    assert "stars -> weight (number): 1 -> -1, 2 -> -0.5, 3 -> 0" in text
    assert "line 102: item_id '77': there is no such item" in text
    assert text.endswith("Nothing was written.")
    column = preview.document()["tables"]["interactions"]["columns"]["weight"]
    assert column["file_column"] == "stars"
    assert column["form"] == {"scale": "ratings", "top": 5.0}
    assert not preview.too_many


def test_column_that_nothing_decides_is_an_error_with_both_readings(tmp_path: Path):
    with pytest.raises(InputError) as error:
        load(tmp_path, interactions="user_id,item_id,date\nu,1,03/04/2023\nu,2,05/06/2023\n")
    assert "2023-04-03 as day/month/year, 2023-03-04 as month/day/year" in str(error.value)
