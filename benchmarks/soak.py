"""kill -9 at random moments, again and again, of commands that write and of the server below them.

python benchmarks/soak.py [--seed 7] [--kills 50] [--minutes N] -o benchmarks/soak

After each kill every acknowledged write is there and one whole generation answers; the same command
again completes what was begun. Every tenth time and at the end, what is counted as events come is
what a recount makes of them, and Neo4j's own check finds the files of the database sound. Synthetic
data, in a Neo4j of its own. It ends with 1 at the first promise that is not kept.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from jobs import LEASE, Command, Job, Jobs
from ledger import (
    INTERACTED,
    Ledger,
    Violation,
    check_generations,
    check_interests,
    check_likes,
    unencoded,
)
from page import write

from isthmus.errors import GOOD_EXIT_CODES, Locked
from isthmus.graph.database.session import connect
from isthmus.graph.server import lifecycle as server
from isthmus.graph.server.scratch import scratch
from isthmus.graph.sources import read_dataset
from isthmus.graph.sources.synthetic import write_synthetic
from isthmus.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[1]
JOBS = ("ingest", "follow", "feedback", "encode", "retrain")
VICTIMS = (*JOBS, "publish", "server")
"""Each is killed as often as the others; to publish are the last steps of a retraining."""
PUBLISHING = ("write", "judge", "publish")
KILLS_A_CHECK = 10
TRIES = 10
USERS, ITEMS = 300, 240


@dataclass(frozen=True)
class Kill:
    """One kill.

    Attributes:
        victim: What was killed.
        job: The command that was at work.
        phase: How far it had come.
        seconds: From the start of that command to the end of the one that completed its work.
    """

    victim: str
    job: str
    phase: str
    seconds: float

    def __str__(self) -> str:
        return f"{self.victim} killed, {self.job} {self.phase}: ok after {self.seconds:.1f} s"


@dataclass
class Soak:
    """An installation that is killed again and again.

    Attributes:
        settings: Of the installation.
        jobs: What makes its work.
        ledger: What was acknowledged.
        seconds: That each job took when it was whole, and a command that only reads.
        steps: Seconds of each step of a whole retraining, in their order.
        answers: Number of the generation that answered last.
        kills: What was killed so far.
    """

    settings: Settings
    jobs: Jobs
    ledger: Ledger = field(default_factory=Ledger)
    seconds: dict[str, float] = field(default_factory=dict)
    steps: dict[str, float] = field(default_factory=dict)
    answers: int = 0
    kills: list[Kill] = field(default_factory=list)

    def prepare(self, folder: Path, interactions: int, rng: Random) -> None:
        """Loads and trains, and measures how long each job takes."""
        for arguments in (("ingest", str(folder)), ("encode",), ("retrain",)):
            self.whole(Job("first", arguments))
        with connect(self.settings) as graph:
            for row in graph.run(INTERACTED, {}):
                self.ledger.sure[row["user"], row["item"]] = row["count"]
        if self.ledger.sure.total() != interactions:
            raise Violation(f"{self.ledger.sure.total()} of {interactions} rows were loaded.")
        self.whole(Job("connect", ("generations", "list")))
        for name in JOBS:
            job = self.jobs.make(name, rng)
            self.ledger.send(job.events)
            self.whole(job)
            self.check(name)

    def whole(self, job: Job) -> None:
        """Runs a command to its end, which acknowledges all that it writes."""
        for _ in range(TRIES):
            with Command(job, self.settings) as command:
                if command.ended() != Locked.exit_code:
                    self._note(command)
                    return
            time.sleep(LEASE)
        raise Violation(f"{command} finds the lock of a killed run held, {TRIES} times.")

    def _note(self, command: Command) -> None:
        """Notes what a command that ended by itself did, and how long it took."""
        if command.ended() not in GOOD_EXIT_CODES:
            raise Violation(f"{command} does not go on: {command.last_words()}")
        self.seconds[command.job.name] = time.monotonic() - command.started
        self.ledger.acknowledge(command.job.events)
        if command.job.name == "retrain":
            said = command.documents()[-1]
            self.steps = {step["name"]: step["seconds"] for step in said["steps"]}

    def kill(self, victim: str, rng: Random) -> Kill:
        """Kills once, and has the work completed; checks before and after that.

        Raises:
            Violation: A promise is not kept.
        """
        name = {"publish": "retrain", "server": rng.choice(JOBS)}.get(victim, victim)
        for _ in range(TRIES):
            if name == "encode":
                tables = self.jobs.make("ingest", rng)
                self.ledger.send(tables.events)
                self.whole(tables)
            job = self.jobs.make(name, rng)
            self.ledger.send(job.events)
            before = self._left(job)
            with Command(job, self.settings) as command:
                step = self._wait(command, victim, rng)
                if not command.runs():
                    self._note(command)  # it was faster than ever before: another one
                    continue
                safe = self._end(command, victim)
                phase = step or _share_done(before, self._left(job.after(safe)))
                self.check()
                self.whole(job.after(safe))
                self.check(name)
                return Kill(victim, name, phase, time.monotonic() - command.started)
        raise Violation(f"{job.name} ended {TRIES} times before it could be killed.")

    def _wait(self, command: Command, victim: str, rng: Random) -> str | None:
        """Waits for the moment to kill, or the command's end; returns its step, if it has any."""
        name = command.job.name
        if name != "retrain":
            whole = self.seconds[name]
            moment = rng.uniform(min(self.seconds["connect"], whole / 2), whole)
            _until(lambda: time.monotonic() >= command.started + moment, command)
            return None
        names = [step for step in self.steps if victim != "publish" or step in PUBLISHING]
        step = rng.choice(names)
        before = list(self.steps)[: list(self.steps).index(step)]
        if before:
            _until(lambda: before[-1] in command.steps(), command)
        else:
            connected = command.started + self.seconds["connect"]
            _until(lambda: time.monotonic() >= connected, command)
        moment = time.monotonic() + rng.uniform(0, self.steps[step])
        _until(lambda: time.monotonic() >= moment, command)
        return "in " + next((name for name in self.steps if name not in command.steps()), "its end")

    def _end(self, command: Command, victim: str) -> int:
        """Kills the command or the server; returns how many events were acknowledged till then."""
        done = False
        if victim == "server":
            record = server.find(self.settings)
            if record is None:
                raise Violation("The server has ended by itself.")
            os.kill(record.pid, signal.SIGKILL)
            done = command.ended() in GOOD_EXIT_CODES
        else:
            command.kill()
        safe = len(command.job.events) if done else command.safe()
        self.ledger.acknowledge(command.job.events[:safe])
        return safe

    def _left(self, job: Job) -> int:
        """How much of what a job is to write the graph lacks; a retraining has its steps."""
        if job.name == "retrain":
            return 0
        with connect(self.settings) as graph:
            if job.name == "encode":
                return unencoded(graph)
            return len(job.events) - self.ledger.found(graph, job.events)

    def check(self, completed: str = "") -> None:
        """Compares the graph with what was acknowledged and promised.

        Args:
            completed: The job that has just ended as it should, if one has.
        """
        with connect(self.settings) as graph:
            self.ledger.check(graph)
            self.answers = check_generations(graph, self.answers, completed == "retrain")
            if completed:
                check_likes(graph, self.settings, scaled=completed in ("ingest", "retrain"))
            if completed == "encode" and (left := unencoded(graph)):
                raise Violation(f"{left} items and texts have no vector after `isthmus encode`.")

    def audit(self) -> None:
        """Counts interests anew, and has Neo4j check its files."""
        with connect(self.settings) as graph:
            check_interests(graph, self.settings)
        server.check_database(self.settings)


