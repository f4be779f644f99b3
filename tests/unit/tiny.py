"""A transformer that is small enough to train in a test."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


def tiny_bert(folder: Path, words: Iterable[str], width: int = 32) -> Path:
    """Writes an untrained BERT of two layers with a vocabulary of `words`; returns its folder."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *sorted(words)]
    (folder / "vocab.txt").write_text("\n".join(vocabulary), encoding="utf-8")
    bert_folder, model_folder = folder / "plain", folder / "whole"
    BertTokenizerFast(str(folder / "vocab.txt"), strip_accents=False).save_pretrained(bert_folder)
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=width,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    BertModel(config).save_pretrained(bert_folder)
    module = Transformer(str(bert_folder), max_seq_length=32)
    modules = [module, Pooling(module.get_embedding_dimension())]
    SentenceTransformer(modules=modules, device="cpu").save_pretrained(
        str(model_folder), create_model_card=False
    )
    return model_folder
