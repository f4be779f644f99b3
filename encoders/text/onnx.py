"""A model as an ONNX graph of 8-bit integers: faster where a processor multiplies bytes fast.

Torch's own exporter writes the graph, onnxruntime replaces its matrix products by those of bytes:
weights once, a channel with a scale of its own; what flows through whenever it flows, with one
scale a batch. So a vector depends, a little, on the texts beside which it was made, and it differs
from the model's own: it is another encoder, called `NAME@int8`, with a fingerprint of its own.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import logging
import shutil
import tempfile
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from isthmus.errors import IsthmusError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from onnx import ModelProto
    from sentence_transformers import SentenceTransformer
    from tokenizers import Tokenizer

logger = logging.getLogger("isthmus")

INT8 = "@int8"
PACKAGES = ("onnxruntime", "onnxscript")
GRAPH, TOKENIZER, INPUTS = "model.onnx", "tokenizer.json", ("input_ids", "attention_mask")
ABANDONED_AFTER_SECONDS = 3600


class Exportable(Protocol):
    """What an export needs to know of an encoder."""

    @property
    def name(self) -> str:
        """What the user called the model."""
        ...

    @property
    def folder(self) -> Path:
        """Where its files are."""
        ...

    @property
    def fingerprint(self) -> str:
        """The same vectors come from the same fingerprint."""
        ...

    @property
    def max_tokens(self) -> int:
        """How many tokens of a text it reads."""
        ...


def is_installed() -> bool:
    """Whether the extra `onnx` is."""
    return all(importlib.util.find_spec(package) is not None for package in PACKAGES)


@dataclass(frozen=True)
class OnnxModel:
    """An exported model; several threads may use it at once, each on one core.

    Attributes:
        folder: Where `export` wrote it.
    """

    folder: Path

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the graph."""
        with (self.folder / GRAPH).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def encode(self, batch: Sequence[str]) -> NDArray[np.float32]:
        """Vectors as the model gives them, shape (texts, dimensions)."""
        encodings = self._tokenizer.encode_batch(list(batch))
        features = (
            [encoding.ids for encoding in encodings],
            [encoding.attention_mask for encoding in encodings],
        )
        inputs = {
            name: np.array(rows, np.int64) for name, rows in zip(INPUTS, features, strict=True)
        }
        return np.asarray(self._session.run(None, inputs)[0], np.float32)

    def token_counts(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """How many tokens of each text the model reads, (texts,)."""
        encodings = self._tokenizer.encode_batch(list(texts))
        return np.array([sum(encoding.attention_mask) for encoding in encodings], np.int64)

    @cached_property
    def _session(self) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        return onnxruntime.InferenceSession(
            str(self.folder / GRAPH), options, providers=["CPUExecutionProvider"]
        )

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        from tokenizers import Tokenizer

        return Tokenizer.from_file(str(self.folder / TOKENIZER))


def exported(encoder: Exportable, home: Path) -> OnnxModel:
    """The ONNX graph of an encoder, kept in the home and made where it is not there yet.

    Raises:
        IsthmusError: The extra `onnx` is not installed, or the model cannot be exported.
    """
    folder = kept_graphs(home) / encoder.fingerprint[:16]
    if not is_installed():
        raise IsthmusError(
            f"The encoder {encoder.name}{INT8} needs onnxruntime, which is not installed.",
            f"Run `pip install 'isthmus[onnx]'`, or set the encoder to {encoder.name}.",
        )
    if not folder.is_dir():
        logger.info("Exporting %s as an ONNX graph of 8-bit integers, once.", encoder.name)
        try:
            _export(encoder.folder, encoder.max_tokens, folder)
        except Exception as error:  # whatever exporters raise of a model that they do not know
            reason = str(error).strip().partition("\n")[0] or type(error).__name__
            raise IsthmusError(
                f"{encoder.name} cannot be made an ONNX graph: {reason.rstrip('.')}.",
                f"Set the encoder to {encoder.name}, without {INT8}.",
            ) from error
    return OnnxModel(folder)


def kept_graphs(home: Path) -> Path:
    """Where a home keeps graphs, in folders by fingerprint; no model can be called so."""
    return home / "encoders" / ".onnx"


def _export(source: Path, max_tokens: int, folder: Path) -> None:
    """Writes the graph of the model in `source` and its tokenizer, whole or not at all."""
    from sentence_transformers import SentenceTransformer

    # In single precision, whatever its files say, and apart from one that encodes elsewhere.
    model = SentenceTransformer(str(source), device="cpu", local_files_only=True).float().eval()
    folder.parent.mkdir(parents=True, exist_ok=True)
    for left in folder.parent.glob("exporting-*"):  # by who was killed; others are younger
        if time.time() - left.stat().st_mtime > ABANDONED_AFTER_SECONDS:
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="exporting-", dir=folder.parent) as name, _silence():
        plain, made = Path(name) / "plain.onnx", Path(name) / "made"
        made.mkdir()
        _tokenizer_of(model, max_tokens).save(str(made / TOKENIZER))
        _export_plain(model, plain)
        _quantise(plain, made / GRAPH)
        OnnxModel(made).encode(["one two", "three"])  # what cannot be run is not kept
        with contextlib.suppress(OSError):  # another process was quicker
            made.rename(folder)


