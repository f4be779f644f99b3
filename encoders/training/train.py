"""Training loop of pre-training and fine-tuning: checkpoints, early stopping, the model folder.

Training uses sentence-transformers. Checkpoints are in a folder under `HOME/encoders/.training`,
named by a hash of model, training set and plan, so that the same command resumes an interrupted
training. The model folder is renamed into place when it is complete.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import logging
import os
import shutil
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from isthmus.encoders.text import LocalEncoder, prefers_bfloat16, silence_libraries
from isthmus.encoders.training.plan import TrainedModel, TrainingPlan, TrainingTask, model_card
from isthmus.errors import InputError, IsthmusError
from isthmus.files import write_file
from isthmus.progress import progress

if TYPE_CHECKING:
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.evaluation import BaseEvaluator
    from transformers import TrainerCallback

logger = logging.getLogger("isthmus")

# Larger embedding tables are frozen: they are most of a multilingual model's weights, and a small
# training set covers few of their rows.
MAX_TRAINED_VOCABULARY = 50_000
WARMUP_SHARE = 0.1
# Models with more weights are trained with low-rank adapters, a hundredth of the weights.
MAX_FULL_WEIGHTS = 500_000_000
ADAPTER_RANK = 16
PACKAGES = ("accelerate", "datasets", "peft")
"""What the extra `train` installs."""


def train_encoder(
    encoder: LocalEncoder, task: TrainingTask, plan: TrainingPlan, out: Path
) -> TrainedModel:
    """Trains a model with early stopping on the held-out examples, and saves it.

    Args:
        encoder: The model to start from.
        task: Training set, loss and evaluation.
        plan: Duration and learning rate.
        out: Folder of the trained model.

    Raises:
        InputError: The folder exists already.
        IsthmusError: The extra `train` is not installed.
    """
    if any(importlib.util.find_spec(package) is None for package in PACKAGES):
        raise IsthmusError(
            f"Training an encoder needs the packages {', '.join(PACKAGES)}.",
            "Run `pip install 'isthmus[train]'`.",
        )
    if out.exists():
        raise InputError(
            f"The folder {out} exists already.", "Choose another name, or delete the folder."
        )
    model = _load_for_training(encoder)
    work = out.parent / ".training" / _training_key(encoder, task, plan)
    before = task.evaluate(model)
    uses_adapters = sum(weights.numel() for weights in model.parameters()) > MAX_FULL_WEIGHTS
    if uses_adapters:
        _add_adapters(model)
    steps, seconds = _run(model, task, plan, work)
    if uses_adapters:
        model = _merge_adapters(encoder, model, work)
    after = task.evaluate(model)
    logger.info("score on held-out examples: %.4f before, %.4f after", before, after)
    if after < before:
        logger.warning("The trained model scores lower on the held-out examples than before.")
    trained = TrainedModel(out, steps, seconds, before, after)
    _save(model, trained, model_card(encoder, task, plan, trained), work)
    return trained


def _load_for_training(encoder: LocalEncoder) -> SentenceTransformer:
    """Loads a separate copy of the model, with its prefixes stored as prompts."""
    from sentence_transformers import SentenceTransformer

    silence_libraries()
    model = SentenceTransformer(
        str(encoder.folder), local_files_only=True, trust_remote_code=False
    ).float()
    model.prompts.update(query=encoder.prefixes["query"], passage=encoder.prefixes["passage"])
    # Otherwise the library samples examples for a model card that is not written.
    model.model_card_data.widget = [{}]
    for weights in model.parameters():
        if weights.ndim == 2 and len(weights) > MAX_TRAINED_VOCABULARY:
            weights.requires_grad_(False)
    return model


def _add_adapters(model: SentenceTransformer) -> None:
    """Freezes a model's weights and adds low-rank adapters to its layers, which are trained.

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


def _merge_adapters(
    encoder: LocalEncoder, model: SentenceTransformer, work: Path
) -> SentenceTransformer:
    """Adds the adapters to the weights of a fresh copy, so that the model loads without peft."""
    from peft import PeftModel

    with tempfile.TemporaryDirectory(dir=work) as folder:
        model.save_pretrained(folder, create_model_card=False)
        merged = _load_for_training(encoder)
        with warnings.catch_warnings():
            # peft uses a name that transformers has deprecated.
            warnings.simplefilter("ignore", FutureWarning)
            base = cast("torch.nn.Module", merged.transformers_model)
            PeftModel.from_pretrained(base, folder).merge_and_unload()  # in place
    return merged


def _training_key(encoder: LocalEncoder, task: TrainingTask, plan: TrainingPlan) -> str:
    """Hash of model, training set and plan."""
    digest = hashlib.sha256()
    for part in (encoder.fingerprint, task.description, json.dumps(asdict(plan), sort_keys=True)):
        digest.update(part.encode() + b"\0")
    for name, values in task.columns.items():
        digest.update(name.encode() + b"\0")
        for value in values:
            digest.update(str(value).encode("utf-8", "replace") + b"\0")
    return digest.hexdigest()[:16]


