"""Interests of items: their categories, or clusters of their embeddings named by key terms.

A cluster that is found again keeps its id and its names although its items change. Interests of the
same meaning in two languages are merged.
"""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from isthmus.encoders.text import TextEncoder, VectorCache, encode_cached
from isthmus.encoders.topics import (
    MIN_LANGUAGE_SHARE,
    Clusters,
    cluster_vectors,
    find_translations,
    language_of,
    match_clusters,
    name_clusters,
    normalize_rows,
)
from isthmus.graph.database import Graph, Row
from isthmus.graph.interests.text_topics import Interests, Vectors
from isthmus.settings import Settings

logger = logging.getLogger("isthmus")

CATEGORY = "category:"
MAX_SHOWN = 5

ItemInterests = dict[str, list[Row]]
"""Key of an item to its interests, a list of `{"id", "weight"}`."""

Names = dict[str, str]
"""Names of an interest by language, the language of most items first."""


@dataclass(frozen=True)
class ExistingInterests:
    """Interests that a graph has already.

    Attributes:
        names: Names by the id of the interest.
        by_item: Id of the interest by the key of the item, for items with exactly one.
        parents: Id of the parent interest by the id of the cluster.
    """

    names: dict[str, Names] = field(default_factory=dict)
    by_item: dict[str, str] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)


def existing_interests(graph: Graph, items: list[Row], version: int) -> ExistingInterests:
    """Reads the interests that `build_item_interests` continues from.

    Args:
        graph: The graph.
        items: Rows of `interests/items`.
        version: Number of the encoder version of the interests.
    """
    rows = graph.read("interests/known", version=version)
    return ExistingInterests(
        {row["id"]: dict(zip(row["languages"], row["names"], strict=True)) for row in rows},
        {item["id"]: item["about"][0] for item in items if len(item["about"]) == 1},
        {row["id"]: row["parent"] for row in rows if row["parent"]},
    )


def build_item_interests(
    items: list[Row],
    encoder: TextEncoder,
    settings: Settings,
    existing: ExistingInterests | None = None,
    given: dict[str, Names] | None = None,
) -> tuple[Interests, ItemInterests]:
    """Builds interests from the categories of items, or from clusters of their embeddings.

    Args:
        items: Rows of `id`, `title`, `categories`, `embedding`; the last two may be None.
        encoder: Encoder of the interests' names.
        settings: `home` for the vector cache, `seed` for the clusters.
        existing: Existing interests, which keep their ids and names; without them equal items give
            equal interests.
        given: Names of categories by language, by the category without case, as the table
            categories gives them.

    Returns:
        The interests, and the interests of each item that has any.
    """
    existing = existing or ExistingInterests()
    item_interests, category_names = _category_interests(items, given or {})
    item_clusters, names = _cluster_interests(items, existing, settings.seed)
    item_interests |= item_clusters
    names |= {key: names.get(key, {}) | own for key, own in category_names.items()}
    if not names:
        logger.warning("No interests were found: no item has categories or an embedding yet.")
    interests = _embed_interests(items, item_interests, names, encoder, settings)
    duplicates = _find_duplicates(interests, existing)
    if duplicates:
        item_interests, names = _merge_duplicates(item_interests, names, duplicates, existing)
        interests = _embed_interests(items, item_interests, names, encoder, settings)
    return interests, item_interests


def names_by_category(rows: Iterable[Row]) -> dict[str, Names]:
    """Returns names by language by category, from rows of `category`, `language`, `name`."""
    names: dict[str, Names] = {}
    for row in rows:
        names.setdefault(row["category"], {})[row["language"]] = row["name"]
    return names


def items_without_categories(items: list[Row]) -> list[Row]:
    """Returns the items that are clustered: those with an embedding and without categories."""
    return [item for item in items if not item["categories"] and item["embedding"] is not None]


def item_embeddings(items: list[Row]) -> Vectors:
    """Returns the embeddings of items that have one, float32 (items, dimensions)."""
    return np.array([item["embedding"] for item in items], dtype=np.float32)


