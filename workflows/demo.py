"""The whole job on the bundled synthetic data, and whether it found what was planted there."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isthmus.errors import InputError
from isthmus.graph.database.connection import Graph
from isthmus.graph.database.session import connect
from isthmus.graph.ingest.load import ingest
from isthmus.graph.interests.find import encode_and_find
from isthmus.graph.operations.report import write_report
from isthmus.graph.server.scratch import shared_home
from isthmus.graph.serving.explanation import as_text
from isthmus.graph.serving.recommend import history, recommend
from isthmus.graph.sources import read_dataset
from isthmus.graph.sources.planted import planted_transfers
from isthmus.graph.sources.synthetic import PEOPLE, write_synthetic
from isthmus.settings import Settings
from isthmus.workflows.retrain import retrain

SHOWN = 3
DOMAINS = ("films", "music", "goods", "books")


@dataclass(frozen=True)
class Demo:
    """What the demo found.

    Attributes:
        planted: Planted transfers between categories.
        recovered: Those whose mean learned weight is above that of every pair not planted.
        people: Three users with history and answers.
        training: The result of the retraining.
        report: The HTML file.
        seconds: In all.
    """

    planted: int
    recovered: int
    people: list[dict[str, Any]]
    training: dict[str, Any]
    report: Path
    seconds: float

    def document(self) -> dict[str, Any]:
        """The result as `--json` prints it."""
        return vars(self) | {"report": str(self.report)}

    def text(self) -> str:
        """The result for people."""
        lines = []
        for person in self.people:
            lines.append(f"\n{person['user']}: {person['taste']}")
            lines += [f"  {row['domain']}: {row['title']}" for row in person["history"][:SHOWN]]
            for answer in person["answers"]:
                lines += [f"\n  {answer['domain']} for {person['user']}:"]
                lines.append(as_text(_shortened(answer), paths=True))
        lines.append(
            f"\n{self.recovered} of {self.planted} planted transfers lie above every other one.\n"
            f"The report is {self.report}. All of it took {self.seconds:.0f} s."
        )
        return "\n".join(lines)


def run_demo(settings: Settings, report: Path) -> Demo:
    """Runs the job in a home of its own below the home of the settings."""
    start = time.monotonic()
    settings = _settings_of_demo(settings)
    folder = settings.home / "data"
    write_synthetic(folder)
    with connect(settings) as graph:
        ingest(graph, read_dataset(folder), folder, settings)
        encode_and_find(graph, settings)
        training = retrain(graph, settings)
        recovered, planted = recovered_transfers(graph)
        people = [_shown(graph, user, settings) for user in PEOPLE]
    demo = Demo(planted, recovered, people, training, report.absolute(), 0.0)
    write_report(report, "demo", demo.document())
    return Demo(**vars(demo) | {"seconds": round(time.monotonic() - start, 1)})


def recovered_transfers(graph: Graph) -> tuple[int, int]:
    """How many planted pairs have a mean weight above every other pair's, and of how many."""
    planted, others = planted_transfers()
    mean = {
        (row["source_domain"], row["source"], row["target_domain"], row["target"]): row["weight"]
        for row in graph.read("insight/category_transfers")
    }

    def weight(pair: Any) -> float:
        source, target = pair.source, pair.target
        return float(mean.get((source.domain, source.name, target.domain, target.name), 0.0))

    highest = max(weight(pair) for pair in others)
    return sum(weight(pair) > highest for pair in planted), len(planted)


def _settings_of_demo(settings: Settings) -> Settings:
    if settings.neo4j_uri is not None:
        raise InputError(
            "The demo does not write its synthetic data into the server of NEO4J_URI.",
            "Unset NEO4J_URI; the demo runs a server of its own.",
        )
    own = shared_home(settings, settings.home / "demo")
    shutil.rmtree(own.home / "data", ignore_errors=True)
    return own


def _shown(graph: Graph, user: str, settings: Settings) -> dict[str, Any]:
    met = history(graph, user, 10)
    known = {row["domain"] for row in met}
    wanted = [domain for domain in DOMAINS if domain not in known][:2]
    return {
        "user": user,
        "taste": PEOPLE[user].taste,
        "history": met,
        "answers": [recommend(graph, user, domain, 5, settings) for domain in wanted],
    }


def _shortened(answer: dict[str, Any]) -> dict[str, Any]:
    """The first items, each with its strongest paths."""
    items = [item | {"paths": item["paths"][:SHOWN]} for item in answer["items"][:SHOWN]]
    return answer | {"items": items}
