"""The bundled examples are what they claim, and users like any other to a fine-tuning."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
from scipy.sparse import csr_array
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from isthmus.encoders.training.finetune import NOTHING_DONE, Behaviour, examples
from isthmus.encoders.training.wants import LANGUAGES, wants, with_wants

PAIRS = Path(__file__).resolve().parents[3] / "benchmarks" / "hard_pairs.csv"


def parts(text: str) -> set[str]:
    """English words that mean something, without plural; pairs of Chinese characters."""
    found: list[str] = re.findall(r"[a-z]{3,}", text.lower())
    runs: list[str] = re.findall(r"[\u4e00-\u9fff]+", text)
    words: set[str] = {word.rstrip("s") for word in found} - ENGLISH_STOP_WORDS
    return words | {run[k : k + 2] for run in runs for k in range(len(run) - 1)}


def test_each_thing_is_named_once_and_is_none_of_the_hard_pairs() -> None:
    rows = wants()
    with PAIRS.open(encoding="utf-8") as file:
        hard = list(csv.DictReader(file))
    assert len(rows) > 2000
    for language in LANGUAGES:
        titles = {row[f"title_{language}"]: parts(row[f"title_{language}"]) for row in rows}
        assert len(titles) == len(rows)
        for known in hard:
            named = parts(known[f"title_{language}"])
            for title, of_title in titles.items():
                assert len(of_title & named) < max(2, 0.7 * len(named)), (known, title)


def test_sentence_and_title_share_no_content_word() -> None:
    for row in wants():
        for language in LANGUAGES:
            shared = parts(row[f"sentence_{language}"]) & parts(row[f"title_{language}"])
            assert not shared, row


def test_each_example_says_one_thing_and_likes_it_in_both_languages() -> None:
    behaviour = with_wants(
        Behaviour(
            titles=["Robot vacuum"],
            domains=np.zeros(1, np.int32),
            categories=[["Cleaning"]],
            weights=csr_array(np.ones((1, 1), np.float32)),
            texts=[(0, "Dust everywhere.")],
        )
    )
    rows = wants()
    assert behaviour.weights.shape == (1 + len(rows), 1 + 2 * len(rows))
    user = 1 + 5
    liked = {behaviour.titles[int(k)] for k in behaviour.weights[[user]].indices}
    assert liked == {rows[5]["title_en"], rows[5]["title_zh"]}
    said = [text for who, text in behaviour.texts if who == user]
    assert said == [rows[5]["sentence_en"], rows[5]["sentence_zh"]]
    assert set(behaviour.domains.tolist()) == {0, 1}


def test_a_model_can_learn_from_them_alone() -> None:
    found = examples(with_wants(NOTHING_DONE), seed=7)
    answers = {
        row[f"sentence_{language}"]: {row["title_en"], row["title_zh"]}
        for row in wants()
        for language in LANGUAGES
    }
    titles = with_wants(NOTHING_DONE).titles
    asked = [k for k, written in enumerate(found.written) if written]
    assert len(asked) == len(answers)
    assert all(titles[found.items[k]] in answers[found.queries[k]] for k in asked)
