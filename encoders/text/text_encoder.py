"""What all text encoders have in common: prefixes, cutting, vectors of unit length, in order."""

from __future__ import annotations

import contextlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from isthmus.files import make_folder, write_file
from isthmus.progress import Advance, progress

if TYPE_CHECKING:
    from numpy.typing import NDArray

Kind = Literal["query", "passage", "sentence"]
"""Texts of users, titles of items, or sentences of isthmus, which are encoded as texts are."""
MIN_PROGRESS_TEXTS = 256


class TextEncoder(ABC):
    """Encodes texts to vectors of unit length: a model on this machine or at an endpoint.

    Attributes:
        name: The name that the user gave.
        prefixes: Text that the model expects before each kind of text.
        max_characters: Number of characters to which a text is cut.
    """

    name: str
    prefixes: dict[Kind, str]
    max_characters: int

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """SHA-256 that identifies the encoder; vectors of equal fingerprints can be compared."""

    @property
    @abstractmethod
    def dimensions(self) -> int:
        """Length of a vector."""

    @property
    @abstractmethod
    def runtime(self) -> str:
        """Description of what computes the vectors."""

    @property
    @abstractmethod
    def on_cpu(self) -> bool:
        """Whether the encoder runs on the CPU of this machine."""

    @property
    def lasting_name(self) -> str:
        """The name by which the encoder is found from any working folder."""
        return self.name

    @property
    def is_known(self) -> bool:
        """Whether fingerprint and dimensions are known without a request to an endpoint."""
        return True

    @abstractmethod
    def encode_windows(
        self, prepared: Sequence[str], kind: Kind, advance: Advance
    ) -> Iterator[NDArray[np.float32]]:
        """Encodes prepared texts in order, a few hundred or thousand at a time.

        Args:
            prepared: Texts from `prepare`.
            kind: The kind that they were prepared for.
            advance: Called after every batch with its number of texts.

        Yields:
            Vectors of the next texts, shape (texts, dimensions).
        """

    def encode(self, texts: Sequence[str], kind: Kind) -> NDArray[np.float32]:
        """Encodes texts to vectors of unit length, shape (texts, dimensions), in the same order.

        Every text gets a vector: text beyond the model's limit is cut, and characters that cannot
        be encoded are replaced.

        Args:
            texts: The texts.
            kind: "query" for texts of users, "passage" for items, "sentence" for sentences that
                no user wrote.
        """
        prepared = self.prepare(texts, kind)
        vectors = np.empty((len(prepared), self.dimensions), np.float32)
        with encoding_progress(len(prepared)) as advance:
            done = 0
            for window in self.encode_windows(prepared, kind, advance):
                vectors[done : done + len(window)] = window
                done += len(window)
        return vectors

    def prepare(self, texts: Sequence[str], kind: Kind) -> list[str]:
        """Cleans the texts, cuts them and adds the prefix of their kind."""
        limit = self.max_characters
        prefix = self.prefixes["passage" if kind == "passage" else "query"]
        return [prefix + clean_text(text[: 2 * limit])[:limit] for text in texts]


def encoding_progress(total: int) -> contextlib.AbstractContextManager[Advance]:
    """Shows progress over `total` texts; nothing below MIN_PROGRESS_TEXTS."""
    if total < MIN_PROGRESS_TEXTS:
        return contextlib.nullcontext(lambda *_: None)
    return progress("encode texts", total, "texts")


def clean_text(text: str) -> str:
    """Strips white space and joins surrogate pairs; a lone surrogate becomes U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.strip()


def scale_to_unit_length(vectors: NDArray[np.float32]) -> None:
    """Scales each row to unit length, in place; a row of zeros stays as it is."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors /= np.maximum(norms, np.finfo(np.float32).tiny)


def stored_facts(path: Path, find: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Reads the facts of a model from its notes file; finds and stores them if it is missing."""
    with contextlib.suppress(OSError, ValueError):
        facts: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return facts
    facts = find()
    with contextlib.suppress(OSError):  # then the next run finds them again
        make_folder(path.parent)
        write_file(path, json.dumps(facts))
    return facts
