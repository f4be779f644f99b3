"""Data quality checks: robots, repeated events, duplicate titles, gaps and contradictions.

Each check counts its findings, with three examples and advice. The graph stores one relationship
per user and item, so repeated rows and contradictions are searched in the tables, if they still
exist.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from isthmus.errors import IsthmusError, NothingToDo
from isthmus.graph import server
from isthmus.graph.database import Graph, connect
from isthmus.graph.ingest import (
    Dataset,
    account_owners,
    item_key,
    known_items,
    replace_accounts,
    resolve_items,
    stored_weights,
)
from isthmus.graph.operations.check import Check
from isthmus.graph.sources import read_dataset
from isthmus.settings import Settings

MAX_EXAMPLES = 3
MAX_HARMLESS_SHARE = 0.05
ROBOT_LIMITS = {"times": 50.0, "least": 500, "most": 10_000}
"""A robot has more than 50 times the interactions of the 95th percentile of users.

A higher percentile would be the robot itself in a small graph. The limit is clamped: people may
have 500 interactions even if others have few, and rarely have more than 10,000.
"""
MAX_EVENTS_PER_PAIR = 1_000


@dataclass(frozen=True)
class Finding(Check):
    """The result of a data quality check.

    Attributes:
        count: Number of findings.
        among: Number of users, items, pairs or rows that were checked.
        examples: Three findings, the most extreme ones if they have an order.
    """

    count: int = 0
    among: int = 0
    examples: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Question:
    """A data quality check.

    Attributes:
        name: Name of the check.
        meaning: What is counted, after "12 of 345"; `{above}` is the limit of the statement.
        advice: What to do if the check fails.
        allowed: Maximum share of findings; 0 to allow none.
        parameters: Parameters of the statement `admin/data_NAME`.
    """

    name: str
    meaning: str
    advice: str
    allowed: float = MAX_HARMLESS_SHARE
    parameters: dict[str, Any] = field(default_factory=dict)

    def answer(self, count: int, among: int, examples: list[str], above: int | None) -> Finding:
        """Returns the result of the check.

        Args:
            count: Number of findings.
            among: Number of users, items, pairs or rows that were checked.
            examples: Three findings.
            above: Limit of the statement, or None.
        """
        found = f"{count:,} of {among:,} {self.meaning.format(above=above)}"
        found += f": {'; '.join(examples)}." if examples else "."
        ok = count <= self.allowed * among
        return Finding(self.name, ok, found, "" if ok else self.advice, count, among, examples)


GRAPH_QUESTIONS = (
    Question(
        "robots",
        "users have more than {above:,} interactions",
        "Inspect them: a robot, a test account or a shop's till distorts the learned edges. Remove "
        "them from the tables and from the graph.",
        0,
        ROBOT_LIMITS,
    ),
    Question(
        "repeats",
        "pairs of user and item have more than {above:,} events",
        "A page that reloads, or a player that loops, is not a like: count sessions instead of "
        "events.",
        0,
        {"most": MAX_EVENTS_PER_PAIR},
    ),
    Question(
        "titles",
        "items have no title",
        "Add titles to the table items and load it again: recommendations show them, and an item "
        "without title and text has no embedding.",
    ),
    Question(
        "twins",
        "items have the same title as another item of their domain",
        "If they are one item, give them one item_id, since their likes are split now. Otherwise "
        "give them different titles.",
    ),
    Question(
        "no_interactions",
        "items have no interactions",
        "They can be recommended only by their titles and texts. If they should have interactions, "
        "compare the item_ids of the tables items and interactions.",
        0.5,
    ),
    Question(
        "idle",
        "users have no interactions and no texts",
        "They get popular items. If they should have a history, compare the user_ids of the "
        "tables; the table accounts maps several accounts to one user.",
        0.5,
    ),
    Question(
        "one_domain",
        "users with a history have it in one domain",
        "Transfer between domains is learned from users with a history in several: give each user "
        "the same user_id in all domains, or map their accounts by the table accounts.",
        0.98,
    ),
    Question(
        "undated",
        "interactions have no date, while others have one",
        "The weight of an interaction without a date never decays: add its timestamp.",
    ),
    Question(
        "wrong_dates",
        "interactions are dated in the future or in 1970",
        "The age of an interaction counts from its domain's newest date, so one date in the future "
        "makes all others old; 1970 is a missing date written as 0. Correct the timestamps, and "
        "load into a new graph.",
        0,
    ),
    Question(
        "no_weight",
        "interactions have the weight 0",
        "They have no effect: likes are above 0, dislikes below. Centre ratings by the middle of "
        "their scale, not by its minimum.",
    ),
)
REPEATED_ROWS = Question(
    "repeated",
    "rows of interactions repeat an earlier row",
    "Each counts as another event of its user and item: write every event once.",
)
CONTRADICTED_PAIRS = Question(
    "contradicted",
    "pairs of user and item have likes and dislikes; the newest counts",
    "If the users did not change their minds, compare the scales of the weights, such as a view "
    "with weight 1 beside a rating of -0.5. Add timestamps, or remove one kind of event.",
)


def check_data_quality(settings: Settings) -> list[Check]:
    """Checks the content of the graph and the tables that were loaded; changes nothing.

    Raises:
        NothingToDo: The graph is empty.
    """
    nothing = NothingToDo("The graph is empty: there is no data to check.", "Run `isthmus ingest`.")
    if settings.neo4j_uri is None and not server.has_graph(settings):
        raise nothing
    with connect(settings, migrated=False) as graph:
        if not graph.read("admin/nodes")[0]["nodes"]:
            raise nothing
        graph_checks = [_check_graph(graph, question) for question in GRAPH_QUESTIONS]
        return [*graph_checks, _check_weights(graph), *_check_tables(graph)]


def _check_graph(graph: Graph, question: Question) -> Finding:
    row = graph.read(f"admin/data_{question.name}", **question.parameters)[0]
    return question.answer(row["found"], row["among"], row["examples"], row["above"])


def _check_weights(graph: Graph) -> Check:
    """Shows the distribution of the weights, and finds those of which nothing can be learned."""
    row = graph.read("admin/data_weights")[0]
    if not row["among"]:
        advice = "Load a table of interactions: without them nothing can be learned."
        return Check("weights", False, "The graph has no interactions.", advice)
    shares = {
        "likes": row["likes"] / row["among"],
        "neither": 1 - (row["likes"] + row["dislikes"]) / row["among"],
        "dislikes": row["dislikes"] / row["among"],
    }
    found = (
        f"{', '.join(f'{share:.0%} {name}' for name, share in shares.items())}; weights run from "
        f"{row['lowest']:g} to {row['highest']:g}, half of them up to {row['median']:g}."
    )
    advice = ""
    if not row["likes"]:
        advice = "Nothing is liked, so there is nothing to recommend by: load with --weights centre"
    elif row["lowest"] >= 1 and row["highest"] > 1:
        advice = (
            "Nothing is disliked. If these are ratings, load them again with `isthmus ingest "
            "FOLDER --weights centre`; if they are counts, with --weights counts"
        )
    return Check("weights", not advice, found, f"{advice}." if advice else "")


def _check_tables(graph: Graph) -> Iterator[Check]:
    """Checks what only the tables show, since the graph stores one relationship per pair."""
    missing = []
    for row in graph.read("encode/datasets"):
        try:
            dataset = read_dataset(Path(row["path"]), stored_weights(row["readings"]))
        except IsthmusError:
            missing.append(row["path"])
            continue
        yield from _check_events(_events(graph, dataset))
    if missing:
        yield Check(
            "tables",
            True,
            f"Repeated rows and contradictions were not checked in {', '.join(missing)}.",
            "The tables cannot be read there any more; restore them to check them.",
        )


def _events(graph: Graph, dataset: Dataset) -> pl.DataFrame:
    """Returns the interactions of a dataset by user and item key, with file and line."""
    interactions, _ = resolve_items(dataset.interactions, known_items(graph, dataset))
    key = item_key(pl.col("domain"), pl.col("item_id")).alias("key")
    return replace_accounts(interactions, account_owners(dataset.accounts)).with_columns(key)


def _check_events(events: pl.DataFrame) -> Iterator[Finding]:
    columns = ["user_id", "key", "weight", "timestamp", "kind"]
    dated = events.filter(pl.col("timestamp").is_not_null())
    repeated = dated.filter(~pl.struct(columns).is_first_distinct())
    examples = _format_examples(repeated, "file", "line")
    yield REPEATED_ROWS.answer(len(repeated), len(events), examples, None)
    pairs = events.group_by("user_id", "key", maintain_order=True).agg(
        pl.col("weight").min().alias("min_weight"), pl.col("weight").max().alias("max_weight")
    )
    contradicted = pairs.filter((pl.col("min_weight") < 0) & (pl.col("max_weight") > 0))
    examples = _format_examples(contradicted, "min_weight", "max_weight")
    yield CONTRADICTED_PAIRS.answer(len(contradicted), len(pairs), examples, None)


def _format_examples(rows: pl.DataFrame, *columns: str) -> list[str]:
    """Formats the first rows by user, item and two further columns."""
    text = pl.format("{} with {}, {} {}", "user_id", "key", *columns)
    return rows.head(MAX_EXAMPLES).select(text).to_series().to_list()
