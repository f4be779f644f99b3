"""Loads mutated small datasets, and looks for tracebacks, hangs and counts that disagree.

python benchmarks/fuzz.py [--seed 0] [--count 20000] [--only SEED] -o benchmarks/fuzz

Each seed makes a dataset of a few dozen rows with one to five mutations: other spellings, formats,
encodings and compressions, and damaged values, bytes and files. `isthmus ingest --dry-run` and a
load into an empty graph of a Neo4j of its own must end with exit code 0, or with 2 and a sentence,
within 20 s and without a word of a library; the counts that they print must be those of the graph;
and where no mutation changes what the dataset says, its graph must be that of the dataset without
mutations. Every tenth dataset is loaded twice, which must change nothing, and every 200th is read
by a process of its own. Outcomes are appended to --work, from where a run that was stopped goes on.
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from shared.fuzz_cases import Case, write_base, write_case
from shared.fuzz_console import Result, run_command
from shared.page import write

import isthmus.graph.database as database
from isthmus.graph.database import Graph, connect
from isthmus.graph.server import scratch
from isthmus.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[1]
MAX_MEMORY = 8 * 2**30
PROCESS_EVERY = 200
TWICE_EVERY = 10
REJECTED_SHARE = "ISTHMUS_MAX_REJECTED_SHARE"
"""Setting by which every other dataset is loaded however many of its rows are invalid."""
DELETE_ALL = "MATCH (n) WHERE NOT n:Migration DETACH DELETE n"
CONTENT = {
    "users": "MATCH (n:User) RETURN n.id AS key",
    "items": "MATCH (n:Item) RETURN n.key AS key, n.title AS title, n.text AS text, "
    "n.categories AS categories, n.published_at.epochMillis AS published",
    "interactions": "MATCH (u:User)-[r:INTERACTED]->(i:Item) RETURN u.id + ' ' + i.key AS key, "
    "round(r.weight, 6) AS weight, r.count AS count, r.kind AS kind, "
    "r.first_at.epochMillis AS first, r.last_at.epochMillis AS last",
    "texts": "MATCH (u:User)-[:WROTE]->(t:Text) RETURN t.id AS key, u.id AS user, "
    "t.sha256 AS hash, t.language AS language, t.written_at.epochMillis AS written",
    "follows": "MATCH (u:User)-[f:FOLLOWS]->(v:User) "
    "RETURN u.id + ' ' + v.id AS key, f.weight AS weight",
    "accounts": "MATCH (a:Account)-[:OF]->(u:User) RETURN a.key AS key, u.id AS user",
    "categories": "MATCH (c:CategoryName) "
    "RETURN c.category + ' ' + c.language AS key, c.name AS name",
}
"""What is compared of two graphs."""
COUNTS = ("users", "items", "interactions", "texts")

Content = dict[str, dict[str, dict[str, Any]]]


class Fuzzer:
    """Runs the datasets of seeds against one server.

    Attributes:
        graph: Where they are loaded; None if they are only read.
        settings: `home` of all commands.
        work: Folder of the datasets.
        limit: Seconds after which a command counts as hanging.
    """

    def __init__(self, graph: Graph | None, settings: Settings, work: Path, limit: float) -> None:
        self.graph = graph
        self.settings = settings
        self.work = work
        self.limit = limit
        self.bases: dict[tuple[str, int], Content | None] = {}

    def run(self, seed: int) -> dict[str, Any]:
        """Runs the dataset of a seed; returns its outcome. The folder of a fault is kept."""
        folder = self.work / "datasets" / str(seed)
        shutil.rmtree(folder, ignore_errors=True)
        faulthandler.dump_traceback_later(20 * self.limit, exit=True)
        case = write_case(seed, folder)
        os.environ[REJECTED_SHARE] = "1" if seed % 2 else "0.05"
        start = time.monotonic()
        outcome, fault = self._examine(seed, case, folder)
        seconds = time.monotonic() - start
        faulthandler.cancel_dump_traceback_later()
        if fault is None:
            shutil.rmtree(folder)
        return {
            "seed": seed,
            **asdict(case),
            "outcome": outcome,
            "fault": fault,
            "seconds": round(seconds, 3),
        }

    def _examine(self, seed: int, case: Case, folder: Path) -> tuple[str, str | None]:
        dry_run = self._ingest(folder, "--dry-run", as_json=seed % 3 > 0)
        if fault := dry_run.fault(self.limit):
            return "fault", f"dry run: {fault}"
        if seed % PROCESS_EVERY == 0 and (fault := self._compare_process(folder, dry_run)):
            return "fault", f"process: {fault}"
        is_read = not dry_run.code or "rows" in dry_run.out
        if self.graph is None:
            return ("read" if is_read else "refused"), None
        if not is_read and seed % TWICE_EVERY:
            return "refused", None
        self.graph.run(DELETE_ALL, {})
        load = self._ingest(folder)
        if fault := load.fault(self.limit) or self._compare(dry_run, load):
            return "fault", f"load: {fault}"
        if "users" not in load.document():
            return ("too many invalid rows" if "rows are invalid" in load.err else "refused"), None
        content = self._content()
        if seed % TWICE_EVERY == 0:
            again = self._ingest(folder)
            if fault := again.fault(self.limit) or _first_difference(content, self._content()):
                return "fault", f"second load: {fault}"
        if case.same and (base := self._base(case)) is not None:
            if fault := _first_difference(base, content):
                return "fault", f"not the graph without mutations: {fault}"
            return "the same graph", None
        return "loaded", None

    def _ingest(self, folder: Path, *options: str, as_json: bool = True) -> Result:
        more = ["--json"] if as_json else []
        home = ["--home", str(self.settings.home)]
        return run_command(["ingest", str(folder), *options, *more, *home], self.limit)

    def _compare_process(self, folder: Path, dry_run: Result) -> str | None:
        """Runs the dry run in a process of its own, which must end in the same way."""
        command = [sys.executable, "-m", "isthmus.scripts.main", "ingest", str(folder), "--dry-run"]
        try:
            done = subprocess.run(
                [*command, "--home", str(self.settings.home)],
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                timeout=3 * self.limit,
            )
        except subprocess.TimeoutExpired:
            return "a hang"
        result = Result(done.returncode, done.stdout, done.stderr, 0.0)
        if result.code != dry_run.code:
            return f"exit code {result.code}, and {dry_run.code} in process: {result.err[-300:]}"
        return result.fault(self.limit)

    def _compare(self, dry_run: Result, load: Result) -> str | None:
        """Compares what the dry run and the load say with each other and with the graph."""
        said, planned = load.document(), dry_run.document()
        if "users" in said:
            content = self._content()
            stored = {name: len(content[name]) for name in COUNTS}
            if any(said[name] != stored[name] for name in COUNTS):
                return f"the summary says {[said[n] for n in COUNTS]}, the graph has {stored}"
        if "tables" in planned and "items" not in planned["tables"]:
            return None  # all items could be in the graph
        if load.code != dry_run.code and (planned or "\nitems: " in "\n" + dry_run.out):
            return f"exit code {load.code}, and the dry run {dry_run.code}: {load.err[-300:]}"
        if "tables" not in planned or "users" not in said:
            return None
        items = planned["tables"]["items"]["rows"]
        if (items, planned["rejected"]) != (said["items"], said["rejected"]):
            return (
                f"the dry run says {items} items, {planned['rejected']} rejected, the load "
                f"{said['items']}, {said['rejected']}"
            )
        return None

    def _content(self) -> Content:
        graph = self.graph
        assert graph is not None
        return {
            name: {row["key"]: row for row in graph.run(query, {})}
            for name, query in CONTENT.items()
        }

    def _base(self, case: Case) -> Content | None:
        """Returns the graph of a dataset without mutations; None if it cannot be loaded."""
        key = (case.sort, case.base)
        if key not in self.bases:
            folder = self.work / "datasets" / "base"
            shutil.rmtree(folder, ignore_errors=True)
            write_base(*key, folder)
            assert self.graph is not None
            self.graph.run(DELETE_ALL, {})
            load = self._ingest(folder)
            self.bases[key] = self._content() if "users" in load.document() else None
        return self.bases[key]


def _first_difference(expected: Content, found: Content) -> str | None:
    for name, rows in expected.items():
        if rows == found[name]:
            continue
        if missing := rows.keys() - found[name].keys():
            return f"{name}: {min(missing)!r} is missing; {len(rows)} and {len(found[name])}"
        if more := found[name].keys() - rows.keys():
            return f"{name}: {min(more)!r} is too much; {len(rows)} and {len(found[name])}"
        key = next(key for key in rows if rows[key] != found[name][key])
        return f"{name}: {rows[key]} became {found[name][key]}"
    return None


@contextmanager
def server(read_only: bool) -> Iterator[tuple[Graph | None, Settings]]:
    """Yields the graph of a server of its own, to which every command of this process connects."""
    if read_only:
        yield None, load_settings()
        return
    with scratch(load_settings()) as settings, connect(settings) as graph:

        @contextmanager
        def same_graph(*_: Any, **__: Any) -> Iterator[Graph]:
            yield graph

        database.connect = same_graph
        resource.setrlimit(resource.RLIMIT_DATA, (MAX_MEMORY, MAX_MEMORY))
        yield graph, settings
        database.connect = connect


def read_outcomes(path: Path) -> dict[int, dict[str, Any]]:
    """Returns the outcomes of a run by seed, of which the last one of a seed counts."""
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    outcomes = [json.loads(line) for line in lines if line.endswith("}")]
    return {outcome["seed"]: outcome for outcome in outcomes}


def page_rows(outcomes: list[dict[str, Any]]) -> list[dict[str, object]]:
    """Returns the rows of the page: the outcomes of each mutation, and of all datasets."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for outcome in outcomes:
        for name in dict.fromkeys((*outcome["mutations"], "all")):
            counts[name][outcome["outcome"]] += 1
    names = ["the same graph", "loaded", "read", "refused", "too many invalid rows", "fault"]
    names = [name for name in names if any(total[name] for total in counts.values())]
    return [
        {"mutation": name, "datasets": total.total()} | {each: total[each] for each in names}
        for name, total in sorted(counts.items(), key=lambda pair: (pair[0] == "all", pair[0]))
    ]


