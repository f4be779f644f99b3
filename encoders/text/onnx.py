"""Exports a model to an ONNX graph of 8-bit integers, faster on CPUs that multiply bytes fast.

Torch's exporter writes the graph, and onnxruntime quantises its matrix products: weights statically
with a scale per channel, activations dynamically with a scale per batch. A vector therefore depends
slightly on the other texts of its batch and differs from the vector of the original model. The
graph counts as another encoder, `NAME@int8`, with its own fingerprint.
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
ABANDONED_SECONDS = 3600


class Exportable(Protocol):
    """The attributes of an encoder that an export reads; see `TextEncoder`."""

    @property
    def name(self) -> str:
        """The name that the user gave."""
        ...

    @property
    def folder(self) -> Path:
        """Folder of the model files."""
        ...

    @property
    def fingerprint(self) -> str:
        """SHA-256 that identifies the model."""
        ...

    @property
    def max_tokens(self) -> int:
        """Maximum number of tokens that the model reads of a text."""
        ...


def onnx_is_installed() -> bool:
    """Whether the packages of the extra `onnx` are installed."""
    return all(importlib.util.find_spec(package) is not None for package in PACKAGES)


@dataclass(frozen=True)
class OnnxModel:
    """An exported model; several threads may use it at the same time, one core each.

    Attributes:
        folder: Folder that `export_onnx` wrote.
    """

    folder: Path

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the graph."""
        with (self.folder / GRAPH).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def encode(self, batch: Sequence[str]) -> NDArray[np.float32]:
        """Encodes a batch to vectors that are not normalised, shape (texts, dimensions)."""
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
        """Number of tokens that the model reads of each text, (texts,)."""
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


def export_onnx(encoder: Exportable, home: Path) -> OnnxModel:
    """Returns the ONNX graph of an encoder from the home; exports it if it is missing.

    Raises:
        IsthmusError: The extra `onnx` is not installed, or the model cannot be exported.
    """
    folder = onnx_folder(home) / encoder.fingerprint[:16]
    if not onnx_is_installed():
        raise IsthmusError(
            f"The encoder {encoder.name}{INT8} needs onnxruntime, which is not installed.",
            f"Run `pip install 'isthmus[onnx]'`, or set the encoder to {encoder.name}.",
        )
    if not folder.is_dir():
        logger.info("Exporting %s to an ONNX graph of 8-bit integers (once).", encoder.name)
        try:
            _export(encoder.folder, encoder.max_tokens, folder)
        except Exception as error:  # the exporters may raise anything for an unsupported model
            reason = str(error).strip().partition("\n")[0] or type(error).__name__
            raise IsthmusError(
                f"{encoder.name} cannot be exported to ONNX: {reason.rstrip('.')}.",
                f"Set the encoder to {encoder.name}, without {INT8}.",
            ) from error
    return OnnxModel(folder)


def onnx_folder(home: Path) -> Path:
    """Returns the folder of the ONNX graphs in the home; no valid model name is equal to it."""
    return home / "encoders" / ".onnx"


def _export(source: Path, max_tokens: int, folder: Path) -> None:
    """Exports the model in `source` and its tokenizer; renames the complete folder into place."""
    from sentence_transformers import SentenceTransformer

    # A separate instance in single precision: the encoder's own may be on a GPU or in bfloat16.
    model = (
        SentenceTransformer(
            str(source), device="cpu", local_files_only=True, trust_remote_code=False
        )
        .float()
        .eval()
    )
    folder.parent.mkdir(parents=True, exist_ok=True)
    for abandoned in folder.parent.glob(
        "exporting-*"
    ):  # of killed exports; a running one is younger
        if time.time() - abandoned.stat().st_mtime > ABANDONED_SECONDS:
            shutil.rmtree(abandoned, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="exporting-", dir=folder.parent) as name, _silence():
        float_graph, part = Path(name) / "plain.onnx", Path(name) / "made"
        part.mkdir()
        _build_tokenizer(model, max_tokens).save(str(part / TOKENIZER))
        _export_float(model, float_graph)
        _quantise(float_graph, part / GRAPH)
        OnnxModel(part).encode(["one two", "three"])  # raises for a graph that does not run
        with contextlib.suppress(OSError):  # another process has exported the same model
            part.rename(folder)


def _build_tokenizer(model: SentenceTransformer, max_tokens: int) -> Tokenizer:
    """Returns the model's tokenizer with truncation and padding, which saves to one file."""
    from tokenizers import Tokenizer

    original = model.tokenizer
    tokenizer = Tokenizer.from_str(original.backend_tokenizer.to_str())
    tokenizer.enable_truncation(max_tokens)
    tokenizer.enable_padding(pad_id=original.pad_token_id, pad_token=original.pad_token)
    return tokenizer


def _export_float(model: SentenceTransformer, path: Path) -> None:
    """Exports the model in single precision."""
    import torch

    class SentenceModel(torch.nn.Module):
        """All modules including the pooling, from tokens to the vector of a text."""

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
        SentenceModel().eval(),
        tuple(example[name] for name in INPUTS),
        input_names=INPUTS,
        dynamic_shapes={"tensors": (sizes, sizes)},
        dynamo=True,
        verbose=False,
    )
    assert program is not None  # noqa: S101 with dynamo=True the exporter returns a program
    program.save(str(path), external_data=True)  # a single file is limited to 2 GB


def _quantise(float_graph: Path, path: Path) -> None:
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(
        float_graph,
        path,
        weight_type=QuantType.QInt8,
        per_channel=True,
        nodes_to_exclude=_narrowing_products(onnx.load(str(float_graph), load_external_data=False)),
    )


def _narrowing_products(graph: ModelProto) -> list[str]:
    """Names of the matrix products that lead from a wide layer back to a narrow one.

    Their inputs, the activations of a feed-forward network, have a few very large values, so that
    one scale is too coarse for the others. Measured on titles with multilingual-e5-small: .81 of a
    title's ten nearest titles stay the same when these products are quantised too, .90 when not.
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
    """Hides the exporters' warnings and log lines, which users cannot act on."""
    previous_level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(previous_level)