def cluster_edition(labels: NDArray[np.int64], existing: ExistingInterests) -> str:
    """Returns a hash for the ids of new clusters, which differ from all existing ids."""
    digest = hashlib.sha256(np.asarray(labels, dtype=np.int64).tobytes())
    digest.update("\n".join(sorted(existing.names)).encode())
    return digest.hexdigest()[:8]


def _category_interests(
    items: list[Row], given: dict[str, Names]
) -> tuple[ItemInterests, dict[str, Names]]:
    """Links items to their categories with equal weights, ignoring the case of names."""
    item_interests: ItemInterests = {}
    interest_names: dict[str, Names] = {}
    for item in items:
        names = {name.casefold(): name for name in item["categories"] or []}
        if names:
            # Rounded to float32, so that weights in the graph equal those in arrays.
            weight = float(np.float32(1 / len(names)))
            item_interests[item["id"]] = [
                {"id": CATEGORY + key, "weight": weight} for key in sorted(names)
            ]
            interest_names |= {
                CATEGORY + key: {language_of(name): name} | given.get(key, {})
                for key, name in names.items()
            }
    unknown = [key for key in given if CATEGORY + key not in interest_names]
    if unknown:
        shown = ", ".join(unknown[:MAX_SHOWN]) + (" …" if len(unknown) > MAX_SHOWN else "")
        logger.warning("the table categories names %d that no item has: %s", len(unknown), shown)
    return item_interests, interest_names


def _cluster_interests(
    items: list[Row], existing: ExistingInterests, seed: int
) -> tuple[ItemInterests, dict[str, Names]]:
    """Links items without categories to clusters of their embeddings."""
    clustered = items_without_categories(items)
    if not clustered:
        return {}, {}
    start_interests, start = _start_clusters(clustered, existing)
    clusters = cluster_vectors(item_embeddings(clustered), known=start, seed=seed)
    edition = cluster_edition(clusters.labels, existing)
    ids = [
        start_interests[old] if old >= 0 else f"cluster:{edition}:{new}"
        for new, old in enumerate(match_clusters(start, clusters.labels).tolist())
    ]
    cluster_ids = [ids[label] for label in clusters.labels.tolist()]
    item_interests: ItemInterests = {
        item["id"]: [{"id": interest, "weight": 1.0}]
        for item, interest in zip(clustered, cluster_ids, strict=True)
    }
    return item_interests, name_item_clusters(clustered, cluster_ids, clusters, existing)


def name_item_clusters(
    items: list[Row], cluster_ids: list[str], clusters: Clusters, existing: ExistingInterests
) -> dict[str, Names]:
    """Returns the names of clusters by id: existing names, and key terms of the items' titles.

    Args:
        items: Rows with `title`.
        cluster_ids: Id of the cluster of each item.
        clusters: The clusters of the items.
        existing: Existing interests, which keep their names.
    """
    ids = list(dict.fromkeys(cluster_ids))
    place = {interest: k for k, interest in enumerate(ids)}
    labels = np.array([place[interest] for interest in cluster_ids])
    given = {
        k: existing.names[interest] for interest, k in place.items() if existing.names.get(interest)
    }
    titles = [item["title"] for item in items]
    return dict(zip(ids, name_clusters(titles, labels, clusters.closeness, given), strict=True))


def _start_clusters(
    items: list[Row], existing: ExistingInterests
) -> tuple[list[str], NDArray[np.int64]]:
    """Returns the clusters to start from: existing interests, split by language.

    Languages lie apart in the embedding space: without the split, the items of the rarer language
    would be lost to other clusters of that language.

    Returns:
        The interest of each cluster, and the cluster of each item or -1.
    """
    keys = [
        (existing.by_item[item["id"]], language_of(item["title"]))
        if item["id"] in existing.by_item
        else None
        for item in items
    ]
    counts = Counter(key for key in keys if key)
    sizes: Counter[str] = Counter()
    main_language: dict[str, tuple[str, str]] = {}
    for key, count in counts.most_common():
        sizes[key[0]] += count
        main_language.setdefault(key[0], key)
    merged_keys = [
        key
        if key is None or counts[key] >= MIN_LANGUAGE_SHARE * sizes[key[0]]
        else main_language[key[0]]
        for key in keys
    ]
    clusters = sorted({key for key in merged_keys if key})
    place = {key: k for k, key in enumerate(clusters)}
    labels = [-1 if key is None else place[key] for key in merged_keys]
    return [interest for interest, _ in clusters], np.array(labels, dtype=np.int64)


