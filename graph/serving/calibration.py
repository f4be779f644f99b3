"""Calibrates the probability that the writer of a text likes an item, on users who wrote."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from isthmus.encoders.text import VectorCache
from isthmus.graph.interests import active_encoder, reading_of_vector, text_reader
from isthmus.graph.serving.recommend import CLIENTS
from isthmus.graph.serving.texts import score_items

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isthmus.graph.database import Graph, Row
    from isthmus.graph.interests import Reading
    from isthmus.settings import Settings

TEXTS = 200
LIKES = 5
"""Liked items of each text, and as many others."""
MIN_PAIRS = 200
FOLDS = 5
BINS = 10
GROUPS = 12
"""Pairs by score, each of which gives a point of the interpolation."""


@dataclass(frozen=True)
class Calibration:
    """How scores of one domain become probabilities, by linear interpolation.

    Attributes:
        scores: Ascending scores.
        probabilities: Their probabilities, which do not fall.
        error: Expected calibration error on pairs of writers that were held out.
        pairs: Number of pairs of a text and an item.
    """

    scores: list[float]
    probabilities: list[float]
    error: float
    pairs: int


def calibrate(graph: Graph, settings: Settings) -> dict[str, Calibration]:
    """Calibrates every domain of the active generation, and stores the result with it.

    A pair is a text and an item that its writer likes, or an item drawn from the rest of the
    domain; there are as many of both. A domain with fewer than MIN_PAIRS pairs is left as it is.
    """
    encoder = active_encoder(graph, settings)
    reader = text_reader(graph, encoder, VectorCache(settings.home / "vectors"))
    calibrated = {}
    for domain in [row["name"] for row in graph.read("admin/domains")]:
        texts = graph.read(
            "recommend/calibration_texts", domain=domain, version=reader.version, n=TEXTS
        )
        pairs = _draw_pairs(graph, domain, texts, settings.seed)

        def score(text: Row, items: dict[str, bool], domain: str = domain) -> list[float]:
            return _scores(graph, domain, reading_of_vector(reader, text), [*items])

        with ThreadPoolExecutor(CLIENTS) as clients:
            scores = [*chain.from_iterable(clients.map(score, texts, pairs))]
        likes = [liked for items in pairs for liked in items.values()]
        writers = [text["writer"] for text, items in zip(texts, pairs, strict=True) for _ in items]
        calibration = fit_calibration(np.array(scores), np.array(likes), np.array(writers))
        if calibration is not None:
            graph.write("generations/set_calibration", domain=domain, **asdict(calibration))
            calibrated[domain] = calibration
    return calibrated


def _draw_pairs(graph: Graph, domain: str, texts: list[Row], seed: int) -> list[dict[str, bool]]:
    """Draws the items of each text: whether its writer likes them, by item id."""
    items = {row["item_id"] for row in graph.read("recommend/items_of_domain", domain=domain)}
    rng = np.random.default_rng(seed)
    pairs = []
    for text in texts:
        others = sorted(items - {*text["likes"], text["item"]})
        drawn = rng.permutation(len(others))[: min(LIKES, len(text["likes"]))]
        liked = dict.fromkeys(text["likes"][:LIKES], True)
        pairs.append(liked | {others[k]: False for k in drawn.tolist()})
    return pairs


def fit_calibration(
    scores: NDArray[np.float64], likes: NDArray[np.bool_], writers: NDArray[np.str_]
) -> Calibration | None:
    """Fits the probabilities, and measures their error by cross-validation over the writers.

    Returns:
        None where there are fewer than MIN_PAIRS pairs, where the writers of all folds but one have
        only liked items or only others, or where a higher score is no better.
    """
    if len(scores) < MIN_PAIRS:
        return None
    _, writer = np.unique(writers, return_inverse=True)
    folds = [writer % FOLDS == fold for fold in range(FOLDS)]
    if any(len(np.unique(likes[~fold])) < 2 for fold in folds):
        return None
    held_out = np.zeros(len(scores))
    for fold in folds:
        held_out[fold] = np.interp(scores[fold], *_fit(scores[~fold], likes[~fold]))
    knots, probabilities = _fit(scores, likes)
    if probabilities[-1] <= probabilities[0]:
        return None
    error = round(calibration_error(held_out, likes), 4)
    return Calibration(knots.tolist(), probabilities.tolist(), error, len(scores))


def calibration_error(probabilities: NDArray[np.float64], likes: NDArray[np.bool_]) -> float:
    """Expected calibration error in ten bins of equal width.

    Guo and others, "On calibration of modern neural networks", 2017, equation 3.
    """
    bins = np.minimum((probabilities * BINS).astype(int), BINS - 1)
    counts = np.bincount(bins, minlength=BINS)
    gaps = np.bincount(bins, probabilities - likes, minlength=BINS)
    return float(np.abs(gaps).sum() / max(int(counts.sum()), 1))


def _fit(
    scores: NDArray[np.float64], likes: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean scores of as many equally large groups by score, and their shares of likes, isotonic.

    Zadrozny and Elkan, "Transforming classifier scores into accurate multiclass probability
    estimates", 2002.
    """
    from sklearn.isotonic import IsotonicRegression

    order = np.argsort(scores, kind="stable")
    groups = [group for group in np.array_split(order, GROUPS) if len(group)]
    means = np.array([scores[group].mean() for group in groups])
    shares = np.array([likes[group].mean() for group in groups])
    knots, index = np.unique(means, return_inverse=True)
    sizes = np.bincount(index)
    shares = np.bincount(index, shares) / sizes
    fitted = IsotonicRegression().fit_transform(knots, shares, sample_weight=sizes)
    return knots, np.asarray(fitted, dtype=np.float64)


def _scores(graph: Graph, domain: str, reading: Reading, items: list[str]) -> list[float]:
    keys = [f"{domain}:{item}" for item in items]
    rows = score_items(graph, domain, len(keys), reading, keys)
    by_item = {row["item_id"]: row["score"] for row in rows}
    return [by_item[item] for item in items]
