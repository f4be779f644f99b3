"""A small graph with an active generation whose scores are known by heart, and awkward ids.

In films, `ana` (who likes b/1) is recommended f1 (2.0), f3 (0.5), f2 (0.0), and `ODD` (who likes
b:2 🚀) f2 (3.0), f1 (0.0), f3 (0.0).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from isthmus.gnn.edges.edge_list import EdgeList
from isthmus.gnn.edges.learned import LearnedEdges, MergeWeights
from isthmus.graph.generations.publish import Provenance, publish_generation
from isthmus.graph.generations.snapshot import read_snapshot
from isthmus.graph.ingest.load import ingest_dataset
from isthmus.graph.interests.derivation import derive_user_interests
from isthmus.graph.interests.find import encode_and_find_interests
from isthmus.graph.sources import read_dataset

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from isthmus.gnn.data.arrays import InterestGraph
    from isthmus.graph.database.connection import Graph
    from isthmus.settings import Settings

ODD = "wei/微:1 🎈"
ITEMS = """item_id,domain,title,categories
b/1,books,星际飞船 Starships of Orion,science fiction
b:2 🚀,books,A history of the Roman empire,history
b 3,books,Bread and pastry at home,cooking
f1,films,Starships beyond the sun,science fiction
f2,films,罗马的陷落,history
f3,films,The pastry chef,cooking
"""
INTERACTIONS = f"""user_id,item_id,timestamp
ana,b/1,1700000000
{ODD},b:2 🚀,1700000000
tom,b/1,1700000000
tom,f1,1700086400
"""
TEXTS = """user_id,text
li,"I love baking bread, the best!"
"""
CATEGORIES = "category,language,name\nhistory,zh,历史\ncooking,zh,烹饪\n"
BY_HAND = """
CREATE (:Encoder {version: 1, state: 'active', name: 'by hand', fingerprint: '', dimensions: 2})
WITH 1 AS version
MATCH (i:Item)
CREATE (i)-[:ENCODED_AS]->(:ItemVector {item: i.key, domain: i.domain, version: version,
                                        vector: [0.6, 0.8]})
MERGE (n:Interest {id: 'category:' + i.categories[0], version: version})
SET n.name = i.categories[0], n.embedding = [0.6, 0.8]
CREATE (i)-[:ABOUT {weight: 1.0}]->(n)
"""
TRANSFER = (("b/1", "f1", 2.0), ("b/1", "f3", 0.5), ("b:2 🚀", "f2", 3.0), ("f1", "b/1", 1.0))
CO_LIKED = (("f1", "f2", 0.5),)


def load_served_graph(
    graph: Graph, settings: Settings, folder: Path, encoded: bool = True
) -> Graph:
    """Loads the tables and activates generation 1.

    Args:
        graph: An empty graph.
        settings: The settings.
        folder: An empty folder for the tables.
        encoded: Encode titles and texts, so that texts can be read; otherwise interests and vectors
            are written by hand, which is faster.
    """
    write_tables(folder)
    ingest_dataset(graph, read_dataset(folder), folder, settings)
    if encoded:
        encode_and_find_interests(graph, settings)
    else:
        graph.run(BY_HAND, {})
        derive_user_interests(graph, settings.half_life_days, 1)
    publish(graph)
    return graph


def write_tables(folder: Path) -> Path:
    for name, text in (
        ("items", ITEMS),
        ("interactions", INTERACTIONS),
        ("texts", TEXTS),
        ("categories", CATEGORIES),
    ):
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def publish(graph: Graph, transfer: Sequence[tuple[str, str, float]] = TRANSFER) -> int:
    """Activates one more generation, with the same edges except those between domains."""
    data = read_snapshot(graph)
    weights = MergeWeights(transfer=1.0, interest=0.0, collaborative=1.0, popularity=0.0)
    learned = LearnedEdges(
        transfer=_edges(data, transfer),
        interest=EdgeList(
            np.flatnonzero(data.interests == "category:cooking"),
            np.flatnonzero(data.items == "films:f3"),
            np.array([4.0], np.float32),
        ),
        co_liked=_edges(data, CO_LIKED),
        merge={"books": weights, "films": weights},
    )
    return publish_generation(graph, data, learned, Provenance("", {}))


def _edges(data: InterestGraph, edges: Sequence[tuple[str, str, float]]) -> EdgeList:
    place = {key.partition(":")[2]: k for k, key in enumerate(data.items.tolist())}
    sources, targets, weights = zip(*edges, strict=True)
    return EdgeList(
        np.array([place[each] for each in sources]),
        np.array([place[each] for each in targets]),
        np.array(weights, np.float32),
    )
