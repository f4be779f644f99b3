"""What in the data spoils answers: robots, outliers, twins, gaps and contradictions.

Each check counts, names three examples and says what to do. The graph keeps one relationship a
user and item, so that what was merged into it is looked for in the tables, where they still are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from isthmus.errors import IsthmusError, NothingToDo
from isthmus.graph.database.connection import Graph
from isthmus.graph.database.session import connect
from isthmus.graph.ingest.dataset import Dataset, resolve_items
from isthmus.graph.ingest.rows import account_owners, by_person, item_key, known_items
from isthmus.graph.operations.doctor import Check
from isthmus.graph.server import lifecycle as server
from isthmus.graph.sources import read_dataset
from isthmus.settings import Settings

EXAMPLES = 3
FEW = 0.05
"""A share that does no harm yet."""
ROBOT = {"times": 50.0, "least": 500, "most": 10_000}
"""Users above 50 times the 95th percentile: a higher one is the robot itself in a small graph.

People do have 500 interactions, however little others do, and hardly more than 10,000."""
EVENTS_OF_A_PAIR = 1_000


@dataclass(frozen=True)
class Finding(Check):
    """A check of the data.

    Attributes:
        count: How many are so.
        among: Of how many.
        examples: Three of them, the worst where there is a worst.
    """

    count: int = 0
    among: int = 0
    examples: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Question:
    """What is asked of the data.

    Attributes:
        name: Of the check.
        meaning: What is counted, after "12 of 345"; `{above}` is the limit that the statement took.
        advice: What to do where there are too many.
        allowed: Share that is well; 0 where one is too many.
        parameters: Of the statement `admin/data_NAME`.
    """

    name: str
    meaning: str
    advice: str
    allowed: float = FEW
    parameters: dict[str, Any] = field(default_factory=dict)

    def answer(self, count: int, among: int, examples: list[str], above: int | None) -> Finding:
        """The check, from what was found."""
        found = f"{count:,} of {among:,} {self.meaning.format(above=above)}"
        found += f": {'; '.join(examples)}." if examples else "."
        ok = count <= self.allowed * among
        return Finding(self.name, ok, found, "" if ok else self.advice, count, among, examples)


OF_GRAPH = (
    Question(
        "robots",
        "users have more than {above:,} interactions",
        "Look at them: a robot, a test or a shop's till teaches what no person likes. Take them "
        "out of the tables, and of the graph with them.",
        0,
        ROBOT,
    ),
    Question(
        "repeats",
        "pairs of user and item have more than {above:,} events",
        "A page that reloads, or a player that loops, is no liking: count sessions in their place.",
        0,
        {"most": EVENTS_OF_A_PAIR},
    ),
    Question(
        "titles",
        "items have no title",
        "Add titles to the table items and load it again: answers show them, and an item that has "
        "no text either has no embedding.",
    ),
    Question(
        "twins",
        "items have the title of another one of their domain",
        "Where they are one thing, give them one item_id: their likes are divided now. Where they "
        "are not, say in the title what tells them apart.",
    ),
    Question(
        "untouched",
        "items have no interactions",
        "They can be found by their titles and texts alone. If they should have interactions, "
        "compare the item_ids of both tables.",
        0.5,
    ),
    Question(
        "idle",
        "users did nothing and wrote nothing",
        "They get what is popular. If they should have a history, compare the user_ids of the "
        "tables; accounts.csv says which are one person.",
        0.5,
    ),
    Question(
        "one_domain",
        "users with a history have it in one domain",
        "What leads from one domain to another is learned from those who are in both: name people "
        "alike in all domains, by the table accounts where they have several names.",
        0.98,
    ),
    Question(
        "undated",
        "interactions have no date, while others have one",
        "An interaction without a date never ages: add its timestamp.",
    ),
    Question(
        "wrong_dates",
        "interactions are dated in the future or in 1970",
        "Age counts from a domain's newest date, so one in the future makes all others old, and a "
        "missing date written as 0 is 1970: correct the timestamps, and load into a new graph.",
        0,
    ),
    Question(
        "no_weight",
        "interactions have the weight 0",
        "They count for nothing: likes are above 0, dislikes below. Stars are centred by their "
        "middle, not by their least.",
    ),
)
REPEATED = Question(
    "repeated",
    "rows of interactions say what an earlier one says",
    "Each counts as one more event of its pair: write every event once.",
)
CONTRADICTED = Question(
    "contradicted",
    "pairs of user and item have likes and dislikes; the newest counts",
    "If a change of mind is not meant, see which scales the weights come from: a view that counts "
    "1 beside a rating of -0.5 is such a pair. Give such events timestamps, or leave one kind out.",
)


def examine_data(settings: Settings) -> list[Check]:
    """Looks at what the graph holds and at the tables that it came from; changes nothing.

    Raises:
        NothingToDo: The graph is empty.
    """
    nothing = NothingToDo(
        "The graph is empty: there is no data to look at.", "Run `isthmus ingest`."
    )
    if settings.neo4j_uri is None and not server.has_graph(settings):
        raise nothing
    with connect(settings, migrated=False) as graph:
        if not graph.read("admin/nodes")[0]["nodes"]:
            raise nothing
        return [*(_of_graph(graph, question) for question in OF_GRAPH), *_of_tables(graph)]


def _of_graph(graph: Graph, question: Question) -> Finding:
    row = graph.read(f"admin/data_{question.name}", **question.parameters)[0]
    return question.answer(row["found"], row["among"], row["examples"], row["above"])


def _of_tables(graph: Graph) -> Iterator[Check]:
    """What the tables say and the graph does not keep."""
    gone = []
    for row in graph.read("encode/datasets"):
        try:
            dataset = read_dataset(Path(row["path"]))
        except IsthmusError:
            gone.append(row["path"])
            continue
        yield from _of_interactions(_events(graph, dataset))
    if gone:
        yield Check(
            "tables",
            True,
            f"Repeated rows and contradictions were not looked for in {', '.join(gone)}.",
            "They stood there when they were loaded, and are not there now.",
        )


def _events(graph: Graph, dataset: Dataset) -> pl.DataFrame:
    """Interactions by person and item, with the place where each row stands."""
    known, _ = resolve_items(dataset.interactions, known_items(graph, dataset))
    key = item_key(pl.col("domain"), pl.col("item_id")).alias("key")
    return by_person(known, account_owners(dataset.accounts)).with_columns(key)


def _of_interactions(events: pl.DataFrame) -> Iterator[Finding]:
    content = ["user_id", "key", "weight", "timestamp", "kind"]
    dated = events.filter(pl.col("timestamp").is_not_null())
    again = dated.filter(~pl.struct(content).is_first_distinct())
    yield REPEATED.answer(len(again), len(events), _examples(again, "file", "line"), None)
    mixed = (
        events.group_by("user_id", "key", maintain_order=True)
        .agg(pl.col("weight").min().alias("least"), pl.col("weight").max().alias("most"))
        .with_columns(((pl.col("least") < 0) & (pl.col("most") > 0)).alias("mixed"))
    )
    both = mixed.filter("mixed")
    yield CONTRADICTED.answer(len(both), len(mixed), _examples(both, "least", "most"), None)


def _examples(rows: pl.DataFrame, *shown: str) -> list[str]:
    """The first rows, as their user, their item and what else is shown of them."""
    named = pl.format("{} with {}, {} {}", "user_id", "key", *shown)
    return rows.head(EXAMPLES).select(named).to_series().to_list()
