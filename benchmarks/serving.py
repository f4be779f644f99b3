"""How fast a large graph answers, alone and while the next generation is published.

python benchmarks/serving.py [--scale 18] [--answers 10000] -o benchmarks/serving

Synthetic tables are loaded in bulk into a Neo4j of its own. Three generations are published, so
that each item carries the edges of the one that answers and of the two that can be rolled back to.
Their edges are drawn as the tables are and not learned: answers take as long either way.
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from generate import DOMAINS, TASTES, drawn_edges, write_tables
from page import write

from isthmus.graph.database.connection import Graph
from isthmus.graph.database.session import connect
from isthmus.graph.generations.publish import (
    Provenance,
    activate,
    delete_superseded,
    edge_count,
    write_candidate,
)
from isthmus.graph.generations.snapshot import snapshot
from isthmus.graph.ingest.bulk import bulk_load
from isthmus.graph.interests.derivation import derive_user_interests
from isthmus.graph.interests.embeddings import pages
from isthmus.graph.server import lifecycle as server
from isthmus.graph.server.scratch import scratch
from isthmus.graph.serving.recommend import recommend
from isthmus.graph.sources import read_dataset
from isthmus.settings import Settings, load_settings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isthmus.gnn.data.arrays import InterestGraph
    from isthmus.gnn.edges.learned import LearnedEdges

ROOT = Path(__file__).resolve().parents[1]
ITEMS_AN_ANSWER = 10
WARM_UP = 2_000
EDGES, EDGES_OF_THE_NEXT = 50, 16
"""Of each kind that leave an item: of the generations there are, and of the one then published."""
HEAVY, HEAVY_INTERACTIONS, HEAVY_ANSWERS = "heavy", 5_000, 100
CLIENTS, READERS = 4, 2
READER_USERS = 1_000

QUIET_SECONDS = 20
P95, RATE, P95_HEAVY, P95_PUBLISHING, SECONDS = 20, 150, 60, 30, 150
"""The bars: milliseconds, answers a second, milliseconds, milliseconds, seconds."""

Row = dict[str, Any]
Question = tuple[str, str]
Ask = Callable[..., Row]


def answer(graph: Graph, settings: Settings, user: str, domain: str, paths: bool = True) -> Row:
    """What callers ask for."""
    return recommend(graph, user, domain, ITEMS_AN_ANSWER, settings, paths)


def add_heavy_user(folder: Path) -> None:
    """Somebody who met many items of both domains, more often popular ones, one each hour."""
    file = folder / "interactions.parquet"
    table = pl.read_parquet(file)
    met = table.group_by("domain", "item_id").len().sort("domain", "item_id")
    rng = np.random.default_rng(5)
    share = met["len"].to_numpy() / met["len"].sum()
    count = min(HEAVY_INTERACTIONS, len(met))
    done = met[rng.choice(len(met), count, replace=False, p=share)].select(
        pl.lit(HEAVY).alias("user_id"),
        "domain",
        "item_id",
        pl.Series("weight", rng.choice([-0.6, 0.2, 0.6, 1.0], count)),
        (table["timestamp"].max() + 3_600 * pl.int_range(count)).alias("timestamp"),
    )
    table = table.with_columns(pl.col("user_id").cast(pl.String))
    pl.concat([table, done.select(table.columns)]).write_parquet(file)


def interests_of_tastes(graph: Graph, settings: Settings) -> None:
    """An interest a taste, as the items' categories say: no text is encoded for them."""
    found = graph.write("encode/version", name="tastes", fingerprint="", dimensions=1)
    version = found[0]["version"]
    alike = {"languages": ["en"], "embedding": [1.0], "direction": [1.0], "bias": 0.0}
    names = [f"taste {taste}" for taste in range(TASTES)]
    interests = pl.DataFrame([alike | {"id": name, "names": [name]} for name in names])
    graph.write_batches("interests/set_interests", interests, "store interests", version=version)
    read = pages(graph, "interests/items", version=version, known=version)
    about = [
        {"id": row["id"], "about": [{"interest": row["categories"][0], "weight": 1.0}]}
        for page in read
        for row in page
    ]
    rows = pl.DataFrame(about)
    graph.write_batches("interests/set_item_interests", rows, "link items", version=version)
    derive_user_interests(graph, settings.half_life_days, version)


