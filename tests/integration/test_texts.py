"""Texts of users in any language: interests, recommendations, and how often tables are read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from click.testing import CliRunner

from isthmus.encoders.text.encoder import LocalEncoder
from isthmus.graph.database import statements
from isthmus.graph.ingest.load import ingest_dataset
from isthmus.graph.interests import text_words
from isthmus.graph.interests.corpus import texts_of_graph
from isthmus.graph.interests.embeddings import encode
from isthmus.graph.interests.find import encode_and_find_interests, find_interests
from isthmus.graph.serving.recommend import recommend_for_user
from isthmus.graph.sources import read_dataset
from isthmus.scripts.encode import command

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from isthmus.graph.database.connection import Graph
    from isthmus.graph.ingest.dataset import Dataset
    from isthmus.settings import Settings

ITEMS = """item_id,domain,title,categories
1,books,A history of the Roman empire,history
2,books,The cold equations of deep space,science fiction
3,books,Bread and pastry at home,cooking
4,films,The fall of Rome,history
5,films,Starships beyond the sun,science fiction
6,films,The pastry chef,cooking
"""
TEXTS = """user_id,text,timestamp
mei,我非常喜欢做饭和烘焙，太棒了！,1700000000
mei,科幻小说太糟糕了，浪费时间，我讨厌太空飞船。,1700000000
tom,"Starships and distant planets, I love it, the best!",1700000000
"""


def interests(graph: Graph, user: str) -> dict[str, float]:
    rows = graph.run(
        "MATCH (:User {id: $id})-[s:INTERESTED_IN]->(n) RETURN n.name AS name, s.weight AS weight",
        {"id": user},
    )
    return {row["name"]: row["weight"] for row in rows}


def test_chinese_praise_raises_an_interest_with_an_english_name_and_a_complaint_lowers_one(
    graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "items.csv").write_text(ITEMS, encoding="utf-8")
    (tmp_path / "texts.csv").write_text(TEXTS, encoding="utf-8")
    ingest_dataset(graph, read_dataset(tmp_path), tmp_path, server_settings)
    encode(graph, server_settings)
    find_interests(graph, server_settings)
    mei, tom = interests(graph, "mei"), interests(graph, "tom")
    assert max(mei, key=lambda name: mei[name]) == "cooking"
    assert min(mei, key=lambda name: mei[name]) == "science fiction"
    assert mei["science fiction"] < 0 < mei["cooking"]
    assert max(tom, key=lambda name: tom[name]) == "science fiction"
    polarities = graph.run(
        "MATCH (t:Text)-[:ENCODED_AS]->(v) RETURN v.polarity AS polarity, t.text AS text", {}
    )
    assert sorted(row["polarity"] > 0 for row in polarities) == [False, True, True]
    assert {row["text"] for row in polarities} == {None}
    corpus = texts_of_graph(graph)
    assert len(corpus) == 9
    assert {"The fall of Rome", "我非常喜欢做饭和烘焙，太棒了！"} <= set(corpus)
    for user, first in (("mei", "The pastry chef"), ("tom", "Starships beyond the sun")):
        answer = recommend_for_user(graph, user, "films", 3, server_settings)
        assert answer["items"][0]["title"] == first
        assert {path["kind"] for path in answer["items"][0]["paths"]} >= {"content"}


def test_encode_loads_the_encoder_once_and_skips_the_list_of_interests_with_json(
    graph: Graph, server_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "items.csv").write_text(ITEMS, encoding="utf-8")
    (tmp_path / "texts.csv").write_text(TEXTS, encoding="utf-8")
    ingest_dataset(graph, read_dataset(tmp_path), tmp_path, server_settings)
    loaded: list[str] = []
    initialize, load_statement = LocalEncoder.__init__, statements.load_statement

    def record_encoder(
        encoder: LocalEncoder, name: str, folder: Path, notes: Path, settings: Settings
    ) -> None:
        loaded.append(name)
        initialize(encoder, name, folder, notes, settings)

    def record_statement(name: str) -> statements.Statement:
        loaded.append(name)
        return load_statement(name)

    monkeypatch.setattr(LocalEncoder, "__init__", record_encoder)
    monkeypatch.setattr(statements, "load_statement", record_statement)
    result = CliRunner().invoke(command, ["--home", str(server_settings.home), "--json"])
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["interests"] == 3
    assert loaded.count(server_settings.encoder) == 1
    assert "encode/version" in loaded
    assert "insight/interests" not in loaded


def test_a_run_reads_the_tables_of_texts_once_if_the_graph_does_not_store_the_words(
    graph: Graph, server_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not server_settings.keep_text
    (tmp_path / "items.csv").write_text(ITEMS, encoding="utf-8")
    (tmp_path / "texts.csv").write_text(TEXTS, encoding="utf-8")
    ingest_dataset(graph, read_dataset(tmp_path), tmp_path, server_settings)
    folders: list[Path] = []

    def record_folder(folder: Path) -> Dataset:
        folders.append(folder)
        return read_dataset(folder)

    monkeypatch.setattr(text_words, "read_dataset", record_folder)
    encoding, interests = encode_and_find_interests(graph, server_settings)
    assert folders == [tmp_path]
    assert (encoding.missing, interests.texts) == (0, 3)
