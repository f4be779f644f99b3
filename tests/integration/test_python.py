"""The Python API on a real Neo4j; on the same graph, texts and random requests to the service."""

from __future__ import annotations

import asyncio
import doctest
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import numpy as np
import polars as pl
import pytest
import schemathesis
from schemathesis.specs.openapi import checks
from starlette.testclient import TestClient

import isthmus
from isthmus.graph.database.session import connect
from isthmus.service import Connection, build_app
from isthmus.settings import Settings
from tests.conftest import delete_all
from tests.integration.served_graph import ODD, load_served_graph

if TYPE_CHECKING:
    from isthmus.gnn.data.arrays import InterestGraph

DAY = 1_700_000_000
TOKEN = "0123456789abcdef"
CHECKS = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.response_schema_conformance,
]
PAGE = Path(__file__).resolve().parents[2] / "docs" / "python.md"


@pytest.fixture(scope="module")
def home(server_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    with connect(server_settings) as graph:
        delete_all(graph)
        load_served_graph(graph, server_settings, tmp_path_factory.mktemp("tables"))
    return server_settings.home


@pytest.fixture(scope="module")
def session(home: Path) -> Iterator[isthmus.Session]:
    with isthmus.connect(home=home) as session:
        yield session


def test_the_page_shows_what_python_prints(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISTHMUS_HOME", str(home))
    monkeypatch.chdir(home)
    results = doctest.testfile(
        str(PAGE),
        module_relative=False,
        optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS,
    )
    assert results.attempted > 20
    assert results.failed == 0


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ("ana", [("f1", 2.0), ("f3", 0.5), ("f2", 0.0)]),
        (f" {ODD}\u200b", [("f2", 3.0), ("f1", 0.0), ("f3", 0.0)]),
    ],
)
def test_a_session_recommends_what_the_edges_say(
    session: isthmus.Session, user: str, expected: list[tuple[str, float]]
) -> None:
    answer = session.recommend(user, "films", 3)
    assert [(item["item_id"], item["score"]) for item in answer["items"]] == expected
    assert all(item["paths"] == [] for item in answer["items"])
    assert answer["generation"] == 1


def test_the_shares_of_the_paths_add_up_to_the_score(session: isthmus.Session) -> None:
    best = session.recommend("ana", "films", 1, paths=True)["items"][0]
    assert sum(path["share"] for path in best["paths"]) == pytest.approx(best["score"])
    assert best["paths"][0]["from"] == "books:b/1"


def test_a_text_in_chinese_gets_what_it_asks_for(session: isthmus.Session) -> None:
    answer = session.recommend_text("我喜欢做饭和烘焙", "films", 1)
    assert [item["title"] for item in answer["items"]] == ["The pastry chef"]
    assert answer["items"][0]["paths"] == []


def test_feedback_counts_once_for_an_event_id_and_changes_the_next_answer(
    session: isthmus.Session,
) -> None:
    user = "新/用户 1"
    first = session.feedback(user, "books", "b:2 🚀", event_id="e 1")
    again = session.feedback(user, "books", "b:2 🚀", event_id="e 1")
    assert (first["recorded"], again["recorded"]) == (True, False)
    assert session.recommend(user, "films", 1)["items"][0]["item_id"] == "f2"
    disliked = session.feedback(user, "books", "b/1", like=False)
    assert disliked["weight"] == -1.0
    scores = {i["item_id"]: i["score"] for i in session.recommend(user, "films", 3)["items"]}
    # Two interactions of weight 1 and -1, each divided by the root of their number.
    assert scores == pytest.approx({"f2": 3 / 2**0.5, "f3": -0.5 / 2**0.5, "f1": -2 / 2**0.5})


def test_a_text_of_a_user_becomes_an_interest(session: isthmus.Session) -> None:
    done = session.feedback_text("mei", "我非常喜欢做饭和烘焙，太棒了！")
    assert done["interests"][0]["name"] == "烹饪"
    interests = session.interests("mei", "zh")
    assert interests[0]["name"] == "烹饪"
    assert interests[0]["texts"] == 1
    assert list(interests[0]) == [
        *("interest", "name", "weight", "written", "likes", "dislikes", "texts"),
        *("first_at", "last_at"),
    ]


def test_edges_and_vectors_have_the_same_rows(session: isthmus.Session) -> None:
    edges, vectors = session.edges("transfer"), session.vectors()
    assert vectors.keys.tolist() == edges.target_keys.tolist()
    assert vectors.keys.tolist() == sorted(vectors.keys.tolist())
    assert sorted(edges.to_polars().rows()) == [
        ("books:b/1", "films:f1", 2.0),
        ("books:b/1", "films:f3", 0.5),
        ("books:b:2 🚀", "films:f2", 3.0),
        ("films:f1", "books:b/1", 1.0),
    ]
    edge_index, weights = edges.to_torch()
    assert edge_index.shape == (2, 4)
    assert str(edge_index.dtype) == "torch.int64"
    assert weights.tolist() == edges.weights.tolist()
    assert vectors.vectors.dtype == np.float32
    assert np.linalg.norm(vectors.vectors, axis=1) == pytest.approx(np.ones(6), abs=1e-5)
    films = session.vectors("films")
    assert films.keys.tolist() == ["films:f1", "films:f2", "films:f3"]
    assert np.array_equal(films.vectors, vectors.vectors[3:])


