"""A training of a text encoder: its plan, its task, its result and the model card."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isthmus.encoders.text import LocalEncoder

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import nn


@dataclass(frozen=True)
class TrainingPlan:
    """Duration and learning rate of a training.

    Attributes:
        epochs: Maximum number of epochs.
        minutes: Maximum training time in minutes, including interrupted runs.
        batch: Training examples per batch.
        learning_rate: Learning rate of AdamW after the warm-up; decays to 0.
        checks: Number of evaluations on the held-out examples, evenly over the training.
        patience: Number of evaluations without improvement before training stops.
        seed: Seed of shuffling and dropout.
    """

    epochs: int = 1
    minutes: float = 20
    batch: int = 64
    learning_rate: float = 2e-5
    checks: int = 10
    patience: int = 3
    seed: int = 7


@dataclass(frozen=True)
class TrainingTask:
    """Training set, loss and evaluation.

    Attributes:
        description: Description of the training examples, for the model card.
        columns: Columns of the training set: prepared texts, and integers in an optional column
            `label` for the loss; a row is a training example.
        loss: Creates the loss of a model.
        evaluate: Returns the score of a model on the held-out examples, from 0 to 1.
    """

    description: str
    columns: Mapping[str, Sequence[Any]]
    loss: Callable[[SentenceTransformer], nn.Module]
    evaluate: Callable[[SentenceTransformer], float]


@dataclass(frozen=True)
class TrainedModel:
    """A trained model.

    Attributes:
        folder: Folder of the model.
        steps: Number of training batches.
        seconds: Training time.
        before: Score of the original model on the held-out examples.
        after: Score of the trained model on the held-out examples.
    """

    folder: Path
    steps: int
    seconds: float
    before: float
    after: float

    def document(self) -> dict[str, Any]:
        """Returns the result document for `--json`."""
        return asdict(self) | {"folder": str(self.folder)}


def model_card(
    encoder: LocalEncoder, task: TrainingTask, plan: TrainingPlan, trained: TrainedModel
) -> str:
    """Returns the README of a trained model: training set, duration and scores."""
    import torch

    examples = len(next(iter(task.columns.values())))
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "the CPU"
    lines = [
        f"# {trained.folder.name}",
        "",
        f"Trained by isthmus from {encoder.name}.",
        "",
        f"- training set: {examples:,} {task.description}",
        f"- {trained.steps:,} steps of {plan.batch}, {trained.seconds:,.0f} s on {device}",
        f"- learning rate {plan.learning_rate:g}, seed {plan.seed}",
        "- mean reciprocal rank on held-out examples: "
        f"{trained.before:.4f} before, {trained.after:.4f} after",
        "",
    ]
    return "\n".join(lines)
