"""Writers and readers at once against one server: no error, exact counts, how fast.

python benchmarks/contention.py [--writers 8] [--readers 8] [--minutes 10] -o benchmarks/contention

Writers contend for the same users and items, with single interactions and with batches in which
some events are sent twice; readers ask for recommendations; now and then everything is counted
anew, as a retraining does it. Synthetic data, in a Neo4j of its own.
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
from ledger import INTERACTED, Event, Ledger, Violation, check_likes
from page import write

from isthmus.graph.database.connection import Graph
from isthmus.graph.database.session import connect
from isthmus.graph.events.record import record_events, record_interaction
from isthmus.graph.ingest.load import update_popularity
from isthmus.graph.interests.derivation import derive_user_interests
from isthmus.graph.interests.encoder_versions import number_of_answering
from isthmus.graph.server.scratch import scratch
from isthmus.graph.serving.recommend import recommend
from isthmus.graph.sources import read_dataset
from isthmus.graph.sources.events import read_events
from isthmus.graph.sources.planted import DOMAINS
from isthmus.graph.sources.synthetic import write_synthetic
from isthmus.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[1]
USERS, ITEMS = 60, 60
"""Known ones for which writers contend."""
NEW_USERS = 200
EVENTS_A_BATCH = 50
SINGLES_A_BATCH = 10
TWICE = 5
"""Events of a batch that another writer sends as well."""
SECONDS_BETWEEN_RECOUNTS = 20.0


@dataclass
class Calls:
    """What callers saw: seconds of each call by what it did, and errors.

    Attributes:
        seconds: Of those that returned.
        errors: Of those that raised.
    """

    seconds: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: list[str] = field(default_factory=list)

    def timed(self, what: str, call: Callable[[], object]) -> bool:
        """Calls, and notes what came of it; whether it returned."""
        start = time.perf_counter()
        try:
            call()
        except Exception as error:  # whatever reaches a caller is what is counted here
            self.errors.append(f"{what}: {type(error).__name__}: {error}")
            return False
        self.seconds[what].append(time.perf_counter() - start)
        return True


@dataclass(frozen=True)
class Run:
    """What all callers share."""

    graph: Graph
    settings: Settings
    users: list[str]
    items: list[str]
    ends: float
    calls: Calls = field(default_factory=Calls)
    ledger: Ledger = field(default_factory=Ledger)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def goes_on(self) -> bool:
        """Whether there is time left."""
        return time.monotonic() < self.ends

    def acknowledge(self, events: list[Event]) -> None:
        """Notes events; what two writers sent is one."""
        with self.lock:
            fresh = [event for event in events if event.event_id not in self.ledger.ids]
            self.ledger.send(fresh)
            self.ledger.acknowledge(fresh)


def writes(run: Run, number: int) -> None:
    """One writer: single interactions and, now and then, a batch."""
    rng = Random(number)
    turn = 0
    while run.goes_on():
        turn += 1
        if turn % SINGLES_A_BATCH:
            event = _drawn(run, rng, f"{number} {turn}")
            domain, _, item_id = event.item.partition(":")
            sent = (event.user, domain, item_id, run.settings, rng.choice((1.0, -1.0)))
            done = run.calls.timed(
                "interaction",
                lambda sent=sent, event=event: record_interaction(run.graph, *sent, event.event_id),
            )
            if done:
                run.acknowledge([event])
            continue
        events = [_drawn(run, rng, f"{number} {turn} {k}") for k in range(EVENTS_A_BATCH - TWICE)]
        events += [
            _drawn(run, Random(f"{number // 2} {turn} {k}"), f"both {number // 2} {turn} {k}")
            for k in range(TWICE)
        ]
        rng.shuffle(events)
        frame = read_events([_line(event, rng) for event in events]).frame
        if run.calls.timed(
            f"batch of {EVENTS_A_BATCH}",
            lambda frame=frame: record_events(run.graph, frame, run.settings),
        ):
            run.acknowledge(events)


def _drawn(run: Run, rng: Random, event_id: str) -> Event:
    known = rng.random() < 0.9
    user = rng.choice(run.users) if known else f"new {rng.randrange(NEW_USERS)}"
    return Event(user, rng.choice(run.items), event_id)


def _line(event: Event, rng: Random) -> bytes:
    domain, _, item_id = event.item.partition(":")
    row = {"user_id": event.user, "domain": domain, "item_id": item_id}
    return json.dumps(
        row | {"event_id": event.event_id, "weight": rng.choice((1.0, -1.0))}
    ).encode()


def reads(run: Run, number: int) -> None:
    """One reader."""
    rng = Random(-number - 1)
    while run.goes_on():
        asked = (rng.choice(run.users), rng.choice(DOMAINS), 10, run.settings)
        run.calls.timed("recommendation", lambda asked=asked: recommend(run.graph, *asked))


def recounts(run: Run) -> None:
    """What a retraining counts anew, while events come in."""
    half_life, version = run.settings.half_life_days, number_of_answering(run.graph)

    def recount() -> None:
        update_popularity(run.graph, half_life)
        derive_user_interests(run.graph, half_life, version)

    while run.goes_on():
        run.calls.timed("recount", recount)
        time.sleep(min(SECONDS_BETWEEN_RECOUNTS, max(0.0, run.ends - time.monotonic())))


def at_once(run: Run, writers: int, readers: int) -> None:
    """Runs all callers until the time is up."""
    with ThreadPoolExecutor(writers + readers + 1) as pool:
        started = [pool.submit(writes, run, number) for number in range(writers)]
        started += [pool.submit(reads, run, number) for number in range(readers)]
        started.append(pool.submit(recounts, run))
        for one in started:
            one.result()


def figures(run: Run, seconds: float) -> list[dict[str, Any]]:
    """Rows of the page."""
    rows = []
    for what, spent in sorted(run.calls.seconds.items()):
        p50, p95 = np.percentile(1000 * np.array(spent), [50, 95])
        rows.append(
            {
                "what": what,
                "calls": len(spent),
                "a second": round(len(spent) / seconds, 1),
                "p50 ms": round(p50, 1),
                "p95 ms": round(p95, 1),
                "slowest ms": round(1000 * max(spent)),
                "errors": sum(error.startswith(f"{what}:") for error in run.calls.errors),
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
    with tempfile.TemporaryDirectory() as made, scratch(load_settings()) as settings:
        folder = Path(made)
        write_synthetic(folder, users=600, items=480)
        dataset = read_dataset(folder)
        with connect(settings) as graph:
            prepare(graph, dataset, folder, settings)
            named = dataset.interactions["user_id"].unique(maintain_order=True).to_list()
            items = dataset.items.select("domain", "item_id").sample(ITEMS, seed=7)
            keys = [f"{domain}:{item_id}" for domain, item_id in items.iter_rows()]
            start = time.monotonic()
            run = Run(graph, settings, named[:USERS], keys, start + 60 * options.minutes)
            for row in graph.run(INTERACTED, {}):
                run.ledger.sure[row["user"], row["item"]] = row["count"]
            at_once(run, options.writers, options.readers)
            seconds = time.monotonic() - start
            print(write(options.out, "Writers and readers at once", figures(run, seconds)))
            if run.calls.errors:
                sys.exit("Errors reached callers:\n" + "\n".join(run.calls.errors[:20]))
            try:
                run.ledger.check(graph)
                check_likes(graph, settings, scaled=True)
            except Violation as violation:
                sys.exit(f"Not exact: {violation}")
    print(
        write(
            options.out,
            "Writers and readers at once",
            figures(run, seconds),
            f"{options.writers} writers and {options.readers} readers for {seconds:.0f} s, on "
            f"{USERS} known users and up to {NEW_USERS} new ones, {ITEMS} items; a batch is one "
            f"transaction, and {TWICE} of its events are sent by another writer as well. A recount "
            "is that of popularity and of all interests, as a retraining makes it. No error "
            f"reached a caller, and the counts of {run.ledger.sure.total():,} interactions, "
            f"{len(run.ledger.ids):,} event ids and the likes and popularity of every item are "
            "exact.",
        )
    )


if __name__ == "__main__":
    main()
