"""The whole pipeline on the bundled synthetic data, with a check of the planted transfers."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isthmus.errors import InputError
from isthmus.graph.database import Graph, connect
from isthmus.graph.explain import recommend_with_reasons
from isthmus.graph.ingest import ingest_dataset
from isthmus.graph.interests import encode_and_find_interests
from isthmus.graph.operations import write_report
from isthmus.graph.server import shared_home
from isthmus.graph.serving import format_answer, recent_interactions
from isthmus.graph.sources import PEOPLE, planted_transfers, read_dataset, write_synthetic
from isthmus.settings import Settings
from isthmus.workflows.retrain import retrain

MAX_SHOWN = 3
DOMAINS = ("films", "music", "goods", "books")


@dataclass(frozen=True)
class DemoResult:
    """The result of the demo.

    Attributes:
        planted: Number of planted transfers between categories.
        recovered: Number of those whose mean learned weight exceeds that of every other pair.
        people: Example users with history and recommendations.
        training: The document of the retraining.
        report: Path of the HTML report.
        seconds: Duration.
    """

    planted: int
    recovered: int
    people: list[dict[str, Any]]
    training: dict[str, Any]
    report: Path
    seconds: float

    def document(self) -> dict[str, Any]:
        """Returns the result as `--json` prints it."""
        return vars(self) | {"report": str(self.report)}

    def text(self) -> str:
        """Returns the result as text."""
        lines = []
        for person in self.people:
            lines.append(f"\n{person['user']}: {person['taste']}")
            lines += [f"  {row['domain']}: {row['title']}" for row in person["history"][:MAX_SHOWN]]
            for answer in person["answers"]:
                lines += [f"\n  {answer['domain']} for {person['user']}:"]
                lines.append(format_answer(_shorten(answer)))
        lines.append(
            f"\n{self.recovered} of {self.planted} planted transfers have a higher mean weight "
            f"than every other pair of categories.\n"
            f"The report is {self.report}. The demo took {self.seconds:.0f} s."
        )
        return "\n".join(lines)


def run_demo(settings: Settings, report: Path) -> DemoResult:
    """Runs the pipeline in the home `demo` below the home of the settings."""
    start = time.monotonic()
    settings = _demo_settings(settings)
    folder = settings.home / "data"
    write_synthetic(folder)
    with connect(settings) as graph:
        ingest_dataset(graph, read_dataset(folder), folder, settings)
        encode_and_find_interests(graph, settings)
        training = retrain(graph, settings, force=True)
        recovered, planted = recovered_transfers(graph)
        people = [_present_user(graph, user, settings) for user in PEOPLE]
    demo = DemoResult(planted, recovered, people, training, report.absolute(), 0.0)
    write_report(report, "demo", demo.document())
    return DemoResult(**vars(demo) | {"seconds": round(time.monotonic() - start, 1)})


def recovered_transfers(graph: Graph) -> tuple[int, int]:
    """Counts the planted transfers whose mean weight exceeds that of every pair not planted.

    Returns:
        The number of these transfers, and the number of all planted ones.
    """
    planted, others = planted_transfers()
    weights = {
        (row["source_domain"], row["source"], row["target_domain"], row["target"]): row["weight"]
        for row in graph.read("insight/category_transfers")
    }

    def weight(pair: Any) -> float:
        source, target = pair.source, pair.target
        return float(weights.get((source.domain, source.name, target.domain, target.name), 0.0))

    highest = max(weight(pair) for pair in others)
    return sum(weight(pair) > highest for pair in planted), len(planted)


def _demo_settings(settings: Settings) -> Settings:
    if settings.neo4j_uri is not None:
        raise InputError(
            "The demo does not write its synthetic data into the server of NEO4J_URI.",
            "Unset NEO4J_URI; the demo starts a separate server.",
        )
    home = settings.home / "demo"
    if home.is_dir() and not home.is_symlink():
        home.chmod(0o700)  # one of an older version is open to others, but has no data of anybody
    own = shared_home(settings, home)
    shutil.rmtree(own.home / "data", ignore_errors=True)
    return own


def _present_user(graph: Graph, user: str, settings: Settings) -> dict[str, Any]:
    """Returns a user's history, and explained recommendations in two domains without history."""
    history = recent_interactions(graph, user, 10)
    source_domains = {row["domain"] for row in history}
    targets = [domain for domain in DOMAINS if domain not in source_domains][:2]
    return {
        "user": user,
        "taste": PEOPLE[user].taste,
        "history": history,
        "answers": [recommend_with_reasons(graph, user, domain, 5, settings) for domain in targets],
    }


def _shorten(answer: dict[str, Any]) -> dict[str, Any]:
    """Keeps the first items of an answer."""
    return answer | {"items": answer["items"][:MAX_SHOWN]}
