"""Concurrent writers and readers on one server: no errors, exact counts, latencies.

python benchmarks/contention.py [--writers 8] [--readers 8] [--minutes 10] -o benchmarks/contention

Writers contend for the same users and items, with single interactions and with batches in which
some events are sent twice; readers request recommendations; popularity and interests are recomputed
periodically, as in a retraining. Synthetic data in a new Neo4j.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from feedback import prepare
from shared.ledger import INTERACTED, Event, Ledger, Violation, check_likes
from shared.page import write

from isthmus.graph.database import Graph, connect
from isthmus.graph.events.record import record_events, record_interaction
from isthmus.graph.ingest import update_popularity
from isthmus.graph.interests import active_version_number, derive_user_interests
from isthmus.graph.server import scratch
from isthmus.graph.serving import recommend_for_user
from isthmus.graph.sources import read_dataset, read_events, write_synthetic
from isthmus.graph.sources.planted import DOMAINS
from isthmus.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[1]
USERS, ITEMS = 60, 60
"""Existing users and items for which writers contend."""
NEW_USERS = 200
EVENTS_PER_BATCH = 50
WRITES_PER_BATCH = 10
"""One of this many writes is a batch."""
SHARED_EVENTS = 5
"""Events of a batch that another writer sends too."""
RECOUNT_INTERVAL_SECONDS = 20.0


@dataclass
class Calls:
    """Durations and errors of calls.

    Attributes:
        seconds: Durations of the calls that returned, by operation.
        errors: Errors of the calls that raised.
    """

    seconds: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: list[str] = field(default_factory=list)

    def time(self, operation: str, call: Callable[[], object]) -> bool:
        """Calls, and adds the duration or the error; returns whether the call returned."""
        start = time.perf_counter()
        try:
            call()
        except Exception as error:  # every error that reaches a caller counts
            self.errors.append(f"{operation}: {type(error).__name__}: {error}")
            return False
        self.seconds[operation].append(time.perf_counter() - start)
        return True


@dataclass(frozen=True)
class Run:
    """The state that all callers share."""

    graph: Graph
    settings: Settings
    users: list[str]
    items: list[str]
    deadline: float
    calls: Calls = field(default_factory=Calls)
    ledger: Ledger = field(default_factory=Ledger)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def is_running(self) -> bool:
        """Whether there is time left."""
        return time.monotonic() < self.deadline

    def acknowledge(self, events: list[Event]) -> None:
        """Adds events to the ledger; an event that two writers sent counts once."""
        with self.lock:
            new_events = [event for event in events if event.event_id not in self.ledger.ids]
            self.ledger.send(new_events)
            self.ledger.acknowledge(new_events)


def write_events(run: Run, number: int) -> None:
    """Runs one writer, of single interactions and batches."""
    rng = Random(number)
    turn = 0
    while run.is_running():
        turn += 1
        if turn % WRITES_PER_BATCH:
            event = _draw_event(run, rng, f"{number} {turn}")
            domain, _, item_id = event.item.partition(":")
            interaction = (event.user, domain, item_id, run.settings, rng.choice((1.0, -1.0)))
            if run.calls.time(
                "interaction",
                lambda interaction=interaction, event=event: record_interaction(
                    run.graph, *interaction, event.event_id
                ),
            ):
                run.acknowledge([event])
            continue
        events = [
            _draw_event(run, rng, f"{number} {turn} {k}")
            for k in range(EVENTS_PER_BATCH - SHARED_EVENTS)
        ]
        events += [
            _draw_event(run, Random(f"{number // 2} {turn} {k}"), f"both {number // 2} {turn} {k}")
            for k in range(SHARED_EVENTS)
        ]
        rng.shuffle(events)
        frame = read_events([_json_line(event, rng) for event in events]).frame
        if run.calls.time(
            f"batch of {EVENTS_PER_BATCH}",
            lambda frame=frame: record_events(run.graph, frame, run.settings),
        ):
            run.acknowledge(events)


def _draw_event(run: Run, rng: Random, event_id: str) -> Event:
    is_known = rng.random() < 0.9
    user = rng.choice(run.users) if is_known else f"new {rng.randrange(NEW_USERS)}"
    return Event(user, rng.choice(run.items), event_id)


def _json_line(event: Event, rng: Random) -> bytes:
    domain, _, item_id = event.item.partition(":")
    row = {"user_id": event.user, "domain": domain, "item_id": item_id}
    return json.dumps(
        row | {"event_id": event.event_id, "weight": rng.choice((1.0, -1.0))}
    ).encode()


def read_recommendations(run: Run, number: int) -> None:
    """Runs one reader."""
    rng = Random(-number - 1)
    while run.is_running():
        request = (rng.choice(run.users), rng.choice(DOMAINS), 10, run.settings)
        run.calls.time(
            "recommendation", lambda request=request: recommend_for_user(run.graph, *request)
        )


def recount_periodically(run: Run) -> None:
    """Recomputes what a retraining recomputes, while events are recorded."""
    half_life, version = run.settings.half_life_days, active_version_number(run.graph)

    def recount() -> None:
        update_popularity(run.graph, half_life)
        derive_user_interests(run.graph, half_life, version)

    while run.is_running():
        run.calls.time("recount", recount)
        time.sleep(min(RECOUNT_INTERVAL_SECONDS, max(0.0, run.deadline - time.monotonic())))


def run_callers(run: Run, writers: int, readers: int) -> None:
    """Runs all callers concurrently until the deadline."""
    with ThreadPoolExecutor(writers + readers + 1) as pool:
        futures = [pool.submit(write_events, run, number) for number in range(writers)]
        futures += [pool.submit(read_recommendations, run, number) for number in range(readers)]
        futures.append(pool.submit(recount_periodically, run))
        for future in futures:
            future.result()


def page_rows(run: Run, seconds: float) -> list[dict[str, Any]]:
    """Returns the rows of the page, one per operation."""
    rows = []
    for operation, durations in sorted(run.calls.seconds.items()):
        p50, p95 = np.percentile(1000 * np.array(durations), [50, 95])
        rows.append(
            {
                "what": operation,
                "calls": len(durations),
                "a second": round(len(durations) / seconds, 1),
                "p50 ms": round(p50, 1),
                "p95 ms": round(p95, 1),
                "slowest ms": round(1000 * max(durations)),
                "errors": sum(error.startswith(f"{operation}:") for error in run.calls.errors),
            }
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--readers", type=int, default=8)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks" / "contention")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, scratch(load_settings()) as settings:
        folder = Path(name)
        write_synthetic(folder, users=600, items=480)
        dataset = read_dataset(folder)
        with connect(settings) as graph:
            prepare(graph, dataset, folder, settings)
            users = dataset.interactions["user_id"].unique(maintain_order=True).to_list()
            items = dataset.items.select("domain", "item_id").sample(ITEMS, seed=7)
            keys = [f"{domain}:{item_id}" for domain, item_id in items.iter_rows()]
            start = time.monotonic()
            run = Run(graph, settings, users[:USERS], keys, start + 60 * options.minutes)
            for row in graph.run(INTERACTED, {}):
                run.ledger.sure[row["user"], row["item"]] = row["count"]
            run_callers(run, options.writers, options.readers)
            seconds = time.monotonic() - start
            print(write(options.out, "Writers and readers at once", page_rows(run, seconds)))
            if run.calls.errors:
                sys.exit("Errors reached callers:\n" + "\n".join(run.calls.errors[:20]))
            try:
                run.ledger.check(graph)
                check_likes(graph, settings, scaled=True)
            except Violation as violation:
                sys.exit(f"The counts are not exact: {violation}")
    print(
        write(
            options.out,
            "Writers and readers at once",
            page_rows(run, seconds),
            f"{options.writers} writers and {options.readers} readers for {seconds:.0f} s, on "
            f"{USERS} existing users, up to {NEW_USERS} new users and {ITEMS} items; a batch is "
            f"one transaction, and {SHARED_EVENTS} of its events are also sent by another writer. "
            "A recount recomputes popularity and all interests of users, as a retraining does. No "
            f"call failed, and the counts of {run.ledger.sure.total():,} interactions, "
            f"{len(run.ledger.ids):,} event ids and the likes and popularity of every item are "
            "exact.",
        )
    )


if __name__ == "__main__":
    main()
