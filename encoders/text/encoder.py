"""Texts to vectors of unit length, by any model that sentence-transformers loads."""

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

from isthmus.encoders.text.batching import cores, halves_pay, length_sorted_batches, workers
from isthmus.encoders.text.model_files import find_model
from isthmus.encoders.text.onnx import INT8, OnnxModel, exported
from isthmus.errors import InputError
from isthmus.progress import Advance, progress

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sentence_transformers import SentenceTransformer

Kind = Literal["query", "passage"]
TEXTS_IN_WINDOW = 1024  # for each core, so that many have batches enough between two saves
# No piece of a usual vocabulary is longer, so nothing that a model would read is cut.
CHARACTERS_OF_TOKEN = 16
TOKENS_WHERE_UNLIMITED = 8192
PROGRESS_FROM = 256


class TextEncoder:
    """A sentence-transformers model with its prefixes, fast on a processor.

    The model is loaded when a text is encoded first: what must be known before, to look vectors up
    in the cache, was noted down when it was loaded the first time.

    Attributes:
        name: What the user called the model; with `@int8` where its ONNX graph encodes.
        folder: Where its files are.
        onnx: That graph, or None.
        fingerprint: The same vectors come from the same fingerprint.
        dimensions: Numbers in a vector.
        prefixes: What it wants before each kind of text.
    """

    def __init__(self, name: str, folder: Path, notes: Path) -> None:
        self.name = name
        self.folder = folder
        self.onnx: OnnxModel | None = None
        self.fingerprint = _fingerprint(folder)
        noted = self._noted(notes / f"{self.fingerprint[:16]}.json")
        self.dimensions: int = noted["dimensions"]
        self.prefixes = prefixes(name, noted["prompts"])
        self.max_tokens: int = noted["max_tokens"]

    @cached_property
    def model(self) -> SentenceTransformer:
        """The model itself.

        Raises:
            InputError: It cannot be loaded.
        """
        from sentence_transformers import SentenceTransformer

        silence_libraries()
        try:
            model = SentenceTransformer(str(self.folder), local_files_only=True)
            # Kept in half precision, a processor would have to mix it with its own.
            return (model.float() if model.device.type == "cpu" else model).eval()
        except Exception as error:  # whatever a library of somebody else's model may raise
            reason = str(error).strip().partition("\n")[0] or type(error).__name__
            raise InputError(
                f"The model in {self.folder} cannot be loaded: {reason.rstrip('.')}.",
                "Set the encoder to another model, or delete the folder so that it is fetched "
                "again.",
            ) from error

    def through(self, onnx: OnnxModel) -> TextEncoder:
        """The same encoder with the arithmetic done by its ONNX graph."""
        other = copy.copy(self)
        other.name = self.name + INT8
        other.onnx = onnx
        other.fingerprint = hashlib.sha256(
            f"{self.fingerprint} {onnx.fingerprint}".encode()
        ).hexdigest()
        return other

    @property
    def runtime(self) -> str:
        """What does the arithmetic, in words."""
        if self.onnx is not None:
            return "ONNX int8"
        return f"torch on {self.model.device.type}" + (", bfloat16" if self._half else "")

    @property
    def on_processor(self) -> bool:
        """Whether it runs on the processor."""
        return self.onnx is not None or self.model.device.type == "cpu"

    @cached_property
    def _half(self) -> bool:
        return self.on_processor and halves_pay()

    def _noted(self, path: Path) -> dict[str, Any]:
        """What is to be known without loading the model; where it is not noted, the model says."""
        with contextlib.suppress(OSError, ValueError):
            noted: dict[str, Any] = json.loads(path.read_text("utf-8"))
            return noted
        noted = {
            "prompts": dict(self.model.prompts),
            "max_tokens": min(self.model.max_seq_length or TOKENS_WHERE_UNLIMITED, 1 << 16),
            "dimensions": self._forward(["a"], "query").shape[1],
        }
        with contextlib.suppress(OSError):  # then it is worked out again
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_name(f"{path.name}.{os.getpid()}")
            part.write_text(json.dumps(noted), "utf-8")
            part.replace(path)
        return noted

    def encode(self, texts: Sequence[str], kind: Kind) -> NDArray[np.float32]:
        """Vectors of unit length, shape (texts, dimensions), in the order of `texts`.

        Any text has one: what is longer than the model reads is cut, characters that cannot be
        encoded are replaced.

        Args:
            texts: What to encode.
            kind: "query" for what users write, "passage" for items.
        """
        prepared = self.prepare(texts, kind)
        vectors = np.empty((len(prepared), self.dimensions), np.float32)
        with encoding_progress(len(prepared)) as advance:
            done = 0
            for window in self.windows(prepared, kind, advance):
                vectors[done : done + len(window)] = window
                done += len(window)
        return vectors

    def prepare(self, texts: Sequence[str], kind: Kind) -> list[str]:
        """The texts as the model reads them: clean, cut, with the prefix of their kind."""
        limit = CHARACTERS_OF_TOKEN * self.max_tokens
        prefix = self.prefixes[kind]
        return [prefix + clean(text[: 2 * limit])[:limit] for text in texts]

    def windows(
        self, prepared: Sequence[str], kind: Kind, advance: Advance
    ) -> Iterator[NDArray[np.float32]]:
        """Encodes prepared texts in their order, a few thousand at a time.

        Args:
            prepared: What `prepare` made.
            kind: What it was made for.
            advance: Is told how many more texts are done, after every batch.

        Yields:
            Vectors of the next texts, shape (up to TEXTS_IN_WINDOW for each core, dimensions).
        """
        size = TEXTS_IN_WINDOW * (cores() if len(prepared) > TEXTS_IN_WINDOW else 1)
        for start in range(0, len(prepared), size):
            yield self._encode_window(prepared[start : start + size], kind, advance)

    def _encode_window(
        self, prepared: Sequence[str], kind: Kind, advance: Advance
    ) -> NDArray[np.float32]:
        batches = length_sorted_batches(self._token_counts(prepared))
        vectors = np.empty((len(prepared), self.dimensions), np.float32)
        texts = ([prepared[row] for row in rows] for rows in batches)
        with workers(len(batches) if self.on_processor else 1) as each:
            made = each(lambda batch: self._forward(batch, kind), texts)
            for rows, part in zip(batches, made, strict=True):
                vectors[rows] = part
                advance(len(rows))
        return vectors

    def _forward(self, batch: list[str], kind: Kind) -> NDArray[np.float32]:
        vectors = self.onnx.encode(batch) if self.onnx else self._forward_torch(batch, kind)
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        vectors /= np.maximum(norms, np.finfo(np.float32).tiny)
        return vectors

    def _forward_torch(self, batch: list[str], kind: Kind) -> NDArray[np.float32]:
        import torch

        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self._half):
            made = self.model.encode(
                batch,
                prompt="",  # the prefix is there already
                batch_size=len(batch),
                show_progress_bar=False,
                convert_to_numpy=True,
                task="query" if kind == "query" else "document",
            )
        return np.asarray(made, np.float32)

    def _token_counts(self, prepared: Sequence[str]) -> NDArray[np.int64]:
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
    """Progress over `total` texts; none for the few of a single question."""
    if total < PROGRESS_FROM:
        return contextlib.nullcontext(lambda _: None)
    return progress("encode texts", total, "texts")


