"""How well text models find the right item for a sentence that shares no word with it.

python benchmarks/encoder.py [MODEL ...] -o benchmarks/encoder

The 60 pairs of `hard_pairs.csv`, each in Chinese and English; every item competes with all others.
They are never trained on.
"""

from __future__ import annotations

import argparse
import csv
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from page import write

from isthmus.encoders.text.encoder import TextEncoder, load_encoder
from isthmus.settings import load_settings

ROOT = Path(__file__).resolve().parents[1]
LANGUAGES = ("en", "zh")
WAYS = tuple(product(LANGUAGES, LANGUAGES))


def pairs() -> list[dict[str, str]]:
    """Rows with sentence_en, title_en, sentence_zh, title_zh."""
    with (ROOT / "benchmarks" / "hard_pairs.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def right_first(scores: NDArray[np.float32], truth: NDArray[np.int64]) -> tuple[float, float]:
    """Share of the rows whose best column is the right one: as they are, and centred.

    Centred, the mean of each column is taken away, so that none is near everything.
    """
    plain, centred = (
        float((shown.argmax(axis=1) == truth).mean())
        for shown in (scores, scores - scores.mean(axis=0))
    )
    return plain, centred


def top_1(encoder: TextEncoder) -> dict[str, float]:
    """Share of sentences whose first item is the right one, by language of both.

    Also with the mean of each item's scores taken away, so that no item is near everything.
    """
    rows = pairs()
    sentences = {
        way: encoder.encode([row[f"sentence_{way}"] for row in rows], "query") for way in LANGUAGES
    }
    titles = {
        way: encoder.encode([row[f"title_{way}"] for row in rows], "passage") for way in LANGUAGES
    }
    found, truth = {}, np.arange(len(rows))
    for said, called in WAYS:
        scores = sentences[said] @ titles[called].T
        for name, share in zip(("", " centred"), right_first(scores, truth), strict=True):
            found[f"{said} to {called}{name}"] = round(share, 3)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    settings = load_settings()
    parser.add_argument("models", nargs="*", default=[settings.encoder], metavar="MODEL")
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks" / "encoder")
    options = parser.parse_args()
    found = {
        name: top_1(load_encoder(name, settings.home, settings.threads)) for name in options.models
    }
    rows = [{"model": name} | of for name, of in found.items()]
    print(write(options.out, "Sentences to items", rows))


if __name__ == "__main__":
    main()
