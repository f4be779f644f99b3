"""Attributes in the graph: loading again, other values, other types, replacing; platforms."""

from __future__ import annotations

from pathlib import Path

import pytest

from isthmus.graph.database import Graph, read_attributes
from isthmus.graph.events import undo_event
from isthmus.graph.events.record import record_events
from isthmus.graph.ingest import IngestSummary, ingest_dataset
from isthmus.graph.operations import describe_schema, replace_dataset
from isthmus.graph.sources import read_dataset, read_events
from isthmus.settings import Settings

ITEMS = (
    "item_id,domain,price,in_stock,labels,made,Note\n"
    "1,books,12.5,true,a|b,2024-05-31,\n2,books,7,false,,,x\n1,films,,,,,\n"
)
USERS = "user_id,age,city\nana,31,上海\nben,,Bonn\n"
INTERACTIONS = "user_id,item_id,domain\nana,1,books\n"
PROPERTIES = (
    "MATCH (n) WHERE n:Item OR n:User RETURN coalesce(n.key, n.id) AS key, properties(n) AS p"
)


class Shop:
    def __init__(self, graph: Graph, settings: Settings, folder: Path) -> None:
        self.graph, self.settings, self.folder = graph, settings, folder
        self.write(items=ITEMS, users=USERS, interactions=INTERACTIONS)

    def write(self, **tables: str) -> None:
        for name, text in tables.items():
            (self.folder / f"{name}.csv").write_text(text, "utf-8")

    def load(self, replace: bool = False) -> IngestSummary:
        dataset = read_dataset(self.folder)
        if replace:
            settings = self.settings
            return replace_dataset(self.graph, dataset, self.folder, settings, confirmed=True)
        return ingest_dataset(self.graph, dataset, self.folder, self.settings)

    def properties(self, key: str) -> dict[str, object]:
        """The attributes of a node."""
        own = {"key", "id", "domain", "item_id", "title", "likes", "popularity"}
        rows = {row["key"]: row["p"] for row in self.graph.run(PROPERTIES, {})}
        found = {name: value for name, value in rows[key].items() if name not in own}
        return found | ({"made": str(found["made"])[:10]} if "made" in found else {})

    def types(self) -> dict[str, str]:
        return {each.key: each.type for each in read_attributes(self.graph)}

    def indexes(self) -> int:
        names = [row["name"] for row in self.graph.read("admin/indexes")]
        return sum(name.startswith("attribute_") and name != "attribute_key" for name in names)


@pytest.fixture
def shop(graph: Graph, server_settings: Settings, tmp_path: Path) -> Shop:
    return Shop(graph, server_settings, tmp_path)


def test_attributes_are_typed_properties_and_loading_twice_changes_nothing(shop: Shop) -> None:
    shop.load()
    first = {"price": 12.5, "in_stock": True, "labels": ["a", "b"], "made": "2024-05-31"}
    assert shop.properties("books:1") == first
    assert shop.properties("books:2") == {"price": 7.0, "in_stock": False, "Note": "x"}
    assert shop.properties("films:1") == {}
    assert shop.properties("ana") == {"age": 31, "city": "上海"}
    assert shop.properties("ben") == {"city": "Bonn"}
    again = shop.load()
    assert (again.changes["items"].unchanged, again.changes["users"].unchanged) == (3, 2)
    assert shop.properties("books:1") == first
    assert shop.indexes() == 4  # of all but the list


def test_other_values_change_and_missing_ones_say_nothing(shop: Shop) -> None:
    shop.load()
    shop.write(
        items="item_id,domain,price,labels\n1,books,13,c\n2,books,,\n1,films,,\n",
        users="user_id,age\nana,32\n",
    )
    again = shop.load()
    assert (again.changes["items"].changed, again.changes["items"].unchanged) == (1, 2)
    assert again.changes["users"].changed == 1
    assert shop.properties("books:1")["price"] == 13
    assert shop.properties("books:1")["labels"] == ["c"]
    assert shop.properties("books:2") == {"price": 7.0, "in_stock": False, "Note": "x"}
    assert shop.properties("ana") == {"age": 32, "city": "上海"}


