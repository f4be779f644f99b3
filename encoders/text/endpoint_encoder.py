"""An embedding model at an endpoint as a text encoder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from isthmus.encoders.endpoint import EmbeddingsClient, Endpoint
from isthmus.encoders.text.prompts import model_prefixes, with_set_prefixes
from isthmus.encoders.text.text_encoder import (
    Kind,
    TextEncoder,
    scale_to_unit_length,
    stored_facts,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from isthmus.progress import Advance
    from isthmus.settings import Settings

WINDOW_REQUESTS = 8  # vectors are saved after so many requests


class EndpointEncoder(TextEncoder):
    """A model at an endpoint with OpenAI's protocol.

    The dimensions come from a request with a fixed text, the first time that they are needed; a
    notes file stores them for later runs. The fingerprint covers host, model, dimensions and
    prefixes, not a vector: equal requests get vectors that differ in the last bits.

    Args:
        name: `openai:MODEL`.
        notes: Folder of the notes file.
        settings: Address and key, `endpoint_receives`, `endpoint_batch`, `endpoint_characters`,
            `query_prefix`, `passage_prefix`.

    Raises:
        InputError: The name, the address or the key cannot be used.
    """

    def __init__(self, name: str, notes: Path, settings: Settings) -> None:
        self.name = name
        self.endpoint = Endpoint(name, settings)
        self.client = EmbeddingsClient(self.endpoint, settings.endpoint_batch)
        self.prefixes = with_set_prefixes(model_prefixes(self.endpoint.model, {}), settings)
        self.max_characters = settings.endpoint_characters
        key = hashlib.sha256(f"{self.endpoint.host} {self.endpoint.model}".encode()).hexdigest()
        self._notes = notes / f"{key[:16]}.json"

    @property
    def dimensions(self) -> int:
        """Length of a vector.

        Raises:
            IsthmusError: It is not known yet, and the endpoint may receive nothing, refuses the
                request, cannot be reached, or answers wrongly.
        """
        return self._dimensions

    @cached_property
    def _dimensions(self) -> int:
        return int(stored_facts(self._notes, self._probe)["dimensions"])

    def _probe(self) -> dict[str, int]:
        self.require_consent("passage")
        return {"dimensions": self.client.probe()}

    @property
    def fingerprint(self) -> str:
        """SHA-256 of host, model, dimensions and prefixes."""
        facts = [self.endpoint.host, self.endpoint.model, self.dimensions, self.prefixes]
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()

    @property
    def is_known(self) -> bool:
        """Whether fingerprint and dimensions are known without a request."""
        return self._notes.is_file()

    @property
    def runtime(self) -> str:
        """Description of what computes the vectors."""
        return f"endpoint {self.endpoint.host}"

    @property
    def on_cpu(self) -> bool:
        """Whether the encoder runs on the CPU of this machine; another machine does the work."""
        return False

    def require_consent(self, kind: Kind) -> None:
        """Checks that the endpoint may receive texts of a kind.

        Raises:
            InputError: The setting `endpoint_receives` does not allow it.
        """
        self.endpoint.require_consent("texts" if kind == "query" else "titles")

    def encode_windows(
        self, prepared: Sequence[str], kind: Kind, advance: Advance
    ) -> Iterator[NDArray[np.float32]]:
        """Encodes prepared texts in order, a few requests at a time; see `TextEncoder`.

        Raises:
            InputError: The setting `endpoint_receives` does not allow it.
            IsthmusError: The endpoint refuses a request, cannot be reached, or answers wrongly.
        """
        size = WINDOW_REQUESTS * self.client.batch_texts
        for start in range(0, len(prepared), size):
            self.require_consent(kind)
            window = self.client.embed(prepared[start : start + size], self.dimensions, advance)
            scale_to_unit_length(window)
            yield window