def test_edges_of_interests_and_of_one_domain(session: isthmus.Session) -> None:
    assert session.edges("interest").to_polars().rows() == [("category:cooking", "films:f3", 4.0)]
    assert session.edges("co_liked", 1).to_polars().rows() == [("films:f1", "films:f2", 0.5)]
    assert len(session.edges("domain_popularity")) == 0


def test_a_query_is_a_table(session: isthmus.Session) -> None:
    history = session.query("recommend/history", user=ODD, limit=5)
    assert history.select("domain", "item_id", "weight").rows() == [("books", "b:2 🚀", 1.0)]
    table = session.query(
        "UNWIND $rows AS row RETURN row.a AS a, row AS r, date('2024-02-29') AS d // $no",
        rows=[{"a": 1}, {"a": 2}, {"b": "x"}],
    )
    assert table["a"].to_list() == [1, 2, None]
    assert table["r"].to_list()[2] == {"a": None, "b": "x"}
    assert table.schema["d"] == pl.Date
    assert session.query("MATCH (u:User {id: ''}) RETURN u.id AS id, 1 AS one").columns == [
        "id",
        "one",
    ]
    node = session.query("MATCH (u:User {id: 'ana'}) RETURN u")["u"][0]
    assert node == {"labels": ["User"], "id": "ana"}
    numbers = session.query("UNWIND [1, 2.5, null] AS v RETURN v")
    assert numbers["v"].to_list() == [1.0, 2.5, None]
    mixed = session.query("UNWIND [1, '二'] AS v RETURN v")
    assert mixed["v"].to_list() == ["1", '"二"']


@pytest.mark.parametrize(
    ("statement", "parameters", "message"),
    [
        ("CREATE (n:User {id: 'x'}) RETURN n", {}, "may only read"),
        ("MATCH (u:User) WHERE u.id = $user RETURN u", {}, "without a value: user"),
        ("RETURN 1 AS one", {"two": 2}, "no parameters of these names: two"),
        ("recommend/history", {"limit": 5}, "user"),
        ("recommend/../recommend/history", {}, "no statement"),
        ("RETURN $a AS a", {"a": object()}, "does not know"),
        ("RETRN 1 AS a", {}, "not valid Cypher"),
        (" ", {}, "empty"),
    ],
)
def test_a_wrong_query_is_a_sentence(
    session: isthmus.Session, statement: str, parameters: dict[str, object], message: str
) -> None:
    with pytest.raises(isthmus.InputError, match=message):
        session.query(statement, **parameters)
    assert session.query("MATCH (u:User {id: 'x'}) RETURN u.id AS id").is_empty()


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("star", ["b/1", "f1"]),
        ("beyond the s", ["f1"]),
        ("罗马", ["f2"]),
        ("罗", ["f2"]),
        ("b:2 🚀", ["b:2 🚀"]),
        ("f", ["f1", "f2", "f3"]),
        ('") OX *', []),
        ("  ", []),
    ],
)
def test_items_are_found_by_words_and_by_ids(
    session: isthmus.Session, words: str, found: list[str]
) -> None:
    assert sorted(row["item_id"] for row in session.search(words)) == found


def test_users_interests_and_related_items_are_found(session: isthmus.Session) -> None:
    assert session.search("wei/", "users") == [{"user": ODD}]
    assert session.search("历", "interests")[0]["interest"] == "category:history"
    assert session.search("pastry", domain="books")[0]["item_id"] == "b 3"
    related = session.related("books", "b/1", target="films")
    assert [(row["item_id"], row["weight"]) for row in related] == [("f1", 2.0), ("f3", 0.5)]
    assert [row["item_id"] for row in session.related("films", "f1")] == ["f2"]


def test_unknown_names_are_not_found_and_the_advice_names_similar_ones(
    session: isthmus.Session,
) -> None:
    for call, advice in (
        (lambda: session.recommend("anna", "films"), "ana"),
        (lambda: session.recommend("ana", "flims"), "films"),
        (lambda: session.feedback("ana", "films", "F1"), "f1"),
        (lambda: session.related("films", "f9"), "f"),
        (lambda: session.interests("anna"), "ana"),
        (lambda: session.vectors("book"), "books"),
    ):
        with pytest.raises(isthmus.NotFound) as error:
            call()
        assert advice in str(error.value)


def test_wrong_values_are_sentences(session: isthmus.Session) -> None:
    for call, message in (
        (lambda: session.recommend("ana", "films", 0), "from 1 to 1000"),
        (lambda: session.recommend(7, "films"), "not a text"),  # type: ignore[arg-type]
        (lambda: session.recommend("\ud800", "films"), "surrogate"),
        (lambda: session.feedback("ana", "films", "f1", weight=-1), "like=False"),
        (lambda: session.feedback("ana", "films", "f1", weight=float("nan")), "above 0"),
        (lambda: session.edges("likes"), "co_liked"),
        (lambda: session.edges(generation=9), "no generation 9"),
    ):
        with pytest.raises(isthmus.InputError, match=message):
            call()


