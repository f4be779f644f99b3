"""Loads text encoders, and encodes with any sentence-transformers model on this machine."""

from __future__ import annotations

import copy
import hashlib
import logging
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from isthmus.encoders.endpoint import is_endpoint
from isthmus.encoders.text.batching import (
    length_sorted_batches,
    parallel_map,
    prefers_bfloat16,
    thread_count,
)
from isthmus.encoders.text.endpoint_encoder import EndpointEncoder
from isthmus.encoders.text.model_files import find_model
from isthmus.encoders.text.onnx import INT8, OnnxModel, export_onnx
from isthmus.encoders.text.prompts import model_prefixes, with_set_prefixes
from isthmus.encoders.text.text_encoder import (
    Kind,
    TextEncoder,
    scale_to_unit_length,
    stored_facts,
)
from isthmus.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sentence_transformers import SentenceTransformer

    from isthmus.progress import Advance
    from isthmus.settings import Settings

WINDOW_TEXTS = 1024  # per core: enough batches to keep all cores busy between two saves
# No piece of a common vocabulary is longer, so cutting a text here removes nothing within its
# token limit.
MAX_TOKEN_CHARACTERS = 16
DEFAULT_MAX_TOKENS = 8192  # for models without a limit


class LocalEncoder(TextEncoder):
    """A sentence-transformers model with its prefixes, fast on a CPU.

    The model is loaded when the first text is encoded. The facts that a look-up in the vector cache
    needs earlier are stored in a notes file when the model is loaded for the first time.

    Attributes:
        name: The name that the user gave; ends in `@int8` for the ONNX graph.
        folder: Folder of the model files.
        onnx: The ONNX graph, or None to encode with torch.
        max_tokens: Maximum number of tokens that the model reads of a text.

    Args:
        name: The name that the user gave.
        folder: Folder of the model files.
        notes: Folder of the notes file.
        settings: `query_prefix` and `passage_prefix`.
    """

    def __init__(self, name: str, folder: Path, notes: Path, settings: Settings) -> None:
        self.name = name
        self.folder = folder
        self.onnx: OnnxModel | None = None
        self._fingerprint = _fingerprint(folder)
        facts = stored_facts(notes / f"{self._fingerprint[:16]}.json", self._find_facts)
        self._dimensions: int = facts["dimensions"]
        self.max_tokens: int = facts["max_tokens"]
        self.max_characters = MAX_TOKEN_CHARACTERS * self.max_tokens
        own_prefixes = model_prefixes(name, facts["prompts"])
        self.prefixes = with_set_prefixes(own_prefixes, settings)
        if self.prefixes != own_prefixes:  # other vectors, so that it is another encoder
            self._fingerprint = _hash(f"{self._fingerprint} {sorted(self.prefixes.items())}")

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the model's files, and of the prefixes if they are not the model's own."""
        return self._fingerprint

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        return self._dimensions

    @property
    def lasting_name(self) -> str:
        """The name, or the absolute path if the name is a folder."""
        return str(self.folder) if Path(self.name).expanduser().is_dir() else self.name

    @cached_property
    def model(self) -> SentenceTransformer:
        """The sentence-transformers model.

        Raises:
            InputError: The model cannot be loaded.
        """
        from sentence_transformers import SentenceTransformer

        silence_libraries()
        try:
            model = SentenceTransformer(
                str(self.folder), local_files_only=True, trust_remote_code=False
            )
            # A CPU would mix half-precision weights with its own single precision.
            return (model.float() if model.device.type == "cpu" else model).eval()
        except Exception as error:  # third-party model code may raise anything
            reason = str(error).strip().partition("\n")[0] or type(error).__name__
            raise InputError(
                f"The model in {self.folder} cannot be loaded: {reason.rstrip('.')}.",
                "Set the encoder to another model, or delete the folder so that it is downloaded "
                "again.",
            ) from error

    def with_onnx(self, onnx: OnnxModel) -> LocalEncoder:
        """Returns a copy of the encoder that computes vectors with an ONNX graph."""
        other = copy.copy(self)
        other.name = self.name + INT8
        other.onnx = onnx
        other._fingerprint = _hash(f"{self.fingerprint} {onnx.fingerprint}")
        return other

    @property
    def runtime(self) -> str:
        """Description of the library, device and precision that compute the vectors."""
        if self.onnx is not None:
            return "ONNX int8"
        return f"torch on {self.model.device.type}" + (", bfloat16" if self._use_bfloat16 else "")

    @property
    def on_cpu(self) -> bool:
        """Whether the encoder runs on the CPU."""
        return self.onnx is not None or self.model.device.type == "cpu"

    @cached_property
    def _use_bfloat16(self) -> bool:
        return self.on_cpu and prefers_bfloat16()

    def _find_facts(self) -> dict[str, Any]:
        """Returns the model's prompts, token limit and dimensions, which it is loaded for."""
        return {
            "prompts": dict(self.model.prompts),
            "max_tokens": min(self.model.max_seq_length or DEFAULT_MAX_TOKENS, 1 << 16),
            "dimensions": self._encode_batch(["a"], "query").shape[1],
        }

    def encode_windows(
        self, prepared: Sequence[str], kind: Kind, advance: Advance
    ) -> Iterator[NDArray[np.float32]]:
        """Encodes prepared texts in order, up to WINDOW_TEXTS per core; see `TextEncoder`."""
        size = WINDOW_TEXTS * (thread_count() if len(prepared) > WINDOW_TEXTS else 1)
        for start in range(0, len(prepared), size):
            yield self._encode_window(prepared[start : start + size], kind, advance)

    def _encode_window(
        self, prepared: Sequence[str], kind: Kind, advance: Advance
    ) -> NDArray[np.float32]:
        batches = length_sorted_batches(self._token_counts(prepared))
        vectors = np.empty((len(prepared), self.dimensions), np.float32)
        batch_texts = ([prepared[row] for row in rows] for rows in batches)
        with parallel_map(len(batches) if self.on_cpu else 1) as map_batches:
            results = map_batches(lambda batch: self._encode_batch(batch, kind), batch_texts)
            for rows, batch_vectors in zip(batches, results, strict=True):
                vectors[rows] = batch_vectors
                advance(len(rows))
        return vectors

    def _encode_batch(self, batch: list[str], kind: Kind) -> NDArray[np.float32]:
        vectors = self.onnx.encode(batch) if self.onnx else self._encode_with_torch(batch, kind)
        scale_to_unit_length(vectors)
        return vectors

    def _encode_with_torch(self, batch: list[str], kind: Kind) -> NDArray[np.float32]:
        import torch

        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self._use_bfloat16):
            vectors = self.model.encode(
                batch,
                prompt="",  # `prepare` has added the prefix
                batch_size=len(batch),
                show_progress_bar=False,
                convert_to_numpy=True,
                task="document" if kind == "passage" else "query",
            )
        return np.asarray(vectors, np.float32)

    def _token_counts(self, prepared: Sequence[str]) -> NDArray[np.int64]:
        """Number of tokens of each text, at least 1, (texts,); an estimate for other tokenizers."""
        if self.onnx:
            return self.onnx.token_counts(prepared)
        from transformers import PreTrainedTokenizerBase

        tokenizer = self.model.tokenizer
        if isinstance(tokenizer, PreTrainedTokenizerBase):
            ids = tokenizer(
                list(prepared),
                truncation=True,
                max_length=self.max_tokens,
                return_attention_mask=False,
                return_token_type_ids=False,
            )["input_ids"]
            counts = [len(row) for row in ids]
        else:
            counts = [len(text) // 3 for text in prepared]
        return np.maximum(np.array(counts, np.int64), 1)


def load_encoder(
    name: str, home: Path, threads: int | None = None, settings: Settings | None = None
) -> TextEncoder:
    """Loads an encoder; downloads or converts the model if it is not on this machine.

    Args:
        name: A folder or a model's name on the hub; the suffix `@int8` selects the ONNX graph of
            8-bit integers. `openai:MODEL` is a model at an endpoint.
        home: The home folder of isthmus.
        threads: Threads of this process for encoding; None to use all cores.
        settings: Prefixes and endpoint; None to read them from the environment and
            `isthmus.toml`.

    Raises:
        InputError: There is no model of that name, the folder contains none, or the setting
            `endpoint_receives` allows the endpoint nothing.
        IsthmusError: The model is not on this machine and the hub cannot be reached, or the model
            cannot be exported to ONNX.
    """
    encoder = find_encoder(name, home, threads, settings)
    if isinstance(encoder, EndpointEncoder):
        encoder.require_consent("passage")
    return encoder


def find_encoder(
    name: str, home: Path, threads: int | None = None, settings: Settings | None = None
) -> TextEncoder:
    """Loads an encoder as `load_encoder` does, also one whose endpoint may receive nothing.

    It prepares texts, and refuses to encode them.
    """
    settings = _or_load(settings, home)
    if is_endpoint(name):
        return EndpointEncoder(name, home / "vectors", settings)
    return load_local_encoder(name, home, threads, settings)


def load_local_encoder(
    name: str, home: Path, threads: int | None = None, settings: Settings | None = None
) -> LocalEncoder:
    """Loads a model that runs on this machine, as `load_encoder` does, so that it can be trained.

    Raises:
        InputError: The model is at an endpoint, or there is none of that name.
        IsthmusError: As in `load_encoder`.
    """
    if is_endpoint(name):
        raise InputError(
            f"{name} is a model at an endpoint, which cannot be trained or exported.",
            "Set encoder to a model on this machine.",
        )
    model_name = name if Path(name).expanduser().is_dir() else name.removesuffix(INT8)
    folder = find_model(model_name, home)
    if threads is not None:
        import torch

        torch.set_num_threads(threads)
    encoder = LocalEncoder(model_name, folder, home / "vectors", _or_load(settings, home))
    return encoder if model_name == name else encoder.with_onnx(export_onnx(encoder, home))


def _or_load(settings: Settings | None, home: Path) -> Settings:
    from isthmus.settings import load_settings

    return load_settings(home=home) if settings is None else settings


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _fingerprint(folder: Path) -> str:
    """SHA-256 of a model's files and their paths, without Markdown files."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix != ".md":
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def silence_libraries() -> None:
    """Hides the libraries' progress bars and hints, which would mix with isthmus' own output."""
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # type: ignore[no-untyped-call]
    for library in ("transformers", "sentence_transformers"):
        logging.getLogger(library).setLevel(logging.ERROR)
