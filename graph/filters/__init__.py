"""Filters of recommendations: their language, its translation to Cypher, and their binding."""

from isthmus.graph.filters.filters import (
    BoundFilter,
    Filter,
    bind_filter,
    count_filtered,
    few_items,
)

__all__ = ["BoundFilter", "Filter", "bind_filter", "count_filtered", "few_items"]
