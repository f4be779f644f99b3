"""Cold-start accuracy of one decoder in closed form over features of a GNN, as one page.

python benchmarks/closed_form.py ../shared/data/tables/rt_critics [--targets food ...]
    [--folds 0 1 ...] [-o OUT]

With A the histories of the training users in the source domains, D the popularity of the items to
the power -1/2, F the spectrum of each source domain's own likes, H its text embeddings carried k
hops by LGConv along its own graph, N the lengths of the histories and Y the likes in the target:

    K = N^-1/2 (A D A' + s1 A F F' A' + s2 A H H' A') N^-1/2 + prior
    G = (K + L)^-1,  alpha = G Y

with each part scaled to the mean diagonal of the first, and L the penalty times the mean diagonal
times a power of the user's number of likes. No feature holds anything of the target, so a training
user's scores from all others are exactly y - alpha / diag(G): all scalars, the half-life and what a
dislike counts are chosen by the NDCG@10 of these, on at most 4,000 users, and nobody is hidden for
it. The protocol, folds and users are those of `accuracy.py`.
"""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array
from shared.page import write
from sklearn.utils.extmath import randomized_svd
from torch_geometric.nn import LGConv

from isthmus.gnn.data import (
    HistoryWeighting,
    InterestGraph,
    cold_start_users,
    domain_likes,
    hide_interactions,
    interactions_of_users,
    sample_rows,
    split_histories,
)
from isthmus.gnn.evaluation.held_out import build_held_out_set
from isthmus.gnn.evaluation.ranking import evaluate_ranking
from isthmus.gnn.metrics import ndcg
from isthmus.gnn.model.propagation import build_domain_graph
from isthmus.graph.generations import build_snapshot
from isthmus.graph.sources import read_dataset
from isthmus.settings import load_settings

ROOT = Path(__file__).resolve().parents[1]
Floats = NDArray[np.float32]
RANK, HOPS, SEED = 128, 2, 7
MAX_USERS, MAX_TUNING_USERS, BLOCK = 8000, 4000, 1000
HALF_LIVES, DISLIKES = (91.25, 365.0, 1460.0, 36500.0), (1.0, 0.0, -1.0)


@dataclass(frozen=True)
class Choice:
    """What leave-one-out chooses; the default of each is in the middle of its values."""

    penalty: float = 1.0
    spectrum: float = 0.3
    text: float = 0.3
    hops: int = 1
    normalised: bool = True
    prior: float = 0.3
    power: float = 0.25


VALUES: dict[str, tuple[float, ...]] = {
    "penalty": (0.1, 0.3, 1.0, 3.0, 10.0, 30.0),
    "spectrum": (0.0, 0.3, 1.0, 3.0),
    "text": (0.0, 0.3, 1.0, 3.0),
    "hops": tuple(range(HOPS + 1)),
    "normalised": (True, False),
    "prior": (0.0, 0.1, 0.3, 1.0, 3.0),
    "power": (0.0, 0.25, 0.5),
}


class DomainFeatures:
    """Features of the items of one domain, from its own interactions and texts.

    Attributes:
        popularity: D, (items,).
        spectrum: F, (items, rank).
        hops: H after 0, 1, ... hops, rows of unit length or 0, each (items, dimensions).
    """

    def __init__(self, graph: InterestGraph, domain: int, half_life_days: float) -> None:
        items = graph.items_of(domain)
        liked = csr_array(graph.decayed_weights(half_life_days)[:, items].maximum(0))
        liked.eliminate_zeros()
        counts = np.bincount(liked.indices, minlength=len(items))
        median = np.median(counts[counts > 0]) if counts.any() else 1
        self.popularity = (np.maximum(counts, 1) / median) ** -0.5
        self.spectrum = self._spectrum(liked)
        self.hops = self._hops(liked, graph.item_vectors[items])

    @staticmethod
    def _spectrum(liked: csr_array) -> Floats:
        users, items = (np.asarray(liked.sum(axis=axis)).ravel() for axis in (1, 0))
        rank = min(RANK, *(n - 1 for n in liked.shape))
        if rank < 1 or not liked.nnz:
            return np.zeros((liked.shape[1], 1), np.float32)
        left = diags_array(np.where(users > 0, users, 1) ** -0.5)
        right = diags_array(np.where(items > 0, items, 1) ** -0.25)
        _, values, vectors = randomized_svd(
            csr_array(left @ liked @ right), rank, random_state=SEED
        )
        spectrum = (vectors.T * values).astype(np.float32)
        spectrum[items <= 0] = 0
        return np.asarray(spectrum)

    @staticmethod
    def _hops(liked: csr_array, vectors: Floats) -> list[Floats]:
        has_text = vectors.any(axis=1)
        if not has_text.any():
            return [vectors] * (HOPS + 1)
        texts = np.where(has_text[:, None], vectors - vectors[has_text].mean(axis=0), 0)
        no_interests = csr_array((len(texts), 0), dtype=np.float32)
        none = np.zeros((0, texts.shape[1]), np.float32)
        data = build_domain_graph(liked, no_interests, texts.astype(np.float32), none)
        carry, x, found = LGConv(normalize=False), data.x, []
        for _ in range(HOPS + 1):
            hop = x[: len(texts)].numpy()
            lengths = np.linalg.norm(hop, axis=1, keepdims=True)
            found.append(np.asarray(hop / np.where(lengths > 0, lengths, 1), dtype=np.float32))
            x = carry(carry(x, data.adj_t), data.adj_t)
        return found


