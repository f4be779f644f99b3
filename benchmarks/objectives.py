"""Compares objectives of pre-training a text encoder on texts without labels.

python benchmarks/objectives.py ../shared/data/tables [--texts 6400] [--rates 2e-5 3e-6] [-o OUT]

The objectives: contrastive learning with crops, as in `isthmus encoder pretrain`; contrastive
learning with dropout (SimCSE); denoising of texts with deleted words (TSDAE); masked language
modelling (MLM). Each trains one epoch on the same texts: reviews and titles of films, titles of
goods, Chinese reviews. The model is then evaluated on retrieving the other half of held-out texts,
the category of other Chinese reviews, and the items of the hard pairs.
"""

from __future__ import annotations

import argparse
import logging
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from encoder import LANGUAGE_PAIRS, hard_pair_accuracy, top_1_accuracy
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer import losses
from shared.page import write
from torch import nn
from transformers import AutoModelForMaskedLM, DataCollatorForLanguageModeling

from isthmus.encoders.text import TextEncoder, load_encoder
from isthmus.encoders.training.plan import TrainingPlan, TrainingTask
from isthmus.encoders.training.pretrain import (
    MAX_TOKENS,
    TOKEN,
    crop,
    retrieval_score,
    split_held_out,
    split_text,
)
from isthmus.encoders.training.train import train_encoder
from isthmus.graph.interests import texts_of_tables
from isthmus.settings import load_settings

ROOT = Path(__file__).resolve().parents[1]
EVALUATION_REVIEWS = 4000
# Shares of the words of a text, the best ones of Wang, Reimers and Gurevych, "TSDAE", 2021, and of
# Devlin et al., "BERT", 2019.
DELETED_SHARE = 0.6
MASKED_SHARE = 0.15

Columns = Mapping[str, Sequence[str]]
Loss = Callable[[SentenceTransformer], nn.Module]


class MaskedWords(nn.Module):
    """The loss of masked language modelling; its output layer is the word embeddings."""

    def __init__(self, model: SentenceTransformer) -> None:
        super().__init__()
        layers = model.transformers_model
        self.language_model = AutoModelForMaskedLM.from_pretrained(layers.name_or_path)
        setattr(self.language_model, self.language_model.base_model_prefix, layers)
        self.language_model.get_output_embeddings().weight = layers.get_input_embeddings().weight
        self.collator = DataCollatorForLanguageModeling(
            model.tokenizer, mlm_probability=MASKED_SHARE
        )

    def forward(self, features: Sequence[dict[str, torch.Tensor]], _: object) -> torch.Tensor:
        """Returns the mean loss of the masked words of a batch."""
        ids = features[0]["input_ids"]
        masked, labels = self.collator.torch_mask_tokens(ids.cpu())
        output = self.language_model(
            input_ids=masked.to(ids.device),
            attention_mask=features[0]["attention_mask"],
            labels=labels.to(ids.device),
        )
        return output.loss


def objectives(
    encoder: TextEncoder, texts: Sequence[str], seed: int
) -> dict[str, tuple[Columns, Loss]]:
    """Columns of the training set and loss, by name of the objective."""
    rng = np.random.default_rng(seed)
    prepared = partial(encoder.prepare, kind="query")
    words = [TOKEN.findall(text)[:MAX_TOKENS] for text in texts]
    whole = prepared(["".join(text_words) for text_words in words])
    few = [[word for word in text_words if rng.random() > DELETED_SHARE] for text_words in words]
    contrastive = losses.MultipleNegativesRankingLoss
    crops = {side: prepared([crop(text, rng) for text in texts]) for side in ("one", "other")}
    return {
        "crops": (crops, contrastive),
        "dropout": ({"one": whole, "other": whole}, contrastive),
        "words deleted": (
            {"few": prepared(["".join(text_words) for text_words in few]), "whole": whole},
            partial(losses.DenoisingAutoEncoderLoss, tie_encoder_decoder=True),
        ),
        "words masked": ({"whole": whole}, MaskedWords),
    }


def evaluate(encoder: TextEncoder, reviews: pl.DataFrame) -> dict[str, str]:
    """Top-1 accuracy of the category of a review, and of the item of a hard pair."""
    names = sorted(reviews["category"].unique())
    truth = np.array([names.index(name) for name in reviews["category"]])
    vectors = encoder.encode(reviews["text"].to_list(), "query")
    plain, centred = top_1_accuracy(vectors @ encoder.encode(names, "passage").T, truth)
    accuracy = hard_pair_accuracy(encoder)
    pairs = np.mean([accuracy[f"{source} to {target}"] for source, target in LANGUAGE_PAIRS])
    return {
        "category of a review": f"{plain:.3f}",
        "the same, centred": f"{centred:.3f}",
        "hard pairs": f"{pairs:.3f}",
    }


def compare_objectives(
    encoder: TextEncoder, tables: Path, count: int, rates: Sequence[float], seed: int
) -> Iterator[dict[str, Any]]:
    """Yields a row for the model without training, then one per objective and learning rate."""
    reviews = pl.read_csv(tables / "zh_reviews" / "labelled_texts.csv.gz").drop_nulls("text")
    reviews = reviews.sample(len(reviews), shuffle=True, seed=seed)
    texts = [
        text for name in ("rt_critics", "food_kitchen") for text in texts_of_tables(tables / name)
    ]
    training, held_out = split_held_out([*texts, *reviews["text"][EVALUATION_REVIEWS:]])
    sample = np.random.default_rng(seed).permutation(len(training))[:count]
    halves = [split_text(text) for text in held_out]
    left, right = (encoder.prepare(side, "query") for side in zip(*halves, strict=True))
    held_out_score = partial(retrieval_score, left=left, right=right)
    downstream = partial(evaluate, reviews=reviews[:EVALUATION_REVIEWS])

    untrained = {"objective": "none", "rate": "", "steps": 0, "seconds": 0}
    score = {"other half, MRR": f"{held_out_score(encoder.model):.3f}"}
    yield untrained | score | downstream(encoder)
    tasks = objectives(encoder, [training[k] for k in sample], seed)
    for name, (columns, loss) in tasks.items():
        for rate in rates:
            with tempfile.TemporaryDirectory() as folder:
                out = Path(folder) / "model"
                plan = TrainingPlan(minutes=1e9, checks=1, learning_rate=rate, seed=seed)
                trained = train_encoder(
                    encoder, TrainingTask(name, columns, loss, held_out_score), plan, out
                )
                duration = {"steps": trained.steps, "seconds": round(trained.seconds)}
                scores = {"other half, MRR": f"{trained.after:.3f}"}
                scores |= downstream(load_encoder(str(out), Path(folder)))
            yield {"objective": name, "rate": f"{rate:g}"} | duration | scores


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("tables", type=Path, help="folder of dataset folders")
    parser.add_argument("--texts", type=int, default=6400, help="size of the random training set")
    parser.add_argument("--rates", nargs="+", type=float, default=[2e-5, 3e-6])
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks" / "objectives")
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    settings = load_settings()
    encoder = load_encoder(settings.encoder, settings.home, settings.threads)
    rows, table = [], ""
    for row in compare_objectives(
        encoder, options.tables, options.texts, options.rates, settings.seed
    ):
        rows.append(row)
        note = f"{encoder.name}; {options.texts:,} texts, one epoch, in batches of 64."
        table = write(options.out, "Learning from texts without labels", rows, note)
    print(table)


if __name__ == "__main__":
    main()
