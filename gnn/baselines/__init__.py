"""Baselines that transfer is compared with, one per file, behind one protocol."""

from isthmus.gnn.baselines.registry import BASELINES, tune_baseline

__all__ = ["BASELINES", "tune_baseline"]
