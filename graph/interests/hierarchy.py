"""Which interests are part of wider ones: categories that contain others, families of clusters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from isthmus.encoders.topics.clusters import Clusters, match, one_hot, unit
from isthmus.encoders.topics.relations import containing, families
from isthmus.graph.database.connection import Graph, Row
from isthmus.graph.interests.item_interests import (
    About,
    Known,
    Names,
    bare,
    called,
    edition_of,
    vectors_of,
)
from isthmus.graph.interests.text_topics import Interests


@dataclass(frozen=True)
class Nesting:
    """What is part of what.

    Attributes:
        families: Id to names of wider interests that only have clusters in them, no items.
        part_of: Ids of part and whole.
    """

    families: dict[str, Names]
    part_of: list[tuple[str, str]]


def nested(items: list[Row], interests: Interests, about: About, known: Known) -> Nesting:
    """Finds which interests are part of wider ones.

    Args:
        items: Those that the interests were made of.
        interests: All of them.
        about: What each item is about.
        known: What there was before: a family that is there again keeps its id and names.
    """
    place = {interest: k for k, interest in enumerate(interests.ids)}
    entries = [
        (row, place[found["id"]]) for row, all_of in enumerate(about.values()) for found in all_of
    ]
    rows, columns = zip(*entries, strict=True) if entries else ((), ())
    shape = (len(about), len(place))
    matrix = csr_array((np.ones(len(entries)), (rows, columns)), shape=shape)
    inside = [(interests.ids[part], interests.ids[whole]) for part, whole in containing(matrix)]
    wider, members = _families(items, about, known)
    return Nesting(wider, [*inside, *members])


def write_nesting(graph: Graph, nesting: Nesting, version: int) -> None:
    """Stores the families of an encoder version, and anew what is part of what."""
    if nesting.families:
        frame = pl.DataFrame(
            [
                {"id": key, "languages": list(names), "names": list(names.values())}
                for key, names in nesting.families.items()
            ]
        )
        graph.write_batches(
            "interests/set_families", frame, "store families of interests", version=version
        )
    rows = [{"part": part, "whole": whole} for part, whole in nesting.part_of]
    graph.write("interests/set_parts", rows=rows, version=version)


def _families(
    items: list[Row], about: About, known: Known
) -> tuple[dict[str, Names], list[tuple[str, str]]]:
    """Families with their names, and which cluster is in which."""
    some = [item for item in bare(items) if about[item["id"]][0]["id"].startswith("cluster:")]
    if not some:
        return {}, []
    of_items = [about[item["id"]][0]["id"] for item in some]
    leaves, labels = np.unique(of_items, return_inverse=True)
    vectors = vectors_of(some)
    centers = unit(one_hot(labels) @ vectors)
    family = families(centers)
    rows = np.flatnonzero(family[labels] >= 0)
    if not len(rows):
        return {}, []
    groups = family[labels[rows]]
    before = [known.whole.get(known.of_items.get(some[row]["id"], ""), "") for row in rows]
    wholes = sorted({*before} - {""})
    had = np.array([wholes.index(whole) if whole else -1 for whole in before])
    edition = edition_of(groups, known)
    ids = [
        wholes[old] if old >= 0 else f"family:{edition}:{new}"
        for new, old in enumerate(match(had, groups).tolist())
    ]
    closeness = np.einsum("nd,nd->n", vectors[rows], centers[labels[rows]])
    chosen = [some[row] for row in rows]
    named = called(chosen, [ids[k] for k in groups], Clusters(groups, closeness), known)
    return named, [
        (str(leaf), ids[k]) for leaf, k in zip(leaves, family.tolist(), strict=True) if k >= 0
    ]
