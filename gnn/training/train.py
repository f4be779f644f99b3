"""A training: tune the kernels, hold out validation users for the rest, train on all users."""

from __future__ import annotations

import dataclasses
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy.sparse import csr_array

from isthmus.gnn.config import TrainingConfig
from isthmus.gnn.data import HistoryWeighting, build_examples, limit_heavy_accounts, sample_rows
from isthmus.gnn.determinism import reproducible, threads_for
from isthmus.gnn.edges import CONTENT_FIRST, LearnedEdges, MergeWeights
from isthmus.gnn.metrics import ndcg
from isthmus.gnn.model import (
    HOPS,
    EdgeDecoder,
    NetworkEdges,
    Popularity,
    TrainingUsers,
    TransferModel,
    compute_features,
    domain_popularity_edges,
    item_cosine_edges,
    solve_kernel,
)
from isthmus.gnn.selection import select_significantly_best
from isthmus.gnn.training.edge_selection import EdgeSelection, interest_weights
from isthmus.gnn.training.fit import fit_decoder
from isthmus.gnn.training.target_tuning import tune_target
from isthmus.gnn.training.tuned_parameters import TargetParameters, TunedParameters
from isthmus.gnn.training.tuning import (
    DEFAULT_COLLABORATIVE,
    tune_merge_weights,
    tune_popularity_half_lives,
)
from isthmus.gnn.training.validation import hold_out_validation
from isthmus.gnn.training.written import weight_written
from isthmus.progress import progress

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from isthmus.gnn.data import Examples, InterestGraph
    from isthmus.gnn.edges import FactoredWeights
    from isthmus.gnn.model import Features
    from isthmus.gnn.training.validation import ValidationSplit

logger = logging.getLogger("isthmus")

SAMPLED_NEGATIVES = 8192
# Deviation of a user's scores by the network, where that by the kernel is 1.
NETWORK_SHARES = (0.0, 1.0, 3.0)
MAX_SCALING_USERS = 1000
# Of the network's popularity. With half of it the lists are as accurate, and wider.
POPULARITY_SHARE = 0.5


