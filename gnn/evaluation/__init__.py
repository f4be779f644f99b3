"""Offline evaluation: protocols, leakage check, ablation, result documents and their pages."""

from isthmus.gnn.evaluation.cold_start import evaluate_cold_start, evaluate_folds
from isthmus.gnn.evaluation.conditions import MODELS, EvaluationConfig
from isthmus.gnn.evaluation.harness import evaluate_targets
from isthmus.gnn.evaluation.next_item import evaluate_next_item
from isthmus.gnn.evaluation.plots import check_plotting
from isthmus.gnn.evaluation.report import render_text, write_report
from isthmus.gnn.evaluation.results import TRANSFER, VARIANTS
from isthmus.gnn.evaluation.temporal import evaluate_temporal

__all__ = [
    "MODELS",
    "TRANSFER",
    "VARIANTS",
    "EvaluationConfig",
    "check_plotting",
    "evaluate_cold_start",
    "evaluate_folds",
    "evaluate_next_item",
    "evaluate_targets",
    "evaluate_temporal",
    "render_text",
    "write_report",
]
