"""Encoder versions: built beside the active one, activated with a generation, rolled back."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from isthmus.encoders.text.encoder import load_encoder
from isthmus.encoders.text.vector_cache import VectorCache
from isthmus.encoders.topics.bundled import bundled_sentences
from isthmus.errors import InputError
from isthmus.gnn.edges.edge_list import EdgeList
from isthmus.gnn.edges.learned import LearnedEdges, MergeWeights
from isthmus.graph.database.connection import Graph
from isthmus.graph.database.statements import CYPHER
from isthmus.graph.generations.publish import (
    Provenance,
    list_generations,
    publish_generation,
    roll_back,
)
from isthmus.graph.generations.snapshot import read_snapshot
from isthmus.graph.ingest.load import ingest_dataset
from isthmus.graph.interests.embeddings import encode
from isthmus.graph.interests.encoder_versions import (
    active_encoder,
    active_version,
    list_versions,
    settings_for_active_encoder,
)
from isthmus.graph.interests.find import find_interests
from isthmus.graph.serving.recommend import recommend_for_user
from isthmus.graph.serving.texts import recommend_for_text
from isthmus.graph.sources import read_dataset
from isthmus.scripts.encoder import command as encoder_command
from isthmus.scripts.generations import command as generations_command
from isthmus.settings import Settings
from isthmus.workflows.retrain import retrain
from tests.unit.tiny import tiny_bert

ROOT = Path(__file__).resolve().parents[2]
TASTES = {"sea": "wave tide sail", "wood": "oak birch moss", "city": "tram neon crowd"}
ITEMS, USERS = 24, 60
TEXT = "wave sail"


@pytest.fixture(scope="module")
def encoders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two models of the same vocabulary, with vectors of 32 and of 48 dimensions.

    They know the words of the bundled sentences, by which they learn whether a text has a subject.
    """
    words = {word for line in TASTES.values() for word in line.split()}
    words |= {
        word
        for sentence in bundled_sentences()
        for word in re.findall(r"[a-z]+|[一-鿿]|[',.!?]", sentence.text.casefold())
    }
    return [tiny_bert(tmp_path_factory.mktemp("tiny"), words, width) for width in (32, 48)]


@pytest.fixture
def encoder_settings(server_settings: Settings, encoders: list[Path]) -> list[Settings]:
    """The settings with each encoder."""
    return [server_settings.model_copy(update={"encoder": str(path)}) for path in encoders]


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    """Each user likes items of one taste in two domains; three users have one text and no likes."""
    rng = np.random.default_rng(1)
    names = list(TASTES)
    items, interactions = ["item_id,domain,title,categories"], ["user_id,item_id,domain"]
    for domain in ("books", "films"):
        for k in range(ITEMS):
            words = " ".join(rng.choice(TASTES[names[k % 3]].split(), 3))
            items.append(f"{k},{domain},{words},{names[k % 3]}")
    for user in range(USERS):
        for domain in ("books", "films"):
            liked = 3 * rng.choice(ITEMS // 3, 3, replace=False) + user % 3
            interactions += [f"u{user},{k},{domain}" for k in liked]
    texts = ["user_id,text", *(f"w{k},I love {TASTES[name]}." for k, name in enumerate(names))]
    for table, lines in (("items", items), ("interactions", interactions), ("texts", texts)):
        (tmp_path / f"{table}.csv").write_text("\n".join(lines), encoding="utf-8")
    return tmp_path


def load(graph: Graph, tables: Path, settings: Settings) -> None:
    ingest_dataset(graph, read_dataset(tables), tables, settings)
    encode(graph, settings)
    find_interests(graph, settings)


def publish(graph: Graph, version: int) -> None:
    """Publishes edges from the interests of a version to their items."""
    data = read_snapshot(graph, version)
    about = data.item_interests.tocoo()
    none = EdgeList(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32))
    interest = EdgeList(about.col.astype(np.int64), about.row.astype(np.int64), about.data)
    learned = LearnedEdges(none, interest, none, {"films": MergeWeights(1, 1, 1, 1)})
    publish_generation(graph, data, learned, Provenance("", {}, version))


def recommend(graph: Graph, settings: Settings) -> list[dict[str, Any]]:
    """Answers to a user with likes, a user with texts only, and a text; scores are rounded."""
    encoder = active_encoder(graph, settings)
    answers = [
        recommend_for_user(graph, "u0", "films", 5, settings),
        recommend_for_user(graph, "w1", "films", 5, settings),
        recommend_for_text(
            graph, encoder, VectorCache(settings.home / "vectors"), TEXT, "films", 5
        ),
    ]
    # The order in which an encoder adds floats is not the same in every run.
    rounded: list[dict[str, Any]] = json.loads(
        json.dumps(answers, default=str), parse_float=lambda digits: round(float(digits), 4)
    )
    return rounded


