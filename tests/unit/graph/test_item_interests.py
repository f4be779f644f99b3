"""Interests of items without categories keep their ids and names, in both languages."""

from __future__ import annotations

from collections import defaultdict

import pytest

from isthmus.encoders.text.encoder import TextEncoder, load_encoder
from isthmus.encoders.topics.cluster_names import language_of
from isthmus.graph.database.connection import Row
from isthmus.graph.interests.item_interests import (
    ExistingInterests,
    build_item_interests,
    names_by_category,
)
from isthmus.settings import Settings

TITLES = {
    "cooking": ("Simple Noodles", "Stews and Soups", "Home Baking", "家常炖汤", "饺子", "小厨房"),
    "jazz": ("Smoky Saxophone", "Blue Quartet", "Jazz Trumpet", "萨克斯", "四重奏", "爵士小号"),
    "football": ("The Penalty", "The Goalkeeper", "World Cup", "点球", "守门员的赛季", "世界杯"),
}


@pytest.fixture(scope="module")
def encoder(server_settings: Settings) -> TextEncoder:
    return load_encoder(server_settings.encoder, server_settings.home, None)


@pytest.fixture(scope="module")
def items(encoder: TextEncoder) -> list[Row]:
    """Eighteen items of three interests, without categories."""
    titles = [title for group in TITLES.values() for title in group]
    return [
        {"id": title, "title": title, "categories": None, "embedding": vector}
        for title, vector in zip(titles, encoder.encode(titles, "passage"), strict=True)
    ]


def existing_interests() -> ExistingInterests:
    return ExistingInterests(
        {"cluster:old:1": {"zh": "厨房", "en": "kitchen"}, "cluster:old:2": {"en": "music"}},
        {
            title: f"cluster:old:{number}"
            for number, name in ((1, "cooking"), (2, "jazz"))
            for title in TITLES[name]
        },
    )


def test_an_interest_in_two_languages_stays_one_interest_and_keeps_its_names(
    items: list[Row], encoder: TextEncoder, server_settings: Settings
) -> None:
    interests, item_interests = build_item_interests(
        items[:12], encoder, server_settings, existing_interests()
    )
    names = dict(zip(interests.ids, interests.names, strict=True))
    assert names["cluster:old:1"] == {"zh": "厨房", "en": "kitchen"}
    assert names["cluster:old:2"]["en"] == "music"
    assert list(names["cluster:old:2"]) == ["en", "zh"]
    languages = defaultdict(set)
    for title, links in item_interests.items():
        languages[links[0]["id"]].add(language_of(title))
    assert languages == {"cluster:old:1": {"en", "zh"}, "cluster:old:2": {"en", "zh"}}


def test_new_clusters_get_ids_and_names_that_did_not_exist_before(
    items: list[Row], encoder: TextEncoder, server_settings: Settings
) -> None:
    first, item_interests = build_item_interests(items, encoder, server_settings)
    again, item_interests_again = build_item_interests(items, encoder, server_settings)
    assert (first.ids, first.names) == (again.ids, again.names)
    assert item_interests == item_interests_again
    existing = ExistingInterests({key: {"en": "gone"} for key in first.ids})
    other, _ = build_item_interests(items, encoder, server_settings, existing)
    assert set(first.ids).isdisjoint(other.ids)
    assert {"en": "gone"} not in other.names


def with_categories(items: list[Row], categories: list[str]) -> list[Row]:
    return [
        item | {"categories": [category]} for item, category in zip(items, categories, strict=True)
    ]


def test_a_category_has_the_names_of_the_table_and_keeps_its_own_in_other_languages(
    items: list[Row], encoder: TextEncoder, server_settings: Settings
) -> None:
    rows = [
        {"category": "jazz", "language": "zh", "name": "爵士乐"},
        {"category": "cooking", "language": "en", "name": "cookery books"},
    ]
    found, _ = build_item_interests(
        with_categories(items[:2], ["Jazz", "cooking"]),
        encoder,
        server_settings,
        given=names_by_category(rows),
    )
    names = dict(zip(found.ids, found.names, strict=True))
    assert names == {
        "category:cooking": {"en": "cookery books"},
        "category:jazz": {"en": "Jazz", "zh": "爵士乐"},
    }


def test_categories_that_are_names_of_each_other_are_one_interest(
    items: list[Row], encoder: TextEncoder, server_settings: Settings
) -> None:
    rows = [
        {"category": "football", "language": "zh", "name": "玩球"},
        {"category": "玩球", "language": "en", "name": "Football"},
    ]
    found, links = build_item_interests(
        with_categories(items[:3], ["football", "玩球", "cooking"]),
        encoder,
        server_settings,
        given=names_by_category(rows),
    )
    assert found.ids == ["category:cooking", "category:football"]
    assert found.names[1] == {"en": "football", "zh": "玩球"}
    assert [[link["id"] for link in links[item["id"]]] for item in items[:3]] == [
        ["category:football"],
        ["category:football"],
        ["category:cooking"],
    ]


def test_names_of_a_category_that_no_item_has_are_logged(
    items: list[Row],
    encoder: TextEncoder,
    server_settings: Settings,
    caplog: pytest.LogCaptureFixture,
) -> None:
    given = {"jaz": {"zh": "爵士乐"}}
    build_item_interests(
        with_categories(items[:1], ["jazz"]), encoder, server_settings, given=given
    )
    assert "the table categories names 1 that no item has: jaz" in caplog.text
