"""Texts per second of the default encoder on real titles, compared with a plain loop.

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
from shared.page import write

from isthmus.encoders.text import (
    INT8,
    TextEncoder,
    VectorCache,
    encode_cached,
    load_encoder,
    onnx_is_installed,
)
from isthmus.settings import DEFAULT_ENCODER, load_settings

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
ITEMS = ROOT.parent / "shared/data/tables/food_kitchen/items.csv.gz"
NEIGHBOURS = 10


def read_titles(path: Path, limit: int) -> list[str]:
    """A fixed random sample of the titles, in the order of the file."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        titles = [row["title"] for row in csv.DictReader(file)]
    rows = np.random.default_rng(7).permutation(len(titles))[:limit]
    return [titles[row] for row in np.sort(rows)]


def plain_loop(encoder: TextEncoder, titles: list[str]) -> NDArray[np.float32]:
    """A naive implementation: batches of 32 titles in file order, padded to 128 tokens."""
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


def sentence_transformers_encode(encoder: TextEncoder, titles: list[str]) -> NDArray[np.float32]:
    """`encode` of sentence-transformers with its defaults: sorted by length, batches of 32."""
    prepared = encoder.prepare(titles, "passage")
    return np.asarray(encoder.model.encode(prepared, prompt="", show_progress_bar=False))


def find_neighbours(vectors: NDArray[np.float32]) -> list[set[int]]:
    """Row numbers of the nearest other titles of each title."""
    similarities = vectors @ vectors.T
    np.fill_diagonal(similarities, -np.inf)
    return [set(row) for row in np.argpartition(-similarities, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]]


def measure(runs: list[tuple[str, Callable[[], NDArray[np.float32]]]]) -> list[dict[str, object]]:
    """Returns a row per run: its duration, and the similarity of its vectors to the first run's."""
    rows: list[dict[str, object]] = []
    for name, run in runs:
        wall, cpu = time.perf_counter(), time.process_time()
        vectors = run()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        if not rows:
            first, first_seconds, first_neighbours = vectors, wall, find_neighbours(vectors)
        pairs = zip(find_neighbours(vectors), first_neighbours, strict=True)
        overlap = np.mean([len(one & other) / NEIGHBOURS for one, other in pairs])
        rows.append(
            {
                "how": name,
                "texts a second": round(len(vectors) / wall),
                "times the plain loop": round(first_seconds / wall, 2),
                "seconds": round(wall, 2),
                "CPU seconds": round(cpu, 2),
                "cosine": round(float((vectors * first).sum(axis=1).mean()), 5),
                "same nearest": round(float(overlap), 3),
            }
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--items", type=Path, default=ITEMS, help="table with a column `title`")
    parser.add_argument(
        "--limit", type=int, default=4000, help="size of the random sample of titles"
    )
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks" / "encode")
    options = parser.parse_args()
    titles = read_titles(options.items, options.limit)
    home = load_settings().home
    encoder = load_encoder(DEFAULT_ENCODER, home)
    encoders = [encoder]
    if onnx_is_installed():
        encoders.append(load_encoder(DEFAULT_ENCODER + INT8, home))

    with tempfile.TemporaryDirectory() as folder:
        cache = VectorCache(Path(folder))

        def encode_with_cache(encoder: TextEncoder) -> NDArray[np.float32]:
            return encode_cached(encoder, cache, titles, "passage")[0]

        runs: list[tuple[str, Callable[[], NDArray[np.float32]]]] = [
            ("plain loop, batches of 32 padded to 128 tokens", lambda: plain_loop(encoder, titles)),
            (
                "sentence-transformers' own encode",
                lambda: sentence_transformers_encode(encoder, titles),
            ),
        ]
        for one in encoders:
            one.encode(titles[:8], "passage")  # loads the model, so that its load time is excluded
            runs += [
                (f"isthmus, {one.runtime}, {state} cache", lambda one=one: encode_with_cache(one))
                for state in ("empty", "warm")
            ]
        rows = measure(runs)
    print(
        write(
            options.out,
            "Encoding",
            rows,
            f"{len(titles):,} titles of {options.items.parent.name}, {DEFAULT_ENCODER}. Cosine: "
            "mean cosine of a title's vector to that of the plain loop; same nearest: share of a "
            f"title's {NEIGHBOURS} nearest titles that are nearest with the plain loop too.",
        )
    )


if __name__ == "__main__":
    main()
