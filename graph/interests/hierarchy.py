"""The interest hierarchy: categories that contain other categories, and groups of clusters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from isthmus.encoders.topics import (
    Clusters,
    cluster_topics,
    find_containment,
    match_clusters,
    normalize_rows,
    one_hot,
)
from isthmus.graph.database import Graph, Row
from isthmus.graph.interests.item_interests import (
    ExistingInterests,
    ItemInterests,
    Names,
    cluster_edition,
    item_embeddings,
    items_without_categories,
    name_item_clusters,
)
from isthmus.graph.interests.text_topics import Interests


@dataclass(frozen=True)
class Hierarchy:
    """Parent interests and their children.

    Attributes:
        cluster_parents: Names by id of the parents of clusters, which have no items of their own.
        pairs: Ids of child and parent.
    """

    cluster_parents: dict[str, Names]
    pairs: list[tuple[str, str]]


def build_hierarchy(
    items: list[Row],
    interests: Interests,
    item_interests: ItemInterests,
    existing: ExistingInterests,
) -> Hierarchy:
    """Finds the parents of interests.

    Args:
        items: The items that the interests were built from.
        interests: All interests.
        item_interests: The interests of each item.
        existing: Existing interests: a parent that is found again keeps its id and names.
    """
    place = {interest: k for k, interest in enumerate(interests.ids)}
    entries = [
        (row, place[interest["id"]])
        for row, own in enumerate(item_interests.values())
        for interest in own
    ]
    rows, columns = zip(*entries, strict=True) if entries else ((), ())
    shape = (len(item_interests), len(place))
    matrix = csr_array((np.ones(len(entries)), (rows, columns)), shape=shape)
    category_pairs = [
        (interests.ids[child], interests.ids[parent]) for child, parent in find_containment(matrix)
    ]
    cluster_parents, cluster_pairs = _group_clusters(items, item_interests, existing)
    return Hierarchy(cluster_parents, [*category_pairs, *cluster_pairs])


def write_hierarchy(graph: Graph, hierarchy: Hierarchy, version: int) -> None:
    """Stores the parents of clusters and replaces the PART_OF relationships of a version."""
    if hierarchy.cluster_parents:
        frame = pl.DataFrame(
            [
                {"id": key, "languages": list(names), "names": list(names.values())}
                for key, names in hierarchy.cluster_parents.items()
            ]
        )
        graph.write_batches(
            "interests/set_families", frame, "store parent interests", version=version
        )
    rows = [{"child": child, "parent": parent} for child, parent in hierarchy.pairs]
    graph.write("interests/set_parts", rows=rows, version=version)


def _group_clusters(
    items: list[Row], item_interests: ItemInterests, existing: ExistingInterests
) -> tuple[dict[str, Names], list[tuple[str, str]]]:
    """Returns the parents of clusters with their names, and the pairs of cluster and parent."""
    clustered = [
        item
        for item in items_without_categories(items)
        if item_interests[item["id"]][0]["id"].startswith("cluster:")
    ]
    if not clustered:
        return {}, []
    cluster_ids = [item_interests[item["id"]][0]["id"] for item in clustered]
    clusters, labels = np.unique(cluster_ids, return_inverse=True)
    vectors = item_embeddings(clustered)
    centers = normalize_rows(one_hot(labels) @ vectors)
    groups = cluster_topics(centers)
    rows = np.flatnonzero(groups[labels] >= 0)
    if not len(rows):
        return {}, []
    item_groups = groups[labels[rows]]
    members = [clustered[row] for row in rows]
    old_parents = [existing.parents.get(existing.by_item.get(i["id"], ""), "") for i in members]
    old_ids = sorted({*old_parents} - {""})
    old_groups = np.array([old_ids.index(parent) if parent else -1 for parent in old_parents])
    edition = cluster_edition(item_groups, existing)
    ids = [
        old_ids[old] if old >= 0 else f"family:{edition}:{new}"
        for new, old in enumerate(match_clusters(old_groups, item_groups).tolist())
    ]
    closeness = np.einsum("nd,nd->n", vectors[rows], centers[labels[rows]])
    names = name_item_clusters(
        members, [ids[k] for k in item_groups], Clusters(item_groups, closeness), existing
    )
    return names, [
        (str(cluster), ids[k])
        for cluster, k in zip(clusters, groups.tolist(), strict=True)
        if k >= 0
    ]
