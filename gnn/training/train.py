"""A training: hold out validation users, tune, train on all users, build the edges."""

from __future__ import annotations

import dataclasses
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from isthmus.gnn.config import TrainingConfig
from isthmus.gnn.data import (
    HISTORY_EXPONENT,
    HistoryWeighting,
    build_examples,
    limit_heavy_accounts,
)
from isthmus.gnn.determinism import reproducible, threads_for
from isthmus.gnn.edges import CONTENT_FIRST, LearnedEdges, MergeWeights
from isthmus.gnn.model import (
    HOPS,
    KERNEL_SHARES,
    DecoderEnsemble,
    DecoderInputs,
    EdgeDecoder,
    TrainedEnsemble,
    domain_popularity_edges,
    item_cosine_edges,
    like_spectrum,
    nearest_liked_items,
    propagate_features,
    select_ensemble_weights,
)
from isthmus.gnn.scoring import served_ndcg
from isthmus.gnn.selection import select_significantly_best
from isthmus.gnn.training.fit import fit_decoders
from isthmus.gnn.training.tuned_parameters import TunedParameters
from isthmus.gnn.training.tuning import (
    DEFAULT_COLLABORATIVE,
    tune_history_weighting,
    tune_merge_weights,
    tune_popularity_half_lives,
)
from isthmus.gnn.training.validation import hold_out_validation
from isthmus.gnn.training.written import tune_written

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from isthmus.gnn.data import Examples, InterestGraph
    from isthmus.gnn.edges import FactoredWeights

logger = logging.getLogger("isthmus")

SAMPLED_NEGATIVES = 8192


@dataclass(frozen=True)
class TrainingResult:
    """The result of a training.

    Attributes:
        edges: The edges after pruning, and their merge weights.
        tuned: The parameters that validation users decided, for a later training.
        unpruned: By target domain, the weights of all edges from the items outside it and from the
            interests.
    """

    edges: LearnedEdges
    tuned: TunedParameters
    unpruned: Callable[[int], tuple[FactoredWeights, FactoredWeights]]


def train_edges(
    graph: InterestGraph,
    config: TrainingConfig | None = None,
    *,
    fold: int = 0,
    ablation: str = "",
    tuned: TunedParameters | None = None,
) -> TrainingResult:
    """Learns the edges of a graph and their merge weights.

    Trains twice: first without the histories of the fold's validation users in each target domain,
    to tune the parameters on these users; then on all users with the tuned parameters. With
    parameters from an earlier training, only the second. Of heavy accounts only a part of the
    interactions takes part (`isthmus.gnn.data.heavy_accounts`).

    Args:
        graph: The snapshot.
        config: The configuration; the default where it is None.
        fold: Fold of `isthmus.gnn.data.splits` whose validation users are held out.
        ablation: The part to train without: "network", which is the edge decoder, or its "hops".
        tuned: Parameters from a training of about the same graph with the same configuration.
    """
    trainer = Trainer(config or TrainingConfig(), ablation)
    with reproducible(trainer.config.seed, threads_for(len(graph.items), trainer.config.threads)):
        graph = limit_heavy_accounts(graph, trainer.config.half_life_days)
        tuned = tuned or trainer.tune(graph, fold)
        ensemble, _ = trainer.train_members(graph, tuned)
        edges = trainer.build_edges(ensemble, tuned)
        return TrainingResult(edges, tuned, ensemble.unpruned_weights)


