"""What pre-training and fine-tuning share: checkpoints, early stopping, a finished model folder.

Training is that of sentence-transformers. What it does is put down in a folder of its own under
`HOME/encoders/.training`, named by what is trained on what, so that the same command goes on where
a killed one stopped; the model's folder appears only when it is whole.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from isthmus.encoders.text.batching import halves_pay
from isthmus.encoders.text.encoder import TextEncoder, silence_libraries
from isthmus.errors import InputError
from isthmus.progress import progress

if TYPE_CHECKING:
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.evaluation import BaseEvaluator
    from torch import nn
    from transformers import TrainerCallback

logger = logging.getLogger("isthmus")

# Most of a multilingual model's weights are its vocabulary's, which little text teaches nothing.
LARGE_VOCABULARY = 50_000
WARMUP_SHARE = 0.1
# A larger model is trained by low-rank adapters of its layers, a hundredth of its weights.
LARGE_MODEL = 500_000_000
ADAPTER_RANK = 16


@dataclass(frozen=True)
class Plan:
    """How long and how fast a model is trained.

    Attributes:
        epochs: Times that each text is read, at most.
        minutes: Time at most, that of an interrupted run included.
        batch: Texts that are told apart at once.
        learning_rate: Of AdamW, after a warm-up, falling to 0.
        checks: How often held-out texts are asked, evenly over the training.
        patience: Checks without gain after which training ends.
        seed: Of shuffling and dropout.
    """

    epochs: int = 1
    minutes: float = 20
    batch: int = 64
    learning_rate: float = 2e-5
    checks: int = 10
    patience: int = 3
    seed: int = 7


@dataclass(frozen=True)
class Lesson:
    """What a model learns.

    Attributes:
        what: What it learns from, in words.
        columns: Texts by column, a row what belongs together, as the encoder prepares them; with
            numbers in a column `label`, where the loss asks for them.
        loss: Makes the loss of a model.
        held_out: Says how good a model is, from 0 to 1, by what is not learned from.
    """

    what: str
    columns: Mapping[str, Sequence[Any]]
    loss: Callable[[SentenceTransformer], nn.Module]
    held_out: Callable[[SentenceTransformer], float]


@dataclass(frozen=True)
class Trained:
    """A model that was trained.

    Attributes:
        folder: Where it is.
        steps: Batches that it learned from.
        seconds: How long that took.
        before: What held-out texts said of the model that it was made of.
        after: What they say now.
    """

    folder: Path
    steps: int
    seconds: float
    before: float
    after: float

    def document(self) -> dict[str, Any]:
        """The result as `--json` prints it."""
        return asdict(self) | {"folder": str(self.folder)}


def train(encoder: TextEncoder, lesson: Lesson, plan: Plan, out: Path) -> Trained:
    """Trains a model on texts that belong together; what is held out says when to stop.

    Args:
        encoder: The model to start from.
        lesson: What it learns.
        plan: How long and how fast.
        out: Folder of the trained model.

    Raises:
        InputError: There is something in that folder already.
    """
    if out.exists():
        raise InputError(
            f"There is a model in {out} already.", "Give another name, or delete that folder."
        )
    model = _loaded(encoder)
    work = out.parent / ".training" / _key(encoder, lesson, plan)
    before = lesson.held_out(model)
    adapted = sum(weights.numel() for weights in model.parameters()) > LARGE_MODEL
    if adapted:
        _adapt(model)
    steps, seconds = _run(model, lesson, plan, work)
    if adapted:
        model = _merged(encoder, model, work)
    after = lesson.held_out(model)
    logger.info("held-out texts: %.4f before, %.4f after", before, after)
    if after < before:
        logger.warning("The trained model finds held-out texts no better than the one before.")
    trained = Trained(out, steps, seconds, before, after)
    _save(model, trained, card(encoder, lesson, plan, trained), work)
    return trained


def _loaded(encoder: TextEncoder) -> SentenceTransformer:
    """A model of one's own to change, which keeps the prefixes that it was made for."""
    from sentence_transformers import SentenceTransformer

    silence_libraries()
    model = SentenceTransformer(str(encoder.folder), local_files_only=True).float()
    model.prompts.update(query=encoder.prefixes["query"], passage=encoder.prefixes["passage"])
    model.model_card_data.widget = [{}]  # or examples are drawn for a card that is not made
    for weights in model.parameters():
        if weights.ndim == 2 and len(weights) > LARGE_VOCABULARY:
            weights.requires_grad_(False)
    return model


def _adapt(model: SentenceTransformer) -> None:
    """Leaves a model's weights as they are and trains low-rank adapters of its layers instead.

    Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", 2021.
    """
    from peft import LoraConfig

    config = LoraConfig(
        r=ADAPTER_RANK,
        lora_alpha=2 * ADAPTER_RANK,
        target_modules="all-linear",
        task_type="FEATURE_EXTRACTION",
    )
    model.add_adapter(config)


def _merged(encoder: TextEncoder, model: SentenceTransformer, work: Path) -> SentenceTransformer:
    """The model that it was, with its adapters added to its weights: it loads like any other."""
    from peft import PeftModel

    with tempfile.TemporaryDirectory(dir=work) as folder:
        model.save_pretrained(folder, create_model_card=False)
        whole = _loaded(encoder)
        with warnings.catch_warnings():
            # peft asks transformers by a name that transformers has deprecated.
            warnings.simplefilter("ignore", FutureWarning)
            plain = cast("torch.nn.Module", whole.transformers_model)
            PeftModel.from_pretrained(plain, folder).merge_and_unload()  # in place
    return whole


