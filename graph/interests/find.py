"""What items and texts are about, and what users are interested in.

What texts are about is read from their embeddings by a discriminant that the texts themselves
teach; praise counts for their writers' interests, complaints against.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from isthmus.encoders.text.encoder import TextEncoder, load_encoder
from isthmus.encoders.topics.discriminant import Topics
from isthmus.graph.database.connection import Graph, Row
from isthmus.graph.interests.derivation import derive_user_interests
from isthmus.graph.interests.embeddings import Encoded, encode, pages
from isthmus.graph.interests.encoder_versions import (
    answer_without_generation,
    number_of_answering,
    version_of,
)
from isthmus.graph.interests.hierarchy import nested, write_nesting
from isthmus.graph.interests.item_interests import interests_of_items, known_interests
from isthmus.graph.interests.text_topics import Interests, most_likely, read_texts, written
from isthmus.settings import Settings

if TYPE_CHECKING:
    pass

SHOWN = 15


@dataclass(frozen=True)
class InterestsFound:
    """What was found.

    Attributes:
        interests: How many interests there are.
        items: How many items are about some.
        texts: How many texts are about some.
        wider: How many families of interests there are beside them.
        seconds: In all.
    """

    interests: int
    items: int
    texts: int
    wider: int
    seconds: float

    def document(self, largest: list[Row]) -> dict[str, object]:
        """The result as `--json` prints it, with rows of `largest_interests`."""
        return asdict(self) | {"largest": largest}

    def text(self, largest: list[Row]) -> str:
        """The result for people, with rows of `largest_interests`."""
        lines = [
            f"{self.interests:,} interests in {self.wider:,} families for {self.items:,} items and "
            f"{self.texts:,} texts; those of most items:"
        ]
        for row in largest:
            within = f"; part of {', '.join(row['part_of'])}" if row["part_of"] else ""
            lines.append(f"  {' / '.join(row['names'])}: {row['items']:,} items{within}")
        return "\n".join(lines)


def largest_interests(graph: Graph) -> list[Row]:
    """Rows of `insight/interests`: those of most items that are read now."""
    return graph.read("insight/interests", most=SHOWN)


def encode_and_find(
    graph: Graph, settings: Settings, encoder: TextEncoder | None = None
) -> tuple[Encoded, InterestsFound]:
    """Embeddings of what has none, then the interests; the arguments are those of both."""
    encoder = encoder or load_encoder(settings.encoder, settings.home, settings.threads)
    return encode(graph, settings, encoder), find_interests(graph, settings, encoder)


def find_interests(
    graph: Graph, settings: Settings, encoder: TextEncoder | None = None
) -> InterestsFound:
    """Makes interests from the items, says what items and texts are about, derives INTERESTED_IN.

    They are those of the version of the settings' encoder, beside those of other versions.
    Interrupted, the graph holds interests of the old and of the new kind, each item being about
    one kind; the next run completes it.

    Args:
        graph: The graph.
        settings: `encoder`, `home` for its files and the vector cache, `seed`, `half_life_days`.
        encoder: The settings' own, where it is at hand already; else it is loaded.
    """
    start = time.monotonic()
    if encoder is None:
        encoder = load_encoder(settings.encoder, settings.home, settings.threads)
    version = version_of(graph, encoder)
    before = number_of_answering(graph) or version
    found = pages(graph, "interests/items", version=version, known=before)
    items = [row for page in found for row in page]
    known = known_interests(graph, items, before)
    interests, about = interests_of_items(items, encoder, settings, known)
    nesting = nested(items, interests, about, known)
    texts = written(graph, version)
    topics, polarity = read_texts(interests, about, texts, encoder)
    _write_interests(graph, interests, topics, version)
    graph.write_batches(
        "interests/set_item_interests", _rows(about), "link items to interests", version=version
    )
    of_texts = pl.DataFrame(
        {
            "id": texts.ids,
            "polarity": polarity,
            "about": most_likely(interests.ids, topics, texts.vectors),
        },
        schema=_ABOUT | {"polarity": pl.Float64()},
    )
    graph.write_batches("interests/set_text_interests", of_texts, "link texts", version=version)
    write_nesting(graph, nesting, version)
    graph.write_in_transactions("interests/delete_orphans", version=version)
    derive_user_interests(graph, settings.half_life_days, version)
    answer_without_generation(graph, version)
    return InterestsFound(
        interests=len(interests.ids),
        items=len(about),
        texts=len(texts.ids),
        wider=len(nesting.families),
        seconds=round(time.monotonic() - start, 3),
    )


_ABOUT = pl.Schema(
    {
        "id": pl.String(),
        "about": pl.List(pl.Struct({"interest": pl.String(), "weight": pl.Float64()})),
    }
)


def _write_interests(graph: Graph, interests: Interests, topics: Topics, version: int) -> None:
    vectors = pl.List(pl.Float64)
    frame = pl.DataFrame(
        {
            "id": interests.ids,
            "languages": [list(names) for names in interests.names],
            "names": [list(names.values()) for names in interests.names],
            "embedding": interests.vectors.astype(np.float64).tolist(),
            "direction": topics.directions.astype(np.float64).tolist(),
            "bias": topics.offsets,
        },
        schema_overrides={
            "id": pl.String,
            "languages": pl.List(pl.String),
            "names": pl.List(pl.String),
            "embedding": vectors,
            "direction": vectors,
        },
    )
    graph.write_batches(
        "interests/set_interests", frame, "store interests", size=2_000, version=version
    )


def _rows(about: dict[str, list[Row]]) -> pl.DataFrame:
    rows = [
        {"id": item, "about": [{"interest": a["id"], "weight": a["weight"]} for a in found]}
        for item, found in about.items()
    ]
    return pl.DataFrame(rows, schema=_ABOUT)
