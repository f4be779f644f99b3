"""Every reader of the library on one small graph, with answers that are derived by hand."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from isthmus.graph.database import (
    Graph,
    bind_parameters,
    connect,
    list_statements,
    read_rows,
)
from isthmus.settings import Settings
from tests.conftest import DELETE_ALL

PAGE = (Path(__file__).parents[2] / "docs" / "queries.md").read_text("utf-8")
QUESTIONS = re.findall(r"^isthmus cypher run ([a-z]+/[^#\n]+)", PAGE, re.MULTILINE)
"""The commands of the page that answer questions, without the first three words."""
READERS = {statement.name: statement for statement in list_statements() if statement.is_reader}

ITEMS = [  # key, title, interest, likes, popularity, vector
    ("books:b0001", "星际旅行", "scifi", 3.0, 1.0, [1.0, 0.0]),
    ("books:b0002", "Jazz Age", "jazz", 2.0, 0.8, [0.0, 1.0]),
    ("books:b0003", "Slow Cooking", "cookery", 2.0, 0.8, [0.6, 0.8]),
    ("films:f0001", "逃离木星环", "scifi", 3.0, 1.0, [1.0, 0.0]),
    ("films:f0002", "Blue Note", "jazz", 1.0, 0.6, [0.0, 1.0]),
    ("films:f0003", "", None, 0.0, 0.0, None),
    ("films:f0004", "jazz age", "jazz", 0.0, 0.0, [0.1, 0.995]),
]
INTERACTIONS = [  # user, item, weight, last day, platform
    ("ana", "books:b0001", 1.0, "2026-01-05", "app"),
    ("ana", "films:f0001", 1.0, "2026-03-10", "app"),
    ("ana", "films:f0002", -1.0, "2026-03-20", "web"),
    ("ben", "books:b0001", 1.0, "2026-01-10", "web"),
    ("ben", "films:f0001", 0.5, "2026-02-10", "web"),
    ("ben", "books:b0002", 1.0, "2026-03-25", None),
    ("cho", "books:b0002", 1.0, "2026-02-01", None),
    ("cho", "films:f0002", 1.0, "2026-03-15", "app"),
    ("dan", "books:b0001", 1.0, "2026-03-28", "web"),
    ("dan", "films:f0001", 1.0, "2026-03-29", "app"),
    ("dan", "books:b0003", 1.0, None, None),
    ("eve", "books:b0003", 1.0, "2026-03-01", None),
]
INTERESTED = [  # user, interest, weight, written, likes, dislikes, texts
    ("ana", "scifi", 2 / 3, None, 2, 0, 0),
    ("ana", "jazz", -1 / 3, None, 0, 1, 1),
    ("ben", "scifi", 0.5, None, 2, 0, 0),
    ("ben", "jazz", 1 / 3, None, 1, 0, 0),
    ("cho", "jazz", 1.0, None, 2, 0, 0),
    ("dan", "scifi", 2 / 3, None, 2, 0, 0),
    ("dan", "cookery", 1 / 3, None, 1, 0, 0),
    ("eve", "cookery", 1.0, None, 1, 0, 0),
    ("fay", "jazz", 0.9, 0.9, 0, 0, 1),
]
EDGES = [  # generation, from, type, to, weight
    (1, "books:b0001", "TRANSFERS_TO", "films:f0001", 1.0),
    (1, "books:b0002", "TRANSFERS_TO", "films:f0002", 2.0),
    (1, "books:b0002", "TRANSFERS_TO", "films:f0001", 1.0),
    (1, "books:b0001", "CO_LIKED", "books:b0002", 0.4),
    (2, "books:b0001", "TRANSFERS_TO", "films:f0001", 3.0),
    (2, "books:b0002", "TRANSFERS_TO", "films:f0002", 2.0),
    (2, "books:b0001", "TRANSFERS_TO", "films:f0002", 0.5),
    (2, "films:f0001", "TRANSFERS_TO", "books:b0001", 1.0),
    (2, "films:f0002", "TRANSFERS_TO", "books:b0002", 1.5),
    (2, "books:b0001", "CO_LIKED", "books:b0002", 0.4),
    (2, "books:b0002", "CO_LIKED", "books:b0001", 0.4),
    (2, "scifi", "TRANSFERS_TO", "films:f0001", 2.0),
    (2, "jazz", "TRANSFERS_TO", "films:f0002", 1.0),
    (2, "cookery", "TRANSFERS_TO", "films:f0001", 1.2),
    (2, "films", "TRANSFERS_TO", "films:f0001", 0.7),
]
CREATE = (
    """
    CREATE (:Domain {name: 'books', newest_at: datetime('2026-03-28T00:00Z'), most_likes: 3.0}),
      (:Domain {name: 'films', newest_at: datetime('2026-03-30T00:00Z'), most_likes: 3.0}),
      (:Encoder {version: 1, state: 'active', name: 'hand', fingerprint: 'f', dimensions: 2,
                 created_at: datetime()}),
      (:Generation {number: 1, state: 'retired', edges: 4, created_at: datetime(),
                    encoder_version: 1}),
      (:Generation {number: 2, state: 'active', edges: 11, created_at: datetime(),
                    encoder_version: 1, tables: ['abc'], metrics: '{}', settings: '{}',
                    fingerprint: ''}),
      (:Generation {number: 3, state: 'refused', refused: true, reason: 'worse in films',
                    created_at: datetime(), seconds: 12.5}),
      (:Dataset {path: '/data', fingerprint: 'abc', domains: ['books', 'films']}),
      (:Attribute {key: 'Item.price', label: 'Item', name: 'price', type: 'number'}),
      (:Attribute {key: 'Item.in_stock', label: 'Item', name: 'in_stock', type: 'boolean'})
    WITH 1 AS _
    MATCH (g:Generation {number: 2}), (d:Domain {name: 'films'})
    CREATE (g)-[:MERGES {transfer: 2.0, collaborative: 1.0, interest: 0.5, popularity: 0.1,
                       power: 1.0, half_life_days: 36500000.0, dislike: 1.0}]->(d)
    """,
    """
    UNWIND [['scifi', 'science fiction', '科幻'], ['jazz', 'jazz', '爵士'],
            ['cookery', 'cookery', '烹饪'], ['gardening', 'gardening', '园艺'],
            ['family:art', 'art', '艺术']] AS row
    CREATE (:Interest {id: row[0], version: 1, name: row[1], names: row[1..],
                       languages: ['en', 'zh']})
    WITH count(*) AS _
    MATCH (n:Interest {id: 'jazz'}), (whole:Interest {id: 'family:art'})
    CREATE (n)-[:PART_OF]->(whole)
    """,
    """
    UNWIND $items AS row
    CREATE (i:Item {key: row[0], domain: split(row[0], ':')[0], item_id: split(row[0], ':')[1],
                    title: row[1], likes: row[3], popularity: row[4]})
    SET i.published_at = CASE row[0] WHEN 'films:f0004' THEN datetime('2026-01-01T00:00Z') END,
        i.price = 10.0, i.in_stock = row[0] <> 'books:b0003'
    WITH i, row
    MATCH (d:Domain {name: i.domain})
    CREATE (i)-[:IN_DOMAIN]->(d)
    FOREACH (v IN CASE WHEN row[5] IS NULL THEN [] ELSE [row[5]] END |
      CREATE (i)-[:ENCODED_AS]->(:ItemVector {item: i.key, version: 1, domain: i.domain,
                                              vector: v}))
    WITH i, row
    MATCH (n:Interest {id: row[2]})
    CREATE (i)-[:ABOUT {weight: 1.0}]->(n)
    """,
    """
    UNWIND ['ana', 'ben', 'cho', 'dan', 'eve', 'fay', 'gil'] AS id
    CREATE (:User {id: id})
    WITH count(*) AS _
    MATCH (a:User {id: 'ana'}), (b:User {id: 'ben'}), (c:User {id: 'cho'}), (f:User {id: 'fay'}),
      (n:Interest {id: 'jazz'})
    CREATE (a)-[:FOLLOWS {weight: 1.0}]->(b), (a)-[:FOLLOWS {weight: 2.0}]->(c),
      (:Account {key: 'app:1'})-[:OF]->(a),
      (f)-[:WROTE]->(t:Text {id: 't1', kind: 'post', language: 'en',
                             written_at: datetime('2026-03-01T00:00Z')}),
      (a)-[:WROTE]->(v:Text {id: 't2', kind: 'review', language: 'zh', item: 'films:f0002',
                             written_at: datetime('2026-03-20T00:00Z')}),
      (t)-[:ABOUT {weight: 1.0, polarity: 0.8}]->(n),
      (v)-[:ABOUT {weight: 1.0, polarity: -0.6}]->(n)
    """,
    """
    UNWIND $interactions AS row
    MATCH (u:User {id: row[0]}), (i:Item {key: row[1]})
    CREATE (u)-[:INTERACTED {weight: row[2], count: 1, first_at: datetime(row[3]),
                             last_at: datetime(row[3]), platform: row[4],
                             kind: CASE i.domain WHEN 'books' THEN 'read' ELSE 'watched' END}]->(i)
    """,
    """
    UNWIND $interested AS row
    MATCH (u:User {id: row[0]}), (n:Interest {id: row[1]})
    CREATE (u)-[:INTERESTED_IN {weight: row[2], written: row[3], likes: row[4], dislikes: row[5],
                                texts: row[6], evidence: row[4] + row[5] + row[6]}]->(n)
    """,
    """
    UNWIND $edges AS row
    MATCH (a:Item|Interest|Domain) WHERE coalesce(a.key, a.id, a.name) = row[1]
    MATCH (b:Item {key: row[3]})
    FOREACH (_ IN CASE row[2] WHEN 'CO_LIKED' THEN [1] ELSE [] END |
      CREATE (a)-[:CO_LIKED {weight: row[4], generation: row[0]}]->(b))
    FOREACH (_ IN CASE row[2] WHEN 'CO_LIKED' THEN [] ELSE [1] END |
      CREATE (a)-[:TRANSFERS_TO {weight: row[4], generation: row[0]}]->(b))
    """,
)


@pytest.fixture(scope="module")
def library(server_settings: Settings) -> Iterator[Graph]:
    """The graph of this module, which no test changes."""
    values = {
        "items": ITEMS,
        "interactions": INTERACTIONS,
        "interested": INTERESTED,
        "edges": EDGES,
    }
    with connect(server_settings) as graph:
        with graph.driver.session(database=graph.database) as session:
            for text in (DELETE_ALL, *CREATE):
                session.run(text, {name: [*map(list, rows)] for name, rows in values.items()})
        yield graph


def answer(graph: Graph, name: str, *columns: str, **given: Any) -> list[list[Any]]:
    """Returns some columns of a reader's rows, numbers rounded to four decimals."""
    statement = READERS[name]
    values = {key: statement.value_to_try(key) for key in statement.parameters} | given
    table = read_rows(graph, statement.text, values, 60, None)
    places = [table.columns.index(column) for column in columns]
    return [[_rounded(row[place]) for place in places] for row in table.rows]


