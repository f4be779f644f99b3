"""What a text model gains from texts without labels, by several objectives, as one page.

python benchmarks/objectives.py ../shared/data/tables [--texts 6400] [--rates 2e-5 3e-6] [-o OUT]

Crops that belong together, as `isthmus encoder pretrain` has them; a text that belongs to itself
under dropout (SimCSE); texts made whole from some of their words (TSDAE); words that are masked
(MLM). All read the same texts once: reviews and titles of films, titles of goods, Chinese reviews.
Then the model is asked for the other half of held-out texts, for the category of other Chinese
reviews, and for the items of the hard pairs.
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
from encoder import WAYS, right_first, top_1
from page import write
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer import losses
from torch import nn
from transformers import AutoModelForMaskedLM, DataCollatorForLanguageModeling

from isthmus.encoders.text.encoder import TextEncoder, load_encoder
from isthmus.encoders.training.pretrain import MOST_TOKENS, TOKEN, crop, found_again, halved, parted
from isthmus.encoders.training.train import Lesson, Plan, train
from isthmus.graph.interests.corpus import texts_of_tables
from isthmus.settings import load_settings

ROOT = Path(__file__).resolve().parents[1]
REVIEWS_ASKED = 4000
# Of the words of a text: what Wang, Reimers and Gurevych, "TSDAE", 2021, and Devlin et al., "BERT",
# 2019, found best.
DELETED = 0.6
MASKED = 0.15

Columns = Mapping[str, Sequence[str]]
Loss = Callable[[SentenceTransformer], nn.Module]


class MaskedWords(nn.Module):
    """The loss of masked language modelling; the model's own vocabulary is the last layer."""

    def __init__(self, model: SentenceTransformer) -> None:
        super().__init__()
        layers = model.transformers_model
        self.whole = AutoModelForMaskedLM.from_pretrained(layers.name_or_path)
        setattr(self.whole, self.whole.base_model_prefix, layers)
        self.whole.get_output_embeddings().weight = layers.get_input_embeddings().weight
        self.collator = DataCollatorForLanguageModeling(model.tokenizer, mlm_probability=MASKED)

    def forward(self, features: Sequence[dict[str, torch.Tensor]], _: object) -> torch.Tensor:
        """The mean loss of the words that are masked in a batch."""
        ids = features[0]["input_ids"]
        masked, labels = self.collator.torch_mask_tokens(ids.cpu())
        answer = self.whole(
            input_ids=masked.to(ids.device),
            attention_mask=features[0]["attention_mask"],
            labels=labels.to(ids.device),
        )
        return answer.loss


def objectives(
    encoder: TextEncoder, texts: Sequence[str], seed: int
) -> dict[str, tuple[Columns, Loss]]:
    """By name what is read, and the loss."""
    rng = np.random.default_rng(seed)
    prepared = partial(encoder.prepare, kind="query")
    words = [TOKEN.findall(text)[:MOST_TOKENS] for text in texts]
    whole = prepared(["".join(of_text) for of_text in words])
    few = [[word for word in of_text if rng.random() > DELETED] for of_text in words]
    told_apart = losses.MultipleNegativesRankingLoss
    crops = {side: prepared([crop(text, rng) for text in texts]) for side in ("one", "other")}
    return {
        "crops": (crops, told_apart),
        "dropout": ({"one": whole, "other": whole}, told_apart),
        "words deleted": (
            {"few": prepared(["".join(of_text) for of_text in few]), "whole": whole},
            partial(losses.DenoisingAutoEncoderLoss, tie_encoder_decoder=True),
        ),
        "words masked": ({"whole": whole}, MaskedWords),
    }


def graded(encoder: TextEncoder, reviews: pl.DataFrame) -> dict[str, str]:
    """How well a model finds the category of a review, and the item of a sentence."""
    names = sorted(reviews["category"].unique())
    truth = np.array([names.index(name) for name in reviews["category"]])
    vectors = encoder.encode(reviews["text"].to_list(), "query")
    plain, centred = right_first(vectors @ encoder.encode(names, "passage").T, truth)
    found = top_1(encoder)
    pairs = np.mean([found[f"{said} to {called}"] for said, called in WAYS])
    return {
        "category of a review": f"{plain:.3f}",
        "the same, centred": f"{centred:.3f}",
        "hard pairs": f"{pairs:.3f}",
    }


def measured(
    encoder: TextEncoder, tables: Path, count: int, rates: Sequence[float], seed: int
) -> Iterator[dict[str, Any]]:
    """A row for the model as it is, then one for each objective at each rate."""
    reviews = pl.read_csv(tables / "zh_reviews" / "labelled_texts.csv.gz").drop_nulls("text")
    reviews = reviews.sample(len(reviews), shuffle=True, seed=seed)
    texts = [
        text for name in ("rt_critics", "food_kitchen") for text in texts_of_tables(tables / name)
    ]
    learned, asked = parted([*texts, *reviews["text"][REVIEWS_ASKED:]])
    drawn = np.random.default_rng(seed).permutation(len(learned))[:count]
    halves = [halved(text) for text in asked]
    left, right = (encoder.prepare(side, "query") for side in zip(*halves, strict=True))
    held_out = partial(found_again, left=left, right=right)
    of = partial(graded, reviews=reviews[:REVIEWS_ASKED])

    as_it_is = {"objective": "none", "rate": "", "steps": 0, "seconds": 0}
    yield as_it_is | {"other half, MRR": f"{held_out(encoder.model):.3f}"} | of(encoder)
    lessons = objectives(encoder, [learned[k] for k in drawn], seed)
    for name, (columns, loss) in lessons.items():
        for rate in rates:
            with tempfile.TemporaryDirectory() as folder:
                out = Path(folder) / "model"
                plan = Plan(minutes=1e9, checks=1, learning_rate=rate, seed=seed)
                trained = train(encoder, Lesson(name, columns, loss, held_out), plan, out)
                made = {"steps": trained.steps, "seconds": round(trained.seconds)}
                found = {"other half, MRR": f"{trained.after:.3f}"}
                found |= of(load_encoder(str(out), Path(folder)))
            yield {"objective": name, "rate": f"{rate:g}"} | made | found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("tables", type=Path, help="folder of dataset folders")
    parser.add_argument("--texts", type=int, default=6400, help="to learn from, drawn at random")
    parser.add_argument("--rates", nargs="+", type=float, default=[2e-5, 3e-6])
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks" / "objectives")
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    settings = load_settings()
    encoder = load_encoder(settings.encoder, settings.home, settings.threads)
    rows, table = [], ""
    for row in measured(encoder, options.tables, options.texts, options.rates, settings.seed):
        rows.append(row)
        note = f"{encoder.name}; {options.texts:,} texts, each read once, in batches of 64."
        table = write(options.out, "Learning from texts without labels", rows, note)
    print(table)


if __name__ == "__main__":
    main()