@dataclass(frozen=True)
class TrainingResult:
    """The result of a training.

    Attributes:
        edges: The edges after pruning, and their merge weights.
        tuned: The parameters that were tuned, for a later training.
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
    split: ValidationSplit | None = None,
) -> TrainingResult:
    """Learns the edges of a graph and their merge weights.

    The kernel of each target domain is tuned by leave-one-out on all of its training users. What
    leave-one-out cannot tell is tuned on the fold's validation users, by a training without their
    histories in each target domain: whether the network adds to the kernel, and how the signals
    are merged. With parameters from an earlier training, nothing is tuned. Of heavy accounts only a
    part of the interactions takes part (`isthmus.gnn.data.heavy_accounts`).

    Args:
        graph: The snapshot.
        config: The configuration; the default where it is None.
        fold: Fold of `isthmus.gnn.data.splits` whose validation users are held out.
        ablation: The part to train without: "network", which is the edge decoder, or "hops".
        tuned: Parameters from a training of about the same graph with the same configuration.
        split: What is held out for validation; None for the fold's users.
    """
    trainer = Trainer(config or TrainingConfig(), ablation)
    with reproducible(trainer.config.seed, threads_for(len(graph.items), trainer.config.threads)):
        graph = limit_heavy_accounts(graph, trainer.config.half_life_days)
        features = trainer.features(graph)
        if tuned is None:
            split = split or hold_out_validation(graph, fold, trainer.config.half_life_days)
            tuned = trainer.tune(graph, features, split)
        examples = trainer.examples(graph, tuned.targets)
        model = trainer.train(graph, features, examples, tuned)
        edges = trainer.build_edges(graph, examples, model, tuned)
        interests = interest_weights(examples, trainer.config.seed)
        return TrainingResult(edges, tuned, lambda t: (model.weights(t), interests(t)))


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

    def features(self, graph: InterestGraph) -> Features:
        """Computes the features of the items."""
        hops = 0 if self.ablation == "hops" else HOPS
        return compute_features(graph, self.config.seed, hops)

    def examples(
        self, graph: InterestGraph, targets: Mapping[str, TargetParameters]
    ) -> list[Examples]:
        """Builds the training examples of each target domain."""
        users, default = np.arange(len(graph.users)), self.history_weighting
        return [
            build_examples(graph, t, users, targets[name].weighting, default)
            for t, name in enumerate(graph.domains)
        ]

    def tune(
        self, graph: InterestGraph, features: Features, split: ValidationSplit
    ) -> TunedParameters:
        """Tunes all parameters."""
        default, seed = self.history_weighting, self.config.seed
        targets, metrics = {}, {}
        with progress("tuning", len(graph.domains), "domains") as advance:
            for t, name in enumerate(graph.domains):
                targets[name], user_ndcg = tune_target(graph, t, features, default, seed)
                if len(user_ndcg):
                    metrics[f"{name} leave-one-out ndcg@10"] = float(user_ndcg.mean())
                advance(1, "tuning")
        training_graph = split.training_graph
        examples = self.examples(training_graph, targets)
        validation = [
            build_examples(
                training_graph, t, users, targets[name].weighting, default, label_graph=graph
            )
            for t, (name, users) in enumerate(zip(graph.domains, split.cold_users, strict=True))
        ]
        half_lives = tune_popularity_half_lives(training_graph, validation, default)
        tuned = TunedParameters(targets, half_lives, interactions=graph.interactions.nnz)
        model = self.train(
            training_graph,
            self.features(training_graph),
            examples,
            dataclasses.replace(tuned, network_share=1.0),
        )
        share = self._network_share(training_graph, model, validation)
        model = dataclasses.replace(model, network_share=share)
        tuned = dataclasses.replace(tuned, network_share=share)
        learned = self.build_edges(training_graph, examples, model, tuned)
        merge, validation_metrics = tune_merge_weights(
            training_graph, learned, validation, examples, split.warm_likes, default
        )
        merge = weight_written(training_graph, learned, merge, default)
        return dataclasses.replace(tuned, merge=merge, metrics=metrics | validation_metrics)

    def train(
        self,
        graph: InterestGraph,
        features: Features,
        examples: Sequence[Examples],
        tuned: TunedParameters,
    ) -> TransferModel:
        """Solves the kernel of each target domain and, where it has a share, trains the network."""
        seed = self.config.seed
        popularity = self._popularity(graph)
        kernels = [
            solve_kernel(
                TrainingUsers(part.history, part.liked, features),
                tuned.targets[name].kernel,
                popularity[t],
                seed,
                len(graph.domains),
            )
            if len(part)
            else None
            for t, (name, part) in enumerate(zip(graph.domains, examples, strict=True))
        ]
        networks = []
        if tuned.network_share and self.ablation != "network" and any(map(len, examples)):
            items = [graph.items_of(t) for t in range(len(graph.domains))]
            torch.manual_seed(seed)  # whatever was trained before
            network = EdgeDecoder(features, items, [part.values for part in popularity])
            network = fit_decoder(network, examples, self._negative_counts(graph), seed)
            networks = [
                scale_network(weights, network.popularity_weight(part.target), part, seed)
                for weights, part in zip(network.edge_weights(), examples, strict=True)
            ]
        return TransferModel(kernels, networks, tuned.network_share if networks else 0.0)

    def build_edges(
        self,
        graph: InterestGraph,
        examples: Sequence[Examples],
        model: TransferModel,
        tuned: TunedParameters,
    ) -> LearnedEdges:
        """Selects the edges of each kind, and joins them with the merge weights."""
        merge = {}
        for t, name in enumerate(graph.domains):
            merge[name] = tuned.merge.get(name, CONTENT_FIRST)
            weighting = tuned.targets[name].weighting
            if len(examples[t]):
                weight = model.popularity_weight(t)
                default = MergeWeights(1.0, 0.0, DEFAULT_COLLABORATIVE, weight)
                merge[name] = dataclasses.replace(tuned.merge.get(name, default), popularity=weight)
            merge[name] = dataclasses.replace(
                merge[name],
                half_life_days=weighting.half_life_days,
                dislike=weighting.dislike_weight,
            )
        selection = EdgeSelection(graph, examples, self.config)
        return LearnedEdges(
            transfer=selection.transfer_edges(model.weights),
            interest=selection.interest_edges(interest_weights(examples, self.config.seed)),
            co_liked=item_cosine_edges(
                graph, self.config.edges_per_node, self.config.half_life_days
            ),
            merge=merge,
            domain_popularity=domain_popularity_edges(graph, tuned.popularity_half_life_days),
            metrics=tuned.metrics,
        )

    def _popularity(self, graph: InterestGraph) -> list[Popularity]:
        """Popularity of the items of each domain."""
        likes = graph.like_counts(self.config.half_life_days)
        users = np.maximum(graph.like_counts(np.inf), 1)
        values = graph.popularity(self.config.half_life_days)
        without_one = (
            values * np.log1p(likes * (1 - 1 / users)) / np.maximum(np.log1p(likes), 1e-12)
        )
        return [
            Popularity(values[items], without_one[items].astype(np.float32))
            for items in (graph.items_of(t) for t in range(len(graph.domains)))
        ]

    def _negative_counts(self, graph: InterestGraph) -> list[int]:
        """Number of negatives of the softmax by target domain; all items of a small domain."""
        sizes = [len(graph.items_of(t)) for t in range(len(graph.domains))]
        return [size if size <= self.config.dense_items else SAMPLED_NEGATIVES for size in sizes]

    def _network_share(
        self, graph: InterestGraph, model: TransferModel, validation: Sequence[Examples]
    ) -> float:
        """Returns the share of the network with which all domains together are served best.

        It is 0 unless another share is clearly better for the users.

        Args:
            graph: The training graph.
            model: Trained without the validation users.
            validation: By target domain.
        """
        if not model.networks:
            return 0.0
        popularity = self._popularity(graph)
        user_ndcg: list[list[NDArray[np.float64]]] = [[np.zeros(0)] for _ in NETWORK_SHARES]
        for t, part in enumerate(validation):
            if not len(part) or model.kernels[t] is None:
                continue
            kernel, network = (
                edges.weights.scores(part.history)
                + np.float32(edges.popularity) * popularity[t].values
                for edges in (model.kernel(t), model.networks[t])
            )
            for share, metrics in zip(NETWORK_SHARES, user_ndcg, strict=True):
                metrics.append(ndcg(kernel + np.float32(share) * network, part.liked))
        by_share = [np.concatenate(metrics) for metrics in user_ndcg]
        share = NETWORK_SHARES[select_significantly_best(by_share)]
        logger.info(
            "training: NDCG@10 of validation users by share of the network: %s; selected %g",
            ", ".join(
                f"{each:g} {mean(x):.4f}" for each, x in zip(NETWORK_SHARES, by_share, strict=True)
            ),
            share,
        )
        return share


def mean(values: NDArray[np.float64]) -> float:
    """Returns the mean, 0 of nothing."""
    return float(values.mean()) if len(values) else 0.0


def scale_network(
    weights: FactoredWeights, popularity: float, examples: Examples, seed: int
) -> NetworkEdges:
    """Scales the edges of a network so that training users' scores have a deviation of 1.

    Args:
        weights: Of all edges into a target domain.
        popularity: Weight of popularity beside them.
        examples: Training examples of the domain.
        seed: Seed of the sample of users.
    """
    if not len(examples):
        return NetworkEdges(weights, 0.0)
    rows = sample_rows(len(examples), seed, MAX_SCALING_USERS)
    scale = weights.unit_scale(csr_array(examples.history[rows]))
    return NetworkEdges(weights.scale(scale), POPULARITY_SHARE * scale * popularity)
