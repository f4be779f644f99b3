"""What is added to the kernel where users who are hidden from it are served better.

Leave-one-out knows the kernel alone. So validation users of all target domains together decide, and
nothing is added unless that is clearly better for them.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np

from isthmus.gnn.metrics import ndcg
from isthmus.gnn.scoring import served_ndcg
from isthmus.gnn.selection import select_significantly_best

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from isthmus.gnn.data import Examples, HistoryWeighting, InterestGraph
    from isthmus.gnn.edges import LearnedEdges
    from isthmus.gnn.model import Popularity, TransferModel

logger = logging.getLogger("isthmus")

# Deviation of a user's scores by the network, where that by the kernel is 1.
NETWORK_SHARES = (0.0, 1.0, 3.0)


def select_network_share(
    model: TransferModel, popularity: Sequence[Popularity], validation: Sequence[Examples]
) -> float:
    """Returns the share of the network with which the users are served best.

    Args:
        model: Trained without the validation users.
        popularity: By target domain, without the validation users.
        validation: By target domain.
    """
    if not model.networks:
        return 0.0
    user_ndcg: list[list[NDArray[np.float64]]] = [[np.zeros(0)] for _ in NETWORK_SHARES]
    for t, part in enumerate(validation):
        if not len(part) or model.kernels[t] is None:
            continue
        kernel, network = (
            edges.weights.scores(part.history) + np.float32(edges.popularity) * popularity[t].values
            for edges in (model.kernel(t), model.networks[t])
        )
        for share, metrics in zip(NETWORK_SHARES, user_ndcg, strict=True):
            metrics.append(ndcg(kernel + np.float32(share) * network, part.liked))
    by_share = [np.concatenate(metrics) for metrics in user_ndcg]
    return NETWORK_SHARES[
        _select(by_share, [f"share {each:g} of the network" for each in NETWORK_SHARES])
    ]


def select_smoothing(
    graph: InterestGraph,
    plain: LearnedEdges,
    smoothed: LearnedEdges,
    validation: Sequence[Examples],
    weighting: HistoryWeighting,
) -> bool:
    """Whether users are served better by edges smoothed on the target's side.

    They are judged after pruning, by which smoothed edges lose less.

    Args:
        graph: The graph without the validation users.
        plain: Edges learned from it.
        smoothed: The same, smoothed.
        validation: By target domain.
        weighting: Half-life of popularity, and the history limit.
    """
    user_ndcg = [served_ndcg(graph, each, validation, weighting) for each in (plain, smoothed)]
    return bool(_select(user_ndcg, ["edges as they are", "smoothed edges"]))


def _select(user_ndcg: Sequence[NDArray[np.float64]], names: Sequence[str]) -> int:
    """Returns the index of what is clearly better than the first."""
    selected = select_significantly_best(user_ndcg)
    found = ", ".join(
        f"{name} {values.mean() if len(values) else 0:.4f}"
        for name, values in zip(names, user_ndcg, strict=True)
    )
    logger.info("training: NDCG@10 of validation users: %s; selected: %s", found, names[selected])
    return selected