def _run(
    model: SentenceTransformer, task: TrainingTask, plan: TrainingPlan, work: Path
) -> tuple[int, float]:
    """Trains a model in place, from the last checkpoint if any, and restores the best weights.

    Returns:
        Number of steps, and training time in seconds.
    """
    from datasets import Dataset
    from sentence_transformers import SentenceTransformerTrainer
    from transformers import EarlyStoppingCallback, PrinterCallback
    from transformers.trainer_utils import get_last_checkpoint

    rows = Dataset.from_dict({name: list(texts) for name, texts in task.columns.items()})
    total_steps = max(1, len(rows) * plan.epochs // plan.batch)
    check_steps = max(1, total_steps // plan.checks)
    checkpoint: str | None = None
    if work.is_dir():
        _delete_incomplete_checkpoints(work)
        checkpoint = get_last_checkpoint(str(work))  # type: ignore[no-untyped-call]
    previous_seconds = _read_seconds(work)
    if checkpoint is not None:
        logger.info(
            "Resuming at %s, after %.0f s of training.", Path(checkpoint).name, previous_seconds
        )
    with progress("train encoder", total_steps, "steps") as advance:
        trainer = SentenceTransformerTrainer(
            model=model,
            args=_training_arguments(plan, check_steps, work),
            train_dataset=rows,
            loss=task.loss(model),
            evaluator=_make_evaluator(task.evaluate),
            callbacks=[
                EarlyStoppingCallback(plan.patience),
                _time_limit(work, previous_seconds, 60 * plan.minutes, advance),
            ],
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train(resume_from_checkpoint=checkpoint)
    return int(trainer.state.global_step), round(_read_seconds(work), 1)


def _make_evaluator(evaluate: Callable[[SentenceTransformer], float]) -> BaseEvaluator:
    """Wraps the evaluation as an evaluator of sentence-transformers."""
    from sentence_transformers.sentence_transformer.evaluation import BaseEvaluator

    class HeldOutEvaluator(BaseEvaluator):
        def __call__(self, model: Any, *_: Any, **__: Any) -> dict[str, float]:
            return {"held_out": evaluate(model)}

    return HeldOutEvaluator()  # type: ignore[no-untyped-call]


def _training_arguments(plan: TrainingPlan, check_steps: int, work: Path) -> Any:
    import torch
    from sentence_transformers import SentenceTransformerTrainingArguments
    from sentence_transformers.sentence_transformer.training_args import BatchSamplers

    on_gpu = torch.cuda.is_available()
    return SentenceTransformerTrainingArguments(
        output_dir=str(work),
        num_train_epochs=plan.epochs,
        per_device_train_batch_size=plan.batch,
        learning_rate=plan.learning_rate,
        warmup_steps=WARMUP_SHARE,
        batch_sampler=BatchSamplers.NO_DUPLICATES,
        bf16=torch.cuda.is_bf16_supported() if on_gpu else prefers_bfloat16(),
        eval_strategy="steps",
        eval_steps=check_steps,
        save_strategy="steps",
        save_steps=check_steps,
        save_total_limit=2,
        load_best_model_at_end=True,
        metric_for_best_model="held_out",
        greater_is_better=True,
        seed=plan.seed,
        data_seed=plan.seed,
        report_to="none",
        logging_strategy="no",
        disable_tqdm=True,
        use_cpu=not on_gpu,
    )


def _time_limit(work: Path, previous_seconds: float, limit: float, advance: Any) -> TrainerCallback:
    """Returns a callback that reports steps, saves the training time and stops at the time limit.

    Args:
        work: Folder of the checkpoints.
        previous_seconds: Training time of interrupted runs.
        limit: Maximum training time in seconds, including interrupted runs.
        advance: Called after every step.
    """
    from transformers import TrainerCallback

    started = time.monotonic()

    class TimeLimit(TrainerCallback):
        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> Any:
            advance(1)
            if previous_seconds + time.monotonic() - started > limit:
                logger.info("Time limit reached after %d steps.", state.global_step)
                control.should_evaluate = control.should_save = control.should_training_stop = True
            return control

        def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> Any:
            work.mkdir(parents=True, exist_ok=True)
            seconds = previous_seconds + time.monotonic() - started
            write_file(work / "seconds", str(seconds))
            return control

    return TimeLimit()


def _delete_incomplete_checkpoints(work: Path) -> None:
    """Deletes what a kill cut off: `trainer_state.json` is written last."""
    for folder in work.glob("checkpoint-*"):
        try:
            json.loads((folder / "trainer_state.json").read_bytes())
        except (OSError, ValueError):
            shutil.rmtree(folder)


def _read_seconds(work: Path) -> float:
    """Training time up to the last checkpoint, in seconds."""
    path = work / "seconds"
    return float(path.read_text()) if path.is_file() else 0.0


def _save(model: SentenceTransformer, trained: TrainedModel, card: str, work: Path) -> None:
    """Writes the model folder, renames it into place and deletes the checkpoints."""
    part = trained.folder.with_name(f".{trained.folder.name}.{os.getpid()}")
    shutil.rmtree(part, ignore_errors=True)
    model.save_pretrained(str(part), create_model_card=False)
    (part / "README.md").write_text(card, encoding="utf-8")
    part.replace(trained.folder)
    shutil.rmtree(work, ignore_errors=True)
