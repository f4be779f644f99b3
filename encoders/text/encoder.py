"""Encodes texts to vectors of unit length with any sentence-transformers model."""

from __future__ import annotations

import contextlib
import copy
import hashlib
import json
import logging
import os
import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from isthmus.encoders.text.batching import (
    length_sorted_batches,
    parallel_map,
    prefers_bfloat16,
    thread_count,
)
from isthmus.encoders.text.model_files import find_model
from isthmus.encoders.text.onnx import INT8, OnnxModel, export_onnx
from isthmus.errors import InputError
from isthmus.progress import Advance, progress

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sentence_transformers import SentenceTransformer

Kind = Literal["query", "passage"]
WINDOW_TEXTS = 1024  # per core: enough batches to keep all cores busy between two saves
# No piece of a common vocabulary is longer, so cutting a text here removes nothing within its
# token limit.
MAX_TOKEN_CHARACTERS = 16
DEFAULT_MAX_TOKENS = 8192  # for models without a limit
MIN_PROGRESS_TEXTS = 256


class TextEncoder:
    """A sentence-transformers model with its prefixes, fast on a CPU.

    The model is loaded when the first text is encoded. The facts that a look-up in the vector cache
    needs earlier are stored in a notes file when the model is loaded for the first time.

    Attributes:
        name: The name that the user gave; ends in `@int8` for the ONNX graph.
        folder: Folder of the model files.
        onnx: The ONNX graph, or None to encode with torch.
        fingerprint: SHA-256 that identifies the model; equal fingerprints give equal vectors.
        dimensions: Length of a vector.
        prefixes: Text that the model expects before each kind of text.
        max_tokens: Maximum number of tokens that the model reads of a text.
    """

    def __init__(self, name: str, folder: Path, notes: Path) -> None:
        self.name = name
        self.folder = folder
        self.onnx: OnnxModel | None = None
        self.fingerprint = _fingerprint(folder)
        facts = self._load_notes(notes / f"{self.fingerprint[:16]}.json")
        self.dimensions: int = facts["dimensions"]
        self.prefixes = model_prefixes(name, facts["prompts"])
        self.max_tokens: int = facts["max_tokens"]

    @cached_property
    def model(self) -> SentenceTransformer:
        """The sentence-transformers model.

        Raises:
            InputError: The model cannot be loaded.
        """
        from sentence_transformers import SentenceTransformer

        silence_libraries()
        try:
            model = SentenceTransformer(str(self.folder), local_files_only=True)
            # A CPU would mix half-precision weights with its own single precision.
            return (model.float() if model.device.type == "cpu" else model).eval()
        except Exception as error:  # third-party model code may raise anything
            reason = str(error).strip().partition("\n")[0] or type(error).__name__
            raise InputError(
                f"The model in {self.folder} cannot be loaded: {reason.rstrip('.')}.",
                "Set the encoder to another model, or delete the folder so that it is downloaded "
                "again.",
            ) from error

    def with_onnx(self, onnx: OnnxModel) -> TextEncoder:
        """Returns a copy of the encoder that computes vectors with an ONNX graph."""
        other = copy.copy(self)
        other.name = self.name + INT8
        other.onnx = onnx
        other.fingerprint = hashlib.sha256(
            f"{self.fingerprint} {onnx.fingerprint}".encode()
        ).hexdigest()
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

    def _load_notes(self, path: Path) -> dict[str, Any]:
        """Reads the model's prompts, token limit and dimensions; writes the file if missing."""
        with contextlib.suppress(OSError, ValueError):
            facts: dict[str, Any] = json.loads(path.read_text("utf-8"))
            return facts
        facts = {
            "prompts": dict(self.model.prompts),
            "max_tokens": min(self.model.max_seq_length or DEFAULT_MAX_TOKENS, 1 << 16),
            "dimensions": self._encode_batch(["a"], "query").shape[1],
        }
        with contextlib.suppress(OSError):  # then the next run computes them again
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_name(f"{path.name}.{os.getpid()}")
            part.write_text(json.dumps(facts), "utf-8")
            part.replace(path)
        return facts

    def encode(self, texts: Sequence[str], kind: Kind) -> NDArray[np.float32]:
        """Encodes texts to vectors of unit length, shape (texts, dimensions), in the same order.

        Every text gets a vector: text beyond the model's limit is cut, and characters that cannot
        be encoded are replaced.

        Args:
            texts: The texts.
            kind: "query" for texts of users, "passage" for items.
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
        limit = MAX_TOKEN_CHARACTERS * self.max_tokens
        prefix = self.prefixes[kind]
        return [prefix + clean_text(text[: 2 * limit])[:limit] for text in texts]

    def encode_windows(
        self, prepared: Sequence[str], kind: Kind, advance: Advance
    ) -> Iterator[NDArray[np.float32]]:
        """Encodes prepared texts in order, a few thousand at a time.

        Args:
            prepared: Texts from `prepare`.
            kind: The kind that they were prepared for.
            advance: Called after every batch with its number of texts.

        Yields:
            Vectors of the next texts, shape (up to WINDOW_TEXTS per core, dimensions).
        """
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
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        vectors /= np.maximum(norms, np.finfo(np.float32).tiny)
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
                task="query" if kind == "query" else "document",
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


def encoding_progress(total: int) -> contextlib.AbstractContextManager[Advance]:
    """Shows progress over `total` texts; nothing below MIN_PROGRESS_TEXTS."""
    if total < MIN_PROGRESS_TEXTS:
        return contextlib.nullcontext(lambda _: None)
    return progress("encode texts", total, "texts")


def clean_text(text: str) -> str:
    """Strips white space and joins surrogate pairs; a lone surrogate becomes U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.strip()


def model_prefixes(name: str, prompts: dict[str, Any]) -> dict[Kind, str]:
    """Returns the prefix that a model expects before each kind of text.

    The model's own prompts, if it has any; else, for a model of the E5 family, the family's
    prefixes (Wang et al. 2022, arXiv:2212.03533, section 4.3), which early E5 models do not
    declare; else "".

    Args:
        name: Name or folder of the model.
        prompts: Prompts that the model declares, by name.
    """
    query = prompts.get("query") or ""
    passage = next(filter(None, map(prompts.get, ("passage", "document", "corpus"))), "")
    base_name = name.rstrip("/").rsplit("/", 1)[-1].lower()
    is_e5 = "e5" in re.split(r"[-_.]", base_name) and "instruct" not in base_name
    if not (query or passage) and is_e5:
        query, passage = "query: ", "passage: "
    return {"query": query, "passage": passage}


def load_encoder(name: str, home: Path, threads: int | None = None) -> TextEncoder:
    """Loads an encoder; downloads or converts the model if it is not on this machine.

    Args:
        name: A folder or a model's name on the hub; the suffix `@int8` selects the ONNX graph of
            8-bit integers.
        home: The home folder of isthmus.
        threads: Threads of this process for encoding; None to use all cores.

    Raises:
        InputError: There is no model of that name, or the folder contains none.
        IsthmusError: The model is not on this machine and the hub cannot be reached, or the model
            cannot be exported to ONNX.
    """
    model_name = name if Path(name).expanduser().is_dir() else name.removesuffix(INT8)
    folder = find_model(model_name, home)
    if threads is not None:
        import torch

        torch.set_num_threads(threads)
    encoder = TextEncoder(model_name, folder, home / "vectors")
    return encoder if model_name == name else encoder.with_onnx(export_onnx(encoder, home))


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
