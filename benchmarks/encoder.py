"""Top-1 accuracy of text encoders: the matching item of a sentence without a common word.

python benchmarks/encoder.py [MODEL ...] -o benchmarks/encoder

Uses the 60 pairs of `hard_pairs.csv`, each in Chinese and English, and ranks all 60 items for each
sentence. No encoder is trained on them.
"""

from __future__ import annotations

import argparse
import csv
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from shared.page import write

from isthmus.encoders.text import TextEncoder, load_encoder
from isthmus.settings import load_settings

ROOT = Path(__file__).resolve().parents[1]
LANGUAGES = ("en", "zh")
LANGUAGE_PAIRS = tuple(product(LANGUAGES, LANGUAGES))


def read_hard_pairs() -> list[dict[str, str]]:
    """Reads rows of sentence_en, title_en, sentence_zh, title_zh."""
    with (ROOT / "benchmarks" / "hard_pairs.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def top_1_accuracy(scores: NDArray[np.float32], truth: NDArray[np.int64]) -> tuple[float, float]:
    """Share of rows whose best column is the correct one, of the scores and of centred scores.

    Centring subtracts the mean of each column, so that no column is near all rows.
    """
    plain, centred = (
        float((matrix.argmax(axis=1) == truth).mean())
        for matrix in (scores, scores - scores.mean(axis=0))
    )
    return plain, centred


def hard_pair_accuracy(encoder: TextEncoder) -> dict[str, float]:
    """Top-1 accuracy of the hard pairs by language of sentence and title, plain and centred."""
    rows = read_hard_pairs()
    sentences = {
        language: encoder.encode([row[f"sentence_{language}"] for row in rows], "query")
        for language in LANGUAGES
    }
    titles = {
        language: encoder.encode([row[f"title_{language}"] for row in rows], "passage")
        for language in LANGUAGES
    }
    accuracy, truth = {}, np.arange(len(rows))
    for source, target in LANGUAGE_PAIRS:
        scores = sentences[source] @ titles[target].T
        for name, share in zip(("", " centred"), top_1_accuracy(scores, truth), strict=True):
            accuracy[f"{source} to {target}{name}"] = round(share, 3)
    return accuracy


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    settings = load_settings()
    parser.add_argument("models", nargs="*", default=[settings.encoder], metavar="MODEL")
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks" / "encoder")
    options = parser.parse_args()
    rows = []
    for name in options.models:
        encoder = load_encoder(name, settings.home, settings.threads)
        rows.append({"model": name} | hard_pair_accuracy(encoder))
    print(write(options.out, "Sentences to items", rows))


if __name__ == "__main__":
    main()