def count(graph: Graph, pattern: str) -> int:
    return int(graph.run(f"MATCH {pattern} RETURN count(*) AS n", {})[0]["n"])


def states(graph: Graph) -> dict[int, str]:
    return {row["version"]: row["state"] for row in list_versions(graph)}


def retrain_and_kill(graph: Graph, settings: Settings) -> None:
    """Starts `isthmus retrain` and kills it once it has stored vectors of version 2."""
    code = "from isthmus.scripts.main import main; main()"
    call = [sys.executable, "-c", code, "retrain", "--home", str(settings.home)]
    environment = os.environ | {"ISTHMUS_ENCODER": settings.encoder, "ISTHMUS_LOCK_SECONDS": "1"}
    process = subprocess.Popen(call, cwd=ROOT, env=environment, stderr=subprocess.PIPE)
    while not count(graph, "(v:ItemVector {version: 2})"):
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    process.kill()
    process.communicate()
    time.sleep(1)  # until the lease of its lock has expired


def test_another_encoder_is_active_from_the_promotion_of_its_generation_until_a_rollback(
    graph: Graph, encoder_settings: list[Settings], tables: Path
) -> None:
    first, second = encoder_settings
    load(graph, tables, first)
    publish(graph, 1)
    before = recommend(graph, first)
    assert "interest" in {path["kind"] for item in before[1]["items"] for path in item["paths"]}

    # A retraining killed while it encodes: the old version stays active, also for new items.
    retrain_and_kill(graph, second)
    assert states(graph) == {2: "candidate", 1: "active"}
    assert recommend(graph, second) == before
    assert settings_for_active_encoder(graph, second).encoder == first.encoder
    other = load_encoder(second.encoder, second.home)
    with pytest.raises(InputError, match="active encoder version 1"):
        recommend_for_text(graph, other, VectorCache(second.home / "vectors"), TEXT, "films", 5)

    # The next run encodes the rest, and its promotion activates generation and version at once.
    graph.run("MATCH (v:ItemVector {version: 2, domain: 'films'}) DETACH DELETE v", {})
    summary = encode(graph, second)
    assert summary.encoded + summary.cached >= ITEMS
    assert encode(graph, second).encoded + encode(graph, second).cached == 0
    find_interests(graph, second)
    assert recommend(graph, second) == before
    assert retrain(graph, second)["encoder_version"] == 2
    assert states(graph) == {2: "active", 1: "retired"}
    assert [row["encoder_version"] for row in list_generations(graph)] == [2, 1]
    assert read_snapshot(graph).item_vectors.shape == (2 * ITEMS, 48)
    assert read_snapshot(graph).interest_vectors.shape == (len(TASTES), 48)
    after = recommend(graph, second)
    assert [answer["generation"] for answer in after] == [2, 2, 2]
    assert after[2]["items"] != before[2]["items"]

    home = ["--home", str(first.home)]
    listed = CliRunner().invoke(encoder_command, ["list", *home], catch_exceptions=False)
    lines = [line.split() for line in listed.stdout.splitlines()]
    assert [(line[0], line[1], line[3], line[4]) for line in lines] == [
        ("2", "active", "48", second.encoder),
        ("1", "retired", "32", first.encoder),
    ]
    listed = CliRunner().invoke(generations_command, ["list", *home], catch_exceptions=False)
    assert [line.split()[-2:] for line in listed.stdout.splitlines()] == [
        ["encoder", "2"],
        ["encoder", "1"],
    ]

    row = roll_back(graph, 1)
    assert (row["encoder_version"], row["encoder"]) == (1, first.encoder)
    assert states(graph) == {2: "retired", 1: "active"}
    assert recommend(graph, second) == before
    assert read_snapshot(graph).item_vectors.shape == (2 * ITEMS, 32)

    # All generations to roll back to are of the second version: nothing is left of the first.
    for _ in range(3):
        publish(graph, 2)
    assert states(graph) == {2: "active", 1: "deleted"}
    assert [row["generations"] for row in list_versions(graph)] == [[3, 4, 5], []]
    for kind in ("ItemVector", "TextVector", "Interest"):
        assert count(graph, f"(n:{kind} {{version: 1}})") == 0
        assert count(graph, f"(n:{kind} {{version: 2}})") > 0


