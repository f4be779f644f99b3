"""Embeddings of texts by an endpoint, in batches, and the tokens that it counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from isthmus.encoders.endpoint.endpoint import Endpoint, map_parallel
from isthmus.errors import IsthmusError

if TYPE_CHECKING:
    from numpy.typing import NDArray

# A request to OpenAI has at most 300,000 tokens, and no common script has more than two tokens a
# character: https://platform.openai.com/docs/api-reference/embeddings/create.
BATCH_CHARACTERS = 100_000
PROBE = "A text that finds out how long the vectors of this model are."


class EmbeddingsClient:
    """Asks an endpoint for embeddings.

    Attributes:
        endpoint: The endpoint with its embedding model.
        batch_texts: Maximum number of texts in a request.
        tokens: Tokens that the endpoint has counted so far; None if it does not count them.
    """

    def __init__(self, endpoint: Endpoint, batch_texts: int) -> None:
        self.endpoint = endpoint
        self.batch_texts = batch_texts
        self.tokens: int | None = 0

    def probe(self) -> int:
        """Returns the dimensions of the model's vectors, from a request with a fixed text.

        Raises:
            IsthmusError: The endpoint refuses the request, cannot be reached, or answers wrongly.
        """
        return int(self.embed([PROBE], None, lambda _: None).shape[1])

    def embed(
        self, texts: Sequence[str], dimensions: int | None, advance: Callable[[int], None]
    ) -> NDArray[np.float32]:
        """Returns the embeddings of texts as the endpoint gives them, (texts, dimensions).

        Args:
            texts: The texts.
            dimensions: Expected length of a vector, or None if it is not known yet.
            advance: Called after every request with its number of texts.

        Raises:
            IsthmusError: The endpoint refuses the request, cannot be reached, or answers wrongly.
        """
        self.endpoint.require_client()  # before several threads need it
        # An empty text is refused by the protocol.
        sent = [text or " " for text in texts]
        blocks = []
        for vectors, tokens in map_parallel(self._embed_batch, self._batches(sent)):
            if dimensions is not None and vectors.shape[1] != dimensions:
                raise self._wrong_dimensions(dimensions, vectors.shape[1])
            if tokens is None or self.tokens is None:
                self.tokens = None
            else:
                self.tokens += tokens
            blocks.append(vectors)
            advance(len(vectors))
        return np.concatenate(blocks)

    def _batches(self, texts: Sequence[str]) -> Iterator[list[str]]:
        """Groups texts, in order, so that a batch keeps the limits of texts and characters."""
        batch: list[str] = []
        characters = 0
        for text in texts:
            full = len(batch) == self.batch_texts or characters + len(text) > BATCH_CHARACTERS
            if batch and full:
                yield batch
                batch, characters = [], 0
            batch.append(text)
            characters += len(text)
        if batch:
            yield batch

    def _embed_batch(self, batch: list[str]) -> tuple[NDArray[np.float32], int | None]:
        """Returns the vectors of one request and its tokens, None if they are not counted."""
        answer = self.endpoint.embed(batch)
        try:
            vectors = _read_vectors(answer, len(batch))
        except (KeyError, TypeError, ValueError, OverflowError):
            raise self.endpoint.wrong_answer(
                f"a vector for each of the {len(batch)} texts", "an embedding model"
            ) from None
        usage = answer.get("usage")
        tokens = usage.get("prompt_tokens") if isinstance(usage, dict) else None
        return vectors, tokens if isinstance(tokens, int) else None

    def _wrong_dimensions(self, expected: int, found: int) -> IsthmusError:
        return IsthmusError(
            f"{self.endpoint.host} answers vectors of {found} dimensions for {self.endpoint.name}; "
            f"{expected} were expected, as in its first answer.",
            "The host serves another model under this name: restore that model, or set encoder to "
            "the new one under a name of its own.",
        )


def _read_vectors(answer: dict[str, Any], count: int) -> NDArray[np.float32]:
    """Reads the vectors of an answer in the order of the texts, (count, dimensions).

    Raises:
        KeyError, TypeError, ValueError, OverflowError: The answer has not a finite vector a text.
    """
    rows = {int(row["index"]): row["embedding"] for row in answer["data"]}
    vectors = np.array([rows[index] for index in range(count)], np.float32)
    if vectors.ndim != 2 or not vectors.shape[1] or not np.isfinite(vectors).all():
        raise ValueError("no matrix of finite numbers")
    return vectors
