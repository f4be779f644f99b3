"""Training of text encoders: pre-training, fine-tuning, bundled training pairs."""

from isthmus.encoders.training.bundled_pairs import with_bundled_pairs
from isthmus.encoders.training.finetune import (
    EMPTY_BEHAVIOUR,
    UserBehaviour,
    check_example_count,
    finetune_encoder,
)
from isthmus.encoders.training.plan import TrainedModel, TrainingPlan
from isthmus.encoders.training.pretrain import pretrain_encoder

__all__ = [
    "EMPTY_BEHAVIOUR",
    "TrainedModel",
    "TrainingPlan",
    "UserBehaviour",
    "check_example_count",
    "finetune_encoder",
    "pretrain_encoder",
    "with_bundled_pairs",
]