class ClosedForm:
    """The decoder of one target domain.

    Args:
        graph: The training graph.
        target: Index of the target domain.
        weighting: Weighting of the histories.
    """

    def __init__(self, graph: InterestGraph, target: int, weighting: HistoryWeighting) -> None:
        everybody = np.arange(len(graph.users))
        outside = split_histories(graph, target, everybody, weighting, as_if_cold=True).outside
        liked = domain_likes(graph, target, everybody)
        users = np.flatnonzero((np.diff(outside.indptr) > 0) & (np.diff(liked.indptr) > 0))
        self.weighting, self.choice, self.value = weighting, Choice(), 0.0
        self.users = users[sample_rows(len(users), SEED, MAX_USERS)]
        self.likes = csr_array(liked[self.users])
        self._lengths = np.maximum(np.diff(outside.indptr), 1) ** 0.5
        self._sources: list[tuple[csr_array, csr_array, list[Floats]]] = []
        for domain in range(len(graph.domains)):
            if domain != target:
                history = csr_array(outside[:, graph.items_of(domain)])
                features = DomainFeatures(graph, domain, weighting.half_life_days)
                dense = [features.spectrum, *features.hops]
                profiles = [np.asarray(history @ each, dtype=np.float32) for each in dense]
                weighted = csr_array(history @ diags_array(features.popularity))
                self._sources.append((history, weighted, profiles))
        self._parts = self._compare(self.users)
        self.tuning_rows = sample_rows(len(self.users), SEED, MAX_TUNING_USERS)

    def _compare(self, users: NDArray[np.int64]) -> list[Floats]:
        """The parts of K between some users and the training users: likes, spectrum, hops."""
        parts = [np.zeros((len(users), len(self.users)), np.float32) for _ in range(HOPS + 3)]
        for history, weighted, profiles in self._sources:
            parts[0] += csr_array(weighted[users] @ history[self.users].T).toarray()
            for part, profile in zip(parts[1:], profiles, strict=True):
                part += profile[users] @ profile[self.users].T
        return parts

    def _kernel(self, parts: list[Floats], users: NDArray[np.int64], columns: slice) -> Floats:
        """K between some users and training users."""
        chosen = [
            (0, 1.0),
            (1, self.choice.spectrum),
            (2 + int(self.choice.hops), self.choice.text),
        ]
        kernel = np.zeros(parts[0].shape, np.float32)
        for part, share in chosen:
            scale = float(self._parts[part].diagonal().mean())
            if share and scale > 0:
                kernel += np.float32(share / scale) * parts[part]
        if self.choice.normalised:
            kernel /= self._lengths[users][:, None]
            kernel /= self._lengths[self.users[columns]][None, :]
        return kernel

    def _inverse(self, rows: NDArray[np.int64]) -> Floats:
        parts = [part[np.ix_(rows, rows)] for part in self._parts]
        kept, self.users = self.users, self.users[rows]
        kernel = self._kernel(parts, self.users, slice(None))
        self.users = kept
        self._mean = float(kernel.diagonal().mean())
        kernel += self.choice.prior * self._mean
        counts = np.diff(self.likes.indptr)[rows] ** self.choice.power
        kernel[np.diag_indices_from(kernel)] += self.choice.penalty * self._mean * counts
        factor = torch.linalg.cholesky(torch.from_numpy(kernel))
        return np.asarray(torch.cholesky_inverse(factor).numpy())

    def leave_one_out(self) -> float:
        """NDCG@10 of the training users, each without himself."""
        rows = self.tuning_rows
        inverse, likes = self._inverse(rows), csr_array(self.likes[rows])
        found = []
        for start in range(0, len(rows), BLOCK):
            block = slice(start, start + BLOCK)
            alpha = np.asarray((likes.T @ inverse[block].T).T, dtype=np.float32)
            scores = likes[block].toarray() - alpha / inverse.diagonal()[block][:, None]
            found.append(ndcg(scores, csr_array(likes[block])))
        return float(np.concatenate(found).mean())

    def tune(self) -> None:
        """Chooses by coordinates, twice over all of them or until nothing changes."""
        self.value = self.leave_one_out()
        for _ in range(2):
            before = self.choice
            for name, values in VALUES.items():
                for value in values:
                    self._try(replace(self.choice, **{name: value}))
            if self.choice == before:
                break

    def _try(self, choice: Choice) -> None:
        kept, self.choice = self.choice, choice
        if choice == kept:
            return
        value = self.leave_one_out()
        if value > self.value:
            self.value = value
        else:
            self.choice = kept

    def solve(self) -> None:
        """Solves for alpha with all training users."""
        inverse = self._inverse(np.arange(len(self.users)))
        self._alpha = np.asarray((self.likes.T @ inverse).T, dtype=np.float32)

    def scores(self, users: NDArray[np.int64]) -> Floats:
        """Scores of the items of the target, (users, items)."""
        kernel = self._kernel(self._compare(users), users, slice(None))
        return np.asarray((kernel + self.choice.prior * self._mean) @ self._alpha)