def _embed_interests(
    items: list[Row],
    item_interests: ItemInterests,
    names: dict[str, Names],
    encoder: TextEncoder,
    settings: Settings,
) -> Interests:
    """Embeds interests as the normalised sum of their name's vector and their items' mean."""
    ids = sorted(names)
    cache = VectorCache(settings.home / "vectors")
    words = [next(iter(names[interest].values())) for interest in ids]
    vectors, _, _ = encode_cached(encoder, cache, words, "passage")
    sums = np.zeros_like(vectors)
    place = {interest: k for k, interest in enumerate(ids)}
    for item in items:
        if item["embedding"] is not None:
            for interest in item_interests.get(item["id"], []):
                sums[place[interest["id"]]] += np.asarray(item["embedding"], dtype=np.float32)
    return Interests(
        ids, [names[interest] for interest in ids], normalize_rows(normalize_rows(sums) + vectors)
    )


def _find_duplicates(interests: Interests, existing: ExistingInterests) -> dict[str, str]:
    """Maps interests to others of the same meaning, whose ids replace theirs.

    Categories that were merged before stay merged, and one that is a name of another is merged.
    """
    duplicates: dict[str, str] = {}
    names_of = dict(zip(interests.ids, interests.names, strict=True))
    categories = [key for key in interests.ids if key.startswith(CATEGORY)]
    for key in sorted(categories, key=lambda key: (key not in existing.names, key)):
        for name in [*existing.names.get(key, {}).values(), *names_of[key].values()]:
            duplicate = CATEGORY + name.casefold()
            free = key not in duplicates and duplicate not in duplicates.values()
            if duplicate != key and duplicate in names_of and free:
                duplicates.setdefault(duplicate, key)
    languages = [next(iter(names)) for names in interests.names]
    for pair in find_translations(interests.vectors, languages):
        ids = [interests.ids[place] for place in pair]
        key, duplicate = sorted(
            ids, key=lambda i: (not i.startswith(CATEGORY), i not in existing.names, i)
        )
        first, second = (interests.names[place].keys() for place in pair)
        merged = {*duplicates, *duplicates.values()}
        if first.isdisjoint(second) and not {key, duplicate} & merged:
            duplicates[duplicate] = key
    return duplicates


def _merge_duplicates(
    item_interests: ItemInterests,
    names: dict[str, Names],
    duplicates: dict[str, str],
    existing: ExistingInterests,
) -> tuple[ItemInterests, dict[str, Names]]:
    """Replaces duplicates by the interests that they map to, in links of items and in names."""
    merged: ItemInterests = {}
    sizes: Counter[str] = Counter()
    for item, interests in item_interests.items():
        weights: dict[str, float] = {}
        for interest in interests:
            sizes[interest["id"]] += 1
            key = duplicates.get(interest["id"]) or str(interest["id"])
            weights[key] = float(np.float32(weights.get(key, 0.0) + interest["weight"]))
        merged[item] = [{"id": key, "weight": weight} for key, weight in sorted(weights.items())]
    merged_names: dict[str, Names] = {}
    for key in sorted(names, key=lambda key: (-sizes[key], key)):
        own = merged_names.setdefault(duplicates.get(key, key), {})
        for language, name in names[key].items():
            own.setdefault(language, name)
    for key, own in merged_names.items():
        order = {language: k for k, language in enumerate(existing.names.get(key, {}))}
        by_order = sorted(own.items(), key=lambda name: order.get(name[0], len(order)))
        merged_names[key] = dict(by_order)
    return merged, merged_names