def _rounded(value: Any) -> Any:
    return round(value, 4) if isinstance(value, float) else value


@pytest.mark.parametrize("name", sorted(READERS))
def test_a_reader_returns_its_columns_and_is_valid_cypher_25(library: Graph, name: str) -> None:
    statement = READERS[name]
    values = {key: statement.value_to_try(key) for key in statement.parameters}
    with library.read_result(statement.text, values, 60) as result:
        assert tuple(result.keys()) == statement.columns
        found = [value for record in result for value in record.values()]
        assert result.consume().query_type == "r"
    plain = str | int | float | bool | list | None
    assert all(isinstance(each, plain) or hasattr(each, "iso_format") for each in found)
    with library.read_result(f"CYPHER 25 EXPLAIN\n{statement.text}", values, 60) as result:
        result.consume()


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_command_of_the_page_of_queries_has_an_answer(library: Graph, question: str) -> None:
    name, *options = shlex.split(question)
    given = dict(word.split("=", 1) for word in options if word != "-p")
    values = bind_parameters(READERS[name], given)
    assert read_rows(library, READERS[name].text, values, 60, None).rows


def test_the_page_of_queries_has_all_questions() -> None:
    assert len(QUESTIONS) >= 35


def test_the_profile_of_a_user_and_its_months(library: Graph) -> None:
    assert answer(
        library, "interests/profile", "interest", "weight", "likes", "dislikes", "texts", "examples"
    ) == [
        ["science fiction", 0.6667, 2, 0, 0, ["星际旅行", "逃离木星环"]],
        ["jazz", -0.3333, 0, 1, 1, []],
    ]
    assert answer(
        library, "interests/profile_by_month", "month", "interest", "likes", "dislikes", "examples"
    ) == [
        ["2026-03", "science fiction", 1, 0, ["逃离木星环"]],
        ["2026-03", "jazz", 0, 1, ["Blue Note"]],
        ["2026-01", "science fiction", 1, 0, ["星际旅行"]],
    ]


