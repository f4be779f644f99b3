"""Interests in the graph: stable ids, names in both languages, merged translations, hierarchy."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from isthmus.graph.generations.dataset_snapshot import build_snapshot
from isthmus.graph.generations.snapshot import read_snapshot
from isthmus.graph.ingest.load import ingest_dataset
from isthmus.graph.interests.embeddings import encode
from isthmus.graph.interests.find import InterestSummary, find_interests, largest_interests
from isthmus.graph.sources import read_dataset
from isthmus.graph.sources.synthetic import write_synthetic
from isthmus.workflows.evaluate_through_graph import snapshot_differences

if TYPE_CHECKING:
    from pathlib import Path

    from isthmus.graph.database.connection import Graph, Row
    from isthmus.settings import Settings

CATALOGUE = {
    ("cookery", "烹饪"): (
        ("Simple Noodles", "Everyday Stews and Soups", "Home Baking for Weeknights"),
        ("家常炖汤", "外婆的饺子", "深夜小厨房"),
    ),
    ("historical novels", "历史小说"): (
        ("The Magistrate of the Ming Court", "Lanterns over Luoyang", "A Winter in Chang'an"),
        ("大明风云录", "洛阳旧梦", "长安十二年"),
    ),
    ("jazz", "爵士乐"): (
        ("Midnight Saxophone", "Smoky Quartet Sessions", "Blue Trumpet"),
        ("凌晨萨克斯", "蓝色四重奏", "烟雾小号"),
    ),
    ("football", "足球"): (
        ("The Last Penalty", "A Season with the Goalkeeper", "World Cup Stories"),
        ("最后一粒点球", "守门员的赛季", "世界杯故事"),
    ),
}


def load(graph: Graph, folder: Path, settings: Settings) -> InterestSummary:
    ingest_dataset(graph, read_dataset(folder), folder, settings)
    encode(graph, settings)
    return find_interests(graph, settings)


def rows(graph: Graph, text: str, **parameters: Any) -> list[Row]:
    return graph.run(text, parameters)


def interests(graph: Graph) -> dict[str, tuple[list[str], list[str]]]:
    found = rows(graph, "MATCH (n:Interest) RETURN n.id AS id, n.languages AS l, n.names AS n")
    return {row["id"]: (row["l"], row["n"]) for row in found}


@pytest.fixture
def half_chinese(tmp_path: Path) -> list[dict[str, str]]:
    """Items of four domains in Chinese and English, without categories."""
    write_synthetic(tmp_path, users=3, items=384)
    (tmp_path / "interactions.csv").unlink()
    (tmp_path / "texts.csv").unlink()
    with (tmp_path / "items.csv").open(encoding="utf-8") as file:
        return [row | {"categories": ""} for row in csv.DictReader(file)]


def write(folder: Path, items: list[dict[str, str]]) -> None:
    with (folder / "items.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, items[0].keys())
        table.writeheader()
        table.writerows(items)


def test_clusters_and_their_parents_keep_ids_and_names_when_items_are_added(
    graph: Graph, server_settings: Settings, tmp_path: Path, half_chinese: list[dict[str, str]]
) -> None:
    write(tmp_path, [row for k, row in enumerate(half_chinese) if k % 12])
    load(graph, tmp_path, server_settings)
    before = interests(graph)
    assert {key.split(":")[0] for key in before} == {"cluster", "family"}
    assert {language for languages, _ in before.values() for language in languages} == {"en", "zh"}
    find_interests(graph, server_settings)
    assert interests(graph) == before

    write(tmp_path, half_chinese)
    load(graph, tmp_path, server_settings)
    after = interests(graph)
    common = before.keys() & after.keys()
    assert len(common) >= 0.9 * len(before)
    assert all(after[key] == before[key] for key in common)
    assert len(after) >= len(before)
    counts = rows(
        graph,
        "RETURN COUNT { (:Item)-[:ABOUT]->(:Interest) } AS about, "
        "COUNT { (n:Interest) WHERE NOT (n)<-[:ABOUT]-() AND NOT (n)<-[:PART_OF]-() } AS orphans, "
        "COUNT { (n)-[:PART_OF]->(n) } AS loops",
    )
    assert counts == [{"about": len(half_chinese), "orphans": 0, "loops": 0}]


def test_parents_of_clusters_are_not_in_the_snapshot(
    graph: Graph, server_settings: Settings, tmp_path: Path, half_chinese: list[dict[str, str]]
) -> None:
    write(tmp_path, half_chinese)
    (tmp_path / "interactions.csv").write_text("user_id,item_id,domain\nana,b0001,books\n")
    load(graph, tmp_path, server_settings)
    tables = build_snapshot(read_dataset(tmp_path), server_settings)
    assert snapshot_differences(read_snapshot(graph), tables) == []
    assert all(key.startswith("cluster:") for key in tables.interests)
    parents = [row for row in graph.read("insight/interests", most=1000) if row["parts"]]
    assert 1 < len(parents) < len(tables.interests) / 2
    assert all(row["items"] > 1 and row["id"].startswith("family:") for row in parents)


def write_catalogue(folder: Path) -> None:
    lines = [
        f"{names[k]} {n},books,{title},{names[k]}"
        for names, titles in CATALOGUE.items()
        for k in range(2)
        for n, title in enumerate(titles[k])
    ]
    (folder / "items.csv").write_text(
        "\n".join(["item_id,domain,title,categories", *lines]), encoding="utf-8"
    )
    (folder / "interactions.csv").write_text(
        "user_id,item_id\nana,cookery 1\nana,烹饪 2\n", encoding="utf-8"
    )


def test_categories_of_the_same_meaning_in_two_languages_become_one_interest(
    graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    write_catalogue(tmp_path)
    load(graph, tmp_path, server_settings)
    found = interests(graph)
    for english, chinese in CATALOGUE:
        assert found.pop(f"category:{english}") == (["en", "zh"], [english, chinese])
    assert found == {}
    tables = build_snapshot(read_dataset(tmp_path), server_settings)
    assert snapshot_differences(read_snapshot(graph), tables) == []
    assert tables.user_interests.nnz == 1
    before = interests(graph)
    find_interests(graph, server_settings)
    assert interests(graph) == before


def test_merged_categories_stay_merged(
    graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    write_catalogue(tmp_path)
    lines = (tmp_path / "items.csv").read_text(encoding="utf-8").splitlines()
    remaining = [line for line in lines if "football" not in line and "爵士" not in line]
    (tmp_path / "items.csv").write_text("\n".join(remaining), encoding="utf-8")
    ingest_dataset(graph, read_dataset(tmp_path), tmp_path, server_settings)
    encode(graph, server_settings)
    rows(
        graph,
        "CREATE (:Interest {id: 'category:cookery', version: 1, name: '烹饪', "
        "languages: ['zh', 'en'], names: ['烹饪', 'cookery']})",
    )
    find_interests(graph, server_settings)
    assert interests(graph)["category:cookery"] == (["zh", "en"], ["烹饪", "cookery"])
    assert "category:烹饪" not in interests(graph)


def test_a_category_is_part_of_the_category_that_contains_its_items(
    graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    lines = [f"{n},books,Story {n},Fiction|Crime" for n in range(6)]
    lines += [f"{n},books,Story {n},Fiction" for n in range(6, 14)]
    (tmp_path / "items.csv").write_text("\n".join(["item_id,domain,title,categories", *lines]))
    text = load(graph, tmp_path, server_settings).text(largest_interests(graph))
    assert text.splitlines()[1:] == ["  Fiction: 14 items", "  Crime: 6 items; part of Fiction"]
    found = {row["name"]: row for row in graph.read("insight/interests", most=10)}
    assert found["Crime"]["part_of"] == ["Fiction"]
    assert (found["Fiction"]["items"], found["Fiction"]["parts"]) == (14, 1)
    assert found["Fiction"]["part_of"] == []


def test_evidence_is_stored_as_counts_and_dates_and_old_likes_decay(
    graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "items.csv").write_text(
        "item_id,domain,title,categories\n1,books,A,history\n2,books,B,history\n"
        "3,books,C,cooking\n4,books,D,sport\n"
    )
    (tmp_path / "interactions.csv").write_text(
        "user_id,item_id,weight,timestamp\nana,1,1,2023-01-01\nana,1,1,2024-01-01\n"
        "ana,2,-1,2024-01-01\nana,3,1,2024-01-01\nana,4,1,2023-01-01\nbo,4,1,\n"
    )
    (tmp_path / "texts.csv").write_text(
        "user_id,text,item_id,timestamp\nana,A secret about the Romans,1,2024-01-02\n"
    )
    half_life = server_settings.model_copy(update={"half_life_days": 183.0})
    load(graph, tmp_path, half_life)
    found = {
        (row["user"], row["name"]): row["evidence"]
        for row in rows(
            graph,
            "MATCH (u:User)-[s:INTERESTED_IN]->(n) "
            "RETURN u.id AS user, n.name AS name, properties(s) AS evidence",
        )
    }
    history = found["ana", "history"]
    assert (history["likes"], history["dislikes"]) == (1, 1)
    assert history["texts"] >= 1
    first, last = (history[key].to_native() for key in ("first_at", "last_at"))
    assert first == datetime(2023, 1, 1, tzinfo=UTC)
    assert last >= datetime(2024, 1, 1, tzinfo=UTC)
    names = {
        "weight",
        "evidence",
        "likes",
        "dislikes",
        "texts",
        "first_at",
        "last_at",
        "updated_at",
    }
    assert all(evidence.keys() <= names for evidence in found.values())
    assert not any(isinstance(v, str) for evidence in found.values() for v in evidence.values())
    assert found["bo", "sport"].keys() == names - {"first_at", "last_at"}

    (tmp_path / "texts.csv").unlink()
    rows(graph, "MATCH (t:Text) DETACH DELETE t")
    find_interests(graph, half_life)
    weight = dict(
        rows(
            graph,
            "MATCH (:User {id: 'ana'})-[s:INTERESTED_IN]->(n) "
            "RETURN collect([n.name, s.weight]) AS pairs",
        )[0]["pairs"]
    )
    assert weight["sport"] / weight["cooking"] == pytest.approx(0.5 ** (365 / 183))
