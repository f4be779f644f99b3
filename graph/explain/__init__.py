"""Explanations in words: why an item is recommended, why it is not, what would change it."""

from isthmus.graph.explain.answers import (
    explain_text_answer,
    recommend_many_with_reasons,
    recommend_with_reasons,
)
from isthmus.graph.explain.item import explain_item
from isthmus.graph.explain.layout import format_explanation

__all__ = [
    "explain_item",
    "explain_text_answer",
    "format_explanation",
    "recommend_many_with_reasons",
    "recommend_with_reasons",
]
