"""Snapshots of the graph, generations of learned edges, and the promotion gate."""

from isthmus.graph.generations.dataset_snapshot import (
    build_snapshot,
    first_interaction_times,
    hide_from_snapshot,
    hide_from_tables,
    hide_function,
    interaction_and_text_rows,
    item_titles,
)
from isthmus.graph.generations.promotion_gate import (
    HELD_OUT_RULE,
    GateDecision,
    compare_generations,
    held_out_users,
    hide_held_out,
)
from isthmus.graph.generations.publish import (
    ChampionChanged,
    Provenance,
    active_generation,
    delete_generation,
    delete_superseded,
    edge_count,
    list_generations,
    promote,
    publish_generation,
    roll_back,
    show_generation,
    write_candidate,
)
from isthmus.graph.generations.snapshot import read_snapshot, snapshot_fingerprint

__all__ = [
    "HELD_OUT_RULE",
    "ChampionChanged",
    "GateDecision",
    "Provenance",
    "active_generation",
    "build_snapshot",
    "compare_generations",
    "delete_generation",
    "delete_superseded",
    "edge_count",
    "first_interaction_times",
    "held_out_users",
    "hide_from_snapshot",
    "hide_from_tables",
    "hide_function",
    "hide_held_out",
    "interaction_and_text_rows",
    "item_titles",
    "list_generations",
    "promote",
    "publish_generation",
    "read_snapshot",
    "roll_back",
    "show_generation",
    "snapshot_fingerprint",
    "write_candidate",
]
