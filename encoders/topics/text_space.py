"""What the bundled sentences show of an encoder: language means, a metric, wants, rejections.

The embedding of a sentence depends on its language and on how it is put as much as on what it is
about. Bundled sentences whose subjects are known separate the two, for any encoder and before the
first text of a catalogue is read.
"""

from __future__ import annotations

import functools
import hashlib
from contextlib import nullcontext
from dataclasses import dataclass, fields
from importlib.resources import as_file, files
from typing import TYPE_CHECKING

import numpy as np

from isthmus.encoders.text import encode_cached
from isthmus.encoders.topics.bundled import bundled_sentences, read_text, subject_names
from isthmus.encoders.topics.cluster_names import language_of
from isthmus.encoders.topics.cues import cue_features, has_cues
from isthmus.files import make_folder, new_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from isthmus.encoders.text import TextEncoder, VectorCache

LANGUAGES = ("zh", "en", "other")
"""Languages with a mean of their own; `other` has the mean of the two."""
RIDGE = 1.0
"""Of the covariance within subjects, in units of its mean variance."""
VECTOR_SCALE = 3.0
# Inverse strength of the regularisation of the classifiers.
POLARITY_C, SUBJECT_C = 0.1, 0.1
CLEAR_REJECTION = -0.8
SHARPNESS = 3.0
"""Of the polarity: clear wants and rejections are 1 and -1."""


