"""Texts a second of the default encoder on real titles, against a plain loop, and from the cache.

python benchmarks/encode.py --limit 3000
"""

from __future__ import annotations

import argparse
import csv
import gzip
import os
import platform
import tempfile
import time
from collections.abc import Callable
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from encoders.cache import VectorCache, encode_cached
from encoders.text import TextEncoder, load_encoder
from isthmus.settings import DEFAULT_ENCODER, load_settings

if TYPE_CHECKING:
    from numpy.typing import NDArray

ITEMS = Path(__file__).resolve().parents[2] / "shared/data/tables/food_kitchen/items.csv.gz"
LIBRARIES = ("torch", "transformers", "sentence-transformers", "tokenizers", "numpy")


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


def processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=Path, default=ITEMS, help="a table with a column title")
    parser.add_argument("--limit", type=int, default=4000, help="titles, a random sample")
    parser.add_argument("--home", type=Path, help="home of isthmus, for the encoder's weights")
    options = parser.parse_args()

    titles = read_titles(options.items, options.limit)
    start = time.perf_counter()
    encoder = load_encoder(DEFAULT_ENCODER, load_settings(home=options.home).home)
    loading = time.perf_counter() - start

    with tempfile.TemporaryDirectory() as folder:
        cache = VectorCache(Path(folder))
        runs: dict[str, Callable[[], NDArray[np.float32]]] = {
            "plain loop, padded to 128 tokens": lambda: plain_loop(encoder, titles),
            "sentence-transformers' own encode": lambda: library(encoder, titles),
            "isthmus, empty cache": lambda: encode_cached(encoder, cache, titles, "passage")[0],
            "isthmus, warm cache": lambda: encode_cached(encoder, cache, titles, "passage")[0],
        }
        rows = []
        reference = None
        for name, run in runs.items():
            wall, cpu = time.perf_counter(), time.process_time()
            vectors = run()
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            reference = vectors if reference is None else reference
            cosine = float((vectors * reference).sum(axis=1).mean())
            rows.append((name, len(titles) / wall, wall, cpu, cosine))

    print(f"{len(titles):,} titles of {options.items.parent.name}, {DEFAULT_ENCODER}.")
    print(f"{processor()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; ", end="")
    print(f"Python {platform.python_version()}, ", end="")
    print(", ".join(f"{name} {version(name)}" for name in LIBRARIES), end="; ")
    print(f"{date.today():%d %B %Y}. Imports and loading {loading:.1f} s.\n")
    print("| how | texts/s | seconds | CPU seconds | mean cosine to the first |")
    print("|---|---|---|---|---|")
    for name, rate, wall, cpu, cosine in rows:
        print(f"| {name} | {rate:,.0f} | {wall:.2f} | {cpu:.2f} | {cosine:.5f} |")


if __name__ == "__main__":
    main()
