"""The graph neural network: what it sees of each item, and the decoder that scores an edge.

The network is a LightGCN whose hops run once, before training, inside each domain's own graph
(He et al., "LightGCN", 2020; Frasca et al., "SIGN: Scalable Inception Graph Neural Networks",
2020). What is trained is the decoder on top: two linear encoders a domain, of what an item
speaks for and of what speaks for an item.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, cast

import numpy as np
import torch
from scipy.sparse import block_array, csr_array, diags_array
from torch import nn
from torch.nn import functional

with warnings.catch_warnings():
    # On import, torch_geometric compiles a class in a way that torch has deprecated.
    warnings.simplefilter("ignore", FutureWarning)
    from torch_geometric.data import Data
    from torch_geometric.nn import LGConv

from gnn.edges import Weights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gnn.data import InterestGraph
    from gnn.tasks import Batch

TEXT_DIMENSIONS = 128
STRUCTURE_DIMENSIONS = 256
HOPS = 3
EDGE_DIMENSIONS = 128
FEATURE_DROPOUT = 0.3
# How often a target is known by its text alone, as one that nobody has touched is.
TEXT_ALONE = 0.1
# The decoder starts close to what it ends at: exp(2) a unit of cosine, 5 a unit of popularity.
FIRST_SHARPNESS = 2.0
FIRST_POPULARITY = 5.0


def item_views(
    graph: InterestGraph, half_life_days: float, seed: int, hops: int = HOPS
) -> tuple[list[list[torch.Tensor]], torch.Tensor]:
    """What each decoder sees of each item, and of each interest.

    Items, by domain: text, structure, and one of the two carried along one hop, two, and so on,
    each of unit length or 0, side by side. One decoder sees what text becomes, another what
    structure becomes. Interests: text alone.

    Returns:
        For each decoder and domain float32 (items of the domain, features), and float32
        (interests, text).
    """
    item_texts, interest_texts = _reduced_texts(graph)
    strengths = graph.strengths(half_life_days)
    views: list[list[torch.Tensor]] = [[], []]
    for domain in range(len(graph.domains)):
        items = graph.items_of(domain)
        liked = csr_array(strengths[:, items].maximum(0))
        structure = _structure(liked, seed)
        texts = item_texts[items]
        about, apart = csr_array(graph.item_interests[items]), interest_texts[:, :0]
        carried = [(texts, interest_texts) if texts.any() else (structure, apart)]
        carried.append((structure, apart))
        for view, (start, of_interests) in zip(views, carried, strict=True):
            data = domain_graph(liked, about, start, of_interests)
            blocks = [torch.from_numpy(texts), torch.from_numpy(structure)]
            blocks += _hops(data, len(items), hops)
            view.append(torch.cat([functional.normalize(block) for block in blocks], dim=1))
    return views, functional.normalize(torch.from_numpy(interest_texts))


def likes_structure(graph: InterestGraph, half_life_days: float, seed: int) -> NDArray[np.float32]:
    """Singular vectors of the likes of all domains together, rows of unit length, (items, rank)."""
    vectors = _structure(csr_array(graph.strengths(half_life_days).maximum(0)), seed)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1), dtype=np.float32)


def domain_graph(
    liked: csr_array,
    item_interests: csr_array,
    item_vectors: NDArray[np.float32],
    interest_vectors: NDArray[np.float32],
) -> Data:
    """One domain as a PyTorch Geometric graph: its items, then the users, then the interests.

    Args:
        liked: Strengths of likes, (users, items).
        item_interests: Weights of ABOUT, (items, interests).
        item_vectors: Float32, (items, dimensions).
        interest_vectors: Float32, (interests, dimensions or 0).

    Returns:
        `x`, the vectors of the nodes, 0 for users; `adj_t`, the adjacency with LightGCN's
        symmetric normalisation, as sparse CSR.
    """
    about = item_interests.maximum(0)
    blocks: list[list[csr_array | None]] = [
        [None, csr_array(liked.T), about],
        [liked, None, None],
        [csr_array(about.T), None, None],
    ]
    adjacency = csr_array(block_array(blocks))
    degrees = adjacency.sum(axis=1)
    scale = diags_array(1 / np.sqrt(np.where(degrees > 0, degrees, 1)))
    x = torch.zeros(adjacency.shape[0], item_vectors.shape[1])
    x[: len(item_vectors)] = torch.from_numpy(item_vectors)
    if interest_vectors.size:
        x[len(x) - len(interest_vectors) :] = torch.from_numpy(interest_vectors)
    return Data(x=x, adj_t=_sparse_tensor(csr_array(scale @ adjacency @ scale)))


def _hops(data: Data, items: int, hops: int) -> list[torch.Tensor]:
    """Vectors of the items after each hop: from item to user or interest, and back."""
    convolution = LGConv(normalize=False)
    x, after = data.x, []
    for _ in range(hops):
        x = convolution(convolution(x, data.adj_t), data.adj_t)
        after.append(x[:items].clone())
    return after


def _structure(liked: csr_array, seed: int) -> NDArray[np.float32]:
    """Leading right singular vectors of the normalised likes, scaled by what they explain."""
    from sklearn.utils.extmath import randomized_svd

    users, items = liked.sum(axis=1), liked.sum(axis=0)
    normalised = (
        diags_array(1 / np.sqrt(np.where(users > 0, users, 1)))
        @ liked
        @ diags_array(1 / np.sqrt(np.where(items > 0, items, 1)))
    )
    rank = min(STRUCTURE_DIMENSIONS, liked.shape[1], liked.shape[0])
    if rank == 0 or not liked.nnz:
        return np.zeros((liked.shape[1], STRUCTURE_DIMENSIONS), np.float32)
    _, values, vectors = randomized_svd(normalised, rank, random_state=seed)
    return np.ascontiguousarray((vectors.T * values).astype(np.float32))


def _reduced_texts(graph: InterestGraph) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Embeddings on their principal axes: of the items, and of the interests."""
    has_text = graph.item_vectors.any(axis=1)
    # One column of zeros stands for no text at all: a layer of no inputs cannot be made.
    size = max(1, min(TEXT_DIMENSIONS, graph.item_vectors.shape[1]))
    texts = np.zeros((len(graph.items), size), np.float32)
    if not has_text.any():
        return texts, np.zeros((len(graph.interests), size), np.float32)
    vectors = graph.item_vectors[has_text]
    centred = vectors - vectors.mean(axis=0)
    axes = np.linalg.eigh(centred.T @ centred)[1][:, ::-1][:, :size]
    texts[has_text] = centred @ axes
    interests = graph.interest_vectors
    if len(interests) > 1:
        interests = interests - interests.mean(axis=0)
    return texts, np.ascontiguousarray(interests @ axes, dtype=np.float32)


