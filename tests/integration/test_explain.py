"""Explanations in words from a graph made by hand, on a real Neo4j server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from isthmus.errors import InputError
from isthmus.graph.database.connection import Graph
from isthmus.graph.database.session import connect
from isthmus.graph.explain import answers
from isthmus.graph.explain.answers import explain_text_answer, recommend_with_reasons
from isthmus.graph.explain.item import explain_item
from isthmus.graph.filters import Filter
from isthmus.graph.serving import recommend as recommend_module
from isthmus.graph.serving.recommend import recommend_for_user
from isthmus.settings import Settings
from tests.conftest import delete_all

# A score is the sum of edges from liked books, less those from the disliked one, and popularity.
NODES = """
CREATE (:Encoder {version: 1, state: 'active'}), (films:Domain {name: 'films'}),
  (:Domain {name: 'books'}), (g:Generation {number: 1, state: 'active', most_edges: 50}),
  (g)-[:MERGES {transfer: 1.0, collaborative: 1.0, interest: 0.0, interest_alone: 1.0,
    popularity: 1.0, popularity_alone: 1.0, power: 0.0, half_life_days: 36500.0, dislike: 1.0,
    written: 0.0}]->(films),
  (sf:Interest {id: 'sf', version: 1, name: 'science fiction', languages: ['en', 'zh'],
    names: ['science fiction', '科幻']}),
  (horror:Interest {id: 'horror', version: 1, name: 'horror', languages: ['en', 'zh'],
    names: ['horror', '恐怖']})
FOREACH (row IN $books | CREATE (:Item {key: 'books:' + row.id, domain: 'books', item_id: row.id,
  title: row.title, popularity: 0.5, likes: 1.0}))
FOREACH (row IN $films | CREATE (:Item {key: 'films:' + row.id, domain: 'films', item_id: row.id,
  title: row.title, popularity: row.popularity, likes: 10 * row.popularity})-[:IN_DOMAIN]->(films))
"""
EDGES = """
UNWIND $edges AS edge
MATCH (i:Item {key: 'books:' + edge[0]}), (j:Item {key: 'films:' + edge[1]})
CREATE (i)-[:TRANSFERS_TO {generation: 1, weight: edge[2]}]->(j)
"""
PEOPLE = """
UNWIND $people AS row
MERGE (u:User {id: row[0]})
WITH u, row
MATCH (i:Item {key: row[1]})
CREATE (u)-[:INTERACTED {weight: row[2], last_at: datetime('2024-05-01')}]->(i)
"""
TEXTS = """
MATCH (sf:Interest {id: 'sf'}), (j:Item {key: 'films:f05'})
CREATE (sf)-[:TRANSFERS_TO {generation: 1, weight: 2.0}]->(j), (:User {id: 'new'}),
  (bo:User {id: 'bo'})-[:INTERESTED_IN {weight: 0.8}]->(sf),
  (bo)-[:WROTE]->(:Text {id: 't', language: 'zh'})