def clean(text: str) -> str:
    """The text without space around it; halves of characters are joined, or replaced by U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.strip()


def prefixes(name: str, prompts: dict[str, Any]) -> dict[Kind, str]:
    """What a model wants before each kind of text.

    Its own prompts, where it has any. Else those of the E5 family (Wang et al. 2022,
    arXiv:2212.03533, section 4.3), whose early models do not bring them. Else nothing.
    """
    query = prompts.get("query") or ""
    passage = next(filter(None, map(prompts.get, ("passage", "document", "corpus"))), "")
    short = name.rstrip("/").rsplit("/", 1)[-1].lower()
    if not (query or passage) and "e5" in re.split(r"[-_.]", short) and "instruct" not in short:
        query, passage = "query: ", "passage: "
    return {"query": query, "passage": passage}


def load_encoder(name: str, home: Path, threads: int | None = None) -> TextEncoder:
    """Finds a model, and fetches or converts it where it must.

    Args:
        name: A folder, or a model's name on the hub; with `@int8` behind it, as an ONNX graph of
            8-bit integers.
        home: Where isthmus keeps its files.
        threads: Threads for this process's arithmetic; all cores without it.

    Raises:
        InputError: There is no model of that name, or the folder holds none.
        IsthmusError: The model is not on this machine and the hub cannot be reached, or it cannot
            be made an ONNX graph.
    """
    plain = name if Path(name).expanduser().is_dir() else name.removesuffix(INT8)
    folder = find_model(plain, home)
    if threads is not None:
        import torch

        torch.set_num_threads(threads)
    encoder = TextEncoder(plain, folder, home / "vectors")
    return encoder if plain == name else encoder.through(exported(encoder, home))


def _fingerprint(folder: Path) -> str:
    """SHA-256 of a model's files."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix != ".md":
            total.update(path.relative_to(folder).as_posix().encode() + b"\0")
            with path.open("rb") as file:
                total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()


def silence_libraries() -> None:
    """Hides bars and hints that would mix with isthmus' own progress on standard error."""
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # type: ignore[no-untyped-call]
    for library in ("transformers", "sentence_transformers"):
        logging.getLogger(library).setLevel(logging.ERROR)
