"""Training: from a snapshot to edges, tuned on validation users, then trained on all users."""

from isthmus.gnn.training.notes import training_notes
from isthmus.gnn.training.train import TrainingResult, train_edges
from isthmus.gnn.training.tuned_parameters import TunedParameters
from isthmus.gnn.training.validation import ValidationSplit

__all__ = ["TrainingResult", "TunedParameters", "ValidationSplit", "train_edges", "training_notes"]
