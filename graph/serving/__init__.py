"""Recommendations by Cypher statements, and their explanations."""

from isthmus.graph.serving.explanation import describe_path, format_answer
from isthmus.graph.serving.recommend import (
    CLIENTS,
    rank_items,
    recent_interactions,
    recommend_for_text,
    recommend_for_user,
    recommend_for_users,
)

__all__ = [
    "CLIENTS",
    "describe_path",
    "format_answer",
    "rank_items",
    "recent_interactions",
    "recommend_for_text",
    "recommend_for_user",
    "recommend_for_users",
]