def test_a_closed_session_says_so(home: Path) -> None:
    with isthmus.connect(home=home) as session:
        assert session.interests("ana")
    with pytest.raises(isthmus.InputError, match="session is closed"):
        session.recommend("ana", "films")


def test_the_same_is_awaited_in_a_service(home: Path) -> None:
    async def serve() -> tuple[list[str], bool, int]:
        async with isthmus.connect_async(home=home) as session:
            answers = await asyncio.gather(
                *(session.recommend(user, "films", 1) for user in ("ana", ODD) * 8)
            )
            done = await session.feedback("kim", "films", "f1", event_id="kim 1")
            table = await session.query("MATCH (u:User {id: $user}) RETURN u.id AS id", user="kim")
            return [a["items"][0]["item_id"] for a in answers], done["recorded"], len(table)

    assert asyncio.run(serve()) == (["f1", "f2"] * 8, True, 1)


class Newest:
    """Scores the items of the target by the time of their last interaction."""

    name = "newest"

    def fit(self, graph: InterestGraph, target: int) -> None:
        last = np.zeros(len(graph.items))
        np.maximum.at(last, graph.interactions.indices, np.nan_to_num(graph.last_at))
        self.last = last[graph.items_of(target)]

    def score(self, users: np.ndarray) -> np.ndarray:
        return np.tile(self.last, (len(users), 1))


def test_a_class_with_fit_and_score_is_evaluated_beside_a_baseline(
    session: isthmus.Session, tmp_path: Path
) -> None:
    items = [
        f"{d}{k},{name},{name} {k}"
        for d, name in (("b", "books"), ("f", "films"))
        for k in range(4)
    ]
    # Everybody likes the same two films; f3 is the one liked last, and f0 the first.
    rows = [
        row
        for user in range(60)
        for row in (f"u{user},b{user % 4},{DAY}", f"u{user},f0,{DAY + 1}", f"u{user},f3,{DAY + 2}")
    ]
    (tmp_path / "items.csv").write_text("\n".join(["item_id,domain,title", *items]))
    (tmp_path / "interactions.csv").write_text("\n".join(["user_id,item_id,timestamp", *rows]))
    (document,) = session.evaluate(tmp_path, ["popularity", Newest], "films")
    # Full ranking of four films: f3 first, f0 second, since both are the only ones with a date.
    assert document["models"]["newest"]["ndcg@10"] == pytest.approx(1.0)
    assert document["models"]["popularity"]["ndcg@10"] == pytest.approx(1.0)


def test_an_address_without_a_server_is_a_sentence() -> None:
    assert "NEO4J_URI" not in os.environ
    with pytest.raises(isthmus.IsthmusError, match=r"127\.0\.0\.1:9"):
        isthmus.connect(uri="bolt://127.0.0.1:9")


@pytest.fixture(scope="module")
def service(server_settings: Settings, home: Path) -> Iterator[TestClient]:
    connection = Connection(server_settings)
    connection.open()
    app = build_app(connection, [TOKEN], 1e6)
    with TestClient(app, headers={"Authorization": f"Bearer {TOKEN}"}) as client:
        yield client


def test_the_service_reads_texts(service: TestClient) -> None:
    wanted = {"text": "我喜欢做饭和烘焙", "domain": "films", "n": 1}
    answer = service.post("/v1/recommend/text", json=wanted).json()
    assert answer["items"][0]["title"] == "The pastry chef"
    text = {"user": "lin", "text": "我非常喜欢做饭和烘焙，太棒了！", "event_id": "lin 1"}
    answers = [service.post("/v1/feedback/text", json=text).json() for _ in range(2)]
    assert [answer["recorded"] for answer in answers] == [True, False]
    assert answers[0]["interests"][0]["name"] == "烹饪"
    query = {"user": "lin", "language": "zh"}
    (interest, *_) = service.get("/v1/interests", params=query).json()["interests"]
    assert interest["name"] == "烹饪"


def test_no_random_request_of_the_openapi_document_is_a_server_error(
    service: TestClient,
) -> None:
    document = schemathesis.openapi.from_dict(service.get("/openapi.json").json())
    operations = [result.ok() for result in document.get_all_operations()]
    assert len(operations) > 10
    for operation in operations:

        @hypothesis.settings(
            max_examples=10,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        @hypothesis.given(case=operation.as_strategy())
        def send(case: schemathesis.Case) -> None:
            sent = case.as_transport_kwargs(base_url="http://testserver")
            sent["headers"] = {**sent.get("headers", {}), "Authorization": f"Bearer {TOKEN}"}
            body = sent.get("json")
            if isinstance(body, dict) and body.get("n") != 10:  # some of a domain that exists
                body["domain"] = "films"
            known = ("method", "url", "headers", "params", "json")
            response = service.request(**{name: sent[name] for name in known if name in sent})
            case.validate_response(response, checks=CHECKS)

        send()