@dataclass(frozen=True)
class TextSpace:
    """Language means, metric and classifiers of an encoder, learned from the bundled sentences.

    Attributes:
        text_means: Mean embedding of texts by language, float32 (LANGUAGES, dimensions).
        name_means: Mean embedding of names by language, float32 (LANGUAGES, dimensions).
        metric: Inverse of the covariance within subjects, float32 (dimensions, dimensions); the
            similarity of x and y is x' metric y.
        polarity_weights: Of an embedding and its cues, float64 (dimensions + cues,).
        polarity_offset: Intercept.
        subject_weights: Of the classifier whether a text has a subject, of the same features.
        subject_offset: Intercept.
    """

    text_means: NDArray[np.float32]
    name_means: NDArray[np.float32]
    metric: NDArray[np.float32]
    polarity_weights: NDArray[np.float64]
    polarity_offset: float
    subject_weights: NDArray[np.float64]
    subject_offset: float

    def polarity(
        self,
        texts: Sequence[str | None],
        vectors: NDArray[np.float32],
        languages: NDArray[np.int64],
    ) -> NDArray[np.float64]:
        """Whether the writers want the subjects of texts (1) or reject them (-1), (texts,).

        Without a cue, in a language that has cues, only a clear rejection counts: of natural texts
        the embedding alone shows little.

        Args:
            texts: The words, None where they are unknown.
            vectors: Embeddings of unit length, (texts, dimensions).
            languages: Positions in LANGUAGES, (texts,).
        """
        rows, cues = self._features(texts, vectors, languages)
        polarity: NDArray[np.float64] = np.tanh(
            SHARPNESS * (rows @ self.polarity_weights + self.polarity_offset)
        )
        with_cue = np.any(cues != 0, axis=1)
        without_cue = ~with_cue & np.array([has_cues(text) for text in texts], dtype=np.bool_)
        unclear = without_cue & (polarity > CLEAR_REJECTION)
        return np.where(unclear, np.maximum(polarity, 0), polarity)

    def subject_logits(
        self,
        texts: Sequence[str | None],
        vectors: NDArray[np.float32],
        languages: NDArray[np.int64],
    ) -> NDArray[np.float64]:
        """Logits that texts are about anything at all, (texts,); arguments as of `polarity`."""
        rows, _ = self._features(texts, vectors, languages)
        logits: NDArray[np.float64] = rows @ self.subject_weights + self.subject_offset
        return logits

    def _features(
        self,
        texts: Sequence[str | None],
        vectors: NDArray[np.float32],
        languages: NDArray[np.int64],
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The features of the classifiers, and the cues among them."""
        cues = cue_features(texts)
        centered = vectors.astype(np.float64) - self.text_means[languages]
        return np.hstack([VECTOR_SCALE * centered, cues]), cues

    def normalize(self, centered: NDArray[np.float32]) -> NDArray[np.float32]:
        """Scales vectors to length 1 in the metric, float32 (rows, dimensions)."""
        lengths = np.sqrt(np.maximum(np.einsum("nd,nd->n", centered @ self.metric, centered), 0))
        unit: NDArray[np.float32] = centered / np.maximum(lengths, 1e-9)[:, None]
        return unit


def metric_lengths(
    centered: NDArray[np.float32], search: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Lengths of vectors in the metric, (rows,); `search` is their product with the metric."""
    result: NDArray[np.float32] = np.sqrt(
        np.maximum(np.einsum("nd,nd->n", search, centered), 1e-12)
    )
    return result


def language_index(texts: Sequence[str | None]) -> NDArray[np.int64]:
    """Position in LANGUAGES of the language of each text, (texts,)."""
    languages = [language_of(text or "") for text in texts]
    return np.array([LANGUAGES.index(code) if code in LANGUAGES else 2 for code in languages], int)


def load_text_space(encoder: TextEncoder, cache: VectorCache) -> TextSpace:
    """Returns the text space of an encoder, which is learned once and stored beside its vectors.

    That of the default encoder comes with isthmus.
    """
    name = file_name(encoder)
    shipped = files(__package__).joinpath(name)
    path = cache.folder / name
    if not shipped.is_file() and not path.exists():
        make_folder(cache.folder)
        save_text_space(fit_text_space(encoder, cache), path)
    with as_file(shipped) if shipped.is_file() else nullcontext(path) as found:
        return _load(found)


def file_name(encoder: TextEncoder) -> str:
    """The name of the file of an encoder's text space, other where the bundled sentences differ."""
    return f"space-{encoder.fingerprint[:16]}-{_bundled_digest()}.npz"


def save_text_space(space: TextSpace, path: Path) -> None:
    """Writes a text space to a file; another process never reads a part of it."""
    arrays = {field.name: getattr(space, field.name) for field in fields(TextSpace)}
    with new_file(path) as file:
        np.savez_compressed(file, **arrays | {"metric": space.metric.astype(np.float16)})


@functools.cache
def _bundled_digest() -> str:
    names = ("sentences.csv", "subjects.csv", "cues.toml")
    rows = "\n".join(read_text(name) for name in names)
    return hashlib.sha256(rows.encode()).hexdigest()[:8]


@functools.cache
def _load(path: Path) -> TextSpace:
    with np.load(path) as arrays:
        values = {field.name: arrays[field.name][()] for field in fields(TextSpace)}
    return TextSpace(**values | {"metric": values["metric"].astype(np.float32)})


def fit_text_space(encoder: TextEncoder, cache: VectorCache) -> TextSpace:
    """Learns the text space of an encoder from the bundled sentences.

    The metric is within-class covariance normalization (Hatch, Kajarekar and Stolcke 2006) with the
    subjects as classes: what differs between sentences about the same subject counts little.
    """
    from sklearn.linear_model import LogisticRegression

    sentences, names = bundled_sentences(), subject_names()
    texts = [sentence.text for sentence in sentences]
    vectors, _, _ = encode_cached(encoder, cache, texts, "sentence")
    name_vectors, _, _ = encode_cached(encoder, cache, [name.text for name in names], "passage")
    text_means, centered = _center([s.language for s in sentences], vectors)
    name_means, centered_names = _center([name.language for name in names], name_vectors)
    subjects = np.array([s.subject for s in sentences])
    labels = np.array([s.label for s in sentences])
    about = subjects >= 0
    metric = _metric(
        np.vstack([centered[about], centered_names]),
        np.concatenate([subjects[about], [name.subject for name in names]]),
    )
    rows = np.hstack([VECTOR_SCALE * centered.astype(np.float64), cue_features(texts)])
    polarity = LogisticRegression(C=POLARITY_C, max_iter=3000)
    polarity.fit(rows[about], labels[about] == "wants")
    subject = LogisticRegression(C=SUBJECT_C, max_iter=3000, class_weight="balanced")
    subject.fit(rows, about)
    return TextSpace(
        text_means=text_means,
        name_means=name_means,
        metric=metric,
        polarity_weights=polarity.coef_[0],
        polarity_offset=float(polarity.intercept_[0]),
        subject_weights=subject.coef_[0],
        subject_offset=float(subject.intercept_[0]),
    )


def _center(
    languages: Sequence[str], vectors: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Means by language, and the vectors minus the mean of their language."""
    index = np.array([LANGUAGES.index(language) for language in languages])
    means = np.array([vectors[index == k].mean(axis=0) for k in range(2)])
    means = np.vstack([means, means.mean(axis=0)]).astype(np.float32)
    return means, vectors - means[index]


def _metric(vectors: NDArray[np.float32], classes: NDArray[np.int64]) -> NDArray[np.float32]:
    """Inverse covariance within classes, scaled to mean variance 1 of the vectors."""
    _, index = np.unique(classes, return_inverse=True)
    sums = np.zeros((index.max() + 1, vectors.shape[1]))
    np.add.at(sums, index, vectors)
    deviations = vectors - (sums / np.bincount(index)[:, None])[index]
    within = deviations.T @ deviations / len(deviations)
    within += RIDGE * np.trace(within) / len(within) * np.eye(len(within))
    inverse = np.linalg.inv(within)
    metric: NDArray[np.float32] = (inverse * len(inverse) / np.trace(inverse)).astype(np.float32)
    return metric
