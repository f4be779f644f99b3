"""Synthetic interactions of any size: two domains that share tastes, popularity by power law."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from isthmus.gnn.data.arrays import InterestGraph
from isthmus.gnn.edges.edge_list import Edges
from isthmus.gnn.edges.learned import LearnedEdges, MergeWeights

INTERACTIONS, USERS, ITEMS = 250_000, 6_250, 3_125
DOMAINS = ("films", "recipes")
TASTES = 100
TASTES_A_USER = 3
# Of interactions that follow a taste; the others follow popularity alone.
BY_TASTE = 0.7
# Ranks are drawn as a uniform number to this power: the larger, the more popular the popular.
SKEW = 3
# Of users, those with a history in both domains.
IN_BOTH = 0.5
FIRST_DAY, DAYS, DAY = 1_700_000_000, 365, 86_400


def interactions(scale: int, seed: int = 7) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The user and the item of each interaction, no pair twice; items of the domains alternate.

    Args:
        scale: Times 250,000 interactions, 6,250 users and 3,125 items, before pairs are merged.
        seed: Of all that is drawn.
    """
    rng = np.random.default_rng(seed)
    users, items = USERS * scale, ITEMS * scale // len(DOMAINS)
    activity = rng.lognormal(0, 1, users)
    user = rng.choice(users, INTERACTIONS * scale, p=activity / activity.sum())
    taste = rng.integers(0, TASTES, (users, TASTES_A_USER))[
        user, rng.integers(0, TASTES_A_USER, len(user))
    ]
    home = rng.integers(0, len(DOMAINS), users)
    wanders = rng.random(users) < IN_BOTH
    domain = np.where(wanders[user], rng.integers(0, len(DOMAINS), len(user)), home[user])
    rank = rng.random(len(user)) ** SKEW
    by_taste = rng.random(len(user)) < BY_TASTE
    of_taste = (rank * (items // TASTES)).astype(np.int64) * TASTES + taste
    place = np.where(by_taste, of_taste, (rank * items).astype(np.int64))
    pairs = np.unique(user * (items * len(DOMAINS)) + place * len(DOMAINS) + domain)
    return pairs // (items * len(DOMAINS)), pairs % (items * len(DOMAINS))


def write_tables(folder: Path, scale: int, seed: int = 7) -> None:
    """The same as Parquet tables: dated likes and dislikes; the taste of an item is its category.

    Args:
        folder: Where items.parquet and interactions.parquet are written.
        scale: As above.
        seed: As above.
    """
    user, item = interactions(scale, seed)
    rng = np.random.default_rng(seed)
    domains = np.array(DOMAINS)
    seen = np.unique(item)
    taste = pl.format("taste {}", pl.col("item_id") // len(DOMAINS) % TASTES)
    pl.DataFrame({"item_id": seen, "domain": domains[seen % len(DOMAINS)]}).with_columns(
        pl.format("{}: number {}", taste, "item_id").alias("title"), taste.alias("categories")
    ).write_parquet(folder / "items.parquet")
    pl.DataFrame(
        {
            "user_id": user,
            "domain": domains[item % len(DOMAINS)],
            "item_id": item,
            "weight": rng.choice([-0.6, 0.2, 0.6, 1.0], len(user)),
            "timestamp": FIRST_DAY + rng.integers(0, DAYS * DAY, len(user)),
        }
    ).write_parquet(folder / "interactions.parquet")


def drawn_edges(data: InterestGraph, scale: int, most: int, seed: int) -> LearnedEdges:
    """A stand-in for a training: edges drawn as the interactions are, each with its own weight.

    Args:
        data: A snapshot of the tables of that scale, an interest a taste.
        scale: As above.
        most: Edges of each kind that leave an item or an interest, at most.
        seed: Two seeds give two generations that answer differently.
    """
    rng = np.random.default_rng(seed)
    places = ITEMS * scale // len(DOMAINS)
    number = np.array([int(key.partition(":")[2]) for key in data.items.tolist()])
    item_at = np.full((len(DOMAINS), places), -1)
    item_at[number % len(DOMAINS), number // len(DOMAINS)] = np.arange(len(number))

    def drawn(tastes: NDArray[np.int64], domains: NDArray[np.int64]) -> Edges:
        source = np.repeat(np.arange(len(tastes)), 3 * most)
        rank = rng.random(len(source)) ** SKEW
        of_taste = (rank * (places // TASTES)).astype(np.int64) * TASTES + tastes[source]
        by_taste = rng.random(len(source)) < BY_TASTE
        place = np.where(by_taste, of_taste, (rank * places).astype(np.int64))
        table = pl.DataFrame({"source": source, "target": item_at[domains[source], place]})
        kept = (
            table.filter(pl.col("target") >= 0)
            .unique(maintain_order=True)
            .filter(pl.int_range(pl.len()).over("source") < most)
        )
        weights = rng.exponential(0.2, len(kept)).astype(np.float32)
        return Edges(kept["source"].to_numpy(), kept["target"].to_numpy(), weights)

    taste, home = number // len(DOMAINS) % TASTES, number % len(DOMAINS)
    interests = np.array([int(name.split()[1]) for name in data.interests.tolist()])
    return LearnedEdges(
        transfer=drawn(taste, 1 - home),
        interest=drawn(interests, interests % len(DOMAINS)),
        co_liked=drawn(taste, home),
        merge={name: MergeWeights(1.0, 1.0, 1.0, 0.1) for name in data.domains},
    )