def _key(encoder: TextEncoder, lesson: Lesson, plan: Plan) -> str:
    """What is trained on what, as a name."""
    digest = hashlib.sha256()
    for part in (encoder.fingerprint, lesson.what, json.dumps(asdict(plan), sort_keys=True)):
        digest.update(part.encode() + b"\0")
    for name, values in lesson.columns.items():
        digest.update(name.encode() + b"\0")
        for value in values:
            digest.update(str(value).encode("utf-8", "replace") + b"\0")
    return digest.hexdigest()[:16]


def _run(model: SentenceTransformer, lesson: Lesson, plan: Plan, work: Path) -> tuple[int, float]:
    """Trains as planned, from the last checkpoint on; the model is left at its best."""
    from datasets import Dataset
    from sentence_transformers import SentenceTransformerTrainer
    from transformers import EarlyStoppingCallback, PrinterCallback
    from transformers.trainer_utils import get_last_checkpoint

    rows = Dataset.from_dict({name: list(texts) for name, texts in lesson.columns.items()})
    total = max(1, len(rows) * plan.epochs // plan.batch)
    every = max(1, total // plan.checks)
    last: str | None = None
    if work.is_dir():
        last = get_last_checkpoint(str(work))  # type: ignore[no-untyped-call]
    clock = _spent(work)
    if last is not None:
        logger.info("Going on at %s, after %.0f s of training.", Path(last).name, clock)
    with progress("train", total, "steps") as advance:
        trainer = SentenceTransformerTrainer(
            model=model,
            args=_arguments(plan, every, work),
            train_dataset=rows,
            loss=lesson.loss(model),
            evaluator=_evaluator(lesson.held_out),
            callbacks=[
                EarlyStoppingCallback(plan.patience),
                _clocked(work, clock, 60 * plan.minutes, advance),
            ],
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train(resume_from_checkpoint=last)
    return int(trainer.state.global_step), round(_spent(work), 1)


def _evaluator(held_out: Callable[[SentenceTransformer], float]) -> BaseEvaluator:
    """What the trainer asks for."""
    from sentence_transformers.sentence_transformer.evaluation import BaseEvaluator

    class HeldOut(BaseEvaluator):
        def __call__(self, model: Any, *_: Any, **__: Any) -> dict[str, float]:
            return {"held_out": held_out(model)}

    return HeldOut()  # type: ignore[no-untyped-call]


def _arguments(plan: Plan, every: int, work: Path) -> Any:
    import torch
    from sentence_transformers import SentenceTransformerTrainingArguments
    from sentence_transformers.sentence_transformer.training_args import BatchSamplers

    on_card = torch.cuda.is_available()
    return SentenceTransformerTrainingArguments(
        output_dir=str(work),
        num_train_epochs=plan.epochs,
        per_device_train_batch_size=plan.batch,
        learning_rate=plan.learning_rate,
        warmup_steps=WARMUP_SHARE,
        batch_sampler=BatchSamplers.NO_DUPLICATES,
        bf16=torch.cuda.is_bf16_supported() if on_card else halves_pay(),
        eval_strategy="steps",
        eval_steps=every,
        save_strategy="steps",
        save_steps=every,
        save_total_limit=2,
        load_best_model_at_end=True,
        metric_for_best_model="held_out",
        greater_is_better=True,
        seed=plan.seed,
        data_seed=plan.seed,
        report_to="none",
        logging_strategy="no",
        disable_tqdm=True,
        use_cpu=not on_card,
    )


def _clocked(work: Path, spent: float, most: float, advance: Any) -> TrainerCallback:
    """Counts steps and seconds, over interruptions too, and ends a training that takes too long."""
    from transformers import TrainerCallback

    started = time.monotonic()

    class Clock(TrainerCallback):
        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> Any:
            advance(1)
            if spent + time.monotonic() - started > most:
                logger.info("The time is up after %d steps.", state.global_step)
                control.should_evaluate = control.should_save = control.should_training_stop = True
            return control

        def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> Any:
            work.mkdir(parents=True, exist_ok=True)
            (work / "seconds").write_text(str(spent + time.monotonic() - started))
            return control

    return Clock()


def _spent(work: Path) -> float:
    """Seconds up to the last checkpoint."""
    path = work / "seconds"
    return float(path.read_text()) if path.is_file() else 0.0


def card(encoder: TextEncoder, lesson: Lesson, plan: Plan, trained: Trained) -> str:
    """The README of a trained model: on what, how long, and how good."""
    import torch

    rows = len(next(iter(lesson.columns.values())))
    where = torch.cuda.get_device_name() if torch.cuda.is_available() else "the processor"
    lines = [
        f"# {trained.folder.name}",
        "",
        f"Trained by isthmus from {encoder.name}.",
        "",
        f"- on {rows:,} {lesson.what}",
        f"- {trained.steps:,} steps of {plan.batch}, {trained.seconds:,.0f} s on {where}",
        f"- learning rate {plan.learning_rate:g}, seed {plan.seed}",
        f"- held-out texts: {trained.before:.4f} before, {trained.after:.4f} after",
        "",
    ]
    return "\n".join(lines)


def _save(model: SentenceTransformer, trained: Trained, text: str, work: Path) -> None:
    """Writes the model's folder as a whole, then drops the checkpoints."""
    part = trained.folder.with_name(f".{trained.folder.name}.{os.getpid()}")
    shutil.rmtree(part, ignore_errors=True)
    model.save_pretrained(str(part), create_model_card=False)
    (part / "README.md").write_text(text, encoding="utf-8")
    part.replace(trained.folder)
    shutil.rmtree(work, ignore_errors=True)