WITH sf
UNWIND ['b1', 'b2', 'b3'] AS id
MATCH (i:Item {key: 'books:' + id})
CREATE (i)-[:ABOUT {weight: 1.0}]->(sf)
WITH DISTINCT 1 AS one
MATCH (i:Item {key: 'books:b4'}), (horror:Interest {id: 'horror'})
CREATE (i)-[:ABOUT {weight: 1.0}]->(horror)
"""
BOOKS = [{"id": f"b{k}", "title": title} for k, title in enumerate("ABCDE", start=1)]
POPULARITY = dict.fromkeys(range(1, 12), 0.5) | {2: 0.9, 12: 0.0}
FILMS = [
    {"id": f"f{k:02}", "title": "Twin" if k in (8, 9) else f"Film {k}", "popularity": popularity}
    for k, popularity in POPULARITY.items()
]
LEADS = [
    *(("b1", "f01", 1.0), ("b2", "f01", 0.5), ("b3", "f01", 0.25), ("b4", "f01", 0.5)),
    *(("b1", "f02", 0.4), ("b2", "f03", 0.6), ("b3", "f04", 0.3), ("b4", "f12", 0.2)),
    ("b5", "f12", 0.3),
]
LIKES = [
    *(("ana", "books:b1", 1.0), ("ana", "books:b2", 1.0), ("ana", "books:b3", 1.0)),
    *(("ana", "books:b4", -1.0), ("ana", "films:f11", 1.0), ("cy", "books:b2", 1.0)),
    *((f"p{k}", "books:b1", 1.0) for k in range(6)),
    *((f"p{k}", "films:f01", 1.0) for k in range(6)),
    *((f"p{k}", "films:f02", 1.0) for k in range(4)),
    ("p5", "films:f02", -1.0),
]


@pytest.fixture(scope="module")
def shelf(server_settings: Settings) -> Iterator[Graph]:
    """Five books that lead to twelve films, for tests that only read."""
    with connect(server_settings) as graph:
        delete_all(graph)
        graph.run(NODES, {"books": BOOKS, "films": FILMS})
        graph.run(EDGES, {"edges": [list(edge) for edge in LEADS]})
        graph.run(PEOPLE, {"people": [list(row) for row in LIKES]})
        graph.run(TEXTS, {})
        graph.run("CALL db.awaitIndexes()", {})
        yield graph


def recommend(
    graph: Graph, settings: Settings, user: str, n: int = 3, language: str | None = None
) -> list[list[str]]:
    answer = recommend_with_reasons(graph, user, "films", n, settings, language)
    return [item["reasons"] for item in answer["items"]]


def test_items_are_recommended_with_reasons_in_words(
    shelf: Graph, server_settings: Settings
) -> None:
    assert recommend(shelf, server_settings, "ana") == [
        [
            "Because of 3 items that you liked in books (science fiction), “A” and “B” most of "
            "all; 6 people who liked “A” liked it too.",
            "But you did not like “D” in books (horror), which counts against it.",
        ],
        [
            "Because you liked “A” in books (science fiction).",
            "It is also more popular than what stands below it, and that decides its place.",
        ],
        ["Because you liked “B” in books (science fiction)."],
    ]
    assert recommend(shelf, server_settings, "ana", 2, "zh") == [
        [
            "因为你喜欢 books 里的 3 项科幻，尤其是“A”和“B”；6 位喜欢“A”的人也喜欢它。",
            "不过你不喜欢 books 里的“D”（恐怖），这对它不利。",
        ],
        ["因为你喜欢 books 里的“A”（科幻）。", "它也比排在后面的更受欢迎，名次因此靠前。"],
    ]


@pytest.mark.parametrize(("least", "counted"), [(4, "; 4 people who"), (5, None)])
def test_fewer_people_than_the_setting_are_not_counted(
    shelf: Graph, server_settings: Settings, least: int, counted: str | None
) -> None:
    settings = server_settings.model_copy(update={"min_supporters": least})
    second = recommend(shelf, settings, "ana", 2)[1][0]
    assert (counted or "people") in second or counted is None
    assert ("people" in second) is (counted is not None)


def test_users_are_answered_in_the_language_in_which_they_wrote_or_in_that_of_the_setting(
    shelf: Graph, server_settings: Settings
) -> None:
    assert recommend(shelf, server_settings, "bo", 1) == [["因为你写到过科幻。"]]
    assert recommend(shelf, server_settings, "bo", 1, "en") == [
        ["Because you wrote about science fiction."]
    ]
    chinese = server_settings.model_copy(update={"language": "zh"})
    assert recommend(shelf, chinese, "new", 1) == [
        ["它在 films 里很受欢迎；关于你还什么都不知道。"]
    ]


def test_reasons_are_there_only_where_they_are_asked_for(
    shelf: Graph, server_settings: Settings
) -> None:
    answer = recommend_for_user(shelf, "ana", "films", 3, server_settings)
    explained = recommend_with_reasons(shelf, "ana", "films", 3, server_settings)
    assert all(item.pop("reasons") for item in explained["items"])
    assert explained.pop("language") == "en"
    assert explained == answer


def test_an_answer_within_a_filter_is_explained_by_the_average_of_all_items(
    shelf: Graph, server_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    ranked: list[int] = []
    rank = recommend_module.rank_items

    def count(*arguments: Any, **options: Any) -> Any:
        ranked.append(arguments[3])
        return rank(*arguments, **options)

    monkeypatch.setattr(recommend_module, "rank_items", count)
    monkeypatch.setattr(answers, "rank_items", count)
    all_items = recommend_with_reasons(shelf, "ana", "films", 3, server_settings)["items"]
    assert ranked == [answers.REFERENCE_ITEMS]
    # Nothing leads to film 10: its reason says so, and no note says it again.
    alone = recommend_with_reasons(
        shelf, "ana", "films", 1, server_settings, filter=Filter("title == 'Film 10'")
    )
    assert "note" not in alone
    assert "Nothing that you have met leads to it" in alone["items"][0]["reasons"][0]
    ranked.clear()
    within = Filter("popularity < 0.6")  # not film 2, the second
    filtered = recommend_with_reasons(shelf, "ana", "films", 2, server_settings, filter=within)
    assert ranked == [answers.REFERENCE_ITEMS, 3]
    assert filtered["items"] == [all_items[0], all_items[2]]
    nothing = Filter("popularity > 2")
    empty = recommend_with_reasons(shelf, "ana", "films", 2, server_settings, filter=nothing)
    assert (empty["items"], empty["note"]) == ([], "The filter leaves 0 of the 12 items of films.")


def test_the_first_item_is_explained_with_its_place_without_what_counts_most(
    shelf: Graph, server_settings: Settings
) -> None:
    document = explain_item(shelf, "ana", "films", "Film 1", server_settings)
    assert (document["rank"], document["of"], document["met"]) == (1, 11, False)
    assert document["reasons"][0] == "“Film 1” is number 1 of 11 in films for ana."
    assert document["reasons"][3:] == [
        "Without “A” it would be number 4.",
        "Without “B” it would be number 2.",
        "Without “D” it would still be number 1.",
    ]
    assert [(row["title"], row["rank"]) for row in document["without"]] == [
        ("A", 4),
        ("B", 2),
        ("D", 1),
    ]


def test_differences_to_an_average_item_add_up_to_that_of_the_scores(
    shelf: Graph, server_settings: Settings
) -> None:
    document = explain_item(shelf, "ana", "films", "f01", server_settings)
    parts = {row["signal"]: row for row in document["parts"]}
    assert parts["transfer"]["share"] == pytest.approx(1.25)
    assert parts["transfer"]["average"] == pytest.approx(2.35 / 11)
    assert parts["popularity"]["average"] == pytest.approx(5.4 / 11)
    total = sum(row["difference"] for row in document["parts"])
    assert total == pytest.approx(document["score"] - document["average_score"], abs=1e-6)
    assert document["score"] == pytest.approx(1.75)


def test_without_an_item_is_what_is_answered_when_the_interaction_is_deleted(
    shelf: Graph, server_settings: Settings
) -> None:
    compared = 0
    for film in ("f01", "f02", "f03", "f04", "f12"):
        for row in explain_item(shelf, "ana", "films", film, server_settings)["without"]:
            (taken,) = shelf.run(
                "MATCH (:User {id: 'ana'})-[r:INTERACTED]->(:Item {item_id: $item}) "
                "WITH r, properties(r) AS kept DELETE r RETURN kept.weight AS weight",
                {"item": row["item_id"]},
            )
            items = recommend_for_user(shelf, "ana", "films", 12, server_settings)["items"]
            again = [item["item_id"] for item in items].index(film) + 1
            person = ["ana", f"books:{row['item_id']}", taken["weight"]]
            shelf.run(PEOPLE, {"people": [person]})
            assert row["rank"] == again, (film, row)
            compared += 1
    assert compared == 7


def test_an_item_far_down_is_said_to_lack_what_the_tenth_has(
    shelf: Graph, server_settings: Settings
) -> None:
    document = explain_item(shelf, "ana", "films", "f12", server_settings)
    assert document["reasons"] == [
        "“Film 12” is number 11 of 11 in films for ana.",
        "Nobody has liked it yet.",
        "What speaks against it: you did not like “D” in books (horror).",
        "Number 10, “Film 10”, has more from popularity.",
        "First come “Film 1”, “Film 2” and “Film 3”.",
        "What leads to it most, of what you have not met, is “E” (books).",
        "Without “D” it would still be number 11.",
    ]
    assert [row["title"] for row in document["leading"]] == ["E"]


def test_an_item_that_was_met_is_said_to_be_and_where_it_would_stand(
    shelf: Graph, server_settings: Settings
) -> None:
    document = explain_item(shelf, "ana", "films", "f11", server_settings)
    assert (document["rank"], document["of"], document["met"]) == (None, 12, True)
    assert document["reasons"] == [
        "You have met “Film 11” already and liked it (on 2024-05-01), so it is not recommended.",
        "If you had not met it, it would be number 11.",
        "Nothing that you have met leads to it, and it is not popular in films.",
    ]


def test_without_the_only_item_of_a_history_nothing_is_computed(
    shelf: Graph, server_settings: Settings
) -> None:
    document = explain_item(shelf, "cy", "films", "f03", server_settings)
    assert document["without"] == []
    assert document["reasons"][-1] == (
        "“B” is all that you have met: without it, only what is popular would be left."
    )
    met: dict[str, Any] = explain_item(shelf, "cy", "books", "b2", server_settings, "zh")
    assert met["reasons"] == ["你已经接触过“B”，并且喜欢它（2024-05-01），所以不再推荐。"]
    assert met["parts"] == []


@pytest.mark.parametrize(
    ("domain", "name", "message"),
    [
        ("films", "Flim 3", r"no item 'Flim 3' in films.*f03 \(“Film 3”\)"),
        ("films", "b1", r"another domain: books, b1"),
        ("films", "zzz", r"its item_id or its whole title"),
        ("films", "Twin", r"2 items of films have the title.*f08.*f09"),
        ("flims", "f01", r"no domain 'flims'"),
    ],
)
def test_a_name_that_no_item_has_leads_to_those_that_are_similar(
    shelf: Graph, server_settings: Settings, domain: str, name: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        explain_item(shelf, "ana", domain, name, server_settings)
    with pytest.raises(InputError, match="no user 'nobody'"):
        explain_item(shelf, "nobody", "films", "f01", server_settings)


def test_items_for_a_text_say_what_it_asked_for_and_rejected(shelf: Graph) -> None:
    content = {"kind": "content", "from": None, "via": "embedding"}
    asked = {"kind": "interest", "from": "sf", "title": "science fiction", "via": "TRANSFERS_TO"}
    popular = {"kind": "popularity", "from": "films", "title": None, "via": "popularity"}
    near = content | {"title": "I like starships.", "share": 1.0}
    against = content | {"title": "no horror", "share": -1.0}
    paths = [
        [asked | {"share": 0.5}, near, popular | {"share": 0.1}],
        [asked | {"share": 0.5}, popular | {"share": 0.1}],
        [popular | {"share": 0.1}, against],
    ]
    items = [
        {"item_id": film, "paths": own}
        for film, own in zip(("f01", "f02", "f03"), paths, strict=True)
    ]
    answer = {"user": None, "domain": "films", "items": items}
    text = "I like starships. But no horror"
    first, second, third = (
        item["reasons"] for item in explain_text_answer(shelf, answer, text)["items"]
    )
    assert first == [
        "It is close to what you wrote: “I like starships”.",
        "Your words are close to science fiction, and that leads to it.",
    ]
    assert second == first[1:]
    assert third == [
        "It is popular in films; nothing that you wrote leads to it.",
        "But you also wrote “no horror”, which counts against it.",
    ]
    chinese = explain_text_answer(shelf, answer | {"items": items[:1]}, "我喜欢星舰。")
    assert chinese["items"][0]["reasons"][1] == "你写的和科幻相近，由此找到了它。"
    books = answer | {"domain": "books", "items": [{"item_id": "b1", "paths": paths[1]}]}
    assert explain_text_answer(shelf, books, text)["items"][0]["reasons"] == [
        "It belongs to science fiction, which fits what you wrote."
    ]