def _sparse_tensor(matrix: csr_array) -> torch.Tensor:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sparse CSR tensor support is in beta state")
        return torch.sparse_csr_tensor(
            torch.from_numpy(matrix.indptr.astype(np.int64)),
            torch.from_numpy(matrix.indices.astype(np.int64)),
            torch.from_numpy(matrix.data.astype(np.float32)),
            matrix.shape,
            check_invariants=True,
        )


class EdgeDecoder(nn.Module):
    """Scores edges: w(i -> j) is the product of what i speaks for and of what speaks for j.

    Both are linear in the features and of unit length; the source is scaled by how much it says
    at all, the target domain by how sharply its users choose. An interest speaks for what its own
    text and the items about it speak for. While it is taught, some targets show their text alone,
    so that it can tell whom an item is for that nobody has touched (Volkovs, Yu and Poutanen,
    "DropoutNet: Addressing Cold Start in Recommender Systems", 2017).

    Args:
        graph: The graph that it is taught on.
        features: By domain, features of its items, float32 (items, features).
        interest_texts: Float32 (interests, text).
        half_life_days: Age at which a dated like counts half, for popularity.
    """

    def __init__(
        self,
        graph: InterestGraph,
        features: Sequence[torch.Tensor],
        interest_texts: torch.Tensor,
        half_life_days: float,
    ) -> None:
        super().__init__()
        self.features = list(features)
        self.interest_texts = interest_texts
        popularity = torch.from_numpy(graph.popularity(half_life_days))
        items = [graph.items_of(domain) for domain in range(len(graph.domains))]
        self.item_popularity = [popularity[of_domain] for of_domain in items]
        self.interest_features = [
            torch.from_numpy(_mean_about(graph.item_interests[of_domain], feature.numpy()))
            for of_domain, feature in zip(items, features, strict=True)
        ]
        sizes = [feature.shape[1] for feature in features]
        self.speaks_for = nn.ModuleList(_projection(size) for size in sizes)
        self.spoken_for_by = nn.ModuleList(_projection(size) for size in sizes)
        self.importance = nn.ModuleList(nn.Linear(size, 1) for size in sizes)
        self.interest = _projection(interest_texts.shape[1])
        self.interest_importance = nn.Parameter(torch.zeros(()))
        self.sharpness = nn.Parameter(torch.full((len(sizes),), FIRST_SHARPNESS))
        self.popularity = nn.Parameter(torch.full((len(sizes),), FIRST_POPULARITY))

    def forward(self, batch: Batch) -> torch.Tensor:
        """The served sum of each user over the items that the batch scores, (users, scored)."""
        user = torch.zeros(len(batch.interests), EDGE_DIMENSIONS)
        for domain, (met, weights) in enumerate(zip(batch.met, batch.weights, strict=True)):
            if len(met):
                user = user + weights @ self.sources(domain, met)
        if batch.interests.shape[1]:
            user = user + batch.interests @ self.interests()
        prior = self.prior(batch.target)
        if batch.scored is not None:
            prior = prior[batch.scored]
        return user @ self.targets(batch.target, batch.scored).T + prior

    def prior(self, domain: int) -> torch.Tensor:
        """What popularity alone says for each item of a domain, (items,)."""
        return self.popularity[domain] * self.item_popularity[domain]

    def sources(self, domain: int, items: torch.Tensor) -> torch.Tensor:
        """What some items of a domain speak for, (items, EDGE_DIMENSIONS)."""
        features = self._dropped(self.features[domain][items])
        direction = functional.normalize(self.speaks_for[domain](features))
        return direction * functional.softplus(self.importance[domain](features))

    def interests(self) -> torch.Tensor:
        """What each interest speaks for, (interests, EDGE_DIMENSIONS)."""
        direction = self.interest(self.interest_texts)
        for encoder, mean in zip(self.speaks_for, self.interest_features, strict=True):
            direction = direction + encoder(mean)
        return functional.normalize(direction) * functional.softplus(self.interest_importance)

    def targets(self, domain: int, items: torch.Tensor | None = None) -> torch.Tensor:
        """What speaks for some items of a domain, or for all, (items, EDGE_DIMENSIONS)."""
        features = self.features[domain]
        features = features if items is None else features[items]
        if self.training:
            features = self._dropped(self._as_if_untouched(features))
        direction = functional.normalize(self.spoken_for_by[domain](features))
        return direction * self.sharpness[domain].exp()

    @torch.no_grad()
    def vectors(self, target: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Of the items of the other domains, domain by domain, of the interests, of the target's.

        Float32 (items, EDGE_DIMENSIONS) each; the products with the last are weights of edges.
        """
        others = [domain for domain in range(len(self.features)) if domain != target]
        sources = [self.sources(d, torch.arange(len(self.features[d]))) for d in others]
        return torch.cat(sources), self.interests(), self.targets(target)

    def _as_if_untouched(self, features: torch.Tensor) -> torch.Tensor:
        """Some targets by their text alone, where they have one."""
        text = features[:, : self.interest_texts.shape[1]]
        alone = (torch.rand(len(features), 1) < TEXT_ALONE) & text.any(dim=1, keepdim=True)
        return torch.where(
            alone, functional.pad(text, (0, features.shape[1] - text.shape[1])), features
        )

    def _dropped(self, features: torch.Tensor) -> torch.Tensor:
        return functional.dropout(features, FEATURE_DROPOUT, self.training)


class Decoders(nn.Module):
    """Several decoders that are taught apart and answer by their mean.

    Which errs less than any of them (Lakshminarayanan, Pritzel and Blundell, "Simple and Scalable
    Predictive Uncertainty Estimation using Deep Ensembles", 2017), and is a sum over edges too.

    Args:
        members: Each with a view of its own of the same graph.
    """

    def __init__(self, members: Sequence[EdgeDecoder]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def each(self) -> list[EdgeDecoder]:
        """The decoders."""
        return cast("list[EdgeDecoder]", list(self.members))

    def forward(self, batch: Batch) -> torch.Tensor:
        """The served sum of each user over the items that the batch scores, (users, scored)."""
        return torch.stack([member(batch) for member in self.members]).mean(dim=0)

    @torch.no_grad()
    def prior(self, domain: int) -> NDArray[np.float32]:
        """What popularity alone says for each item of a domain, (items,)."""
        priors = torch.stack([member.prior(domain) for member in self.each()])
        mean: NDArray[np.float32] = priors.mean(dim=0).numpy()
        return mean

    def popularity(self, domain: int) -> float:
        """What a unit of popularity counts in a domain."""
        return float(np.mean([float(member.popularity[domain].detach()) for member in self.each()]))

    def weights(self, target: int) -> Weights:
        """Of all edges from the items of the other domains, domain by domain, to the target's."""
        return self._mean([(items, to) for items, _, to in self._vectors(target)])

    def interest_weights(self, target: int) -> Weights:
        """Of all edges from interests to the items of the target."""
        return self._mean([(interests, to) for _, interests, to in self._vectors(target)])

    def _vectors(self, target: int) -> list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
        return [member.vectors(target) for member in self.each()]

    def _mean(self, ends: Sequence[tuple[torch.Tensor, torch.Tensor]]) -> Weights:
        sources = torch.cat([one / len(ends) for one, _ in ends], dim=1).numpy()
        targets = torch.cat([one for _, one in ends], dim=1).numpy()
        return Weights((sources,), lambda some: (targets[some].T,), len(targets))


def softmax_loss(scores: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Softmax over what a batch scores, several likes a user, each user times likes^.5."""
    if batch.correction is not None:
        scores = scores + batch.correction
    chances = torch.log_softmax(scores, dim=1)[batch.users, batch.likes]
    likes = torch.bincount(batch.users, minlength=len(batch.interests))
    weights = likes.clamp(min=1).float() ** -0.5
    return -(weights[batch.users] * chances).sum() / (weights * likes).sum().clamp(min=1)


def _projection(size: int) -> nn.Linear:
    return nn.Linear(size, EDGE_DIMENSIONS, bias=False)


def _mean_about(about: csr_array, features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean features of the items about each interest, (interests, features)."""
    total = about.sum(axis=0)
    mean = diags_array(1 / np.where(total > 0, total, 1)) @ (about.T @ features)
    return np.asarray(mean, dtype=np.float32)
