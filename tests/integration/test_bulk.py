"""A bulk load makes the same graph as an online load, or leaves the graph empty."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from isthmus.errors import InputError, Locked
from isthmus.graph.database.connection import Graph
from isthmus.graph.database.lock import retraining_lock
from isthmus.graph.database.session import connect
from isthmus.graph.ingest.bulk import bulk_load
from isthmus.graph.ingest.load import ingest_dataset
from isthmus.graph.server import lifecycle as server
from isthmus.graph.server.admin_tool import import_full
from isthmus.graph.server.connectors import Connectors
from isthmus.graph.server.failures import DiskFull, ServerError
from isthmus.graph.server.folders import Folders
from isthmus.graph.sources import read_dataset
from isthmus.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
ISTHMUS = [sys.executable, "-c", "from isthmus.scripts.main import main; main()"]
LABELS = (
    "Account",
    "Attribute",
    "CategoryName",
    "Dataset",
    "Domain",
    "Item",
    "Migration",
    "Text",
    "User",
)
SUMS = ("likes", "popularity", "most_likes")  # sums of floats, whose order differs
LOAD_TIMES = ("loaded_at", "applied_at")
NODES = "MATCH (n) RETURN labels(n) AS labels, properties(n) AS properties"
RELATIONSHIPS = (
    "MATCH (a)-[r]->(b) RETURN coalesce(a.id, a.key) AS start, type(r) AS kind, "
    "coalesce(b.id, b.key, b.name) AS end, properties(r) AS properties"
)
SCHEMA = "SHOW INDEXES YIELD name, type, state, labelsOrTypes, properties"
TITLE = 'A "quoted", comma\'d\r\ntitle \\ with; signs\x1f and 明朝那些事儿'
CLEANED_TITLE = 'A "quoted", comma\'d title \\ with; signs and 明朝那些事儿'


def write_tables(folder: Path) -> Path:
    """Tables with and without dates, dislikes, repeated events, accounts and invalid rows."""
    folder.mkdir()
    items = [
        {"item_id": "1", "domain": "books", "title": TITLE, "categories": "novels|科幻|a;b"},
        {"item_id": "1", "domain": "films", "title": "Alien", "published_at": "1979-05-25T12:00"},
        {"item_id": "2", "domain": "films", "title": "", "text": "silent\n\nfilm"},
        {"item_id": "3", "domain": "films", "title": "Nobody saw it", "categories": "dramas"},
        {"item_id": "4", "domain": "goods", "title": "tea pot"},
    ]
    items[0] |= {"价格": 12.5, "in_stock": True, "labels": ["新", "b"], "made": "2024-05-31T01:00"}
    items[2] |= {
        "价格": 3,
        "in_stock": False,
        "pages": 3,
        "note": 'a "quoted"\nline',
        "made": "2024",
    }
    interactions = [
        {"user_id": "ana", "item_id": "1", "domain": "books", "timestamp": "2024-01-01"},
        {"user_id": "ana", "item_id": "1", "domain": "books", "timestamp": 1709251200.123},
        {"user_id": "ana", "item_id": "2", "weight": -0.7, "kind": "rating"},
        {"user_id": "ben", "item_id": "2", "weight": 0.1, "timestamp": "1969-06-01"},
        {"user_id": "b", "platform": "shop", "item_id": "1", "domain": "films", "weight": 1e-7},
        {"user_id": "c", "platform": "shop", "item_id": "2", "timestamp": "2020-02-29"},
        {"user_id": 'd"e', "item_id": "2", "timestamp": "2021-02-28T23:59:59.999Z"},
        {"user_id": "ana", "item_id": "no such item"},
        *({"user_id": f"u{k}", "item_id": "2", "timestamp": 1.6e9 + 86400 * k} for k in range(40)),
    ]
    texts = [
        {"user_id": "ana", "text": "我喜欢。\nVery much", "timestamp": "2024-05-05"},
        {"user_id": "eva", "text": "good", "item_id": "2", "language": "en", "kind": "review"},
    ]
    follows = [{"user_id": "ana", "follows_id": "ben"}, {"user_id": "ben", "follows_id": "new"}]
    tables = {"items": items, "interactions": interactions, "texts": texts, "follows": follows}
    tables["users"] = [{"user_id": "ana", "age": 31}, {"user_id": "zoe", "city": "上海"}]
    tables["accounts"] = [{"platform": "shop", "account_id": "b", "user_id": "ben"}]
    tables["categories"] = [
        {"category": "Novels", "language": "zh", "name": "小说"},
        {"category": "novels", "language": "zh", "name": "长篇小说"},
        {"category": "科幻", "language": "en", "name": "science fiction"},
    ]
    for name, rows in tables.items():
        lines = [json.dumps(row, ensure_ascii=False) for row in rows]
        (folder / f"{name}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tables(tmp_path_factory.mktemp("bulk") / "my tables, one+two")


@pytest.fixture
def own(fresh_home: Path) -> Iterator[Settings]:
    settings = Settings(home=fresh_home, neo4j_uri=None, keep_text=True)
    yield settings
    server.stop(settings)


def content(graph: Graph) -> tuple[list[str], dict[str, list[float]], list[Any]]:
    """Nodes and relationships without load times; likes and popularity by key; indexes."""
    entities, sums = [], {}
    for row in graph.run(NODES, {}):
        properties = {
            key: value for key, value in row["properties"].items() if key not in LOAD_TIMES
        }
        if values := [properties.pop(name) for name in SUMS if name in properties]:
            sums[properties.get("key") or properties["name"]] = values
        entities.append(repr((row["labels"], sorted(properties.items()))))
    for row in graph.run(RELATIONSHIPS, {}):
        ends = (row["start"], row["kind"], row["end"])
        entities.append(repr((*ends, sorted(row["properties"].items()))))
    return sorted(entities), sums, sorted(graph.run(SCHEMA, {}), key=repr)


def query(settings: Settings, text: str) -> list[dict[str, Any]]:
    with connect(settings, migrated=False) as graph:
        return graph.run(text, {})


def test_a_bulk_load_makes_the_same_graph_as_an_online_load(
    graph: Graph, server_settings: Settings, own: Settings, tables: Path
) -> None:
    dataset = read_dataset(tables)
    with_texts = server_settings.model_copy(update={"keep_text": True})
    online = ingest_dataset(graph, dataset, tables, with_texts)
    bulk = bulk_load(dataset, tables, own)
    assert (bulk.users, bulk.items, bulk.interactions) == (47, 5, 46)
    for field in ("users", "items", "interactions", "texts", "rejected", "command"):
        assert getattr(bulk, field) == getattr(online, field)
    assert Path(str(bulk.quarantine)).read_text() == Path(str(online.quarantine)).read_text()
    with connect(own) as loaded:
        labels = loaded.run("MATCH (n) UNWIND labels(n) AS l RETURN DISTINCT l ORDER BY l", {})
        assert tuple(row["l"] for row in labels) == LABELS
        (entities, sums, schema), expected_content = content(loaded), content(graph)
        assert entities == expected_content[0]
        assert sums.keys() == expected_content[1].keys()
        for key, expected in expected_content[1].items():
            assert sums[key] == pytest.approx(expected, rel=1e-12)
        assert {"books", "films", "goods", "films:3"} <= sums.keys()
        assert sums["films:2"][1] == sums["books:1"][1] == 1.0
        assert schema == expected_content[2]
        assert {row["state"] for row in schema} == {"ONLINE"}
        title = loaded.run("MATCH (i:Item {key: 'books:1'}) RETURN i.title AS title", {})
        assert title == [{"title": CLEANED_TITLE}]

        # The graph can be written to, and loading the same tables again changes nothing.
        second = ingest_dataset(loaded, dataset, tables, own)
        assert second.interactions == bulk.interactions
        assert content(loaded)[0] == expected_content[0]
    with pytest.raises(InputError, match="not empty") as caught:
        bulk_load(dataset, tables, own)
    assert "without --bulk" in caught.value.advice
    assert query(own, "MATCH (u:User) RETURN count(u) AS n") == [{"n": 47}]


def test_a_failed_or_killed_import_leaves_the_graph_empty_and_the_next_import_succeeds(
    own: Settings, tables: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = server.start(own)
    dataset = read_dataset(tables)
    with monkeypatch.context() as patched:
        patched.setattr("isthmus.graph.ingest.import_files.OPTIONS", ("--id-type=no such type",))
        with pytest.raises(ServerError, match="The import failed") as caught:
            bulk_load(dataset, tables, own)
    assert str(own.home / "logs" / "import.log") in caught.value.advice
    assert server.find(own) == first
    assert query(own, "MATCH (n) RETURN count(n) AS n") == [{"n": 0}]

    scratch = own.home / "scratch"
    command = [*ISTHMUS, "ingest", str(tables), "--bulk", "--quiet", "--home", str(own.home)]
    for file in ("scratch/*/import/user.csv", "scratch/*/server/data/databases/neo4j/neostore"):
        process = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(ROOT)})
        deadline = time.monotonic() + 60
        while not list(own.home.glob(file)) and time.monotonic() < deadline:
            time.sleep(0.01)
        process.kill()
        process.wait()
        assert query(own, "MATCH (n) RETURN count(n) AS n") == [{"n": 0}]
        assert list(scratch.iterdir()) != []
    assert bulk_load(dataset, tables, own).interactions == 46
    assert query(own, "MATCH ()-[r:INTERACTED]->() RETURN count(r) AS n") == [{"n": 46}]
    assert list(scratch.iterdir()) == []
    assert server.start(own).password() == first.password()


def test_a_server_that_does_not_start_after_the_load_is_named_and_the_load_is_complete(
    own: Settings, tables: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.start(own)

    def start(settings: Settings) -> None:
        raise DiskFull(settings.home, 1 << 20, 50 << 20)

    with monkeypatch.context() as patched:
        patched.setattr("isthmus.graph.server.lifecycle._start", start)
        patched.setattr("isthmus.graph.ingest.bulk._check_stopped_database_empty", lambda _: None)
        with pytest.raises(ServerError, match=r"tables are loaded.*disk full: 1 MB free") as caught:
            bulk_load(read_dataset(tables), tables, own)
    assert "Do not load them again" in caught.value.advice
    assert query(own, "MATCH ()-[r:INTERACTED]->() RETURN count(r) AS n") == [{"n": 46}]


def test_a_load_killed_while_it_replaces_the_database_leaves_the_graph_empty(
    own: Settings, tables: Path
) -> None:
    password = server.start(own).password()
    server.stop(own)
    folder = own.home / "server"
    (folder / "data").rename(folder / "data.replaced")
    assert query(own, "MATCH (n) RETURN count(n) AS n") == [{"n": 0}]
    assert server.start(own).password() == password
    query(own, "CREATE (:Lock {name: 'retrain'})")  # left by a retraining without data
    assert bulk_load(read_dataset(tables), tables, own).interactions == 46
    assert not (folder / "data.replaced").exists()


def test_a_bulk_load_neither_loses_concurrent_writes_nor_interrupts_a_retraining(
    own: Settings, tables: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = server.start(own)
    dataset = read_dataset(tables)
    with connect(own) as graph, retraining_lock(graph, 60), pytest.raises(Locked):
        bulk_load(dataset, tables, own)
    assert server.find(own) == first
    stop = server._stop

    def stop_after_a_write(settings: Settings) -> bool:
        if settings.home == own.home:
            query(own, "CREATE (:User {id: 'somebody'})")
        return stop(settings)

    with monkeypatch.context() as patched:
        patched.setattr(server, "_stop", stop_after_a_write)
        with pytest.raises(InputError, match="not empty"):
            bulk_load(dataset, tables, own)
    assert server.start(own).uri == first.uri
    assert query(own, "MATCH (u:User) RETURN u.id AS id") == [{"id": "somebody"}]
    assert list((own.home / "scratch").iterdir()) == []


def test_for_an_external_server_the_files_are_written_and_the_command_imports_them(
    graph: Graph, server_settings: Settings, tables: Path, tmp_path: Path
) -> None:
    record = server.start(server_settings)
    env = os.environ | {
        "PYTHONPATH": str(ROOT),
        "NEO4J_URI": record.uri,
        "NEO4J_PASSWORD": record.password(),
        "ISTHMUS_HOME": str(tmp_path / "a home"),
    }
    command = [*ISTHMUS, "ingest", str(tables), "--bulk", "--json"]
    result = subprocess.run(command, env=env, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    document = json.loads(result.stdout)
    assert document["interactions"] == 46
    assert graph.run("MATCH (n) WHERE NOT n:Migration RETURN count(n) AS n", {}) == [{"n": 0}]
    words = shlex.split(document["command"])
    assert words[:5] == ["neo4j-admin", "database", "import", "full", "neo4j"]
    home = tmp_path / "server"
    folders = Folders(home, (server_settings.home / "jars").resolve(), tmp_path / "logs")
    server.process.configure(folders, Connectors(), "512m", "64m")
    import_full(folders, "512m", words[4:], tmp_path / "import.log")
    assert "69 nodes" in (tmp_path / "import.log").read_text()

    graph.run("CREATE (:User {id: 'somebody'})", {})
    result = subprocess.run(command, env=env, capture_output=True, text=True)
    assert result.returncode == 2
    assert "not empty" in json.loads(result.stdout)["error"]["message"]
