"""Recommendations by Cypher statements, and their explanations."""

from isthmus.graph.serving.calibration import calibrate
from isthmus.graph.serving.explanation import describe_path, format_answer
from isthmus.graph.serving.names import check_names, check_parameters, check_user
from isthmus.graph.serving.recommend import (
    CLIENTS,
    answer_users,
    rank_for_user,
    rank_items,
    recent_interactions,
    recommend_for_user,
    recommend_for_users,
    write_answer,
)
from isthmus.graph.serving.search import Searched, related_items, search
from isthmus.graph.serving.texts import judge_text, recommend_for_text

__all__ = [
    "CLIENTS",
    "Searched",
    "answer_users",
    "calibrate",
    "check_names",
    "check_parameters",
    "check_user",
    "describe_path",
    "format_answer",
    "judge_text",
    "rank_for_user",
    "rank_items",
    "recent_interactions",
    "recommend_for_text",
    "recommend_for_user",
    "recommend_for_users",
    "related_items",
    "search",
    "write_answer",
]
