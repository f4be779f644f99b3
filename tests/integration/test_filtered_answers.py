"""Filters apply before the cut: on a graph by hand, and against the full ranking."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any, cast

import pytest
from click.testing import CliRunner

from isthmus.encoders.text import TextEncoder, VectorCache
from isthmus.errors import InputError
from isthmus.graph.database import Graph, connect
from isthmus.graph.database.statements import fill_place, load_statement
from isthmus.graph.filters import Filter, bind_filter, few_items, filters
from isthmus.graph.ingest import ingest_dataset
from isthmus.graph.serving import recommend_for_text, recommend_for_user, recommend_for_users
from isthmus.graph.sources import read_dataset
from isthmus.scripts.recommend import command
from isthmus.settings import Settings
from tests.conftest import delete_all

# Of 205 books the first five have likes, b1 the most; the others follow in the order of their keys.
BOOKS = (
    "b1,books,Dune,space,2019-03-01,50,true,en,new|big\n"
    "b2,books,三体,space,2020-05-31T20:00,20,true,zh,new\n"
    "b3,books,Solaris,space|war,2021-01-01,10,false,de,\n"
    "b4,books,Emma,love,2022-01-01,,true,en,\n"
    "b5,books,,,,5,,,big\n"
)
OTHERS = "".join(
    f"x{n:03},books,Book {n},,2000-01-01,{1 if n in (150, 170) else 100},false,fr,\n"
    for n in range(200)
)
HEADER = "item_id,domain,title,categories,published_at,价格,in_stock,language,labels\n"
FILM = "f1,films,Alien,space,,9,true,en,\n"


@pytest.fixture(scope="module")
def shop(server_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graph]:
    """The graph of all tests here, of which the last one adds edges.

    ana knows a film, ben the first two books; b1 to b5 have 5, 4, 3, 2 and 1 further likes.
    """
    tmp_path = tmp_path_factory.mktemp("shop")
    (tmp_path / "items.csv").write_text(HEADER + BOOKS + OTHERS + FILM, "utf-8")
    likes = [(f"u{k}", f"b{n}") for n in range(1, 6) for k in range(6 - n)]
    likes += [("ana", "f1"), ("ben", "b1"), ("ben", "b2")]
    rows = "".join(f"{user},{item}\n" for user, item in likes)
    (tmp_path / "interactions.csv").write_text(f"user_id,item_id\n{rows}", "utf-8")
    with connect(server_settings) as graph:
        delete_all(graph)
        ingest_dataset(graph, read_dataset(tmp_path), tmp_path, server_settings)
        yield graph


def ids(answer: dict[str, Any]) -> list[str]:
    return [item["item_id"] for item in answer["items"]]


FILTERS: list[tuple[Filter, list[str]]] = [
    (Filter(), ["b1", "b2", "b3", "b4", "b5"]),
    (Filter("价格 < 30"), ["b2", "b3", "b5", "x150", "x170"]),
    (Filter("not 价格 < 30"), ["b1", "b4", "x000", "x001", "x002"]),
    (Filter("价格 is None"), ["b4"]),
    (Filter("价格 == 1"), ["x150", "x170"]),
    (Filter("10 <= 价格 < 50 and in_stock"), ["b2"]),
    (Filter("in_stock is None"), ["b5"]),
    (Filter("language in ['zh', 'de']"), ["b2", "b3"]),
    (Filter("'big' in labels or 'love' in categories"), ["b1", "b4", "b5"]),
    (Filter("'space' not in categories and 价格 != 100"), ["b5", "x150", "x170"]),
    (Filter("'体' in title"), ["b2"]),
    (Filter("title is None"), ["b5"]),
    (Filter("published_at == '2020'"), ["b2"]),
    (Filter("published_at <= '2020-05-31' and 价格 > 10 and 价格 < 100"), ["b1", "b2"]),
    (Filter("likes >= 3"), ["b1", "b2", "b3"]),
    (Filter(exclude=["b1", "b3", "f1"]), ["b2", "b4", "b5", "x000", "x001"]),
    (Filter(since="2020-05-31"), ["b2", "b3", "b4"]),
    (Filter(max_per_category=1), ["b1", "b4", "b5", "x000", "x001"]),
    (Filter("价格 <= 50", max_per_category=2), ["b1", "b2", "b5", "x150", "x170"]),
    (Filter("价格 <= 50", ["b1"], "2020", 1), ["b2"]),
    (Filter("价格 > 1000"), []),
]


@pytest.mark.parametrize("few", [1.0, -1.0], ids=["by index", "by popularity"])
def test_answers_are_the_best_items_that_the_filter_leaves(
    shop: Graph, server_settings: Settings, few: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filters, "FEW", few)
    encoder, cache = cast(TextEncoder, None), cast(VectorCache, None)  # nothing is encoded
    for given, expected in FILTERS:
        answer = recommend_for_user(shop, "ana", "books", 5, server_settings, filter=given)
        assert ids(answer) == expected, given
        text = ids(recommend_for_text(shop, encoder, cache, "space", "books", 5, given))
        liked = [item for item in expected if item.startswith("b")]
        assert (len(text), text[: len(liked)]) == (len(expected), liked), given
        [of_many] = recommend_for_users(shop, ["ana"], "books", 5, server_settings, filter=given)
        assert of_many == answer


def test_what_the_user_knows_is_left_out_beside_the_filter(
    shop: Graph, server_settings: Settings
) -> None:
    given = Filter("价格 <= 50")
    answer = recommend_for_user(shop, "ben", "books", 9, server_settings, filter=given)
    assert ids(answer) == ["b3", "b5", "x150", "x170"]
    assert answer["note"].endswith(
        "The filter leaves 6 of the 205 items of books; ben has interactions with 2 of them."
    )
    nothing = recommend_for_user(
        shop, "ana", "books", 9, server_settings, filter=Filter("价格 > 1000")
    )
    assert nothing["items"] == []
    assert nothing["note"] == "The filter leaves 0 of the 205 items of books."
    given = Filter(since="2019", max_per_category=1)
    answer = recommend_for_user(shop, "ana", "books", 9, server_settings, filter=given)
    assert ids(answer) == ["b1", "b4"]
    assert (
        "leaves 4 of the 205 items of books; with at most 1 of a category the answer has 2"
        in (answer["note"])
    )


def test_an_excluded_item_that_no_domain_has_is_named_with_the_one_that_was_meant(
    shop: Graph, server_settings: Settings
) -> None:
    given = Filter(exclude=["X150", "f1", "x150", "no such"])  # f1 is a film
    answer = recommend_for_user(shop, "ana", "books", 1, server_settings, filter=given)
    said = "There is no item 'X150' to exclude, and 1 more are unknown; did you mean 'x150'?"
    assert answer["note"].splitlines()[-1] == said
    [of_many] = recommend_for_users(shop, ["ana"], "books", 1, server_settings, filter=given)
    assert said not in of_many["note"]
    words = ["--users", "-", "-d", "books", "--exclude", "b0", "--home", str(server_settings.home)]
    done = CliRunner().invoke(command, words, input="ana\nben\n", catch_exceptions=False)
    assert done.stderr.splitlines()[-1] == "There is no item 'b0' to exclude."
    assert len(done.stdout.splitlines()) == 2


def test_a_category_is_found_by_its_name_in_any_language_and_case(
    shop: Graph, server_settings: Settings
) -> None:
    shop.run(
        "CREATE (:Encoder {version: 1, state: 'active'}), (:Interest {id: 'category:space', "
        "version: 1, name: 'space', names: ['space', '太空'], languages: ['en', 'zh']}), "
        "(:CategoryName {category: 'love', language: 'zh', name: '爱情'})",
        {},
    )
    for where, expected in (
        ("'太空' in categories", ["b1", "b2", "b3"]),
        ("'SPACE' in categories", ["b1", "b2", "b3"]),
        ("'爱情' in categories", ["b4"]),
        ("'爱情' in categories or '太空' not in categories", ["b4", "b5", "x000", "x001", "x002"]),
        ("'亲情' in categories", []),
    ):
        given = Filter(where)
        answer = recommend_for_user(shop, "ana", "books", 5, server_settings, filter=given)
        assert ids(answer) == expected, where
    shop.run("MATCH (n:Encoder|Interest|CategoryName) DETACH DELETE n", {})


def test_few_items_are_found_by_an_index(shop: Graph) -> None:
    bound = bind_filter(shop, "books", Filter("language in ['zh', 'de'] and 价格 > 1"))
    assert (bound.leaves_few, bound.indexed) == (True, "j.`language`")
    assert few_items(shop, bound) == ["books:b2", "books:b3"]
    hint = "USING INDEX j:Item(domain, `language`)"
    for name in ("recommend/filtered_items", "recommend/for_user", "recommend/for_text"):
        text = fill_place(name, "filter", bound.predicate, hint)
        parameters = dict.fromkeys(load_statement(name).parameters) | bound.parameters
        with shop.driver.session(database=shop.database) as session:
            plan = session.run(f"EXPLAIN {text}", parameters).consume().plan
        assert "j:Item(domain, language)" in str(plan)


def test_a_wrong_filter_is_an_error_before_any_answer(
    shop: Graph, server_settings: Settings
) -> None:
    for given, said in (
        (Filter("preis < 3"), "no attribute preis"),
        (Filter(since="soon"), "'soon' is no date"),
        (Filter(max_per_category=0), "The most of one category is 0"),
    ):
        with pytest.raises(InputError, match=said):
            recommend_for_user(shop, "ana", "books", 5, server_settings, filter=given)
        with pytest.raises(InputError, match=said):
            list(recommend_for_users(shop, ["ana"], "books", 5, server_settings, filter=given))
    with pytest.raises(InputError, match="There is no domain 'bocks'"):
        recommend_for_user(shop, "ana", "bocks", 5, server_settings, filter=Filter("likes > 1"))


def test_the_command_takes_filters_and_lists_of_items(
    shop: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    sold = tmp_path / "sold.txt"
    sold.write_text("b2\nb5\n", "utf-8")
    words = ["ana", "-d", "books", "-n", "3", "--where", "价格 < 30", "--exclude", f"@{sold}"]
    words += ["--exclude", "x150", "--json", "--home", str(server_settings.home)]
    done = CliRunner().invoke(command, words, catch_exceptions=False)
    assert ids(json.loads(io.StringIO(done.stdout).read())) == ["b3", "x170"]


def test_a_filtered_answer_is_the_full_ranking_without_the_others(
    shop: Graph, server_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    learn_random_edges(shop)
    number = len(BOOKS.splitlines() + OTHERS.splitlines())
    conditions: Sequence[tuple[str, str]] = [
        ("价格 < 30", "j.`价格` < 30"),
        ("in_stock or 'big' in labels", "j.in_stock OR 'big' IN j.labels"),
        ("not language == 'fr'", "NOT coalesce(j.language = 'fr', false)"),
        ("popularity < .9", "j.popularity < .9"),
    ]
    for few in (1.0, -1.0):
        monkeypatch.setattr(filters, "FEW", few)
        for user in ("ana", "ben", "u0", "u1"):
            full = recommend_for_user(shop, user, "books", number, server_settings)["items"]
            for where, cypher in conditions:
                rows = shop.run(f"MATCH (j:Item) WHERE {cypher} RETURN j.item_id AS id", {})
                left = {row["id"] for row in rows}
                expected = [item for item in full if item["item_id"] in left][:5]
                answer = recommend_for_user(
                    shop, user, "books", 5, server_settings, filter=Filter(where)
                )
                assert [(i["item_id"], i["score"]) for i in answer["items"]] == [
                    (i["item_id"], pytest.approx(i["score"])) for i in expected
                ], (user, where, few)


def learn_random_edges(graph: Graph) -> None:
    """Activates a generation whose edges lower popular items and raise others."""
    rng = Random(3)
    merge = {"transfer": 1.0, "collaborative": 1.0, "interest": 0.0, "popularity": 1.0}
    merge |= {"power": 0.5, "half_life_days": 90.0, "dislike": 1.0, "interest_alone": 0.0}
    merge |= {"popularity_alone": 1.0, "written": 0.0}
    parameters: dict[str, Any] = dict.fromkeys(("metrics", "settings", "choices"), "{}")
    parameters |= {"fingerprint": "", "tables": [], "encoder_version": None, "most_edges": 50}
    rows = [{"domain": domain, **merge} for domain in ("books", "films")]
    number = graph.write("generations/create", merge=rows, **parameters)[0]["number"]
    books = [line.split(",")[0] for line in (BOOKS + OTHERS).splitlines()]
    for statement, sources in (
        ("generations/write_transfer", ["films:f1"]),
        ("generations/write_co_liked", [f"books:{book}" for book in books[:5]]),
    ):
        edges = []
        for source in sources:
            targets = ["b1", "b2", "b3", *rng.sample(books[5:], 40)]
            weights = [-0.9, -0.5, -0.2, *(rng.uniform(-1, 1) for _ in range(40))]
            keys = [f"books:{target}" for target in targets]
            edges.append({"source": source, "targets": keys, "weights": weights})
        graph.write(statement, generation=number, rows=edges)
    graph.write("generations/activate", number=number, edges=1, owner=None, champion=None)
