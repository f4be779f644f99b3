"""The server of our own caches its graph whole, within bounds."""

from __future__ import annotations

from pathlib import Path

import psutil

from isthmus.graph.server import lifecycle as server
from isthmus.graph.server.folders import LEAST_PAGE_CACHE, Folders
from isthmus.settings import Settings


def test_the_page_cache_holds_the_graph_within_bounds(tmp_path: Path) -> None:
    folders = Folders(tmp_path, tmp_path / "jars", tmp_path / "logs")
    assert folders.page_cache() == f"{LEAST_PAGE_CACHE >> 20}m"
    store = folders.data / "databases" / "neo4j" / "neostore.relationshipstore.db"
    store.parent.mkdir(parents=True)
    most = psutil.virtual_memory().total // 4
    for size, held in ((most // 2, most // 8 * 5), (2 * most, most)):
        with store.open("wb") as file:
            file.truncate(size)  # a sparse file takes no disk
        assert abs(int(folders.page_cache()[:-1]) - (held >> 20)) <= 1
    told = Settings(home=tmp_path, neo4j_uri=None, server_page_cache="64m")
    assert server.page_cache(told) == "64m"
