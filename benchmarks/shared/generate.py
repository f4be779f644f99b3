"""Generates interactions of any number in two domains with common tastes and skewed popularity."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from isthmus.gnn.data import InterestGraph
from isthmus.gnn.edges import EdgeList, LearnedEdges, MergeWeights

INTERACTIONS, USERS, ITEMS = 250_000, 6_250, 3_125
DOMAINS = ("films", "recipes")
TASTES = 100
TASTES_PER_USER = 3
# Share of interactions that follow a taste; the others follow popularity alone.
TASTE_SHARE = 0.7
# Popularity ranks are drawn as a uniform number to this power; a larger one skews them more.
SKEW = 3
# Share of users with a history in both domains.
SHARE_IN_BOTH_DOMAINS = 0.5
FIRST_DAY, DAYS, DAY = 1_700_000_000, 365, 86_400


def interactions(scale: int, seed: int = 7) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draws the user and the item of each interaction, each pair once; domains alternate by item.

    Args:
        scale: Multiple of 250,000 interactions, before duplicates are removed, of 6,250 users and
            of 3,125 items.
        seed: Random seed.
    """
    rng = np.random.default_rng(seed)
    users, items = USERS * scale, ITEMS * scale // len(DOMAINS)
    activity = rng.lognormal(0, 1, users)
    user = rng.choice(users, INTERACTIONS * scale, p=activity / activity.sum())
    taste = rng.integers(0, TASTES, (users, TASTES_PER_USER))[
        user, rng.integers(0, TASTES_PER_USER, len(user))
    ]
    home_domain = rng.integers(0, len(DOMAINS), users)
    in_both = rng.random(users) < SHARE_IN_BOTH_DOMAINS
    domain = np.where(in_both[user], rng.integers(0, len(DOMAINS), len(user)), home_domain[user])
    rank = rng.random(len(user)) ** SKEW
    follows_taste = rng.random(len(user)) < TASTE_SHARE
    item_of_taste = (rank * (items // TASTES)).astype(np.int64) * TASTES + taste
    item = np.where(follows_taste, item_of_taste, (rank * items).astype(np.int64))
    pairs = np.unique(user * (items * len(DOMAINS)) + item * len(DOMAINS) + domain)
    return pairs // (items * len(DOMAINS)), pairs % (items * len(DOMAINS))


def write_tables(folder: Path, scale: int, seed: int = 7) -> None:
    """Writes interactions as Parquet tables, with dates, dislikes and tastes as categories.

    Args:
        folder: The folder of items.parquet and interactions.parquet.
        scale: See `interactions`.
        seed: Random seed.
    """
    user, item = interactions(scale, seed)
    rng = np.random.default_rng(seed)
    domains = np.array(DOMAINS)
    item_ids = np.unique(item)
    taste = pl.format("taste {}", pl.col("item_id") // len(DOMAINS) % TASTES)
    pl.DataFrame({"item_id": item_ids, "domain": domains[item_ids % len(DOMAINS)]}).with_columns(
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


def draw_edges(data: InterestGraph, scale: int, edges_per_node: int, seed: int) -> LearnedEdges:
    """Draws edges in place of a training, distributed like the interactions, with random weights.

    Args:
        data: A snapshot of the tables of this scale, with one interest per taste.
        scale: See `interactions`.
        edges_per_node: Maximum number of edges of each kind that leave an item or an interest.
        seed: Random seed; generations of different seeds give different recommendations.
    """
    rng = np.random.default_rng(seed)
    items_per_domain = ITEMS * scale // len(DOMAINS)
    number = np.array([int(key.partition(":")[2]) for key in data.items.tolist()])
    item_at = np.full((len(DOMAINS), items_per_domain), -1)
    item_at[number % len(DOMAINS), number // len(DOMAINS)] = np.arange(len(number))

    def draw(tastes: NDArray[np.int64], target_domains: NDArray[np.int64]) -> EdgeList:
        source = np.repeat(np.arange(len(tastes)), 3 * edges_per_node)
        rank = rng.random(len(source)) ** SKEW
        item_of_taste = (rank * (items_per_domain // TASTES)).astype(np.int64) * TASTES
        item_of_taste += tastes[source]
        follows_taste = rng.random(len(source)) < TASTE_SHARE
        item = np.where(follows_taste, item_of_taste, (rank * items_per_domain).astype(np.int64))
        table = pl.DataFrame({"source": source, "target": item_at[target_domains[source], item]})
        edges = (
            table.filter(pl.col("target") >= 0)
            .unique(maintain_order=True)
            .filter(pl.int_range(pl.len()).over("source") < edges_per_node)
        )
        weights = rng.exponential(0.2, len(edges)).astype(np.float32)
        return EdgeList(edges["source"].to_numpy(), edges["target"].to_numpy(), weights)

    taste, domain = number // len(DOMAINS) % TASTES, number % len(DOMAINS)
    interests = np.array([int(name.split()[1]) for name in data.interests.tolist()])
    return LearnedEdges(
        transfer=draw(taste, 1 - domain),
        interest=draw(interests, interests % len(DOMAINS)),
        co_liked=draw(taste, domain),
        merge={name: MergeWeights(1.0, 1.0, 1.0, 0.1) for name in data.domains},
    )
