"""Titles and texts to embeddings in the graph; only what has none of a version is encoded."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import polars as pl

from isthmus.encoders.text.encoder import Kind, TextEncoder, load_encoder
from isthmus.encoders.text.vector_cache import VectorCache, encode_cached
from isthmus.errors import IsthmusError
from isthmus.graph.database.connection import Graph, Row
from isthmus.graph.ingest.dataset import resolve_items
from isthmus.graph.ingest.rows import item_key, known_items, text_id
from isthmus.graph.interests.encoder_versions import version_of
from isthmus.settings import Settings

logger = logging.getLogger("isthmus")

PAGE = 5_000
NAMED = 5


@dataclass(frozen=True)
class NotFound:
    """Texts whose words neither the graph nor any table holds, so that they have no embedding.

    Attributes:
        tables: The folder that they came from.
        texts: How many.
        ids: Keys of the first ones.
    """

    tables: str
    texts: int
    ids: list[str]


@dataclass(frozen=True)
class Encoded:
    """What a run encoded.

    Attributes:
        version: Number of the encoder version that the vectors are of.
        encoded: Texts that the model encoded.
        cached: Texts whose vectors came from the cache.
        seconds: From start to end.
        missing: Texts without an embedding because their words were not found.
        not_found: The same by the tables that they came from.
    """

    version: int
    encoded: int
    cached: int
    seconds: float
    missing: int
    not_found: list[NotFound]

    def document(self) -> dict[str, object]:
        """The result as `--json` prints it."""
        return asdict(self)


def encode(graph: Graph, settings: Settings, encoder: TextEncoder | None = None) -> Encoded:
    """Gives items and texts the embeddings of an encoder that they lack.

    They are stored under the encoder's version, beside those of others; which one is read does not
    change. Interrupted, the next run goes on where it stopped.

    Args:
        graph: The graph.
        settings: `encoder`, `home` for its files and the vector cache, `threads`.
        encoder: The settings' own, where it is at hand already; else it is loaded.
    """
    start = time.monotonic()
    if encoder is None:
        encoder = load_encoder(settings.encoder, settings.home, settings.threads)
    version = version_of(graph, encoder)
    cache = VectorCache(settings.home / "vectors")
    encoded = cached = 0
    for page in pages(graph, "encode/items_without_embedding", version=version):
        new, old = _encode_page(graph, encoder, cache, "item", version, page)
        encoded, cached = encoded + new, cached + old
    words: dict[str, str] | None = None
    lost: list[Row] = []
    for page in pages(graph, "encode/texts_without_embedding", version=version):
        if words is None and any(row["text"] is None for row in page):
            words = words_from_tables(graph)
        for row in page:
            if row["text"] is None and words is not None:
                row["text"] = words.get(row["id"])
        lost += [row for row in page if row["text"] is None]
        rows = [row for row in page if row["text"] is not None]
        new, old = _encode_page(graph, encoder, cache, "text", version, rows)
        encoded, cached = encoded + new, cached + old
    not_found = _not_found(lost)
    seconds = round(time.monotonic() - start, 3)
    return Encoded(version, encoded, cached, seconds, len(lost), not_found)


def delete_orphans(graph: Graph) -> None:
    """Deletes vectors, texts and accounts whose items and users somebody has deleted by hand."""
    graph.write_in_transactions("admin/delete_orphans")


def pages(graph: Graph, name: str, limit: int = PAGE, **parameters: object) -> Iterator[list[Row]]:
    """Reads a statement page by page; it returns a column `id` and takes `after` and `limit`."""
    after = ""
    while page := graph.read(name, after=after, limit=limit, **parameters):
        after = page[-1]["id"]
        yield page


def _encode_page(
    graph: Graph,
    encoder: TextEncoder,
    cache: VectorCache,
    node: Literal["item", "text"],
    version: int,
    rows: list[Row],
) -> tuple[int, int]:
    if not rows:
        return 0, 0
    kind: Kind = "passage" if node == "item" else "query"
    vectors, encoded, cached = encode_cached(encoder, cache, [row["text"] for row in rows], kind)
    frame = pl.DataFrame({"id": [row["id"] for row in rows], "embedding": vectors})
    frame = frame.with_columns(pl.col("embedding").cast(pl.List(pl.Float64)))
    graph.write_batches(
        f"encode/set_{node}_embeddings", frame, f"store {node} vectors", version=version
    )
    return encoded, cached


def _not_found(lost: list[Row]) -> list[NotFound]:
    """Says which texts have no embedding, and where they came from."""
    ids: dict[str, list[str]] = {}
    for row in lost:
        ids.setdefault(row["tables"] or "tables that were not recorded", []).append(row["id"])
    found = [NotFound(tables, len(of), of[:NAMED]) for tables, of in sorted(ids.items())]
    for some in found:
        logger.warning(
            "%d texts have no embedding: the graph does not keep their words, and the tables that "
            "were loaded do not hold them any more. They came from %s; their ids: %s%s. Ingest "
            "those tables again from where they are now.",
            some.texts,
            some.tables,
            ", ".join(some.ids),
            " …" if some.texts > len(some.ids) else "",
        )
    return found


def with_words(graph: Graph, texts: list[Row]) -> list[Row]:
    """Rows of texts, their `text` from the tables where the graph does not keep it, or None."""
    if any(row["text"] is None for row in texts):
        words = words_from_tables(graph)
        for row in texts:
            if row["text"] is None:
                row["text"] = words.get(row["id"])
    return texts


def words_from_tables(graph: Graph) -> dict[str, str]:
    """The words of texts by their key, from the tables that were loaded."""
    from isthmus.graph.sources import read_dataset

    words: dict[str, str] = {}
    for row in graph.read("encode/datasets"):
        try:
            dataset = read_dataset(Path(row["path"]))
        except IsthmusError as error:
            logger.warning("cannot read %s again: %s", row["path"], error.message)
            continue
        texts, _ = resolve_items(dataset.texts, known_items(graph, dataset))
        texts = texts.with_columns(item_key(pl.col("domain"), pl.col("item_id")).alias("item_key"))
        columns = texts.select("user_id", "item_key", "timestamp", "text")
        words |= {text_id(*values): values[3] for values in columns.iter_rows()}
    return words
