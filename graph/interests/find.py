"""Interests of items, texts and users.

The interests of texts are derived from their embeddings by a reader that is chosen on held-out
texts. Praise raises the interests of the writer, a complaint lowers them.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass

import numpy as np
import polars as pl

from isthmus.encoders.endpoint import ChatReader
from isthmus.encoders.text import TextEncoder, VectorCache, load_encoder
from isthmus.encoders.topics import ReaderChoice, TextReader
from isthmus.graph.database import Graph, Row
from isthmus.graph.interests.chat_reading import read_by_chat
from isthmus.graph.interests.derivation import derive_user_interests
from isthmus.graph.interests.embeddings import EncodingSummary, encode, read_pages
from isthmus.graph.interests.encoder_versions import (
    activate_version,
    active_version_number,
    register_version,
)
from isthmus.graph.interests.hierarchy import build_hierarchy, write_hierarchy
from isthmus.graph.interests.item_interests import (
    build_item_interests,
    existing_interests,
    names_by_category,
)
from isthmus.graph.interests.text_topics import (
    Interests,
    choice_document,
    learn_reader,
    load_texts,
    load_writers_likes,
    read_texts,
    reader_rows,
)
from isthmus.graph.interests.text_words import TextWords
from isthmus.settings import Settings

MAX_SHOWN_INTERESTS = 15


@dataclass(frozen=True)
class InterestSummary:
    """The result of finding interests.

    Attributes:
        interests: Number of interests.
        items: Number of items with interests.
        texts: Number of texts.
        wider: Number of parent interests of clusters, which `interests` does not include.
        seconds: Duration.
    """

    interests: int
    items: int
    texts: int
    wider: int
    seconds: float

    def document(self, largest: list[Row]) -> dict[str, object]:
        """Returns the result as `--json` prints it, with rows of `largest_interests`."""
        return asdict(self) | {"largest": largest}

    def text(self, largest: list[Row]) -> str:
        """Returns the result as text, with rows of `largest_interests`."""
        lines = [
            f"{self.interests:,} interests and {self.wider:,} parent interests of "
            f"{self.items:,} items and {self.texts:,} texts; those with most items:"
        ]
        for row in largest:
            parents = f"; part of {', '.join(row['part_of'])}" if row["part_of"] else ""
            lines.append(f"  {' / '.join(row['names'])}: {row['items']:,} items{parents}")
        return "\n".join(lines)


def largest_interests(graph: Graph) -> list[Row]:
    """Returns the interests of the active version that have most items: `insight/interests`."""
    return graph.read("insight/interests", most=MAX_SHOWN_INTERESTS)


def encode_and_find_interests(
    graph: Graph, settings: Settings, encoder: TextEncoder | None = None
) -> tuple[EncodingSummary, InterestSummary]:
    """Runs `encode` and `find_interests` with one encoder and one reading of the texts' tables."""
    encoder = encoder or load_encoder(settings.encoder, settings.home, settings.threads, settings)
    words = TextWords(graph)
    encoding = encode(graph, settings, encoder, words)
    return encoding, find_interests(graph, settings, encoder, words)


