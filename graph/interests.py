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
from numpy.typing import NDArray
from scipy.sparse import csr_array

from encoders.cache import VectorCache, encode_cached
from encoders.text import TextEncoder, load_encoder
from encoders.topics import Topics
from graph.connection import Graph, Row
from graph.embeddings import Encoded, encode, pages
from graph.item_interests import interests_of_items, known_interests
from graph.nesting import nested, write_nesting
from graph.texts import Interests, Texts, most_likely, read_texts, written
from graph.versions import answer_without_generation, number_of_answering, version_of
from isthmus.settings import Settings

if TYPE_CHECKING:
    from gnn.data import InterestGraph

SHOWN = 15
INTERESTS_A_USER = 20
# What somebody writes about without praise or complaint interests them half as much.
NEUTRAL, POLARITY = 0.5, 1.5
DECIMALS = 12
"""Of what users are interested in, so that it does not depend on the order of a sum."""


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


def derive_user_interests(graph: Graph, half_life_days: float, version: int | None) -> None:
    """Computes INTERESTED_IN of every user anew, in the interests of an encoder version."""
    graph.write_in_transactions(
        "interests/derive_user_interests",
        half_life_days=half_life_days,
        neutral=NEUTRAL,
        polarity=POLARITY,
        most=INTERESTS_A_USER,
        decimals=DECIMALS,
        version=version,
    )


def interests_of_users(
    data: InterestGraph, pairs: pl.DataFrame, texts: pl.DataFrame, settings: Settings
) -> csr_array:
    """What `derive_user_interests` computes in the graph, from tables and without a graph.

    Args:
        data: Users, items and interests, and what the items are about.
        pairs: `user_id`, `key`, `weight`, `last_at` in milliseconds, one row a user and item.
        texts: `id`, `user_id`, `item_key`, `written_at` in milliseconds, `text`.
        settings: `encoder` for the texts, `half_life_days`.

    Returns:
        Weights of INTERESTED_IN, float32 CSR (users, interests).
    """
    texts = texts.sort("id").join(
        pairs.select("user_id", pl.col("key").alias("item_key"), pl.col("weight").alias("said")),
        on=["user_id", "item_key"],
        how="left",
        maintain_order="left",
    )
    about, polarity = _about(data, texts, settings)
    did = pairs.select("user_id", pl.col("key").alias("thing"), "weight", _seconds("last_at"))
    interested = (NEUTRAL + POLARITY * pl.Series(polarity)).clip(-1, 1)
    wrote = texts.select(
        "user_id",
        pl.col("id").alias("thing"),
        pl.when(pl.col("said").is_null())
        .then(interested)
        .otherwise(pl.when(pl.col("said") < 0).then(-1.0).otherwise(1.0))
        .alias("weight"),
        _seconds("written_at"),
    )
    things = pl.concat([did, wrote]).with_columns(
        pl.col("at").max().over("user_id").alias("newest"),
        pl.len().over("user_id").alias("evidence"),
    )
    days = (pl.col("newest") - pl.col("at")) / 86_400
    decay = pl.lit(0.5).pow(days / settings.half_life_days).fill_null(1.0)
    weight = (pl.col("weight") * pl.col("part") * decay).sum() / pl.col("evidence").first()
    derived = (
        things.join(about, on="thing")
        .group_by("user_id", "interest")
        .agg((weight.round(DECIMALS) + 0.0).alias("weight"))
        .sort("user_id", -pl.col("weight").abs(), "interest")
        .group_by("user_id", maintain_order=True)
        .head(INTERESTS_A_USER)
    )
    rows = np.searchsorted(data.users, derived["user_id"].to_numpy().astype(np.str_))
    values = derived["weight"].to_numpy().astype(np.float32)
    shape = (len(data.users), len(data.interests))
    return csr_array((values, (rows, derived["interest"].to_numpy())), shape=shape)


def _about(
    data: InterestGraph, texts: pl.DataFrame, settings: Settings
) -> tuple[pl.DataFrame, NDArray[np.float64]]:
    """`thing`, `interest` by its place, `part`: what items and texts are about; their polarity."""
    encoder = load_encoder(settings.encoder, settings.home, settings.threads)
    cache = VectorCache(settings.home / "vectors")
    vectors, _, _ = encode_cached(encoder, cache, texts["text"].to_list(), "query")
    ids = data.interests.tolist()
    of_items = data.item_interests.tocoo()
    about: dict[str, list[Row]] = {}
    for item, interest, part in zip(
        data.items[of_items.row].tolist(),
        of_items.col.tolist(),
        of_items.data.tolist(),
        strict=True,
    ):
        about.setdefault(item, []).append({"id": ids[interest], "weight": part})
    wrote = Texts(
        ids=texts["id"].to_list(),
        vectors=vectors,
        words=texts["text"].to_list(),
        items=texts["item_key"].to_list(),
        said=texts["said"].fill_null(0.0).to_numpy(),
    )
    interests = Interests(ids, [], data.interest_vectors)
    topics, polarity = read_texts(interests, about, wrote, encoder)
    place = {interest: k for k, interest in enumerate(ids)}
    of_texts = [
        (text, place[found["interest"]], found["weight"])
        for text, interests in zip(wrote.ids, most_likely(ids, topics, vectors), strict=True)
        for found in interests
    ]
    schema = {"thing": pl.String(), "interest": pl.Int64(), "part": pl.Float64()}
    parts = pl.DataFrame([data.items[of_items.row], of_items.col, of_items.data], schema=schema)
    frame = pl.concat([parts, pl.DataFrame(of_texts, schema=schema, orient="row")])
    return frame, polarity


def _seconds(name: str) -> pl.Expr:
    """Whole seconds as `epochSeconds` of a date in the graph."""
    return (pl.col(name) // 1000).alias("at")


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
