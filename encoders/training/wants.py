"""What people say and the things that answer it, in Chinese and English: bundled examples.

They teach a model to find by meaning, in one language what was said in the other, and keep it from
forgetting either. Sentence and title share no content word. They are synthetic: written for isthmus
by a language model, as in Wang et al., "Improving text embeddings with large language models",
2024; none resembles a pair of the benchmark `encoder.py`.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from scipy.sparse import block_diag, csr_array, eye_array, kron

from isthmus.encoders.training.finetune import Behaviour

PATH = Path(__file__).with_name("wants.csv")
LANGUAGES = ("en", "zh")


def wants() -> list[dict[str, str]]:
    """Rows with `sentence_en`, `title_en`, `sentence_zh`, `title_zh`; either language says both."""
    with PATH.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def with_wants(behaviour: Behaviour) -> Behaviour:
    """What users did, and as many users more as there are bundled examples.

    Each of these says one thing, in both languages, and likes one thing by its name in either.
    """
    rows = wants()
    users = behaviour.weights.shape[0]
    titles = [row[f"title_{language}"] for row in rows for language in LANGUAGES]
    own_domain = 1 + max(behaviour.domains.tolist(), default=-1)
    likes = kron(eye_array(len(rows), dtype=np.float32), np.ones((1, len(LANGUAGES))))
    return Behaviour(
        titles=[*behaviour.titles, *titles],
        domains=np.append(behaviour.domains, np.full(len(titles), own_domain, np.int32)),
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
