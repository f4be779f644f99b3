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
    assert data.interactions["weight"].to_list() == pytest.approx([1.0, -0.6])
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


def test_missing_metadata_is_logged_and_its_items_are_unknown(tmp_path: Path, caplog):
    write(tmp_path, "All_Beauty.jsonl", review())
    data = read_dataset(tmp_path)
    assert (
        "All_Beauty.jsonl: the file of its products, meta_All_Beauty.jsonl, is missing"
        in caplog.text
    )
    assert resolve_items(data.interactions, data.items)[1].height == 1


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
