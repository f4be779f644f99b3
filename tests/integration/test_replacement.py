"""A load counts what it changed, and one that replaces leaves what the tables have."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from isthmus.errors import InputError
from isthmus.graph.database import Graph, Row
from isthmus.graph.events import record_interaction
from isthmus.graph.ingest import IngestSummary, ingest_dataset
from isthmus.graph.operations import find_removal, replace_dataset, replacement
from isthmus.graph.sources import read_dataset
from isthmus.settings import Settings

COUNTS = ("new", "changed", "unchanged", "removed", "repeated")
INTERACTED = (
    "MATCH (u:User)-[r:INTERACTED]->(i) RETURN u.id + ' ' + i.key AS pair, r.weight AS weight, "
    "r.count AS count, r.live AS live, r.last_at.epochSeconds AS at ORDER BY pair"
)
ITEMS = (
    "item_id,domain,title,text,categories\n"
    "1,books,Dune,Sand,space\n2,books,Emma,,love\n1,films,Solaris,Sea,space\n"
)
INTERACTIONS = (
    "user_id,item_id,domain,weight,timestamp\n"
    "ana,1,books,1,1700000100\nana,1,books,0.5,1700000200\nana,1,films,1,1700000100\nben,1,books,1,1700000100\n"
    "ben,2,books,1,1700000100\ncem,1,films,1,1700000100\n"
)
TEXTS = "user_id,text,item_id,domain,language\nana,sandy,1,books,en\neva,by the way,,,en\n"
FOLLOWS = "user_id,follows_id\nana,ben\nben,ana\nzoe,ana\n"
ACCOUNTS = "platform,account_id,user_id\nshop,1,ana\nshop,2,ben\n"
CATEGORIES = "category,language,name\nspace,de,Weltraum\nlove,de,Liebe\n"
ALL = {
    "items": ITEMS,
    "interactions": INTERACTIONS,
    "texts": TEXTS,
    "follows": FOLLOWS,
    "accounts": ACCOUNTS,
    "categories": CATEGORIES,
}


class Data:
    """A folder of tables and the graph that they are loaded into."""

    def __init__(self, graph: Graph, settings: Settings, folder: Path) -> None:
        self.graph, self.settings, self.folder = graph, settings, folder
        folder.mkdir(exist_ok=True)

    def write(self, **tables: str) -> None:
        for name, text in tables.items():
            (self.folder / f"{name}.csv").write_text(text, "utf-8")

    def load(self) -> IngestSummary:
        dataset = read_dataset(self.folder, "as-is")
        return ingest_dataset(self.graph, dataset, self.folder, self.settings)

    def replace(self, *, yes: bool = True) -> IngestSummary:
        dataset = read_dataset(self.folder, "as-is")
        return replace_dataset(self.graph, dataset, self.folder, self.settings, confirmed=yes)

    def rows(self, text: str) -> list[Row]:
        return self.graph.run(text, {})

    def values(self, text: str) -> list[object]:
        return [value for row in self.rows(text) for value in row.values()]


@pytest.fixture
def data(graph: Graph, server_settings: Settings, tmp_path: Path) -> Data:
    settings = server_settings.model_copy(update={"max_rejected_share": 0.5})
    return Data(graph, settings, tmp_path / "data")


def counts(summary: IngestSummary, table: str) -> dict[str, int]:
    """The counts of a table that are not 0."""
    return {name: n for name in COUNTS if (n := getattr(summary.changes[table], name))}


def content(data: Data) -> list[object]:
    """Everything in the graph but the dates of the load."""
    nodes = data.values(
        "MATCH (n) WHERE NOT n:Migration AND NOT n:Dataset "
        "RETURN labels(n)[0] + ' ' + toString(coalesce(n.key, n.id, n.name)) AS n ORDER BY n"
    )
    return [*nodes, *data.rows(INTERACTED)]


def test_counts_are_exact_and_a_second_load_leaves_everything_unchanged(data: Data) -> None:
    data.write(**ALL)
    first = data.load()
    assert counts(first, "interactions") == {"new": 5, "repeated": 1}
    assert [counts(first, name) for name in ALL if name != "interactions"] == [
        {"new": 3},
        {"new": 2},
        {"new": 3},
        {"new": 2},
        {"new": 2},
    ]
    assert counts(first, "users") == {"new": 5}
    for summary in (data.load(), data.replace()):
        for name, was in first.changes.items():
            repeated = {"repeated": was.repeated} if was.repeated else {}
            assert counts(summary, name) == {"unchanged": was.new} | repeated, name


def test_corrections_at_equal_times_are_counted_and_older_events_change_nothing(
    data: Data,
) -> None:
    data.write(**ALL)
    data.load()
    data.write(
        items=ITEMS.replace("Emma", "Emma Woodhouse"),
        interactions=INTERACTIONS.replace(
            "ana,1,books,0.5,1700000200\n", ""
        )  # older than the graph's
        .replace("ana,1,films,1", "ana,1,films,-1")
        .replace("cem,1,films,1,1700000100", "cem,1,films,1,1700000300"),
        texts=TEXTS.replace("sandy,1,books,en", "sandy,1,books,de"),
        follows=FOLLOWS.replace("ana,ben", "ana,eva"),
        accounts=ACCOUNTS.replace("2,ben", "2,ana"),
        categories=CATEGORIES.replace("Liebe", "Romanze"),
    )
    again = data.load()
    assert counts(again, "items") == {"changed": 1, "unchanged": 2}
    assert counts(again, "interactions") == {"changed": 2, "unchanged": 3}
    assert counts(again, "texts") == {"changed": 1, "unchanged": 1}
    assert counts(again, "follows") == {"new": 1, "unchanged": 2}
    assert counts(again, "accounts") == {"changed": 1, "unchanged": 1}
    assert counts(again, "categories") == {"changed": 1, "unchanged": 1}
    assert data.values("MATCH (:Account {key: 'shop:2'})-[:OF]->(u) RETURN u.id") == ["ana"]
    pairs = {row["pair"]: (row["weight"], row["count"]) for row in data.rows(INTERACTED)}
    assert pairs["ana films:1"] == (-1, 1)
    assert pairs["ana books:1"] == (0.5, 2)
    assert pairs["cem films:1"] == (1, 2)


def test_a_value_that_a_table_lacks_says_nothing_unless_the_table_replaces(data: Data) -> None:
    titles = "MATCH (i:Item) RETURN [i.title, i.text, i.categories] AS v ORDER BY i.key"
    data.write(**ALL)
    data.load()
    before = data.values(titles)
    data.write(items="item_id,domain,title\n1,books,\n2,books,Emma\n1,films,\n")
    assert counts(data.load(), "items") == {"unchanged": 3}
    assert data.values(titles) == before
    assert counts(data.replace(), "items") == {"changed": 2, "unchanged": 1}
    assert data.values(titles) == [
        ["", "Sand", ["space"]],
        ["Emma", None, ["love"]],
        ["", "Sea", ["space"]],
    ]


def test_replacing_makes_the_graph_that_loading_the_tables_into_an_empty_one_makes(
    data: Data, graph: Graph
) -> None:
    data.write(
        items=ITEMS.replace("2,books,Emma,,love\n", ""),
        interactions="user_id,item_id,domain,weight,timestamp\n"
        "ana,1,books,1,1700000100\nben,1,books,-1,1700000050\nnew,1,films,1,1700000100\n",
        texts=TEXTS.replace("eva,by the way,,,en\n", ""),
        follows=FOLLOWS.replace("zoe,ana\n", ""),
        accounts=ACCOUNTS.replace("shop,2,ben\n", ""),
        categories=CATEGORIES.replace("love,de,Liebe\n", ""),
    )
    data.load()
    wanted = content(data)
    corrected = {name: (data.folder / f"{name}.csv").read_text() for name in ALL}
    graph.run("MATCH (n) WHERE NOT n:Migration DETACH DELETE n", {})
    data.write(**ALL)
    data.load()
    data.write(**corrected)
    with pytest.raises(InputError, match=r"3 of 5 interactions would be removed"):
        data.replace(yes=False)
    _, removal = find_removal(graph, read_dataset(data.folder, "as-is"), data.folder, data.settings)
    planned = {name: len(frame) for name, frame in removal.tables.items()}
    summary = data.replace()
    assert content(data) == wanted
    assert {name: change.removed for name, change in summary.changes.items()} == planned
    assert planned == {
        "items": 1,
        "interactions": 3,
        "texts": 1,
        "accounts": 1,
        "follows": 1,
        "categories": 1,
        "users": 3,
    }
    assert counts(summary, "interactions") == {"new": 1, "changed": 2, "removed": 3}


def test_live_events_outlive_a_table_without_them(
    data: Data, graph: Graph, server_settings: Settings
) -> None:
    data.write(**ALL)
    data.load()
    record_interaction(
        graph, "ana", "books", "1", server_settings, weight=-1.0
    )  # also in the table
    record_interaction(graph, "ben", "films", "1", server_settings)
    record_interaction(graph, "live", "films", "1", server_settings)
    record_interaction(graph, "cem", "books", "2", server_settings)
    assert counts(data.load(), "interactions") == {"unchanged": 5, "repeated": 1}
    data.write(
        items=ITEMS.replace("2,books,Emma,,love\n", ""),
        interactions="user_id,item_id,domain,timestamp\nben,1,books,1700000100\n",
    )
    summary = data.replace()
    pairs = {row["pair"]: (row["weight"], row["count"]) for row in data.rows(INTERACTED)}
    assert pairs == {
        "ana books:1": (-1, 1),
        "ben books:1": (1, 1),
        "ben films:1": (1, 1),
        "live films:1": (1, 1),
    }
    assert counts(summary, "interactions") == {"unchanged": 1, "removed": 4}
    assert counts(data.replace(), "interactions") == {"unchanged": 1}


def test_a_table_that_has_the_live_events_too_takes_them_over(data: Data, graph: Graph) -> None:
    data.write(items=ITEMS, interactions=INTERACTIONS)
    data.load()
    record_interaction(graph, "ben", "films", "1", data.settings)
    [at] = data.values(
        "MATCH ({id: 'ben'})-[r:INTERACTED]->({key: 'films:1'}) RETURN r.last_at.epochMillis"
    )
    data.write(interactions=f"{INTERACTIONS}ben,1,films,1,{at}\n")
    assert counts(data.load(), "interactions") == {"unchanged": 6, "repeated": 1}
    data.write(interactions=INTERACTIONS)
    assert counts(data.replace(), "interactions") == {"unchanged": 5, "removed": 1, "repeated": 1}


def test_only_the_domains_of_the_folder_are_replaced(
    data: Data, graph: Graph, tmp_path: Path
) -> None:
    other = Data(graph, data.settings, tmp_path / "other")
    other.write(items="item_id,domain\n9,games\n", interactions="user_id,item_id\ngil,9\n")
    other.load()
    data.write(items=ITEMS, interactions=INTERACTIONS)
    data.load()
    data.write(
        items="item_id,domain,title\n1,films,Solaris\n",
        interactions="user_id,item_id,domain\nana,1,films\nana,9,games\n",
    )
    summary = data.replace()
    assert data.values("MATCH (i:Item) RETURN i.key AS key ORDER BY key") == ["films:1", "games:9"]
    assert data.values("MATCH (d:Domain) RETURN d.name AS n ORDER BY n") == ["films", "games"]
    assert counts(summary, "items") == {"unchanged": 1, "removed": 2}
    # Its interactions with games are replaced, too, since the table has some.
    assert data.values("MATCH (u:User) RETURN u.id AS id ORDER BY id") == ["ana"]


def test_an_interrupted_replacement_is_completed_by_the_next_and_named_by_a_load(
    data: Data, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    data.write(items=ITEMS, interactions=INTERACTIONS)
    data.load()
    data.write(
        items="item_id,domain,title\n1,books,Dune\n",
        interactions="user_id,item_id,timestamp\nana,1,1700000100\n",
    )
    with monkeypatch.context() as patch:
        patch.setattr(replacement, "update_popularity", lambda *_: 1 / 0)
        patch.setattr(Graph, "write_batches", failing_at("ingest/remove_users"))
        with pytest.raises(ZeroDivisionError):
            data.replace()
    with caplog.at_level(logging.WARNING, "isthmus"):
        data.load()
    assert "with --replace was interrupted" in caplog.text
    data.replace()
    assert data.values("MATCH (n:User|Item) RETURN coalesce(n.key, n.id) AS k ORDER BY k") == [
        "ana",
        "books:1",
    ]
    caplog.clear()
    data.load()
    assert "interrupted" not in caplog.text


def failing_at(statement: str) -> object:
    """`Graph.write_batches`, which fails where it should write a statement."""
    write_batches = Graph.write_batches

    def write(self: Graph, name: str, *arguments: object, **parameters: object) -> list[Row]:
        if name == statement:
            raise ZeroDivisionError
        return write_batches(self, name, *arguments, **parameters)  # type: ignore[arg-type]

    return write


def test_removed_items_take_their_edges_and_vectors_along_and_interests_follow(
    data: Data, graph: Graph
) -> None:
    data.write(items=ITEMS, interactions=INTERACTIONS)
    data.load()
    graph.run(
        "CREATE (:Encoder {version: 1, state: 'active'}) "
        "CREATE (space:Interest {id: 'space', version: 1}) "
        "CREATE (love:Interest {id: 'love', version: 1}) "
        "WITH space, love MATCH (i:Item) "
        "CREATE (i)-[:ENCODED_AS]->(:ItemVector {item: i.key, version: 1}) "
        "WITH space, love, i MATCH (j:Item {key: 'films:1'}) WHERE i <> j "
        "CREATE (i)-[:TRANSFERS_TO {generation: 1, weight: 1.0}]->(j) "
        "WITH i, CASE i.item_id WHEN '2' THEN love ELSE space END AS n "
        "CREATE (i)-[:ABOUT {weight: 1.0}]->(n) "
        "WITH DISTINCT 1 AS one MATCH (u:User {id: 'ben'}), (n:Interest) "
        "CREATE (u)-[:INTERESTED_IN {weight: 0.5}]->(n)",
        {},
    )
    data.write(
        items=ITEMS.replace("2,books,Emma,,love\n", ""),
        interactions=INTERACTIONS.replace("ben,2,books,1,1700000100\n", ""),
    )
    data.replace()
    assert data.values("MATCH (v:ItemVector) RETURN v.item AS v ORDER BY v") == [
        "books:1",
        "films:1",
    ]
    assert data.values("MATCH (i)-[:TRANSFERS_TO]->() RETURN i.key") == ["books:1"]
    interested = "MATCH ({id: 'ben'})-[s:INTERESTED_IN]->(n) RETURN [n.id, s.weight]"
    assert data.values(interested) == [["space", 1.0]]