def weightings(graph: InterestGraph, best: ClosedForm) -> Iterator[HistoryWeighting]:
    """Half-lives and dislike weights other than those of the best so far."""
    if not np.isnan(graph.last_at).all():
        for days in HALF_LIVES:
            yield replace(best.weighting, half_life_days=days)
    if (graph.interactions.data < 0).any():
        for weight in DISLIKES:
            yield replace(best.weighting, dislike_weight=weight)


def fit(graph: InterestGraph, target: int) -> ClosedForm:
    """Chooses the weighting with the default choice, then the choice."""
    best = ClosedForm(graph, target, HistoryWeighting())
    best.value = best.leave_one_out()
    start = best
    for step in weightings(graph, start):
        changed = {
            name: getattr(step, name)
            for name in ("half_life_days", "dislike_weight")
            if getattr(step, name) != getattr(start.weighting, name)
        }
        weighting = replace(best.weighting, **changed)
        if weighting != best.weighting:
            other = ClosedForm(graph, target, weighting)
            other.value = other.leave_one_out()
            best = max(best, other, key=lambda each: each.value)
    best.tune()
    best.solve()
    return best


def measure(graph: InterestGraph, name: str, folds: list[int]) -> dict[str, object]:
    """Measures one target; returns a row of the page."""
    target, found, estimates, coverage = graph.domains.index(name), [], [], []
    start = time.monotonic()
    for fold in folds:
        cold = cold_start_users(graph, target, fold)
        hidden = interactions_of_users(graph, target, cold.test)
        training_set = hide_interactions(graph, hidden, half_life_days=365)
        held_out = build_held_out_set(graph, hidden, training_set, target, cold.test)
        model = fit(training_set, target)
        metrics = evaluate_ranking(model.scores, held_out)
        found.append(metrics.per_user["ndcg@10"])
        estimates.append(model.value)
        coverage.append(metrics.overall["coverage@10"])
        logging.getLogger("isthmus").info(
            "%s, fold %d: NDCG@10 %.4f, by leave-one-out %.4f, %s, %s",
            *(name, fold, found[-1].mean(), model.value, model.choice, model.weighting),
        )
    pooled = np.concatenate(found)
    return {
        "target": name,
        "users": len(pooled),
        "NDCG@10": round(float(pooled.mean()), 4),
        "standard error": round(float(pooled.std() / len(pooled) ** 0.5), 4),
        "by leave-one-out": round(float(np.mean(estimates)), 4),
        "coverage@10": round(float(np.mean(coverage)), 3),
        "seconds a fold": round((time.monotonic() - start) / len(folds), 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("dataset", type=Path, help="folder of a dataset")
    parser.add_argument("--targets", nargs="+", help="target domains (default: all)")
    parser.add_argument("--folds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks" / "closed_form")
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    logging.getLogger("isthmus").setLevel(logging.INFO)
    graph = build_snapshot(read_dataset(options.dataset), load_settings())
    rows = [measure(graph, name, options.folds) for name in options.targets or graph.domains]
    note = f"Folds {', '.join(map(str, options.folds))} of {options.dataset.name}, pooled."
    print(write(options.out, "The closed form", rows, note))


if __name__ == "__main__":
    main()
