"""The hops of the graph neural network: what a decoder sees of each item.

They are LightGCN's, and run once, before training, inside each domain's own graph (He et al.,
"LightGCN", 2020; Frasca et al., "SIGN: Scalable Inception Graph Neural Networks", 2020).
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy.sparse import block_array, csr_array, diags_array
from torch.nn import functional

with warnings.catch_warnings():
    # On import, torch_geometric compiles a class in a way that torch has deprecated.
    warnings.simplefilter("ignore", FutureWarning)
    from torch_geometric.data import Data
    from torch_geometric.nn import LGConv

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isthmus.gnn.data.arrays import InterestGraph

TEXT_DIMENSIONS = 128
STRUCTURE_DIMENSIONS = 256
HOPS = 3


def item_views(
    graph: InterestGraph, half_life_days: float, seed: int, hops: int = HOPS
) -> list[list[torch.Tensor]]:
    """What each decoder sees of each item.

    Text, structure, and one of the two carried along one hop, two, and so on, each of unit length
    or 0, side by side. One decoder sees what text becomes, another what structure becomes.

    Returns:
        For each decoder and domain float32 (items of the domain, features).
    """
    item_texts, interest_texts = _reduced_texts(graph)
    strengths = graph.strengths(half_life_days)
    views: list[list[torch.Tensor]] = [[], []]
    for domain in range(len(graph.domains)):
        items = graph.items_of(domain)
        liked = csr_array(strengths[:, items].maximum(0))
        about = csr_array(graph.item_interests[items])
        carried = _carried(liked, about, item_texts[items], interest_texts, seed, hops)
        for view, features in zip(views, carried, strict=True):
            view.append(features)
    return views


def _carried(
    liked: csr_array,
    about: csr_array,
    texts: NDArray[np.float32],
    interest_texts: NDArray[np.float32],
    seed: int,
    hops: int,
) -> tuple[torch.Tensor, torch.Tensor]:
    """What either decoder sees of a domain's items; the same where none of them has a text."""
    structure = _structure(liked, seed)

    def view(start: NDArray[np.float32], of_interests: NDArray[np.float32]) -> torch.Tensor:
        data = domain_graph(liked, about, start, of_interests)
        blocks = [torch.from_numpy(texts), torch.from_numpy(structure)]
        blocks += _hops(data, len(texts), hops)
        return torch.cat([functional.normalize(block) for block in blocks], dim=1)

    by_structure = view(structure, interest_texts[:, :0])
    return view(texts, interest_texts) if texts.any() else by_structure, by_structure


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
