"""Propagation: features of each item for the edge decoder, by hops of LGConv.

The hops have no parameters and run once, before training, in the graph of each domain by itself
(He et al., "LightGCN", 2020; Frasca et al., "SIGN: Scalable Inception Graph Neural Networks",
2020).
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy.sparse import block_array, csr_array, diags_array
from torch.nn import functional

with warnings.catch_warnings():
    # On import, torch_geometric uses a compilation of classes that torch has deprecated.
    warnings.simplefilter("ignore", FutureWarning)
    from torch_geometric.data import Data
    from torch_geometric.nn import LGConv

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isthmus.gnn.data import InterestGraph

TEXT_DIMENSIONS = 128
SPECTRUM_DIMENSIONS = 256
HOPS = 3


def propagate_features(
    graph: InterestGraph, half_life_days: float, seed: int, hops: int = HOPS
) -> list[list[torch.Tensor]]:
    """Computes the features of each item, one set of features for each edge decoder.

    A set is the concatenation of text, spectrum, and one of the two after each hop, each normalised
    to unit length or 0. The first decoder gets the propagated text, the second the propagated
    spectrum.

    Args:
        graph: The training graph.
        half_life_days: Age in days at which a like counts half.
        seed: Seed of the randomised SVD.
        hops: Number of hops.

    Returns:
        By decoder and domain float32 (items of the domain, features).
    """
    item_texts, interest_texts = _text_components(graph)
    weights = graph.decayed_weights(half_life_days)
    feature_sets: list[list[torch.Tensor]] = [[], []]
    for domain in range(len(graph.domains)):
        items = graph.items_of(domain)
        liked = csr_array(weights[:, items].maximum(0))
        item_interests = csr_array(graph.item_interests[items])
        domain_features = _domain_features(
            liked, item_interests, item_texts[items], interest_texts, seed, hops
        )
        for feature_set, features in zip(feature_sets, domain_features, strict=True):
            feature_set.append(features)
    return feature_sets


def _domain_features(
    liked: csr_array,
    item_interests: csr_array,
    texts: NDArray[np.float32],
    interest_texts: NDArray[np.float32],
    seed: int,
    hops: int,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Features of a domain's items for both decoders; the same where no item has a text."""
    spectrum = _spectrum(liked, seed)

    def features(
        initial: NDArray[np.float32], initial_interests: NDArray[np.float32]
    ) -> torch.Tensor:
        data = build_domain_graph(liked, item_interests, initial, initial_interests)
        blocks = [torch.from_numpy(texts), torch.from_numpy(spectrum)]
        blocks += _propagate(data, len(texts), hops)
        return torch.cat([functional.normalize(block) for block in blocks], dim=1)

    from_spectrum = features(spectrum, interest_texts[:, :0])
    return features(texts, interest_texts) if texts.any() else from_spectrum, from_spectrum


def like_spectrum(graph: InterestGraph, half_life_days: float, seed: int) -> NDArray[np.float32]:
    """Spectrum of the likes of all domains together, rows of unit length or 0, (items, rank)."""
    vectors = _spectrum(csr_array(graph.decayed_weights(half_life_days).maximum(0)), seed)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1), dtype=np.float32)


def build_domain_graph(
    liked: csr_array,
    item_interests: csr_array,
    item_vectors: NDArray[np.float32],
    interest_vectors: NDArray[np.float32],
) -> Data:
    """Builds the PyTorch Geometric graph of a domain: items, then users, then interests.

    Args:
        liked: Decayed weights of the likes, (users, items).
        item_interests: Weights of ABOUT, (items, interests).
        item_vectors: Initial features, float32 (items, dimensions).
        interest_vectors: Initial features, float32 (interests, dimensions or 0).

    Returns:
        Data with `x`, the initial features of the nodes, 0 for users; and `adj_t`, the adjacency
        with LightGCN's symmetric normalisation, as sparse CSR.
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


def _propagate(data: Data, items: int, hops: int) -> list[torch.Tensor]:
    """Features of the items after each hop: from items to users and interests, and back."""
    convolution = LGConv(normalize=False)
    x, item_features = data.x, []
    for _ in range(hops):
        x = convolution(convolution(x, data.adj_t), data.adj_t)
        item_features.append(x[:items].clone())
    return item_features


def _spectrum(liked: csr_array, seed: int) -> NDArray[np.float32]:
    """Right singular vectors of the normalised likes, scaled by the singular values."""
    from sklearn.utils.extmath import randomized_svd

    user_degrees, item_degrees = liked.sum(axis=1), liked.sum(axis=0)
    normalised = (
        diags_array(1 / np.sqrt(np.where(user_degrees > 0, user_degrees, 1)))
        @ liked
        @ diags_array(1 / np.sqrt(np.where(item_degrees > 0, item_degrees, 1)))
    )
    rank = min(SPECTRUM_DIMENSIONS, liked.shape[1], liked.shape[0])
    if rank == 0 or not liked.nnz:
        return np.zeros((liked.shape[1], SPECTRUM_DIMENSIONS), np.float32)
    _, values, vectors = randomized_svd(normalised, rank, random_state=seed)
    # Exactly 0 without likes: rounding errors would be scaled to unit length, and become edges.
    vectors[:, item_degrees <= 0] = 0
    return np.ascontiguousarray((vectors.T * values).astype(np.float32))


def _text_components(graph: InterestGraph) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Embeddings of the items and of the interests on the items' principal axes."""
    has_text = graph.item_vectors.any(axis=1)
    # At least one column, of zeros where there is no text: torch refuses a layer without inputs.
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
