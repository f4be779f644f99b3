"""Accuracy of topics and polarity of texts, learned without labels.

python benchmarks/texts.py ../shared/data/tables/zh_reviews/labelled_texts.csv.gz [-o OUT]

The table has `category`, `label` (1 praise, 0 complaint) and `text`. The labels serve as ground
truth; one line also uses 200 of them for training.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import polars as pl
from encoder import top_1_accuracy
from numpy.typing import NDArray
from shared.page import write
from sklearn.cluster import KMeans

from isthmus.encoders.text import TextEncoder, VectorCache, encode_cached, load_encoder
from isthmus.encoders.topics import (
    fit_polarity,
    fit_topic_classifier,
    language_index,
    language_of,
)
from isthmus.graph.interests import Interests, Texts, learn_reader
from isthmus.settings import load_settings

ROOT = Path(__file__).resolve().parents[1]
TRAINING_LABELS = 200
DRAWS = 10
CLUSTERS = 20


def category_accuracy(
    encoder: TextEncoder,
    cache: VectorCache,
    vectors: NDArray[np.float32],
    table: pl.DataFrame,
    seed: int,
) -> dict[str, float]:
    """Share of texts whose category is found, by several methods without labels."""
    names = sorted(table["category"].unique())
    truth = np.array([names.index(name) for name in table["category"]])
    name_vectors = encoder.encode(names, "passage")
    plain, centred = top_1_accuracy(vectors @ name_vectors.T, truth)
    classifier = fit_topic_classifier(name_vectors, vectors, table["text"].to_list())
    clusters = KMeans(CLUSTERS, n_init=3, random_state=seed).fit_predict(vectors)
    counts = np.zeros((CLUSTERS, len(names)), dtype=np.int64)
    np.add.at(counts, (clusters, truth), 1)
    return {
        "category by nearest name": plain,
        "the same, centred": centred,
        f"purity of {CLUSTERS} clusters": counts.max(axis=1).sum() / len(truth),
        "category by the topic classifier": float(
            (classifier.probabilities(vectors).argmax(axis=1) == truth).mean()
        ),
        "category by the reader that serves": served_accuracy(
            encoder, cache, vectors, table["text"].to_list(), names, truth
        ),
    }


def served_accuracy(
    encoder: TextEncoder,
    cache: VectorCache,
    vectors: NDArray[np.float32],
    words: list[str],
    names: list[str],
    truth: NDArray[np.int64],
) -> float:
    """Share of texts whose category is found by the reader that a graph of them would choose."""
    size = len(words)
    languages = language_index(words)
    interests = Interests(names, [{language_of(name): name} for name in names], vectors[:0])
    texts = Texts(
        ids=[str(k) for k in range(size)],
        vectors=vectors,
        words=list(words),
        items=[None] * size,
        item_weights=np.zeros(size),
        writers=[str(k) for k in range(size)],
        languages=languages,
        read=[False] * size,
    )
    reader, choice = learn_reader(interests, [], {}, texts, {}, encoder, cache)
    print(choice)
    return float((reader.topics.logits(vectors, languages).argmax(axis=1) == truth).mean())


def polarity_accuracy(
    encoder: TextEncoder, vectors: NDArray[np.float32], is_praise: NDArray[np.bool_], seed: int
) -> dict[str, float]:
    """Share of texts whose polarity is found, with and without labels."""

    def accuracy(labels: NDArray[np.float64]) -> float:
        predicted = fit_polarity(encoder, vectors, labels).predict(vectors) > 0
        return float((predicted == is_praise)[labels == 0].mean())

    rng = np.random.default_rng(seed)
    plain = fit_polarity(encoder, vectors[:1], np.zeros(1)).predict(vectors) > 0
    with_labels = []
    for _ in range(DRAWS):
        labels = np.zeros(len(vectors))
        rows = rng.choice(len(vectors), TRAINING_LABELS, replace=False)
        labels[rows] = np.where(is_praise[rows], 1, -1)
        with_labels.append(accuracy(labels))
    return {
        "polarity by nearest sentence": float((plain == is_praise).mean()),
        "polarity by the trained classifier": accuracy(np.zeros(len(vectors))),
        f"the same with {TRAINING_LABELS} labels": float(np.mean(with_labels)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("table", type=Path)
    parser.add_argument(
        "--sample", type=int, default=20_000, help="size of the random sample of texts"
    )
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks" / "texts")
    options = parser.parse_args()
    settings = load_settings()
    table = pl.read_csv(options.table).with_columns(pl.col("text").fill_null(""))
    table = table.sample(min(options.sample, len(table)), shuffle=True, seed=settings.seed)
    encoder = load_encoder(settings.encoder, settings.home, settings.threads)
    cache = VectorCache(settings.home / "vectors")
    vectors, _, _ = encode_cached(encoder, cache, table["text"].to_list(), "query")
    shares = category_accuracy(encoder, cache, vectors, table, settings.seed)
    shares |= polarity_accuracy(encoder, vectors, table["label"].to_numpy() == 1, settings.seed)
    rows = [{"what": what, "accuracy": f"{share:.3f}"} for what, share in shares.items()]
    note = f"{len(table):,} texts of {options.table.parent.name}, encoded by {encoder.name}."
    print(write(options.out, "Topics and polarity of texts", rows, note))


if __name__ == "__main__":
    main()
