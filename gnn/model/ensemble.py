"""The ensemble of edge decoder and kernel ridge regression, and the edges selected from it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy.sparse import csr_array

from isthmus.gnn.data import HISTORY_EXPONENT, normalize_by_length, sample_rows, split_histories
from isthmus.gnn.edges import (
    CANDIDATES_PER_EDGE,
    COLD_ITEM_DIVISOR,
    candidate_lists,
    candidates_per_source,
    concatenate_edges,
    prune_by_usage,
    reserve_cold_items,
    restrict_targets,
    select_top_edges,
    share_among_domains,
)
from isthmus.gnn.metrics import ndcg
from isthmus.gnn.model.batches import make_batch
from isthmus.gnn.model.item_cold_start import cold_item_edges
from isthmus.gnn.model.kernel_ridge import KERNELS, Kernel, solve_interest_edges, solve_item_edges
from isthmus.gnn.model.own_items import add_own_item_edges
from isthmus.gnn.selection import STANDARD_ERRORS, select_significantly_best

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from isthmus.gnn.data import Examples, HistoryWeighting, InterestGraph
    from isthmus.gnn.edges import EdgeList, FactoredWeights
    from isthmus.gnn.model.edge_decoder import DecoderEnsemble

logger = logging.getLogger("isthmus")

# The first is the kernel ridge regression alone, the default unless the decoder clearly adds to it.
KERNEL_SHARES = (1.0, 0.8, 0.6, 0.4, 0.2, 0.1, 0.0)
# Multiples of the popularity weight that the edge decoder has learned beside its own edges.
POPULARITY_FACTORS = (1.0, 0.25, 0.5, 2.0)
# With fewer training users in a target domain, interests lead to their own items in it.
MIN_INTEREST_USERS = 50
# Maximum number of users whose histories decide which edges are pruned.
MAX_PRUNING_USERS = 50_000


@dataclass(frozen=True)
class EnsembleWeights:
    """The weights of the members of the ensemble.

    Attributes:
        kernel: The kernel of the ridge regression.
        kernel_share: Weight of the kernel ridge regression; the decoder ensemble has the rest.
        popularity_factor: Weight of popularity, as a multiple of the one learned by the decoder
            ensemble.
    """

    kernel: Kernel = KERNELS[0]
    kernel_share: float = KERNEL_SHARES[0]
    popularity_factor: float = POPULARITY_FACTORS[0]

    def combine(
        self, decoder_weights: FactoredWeights, kernel_weights: FactoredWeights
    ) -> FactoredWeights:
        """Returns the weighted sum of the members' edge weights, on the decoder's scale."""
        scaled = kernel_weights.match_scale(decoder_weights).scale(self.kernel_share)
        return decoder_weights.scale(1 - self.kernel_share).add(scaled)


@dataclass(frozen=True)
class MemberScores:
    """Scores of each member of the ensemble for the validation users of one target domain.

    Attributes:
        decoder: Scores by the decoder's edges, float32 (users, items).
        kernels: Scores by each of `KERNELS`, on the same scale.
        popularity: Contribution of popularity to the decoder's scores, (items,).
        liked: Likes of these users, CSR (users, items).
    """

    decoder: NDArray[np.float32]
    kernels: Sequence[NDArray[np.float32]]
    popularity: NDArray[np.float32]
    liked: csr_array

    @classmethod
    def compute(
        cls, decoders: DecoderEnsemble, kernels: Iterable[FactoredWeights], validation: Examples
    ) -> MemberScores:
        """Scores validation users; kernels are taken one at a time, to keep only one in memory."""
        weights, history = decoders.factored_weights(validation.target), validation.source_history()
        popularity = decoders.popularity_scores(validation.target)
        with torch.no_grad():
            scores = decoders(make_batch(validation, np.arange(len(validation)))).numpy()
        by_kernel = [kernel.match_scale(weights).scores(history) for kernel in kernels]
        return cls(scores - popularity, by_kernel, popularity, validation.liked)

    def ndcg(
        self, kernel: int, kernel_share: float, popularity_factor: float
    ) -> NDArray[np.float64]:
        """NDCG@10 of each user by the ensemble with one of the kernels."""
        by_decoder = np.float32(1 - kernel_share) * self.decoder
        scores = by_decoder + np.float32(kernel_share) * self.kernels[kernel]
        scores += np.float32(popularity_factor) * self.popularity
        return ndcg(scores, self.liked)


@dataclass(frozen=True)
class TrainedEnsemble:
    """The trained members of the ensemble, with all that its edges are selected by.

    Attributes:
        graph: The training graph.
        decoders: The decoder ensemble.
        examples: Training examples by target domain.
        likes: Number of likes of each item, (items,).
        spectrum: Singular vectors of the items' likes, (items, rank).
        nearest_liked: By target domain, the matrix of `nearest_liked_items`.
        co_liked: Edges between items of one domain, by item cosine.
        domain_popularity: Edges from each domain to its items.
        ensemble_weights: The weights of the members.
        history_weighting: How histories are weighted.
        seed: Seed of the samples.
    """

    graph: InterestGraph
    decoders: DecoderEnsemble
    examples: Sequence[Examples]
    likes: NDArray[np.float64]
    spectrum: NDArray[np.float32]
    nearest_liked: Sequence[csr_array]
    co_liked: EdgeList
    domain_popularity: EdgeList
    ensemble_weights: EnsembleWeights
    history_weighting: HistoryWeighting
    seed: int

    def popularity_weight(self, target: int) -> float:
        """Weight of popularity in the scores of a target domain, beside the transfer edges."""
        return self.ensemble_weights.popularity_factor * self.decoders.popularity_weight(target)

    def kernel_edges(self, target: int, kernel: Kernel) -> FactoredWeights:
        """Solves the kernel ridge regression of a target domain for its edges between items."""
        sources, targets = self.graph.items_outside(target), self.graph.items_of(target)
        return solve_item_edges(
            self.examples[target],
            self.likes[sources],
            self.spectrum[sources],
            self.spectrum[targets],
            kernel,
            self.seed,
        )

    def member_scores(self, validation: Examples) -> MemberScores:
        """Scores the validation users of a target domain by each member."""
        kernels = (self.kernel_edges(validation.target, kernel) for kernel in KERNELS)
        return MemberScores.compute(self.decoders, kernels, validation)

    def unpruned_weights(self, target: int) -> tuple[FactoredWeights, FactoredWeights]:
        """Weights of all edges into a target domain, from items and from interests."""
        return self.item_weights(target), self.interest_weights(target)

    def item_weights(self, target: int) -> FactoredWeights:
        """Weights of all edges from the items outside a target domain into it."""
        kernel = self.kernel_edges(target, self.ensemble_weights.kernel)
        return self.ensemble_weights.combine(self.decoders.factored_weights(target), kernel)

    def interest_weights(self, target: int) -> FactoredWeights:
        """Weights of all edges from interests into a target domain, on the scale of the items'."""
        weights = solve_interest_edges(self.examples[target], self.seed)
        if not weights.source_count:
            return weights
        return weights.match_scale(self.decoders.factored_weights(target))

    def transfer_edges(self, edges_per_node: int, dense_items: int) -> EdgeList:
        """Selects the edges between items of different domains.

        In each target domain candidate edges are scored, of which pruning selects those that change
        what the training users are recommended. Some edges are reserved for items without likes.

        Args:
            edges_per_node: Maximum number of edges that leave an item.
            dense_items: With more items than this on either side of a domain's border, only
                candidate lists are scored.
        """
        item_edges, cold_edges = [], []
        for t in self._trained_targets():
            weights, likes = self.item_weights(t), self._likes(t)
            cold, reserved = reserve_cold_items(likes, edges_per_node)
            candidates = (
                list(candidate_lists(weights, likes, self.seed))
                if needs_candidates(self.graph, t, dense_items)
                else weights.all_candidates()
            )
            candidates = restrict_targets(candidates, ~cold)
            candidate_count = candidates_per_source(
                weights.source_count, weights.target_count, edges_per_node
            )
            prune = candidate_count > edges_per_node
            edges = select_top_edges(
                weights, likes, candidate_count, candidates, by_magnitude=prune
            )
            nodes = self.graph.items_outside(t), self.graph.items_of(t)
            if reserved:
                cold_edges.append(
                    cold_item_edges(edges, self.nearest_liked[t], reserved).reindex(*nodes)
                )
            if prune:
                popularity = np.float32(
                    self.ensemble_weights.popularity_factor
                ) * self.decoders.popularity_scores(t)
                edges = prune_by_usage(edges, self._histories(t), popularity, likes, edges_per_node)
            item_edges.append(edges.reindex(*nodes))
        return self._share_edges(item_edges, cold_edges, edges_per_node)

    def interest_edges(self, edges_per_node: int) -> EdgeList:
        """Selects the edges from interests to items, and adds those to their own items.

        Args:
            edges_per_node: Maximum number of learned edges that leave an interest, and of edges to
                its own items.
        """
        item_edges, cold_edges = [], []
        for t in self._trained_targets():
            weights, likes = self.interest_weights(t), self._likes(t)
            cold, reserved = reserve_cold_items(likes, edges_per_node)
            nodes = np.arange(len(self.graph.interests)), self.graph.items_of(t)
            candidates = restrict_targets(weights.all_candidates(), ~cold)
            edges = select_top_edges(weights, likes, edges_per_node, candidates, by_magnitude=True)
            item_edges.append(edges.reindex(*nodes))
            if reserved:
                candidate_count = CANDIDATES_PER_EDGE * edges_per_node
                edges = select_top_edges(
                    weights, likes, candidate_count, candidates, by_magnitude=True
                )
                cold_edges.append(
                    cold_item_edges(edges, self.nearest_liked[t], reserved).reindex(*nodes)
                )
        learned = self._share_edges(item_edges, cold_edges, edges_per_node)
        enough = [t for t, part in enumerate(self.examples) if len(part) >= MIN_INTEREST_USERS]
        return add_own_item_edges(self.graph, learned, self.likes, enough, edges_per_node)

    def _share_edges(
        self, item_edges: list[EdgeList], cold_edges: list[EdgeList], edges_per_node: int
    ) -> EdgeList:
        item_domain = self.graph.item_domain
        cold = share_among_domains(
            concatenate_edges(cold_edges), item_domain, edges_per_node // COLD_ITEM_DIVISOR
        )
        return share_among_domains(concatenate_edges(item_edges), item_domain, edges_per_node, cold)

    def _histories(self, target: int) -> csr_array:
        """Histories outside a domain, weighted as they are served, CSR (users, items outside)."""
        users = np.arange(len(self.graph.users))
        history = split_histories(
            self.graph, target, users, self.history_weighting, as_if_cold=True
        ).outside
        rows = np.flatnonzero(np.diff(history.indptr))
        rows = rows[sample_rows(len(rows), self.seed, MAX_PRUNING_USERS)]
        sample = normalize_by_length(csr_array(history[rows]), HISTORY_EXPONENT)
        return csr_array(sample[:, self.graph.items_outside(target)])

    def _trained_targets(self) -> list[int]:
        """The target domains that have training examples."""
        return [t for t, examples in enumerate(self.examples) if len(examples)]

    def _likes(self, target: int) -> NDArray[np.float64]:
        likes: NDArray[np.float64] = self.likes[self.graph.items_of(target)]
        return likes