def test_people_alike_like_the_same_items_and_have_the_same_interests(library: Graph) -> None:
    columns = ("user", "similarity", "by_items", "by_interests", "shared", "interests")
    # ana likes 2 items and ben and dan 3 each, 2 of them the same: 2 / sqrt(6).
    assert answer(library, "interests/similar_users", *columns) == [
        ["dan", 0.8082, 0.8165, 0.8, 2, ["science fiction"]],
        ["ben", 0.6563, 0.8165, 0.4961, 2, ["science fiction"]],
    ]


def test_interests_that_lead_into_other_domains_and_the_people_behind(library: Graph) -> None:
    columns = ("interest", "home", "target", "weight", "edges", "people", "examples")
    row = ["cookery", ["books"], "films", 1.2, 1, 1, ["逃离木星环"]]
    assert answer(library, "interests/bridges", *columns) == [row]
    assert answer(library, "interests/bridges", *columns, k=2) == []
    assert answer(library, "interests/bridges", *columns, domain="books") == []


def test_interests_rise_by_their_share_of_the_likes(library: Graph) -> None:
    # 6 likes in the 30 days to 30 March, 3 of science fiction; 4 in the 60 days before, 3 of it.
    columns = ("interest", "likes", "likes_before", "share", "share_before", "growth", "examples")
    assert answer(library, "interests/rising", *columns, before=2, least=1) == [
        ["cookery", 1, 0.0, 0.1667, 0.0, None, ["Slow Cooking"]],
        ["jazz", 2, 0.5, 0.3333, 0.25, 1.3333, ["Jazz Age", "Blue Note"]],
        ["science fiction", 3, 1.5, 0.5, 0.75, 0.6667, ["逃离木星环", "星际旅行"]],
    ]


