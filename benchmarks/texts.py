"""What texts say without labels: what they are about, and whether they praise.

python benchmarks/texts.py ../shared/data/tables/zh_reviews/labelled_texts.csv.gz [-o OUT]

A table with `category`, `label` (1 praise, 0 complaint) and `text`. Its labels grade the answers;
200 of them are also given, where a line says so.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import polars as pl
from encoder import right_first
from numpy.typing import NDArray
from page import write
from sklearn.cluster import KMeans

from isthmus.encoders.text.encoder import TextEncoder, load_encoder
from isthmus.encoders.text.vector_cache import VectorCache, encode_cached
from isthmus.encoders.topics.discriminant import learn_topics
from isthmus.encoders.topics.polarity import learn_polarity
from isthmus.settings import load_settings

ROOT = Path(__file__).resolve().parents[1]
LABELS_GIVEN = 200
DRAWS = 10
CLUSTERS = 20


def categories(
    encoder: TextEncoder, vectors: NDArray[np.float32], table: pl.DataFrame, seed: int
) -> dict[str, float]:
    """Share of texts whose category is found, by several ways that see no label."""
    names = sorted(table["category"].unique())
    truth = np.array([names.index(name) for name in table["category"]])
    named = encoder.encode(names, "passage")
    plain, centred = right_first(vectors @ named.T, truth)
    learned = learn_topics(named, vectors, table["text"].to_list())
    clusters = KMeans(CLUSTERS, n_init=3, random_state=seed).fit_predict(vectors)
    held = np.zeros((CLUSTERS, len(names)), dtype=np.int64)
    np.add.at(held, (clusters, truth), 1)
    return {
        "category by nearest name": plain,
        "the same, centred": centred,
        f"purity of {CLUSTERS} clusters": held.max(axis=1).sum() / len(truth),
        "category as isthmus reads it": (learned.weights(vectors).argmax(axis=1) == truth).mean(),
    }


def polarities(
    encoder: TextEncoder, vectors: NDArray[np.float32], praised: NDArray[np.bool_], seed: int
) -> dict[str, float]:
    """Share of texts whose polarity is found, with and without labels."""

    def right(said: NDArray[np.float64]) -> float:
        found = learn_polarity(encoder, vectors, said).of(vectors) > 0
        return float((found == praised)[said == 0].mean())

    rng = np.random.default_rng(seed)
    plain = learn_polarity(encoder, vectors[:1], np.zeros(1)).of(vectors) > 0
    helped = []
    for _ in range(DRAWS):
        said = np.zeros(len(vectors))
        given = rng.choice(len(vectors), LABELS_GIVEN, replace=False)
        said[given] = np.where(praised[given], 1, -1)
        helped.append(right(said))
    return {
        "polarity by nearest sentence": float((plain == praised).mean()),
        "polarity as isthmus reads it": right(np.zeros(len(vectors))),
        f"the same with {LABELS_GIVEN} labels": float(np.mean(helped)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("table", type=Path)
    parser.add_argument("--sample", type=int, default=20_000, help="texts, drawn at random")
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks" / "texts")
    options = parser.parse_args()
    settings = load_settings()
    table = pl.read_csv(options.table).with_columns(pl.col("text").fill_null(""))
    table = table.sample(min(options.sample, len(table)), shuffle=True, seed=settings.seed)
    encoder = load_encoder(settings.encoder, settings.home, settings.threads)
    cache = VectorCache(settings.home / "vectors")
    vectors, _, _ = encode_cached(encoder, cache, table["text"].to_list(), "query")
    found = categories(encoder, vectors, table, settings.seed)
    found |= polarities(encoder, vectors, table["label"].to_numpy() == 1, settings.seed)
    rows = [{"what": what, "accuracy": f"{share:.3f}"} for what, share in found.items()]
    note = f"{len(table):,} texts of {options.table.parent.name}, encoded by {encoder.name}."
    print(write(options.out, "What texts say", rows, note))


if __name__ == "__main__":
    main()
