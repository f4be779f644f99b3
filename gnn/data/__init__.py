"""The snapshot of the graph as arrays, histories, splits of users and training examples."""

from isthmus.gnn.data.arrays import InterestGraph, derive_interests, select_entries
from isthmus.gnn.data.examples import HISTORY_EXPONENT, Examples, build_examples, domain_likes
from isthmus.gnn.data.heavy_accounts import (
    find_heavy_accounts,
    limit_heavy_accounts,
)
from isthmus.gnn.data.histories import (
    HistoryWeighting,
    half_life_grid,
    normalize_by_length,
    split_histories,
)
from isthmus.gnn.data.splits import (
    BUCKETS,
    FOLDS,
    HideFunction,
    cold_start_users,
    hash_bucket,
    held_out_likes,
    hide_interactions,
    interactions_in_domain,
    interactions_of_users,
    limit_users,
    sample_rows,
    time_quantile,
)

__all__ = [
    "BUCKETS",
    "FOLDS",
    "HISTORY_EXPONENT",
    "Examples",
    "HideFunction",
    "HistoryWeighting",
    "InterestGraph",
    "build_examples",
    "cold_start_users",
    "derive_interests",
    "domain_likes",
    "find_heavy_accounts",
    "half_life_grid",
    "hash_bucket",
    "held_out_likes",
    "hide_interactions",
    "interactions_in_domain",
    "interactions_of_users",
    "limit_heavy_accounts",
    "limit_users",
    "normalize_by_length",
    "sample_rows",
    "select_entries",
    "split_histories",
    "time_quantile",
]