def test_interests_of_people_items_domains_and_texts(library: Graph) -> None:
    people = answer(library, "interests/people_with", "user", "weight", interest="爵士")
    assert people == [["cho", 1.0], ["fay", 0.9], ["ben", 0.3333], ["ana", -0.3333]]
    items = answer(library, "interests/items_about", "item_id", "interactions", interest="JAZZ")
    assert items == [["b0002", 2], ["f0002", 2], ["f0004", 0]]
    columns = ("interest", "people", "share", "share_of_all", "lift")
    assert answer(library, "interests/liked_together", *columns) == [
        ["cookery", 1, 0.3333, 0.3333, 1.0],
        ["jazz", 1, 0.3333, 0.5, 0.6667],
    ]
    columns = ("interest", "items", "likes", "share_of_likes", "demand")
    assert answer(library, "interests/of_domain", *columns) == [
        ["science fiction", 1, 3.0, 0.4286, 1.2857],
        ["cookery", 1, 2.0, 0.2857, 0.8571],
        ["jazz", 1, 2.0, 0.2857, 0.8571],
    ]
    disliked = answer(library, "interests/disliked", "interest", "dislikes", "share", least=2)
    assert disliked[0] == ["jazz", 1, 0.25]
    columns = ("interest", "texts", "people", "polarity", "praise", "complaints")
    assert answer(library, "interests/written_about", *columns) == [["jazz", 2, 2, 0.1, 1, 1]]
    tree = answer(library, "interests/tree", "parent", "interest", "items")
    assert tree[:2] == [["art", "jazz", 3], [None, "science fiction", 2]]


