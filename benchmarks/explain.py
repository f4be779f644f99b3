"""Whether explanations are true, and what they cost, on the demo's graph.

python benchmarks/explain.py [--answers 1000] [-o OUT]

The graph is that of `isthmus demo`, which has to have run before. "Without A it would be number 7"
is compared with the answer after the interaction was deleted and the user's interests were derived
again, in a transaction that is rolled back. The differences of the signals are compared with that
of the scores.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from shared.page import write

from isthmus.graph.database import Graph, connect, load_statement
from isthmus.graph.explain import explain_item, recommend_with_reasons
from isthmus.graph.interests import active_version
from isthmus.graph.interests.derivation import derivation_parameters
from isthmus.graph.serving import rank_items, recommend_for_user
from isthmus.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[1]
DOMAINS = ("books", "films", "music", "goods")
DEEPEST = 40
"""Items of a number up to this one are explained, so that some are not among the first ten."""
MAX_ERROR = 1e-6
USERS = "MATCH (u:User) WHERE COUNT { (u)-[:INTERACTED]->() } > 1 RETURN u.id AS id ORDER BY id"
DELETE = "MATCH (:User {id: $user})-[r:INTERACTED]->(:Item {key: $item}) DELETE r"


class Transaction:
    """Runs the statements of the catalogue in one transaction, as far as `rank_items` needs it."""

    def __init__(self, run: Callable[..., Any]) -> None:
        self.run = run

    def read(self, name: str, /, **parameters: Any) -> list[dict[str, Any]]:
        return [dict(record) for record in self.run(load_statement(name).text, parameters)]


def rank_after_deletion(
    graph: Graph, settings: Settings, user: str, domain: str, item: str, source: str
) -> int:
    """Deletes an interaction, asks again, and takes the deletion back."""
    version = active_version(graph)
    assert version is not None
    parameters = derivation_parameters([user], settings.half_life_days, version.number)
    size = graph.read("recommend/domain_size", domain=domain)[0]["items"]
    with graph.driver.session(database=graph.database) as session:
        transaction = session.begin_transaction()
        try:
            inside: Any = Transaction(transaction.run)
            transaction.run(DELETE, user=user, item=source).consume()
            inside.read("interests/derive_user_interests", **parameters)
            rows = rank_items(inside, user, domain, size, settings)
        finally:
            transaction.rollback()
    return [row["item_id"] for row in rows].index(item) + 1


def draw_items(graph: Graph, settings: Settings, rng: Random) -> Iterator[tuple[str, str, str]]:
    """Draws user, domain and one of the items of a number up to DEEPEST."""
    users = [row["id"] for row in graph.run(USERS, {})]
    while True:
        user, domain = rng.choice(users), rng.choice(DOMAINS)
        rows = rank_items(graph, user, domain, DEEPEST, settings)
        yield user, domain, rng.choice(rows)["item_id"]


def measure(graph: Graph, settings: Settings, answers: int) -> list[dict[str, str]]:
    rng = Random(settings.seed)
    seconds: dict[str, list[float]] = {"answer": [], "explained answer": [], "item": []}

    def timed(what: str, function: Callable[..., Any], *arguments: Any) -> Any:
        start = time.perf_counter()
        result = function(*arguments)
        seconds[what].append(time.perf_counter() - start)
        return result

    same = compared = changed = 0
    errors = []
    for user, domain, item in draw_items(graph, settings, rng):
        timed("answer", recommend_for_user, graph, user, domain, 10, settings)
        timed("explained answer", recommend_with_reasons, graph, user, domain, 10, settings)
        document = timed("item", explain_item, graph, user, domain, item, settings)
        total = sum(part["difference"] for part in document["parts"])
        errors.append(abs(total - (document["score"] - document["average_score"])))
        for row in document["without"] if compared < answers else []:
            source = f"{row['domain']}:{row['item_id']}"
            rank = rank_after_deletion(graph, settings, user, domain, item, source)
            same += rank == row["rank"]
            changed += rank != document["rank"]
            compared += 1
        if compared >= answers and len(errors) >= answers:
            break
    rows = [
        ("without A: as if asked again", f"{same} of {compared}", f"{compared} of {compared}"),
        ("of these, at another number", f"{changed}", ""),
        ("differences of signals", f"error at most {max(errors):.1e}", f"{MAX_ERROR:.0e}"),
        ("explained items", f"{len(errors)}", ""),
        *(
            (
                {"answer": "an answer", "item": "an item explained"}.get(name, "its explanation"),
                f"p50 {1e3 * np.quantile(own, 0.5):.1f}, p95 {1e3 * np.quantile(own, 0.95):.1f} ms",
                "",
            )
            for name, own in seconds.items()
        ),
    ]
    return [{"what": what, "measured": found, "bar": bar} for what, found, bar in rows]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--answers", type=int, default=1_000, help="explained items, at least")
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks" / "explain")
    options = parser.parse_args()
    settings = load_settings()
    settings = settings.model_copy(update={"home": settings.home / "demo"})
    with connect(settings) as graph:
        rows = measure(graph, settings, options.answers)
    print(write(options.out, "Explanations", rows))


if __name__ == "__main__":
    main()