def _until(reached: Callable[[], bool], command: Command) -> None:
    while command.runs() and not reached():
        time.sleep(0.005)


def _share_done(before: int, after: int) -> str:
    if after == 0:
        return "with all written"
    return "with nothing written" if after == before else "with a part written"


def soak(settings: Settings, folder: Path, seed: int, kills: int, minutes: float) -> Soak:
    """Kills so often, or for so long; prints a line a kill.

    Raises:
        Violation: A promise is not kept.
    """
    ends = time.monotonic() + 60 * minutes
    planted = write_synthetic(folder / "data", USERS, ITEMS, seed)
    run = Soak(settings, Jobs(read_dataset(folder / "data"), folder))
    run.prepare(folder / "data", planted.interactions, Random(seed))
    deck: list[str] = []
    while len(run.kills) < kills and time.monotonic() < ends:
        rng = Random(f"{seed} {len(run.kills)}")
        deck = deck or rng.sample(VICTIMS, len(VICTIMS))
        victim = deck.pop()
        try:
            run.kills.append(run.kill(victim, rng))
        except Violation as violation:
            raise Violation(f"in kill {len(run.kills) + 1}, {victim}: {violation}") from violation
        print(f"{len(run.kills)}: {run.kills[-1]}", flush=True)
        if len(run.kills) % KILLS_A_CHECK == 0 and len(run.kills) < kills:
            run.audit()
    run.audit()
    return run


def rows_of(kills: list[Kill]) -> list[dict[str, object]]:
    """Rows of the page, one a victim."""
    rows = []
    for victim in VICTIMS:
        some = [kill for kill in kills if kill.victim == victim]
        if some:
            met = Counter(f"{kill.job} {kill.phase}" for kill in some)
            rows.append(
                {
                    "victim": victim,
                    "kills": len(some),
                    "when": ", ".join(f"{phase}: {n}" for phase, n in sorted(met.items())),
                    "seconds until whole again": round(sum(k.seconds for k in some) / len(some), 1),
                }
            )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=7, help="of victims, moments and data")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="end after these")
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks" / "soak")
    options = parser.parse_args()
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, scratch(load_settings()) as settings:
        try:
            run = soak(settings, Path(folder), options.seed, options.kills, options.minutes)
        except Violation as violation:
            sys.exit(f"Violated with the seed {options.seed}: {violation}")
    print(
        write(
            options.out,
            "Soak",
            rows_of(run.kills),
            f"{len(run.kills)} kills with the seed {options.seed} in "
            f"{time.monotonic() - start:.0f} s. All {run.ledger.sure.total():,} acknowledged "
            f"interactions are there, each once, and {len(run.ledger.ids):,} event ids are known; "
            "after each kill one whole generation answered and the same command went on; likes, "
            "popularity and interests are what a recount makes of them; `neo4j-admin database "
            "check` found nothing. The phase of a retraining is its step.",
        )
    )


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