def test_interests_and_interactions_by_platform(library: Graph) -> None:
    columns = ("platform", "interest", "likes", "share", "lift")
    assert answer(library, "interests/of_platform", *columns) == [
        ["app", "science fiction", 3, 0.75, 1.375],
        ["app", "jazz", 1, 0.25, 0.9167],
        ["unknown", "cookery", 2, 0.5, 2.75],
        ["unknown", "jazz", 2, 0.5, 1.8333],
        ["web", "science fiction", 3, 1.0, 1.8333],
    ]
    assert answer(library, "interests/of_platform", *columns, platform="web", k=4) == []
    columns = ("platform", "interactions", "likes", "dislikes", "users", "accounts")
    assert answer(library, "insight/platforms", *columns) == [
        ["app", 4, 4, 0, 3, 1],
        ["unknown", 4, 4, 0, 4, 0],
        ["web", 4, 3, 1, 3, 0],
    ]


def test_items_related_by_each_kind(library: Graph) -> None:
    assert answer(
        library,
        "recommend/related_items",
        "kind",
        "domain",
        "item_id",
        "weight",
        item="books:b0001",
    ) == [
        ["transfer", "films", "f0001", 3.0],
        ["transfer", "films", "f0002", 0.5],
        ["co_liked", "books", "b0002", 0.4],
        ["vector", "books", "b0003", 0.8],
        ["vector", "books", "b0002", 0.5],
    ]


def test_one_item_with_its_edges(library: Graph) -> None:
    columns = ("title", "popularity", "likes", "dislikes", "attributes", "published_at")
    attributes = [{"name": "in_stock", "value": True}, {"name": "price", "value": 10.0}]
    assert answer(library, "insight/item", *columns, item="films:f0002") == [
        ["Blue Note", 0.6, 1, 1, attributes, None]
    ]
    (interests,) = answer(library, "insight/item", "interests")[0]
    assert [(each["interest"], each["names"], each["weight"]) for each in interests] == [
        ("scifi", ["science fiction", "科幻"], 1.0)
    ]
    columns = ("direction", "kind", "domain", "id", "name", "weight")
    assert answer(library, "insight/item_edges", *columns) == [
        ["out", "transfer", "films", "f0001", "逃离木星环", 3.0],
        ["out", "transfer", "films", "f0002", "Blue Note", 0.5],
        ["out", "co_liked", "books", "b0002", "Jazz Age", 0.4],
        ["in", "transfer", "films", "f0001", "逃离木星环", 1.0],
        ["in", "co_liked", "books", "b0002", "Jazz Age", 0.4],
    ]
    led = answer(library, "insight/item_edges", *columns, item="films:f0001", most=1)
    assert led == [
        ["out", "transfer", "books", "b0001", "星际旅行", 1.0],
        ["in", "transfer", "books", "b0001", "星际旅行", 3.0],
        ["in", "interest", None, "scifi", "science fiction", 2.0],
    ]


