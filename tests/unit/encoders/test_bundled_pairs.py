"""The bundled pairs are distinct, share no words, and become training examples."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
from scipy.sparse import csr_array
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from isthmus.encoders.training.bundled_pairs import LANGUAGES, read_pairs, with_bundled_pairs
from isthmus.encoders.training.finetune import (
    EMPTY_BEHAVIOUR,
    UserBehaviour,
    build_finetuning_examples,
)

PAIRS = Path(__file__).resolve().parents[3] / "benchmarks" / "hard_pairs.csv"


def parts(text: str) -> set[str]:
    """English content words without plural ending; pairs of adjacent Chinese characters."""
    english: list[str] = re.findall(r"[a-z]{3,}", text.lower())
    runs: list[str] = re.findall(r"[\u4e00-\u9fff]+", text)
    words: set[str] = {word.rstrip("s") for word in english} - ENGLISH_STOP_WORDS
    return words | {run[k : k + 2] for run in runs for k in range(len(run) - 1)}


def test_titles_are_distinct_and_differ_from_those_of_the_hard_pairs() -> None:
    rows = read_pairs()
    with PAIRS.open(encoding="utf-8") as file:
        hard = list(csv.DictReader(file))
    assert len(rows) > 2000
    for language in LANGUAGES:
        titles = {row[f"title_{language}"]: parts(row[f"title_{language}"]) for row in rows}
        assert len(titles) == len(rows)
        for pair in hard:
            hard_parts = parts(pair[f"title_{language}"])
            for title, title_parts in titles.items():
                assert len(title_parts & hard_parts) < max(2, 0.7 * len(hard_parts)), (pair, title)


def test_sentence_and_title_share_no_content_word() -> None:
    for row in read_pairs():
        for language in LANGUAGES:
            shared = parts(row[f"sentence_{language}"]) & parts(row[f"title_{language}"])
            assert not shared, row


def test_each_pair_adds_a_user_with_texts_and_likes_in_both_languages() -> None:
    behaviour = with_bundled_pairs(
        UserBehaviour(
            titles=["Robot vacuum"],
            domains=np.zeros(1, np.int32),
            categories=[["Cleaning"]],
            weights=csr_array(np.ones((1, 1), np.float32)),
            texts=[(0, "Dust everywhere.")],
        )
    )
    rows = read_pairs()
    assert behaviour.weights.shape == (1 + len(rows), 1 + 2 * len(rows))
    user = 1 + 5
    liked = {behaviour.titles[int(k)] for k in behaviour.weights[[user]].indices}
    assert liked == {rows[5]["title_en"], rows[5]["title_zh"]}
    texts = [text for writer, text in behaviour.texts if writer == user]
    assert texts == [rows[5]["sentence_en"], rows[5]["sentence_zh"]]
    assert set(behaviour.domains.tolist()) == {0, 1}


def test_the_bundled_pairs_alone_are_a_training_set() -> None:
    examples = build_finetuning_examples(with_bundled_pairs(EMPTY_BEHAVIOUR), seed=7)
    matching_titles = {
        row[f"sentence_{language}"]: {row["title_en"], row["title_zh"]}
        for row in read_pairs()
        for language in LANGUAGES
    }
    titles = with_bundled_pairs(EMPTY_BEHAVIOUR).titles
    sentences = np.flatnonzero(examples.is_query).tolist()
    assert len(sentences) == len(matching_titles)
    assert all(titles[examples.items[k]] in matching_titles[examples.queries[k]] for k in sentences)