def prepare(settings: Settings, scale: int) -> InterestGraph:
    """Everything that stands before the first answer but for the generations."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_tables(folder, scale)
        add_heavy_user(folder)
        bulk_load(read_dataset(folder), folder, settings)
    with connect(settings) as graph:
        interests_of_tastes(graph, settings)
        return snapshot(graph)


def publish_timed(settings: Settings, data: InterestGraph, learned: LearnedEdges) -> Row:
    """As `publish` does it; seconds until it answers, and of clearing away."""
    with connect(settings) as graph:
        start = time.monotonic()
        number = write_candidate(graph, data, learned, Provenance("", {}))
        activate(graph, number, edge_count(learned))
        answers = time.monotonic()
        delete_superseded(graph)
        return {"seconds": answers - start, "clearing": time.monotonic() - answers}


def milliseconds(ask: Ask, asked: Sequence[Question]) -> NDArray[np.float64]:
    """How long one client waits for each answer."""
    spent = []
    for question in asked:
        start = time.perf_counter()
        ask(*question)
        spent.append(1000 * (time.perf_counter() - start))
    return np.array(spent)


def a_second(ask: Ask, asked: Sequence[Question]) -> float:
    """How many answers some clients get together."""
    with ThreadPoolExecutor(CLIENTS) as clients:
        start = time.perf_counter()
        for _ in clients.map(lambda question: ask(*question), asked):
            pass
        return len(asked) / (time.perf_counter() - start)


class Readers:
    """Clients that ask on and on, and look at each answer that they get.

    Attributes:
        pure: By question and generation, what was answered while nothing was published.
        seen: The same, what was answered first at any time; later answers must be alike.
    """

    def __init__(self, ask: Ask, questions: Sequence[Question]) -> None:
        self.ask, self.questions = ask, questions
        self.pure: dict[tuple[Question, int], Row] = {}
        self.seen: dict[tuple[Question, int], Row] = {}

    def learn_pure(self) -> None:
        """Asks each question while nothing else happens."""
        for question in self.questions:
            answer = self.ask(*question)
            self.pure[question, answer["generation"]] = answer

    def read(self, seed: int, ended: threading.Event) -> list[tuple[float, bool, bool]]:
        """Milliseconds of each answer, whether it lacks items, whether it is not as the first."""
        rng = np.random.default_rng(seed)
        found = []
        while not ended.is_set():
            question = self.questions[int(rng.integers(len(self.questions)))]
            start = time.perf_counter()
            answer = self.ask(*question)
            spent = 1000 * (time.perf_counter() - start)
            first = self.seen.setdefault((question, answer["generation"]), answer)
            found.append((spent, len(answer["items"]) < ITEMS_AN_ANSWER, not alike(first, answer)))
        return found

    def during(self, work: Callable[[], Row | None]) -> tuple[Row | None, NDArray[np.float64]]:
        """What some work gives, and what `read` found meanwhile, (answers, 3)."""
        ended = threading.Event()
        with ThreadPoolExecutor(READERS) as clients:
            reading = [clients.submit(self.read, seed, ended) for seed in range(READERS)]
            try:
                done = work()
            finally:
                ended.set()
        return done, np.array([row for reader in reading for row in reader.result()], dtype=float)

    def impure(self) -> int:
        """First answers that no generation gives; `learn_pure` was asked before and after."""
        return sum(
            key not in self.pure or not alike(self.pure[key], answer)
            for key, answer in self.seen.items()
        )


def alike(one: Row, other: Row) -> bool:
    """Whether two answers are the same but for rounding."""
    if one == other:
        return True
    lists = ([(item["item_id"], len(item["paths"])) for item in a["items"]] for a in (one, other))
    shares = (
        [number for item in a["items"] for number in (item["score"], *map(_share, item["paths"]))]
        for a in (one, other)
    )
    return next(lists) == next(lists) and np.allclose(*shares, rtol=1e-9, atol=1e-12)


def _share(path: Row) -> float:
    return float(path["share"])


def line(what: str, measured: str, bar: str = "", held: bool | None = None) -> Row:
    """A row of the page."""
    verdict = "" if held is None else "held" if held else "NOT held"
    return {"what": what, "measured": measured, "bar": bar, "verdict": verdict}


def percentiles(times: NDArray[np.float64]) -> tuple[str, float]:
    """As the page tells them, and the 95th."""
    p50, p95, most = np.percentile(times, [50, 95, 100])
    return f"p50 {p50:.1f}, p95 {p95:.1f}, max {most:.1f} ms", float(p95)


def quiet(ask: Ask, users: Sequence[str], count: int) -> list[Row]:
    """Answers while nothing else runs."""
    rng = np.random.default_rng(7)
    asked = [(str(rng.choice(users)), DOMAINS[k % 2]) for k in range(WARM_UP + count)]
    bare = partial(ask, paths=False)
    a_second(ask, asked[:WARM_UP])
    milliseconds(bare, asked[: WARM_UP // 4])
    asked = asked[WARM_UP:]
    rows = []
    for name, how in (("with paths", ask), ("without paths", bare)):
        told, p95 = percentiles(milliseconds(how, asked))
        rows.append(line(f"one client, {name}", told, f"p95 {P95} ms", p95 <= P95))
    rate = a_second(ask, asked)
    told = f"{CLIENTS} clients, with paths"
    rows.append(line(told, f"{rate:.0f} answers/s", f"{RATE} answers/s", rate >= RATE))
    heavy = milliseconds(ask, [(HEAVY, DOMAINS[k % 2]) for k in range(2 * HEAVY_ANSWERS)])
    told, p95 = percentiles(heavy[HEAVY_ANSWERS:])
    rows.append(
        line("a user with 5,000 interactions", told, f"p95 {P95_HEAVY} ms", p95 <= P95_HEAVY)
    )
    return rows


def publishing(
    ask: Ask,
    users: Sequence[str],
    count: int,
    settings: Settings,
    data: InterestGraph,
    learned: LearnedEdges,
) -> list[Row]:
    """Answers while a generation is published by another process."""
    rng = np.random.default_rng(9)
    some = rng.choice(users, min(READER_USERS, len(users)), replace=False).tolist()
    readers = Readers(ask, [(user, DOMAINS[k % 2]) for k, user in enumerate(some)])
    readers.learn_pure()
    _, before = readers.during(partial(time.sleep, QUIET_SECONDS))
    told, usual = percentiles(before[:, 0])
    rows = [line(f"{READERS} readers, nothing published", told)]
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        work = partial(pool.apply, publish_timed, (settings, data, learned))
        spent, found = readers.during(work)
    readers.learn_pure()
    told, p95 = percentiles(found[:, 0])
    most = max(2 * usual, P95_PUBLISHING)
    rows.append(line("the same during a publish", told, f"p95 {most:.1f} ms", p95 <= most))
    empty, mixed = int(found[:, 1].sum()), int(found[:, 2].sum()) + readers.impure()
    looked = f"{len(found):,} looked at, {empty} empty, {mixed} mixed"
    held = len(found) >= count and not empty and not mixed
    rows.append(line("answers during a publish", looked, f"0 of {count:,}", held))
    told = f"{spent['seconds']:.0f} s, and {spent['clearing']:.0f} s to clear away the oldest"
    name = f"publish {edge_count(learned):,} edges beside the readers"
    return [*rows, line(name, told, f"{SECONDS} s", spent["seconds"] <= SECONDS)]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--scale", type=int, default=18, help="times 250,000; 18 is 4 million")
    parser.add_argument("--answers", type=int, default=10_000, help="looked at during a publish")
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks" / "serving")
    options = parser.parse_args()
    scale = options.scale
    with scratch(load_settings()) as settings:
        data = prepare(settings, scale)
        for seed in range(3):
            print(publish_timed(settings, data, drawn_edges(data, scale, EDGES, seed)), flush=True)
        with connect(settings) as graph:
            ask = partial(answer, graph, settings)
            users = [user for user in data.users.tolist() if user != HEAVY]
            rows = quiet(ask, users, options.answers // 4)
            learned = drawn_edges(data, scale, EDGES_OF_THE_NEXT, 3)
            rows += publishing(ask, users, options.answers, settings, data, learned)
    told = (
        f"{len(data.last_at):,} interactions of {len(data.users):,} users with {len(data.items):,} "
        f"items, which carry the edges of three generations, {EDGES} of a kind each. Neo4j has a "
        f"heap of {settings.server_heap} and a page cache of {server.page_cache(settings)}."
    )
    print(write(options.out, "Serving", rows, told))


if __name__ == "__main__":
    main()