def find_interests(
    graph: Graph,
    settings: Settings,
    encoder: TextEncoder | None = None,
    words: TextWords | None = None,
) -> InterestSummary:
    """Builds interests from the items, and finds the interests of items, texts and users.

    The interests are stored under the encoder's version beside those of other versions. After an
    interruption the graph has old and new interests, with each item linked to those of one kind;
    the next run completes it.

    Args:
        graph: The graph.
        settings: `encoder`, `home` for its files and the vector cache, `seed`, `half_life_days`,
            `interests_by`.
        encoder: The encoder of the settings if it is loaded already; None to load it.
        words: The words of texts, to share with other steps of the run; None to read them here.

    Raises:
        InputError: `interests_by` names a chat model that may not receive texts of users.
    """
    start = time.monotonic()
    chat = ChatReader(settings.interests_by, settings) if settings.interests_by else None
    encoder = encoder or load_encoder(settings.encoder, settings.home, settings.threads, settings)
    words = words or TextWords(graph)
    version = register_version(graph, encoder)
    active = active_version_number(graph) or version
    pages = read_pages(graph, "interests/items", version=version, known=active)
    items = [row for page in pages for row in page]
    existing = existing_interests(graph, items, active)
    given = names_by_category(graph.read("interests/category_names"))
    interests, item_interests = build_item_interests(items, encoder, settings, existing, given)
    hierarchy = build_hierarchy(items, interests, item_interests, existing)
    texts = load_texts(graph, version, words)
    cache = VectorCache(settings.home / "vectors")
    likes = load_writers_likes(graph)
    learned_from = (interests, items, item_interests, texts, likes, encoder, cache)
    reader, choice = learn_reader(*learned_from)
    about, polarity = read_texts(reader, interests.ids, texts, encoder, cache)
    if chat is not None:
        choice, about = read_by_chat(chat, learned_from, reader, choice, about)
    _write_interests(graph, interests, reader, choice, version)
    graph.write_batches(
        "interests/set_item_interests",
        _item_rows(item_interests),
        "link items to interests",
        version=version,
    )
    columns = {"id": texts.ids, "polarity": polarity, "about": about}
    # A text whose words are gone was read when it was recorded, and is not read again.
    fresh = [
        words is not None or not read for words, read in zip(texts.words, texts.read, strict=True)
    ]
    text_rows = pl.DataFrame(columns, schema=_TEXT_SCHEMA).filter(
        pl.Series(fresh, dtype=pl.Boolean)
    )
    graph.write_batches(
        "interests/set_text_interests", text_rows, "link texts to interests", version=version
    )
    write_hierarchy(graph, hierarchy, version)
    graph.write_in_transactions("interests/delete_orphans", version=version)
    derive_user_interests(graph, settings.half_life_days, version)
    activate_version(graph, version)
    return InterestSummary(
        interests=len(interests.ids),
        items=len(item_interests),
        texts=len(texts.ids),
        wider=len(hierarchy.cluster_parents),
        seconds=round(time.monotonic() - start, 3),
    )


_ABOUT_SCHEMA = pl.Schema(
    {
        "id": pl.String(),
        "about": pl.List(pl.Struct({"interest": pl.String(), "weight": pl.Float64()})),
    }
)


_TEXT_SCHEMA = pl.Schema(
    {
        "id": pl.String(),
        "polarity": pl.Float64(),
        "about": pl.List(
            pl.Struct({"interest": pl.String(), "weight": pl.Float64(), "polarity": pl.Float64()})
        ),
    }
)


def _write_interests(
    graph: Graph, interests: Interests, reader: TextReader, choice: ReaderChoice, version: int
) -> None:
    """Stores interests with their direction and offsets, and the reader on the encoder version."""
    vectors = pl.List(pl.Float64)
    frame = pl.DataFrame(
        {
            "id": interests.ids,
            "languages": [list(names) for names in interests.names],
            "names": [list(names.values()) for names in interests.names],
            "embedding": interests.vectors.astype(np.float64).tolist(),
            "direction": reader.topics.directions.astype(np.float64).tolist(),
            "offsets": reader.topics.offsets.tolist(),
        },
        schema_overrides={
            "id": pl.String,
            "languages": pl.List(pl.String),
            "names": pl.List(pl.String),
            "embedding": vectors,
            "direction": vectors,
            "offsets": vectors,
        },
    )
    graph.write_batches(
        "interests/set_interests", frame, "store interests", size=2_000, version=version
    )
    choice_json = choice_document(choice)
    graph.write("interests/set_reader", version=version, choice=choice_json, **reader_rows(reader))


def _item_rows(item_interests: dict[str, list[Row]]) -> pl.DataFrame:
    rows = [
        {"id": item, "about": [{"interest": i["id"], "weight": i["weight"]} for i in interests]}
        for item, interests in item_interests.items()
    ]
    return pl.DataFrame(rows, schema=_ABOUT_SCHEMA)
