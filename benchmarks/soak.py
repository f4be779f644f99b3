"""Kills write commands and their server with SIGKILL at random times, among other faults.

python benchmarks/soak.py [--seed 7] [--kills 50] [--minutes N] [--small-disk] -o benchmarks/soak

The other faults: the server is stopped for some seconds (SIGSTOP); other sessions take all memory
that it gives to transactions; its clock is set back while a killed run holds the lock; with
`--small-disk` (as root), its disk is full. After each fault every acknowledged write must be in the
graph and one complete generation active, and the same command must complete its work when it is run
again. After every tenth fault and at the end, derived counts must equal a recount, and Neo4j's own
check must find the database files consistent. Synthetic data in a new Neo4j. It exits with 1 at the
first violated guarantee.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from shared.faults import (
    filled_disk,
    frozen_server,
    killed_server,
    no_memory,
    set_clock_back,
    small_disk,
)
from shared.jobs import LOCK_SECONDS, Command, Job, Jobs
from shared.kills import FAULTS, FULL_DISK, JOBS, RESTS_KB, VICTIMS, Kill, page_rows
from shared.ledger import (
    INTERACTED,
    Ledger,
    Violation,
    check_generations,
    check_interests,
    check_likes,
    count_unencoded,
)
from shared.page import write

from isthmus.errors import GOOD_EXIT_CODES, Locked, Refused
from isthmus.graph import server
from isthmus.graph.database import connect
from isthmus.graph.server import scratch, shared_home
from isthmus.graph.sources import read_dataset, write_synthetic
from isthmus.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[1]
PUBLISH_STEPS = ("write", "judge", "publish")
KILLS_PER_CONSISTENCY_CHECK = 10
COMPLETED_EXIT_CODES = (*GOOD_EXIT_CODES, Refused.exit_code)
"""A retraining that the promotion gate refuses is complete: the tables here are random."""
MAX_ATTEMPTS = 10
USERS, ITEMS = 300, 240


@dataclass
class Soak:
    """An installation whose commands and server are killed repeatedly.

    Attributes:
        settings: Settings of the installation.
        jobs: Source of the jobs.
        ledger: Acknowledged writes.
        seconds: Duration of each job without a kill, and of a command that only reads.
        steps: Seconds of each step of a complete retraining, in order.
        active: Number of the generation that was active at the last check.
        kills: Kills so far.
        outputs: Folder for the output of the commands; the home if None.
    """

    settings: Settings
    jobs: Jobs
    ledger: Ledger = field(default_factory=Ledger)
    seconds: dict[str, float] = field(default_factory=dict)
    steps: dict[str, float] = field(default_factory=dict)
    active: int = 0
    kills: list[Kill] = field(default_factory=list)
    outputs: Path | None = None

    def prepare(self, folder: Path, interactions: int, rng: Random) -> None:
        """Loads and trains, and measures the duration of each job."""
        for arguments in (("ingest", str(folder)), ("encode",), ("retrain",)):
            self.run_to_end(Job("first", arguments))
        with connect(self.settings) as graph:
            for row in graph.run(INTERACTED, {}):
                self.ledger.sure[row["user"], row["item"]] = row["count"]
        if self.ledger.sure.total() != interactions:
            raise Violation(f"{self.ledger.sure.total()} of {interactions} rows were loaded.")
        self.run_to_end(Job("connect", ("generations", "list")))
        for name in JOBS:
            job = self.jobs.create(name, rng)
            self.ledger.send(job.events)
            self.run_to_end(job)
            self.check(name)

    def start(self, job: Job) -> Command:
        """Starts a command."""
        return Command(job, self.settings, self.outputs)

    def run_to_end(self, job: Job) -> None:
        """Runs a command to its end, which acknowledges all its events."""
        for _ in range(MAX_ATTEMPTS):
            with self.start(job) as command:
                if command.wait() != Locked.exit_code:
                    self._record_success(command)
                    return
            time.sleep(LOCK_SECONDS)
        raise Violation(
            f"The lock of a killed run was still held in {MAX_ATTEMPTS} attempts of {command}."
        )

    def _record_success(self, command: Command) -> None:
        """Acknowledges the events of a command that ended by itself; stores its duration."""
        if command.wait() not in COMPLETED_EXIT_CODES:
            raise Violation(f"{command} failed: {command.last_output()}")
        self.seconds[command.job.name] = time.monotonic() - command.started
        self.ledger.acknowledge(command.job.events)
        if command.job.name == "retrain":
            document = command.documents()[-1]
            self.steps = {step["name"]: step["seconds"] for step in document["steps"]}

    def kill(self, victim: str, rng: Random) -> Kill:
        """Kills once and completes the work; checks the graph before and after completion.

        Raises:
            Violation: A guarantee is violated.
        """
        name = {"publish": "retrain", "clock": "retrain"}.get(victim, victim)
        if name not in JOBS:
            name = rng.choice(JOBS)
        for _ in range(MAX_ATTEMPTS):
            if name == "encode":
                tables = self.jobs.create("ingest", rng)
                self.ledger.send(tables.events)
                self.run_to_end(tables)
            job = self.jobs.create(name, rng)
            self.ledger.send(job.events)
            before = self._count_missing(job)
            with self.start(job) as command:
                step = self._wait_for_kill_time(command, victim, rng)
                if not command.is_running():
                    self._record_success(command)  # it was faster than before: try another job
                    continue
                acknowledged = self._strike(command, victim, rng)
                remainder = job.remainder(acknowledged)
                phase = step or _describe_progress(before, self._count_missing(remainder))
                self.check()
                self.run_to_end(remainder)
                self.check(name)
                return Kill(victim, name, phase, time.monotonic() - command.started)
        raise Violation(f"{job.name} ended {MAX_ATTEMPTS} times before it could be killed.")

    def _wait_for_kill_time(self, command: Command, victim: str, rng: Random) -> str | None:
        """Waits for a random time or the command's end; returns the step of a retraining."""
        name = command.job.name
        if name != "retrain":
            duration = self.seconds[name]
            delay = rng.uniform(min(self.seconds["connect"], duration / 2), duration)
            _wait_until(lambda: time.monotonic() >= command.started + delay, command)
            return None
        names = [step for step in self.steps if victim != "publish" or step in PUBLISH_STEPS]
        step = rng.choice(names)
        previous = list(self.steps)[: list(self.steps).index(step)]
        if previous:
            _wait_until(lambda: previous[-1] in command.completed_steps(), command)
        else:
            connected = command.started + self.seconds["connect"]
            _wait_until(lambda: time.monotonic() >= connected, command)
        kill_time = time.monotonic() + rng.uniform(0, self.steps[step])
        _wait_until(lambda: time.monotonic() >= kill_time, command)
        completed = command.completed_steps()
        return "in " + next((name for name in self.steps if name not in completed), "its end")

    def _strike(self, command: Command, victim: str, rng: Random) -> int:
        """Lets the fault happen; returns the number of acknowledged events."""
        succeeded = False
        if victim in ("server", "frozen server", "no memory", FULL_DISK):
            with self._fault(victim, rng):
                succeeded = command.wait() in COMPLETED_EXIT_CODES
        else:
            command.kill()
        if victim == "clock" and set_clock_back(self.settings):
            self._unlock(command.job)
        acknowledged = len(command.job.events) if succeeded else command.acknowledged_events()
        self.ledger.acknowledge(command.job.events[:acknowledged])
        return acknowledged

    def _fault(self, victim: str, rng: Random) -> AbstractContextManager[None]:
        """Returns the fault that lasts while a command runs to its end."""
        if victim == "frozen server":
            return frozen_server(self.settings, rng)
        if victim == "no memory":
            return no_memory(self.settings)
        if victim == FULL_DISK:
            return filled_disk(self.settings.home, rng.choice(RESTS_KB))
        return killed_server(self.settings)

    def _unlock(self, job: Job) -> None:
        """Frees a lock that its killed run would hold for a day, as the command says."""
        with self.start(job) as command:
            if command.wait() != Locked.exit_code or "isthmus unlock" not in command.last_output():
                raise Violation(f"A lock ahead of the clock is not named: {command.last_output()}")
        self.run_to_end(Job("unlock", ("unlock", "--reason", "The clock was set back.")))

    def _count_missing(self, job: Job) -> int:
        """Counts what the job has yet to write; 0 for a retraining, which has steps instead."""
        if job.name == "retrain":
            return 0
        with connect(self.settings) as graph:
            if job.name == "encode":
                return count_unencoded(graph)
            return len(job.events) - self.ledger.count_stored(graph, job.events)

    def check(self, completed: str = "") -> None:
        """Checks the graph against the ledger, and its generations and likes.

        Args:
            completed: Name of the job that has just succeeded, if any.
        """
        with connect(self.settings) as graph:
            self.ledger.check(graph)
            self.active = check_generations(graph, self.active, completed == "retrain")
            if completed:
                check_likes(graph, self.settings, scaled=completed in ("ingest", "retrain"))
            if completed == "encode" and (missing := count_unencoded(graph)):
                raise Violation(f"{missing} items and texts have no vector after `isthmus encode`.")

    def check_consistency(self) -> None:
        """Derives interests again to compare them, and runs Neo4j's check of its files."""
        with connect(self.settings) as graph:
            check_interests(graph, self.settings)
        server.check_database(self.settings)