def test_one_user_and_one_interest(library: Graph) -> None:
    columns = ("user", "likes", "dislikes", "domains", "texts", "follows", "first_at")
    first_at = "2026-01-05T00:00:00Z"
    assert answer(library, "insight/user", *columns) == [
        ["ana", 2, 1, ["films", "books"], 1, 2, first_at]
    ]
    assert answer(library, "insight/user", *columns, user="gil") == [["gil", 0, 0, [], 0, 0, None]]
    columns = ("item_id", "weight", "platform")
    assert answer(library, "insight/interactions", *columns) == [
        ["f0002", -1.0, "web"],
        ["f0001", 1.0, "app"],
        ["b0001", 1.0, "app"],
    ]
    assert answer(library, "insight/interactions", "item_id", domain="books") == [["b0001"]]
    columns = ("interest", "items", "domains", "likers", "dislikers", "texts")
    domains = [{"domain": "films", "items": 2}, {"domain": "books", "items": 1}]
    assert answer(library, "interests/one", *columns, interest="爵士") == [
        ["jazz", 3, domains, 3, 1, 2]
    ]
    ((parents, parts),) = answer(library, "interests/one", "parents", "parts", interest="art")
    assert (parents, [each["interest"] for each in parts]) == ([], ["jazz"])
    columns = ("domain", "item_id", "weight", "about")
    assert answer(library, "interests/leads_to", *columns, interest="jazz") == [
        ["films", "f0002", 1.0, True]
    ]
    assert answer(library, "interests/leads_to", *columns, interest="cookery") == [
        ["films", "f0001", 1.2, False]
    ]


def test_transfers_between_domains_with_the_people_who_like_both_ends(library: Graph) -> None:
    between = {"source": "books", "target": "films"}
    columns = ("title", "target_title", "weight", "people")
    assert answer(library, "insight/strongest_transfers", *columns, **between) == [
        ["星际旅行", "逃离木星环", 3.0, 3],
        ["Jazz Age", "Blue Note", 2.0, 1],
    ]
    columns = ("interest", "target_interest", "weight", "edges", "people", "examples")
    assert answer(library, "insight/interest_transfers", *columns, **between) == [
        ["science fiction", "science fiction", 3.0, 1, 3, ["星际旅行 → 逃离木星环"]],
        ["jazz", "jazz", 1.0, 1, 2, ["Jazz Age → Blue Note"]],
        ["science fiction", "jazz", 0.25, 1, 1, ["星际旅行 → Blue Note"]],
    ]
    few = answer(library, "insight/interest_transfers", "people", **between, k=2)
    assert few == [[3], [2]]


def test_items_that_open_a_domain(library: Graph) -> None:
    # 4 of the 7 likes of books come before the first like of a film.
    columns = ("item_id", "people", "likes", "share", "lift", "first_titles")
    assert answer(library, "insight/opening_items", *columns) == [
        ["b0001", 3, 3, 1.0, 1.75, ["逃离木星环"]],
        ["b0002", 1, 2, 0.5, 0.875, ["Blue Note"]],
    ]


def test_domains_their_overlap_and_their_users(library: Graph) -> None:
    columns = ("domain", "items", "without_title", "never_met", "interactions", "dislikes", "users")
    assert answer(library, "insight/domains", *columns) == [
        ["books", 3, 0, 0, 7, 0, 5],
        ["films", 4, 1, 2, 5, 1, 4],
    ]
    columns = ("domain", "other", "users", "share", "share_of_other", "jaccard")
    assert answer(library, "insight/domain_overlap", *columns) == [
        ["books", "films", 4, 0.8, 1.0, 0.8]
    ]
    domains = answer(library, "insight/domains_per_user", "domains", "users", "interactions")
    assert domains == [[0, 2, 0.0], [1, 1, 1.0], [2, 4, 2.75]]
    lengths = answer(library, "insight/history_lengths", "interactions", "users", "writers")
    assert lengths == [["0", 2, 1], ["1 to 5", 5, 1]]
    months = answer(library, "insight/activity", "month", "interactions", "likes", "users")
    assert months == [["2026-03", 7, 6, 5], ["2026-02", 2, 2, 2], ["2026-01", 2, 2, 2]]
    kinds = answer(library, "insight/kinds", "kind", "domain", "interactions")
    assert kinds == [["read", "books", 7], ["watched", "films", 5]]


