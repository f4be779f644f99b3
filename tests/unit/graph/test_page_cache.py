"""The page cache of isthmus's own server fits the whole graph, within bounds."""

from __future__ import annotations

from pathlib import Path

import psutil

from isthmus.graph.server import lifecycle as server
from isthmus.graph.server.folders import MIN_PAGE_CACHE, Folders
from isthmus.settings import Settings


def test_the_page_cache_fits_the_graph_within_bounds(tmp_path: Path) -> None:
    folders = Folders(tmp_path, tmp_path / "jars", tmp_path / "logs")
    assert folders.page_cache() == f"{MIN_PAGE_CACHE >> 20}m"
    store = folders.data / "databases" / "neo4j" / "neostore.relationshipstore.db"
    store.parent.mkdir(parents=True)
    limit = psutil.virtual_memory().total // 4
    for size, expected in ((limit // 2, limit // 8 * 5), (2 * limit, limit)):
        with store.open("wb") as file:
            file.truncate(size)  # a sparse file uses no disk space
        assert abs(int(folders.page_cache()[:-1]) - (expected >> 20)) <= 1
    settings = Settings(home=tmp_path, neo4j_uri=None, server_page_cache="64m")
    assert server.page_cache_size(settings) == "64m"
