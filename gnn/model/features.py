"""Features of items: popularity, spectrum of the likes, and texts carried over the likes.

They are computed once, of each domain from its own interactions and texts, so that nothing of a
target domain is in the features of its sources. The hops have no parameters (He et al., "LightGCN",
2020; Frasca et al., "SIGN: Scalable Inception Graph Neural Networks", 2020).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy.sparse import block_array, csr_array, diags_array

with warnings.catch_warnings():
    # On import, torch_geometric uses a compilation of classes that torch has deprecated.
    warnings.simplefilter("ignore", FutureWarning)
    from torch_geometric.data import Data
    from torch_geometric.nn import LGConv

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from isthmus.gnn.data import InterestGraph

MAX_RANK = 256
# Dimensions of the spectra of all domains together, so that many domains cost no more than few.
TOTAL_RANK = 1024
MIN_RANK = 8
HOPS = 2
# A shared item says the less about two users, the more popular it is.
POPULARITY_EXPONENT = -0.5


@dataclass(frozen=True)
class Features:
    """Features of the items of a graph.

    Attributes:
        importance: Popularity relative to the median item of the domain to the power
            `POPULARITY_EXPONENT`, float32 (items,).
        spectrum: Right singular vectors of the normalised likes of the item's domain times the
            singular values, rows of unit length or 0, float32 (items, dimensions); each domain has
            dimensions of its own.
        texts: By number of hops, text embeddings carried so far, float32 (items, dimensions), rows
            of unit length, or 0 where nothing is known.
    """

    importance: NDArray[np.float32]
    spectrum: NDArray[np.float32]
    texts: tuple[NDArray[np.float32], ...]


def compute_features(graph: InterestGraph, seed: int, hops: int = HOPS) -> Features:
    """Computes the features of all items, domain by domain.

    Args:
        graph: The training graph.
        seed: Seed of the randomised SVD.
        hops: Number of hops: 0 for the texts alone.
    """
    positive = csr_array(graph.interactions.maximum(0))
    positive.eliminate_zeros()
    count, domains = len(graph.items), range(len(graph.domains))
    rank = min(MAX_RANK, max(MIN_RANK, TOTAL_RANK // max(len(domains) - 1, 1)))
    importance = np.ones(count, np.float32)
    spectrum = np.zeros((count, rank * len(domains)), np.float32)
    size = max(1, graph.item_vectors.shape[1])  # torch refuses a layer without inputs
    texts = tuple(np.zeros((count, size), np.float32) for _ in range(HOPS + 1))
    for domain in domains:
        items = graph.items_of(domain)
        liked = csr_array(positive[:, items])
        likes = np.bincount(liked.indices, minlength=len(items))
        median = np.median(likes[likes > 0]) if liked.nnz else 1
        importance[items] = (np.maximum(likes, 1) / median) ** POPULARITY_EXPONENT
        vectors = _spectrum(liked, rank, seed)
        spectrum[items, domain * rank : domain * rank + vectors.shape[1]] = vectors
        carried = _carry_texts(graph.item_vectors[items], liked, graph.item_interests[items], hops)
        for hop, rows in zip(texts, carried, strict=False):
            hop[items] = rows
    return Features(importance, spectrum, texts)


def _spectrum(liked: csr_array, rank: int, seed: int) -> NDArray[np.float32]:
    """Rows of unit length of the SVD of `D_u^-1/2 L D_i^-1/2`, the normalised likes."""
    from sklearn.utils.extmath import randomized_svd

    rank = min(rank, *(size - 1 for size in liked.shape))
    if rank < 1 or not liked.nnz:
        return np.zeros((liked.shape[1], 0), np.float32)
    users, items = (np.asarray(liked.sum(axis=axis)).ravel() for axis in (1, 0))
    left, right = (diags_array(np.where(x > 0, x, 1) ** -0.5) for x in (users, items))
    _, values, vectors = randomized_svd(csr_array(left @ liked @ right), rank, random_state=seed)
    # Exactly 0 without likes, where rounding errors would become edges.
    vectors[:, items <= 0] = 0
    return unit_rows(vectors.T * values)


def _carry_texts(
    vectors: NDArray[np.float32], liked: csr_array, item_interests: csr_array, hops: int
) -> Iterator[NDArray[np.float32]]:
    """Yields the embeddings of a domain's items after each number of hops.

    A hop leads from items to users and interests, and back. Without any text nothing is yielded.
    """
    has_text: NDArray[np.bool_] = np.asarray(vectors.any(axis=1))
    if not has_text.any():
        return
    texts = np.where(has_text[:, None], vectors - vectors[has_text].mean(axis=0), 0)
    data = build_domain_graph(liked, csr_array(item_interests), texts)
    convolution, x = LGConv(normalize=False), data.x
    for hop in range(HOPS + 1):
        if 0 < hop <= hops:
            x = convolution(convolution(x, data.adj_t), data.adj_t)
        yield unit_rows(x[: len(vectors)].numpy())


def unit_rows(matrix: NDArray[np.floating]) -> NDArray[np.float32]:
    """Scales each row to length 1, float32; a row of zeros stays."""
    lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
    return np.ascontiguousarray(matrix / np.where(lengths > 0, lengths, 1), dtype=np.float32)


def build_domain_graph(
    liked: csr_array, item_interests: csr_array, texts: NDArray[np.floating]
) -> Data:
    """Builds the PyTorch Geometric graph of a domain: items, then users, then interests.

    Args:
        liked: Weights of the likes, (users, items).
        item_interests: Weights of ABOUT, (items, interests).
        texts: Embeddings of the items, (items, dimensions).

    Returns:
        Data with `x`, the embeddings of the items and 0 for the other nodes, float32; and `adj_t`,
        the adjacency with LightGCN's symmetric normalisation, as sparse CSR.
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
    x = torch.zeros(adjacency.shape[0], texts.shape[1])
    x[: len(texts)] = torch.from_numpy(texts.astype(np.float32))
    return Data(x=x, adj_t=_sparse_tensor(csr_array(scale @ adjacency @ scale)))


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
