"""What items without categories are about stays what it was, in both languages."""

from __future__ import annotations

from collections import defaultdict

import pytest

from isthmus.encoders.text.encoder import TextEncoder, load_encoder
from isthmus.encoders.topics.cluster_names import language_of
from isthmus.graph.database.connection import Row
from isthmus.graph.interests.item_interests import Known, interests_of_items
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
    """Eighteen of three interests, without categories."""
    titles = [title for some in TITLES.values() for title in some]
    return [
        {"id": title, "title": title, "categories": None, "embedding": vector}
        for title, vector in zip(titles, encoder.encode(titles, "passage"), strict=True)
    ]


def known() -> Known:
    return Known(
        {"cluster:old:1": {"zh": "厨房", "en": "kitchen"}, "cluster:old:2": {"en": "music"}},
        {
            title: f"cluster:old:{number}"
            for number, name in ((1, "cooking"), (2, "jazz"))
            for title in TITLES[name]
        },
    )


def test_an_interest_in_two_languages_stays_one_and_keeps_its_names(
    items: list[Row], encoder: TextEncoder, server_settings: Settings
) -> None:
    interests, about = interests_of_items(items[:12], encoder, server_settings, known())
    names = dict(zip(interests.ids, interests.names, strict=True))
    assert names["cluster:old:1"] == {"zh": "厨房", "en": "kitchen"}
    assert names["cluster:old:2"]["en"] == "music"
    assert list(names["cluster:old:2"]) == ["en", "zh"]
    spoken = defaultdict(set)
    for title, found in about.items():
        spoken[found[0]["id"]].add(language_of(title))
    assert spoken == {"cluster:old:1": {"en", "zh"}, "cluster:old:2": {"en", "zh"}}


def test_new_clusters_get_ids_and_names_that_none_has_had(
    items: list[Row], encoder: TextEncoder, server_settings: Settings
) -> None:
    first, about = interests_of_items(items, encoder, server_settings)
    again, same = interests_of_items(items, encoder, server_settings)
    assert (first.ids, first.names, about) == (again.ids, again.names, same)
    before = Known({key: {"en": "gone"} for key in first.ids})
    other, _ = interests_of_items(items, encoder, server_settings, before)
    assert set(first.ids).isdisjoint(other.ids)
    assert {"en": "gone"} not in other.names