def fuzz(fuzzer: Fuzzer, seeds: list[int], log: Path, stops: list[int]) -> None:
    """Runs seeds, and appends each outcome to the log; prints faults and the rate.

    Args:
        fuzzer: What runs them.
        seeds: The seeds.
        log: File of the outcomes.
        stops: Has an element once the run is to end.
    """
    start, faults = time.monotonic(), 0
    for number, seed in enumerate(seeds, 1):
        if stops:
            return
        outcome = fuzzer.run(seed)
        with log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(outcome, ensure_ascii=True) + "\n")
        if outcome["fault"]:
            faults += 1
            print(f"seed {seed}, {outcome['sort']}: {outcome['fault']}\n  {outcome['mutations']}")
        if number % 100 == 0 or number == len(seeds):
            rate = number / (time.monotonic() - start)
            print(f"{number:,} of {len(seeds):,}: {faults} faults, {rate:.1f} a second", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=0, help="first seed")
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--only", type=int, help="run this seed alone, and print what it made")
    parser.add_argument("--read-only", action="store_true", help="dry runs only: no server")
    parser.add_argument("--limit", type=float, default=20.0, help="seconds of a hang (default 20)")
    parser.add_argument("--fresh", action="store_true", help="forget the outcomes in --work")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "isthmus-fuzz")
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks" / "fuzz")
    options = parser.parse_args()
    stops: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):  # an exception could end in a command
        signal.signal(number, lambda *_: stops.append(1))
    options.work.mkdir(parents=True, exist_ok=True)
    os.environ["POLARS_MAX_THREADS"] = "2"
    log = options.work / ("read.jsonl" if options.read_only else "outcomes.jsonl")
    if options.fresh:
        log.unlink(missing_ok=True)
    wanted = range(options.seed, options.seed + options.count)
    done = read_outcomes(log)
    seeds = [seed for seed in wanted if seed not in done]
    with server(options.read_only) as (graph, settings):
        fuzzer = Fuzzer(graph, settings, options.work, options.limit)
        if options.only is not None:
            print(json.dumps(fuzzer.run(options.only), indent=1, ensure_ascii=False))
            return
        fuzz(fuzzer, seeds, log, stops)
    outcomes = [each for seed, each in read_outcomes(log).items() if seed in wanted]
    if not outcomes:
        return
    faults = [outcome for outcome in outcomes if outcome["fault"]]
    seconds = [outcome["seconds"] for outcome in outcomes]
    slowest, total = max(seconds), sum(seconds)
    done = "read, by `--dry-run` alone" if options.read_only else "read and loaded"
    print(
        write(
            options.out,
            "Fuzzing",
            page_rows(outcomes),
            f"{len(outcomes):,} datasets with the seeds from {options.seed}: {len(faults)} faults. "
            f"The slowest took {slowest:.1f} s to be {done}; all together took {total:,.0f} s of "
            "one process. A dataset with several mutations counts in the row of each.",
            *(f"Seed {each['seed']}: {each['fault']}" for each in faults),
        )
    )
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