def _wait_until(condition: Callable[[], bool], command: Command) -> None:
    """Waits for the condition or the end of the command."""
    while command.is_running() and not condition():
        time.sleep(0.005)


def _describe_progress(before: int, after: int) -> str:
    if after == 0:
        return "with all written"
    return "with nothing written" if after == before else "with a part written"


def soak(
    settings: Settings,
    folder: Path,
    seed: int,
    kills: int,
    minutes: float,
    victims: tuple[str, ...] = (*VICTIMS, *FAULTS),
) -> Soak:
    """Lets faults happen until a number of them or a time is reached; prints a line for each.

    Raises:
        Violation: A guarantee is violated.
    """
    deadline = time.monotonic() + 60 * minutes
    planted = write_synthetic(folder / "data", USERS, ITEMS, seed)
    run = Soak(settings, Jobs(read_dataset(folder / "data"), folder), outputs=folder)
    run.prepare(folder / "data", planted.interactions, Random(seed))
    remaining: list[str] = []
    while len(run.kills) < kills and time.monotonic() < deadline:
        rng = Random(f"{seed} {len(run.kills)}")
        remaining = remaining or rng.sample(victims, len(victims))
        victim = remaining.pop()
        try:
            run.kills.append(run.kill(victim, rng))
        except Violation as violation:
            raise Violation(f"in kill {len(run.kills) + 1}, {victim}: {violation}") from violation
        print(f"{len(run.kills)}: {run.kills[-1]}", flush=True)
        if len(run.kills) % KILLS_PER_CONSISTENCY_CHECK == 0 and len(run.kills) < kills:
            run.check_consistency()
    run.check_consistency()
    return run


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=7, help="seed of victims, times and data")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument(
        "--minutes", type=float, default=float("inf"), help="maximum time (default: unlimited)"
    )
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks" / "soak")
    parser.add_argument(
        "--small-disk", action="store_true", help="fill a disk of its own, too; needs root"
    )
    options = parser.parse_args()
    start = time.monotonic()
    limits = (options.seed, options.kills, options.minutes)
    try:
        with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
            if options.small_disk:
                home = stack.enter_context(small_disk()) / "home"
                settings = shared_home(load_settings(), home)
                stack.callback(server.stop, settings)
                run = soak(settings, Path(folder), *limits, (*VICTIMS, *FAULTS, FULL_DISK))
            else:
                settings = stack.enter_context(scratch(load_settings()))
                run = soak(settings, Path(folder), *limits)
    except Violation as violation:
        sys.exit(f"Violation with seed {options.seed}: {violation}")
    print(
        write(
            options.out,
            "Soak",
            page_rows(run.kills),
            f"{len(run.kills)} faults with seed {options.seed} in "
            f"{time.monotonic() - start:.0f} s. All {run.ledger.sure.total():,} acknowledged "
            f"interactions are in the graph, each once, as are {len(run.ledger.ids):,} event ids; "
            "after each one complete generation was active and the same command completed "
            "its work; likes, popularity and interests equal a recount; `neo4j-admin database "
            "check` found no errors. The phase of a retraining is its step.",
        )
    )


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
