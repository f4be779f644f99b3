"""What items are about: their categories, or clusters of their embeddings named by key terms.

A cluster that was there before keeps its id and its names, however its items change; interests that
mean the same in two languages are one.
"""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from isthmus.encoders.text.encoder import TextEncoder
from isthmus.encoders.text.vector_cache import VectorCache, encode_cached
from isthmus.encoders.topics.cluster_names import SHARE_OF_LANGUAGE, language_of, name_in_languages
from isthmus.encoders.topics.clusters import Clusters, cluster, match, unit
from isthmus.encoders.topics.relations import translations
from isthmus.graph.database.connection import Graph, Row
from isthmus.graph.interests.text_topics import Interests, Vectors
from isthmus.settings import Settings

logger = logging.getLogger("isthmus")

CATEGORY = "category:"

About = dict[str, list[Row]]
"""Key of an item to what it is about: a list of `{"id", "weight"}`."""

Names = dict[str, str]
"""Language to name, the language of most items first."""


@dataclass(frozen=True)
class Known:
    """Interests that a graph has already.

    Attributes:
        names: By id.
        of_items: Key of an item to the one interest that it is about.
        whole: Id of an interest to the family that it is part of.
    """

    names: dict[str, Names] = field(default_factory=dict)
    of_items: dict[str, str] = field(default_factory=dict)
    whole: dict[str, str] = field(default_factory=dict)


def known_interests(graph: Graph, items: list[Row], version: int) -> Known:
    """What the graph has, for `interests_of_items` to go on from.

    Args:
        graph: The graph.
        items: Rows of `interests/items`.
        version: Number of the encoder version that the interests are of.
    """
    rows = graph.read("interests/known", version=version)
    return Known(
        {row["id"]: dict(zip(row["languages"], row["names"], strict=True)) for row in rows},
        {item["id"]: item["about"][0] for item in items if len(item["about"]) == 1},
        {row["id"]: row["family"] for row in rows if row["family"]},
    )


def interests_of_items(
    items: list[Row], encoder: TextEncoder, settings: Settings, known: Known | None = None
) -> tuple[Interests, About]:
    """Makes interests from the categories of items, or from clusters of their embeddings.

    Args:
        items: Rows of `id`, `title`, `categories`, `embedding`; the last two may be None.
        encoder: For the names.
        settings: `home` for the vector cache, `seed` for the clusters.
        known: What there was before; without it all is new, and the same for the same items.

    Returns:
        The interests, and what each item that has some is about.
    """
    known = known or Known()
    about, names = _about_categories(items)
    of_clusters, called = _about_clusters(items, known, settings.seed)
    about |= of_clusters
    names = called | {key: called.get(key, {}) | name for key, name in names.items()}
    if not names:
        logger.warning("no interests: no item has categories or an embedding yet")
    interests = _interests(items, about, names, encoder, settings)
    same = _same(interests, known)
    if same:
        about, names = _merged(about, names, same, known)
        interests = _interests(items, about, names, encoder, settings)
    return interests, about


def bare(items: list[Row]) -> list[Row]:
    """Items without categories, which are about clusters."""
    return [item for item in items if not item["categories"] and item["embedding"] is not None]


def vectors_of(items: list[Row]) -> Vectors:
    """Embeddings of items that have one, float32 (items, dimensions)."""
    return np.array([item["embedding"] for item in items], dtype=np.float32)


def edition_of(labels: NDArray[np.int64], known: Known) -> str:
    """What tells new ids apart from those that a graph has had."""
    digest = hashlib.sha256(np.asarray(labels, dtype=np.int64).tobytes())
    digest.update("\n".join(sorted(known.names)).encode())
    return digest.hexdigest()[:8]


def _about_categories(items: list[Row]) -> tuple[About, dict[str, Names]]:
    """Item to its categories, each with an equal part; equal names in any case are one interest."""
    about: About = {}
    called: dict[str, Names] = {}
    for item in items:
        names = {name.casefold(): name for name in item["categories"] or []}
        if names:
            part = float(np.float32(1 / len(names)))  # what arrays hold, so that both are equal
            about[item["id"]] = [{"id": CATEGORY + key, "weight": part} for key in sorted(names)]
            called |= {CATEGORY + key: {language_of(n): n} for key, n in names.items()}
    return about, called


def _about_clusters(items: list[Row], known: Known, seed: int) -> tuple[About, dict[str, Names]]:
    """Item to its cluster, for items without categories."""
    some = bare(items)
    if not some:
        return {}, {}
    pieces, before = _pieces(some, known)
    clusters = cluster(vectors_of(some), known=before, seed=seed)
    edition = edition_of(clusters.labels, known)
    ids = [
        pieces[piece] if piece >= 0 else f"cluster:{edition}:{label}"
        for label, piece in enumerate(match(before, clusters.labels).tolist())
    ]
    of_items = [ids[label] for label in clusters.labels.tolist()]
    about: About = {
        item["id"]: [{"id": interest, "weight": 1.0}]
        for item, interest in zip(some, of_items, strict=True)
    }
    return about, called(some, of_items, clusters, known)


