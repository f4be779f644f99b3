"""Continues the pre-training of an encoder on texts without labels.

Contrastive learning with random crops (Izacard et al., "Unsupervised dense information retrieval
with contrastive learning", 2022, section 3.1) under dropout (Gao, Yao and Chen, "SimCSE", 2021):
two crops of a text are a positive pair, and the other texts of the batch are negatives.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from isthmus.encoders.text import LocalEncoder, clean_text
from isthmus.encoders.topics import UNSPACED_CHARACTERS
from isthmus.encoders.training.plan import TrainedModel, TrainingPlan, TrainingTask
from isthmus.encoders.training.train import train_encoder
from isthmus.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sentence_transformers import SentenceTransformer
    from torch import nn

# Share of a text's words in a crop, before word dropout.
MIN_CROP_SHARE, MAX_CROP_SHARE = 0.4, 0.9
WORD_DROPOUT = 0.1
# The longest text determines the duration of a step.
MAX_TOKENS = 40
# Words, or single characters of scripts without spaces between words.
TOKEN = re.compile(rf"[{UNSPACED_CHARACTERS}]|[^\s{UNSPACED_CHARACTERS}]+\s*")
UNSPACED = re.compile(rf"[{UNSPACED_CHARACTERS}]")
MIN_TOKENS = 4
MAX_CHARACTERS = 2000
MIN_TEXTS = 100
HELD_OUT_SHARE = 0.05
MAX_HELD_OUT = 500


def pretrain_encoder(
    encoder: LocalEncoder, texts: Sequence[str], plan: TrainingPlan, out: Path
) -> TrainedModel:
    """Continues the pre-training of a model on texts without labels.

    Args:
        encoder: The model to start from.
        texts: Texts of users and titles of items, in any language.
        plan: Duration and learning rate.
        out: Folder of the trained model.

    Raises:
        InputError: There are too few texts, or the folder exists already.
    """
    training, held_out = split_held_out(texts)
    if len(training) < MIN_TEXTS:
        raise InputError(
            f"There are {len(training):,} distinct texts of at least {MIN_TOKENS} words; "
            f"pre-training needs {MIN_TEXTS}.",
            "Provide more texts, or use the encoder without pre-training.",
        )
    rng = np.random.default_rng(plan.seed)
    pairs = [(crop(text, rng), crop(text, rng)) for text in training]
    ones, others = (encoder.prepare(side, "query") for side in zip(*pairs, strict=True))
    halves = [split_text(text) for text in held_out]
    left, right = (encoder.prepare(side, "query") for side in zip(*halves, strict=True))
    task = TrainingTask(
        description="pairs of crops",
        columns={"one": ones, "other": others},
        loss=_contrastive_loss,
        evaluate=partial(retrieval_score, left=left, right=right),
    )
    return train_encoder(encoder, task, plan, out)


def _contrastive_loss(model: SentenceTransformer) -> nn.Module:
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

    return MultipleNegativesRankingLoss(model)


def split_held_out(texts: Sequence[str]) -> tuple[list[str], list[str]]:
    """Splits the distinct texts that are long enough into training texts and held-out texts.

    Held out are the texts with the smallest hashes, independent of the order and of duplicates.

    Returns:
        Training texts and held-out texts, each sorted.
    """
    distinct = {clean_text(text)[:MAX_CHARACTERS] for text in texts}
    ordered = sorted(
        (text for text in distinct if len(TOKEN.findall(text)) >= MIN_TOKENS),
        key=lambda text: hashlib.sha256(text.encode()).digest(),
    )
    count = min(MAX_HELD_OUT, int(HELD_OUT_SHARE * len(ordered)))
    return sorted(ordered[count:]), sorted(ordered[:count])


def crop(text: str, rng: np.random.Generator) -> str:
    """Returns a random run of a text's words, with word dropout."""
    tokens = TOKEN.findall(text)
    size = max(2, round(rng.uniform(MIN_CROP_SHARE, MAX_CROP_SHARE) * len(tokens)))
    size = min(size, MAX_TOKENS)
    start = rng.integers(0, max(1, len(tokens) - size + 1))
    run = tokens[start : start + size]
    remaining = [token for token in run if rng.random() >= WORD_DROPOUT]
    return _join_words(remaining or run).strip()


def _join_words(tokens: Sequence[str]) -> str:
    """Joins tokens, with a space between two words that only dropped characters kept apart."""
    text = ""
    for token in tokens:
        if text and not (text[-1].isspace() or UNSPACED.match(text[-1]) or UNSPACED.match(token)):
            text += " "
        text += token
    return text


def split_text(text: str) -> tuple[str, str]:
    """Splits a text into two halves of at most MAX_TOKENS words on each side of the middle."""
    tokens = TOKEN.findall(text)
    middle = len(tokens) // 2
    first, second = tokens[:middle][-MAX_TOKENS:], tokens[middle:][:MAX_TOKENS]
    return "".join(first).strip(), "".join(second).strip()


def retrieval_score(model: SentenceTransformer, left: Sequence[str], right: Sequence[str]) -> float:
    """Mean reciprocal rank of each right text among all, for the left text of the same row."""
    ones, others = (
        model.encode(
            list(side), prompt="", normalize_embeddings=True, show_progress_bar=False
        ).astype(np.float32)
        for side in (left, right)
    )
    return float(reciprocal_ranks(ones @ others.T).mean())


def reciprocal_ranks(scores: NDArray[np.float32]) -> NDArray[np.float64]:
    """Reciprocal rank of each row's own column; a tie counts half.

    Args:
        scores: Shape (rows, columns); the correct column of row k is k.
    """
    own = np.diag(scores)[:, None]
    return np.asarray(1 / (0.5 + (scores > own).sum(axis=1) + 0.5 * (scores == own).sum(axis=1)))