def test_coverage_popularity_bias_and_concentration_of_the_edges(library: Graph) -> None:
    columns = ("domain", "by_transfer", "by_co_liked", "by_interest", "by_popularity", "coverage")
    assert answer(library, "insight/coverage", *columns) == [
        ["books", 2, 2, 0, 0, 0.6667],
        ["films", 2, 0, 2, 1, 0.5],
    ]
    columns = ("domain", "third", "share_of_likes", "share_of_edges", "share_of_weight", "bias")
    assert answer(library, "insight/popularity_bias", *columns)[:3] == [
        ["books", 1, 0.4286, 0.5, 0.4, 0.9333],
        ["books", 2, 0.2857, 0.5, 0.6, 2.1],
        ["books", 3, 0.2857, 0.0, 0.0, 0.0],
    ]
    # likes 2, 2, 3: (-2 * 2 + 2 * 3) / (3 * 7); weights 0, 1, 1.5: 2 * 1.5 / (3 * 2.5)
    columns = ("domain", "gini_of_likes", "gini_of_edges", "top_share_of_likes")
    assert answer(library, "insight/concentration", *columns)[0] == ["books", 0.0952, 0.4, 0.4286]


def test_filter_bubbles_are_the_users_of_least_entropy(library: Graph) -> None:
    columns = ("user", "entropy", "breadth", "likes", "top", "top_share", "domains")
    assert answer(library, "insight/filter_bubbles", *columns, least=2) == [
        ["ana", 0.0, 1.0, 2, "science fiction", 1.0, ["books 1", "films 1"]],
        ["cho", 0.0, 1.0, 2, "jazz", 1.0, ["books 1", "films 1"]],
        ["ben", 0.9183, 1.8899, 3, "science fiction", 0.6667, ["books 2", "films 1"]],
        ["dan", 0.9183, 1.8899, 3, "science fiction", 0.6667, ["books 2", "films 1"]],
    ]


def test_orphans_and_twins(library: Graph) -> None:
    assert answer(library, "insight/orphans", "kind", "found", "key", "reason") == [
        ["interest", 1, "gardening", "no items, no texts, no parts"],
        ["item", 3, "books:b0003", "no learned edges"],
        ["item", 3, "films:f0003", "no learned edges, no interactions, no interests"],
        ["item", 3, "films:f0004", "no learned edges, no interactions"],
        ["user", 1, "gil", "no interactions, no texts, follows nobody"],
    ]
    columns = ("title", "keys", "domains", "people")
    assert answer(library, "insight/twins_by_title", *columns) == [
        ["Jazz Age", ["books:b0002", "films:f0004"], 2, [2, 0]]
    ]
    columns = ("item_id", "other_item_id", "similarity")
    assert answer(library, "insight/twins_by_vector", *columns) == [["f0002", "f0004", 0.9975]]
    never_met = answer(library, "insight/never_met", "item_id", "interests", "recommended")
    assert never_met == [["f0004", ["jazz"], False], ["f0003", [], False]]


def test_two_generations_compared_by_their_edges_and_by_whom_they_serve(library: Graph) -> None:
    columns = ("first", "second", "kind", "source", "target", "edges", "edges_of_second", "kept")
    columns += ("share_kept", "weight", "weight_of_second")
    assert answer(library, "insight/generations_compared", *columns) == [
        [1, 2, "transfer", "books", "films", 3, 3, 2, 0.6667, 1.5, 2.5],
        [1, 2, "transfer", "films", "books", 0, 2, 0, None, None, None],
        [1, 2, "co_liked", "books", "books", 1, 2, 1, 1.0, 0.4, 0.4],
    ]
    turned = answer(library, "insight/generations_compared", *columns, first=2, second=1)
    assert turned[0] == [2, 1, "transfer", "books", "films", 3, 3, 2, 0.6667, 2.5, 1.5]
    # cho has met b0002 and f0002: the first generation leads to f0001, the second to b0001.
    columns = ("user", "same", "overlap", "gone", "new")
    served = answer(library, "insight/served_differently", *columns)
    assert served[0] == ["cho", 0, 0.0, ["逃离木星环"], ["星际旅行"]]
    one = answer(library, "insight/served_differently", *columns, user="ben")
    assert one == [["ben", 1, 1.0, [], []]]


