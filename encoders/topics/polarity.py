"""Polarity of texts (praise or complaint), in any language that the encoder supports.

Texts are labelled by their similarity to bundled sentences of praise and complaint. The clear ones
and the texts whose writers like or dislike the item are the training set of a linear classifier for
the corpus (self-training: Yarowsky, "Unsupervised word sense disambiguation rivaling supervised
methods", 1995).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isthmus.encoders.text import TextEncoder

PRAISE = (
    "我很喜欢，非常满意，强烈推荐。",
    "质量很好，值得购买。",
    "太棒了，超出期待，下次还会来。",
    "服务很好。",
    "I love it, excellent, highly recommended.",
    "It is very good and I am happy with it.",
    "The best I have ever had, worth every penny.",
    "Beautiful, moving, a joy.",
)
COMPLAINTS = (
    "我很失望，非常不满意，不推荐。",
    "质量很差，不值得购买。",
    "太糟糕了，浪费钱，再也不会来了。",
    "服务很差。",
    "I hate it, terrible, do not recommend it.",
    "It is very bad and I am disappointed with it.",
    "The worst I have ever had, a waste of money.",
    "Ugly, boring, a pain.",
)
# With fewer texts no classifier is trained.
MIN_TEXTS = 50
UNCLEAR_SHARE = 0.3  # the texts nearest to neutral are no training examples
# Training weight of a text that is labelled by similarity; a like or dislike has weight 1.
PSEUDO_LABEL_WEIGHT = 0.1
# Embeddings of one encoder differ little; scaled up, a regularised model can use the differences.
SCALE = 5.0


@dataclass(frozen=True)
class Polarity:
    """A linear classifier of embeddings: positive for praise, negative for complaints.

    Attributes:
        direction: Weights, float64 (dimensions,).
        offset: Intercept.
    """

    direction: NDArray[np.float64]
    offset: float

    def predict(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """Polarity of each text from -1 (complaint) to 1 (praise), (texts,)."""
        polarity: NDArray[np.float64] = np.tanh((vectors @ self.direction + self.offset) / 2)
        return polarity


def fit_polarity(
    encoder: TextEncoder, vectors: NDArray[np.float32], labels: NDArray[np.float64]
) -> Polarity:
    """Trains the polarity classifier of a corpus.

    Args:
        encoder: The encoder of the vectors.
        vectors: Embeddings of the texts, float32 (texts, dimensions).
        labels: Positive if the writer likes the item of the text, negative for a dislike, 0 if
            unknown, (texts,).
    """
    from sklearn.linear_model import LogisticRegression

    praise, complaints = (
        encoder.encode(list(sentences), "query") for sentences in (PRAISE, COMPLAINTS)
    )
    initial = _separate(praise, complaints)
    if len(vectors) < MIN_TEXTS:
        return initial
    scores = initial.predict(vectors)
    clear = (np.abs(scores) >= np.quantile(np.abs(scores), UNCLEAR_SHARE)) | (labels != 0)
    is_praise = np.where(labels != 0, labels, scores)[clear] > 0
    if is_praise.all() or not is_praise.any():
        return initial
    weights = np.where(labels != 0, 1.0, PSEUDO_LABEL_WEIGHT)[clear]
    model = LogisticRegression(max_iter=1000)
    model.fit(SCALE * vectors[clear].astype(np.float64), is_praise, sample_weight=weights)
    return Polarity(SCALE * model.coef_[0], float(model.intercept_[0]))


def _separate(praise: NDArray[np.float32], complaints: NDArray[np.float32]) -> Polarity:
    """Linear function along the difference of the means, which has the values 2 and -2 there."""
    direction = (praise.mean(axis=0) - complaints.mean(axis=0)).astype(np.float64)
    middle = (praise.mean(axis=0) + complaints.mean(axis=0)) / 2
    scale = 2 / max(float((praise.mean(axis=0) - middle) @ direction), 1e-9)
    return Polarity(scale * direction, -float(scale * direction @ middle))
