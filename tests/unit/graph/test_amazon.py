"""Amazon Reviews 2023 is read in its published format."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from isthmus.graph.ingest.dataset import resolve_items
from isthmus.graph.sources import read_dataset


def review(**fields: object) -> dict[str, object]:
    return {
        "rating": 5.0,
        "title": "Such a lovely scent",
        "text": "This spray is nice.<br />It smells great.",
        "images": [],
        "asin": "B00YQ6X8EO",
        "parent_asin": "B00YQ6X8EO",
        "user_id": "AGKHLEW2SOWHNMFQIJGBECAF7INQ",
        "timestamp": 1588687728923,
        "helpful_vote": 0,
        "verified_purchase": True,
    } | fields


def product(**fields: object) -> dict[str, object]:
    return {
        "main_category": "All Beauty",
        "title": "Sea Salt Spray",
        "average_rating": 4.8,
        "rating_number": 10,
        "features": ["Vegan", "Unscented"],
        "description": ["For every hair."],
        "price": None,
        "images": [{"thumb": "https://example.com/1.jpg", "variant": "MAIN", "hi_res": None}],
        "videos": [],
        "store": "Herbivore",
        "categories": ["Beauty & Personal Care", "Hair Care"],
        "details": {"Brand": "Herbivore"},
        "parent_asin": "B00YQ6X8EO",
        "bought_together": None,
    } | fields


def write(folder: Path, name: str, *rows: dict[str, object]) -> None:
    (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def test_product_becomes_an_item_of_the_domain_named_by_its_file(tmp_path: Path):
    write(tmp_path, "meta_All_Beauty.jsonl", product())
    data = read_dataset(tmp_path)
    assert data.items.drop("file", "line").rows() == [
        (
            "B00YQ6X8EO",
            "All_Beauty",
            "Sea Salt Spray",
            "Vegan\nUnscented\nFor every hair.",
            ["Beauty & Personal Care", "Hair Care"],
            None,
        )
    ]


def test_product_without_categories_gets_its_main_category(tmp_path: Path):
    write(
        tmp_path,
        "meta_All_Beauty.jsonl",
        product(categories=[], features=[], description=[]),
        product(categories=[], main_category=None, parent_asin="B2"),
    )
    items = read_dataset(tmp_path).items
    assert items["categories"].to_list() == [["All Beauty"], []]
    assert items["text"][0] is None


def test_review_becomes_a_dated_interaction_and_a_text(tmp_path: Path):
    write(tmp_path, "meta_All_Beauty.jsonl", product())
    write(tmp_path, "All_Beauty.jsonl", review(), review(rating=1.0, title="", text=""))
    data = read_dataset(tmp_path)
    assert data.rejected.is_empty()
    assert data.interactions["weight"].to_list() == pytest.approx([1.0, -1.0])
    assert (
        data.interactions.select("timestamp", "kind", "domain").rows()
        == [(1588687728.923, "review", "All_Beauty")] * 2
    )
    assert data.texts.select("text", "item_id", "domain").rows() == [
        ("Such a lovely scent\nThis spray is nice.\nIt smells great.", "B00YQ6X8EO", "All_Beauty")
    ]
    assert data.rows == 3


def test_two_compressed_domains_stay_separate(tmp_path: Path):
    for domain in ("All_Beauty", "Toys_and_Games"):
        write(tmp_path, f"meta_{domain}.jsonl", product(title=domain))
        write(tmp_path, f"{domain}.jsonl", review())
    for path in list(tmp_path.iterdir()):
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    data = read_dataset(tmp_path)
    assert sorted(data.items["title"]) == ["All_Beauty", "Toys_and_Games"]
    resolved, rejected = resolve_items(data.interactions, data.items)
    assert rejected.is_empty()
    assert sorted(resolved["domain"]) == ["All_Beauty", "Toys_and_Games"]


def test_review_of_a_variant_belongs_to_its_parent(tmp_path: Path):
    write(tmp_path, "meta_All_Beauty.jsonl", product())
    write(tmp_path, "All_Beauty.jsonl", review(asin="B0VARIANT"))
    assert read_dataset(tmp_path).interactions["item_id"].to_list() == ["B00YQ6X8EO"]


def test_product_without_metadata_is_an_item_without_a_title(tmp_path: Path, caplog):
    write(tmp_path, "meta_All_Beauty.jsonl", product())
    write(
        tmp_path,
        "All_Beauty.jsonl",
        review(),
        review(parent_asin="B2"),
        review(parent_asin="B2", user_id="A2"),
    )
    data = read_dataset(tmp_path)
    assert data.rejected.is_empty()
    assert data.items.select("item_id", "domain", "title", "categories").rows()[1:] == [
        ("B2", "All_Beauty", "", [])
    ]
    assert resolve_items(data.interactions, data.items)[1].is_empty()
    assert "without a title: 1" in caplog.text


def test_a_review_is_counted_once_though_it_is_an_interaction_and_a_text(tmp_path: Path):
    write(tmp_path, "All_Beauty.jsonl", review(), review(user_id="A2"))
    data = read_dataset(tmp_path)
    assert (data.rows, data.interactions.height, data.texts.height) == (2, 2, 2)
    assert data.items["title"].to_list() == [""]


def test_entities_and_tags_of_html_are_removed(tmp_path: Path):
    write(
        tmp_path,
        "meta_All_Beauty.jsonl",
        product(title="Sea &amp; Salt", description=["<p>For <b>every</b> hair.</p>", "5 < 6"]),
    )
    text = "I &lt;3 it.<br /><br />Five &#34;stars&#34;"
    write(tmp_path, "All_Beauty.jsonl", review(title=None, text=text))
    data = read_dataset(tmp_path)
    assert data.items["title"].to_list() == ["Sea & Salt"]
    assert data.items["text"][0].splitlines()[-2:] == ["For every hair.", "5 < 6"]
    assert data.texts["text"].to_list() == ['I <3 it.\nFive "stars"']


def test_file_of_ratings_alone_is_read(tmp_path: Path):
    (tmp_path / "All_Beauty.csv").write_text(
        "user_id,parent_asin,rating,timestamp\nA1,B1,2.0,1588687728923\n"
    )
    data = read_dataset(tmp_path)
    assert data.interactions.select("domain", "item_id", "weight", "timestamp").rows() == [
        ("All_Beauty", "B1", -0.5, 1588687728.923)
    ]


def test_layout_of_2018_is_read_with_python_literals_and_five_core_names(tmp_path: Path):
    (tmp_path / "meta_Digital_Music.json").write_text(
        "{'asin': 'B1', 'title': 'It\\'s', 'categories': [['Music', 'Pop']], 'price': 9.0}\n"
    )
    write(
        tmp_path,
        "Digital_Music_5.json",
        {
            "overall": 5.0,
            "verified": True,
            "reviewTime": "12 19, 2013",
            "reviewerID": "A1",
            "asin": "B1",
            "style": {"Format:": " MP3"},
            "reviewerName": "Ann",
            "reviewText": "good",
            "summary": "Nice",
            "unixReviewTime": 1387411200,
        },
    )
    data = read_dataset(tmp_path)
    assert data.rejected.is_empty()
    assert data.items.select("item_id", "domain", "title", "categories").rows() == [
        ("B1", "Digital_Music", "It's", ["Music", "Pop"])
    ]
    assert data.interactions.select("user_id", "weight", "timestamp").rows() == [
        ("A1", 1.0, 1387411200.0)
    ]
    assert data.texts["text"].to_list() == ["Nice\ngood"]


@pytest.mark.parametrize(
    ("fields", "column"),
    [
        ({"rating": 6}, "rating"),
        ({"rating": None}, "rating"),
        ({"user_id": ""}, "user_id"),
        ({"parent_asin": None}, "parent_asin"),
        ({"timestamp": "yesterday"}, "timestamp"),
    ],
)
def test_invalid_review_is_rejected_with_its_text(tmp_path: Path, fields, column):
    write(tmp_path, "All_Beauty.jsonl", review(), review(**fields))
    data = read_dataset(tmp_path)
    assert data.rejected.select("file", "line", "column").rows() == [
        ("All_Beauty.jsonl", 2, column)
    ]
    assert (data.interactions.height, data.texts.height, data.rows) == (1, 1, 2)