def test_replacing_deletes_what_the_tables_lack(shop: Shop) -> None:
    shop.load()
    items = "item_id,domain,price,new\n1,books,13,1\n2,books,,2\n1,films,,\n"
    shop.write(items=items, users="user_id,age\nana,32\nben,\n")
    replaced = shop.load(replace=True)
    assert replaced.changes["items"].changed == 2
    assert shop.properties("books:1") == {"price": 13, "new": 1}
    assert shop.properties("books:2") == {"new": 2}
    assert shop.properties("ana") == {"age": 32}
    assert shop.types() == {"Item.price": "number", "Item.new": "number", "User.age": "number"}
    assert shop.indexes() == 2
    assert shop.load(replace=True).changes["items"].unchanged == 3


def test_loads_of_other_types_make_an_attribute_a_text_until_all_values_are_replaced(
    shop: Shop,
) -> None:
    shop.load()
    odd = ITEMS.replace("7,false", "on request,false").replace("12.5", "")
    shop.write(items=odd)
    shop.load()
    assert shop.types()["Item.price"] == "text"
    assert shop.properties("books:1")["price"] == "12.5"
    assert shop.properties("books:2")["price"] == "on request"
    shop.write(items=ITEMS)
    shop.load()
    assert shop.types()["Item.price"] == "text"
    assert shop.properties("books:2")["price"] == "7.0"
    again = shop.load()
    assert again.changes["items"].unchanged == 3
    shop.load(replace=True)
    assert shop.types()["Item.price"] == "number"
    assert shop.properties("books:2")["price"] == 7.0


def test_the_schema_has_types_ranges_and_values(shop: Shop) -> None:
    shop.load()
    schema = describe_schema(shop.graph)
    assert schema.nodes == {"User": 2, "Item": 3, "Domain": 2}
    assert schema.relationships == {"INTERACTED": 1, "IN_DOMAIN": 3}
    found = {each.key: each for each in schema.attributes}
    assert (found["Item.price"].low, found["Item.price"].high) == ("7.0", "12.5")
    assert (found["Item.price"].nodes, found["Item.labels"].values) == (2, ("a", "b"))
    assert found["User.city"].values == ("Bonn", "上海")
    lines = [line.split() for line in schema.text().splitlines()]
    assert ["price", "number", "2", "of", "3", "7", "to", "12.5"] in lines
    assert ["made", "datetime", "1", "of", "3", "2024-05-31"] in lines


def test_the_newest_event_gives_platform_and_account_and_undoing_gives_them_back(
    shop: Shop,
) -> None:
    shop.write(
        accounts="platform,account_id,user_id\nshop,a7,ana\n",
        interactions="user_id,item_id,domain,platform,timestamp\n"
        "ana,1,books,ios,2024-01-01\na7,1,books,shop,2024-02-01\nana,2,books,web,2024-01-01\n",
    )
    shop.load()

    def interacted() -> dict[str, tuple[str, str | None]]:
        rows = shop.graph.run(
            "MATCH (:User {id: 'ana'})-[r:INTERACTED]->(i) "
            "RETURN i.key AS key, r.platform AS platform, r.account AS account",
            {},
        )
        return {row["key"]: (row["platform"], row["account"]) for row in rows}

    loaded = {"books:1": ("shop", "a7"), "books:2": ("web", None)}
    assert interacted() == loaded
    assert shop.load().changes["interactions"].unchanged == 2
    lines = [
        b'{"user_id": "ana", "item_id": "1", "domain": "books", "platform": "tv", "event_id": "e"}',
        b'{"user_id": "a7", "item_id": "2", "domain": "books", "platform": "shop", "event_id":"f"}',
    ]
    record_events(shop.graph, read_events(lines).frame, shop.settings)
    assert interacted() == {"books:1": ("tv", None), "books:2": ("shop", "a7")}
    for event in ("e", "f"):
        undo_event(shop.graph, event, shop.settings)
    assert interacted() == loaded