def called(
    items: list[Row], of_items: list[str], clusters: Clusters, known: Known
) -> dict[str, Names]:
    """Id to names: those that it has already, and key terms of its items' titles.

    Args:
        items: Rows with `title`.
        of_items: The interest of each item.
        clusters: Theirs.
        known: What there was before.
    """
    ids = list(dict.fromkeys(of_items))
    place = {interest: k for k, interest in enumerate(ids)}
    labels = np.array([place[interest] for interest in of_items])
    given = {k: known.names[interest] for interest, k in place.items() if known.names.get(interest)}
    titles = [item["title"] for item in items]
    return dict(zip(ids, name_in_languages(titles, labels, clusters.closeness, given), strict=True))


def _pieces(items: list[Row], known: Known) -> tuple[list[str], NDArray[np.int64]]:
    """Known interests to go on from, those in two languages as a piece in each.

    Languages lie apart in an embedding: as one, the smaller piece would be lost to clusters of its
    own language.

    Returns:
        The interest of each piece, and the piece of each item or -1.
    """
    keys = [
        (known.of_items[item["id"]], language_of(item["title"]))
        if item["id"] in known.of_items
        else None
        for item in items
    ]
    held = Counter(key for key in keys if key)
    sizes: Counter[str] = Counter()
    largest: dict[str, tuple[str, str]] = {}
    for key, count in held.most_common():
        sizes[key[0]] += count
        largest.setdefault(key[0], key)
    own = [
        key if key is None or held[key] >= SHARE_OF_LANGUAGE * sizes[key[0]] else largest[key[0]]
        for key in keys
    ]
    pieces = sorted({key for key in own if key})
    place = {key: k for k, key in enumerate(pieces)}
    labels = [-1 if key is None else place[key] for key in own]
    return [interest for interest, _ in pieces], np.array(labels, dtype=np.int64)


def _interests(
    items: list[Row],
    about: About,
    names: dict[str, Names],
    encoder: TextEncoder,
    settings: Settings,
) -> Interests:
    """An interest lies between its name and the mean of its items."""
    ids = sorted(names)
    cache = VectorCache(settings.home / "vectors")
    words = [next(iter(names[interest].values())) for interest in ids]
    vectors, _, _ = encode_cached(encoder, cache, words, "passage")
    sums = np.zeros_like(vectors)
    place = {interest: k for k, interest in enumerate(ids)}
    for item in items:
        if item["embedding"] is not None:
            for interest in about.get(item["id"], []):
                sums[place[interest["id"]]] += np.asarray(item["embedding"], dtype=np.float32)
    return Interests(ids, [names[interest] for interest in ids], unit(unit(sums) + vectors))


def _same(interests: Interests, known: Known) -> dict[str, str]:
    """Interests that mean the same as another one, of which they take the id.

    Categories that were found to be one stay one.
    """
    same = {
        gone: key
        for key in interests.ids
        if key.startswith(CATEGORY)
        for name in known.names.get(key, {}).values()
        if (gone := CATEGORY + name.casefold()) != key and gone in interests.ids
    }
    languages = [next(iter(names)) for names in interests.names]
    for pair in translations(interests.vectors, languages):
        ids = [interests.ids[place] for place in pair]
        kept, gone = sorted(
            ids, key=lambda i: (not i.startswith(CATEGORY), i not in known.names, i)
        )
        spoken = [interests.names[place].keys() for place in pair]
        if spoken[0].isdisjoint(spoken[1]) and not {kept, gone} & {*same, *same.values()}:
            same[gone] = kept
    return same


def _merged(
    about: About, names: dict[str, Names], same: dict[str, str], known: Known
) -> tuple[About, dict[str, Names]]:
    """What items are about and what that is called, with one id for what means the same."""
    merged: About = {}
    sizes: Counter[str] = Counter()
    for item, found in about.items():
        weights: dict[str, float] = {}
        for part in found:
            sizes[part["id"]] += 1
            key = same.get(part["id"]) or str(part["id"])
            weights[key] = float(np.float32(weights.get(key, 0.0) + part["weight"]))
        merged[item] = [{"id": key, "weight": weight} for key, weight in sorted(weights.items())]
    names_of: dict[str, Names] = {}
    for interest in sorted(names, key=lambda key: (-sizes[key], key)):
        own = names_of.setdefault(same.get(interest, interest), {})
        for language, name in names[interest].items():
            own.setdefault(language, name)
    for interest, own in names_of.items():
        order = {language: k for k, language in enumerate(known.names.get(interest, {}))}
        by_order = sorted(own.items(), key=lambda name: order.get(name[0], len(order)))
        names_of[interest] = dict(by_order)
    return merged, names_of