def _tokenizer_of(model: SentenceTransformer, max_tokens: int) -> Tokenizer:
    """The model's tokenizer with its truncation and padding, as one file has it."""
    from tokenizers import Tokenizer

    given = model.tokenizer
    tokenizer = Tokenizer.from_str(given.backend_tokenizer.to_str())
    tokenizer.enable_truncation(max_tokens)
    tokenizer.enable_padding(pad_id=given.pad_token_id, pad_token=given.pad_token)
    return tokenizer


def _export_plain(model: SentenceTransformer, path: Path) -> None:
    import torch

    class Whole(torch.nn.Module):
        """All modules, pooling among them, from tokens to the vector of a text."""

        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, *tensors: torch.Tensor) -> torch.Tensor:
            features = dict(zip(INPUTS, tensors, strict=True))
            vectors: torch.Tensor = self.model(features)["sentence_embedding"]
            return vectors

    example = model.tokenizer(["one two", "three"], padding=True, return_tensors="pt")
    sizes = {0: torch.export.Dim("texts"), 1: torch.export.Dim("tokens")}
    program = torch.onnx.export(
        Whole().eval(),
        tuple(example[name] for name in INPUTS),
        input_names=INPUTS,
        dynamic_shapes={"tensors": (sizes, sizes)},
        dynamo=True,
        verbose=False,
    )
    assert program is not None  # noqa: S101 the exporter by dynamo returns what it made
    program.save(str(path), external_data=True)  # one file holds 2 GB at most


def _quantise(plain: Path, path: Path) -> None:
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(
        plain,
        path,
        weight_type=QuantType.QInt8,
        per_channel=True,
        nodes_to_exclude=_narrowing(onnx.load(str(plain), load_external_data=False)),
    )


def _narrowing(graph: ModelProto) -> list[str]:
    """Products that lead from a wide layer back to a narrow one.

    Their inputs, what passes a feed-forward network's activation, have a few very large values, for
    which one scale leaves the others too coarse. Measured on titles with multilingual-e5-small: of
    a title's ten nearest, .81 stay the same with these products in bytes too, .90 without.
    """
    shapes = {weights.name: tuple(weights.dims) for weights in graph.graph.initializer}
    return [
        node.name
        for node in graph.graph.node
        if node.op_type == "MatMul"
        and len(shape := shapes.get(node.input[1], ())) == 2
        and shape[0] > shape[1]
    ]


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """What exporters tell their authors, nobody else needs."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