def test_without_a_generation_another_encoder_is_active_once_everything_is_encoded(
    graph: Graph, encoder_settings: list[Settings], tables: Path
) -> None:
    first, second = encoder_settings
    load(graph, tables, first)
    before = recommend(graph, first)
    encode(graph, second)
    assert recommend(graph, second) == before
    find_interests(graph, second)
    assert states(graph) == {2: "active", 1: "deleted"}
    assert count(graph, "(n:ItemVector)") == 2 * ITEMS
    assert count(graph, "(n:Interest)") == len(TASTES)
    rows = graph.run("MATCH ()-[:INTERESTED_IN|ABOUT]->(n) RETURN DISTINCT n.version AS v", {})
    assert rows == [{"v": 2}]
    assert recommend(graph, second)[2]["items"]

    # Back to the first encoder: it has the same number, and everything is encoded again.
    load(graph, tables, first)
    assert states(graph) == {2: "deleted", 1: "active"}
    assert recommend(graph, first) == before


def test_nearest_items_are_of_one_version_with_and_without_vector_search(
    graph: Graph, encoder_settings: list[Settings], tables: Path
) -> None:
    load(graph, tables, encoder_settings[0])
    graph.run(
        "MATCH (i:Item)-[:ENCODED_AS]->(v) "
        "CREATE (i)-[:ENCODED_AS]->(:ItemVector {item: i.key, version: 2, domain: i.domain, "
        "vector: [k IN range(0, 31) | -v.vector[k]]})",
        {},
    )
    graph.read("admin/await_indexes")
    vector = (
        load_encoder(encoder_settings[0].encoder, encoder_settings[0].home)
        .encode([TEXT], "query")[0]
        .tolist()
    )
    query = {"domain": "films", "vector": vector, "k": ITEMS}
    for version in (1, 2):
        found = [
            {row["key"]: row["similarity"] for row in graph.read(name, **query, version=version)}
            for name in ("recommend/nearest_items", "recommend/nearest_items_without_search")
        ]
        assert found[0] == pytest.approx(found[1], abs=1e-6)
        assert len(found[0]) == ITEMS
        assert all((similarity > 0.5) == (version == 1) for similarity in found[0].values())
    assert graph.read("recommend/nearest_items", **query, version=0) == []


def test_an_item_with_a_changed_title_loses_its_vectors_of_all_versions(
    graph: Graph, encoder_settings: list[Settings], tables: Path
) -> None:
    for settings in encoder_settings:
        load(graph, tables, settings)
    items = (tables / "items.csv").read_text("utf-8").splitlines()
    items[1] = "0,books,oak tram,sea"
    (tables / "items.csv").write_text("\n".join(items), encoding="utf-8")
    ingest_dataset(graph, read_dataset(tables), tables, encoder_settings[1])
    assert count(graph, "(v:ItemVector {item: 'books:0'})") == 0
    assert count(graph, "(v:ItemVector {version: 2})") == 2 * ITEMS - 1


def test_a_migration_assigns_unversioned_data_to_the_first_version(graph: Graph) -> None:
    graph.run(
        "CREATE (:Encoder {name: 'old', dimensions: 2}), (:Interest {id: 'category:sea'}), "
        "(:Generation {number: 1, state: 'active'})",
        {},
    )
    text = (CYPHER / "migrations" / "V0024__first_encoder_version.cypher").read_text("utf-8")
    for _ in range(2):
        graph.run(text, {})
        assert count(graph, "(:Interest {version: 1})") == 1
        active = active_version(graph)
        assert active is not None
        assert (active.number, active.name, active.generation) == (1, "old", 1)
        found = graph.run("MATCH (g:Generation) RETURN g.encoder_version AS version", {})
        assert found == [{"version": 1}]


def test_texts_that_their_tables_no_longer_contain_are_counted_and_named(
    graph: Graph, encoder_settings: list[Settings], tables: Path
) -> None:
    load(graph, tables, encoder_settings[0])
    words = (tables / "texts.csv").read_text("utf-8")
    (tables / "texts.csv").write_text("\n".join(words.splitlines()[:2]), encoding="utf-8")
    summary = encode(graph, encoder_settings[1])
    assert summary.missing == 2
    assert [(row.tables, row.texts, len(row.ids)) for row in summary.not_found] == [
        (str(tables), 2, 2)
    ]
    without_vector = graph.read("encode/texts_without_embedding", after="", limit=9, version=2)
    assert {row["id"] for row in without_vector} == set(summary.not_found[0].ids)

    elsewhere = tables / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "texts.csv").write_text(words, encoding="utf-8")
    for table in ("items.csv", "interactions.csv"):
        (elsewhere / table).write_text((tables / table).read_text("utf-8"), encoding="utf-8")
    ingest_dataset(graph, read_dataset(elsewhere), elsewhere, encoder_settings[1])
    assert encode(graph, encoder_settings[1]).not_found == []
