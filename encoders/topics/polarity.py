"""Whether texts praise or complain, in any language that the encoder reads.

A text lies nearer to sentences of praise or to complaints. Those that clearly do teach the rest
how the corpus at hand praises (self-training: Yarowsky, "Unsupervised word sense disambiguation
rivaling supervised methods", 1995), beside texts whose writers said what they think of the item.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isthmus.encoders.text.encoder import TextEncoder

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
# Fewer texts teach nothing; of many, this share is too unclear to teach.
FEWEST_TEXTS = 50
UNCLEAR = 0.3
# What a text of which only the embedding speaks counts beside one whose writer has said it.
GUESSED_WEIGHT = 0.1
# Embeddings of one encoder lie close together; so large, their differences can be learned.
SCALE = 5.0


@dataclass(frozen=True)
class Polarity:
    """A linear function of embeddings: above 0 for praise, below for complaints.

    Attributes:
        direction: Float64 (dimensions,).
        offset: Added to the product.
    """

    direction: NDArray[np.float64]
    offset: float

    def of(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """From -1, a complaint, to 1, praise, (texts,)."""
        polarity: NDArray[np.float64] = np.tanh((vectors @ self.direction + self.offset) / 2)
        return polarity


def learn_polarity(
    encoder: TextEncoder, vectors: NDArray[np.float32], said: NDArray[np.float64]
) -> Polarity:
    """Learns how a corpus praises and complains.

    Args:
        encoder: The one that made the vectors.
        vectors: Embeddings of the texts, float32 (texts, dimensions).
        said: What the writer thinks of what a text is about: above 0, below 0, or 0 where that is
            not known, (texts,).
    """
    from sklearn.linear_model import LogisticRegression

    praise, complaints = (encoder.encode(list(some), "query") for some in (PRAISE, COMPLAINTS))
    start = _between(praise, complaints)
    if len(vectors) < FEWEST_TEXTS:
        return start
    first = start.of(vectors)
    clear = (np.abs(first) >= np.quantile(np.abs(first), UNCLEAR)) | (said != 0)
    praised = np.where(said != 0, said, first)[clear] > 0
    if praised.all() or not praised.any():
        return start
    weights = np.where(said != 0, 1.0, GUESSED_WEIGHT)[clear]
    model = LogisticRegression(max_iter=1000)
    model.fit(SCALE * vectors[clear].astype(np.float64), praised, sample_weight=weights)
    return Polarity(SCALE * model.coef_[0], float(model.intercept_[0]))


def _between(praise: NDArray[np.float32], complaints: NDArray[np.float32]) -> Polarity:
    """How much nearer to the one than to the other, such that these themselves are at 2 and -2."""
    direction = (praise.mean(axis=0) - complaints.mean(axis=0)).astype(np.float64)
    middle = (praise.mean(axis=0) + complaints.mean(axis=0)) / 2
    scale = 2 / max(float((praise.mean(axis=0) - middle) @ direction), 1e-9)
    return Polarity(scale * direction, -float(scale * direction @ middle))
