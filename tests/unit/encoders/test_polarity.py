"""Polarity with the default encoder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from isthmus.encoders.text.encoder import load_encoder
from isthmus.encoders.text.offline import convert_offline_model
from isthmus.encoders.text.packed_weights import OFFLINE_MODEL
from isthmus.encoders.topics.polarity import MIN_TEXTS, fit_polarity

if TYPE_CHECKING:
    from isthmus.encoders.text.encoder import TextEncoder

GOOD = ("房间很干净，服务态度非常好。", "The plot is gripping and the acting superb.")
BAD = ("房间又脏又吵，前台态度恶劣。", "The plot is a mess and the acting wooden.")


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> TextEncoder:
    home = tmp_path_factory.getbasetemp() / "encoder-home"
    convert_offline_model(home / "encoders" / OFFLINE_MODEL)
    return load_encoder(OFFLINE_MODEL, home)


def test_praise_and_complaints_are_separated_without_training_texts(encoder: TextEncoder) -> None:
    vectors = encoder.encode([*GOOD, *BAD], "query")
    polarity = fit_polarity(encoder, vectors, np.zeros(4)).predict(vectors)
    assert (polarity[:2] > 0).all()
    assert (polarity[2:] < 0).all()
    assert (np.abs(polarity) <= 1).all()


def test_a_corpus_of_praise_only_stays_positive(encoder: TextEncoder) -> None:
    texts = [f"{text} {k}" for k in range(MIN_TEXTS) for text in GOOD]
    vectors = encoder.encode(texts, "query")
    assert (fit_polarity(encoder, vectors, np.zeros(len(texts))).predict(vectors) > 0).mean() > 0.9


def test_labelled_texts_train_the_polarity_of_a_corpus(encoder: TextEncoder) -> None:
    templates = ("It arrived on a {}.", "It was delivered by {} post.")
    days = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    texts = [line.format(f"{day} {k}") for k in range(8) for day in days for line in templates]
    labels = np.tile([1.0, -1.0], len(texts) // 2)
    vectors = encoder.encode(texts, "query")
    labels[-20:] = 0
    polarity = fit_polarity(encoder, vectors, labels).predict(vectors)
    truth = np.tile([1.0, -1.0], 10)
    assert (np.sign(polarity[-20:]) == truth).all()
