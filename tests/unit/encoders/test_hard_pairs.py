"""Sentence and title of a hard pair share no content word."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from isthmus.encoders.topics.cluster_names import PARTICLES

PAIRS = Path(__file__).resolve().parents[3] / "benchmarks" / "hard_pairs.csv"


def content_words(text: str) -> set[str]:
    """Content words without plural ending; in Chinese, characters without particles."""
    words = {word.removesuffix("s") for word in re.findall(r"[a-z]+", text.lower())}
    return (words - ENGLISH_STOP_WORDS) | (set(re.findall(r"[\u4e00-\u9fff]", text)) - PARTICLES)


def test_sentence_and_title_share_no_content_word() -> None:
    with PAIRS.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 60
    for language in ("en", "zh"):
        assert len({row[f"title_{language}"] for row in rows}) == 60
        for row in rows:
            sentence = content_words(row[f"sentence_{language}"])
            title = content_words(row[f"title_{language}"])
            assert sentence, row
            assert title, row
            assert not sentence & title, row
