"""Texts of users beside a history: what they add to INTERESTED_IN and to the next answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from statistics import mean
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from click.testing import CliRunner

from isthmus.errors import InputError
from isthmus.graph.database.session import connect
from isthmus.graph.events import texts as texts_module
from isthmus.graph.events.record import record_interaction
from isthmus.graph.events.texts import record_text
from isthmus.graph.generations.snapshot import read_snapshot
from isthmus.graph.ingest.load import ingest_dataset
from isthmus.graph.interests.derivation import MAX_INTERESTS_PER_USER, derive_user_interests
from isthmus.graph.interests.encoder_versions import active_encoder
from isthmus.graph.interests.find import encode_and_find_interests
from isthmus.graph.serving.explanation import describe_path
from isthmus.graph.serving.recommend import recommend_for_user
from isthmus.graph.sources import read_dataset
from isthmus.graph.sources.synthetic import write_synthetic
from isthmus.scripts.feedback import command
from isthmus.workflows.retrain import retrain
from tests.conftest import delete_all

if TYPE_CHECKING:
    from isthmus.graph.database.connection import Graph, Row
    from isthmus.settings import Settings

HALF_LIFE = 100.0
VECTOR = np.array([[0.6, 0.8]], np.float32)
# Any object with these attributes serves as the encoder of the version.
ENCODER: Any = SimpleNamespace(
    name="fixed", fingerprint="fixed", encode=lambda texts, kind: np.tile(VECTOR, (len(texts), 1))
)
SMALL = """
CREATE (:Encoder {version: 1, state: 'active', name: 'fixed', fingerprint: 'fixed'})
WITH 1 AS one UNWIND range(0, 29) AS k
CREATE (n:Interest {id: 'i' + k, version: 1, name: 'i' + k})
CREATE (:Item {key: 'books:' + k, domain: 'books', item_id: '' + k})-[:ABOUT {weight: 0.5}]->(n)
"""
INTERESTED = (
    "MATCH (u:User)-[s:INTERESTED_IN]->(n) "
    "RETURN u.id AS user, n.id AS interest, s {.*, updated_at: null} AS s ORDER BY user, interest"
)
EVERYTHING = (
    "MATCH (a) OPTIONAL MATCH (a)-[b]->(c) RETURN labels(a) AS labels, properties(a) AS p, "
    "type(b) AS type, properties(b) AS q, properties(c) AS r "
    "ORDER BY labels, toString(coalesce(a.key, a.id, a.name, a.text, a.version)), type, "
    "coalesce(c.key, c.id, c.text)"
)


@pytest.fixture
def small(graph: Graph) -> Graph:
    """Thirty interests with one book each, and no users."""
    graph.run(SMALL, {})
    return graph


def set_reading(monkeypatch: pytest.MonkeyPatch, *interests: tuple[str, float, float]) -> None:
    """Every text is about these interests: id, weight, polarity."""
    rows = [dict(zip(("interest", "weight", "polarity"), row, strict=True)) for row in interests]
    reading = SimpleNamespace(version=1, vector=VECTOR[0], polarity=0.25, interests=rows)
    monkeypatch.setattr(texts_module, "read_text", lambda *_: reading)


def write_text(
    graph: Graph, user: str, name: str, interest: str, days: float, **properties: Any
) -> None:
    """Writes a text that is `days` old and about one interest, as `encode` leaves it."""
    graph.run(
        "MERGE (u:User {id: $user}) WITH u MATCH (n:Interest {id: $interest}) "
        "CREATE (u)-[:WROTE]->(t:Text {id: $name, item: $item, "
        "written_at: datetime({epochSeconds: toInteger(1700000000 - $days * 86400)})})"
        "-[:ABOUT {weight: 0.8, polarity: $polarity}]->(n), "
        "(t)-[:ENCODED_AS]->(:TextVector {text: $name, version: 1, polarity: $text_polarity})",
        {"user": user, "name": name, "interest": interest, "days": days, "item": None}
        | {"polarity": None, "text_polarity": None}
        | properties,
    )


def like(graph: Graph, user: str, item: str, weight: float = 1.0, days: float = 0) -> None:
    graph.run(
        "MERGE (u:User {id: $user}) WITH u MATCH (i:Item {key: $item}) "
        "CREATE (u)-[:INTERACTED {weight: $weight, count: 1, "
        "last_at: datetime({epochSeconds: toInteger(1700000000 - $days * 86400)})}]->(i)",
        {"user": user, "item": item, "weight": weight, "days": days},
    )


def interested(graph: Graph, user: str) -> dict[str, Row]:
    return {row["interest"]: row["s"] for row in graph.run(INTERESTED, {}) if row["user"] == user}


def test_written_is_the_mean_over_texts_about_no_item_before_the_newest_of_them(
    small: Graph,
) -> None:
    for k in range(20):
        like(small, "ana", f"books:{k + 5}", days=-300)
    write_text(small, "ana", "t0", "i0", 0)
    write_text(small, "ana", "t1", "i1", HALF_LIFE, text_polarity=0.2)
    write_text(small, "ana", "t2", "i2", 0, item="books:7")
    derive_user_interests(small, HALF_LIFE, 1)
    found = interested(small, "ana")
    # A neutral text counts 0.5, one of polarity 0.2 counts 0.5 + 1.5 * 0.2, one half-life old.
    assert found["i0"]["written"] == pytest.approx(0.5 * 0.8 / 2)
    assert found["i1"]["written"] == pytest.approx(0.8 * 0.8 * 0.5 / 2)
    # The text about a liked book counts 1, as the like does, in the weight alone.
    assert "written" not in found.get("i2", {})
    assert found["i0"]["weight"] == pytest.approx(0.5 * 0.8 / 23 * 0.5**3)
    snapshot = read_snapshot(small)
    assert snapshot.written_interests.toarray().sum() == pytest.approx(0.2 + 0.16)
    assert snapshot.written_interests.nnz == 2


def test_a_text_may_praise_one_interest_and_complain_of_another(small: Graph) -> None:
    write_text(small, "ana", "t0", "i0", 0, polarity=1.0, text_polarity=-1.0)
    small.run(
        "MATCH (t:Text), (n:Interest {id: 'i1'}) "
        "CREATE (t)-[:ABOUT {weight: 0.2, polarity: -1.0}]->(n)",
        {},
    )
    small.run("MATCH (t:Text), (n:Interest {id: 'i2'}) CREATE (t)-[:ABOUT {weight: 0.1}]->(n)", {})
    derive_user_interests(small, HALF_LIFE, 1)
    written = {name: s["written"] for name, s in interested(small, "ana").items()}
    assert written == pytest.approx({"i0": 0.8, "i1": -0.2, "i2": -0.1})


def test_an_interest_that_a_user_wrote_about_is_kept_beside_many_stronger_ones(
    small: Graph,
) -> None:
    for k in range(1, 30):
        like(small, "ana", f"books:{k}")
    write_text(small, "ana", "t0", "i0", 0)
    derive_user_interests(small, HALF_LIFE, 1)
    found = interested(small, "ana")
    assert len(found) == MAX_INTERESTS_PER_USER
    assert found["i0"]["written"] == pytest.approx(0.4)


def test_a_recorded_text_makes_the_interests_that_a_derivation_makes(
    small: Graph, server_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for k in range(25):
        like(small, "ana", f"books:{k + 5}", weight=-1.0 if k % 4 == 0 else 1.0, days=10 * k)
    write_text(small, "ana", "t1", "i1", 50, text_polarity=-0.9)
    write_text(small, "ana", "t2", "i2", 70, item="books:9")
    derive_user_interests(small, server_settings.half_life_days, 1)
    for number, (interest, polarity) in enumerate([("i0", 0.9), ("i1", 0.3), ("i9", -1.0)]):
        set_reading(monkeypatch, (interest, 0.7, polarity), ("i20", 0.3, 0.0))
        done = record_text(small, ENCODER, "ana", f"text {number}", server_settings)
        assert done["recorded"]
        assert [row["interest"] for row in done["interests"]] == [interest, "i20"]
        live = small.run(INTERESTED, {})
        derive_user_interests(small, server_settings.half_life_days, 1)
        assert live == small.run(INTERESTED, {})
    found = interested(small, "ana")
    assert found["i0"]["written"] > 0 > found["i9"]["written"]
    before = {name: s.get("written") for name, s in found.items()}
    record_interaction(small, "ana", "books", "5", server_settings)
    after = {name: s.get("written") for name, s in interested(small, "ana").items()}
    assert after == before


def test_a_text_with_an_event_id_that_is_sent_twice_counts_once(
    small: Graph, server_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_reading(monkeypatch, ("i0", 1.0, 0.5))
    arguments = (ENCODER, "new user", "I like it", server_settings, "e 1")
    assert record_text(small, *arguments)["recorded"]
    before = small.run(EVERYTHING, {})
    again = record_text(small, *arguments)
    assert (again["recorded"], again["interests"]) == (False, [])
    other_user = record_text(small, ENCODER, "another", "I like it", server_settings, "e 1")
    assert not other_user["recorded"]
    assert small.run(EVERYTHING, {}) == before
    assert interested(small, "new user")["i0"]["written"] == 1.0
    assert record_text(small, ENCODER, "new user", "I like it", server_settings, "e 2")["recorded"]


def test_the_words_are_stored_only_with_keep_text(
    small: Graph, server_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_reading(monkeypatch, ("i0", 1.0, 0.5))
    record_text(small, ENCODER, "ana", "我喜欢喝茶。", server_settings)
    assert "喝茶" not in str(small.run(EVERYTHING, {}))
    [text] = small.run("MATCH (t:Text)-[:ENCODED_AS]->(v) RETURN t {.*} AS t, v {.*} AS v", {})
    assert text["t"]["language"] == "zh"
    assert set(text["t"]) == {"id", "language", "sha256", "written_at"}
    assert text["v"] == {
        "text": text["t"]["id"],
        "version": 1,
        "vector": pytest.approx([0.6, 0.8]),
        "polarity": 0.25,
    }
    keep = server_settings.model_copy(update={"keep_text": True})
    record_text(small, ENCODER, "bo", " I like tea. ", keep)
    texts = small.run("MATCH (:User {id: 'bo'})-[:WROTE]->(t) RETURN t.text AS text", {})
    assert texts == [{"text": "I like tea."}]


@pytest.mark.parametrize(
    ("user", "text", "message"),
    [
        ("ana", "  ", "The text is empty"),
        ("ana", "x" * 131_073, "more than 131,072 characters"),
        ("a\nb", "tea", "user_id contains a control character"),
    ],
)
def test_an_invalid_text_is_an_error_and_creates_no_user(
    small: Graph, server_settings: Settings, user: str, text: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        record_text(small, ENCODER, user, text, server_settings)
    assert small.run("MATCH (u:User) RETURN count(u) AS n", {}) == [{"n": 0}]


def test_a_text_needs_the_encoder_of_the_active_version(
    small: Graph, server_settings: Settings
) -> None:
    other: Any = SimpleNamespace(**vars(ENCODER) | {"name": "other", "fingerprint": "other"})
    with pytest.raises(InputError, match="cannot be encoded by other"):
        record_text(small, other, "ana", "tea", server_settings)
    small.run("MATCH (e:Encoder) DELETE e", {})
    with pytest.raises(InputError, match="no interests yet"):
        record_text(small, ENCODER, "ana", "tea", server_settings)


@pytest.fixture(scope="module")
def demo(server_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graph]:
    """A small demo after its retraining."""
    folder = tmp_path_factory.mktemp("synthetic")
    write_synthetic(folder, users=200, items=480)
    with connect(server_settings) as graph:
        delete_all(graph)
        ingest_dataset(graph, read_dataset(folder), folder, server_settings)
        encode_and_find_interests(graph, server_settings)
        retrain(graph, server_settings, force=True)
        yield graph


def test_what_a_user_with_a_history_writes_rises_in_the_next_answer_of_every_domain(
    demo: Graph, server_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    domains = ("books", "films", "goods", "music")
    interest = "category:historical novels"
    user = demo.run(
        "MATCH (u:User)-[r:INTERACTED]->(i) WITH u, count(r) AS n "
        "WHERE n >= 20 AND NOT (u)-[:WROTE]->() "
        "AND NOT (u)-[:INTERESTED_IN]->(:Interest {id: $interest}) "
        "RETURN u.id AS id ORDER BY id LIMIT 1",
        {"interest": interest},
    )[0]["id"]
    reached = demo.run(
        "MATCH (:Generation {state: 'active'})-[m:MERGES]->(d) "
        "MATCH (:Interest {id: $interest})-[e:TRANSFERS_TO]->(j:Item {domain: d.name}) "
        "WHERE e.weight > 0 "
        "RETURN d.name AS domain, m.written AS written, collect(j.item_id) AS ids",
        {"interest": interest},
    )
    assert {row["domain"] for row in reached if row["written"] > 0} == set(domains)

    def answers() -> dict[str, list[dict[str, Any]]]:
        return {
            domain: recommend_for_user(demo, user, domain, 120, server_settings)["items"]
            for domain in domains
        }

    before = answers()
    set_reading(monkeypatch, (interest, 1.0, 0.9))
    encoder = active_encoder(demo, server_settings)
    record_text(demo, encoder, user, "I love historical novels.", server_settings)
    after = answers()
    for row in reached:
        old, new = (
            [item["item_id"] for item in answer[row["domain"]]] for answer in (before, after)
        )
        items = set(row["ids"]) & set(old)
        assert mean(new.index(i) for i in items) < mean(old.index(i) for i in items)
        paths = {
            item["item_id"]: [
                describe_path(path) for path in item["paths"] if path["kind"] == "text"
            ]
            for item in after[row["domain"]]
        }
        assert {item for item, texts in paths.items() if texts} == set(row["ids"]) & set(new)
        assert {text for texts in paths.values() for text in texts} == {
            "you wrote about historical novels"
        }
        for item in after[row["domain"]]:
            assert item["score"] == pytest.approx(sum(path["share"] for path in item["paths"]))


def test_the_command_records_a_text(
    demo: Graph, server_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = ["--home", str(server_settings.home)]
    text = ["tea drinker", "--text", "I like to drink tea.", "--event-id", "tea"]
    result = CliRunner().invoke(command, [*text, *home, "--json"])
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    assert document["recorded"]
    assert document["interests"]
    again = CliRunner().invoke(command, [*text, *home])
    assert "was recorded before" in again.stdout
    for wrong in (["ana"], ["ana", "films"], ["ana", "films", "f1", "--text", "x"]):
        usage = CliRunner().invoke(command, [*wrong, *home])
        assert usage.exit_code == 2
        assert "--text" in usage.stderr
