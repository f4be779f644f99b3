"""Texts a second of the default encoder on real titles, against a plain loop, and from the cache.

python benchmarks/encode.py [--limit 4000] -o benchmarks/encode
"""

from __future__ import annotations

import argparse
import csv
import gzip
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from page import write

from isthmus.encoders.text.encoder import TextEncoder, load_encoder
from isthmus.encoders.text.onnx import INT8, is_installed
from isthmus.encoders.text.vector_cache import VectorCache, encode_cached
from isthmus.settings import DEFAULT_ENCODER, load_settings

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
ITEMS = ROOT.parent / "shared/data/tables/food_kitchen/items.csv.gz"
NEAREST = 10


def read_titles(path: Path, limit: int) -> list[str]:
    """A fixed random sample of the titles, in the order of the file."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        titles = [row["title"] for row in csv.DictReader(file)]
    rows = np.random.default_rng(7).permutation(len(titles))[:limit]
    return [titles[row] for row in np.sort(rows)]


def plain_loop(encoder: TextEncoder, titles: list[str]) -> NDArray[np.float32]:
    """What a first script does: 32 titles at a time in file order, padded to 128 tokens."""
    import torch

    vectors = []
    prepared = encoder.prepare(titles, "passage")
    for start in range(0, len(prepared), 32):
        features = encoder.model.tokenizer(
            prepared[start : start + 32],
            padding="max_length",
            truncation=True,
            max_length=128,
            return_tensors="pt",
        )
        with torch.inference_mode():
            vectors.append(encoder.model(dict(features))["sentence_embedding"].numpy())
    return np.concatenate(vectors)


def library(encoder: TextEncoder, titles: list[str]) -> NDArray[np.float32]:
    """`encode` of sentence-transformers as it comes: sorted by characters, batches of 32."""
    prepared = encoder.prepare(titles, "passage")
    return np.asarray(encoder.model.encode(prepared, prompt="", show_progress_bar=False))


def nearest(vectors: NDArray[np.float32]) -> list[set[int]]:
    """The titles nearest to each, without itself."""
    similarities = vectors @ vectors.T
    np.fill_diagonal(similarities, -np.inf)
    return [set(row) for row in np.argpartition(-similarities, NEAREST, axis=1)[:, :NEAREST]]


def timed(runs: list[tuple[str, Callable[[], NDArray[np.float32]]]]) -> list[dict[str, object]]:
    """A row a way to encode: how long it took, how near its vectors are to those of the first."""
    rows: list[dict[str, object]] = []
    for name, run in runs:
        wall, cpu = time.perf_counter(), time.process_time()
        vectors = run()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        if not rows:
            first, first_seconds, first_nearest = vectors, wall, nearest(vectors)
        pairs = zip(nearest(vectors), first_nearest, strict=True)
        same = np.mean([len(ours & theirs) / NEAREST for ours, theirs in pairs])
        rows.append(
            {
                "how": name,
                "texts a second": round(len(vectors) / wall),
                "times the plain loop": round(first_seconds / wall, 2),
                "seconds": round(wall, 2),
                "CPU seconds": round(cpu, 2),
                "cosine": round(float((vectors * first).sum(axis=1).mean()), 5),
                "same nearest": round(float(same), 3),
            }
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--items", type=Path, default=ITEMS, help="a table with a column title")
    parser.add_argument("--limit", type=int, default=4000, help="titles, a random sample")
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks" / "encode")
    options = parser.parse_args()
    titles = read_titles(options.items, options.limit)
    home = load_settings().home
    encoder = load_encoder(DEFAULT_ENCODER, home)
    encoders = [encoder]
    if is_installed():
        encoders.append(load_encoder(DEFAULT_ENCODER + INT8, home))

    with tempfile.TemporaryDirectory() as folder:
        cache = VectorCache(Path(folder))

        def cached(encoder: TextEncoder) -> NDArray[np.float32]:
            return encode_cached(encoder, cache, titles, "passage")[0]

        runs: list[tuple[str, Callable[[], NDArray[np.float32]]]] = [
            ("plain loop, batches of 32 padded to 128 tokens", lambda: plain_loop(encoder, titles)),
            ("sentence-transformers' own encode", lambda: library(encoder, titles)),
        ]
        for one in encoders:
            one.encode(titles[:8], "passage")  # loading is not encoding
            runs += [
                (f"isthmus, {one.runtime}, {state} cache", lambda one=one: cached(one))
                for state in ("empty", "warm")
            ]
        rows = timed(runs)
    print(
        write(
            options.out,
            "Encoding",
            rows,
            f"{len(titles):,} titles of {options.items.parent.name}, {DEFAULT_ENCODER}. Cosine: "
            "mean over the titles of that to the plain loop's vector; same nearest: share of a "
            f"title's {NEAREST} nearest titles that are the plain loop's too.",
        )
    )


if __name__ == "__main__":
    main()