@dataclass(frozen=True)
class Trainer:
    """Trains on a graph under a configuration.

    Attributes:
        config: The training configuration.
        ablation: The part to train without, see `train_edges`.
    """

    config: TrainingConfig
    ablation: str = ""

    @property
    def history_weighting(self) -> HistoryWeighting:
        """The history weighting before tuning."""
        return HistoryWeighting(self.config.half_life_days, self.config.history_limit)

    def tune(self, graph: InterestGraph, fold: int) -> TunedParameters:
        """Trains without the histories of validation users, and tunes all parameters on them."""
        default = self.history_weighting
        split = hold_out_validation(graph, fold, default.half_life_days)
        training_graph = split.training_graph
        weighting = tune_history_weighting(training_graph, default, self.config.seed)
        validation_examples = [
            build_examples(training_graph, t, users, weighting, default, label_graph=graph)
            for t, users in enumerate(split.cold_users)
        ]
        half_lives = tune_popularity_half_lives(training_graph, validation_examples, default)
        tuned = TunedParameters(weighting, half_lives)
        ensemble, epochs = self.train_members(training_graph, tuned, validation_examples)
        ensemble, learned = self.select_ensemble(ensemble, validation_examples, tuned)
        merge, metrics = tune_merge_weights(
            training_graph, learned, validation_examples, split.warm_likes, default
        )
        merge = tune_written(
            training_graph, learned, validation_examples, split.warm_likes, merge, default
        )
        return dataclasses.replace(
            tuned,
            epochs=epochs,
            ensemble=ensemble.ensemble_weights,
            merge=merge,
            metrics=metrics,
            interactions=graph.interactions.nnz,
        )

    def train_members(
        self,
        graph: InterestGraph,
        tuned: TunedParameters,
        validation_examples: Sequence[Examples] = (),
    ) -> tuple[TrainedEnsemble, int]:
        """Trains the members of the ensemble, and returns them with the number of epochs.

        Args:
            graph: The training graph.
            tuned: The parameters tuned so far.
            validation_examples: By target domain, for early stopping.
        """
        users = np.arange(len(graph.users))
        domains = range(len(graph.domains))
        half_life_days = tuned.history_weighting.half_life_days
        training_examples = [
            build_examples(graph, t, users, tuned.history_weighting, self.history_weighting)
            for t in domains
        ]
        hops = 0 if self.ablation == "hops" else HOPS
        feature_sets = propagate_features(graph, half_life_days, self.config.seed, hops)
        popularity = torch.from_numpy(graph.popularity(self.history_weighting.half_life_days))
        by_domain = [popularity[graph.items_of(t)] for t in domains]
        decoders = DecoderEnsemble(
            [EdgeDecoder(DecoderInputs(features, by_domain)) for features in feature_sets]
        )
        epochs = 0
        if self.ablation != "network":
            epochs = fit_decoders(
                decoders,
                training_examples,
                self.negative_counts(graph),
                self.config.seed,
                validation_examples,
                tuned.epochs,
            )
        likes = graph.like_counts(self.history_weighting.half_life_days)
        ensemble = TrainedEnsemble(
            graph=graph,
            decoders=decoders,
            examples=training_examples,
            likes=likes,
            spectrum=like_spectrum(graph, half_life_days, self.config.seed),
            nearest_liked=[nearest_liked_items(graph, t, likes <= 0) for t in domains],
            co_liked=item_cosine_edges(graph, self.config.edges_per_node, half_life_days),
            domain_popularity=domain_popularity_edges(graph, tuned.popularity_half_life_days),
            ensemble_weights=tuned.ensemble,
            history_weighting=tuned.history_weighting,
            seed=self.config.seed,
        )
        return ensemble, epochs

    def negative_counts(self, graph: InterestGraph) -> list[int]:
        """Number of negatives of the softmax by target domain; all items of a small domain."""
        sizes = [len(graph.items_of(t)) for t in range(len(graph.domains))]
        return [size if size <= self.config.dense_items else SAMPLED_NEGATIVES for size in sizes]

    def select_ensemble(
        self,
        ensemble: TrainedEnsemble,
        validation_examples: Sequence[Examples],
        tuned: TunedParameters,
    ) -> tuple[TrainedEnsemble, LearnedEdges]:
        """Selects the kernel alone or with the decoder, and returns the ensemble with its edges.

        The two are compared by the served score, after pruning: the fewer edges are stored, the
        more of the decoder's advantage may be lost.
        """
        member_scores = [
            ensemble.member_scores(validation)
            for validation, training in zip(validation_examples, ensemble.examples, strict=True)
            if len(training)
        ]
        kernel_shares = KERNEL_SHARES[:1] if self.ablation == "network" else KERNEL_SHARES
        candidates, user_metrics = [], []
        for ensemble_weights in select_ensemble_weights(member_scores, kernel_shares):
            candidate = dataclasses.replace(ensemble, ensemble_weights=ensemble_weights)
            learned = self.build_edges(candidate, self.initial_merge_weights(candidate, tuned))
            candidates.append((candidate, learned))
            user_ndcg = served_ndcg(
                ensemble.graph, learned, validation_examples, self.history_weighting
            )
            logger.info(
                "training: NDCG@10 of validation users %.4f by the served score, "
                "kernel share %.0f %%",
                user_ndcg.mean() if len(user_ndcg) else 0,
                100 * ensemble_weights.kernel_share,
            )
            user_metrics.append(user_ndcg)
        return candidates[select_significantly_best(user_metrics)]

    def initial_merge_weights(
        self, ensemble: TrainedEnsemble, tuned: TunedParameters
    ) -> TunedParameters:
        """Returns the parameters with the merge weights before tuning."""
        merge = {}
        for t, name in enumerate(ensemble.graph.domains):
            weights = CONTENT_FIRST
            if len(ensemble.examples[t]):
                popularity = ensemble.popularity_weight(t)
                weights = MergeWeights(1.0, 0.0, DEFAULT_COLLABORATIVE, popularity)
            merge[name] = dataclasses.replace(
                weights,
                power=HISTORY_EXPONENT,
                half_life_days=tuned.history_weighting.half_life_days,
                dislike=tuned.history_weighting.dislike_weight,
            )
        return dataclasses.replace(tuned, merge=merge)

    def build_edges(self, ensemble: TrainedEnsemble, tuned: TunedParameters) -> LearnedEdges:
        """Selects the edges of each kind, and joins them with the merge weights."""
        return LearnedEdges(
            transfer=ensemble.transfer_edges(self.config.edges_per_node, self.config.dense_items),
            interest=ensemble.interest_edges(self.config.edges_per_node),
            co_liked=ensemble.co_liked,
            merge=tuned.merge,
            domain_popularity=ensemble.domain_popularity,
            metrics=tuned.metrics,
        )
