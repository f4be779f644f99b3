"""Bundled training pairs of a sentence and the title of a matching item, in Chinese and English.

They train a model to match by meaning within and across the two languages, and to keep both.
Sentence and title share no content word. The pairs are synthetic, written for isthmus by a language
model as in Wang et al., "Improving text embeddings with large language models", 2024; none
resembles a pair of the benchmark `encoder.py`.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from scipy.sparse import block_diag, csr_array, eye_array, kron

from isthmus.encoders.training.finetune import UserBehaviour

PATH = Path(__file__).with_name("bundled_pairs.csv")
LANGUAGES = ("en", "zh")


def read_pairs() -> list[dict[str, str]]:
    """Reads rows of `sentence_en`, `title_en`, `sentence_zh`, `title_zh` with the same meaning."""
    with PATH.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def with_bundled_pairs(behaviour: UserBehaviour) -> UserBehaviour:
    """Adds one user per bundled pair to the behaviour of users.

    The user wrote the sentence in both languages and likes two items, the title in each language;
    all these items are in one domain of their own.
    """
    rows = read_pairs()
    users = behaviour.weights.shape[0]
    titles = [row[f"title_{language}"] for row in rows for language in LANGUAGES]
    new_domain = 1 + max(behaviour.domains.tolist(), default=-1)
    likes = kron(eye_array(len(rows), dtype=np.float32), np.ones((1, len(LANGUAGES))))
    return UserBehaviour(
        titles=[*behaviour.titles, *titles],
        domains=np.append(behaviour.domains, np.full(len(titles), new_domain, np.int32)),
        categories=[*behaviour.categories, *([] for _ in titles)],
        weights=csr_array(block_diag([behaviour.weights, likes], format="csr")),
        texts=[
            *behaviour.texts,
            *(
                (users + k, row[f"sentence_{language}"])
                for k, row in enumerate(rows)
                for language in LANGUAGES
            ),
        ],
    )
