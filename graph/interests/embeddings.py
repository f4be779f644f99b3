"""Embeddings of items and texts in the graph; encodes only those without one of a version."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Literal

import polars as pl

from isthmus.encoders.text import Kind, TextEncoder, VectorCache, encode_cached, load_encoder
from isthmus.graph.database import Graph, Row
from isthmus.graph.interests.encoder_versions import register_version
from isthmus.graph.interests.text_words import TextWords
from isthmus.settings import Settings

logger = logging.getLogger("isthmus")

PAGE_ROWS = 5_000
MAX_NAMED_TEXTS = 5


@dataclass(frozen=True)
class MissingTexts:
    """Texts without an embedding because neither the graph nor a table has their words.

    Attributes:
        tables: Folder of the tables that they were loaded from.
        texts: Number of texts.
        ids: Ids of the first `MAX_NAMED_TEXTS` of them.
    """

    tables: str
    texts: int
    ids: list[str]


@dataclass(frozen=True)
class EncodingSummary:
    """The result of encoding.

    Attributes:
        version: Number of the encoder version of the vectors.
        encoded: Number of items and texts that the model encoded.
        cached: Number of items and texts whose vectors came from the cache.
        seconds: Duration.
        missing: Number of texts without an embedding because their words were not found.
        not_found: These texts by the tables that they were loaded from.
    """

    version: int
    encoded: int
    cached: int
    seconds: float
    missing: int
    not_found: list[MissingTexts]

    def document(self) -> dict[str, object]:
        """The result as `--json` prints it."""
        return asdict(self)


def encode(
    graph: Graph,
    settings: Settings,
    encoder: TextEncoder | None = None,
    words: TextWords | None = None,
) -> EncodingSummary:
    """Encodes the items and texts that have no embedding of the encoder's version.

    The vectors are stored under this version beside those of other versions; the active version
    does not change. After an interruption the next run continues where this one stopped.

    Args:
        graph: The graph.
        settings: `encoder`, `home` for its files and the vector cache, `threads`.
        encoder: The encoder of the settings if it is loaded already; None to load it.
        words: The words of texts, to share with other steps of the run; None to read them here.
    """
    start = time.monotonic()
    encoder = encoder or load_encoder(settings.encoder, settings.home, settings.threads, settings)
    words = words or TextWords(graph)
    version = register_version(graph, encoder)
    cache = VectorCache(settings.home / "vectors")
    encoded = cached = 0
    for page in read_pages(graph, "encode/items_without_embedding", version=version):
        new, old = _encode_page(graph, encoder, cache, "item", version, page)
        encoded, cached = encoded + new, cached + old
    without_words: list[Row] = []
    for page in read_pages(graph, "encode/texts_without_embedding", version=version):
        words.attach(page)
        without_words += [row for row in page if row["text"] is None]
        rows = [row for row in page if row["text"] is not None]
        new, old = _encode_page(graph, encoder, cache, "text", version, rows)
        encoded, cached = encoded + new, cached + old
    missing = _group_by_tables(without_words)
    for group in missing:
        _warn_missing(group)
    seconds = round(time.monotonic() - start, 3)
    return EncodingSummary(version, encoded, cached, seconds, len(without_words), missing)


def delete_orphans(graph: Graph) -> None:
    """Deletes vectors, texts and accounts whose items or users were deleted by hand."""
    graph.write_in_transactions("admin/delete_orphans")


def read_pages(
    graph: Graph, name: str, limit: int = PAGE_ROWS, after: str = "", **parameters: object
) -> Iterator[list[Row]]:
    """Reads a statement page by page, from the one after the id `after`.

    The statement takes the parameters `after` and `limit` and returns a column `id`.
    """
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
    """Encodes and stores a page; returns the numbers of encoded and of cached vectors."""
    if not rows:
        return 0, 0
    kind: Kind = "passage" if node == "item" else "query"
    vectors, encoded, cached = encode_cached(encoder, cache, [row["text"] for row in rows], kind)
    frame = pl.DataFrame({"id": [row["id"] for row in rows], "embedding": vectors})
    frame = frame.with_columns(pl.col("embedding").cast(pl.List(pl.Float64)))
    graph.write_batches(
        f"encode/set_{node}_embeddings", frame, f"store {node} embeddings", version=version
    )
    return encoded, cached


def _group_by_tables(texts: list[Row]) -> list[MissingTexts]:
    """Groups texts without words by the folder of their tables."""
    ids: dict[str, list[str]] = {}
    for row in texts:
        ids.setdefault(row["tables"] or "tables that were not recorded", []).append(row["id"])
    return [
        MissingTexts(tables, len(group), group[:MAX_NAMED_TEXTS])
        for tables, group in sorted(ids.items())
    ]


def _warn_missing(group: MissingTexts) -> None:
    logger.warning(
        "%d texts have no embedding: the graph does not store their words, and the loaded tables "
        "do not contain them any more. They came from %s; their ids: %s%s. Ingest these tables "
        "again from their present folder.",
        group.texts,
        group.tables,
        ", ".join(group.ids),
        " …" if group.texts > len(group.ids) else "",
    )
