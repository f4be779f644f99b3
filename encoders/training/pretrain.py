"""Continues a model's training on texts alone: two crops of a text belong together.

Contrastive learning with random crops (Izacard et al., "Unsupervised dense information retrieval
with contrastive learning", 2022, section 3.1) under dropout (Gao, Yao and Chen, "SimCSE", 2021):
what the same person wrote in one breath lies near, against all other texts of the batch.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from isthmus.encoders.text.encoder import TextEncoder, clean
from isthmus.encoders.topics.cluster_names import UNSPACED_CHARACTERS
from isthmus.encoders.training.train import Lesson, Plan, Trained, train
from isthmus.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sentence_transformers import SentenceTransformer
    from torch import nn

# A crop has so much of a text, and lacks some of its words.
SMALLEST_CROP, LARGEST_CROP = 0.4, 0.9
WORD_DROPOUT = 0.1
# A step takes as long as its longest text.
MOST_TOKENS = 40
# Words, or single characters of scripts that put no space between them.
TOKEN = re.compile(rf"[{UNSPACED_CHARACTERS}]|[^\s{UNSPACED_CHARACTERS}]+\s*")
FEWEST_TOKENS = 4
MOST_CHARACTERS = 2000
FEWEST_TEXTS = 100
HELD_OUT = 0.05
MOST_HELD_OUT = 500


def pretrain(encoder: TextEncoder, texts: Sequence[str], plan: Plan, out: Path) -> Trained:
    """Trains a model on texts without labels.

    Args:
        encoder: The model to start from.
        texts: What people wrote, and titles; any language.
        plan: How long and how fast.
        out: Folder of the trained model.

    Raises:
        InputError: There are too few texts, or there is something in the folder already.
    """
    learned, asked = parted(texts)
    if len(learned) < FEWEST_TEXTS:
        raise InputError(
            f"There are {len(learned):,} different texts of {FEWEST_TOKENS} words or more; "
            f"pre-training needs {FEWEST_TEXTS}.",
            "Give more texts, or use the model as it is.",
        )
    rng = np.random.default_rng(plan.seed)
    pairs = [(crop(text, rng), crop(text, rng)) for text in learned]
    ones, others = (encoder.prepare(side, "query") for side in zip(*pairs, strict=True))
    halves = [halved(text) for text in asked]
    left, right = (encoder.prepare(side, "query") for side in zip(*halves, strict=True))
    lesson = Lesson(
        what="pairs of crops",
        columns={"one": ones, "other": others},
        loss=_told_apart,
        held_out=partial(found_again, left=left, right=right),
    )
    return train(encoder, lesson, plan, out)


def _told_apart(model: SentenceTransformer) -> nn.Module:
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

    return MultipleNegativesRankingLoss(model)


def parted(texts: Sequence[str]) -> tuple[list[str], list[str]]:
    """Different texts that are long enough: those to learn from, and those held out by their hash.

    Which ones are held out depends on the texts alone, not on their order or number.
    """
    usable = {clean(text)[:MOST_CHARACTERS] for text in texts}
    ordered = sorted(
        (text for text in usable if len(TOKEN.findall(text)) >= FEWEST_TOKENS),
        key=lambda text: hashlib.sha256(text.encode()).digest(),
    )
    held = min(MOST_HELD_OUT, int(HELD_OUT * len(ordered)))
    return sorted(ordered[held:]), sorted(ordered[:held])


def crop(text: str, rng: np.random.Generator) -> str:
    """A run of a text's words at random, without some of them."""
    tokens = TOKEN.findall(text)
    size = max(2, round(rng.uniform(SMALLEST_CROP, LARGEST_CROP) * len(tokens)))
    size = min(size, MOST_TOKENS)
    start = rng.integers(0, max(1, len(tokens) - size + 1))
    run = tokens[start : start + size]
    kept = [token for token in run if rng.random() >= WORD_DROPOUT]
    return "".join(kept or run).strip()


def halved(text: str) -> tuple[str, str]:
    """The first and the second half of a text, of long ones what lies around the middle."""
    tokens = TOKEN.findall(text)
    middle = len(tokens) // 2
    first, second = tokens[:middle][-MOST_TOKENS:], tokens[middle:][:MOST_TOKENS]
    return "".join(first).strip(), "".join(second).strip()


def found_again(model: SentenceTransformer, left: Sequence[str], right: Sequence[str]) -> float:
    """How well texts find their other half among all: the mean reciprocal rank."""
    ones, others = (
        model.encode(
            list(side), prompt="", normalize_embeddings=True, show_progress_bar=False
        ).astype(np.float32)
        for side in (left, right)
    )
    return float(reciprocal_ranks(ones @ others.T).mean())


def reciprocal_ranks(scores: NDArray[np.float32]) -> NDArray[np.float64]:
    """1 over the rank of each row's own column; who ties with it counts half.

    Args:
        scores: (rows, columns), the right answer of row k in column k.
    """
    own = np.diag(scores)[:, None]
    return np.asarray(1 / (0.5 + (scores > own).sum(axis=1) + 0.5 * (scores == own).sum(axis=1)))