def needs_candidates(graph: InterestGraph, target: int, dense_items: int) -> bool:
    """Whether either side of a domain's border has too many items to score all pairs."""
    inside = len(graph.items_of(target))
    return max(inside, len(graph.items) - inside) > dense_items


def select_ensemble_weights(
    member_scores: Sequence[MemberScores], kernel_shares: Sequence[float]
) -> list[EnsembleWeights]:
    """Selects the weights of the kernel alone, and of the best ensemble for validation users.

    Kernel, kernel share and popularity factor are selected one after the other, for all target
    domains together: a selection per domain, or of all three at once, would overfit few users.

    Args:
        member_scores: By target domain, the scores of the validation users.
        kernel_shares: Values to select from; the first is that of the kernel alone.

    Returns:
        The weights for the first kernel share and, where another is better, those for the best.
    """

    def user_ndcg(
        kernel: int, kernel_share: float, popularity_factor: float
    ) -> NDArray[np.float64]:
        by_target = (
            scores.ndcg(kernel, kernel_share, popularity_factor) for scores in member_scores
        )
        return np.concatenate([np.zeros(0), *by_target])

    first_share, first_factor = kernel_shares[0], POPULARITY_FACTORS[0]
    kernel = select_significantly_best(
        [user_ndcg(k, first_share, first_factor) for k in range(len(KERNELS))]
    )
    best_share = kernel_shares[
        select_significantly_best(
            [user_ndcg(kernel, share, first_factor) for share in kernel_shares]
        )
    ]
    selected = []
    for share in dict.fromkeys((first_share, best_share)):
        popularity_factor = POPULARITY_FACTORS[
            select_significantly_best(
                [user_ndcg(kernel, share, factor) for factor in POPULARITY_FACTORS],
                STANDARD_ERRORS,
            )
        ]
        selected.append(EnsembleWeights(KERNELS[kernel], share, popularity_factor))
        logger.info(
            "training: kernel share %.0f %%, spectrum share %g, popularity exponent %g, "
            "popularity factor %g",
            100 * share,
            *KERNELS[kernel],
            popularity_factor,
        )
    return selected
