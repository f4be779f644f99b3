"""Baselines that transfer is compared with, one per file, behind one protocol."""

from isthmus.gnn.baselines.own import Model, installed_baselines, model_name, own_baselines
from isthmus.gnn.baselines.protocol import Baseline
from isthmus.gnn.baselines.registry import BASELINES, tune_baseline

__all__ = [
    "BASELINES",
    "Baseline",
    "Model",
    "installed_baselines",
    "model_name",
    "own_baselines",
    "tune_baseline",
]
