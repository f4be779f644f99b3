"""Recommendations by Cypher statements, and their explanations."""

from isthmus.graph.serving.calibration import calibrate
from isthmus.graph.serving.explanation import describe_path, format_answer
from isthmus.graph.serving.recommend import (
    CLIENTS,
    check_names,
    rank_items,
    recent_interactions,
    recommend_for_user,
    recommend_for_users,
)
from isthmus.graph.serving.texts import judge_text, recommend_for_text

__all__ = [
    "CLIENTS",
    "calibrate",
    "check_names",
    "describe_path",
    "format_answer",
    "judge_text",
    "rank_items",
    "recent_interactions",
    "recommend_for_text",
    "recommend_for_user",
    "recommend_for_users",
]