def test_what_followed_people_like(library: Graph) -> None:
    columns = ("domain", "item_id", "people", "weight", "who")
    assert answer(library, "insight/social_signal", *columns) == [
        ["books", "b0002", 2, 3.0, ["cho", "ben"]]
    ]
    assert answer(library, "insight/social_signal", *columns, k=3) == []
    columns = ("user", "followers", "interactions", "interests")
    assert answer(library, "insight/most_followed", *columns) == [
        ["ben", 1, 3, ["science fiction", "jazz"]],
        ["cho", 1, 2, ["jazz"]],
    ]


def test_who_is_known_least_and_most_and_what_is_liked_most(library: Graph) -> None:
    columns = ("user", "interactions", "texts", "interests")
    assert answer(library, "insight/cold_users", *columns, fewer=1) == [
        ["gil", 0, 0, []],
        ["fay", 0, 1, ["jazz"]],
    ]
    heavy = answer(library, "insight/heavy_users", "user", "interactions", "share", most=1)
    assert heavy == [["ana", 3, 0.25]]
    most = answer(library, "insight/most_liked", "item_id", "likes", "people", most=3)
    assert most == [["b0001", 3.0, 3], ["f0001", 3.0, 3], ["b0002", 2.0, 2]]
    divisive = answer(library, "insight/divisive", "item_id", "likes", "dislikes", least=2)
    assert divisive == [["f0002", 1, 1]]
    columns = ("interest", "people", "share", "lift")
    assert answer(library, "insight/audience", *columns, item="books:b0001") == [
        ["science fiction", 3, 1.0, 2.3333],
        ["cookery", 1, 0.3333, 1.1667],
        ["jazz", 1, 0.3333, 0.7778],
    ]
    texts = answer(library, "insight/texts", "kind", "language", "texts", "about_items", "read")
    assert texts == [["post", "en", 1, 0, 1], ["review", "zh", 1, 1, 1]]


def test_sizes_edges_and_the_history_of_the_gate(library: Graph) -> None:
    sizes = dict(answer(library, "admin/sizes", "name", "count"))
    assert (sizes["User"], sizes["Item"], sizes["INTERACTED"]) == (7, 7, 12)
    assert sizes["TRANSFERS_TO"] + sizes["CO_LIKED"] == len(EDGES)
    assert answer(library, "admin/gate_history", "number", "state", "refused", "reason")[:2] == [
        [3, "refused", True, "worse in films"],
        [2, "active", False, None],
    ]
    edges = answer(library, "admin/generation_edges", "kind", "edges", generation=2)
    assert edges == [["transfer", 5], ["interest", 3], ["co_liked", 2], ["popularity", 1]]
    weights = answer(library, "admin/merge_weights", "domain", "transfer", "popularity")
    assert weights == [["films", 2.0, 0.1]]
    assert answer(library, "admin/datasets", "path", "trained_on") == [["/data", True]]
    ages = answer(library, "admin/ages", "what", "name", "newest_at")
    assert ages[:2] == [
        ["interactions", "books", "2026-03-28T00:00:00Z"],
        ["interactions", "films", "2026-03-30T00:00:00Z"],
    ]
    vectors = answer(library, "admin/encoders", "version", "state", "item_vectors", "interests")
    assert vectors == [[1, "active", 6, 5]]
    indexes = answer(library, "admin/indexes", "name", "state", "labels")
    assert ["item_key", "ONLINE", ["Item"]] in indexes
