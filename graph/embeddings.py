"""Titles, names and texts to embeddings in the graph; only what has none is encoded."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import polars as pl

from encoders.cache import VectorCache, encode_cached
from encoders.text import TextEncoder, load_encoder
from graph.connection import Graph, Row
from graph.ingest import item_key, known_items, text_id
from graph.records import resolve_items
from isthmus.errors import InputError, IsthmusError
from isthmus.settings import Settings

logger = logging.getLogger("isthmus")

PAGE = 5_000


@dataclass(frozen=True)
class Encoded:
    """How many texts were encoded, and how many came from the cache."""

    encoded: int
    cached: int
    seconds: float
    missing: int = 0

    def document(self) -> dict[str, object]:
        """The result as `--json` prints it."""
        return asdict(self)


def encode(graph: Graph, settings: Settings, again: bool = False) -> Encoded:
    """Gives items and texts their embeddings; interrupted, the next run goes on where it stopped.

    Args:
        graph: The graph.
        settings: `encoder`, `home` for its files and the vector cache, `threads`.
        again: Also those that have an embedding, for a new encoder.

    Raises:
        InputError: The graph's embeddings are of another encoder, and `again` is not set.
    """
    start = time.monotonic()
    encoder = load_encoder(settings.encoder, settings.home, settings.threads)
    _one_encoder(graph, encoder, again)
    missing = 0
    words: dict[str, str] | None = None
    encoded = cached = 0
    cache = VectorCache(settings.home / "vectors")
    kinds: tuple[tuple[str, Literal["query", "passage"]], ...] = (
        ("item", "passage"),
        ("text", "query"),
    )
    for node, kind in kinds:
        for page in pages(graph, f"encode/{node}s_without_embedding", again=again):
            if node == "text" and words is None and any(r["text"] is None for r in page):
                words = words_from_tables(graph)
            for row in page:
                if row["text"] is None and words is not None:
                    row["text"] = words.get(row["id"])
            missing += sum(row["text"] is None for row in page)
            rows = [row for row in page if row["text"] is not None]
            new, old = _encode_page(graph, encoder, cache, node, kind, rows)
            encoded, cached = encoded + new, cached + old
    if missing:
        logger.warning(
            "%d texts have no embedding: the graph does not keep their words, and they are not in "
            "the tables that were loaded. Ingest those tables again from where they are now.",
            missing,
        )
    return Encoded(encoded, cached, round(time.monotonic() - start, 3), missing)


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
    node: str,
    kind: Literal["query", "passage"],
    rows: list[Row],
) -> tuple[int, int]:
    if not rows:
        return 0, 0
    vectors, encoded, cached = encode_cached(encoder, cache, [row["text"] for row in rows], kind)
    frame = pl.DataFrame({"id": [row["id"] for row in rows], "embedding": vectors})
    frame = frame.with_columns(pl.col("embedding").cast(pl.List(pl.Float64)))
    graph.write_batches(f"encode/set_{node}_embeddings", frame, f"store {node} vectors")
    return encoded, cached


def _one_encoder(graph: Graph, encoder: TextEncoder, again: bool) -> None:
    """A graph's embeddings are of one encoder, or comparing them means nothing."""
    known = graph.read("encode/encoder")
    if known and known[0]["name"] != encoder.name and not again:
        raise InputError(
            f"The embeddings in this graph are of {known[0]['name']}, the setting says "
            f"{encoder.name}.",
            "Run `isthmus encode --again` to encode everything anew, or set the encoder back.",
        )
    graph.write("encode/set_encoder", name=encoder.name, dimensions=encoder.dimensions)


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
    from graph.sources import read_dataset

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
