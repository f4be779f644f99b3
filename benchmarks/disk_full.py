"""Fills the disk of a home at random times while write commands run (needs root, on Linux).

python benchmarks/disk_full.py [--seed 7] [--fillings 20] -o benchmarks/disk_full

The home is on a small disk of its own (tmpfs). While a command runs, a file takes all of the disk
but a random rest. The command must succeed, or end with "disk full". Then the file is deleted: the
next command must open the graph within 3 minutes, every acknowledged write must be in it, one
complete generation active, and the same command must complete its work. Synthetic data in a new
Neo4j. It exits with 1 at the first violated guarantee.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random

from shared.faults import filled_disk, small_disk
from shared.jobs import Command, Job, Jobs
from shared.kills import RESTS_KB
from shared.ledger import Violation
from shared.page import write
from soak import COMPLETED_EXIT_CODES, ITEMS, USERS, Soak

from isthmus.graph import server
from isthmus.graph.database import connect
from isthmus.graph.server import shared_home
from isthmus.graph.sources import read_dataset, write_synthetic
from isthmus.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[1]
VICTIMS = (
    "ingest", "follow", "feedback", "encode", "retrain", "publish", "backup", "restore", "bulk"
)  # fmt: skip
OFFLINE = ("backup", "restore", "bulk")
"""Commands that stop or start a server and write files of the graph."""
FULL = re.compile(r"disk full: \d+ MB free", re.IGNORECASE)
LOADED = "The tables are loaded, but the server does not start"
SECONDS_TO_OPEN = 180.0
MAX_ATTEMPTS = 10


@dataclass(frozen=True)
class Filling:
    """One filling of the disk.

    Attributes:
        victim: The command that was running.
        rest: Kilobytes that were left.
        outcome: Whether the command succeeded or ended with "disk full", before or after its load.
        seconds: From the deletion of the file to the first answer of the graph.
    """

    victim: str
    rest: int
    outcome: str
    seconds: float

    def __str__(self) -> str:
        return (
            f"{self.victim}, {self.rest} KB left: {self.outcome}, open after {self.seconds:.1f} s"
        )


class FullDisk(Soak):
    """An installation on a small disk that is filled repeatedly."""

    def prepare_offline(self, folder: Path, rng: Random) -> None:
        """Measures the duration of the commands that stop a server."""
        for name in OFFLINE:
            self.tables = folder / "data"
            self._run(self.create(name, rng))

    def create(self, name: str, rng: Random) -> Job:
        """Creates a job of this name."""
        if name not in OFFLINE:
            return self.jobs.create(name, rng)
        if name == "bulk":
            delete_home(self._bulk_settings())
            return Job(name, ("ingest", str(self.tables), "--bulk"))
        file = self.settings.home.parent / "graph.dump"
        file.unlink(missing_ok=True)
        backup = Job("backup", ("backup", str(file)))
        if name == "backup":
            return backup
        self._run(backup)  # of now: what was written since would be lost by a restore
        return Job(name, ("restore", str(file), "--yes"))

    def start(self, job: Job) -> Command:
        """Starts a command; a bulk load in an empty home on the same disk."""
        settings = self._bulk_settings() if job.name == "bulk" else self.settings
        return Command(job, settings, self.outputs)

    def _run(self, job: Job) -> None:
        """Runs a command to its end; of a bulk load, the graph must be complete."""
        self.run_to_end(job)
        if job.name == "bulk":
            self._check_bulk_load()

    def _check_bulk_load(self) -> None:
        with connect(self._bulk_settings()) as graph:
            nodes = graph.read("admin/nodes")[0]["nodes"]
        delete_home(self._bulk_settings())
        if nodes < USERS:
            raise Violation(f"A bulk load left {nodes} nodes.")

    def _bulk_settings(self) -> Settings:
        home = self.settings.home.parent / "bulk"
        home.mkdir(mode=0o700, exist_ok=True)
        return shared_home(self.settings, home)

    def fill(self, victim: str, rng: Random) -> Filling:
        """Fills the disk once and completes the work afterwards.

        Raises:
            Violation: A guarantee is violated.
        """
        name = "retrain" if victim == "publish" else victim
        for _ in range(MAX_ATTEMPTS):
            if name == "encode":
                tables = self.jobs.create("ingest", rng)
                self.ledger.send(tables.events)
                self.run_to_end(tables)
            job = self.create(name, rng)
            self.ledger.send(job.events)
            rest = rng.choice(RESTS_KB)
            with self.start(job) as command:
                self._wait_for_kill_time(command, victim, rng)
                if not command.is_running():
                    self._record_success(command)
                    continue
                with filled_disk(self.settings.home, rest):
                    outcome = self._end(command)
                started = time.monotonic()
                acknowledged = command.acknowledged_events()
            done = outcome == "succeeded"
            self.ledger.acknowledge(job.events if done else job.events[:acknowledged])
            self.check()
            seconds = time.monotonic() - started
            if seconds > SECONDS_TO_OPEN:
                raise Violation(f"The graph opened after {seconds:.0f} s.")
            if name == "backup":
                job = self.create(name, rng)  # it overwrites no file
            if name == "bulk" and outcome != "disk full":
                self._check_bulk_load()
            elif not (done and job.events):  # which are acknowledged once
                self._run(job if done else job.remainder(acknowledged))
            self.check("" if name in OFFLINE else name)
            return Filling(victim, rest, outcome, seconds)
        raise Violation(f"{victim} ended {MAX_ATTEMPTS} times before the disk could be filled.")

    def _end(self, command: Command) -> str:
        """Waits for the command; returns how it ended."""
        if command.wait() in COMPLETED_EXIT_CODES:
            return "succeeded"
        if not FULL.search(command.last_output()):
            raise Violation(f"{command} does not name the disk: {command.last_output()}")
        return "loaded, then disk full" if LOADED in command.last_output() else "disk full"


def delete_home(settings: Settings) -> None:
    """Stops the server of a home and deletes the home."""
    server.stop(settings)
    subprocess.run(["rm", "-rf", str(settings.home)], check=True)


def run(settings: Settings, folder: Path, seed: int, fillings: int) -> list[Filling]:
    """Fills the disk repeatedly; prints a line each time.

    Raises:
        Violation: A guarantee is violated.
    """
    planted = write_synthetic(folder / "data", USERS, ITEMS, seed)
    disk = FullDisk(settings, Jobs(read_dataset(folder / "data"), folder), outputs=folder)
    disk.prepare(folder / "data", planted.interactions, Random(seed))
    disk.prepare_offline(folder, Random(seed))
    done: list[Filling] = []
    victims: list[str] = []
    while len(done) < fillings:
        rng = Random(f"{seed} {len(done)}")
        victims = victims or rng.sample(VICTIMS, len(VICTIMS))
        victim = victims.pop()
        try:
            done.append(disk.fill(victim, rng))
        except Violation as violation:
            raise Violation(f"in filling {len(done) + 1}, {victim}: {violation}") from violation
        print(f"{len(done)}: {done[-1]}", flush=True)
    disk.check_consistency()
    return done


def page_rows(fillings: list[Filling]) -> list[dict[str, object]]:
    """Returns the rows of the page, one per command."""
    rows = []
    for victim in VICTIMS:
        of_victim = [filling for filling in fillings if filling.victim == victim]
        if of_victim:
            rows.append(
                {
                    "command": victim,
                    "fillings": len(of_victim),
                    "ended with disk full": sum(f.outcome != "succeeded" for f in of_victim),
                    "KB left": ", ".join(str(filling.rest) for filling in of_victim),
                    "longest seconds to open": round(max(f.seconds for f in of_victim), 1),
                }
            )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=7, help="seed of victims, times and data")
    parser.add_argument("--fillings", type=int, default=20)
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks" / "disk_full")
    options = parser.parse_args()
    start = time.monotonic()
    try:
        with small_disk() as disk, tempfile.TemporaryDirectory() as folder:
            settings = shared_home(load_settings(), disk / "home")
            try:
                fillings = run(settings, Path(folder), options.seed, options.fillings)
            finally:
                server.stop(settings)
                server.stop(shared_home(settings, disk / "bulk"))
    except Violation as violation:
        sys.exit(f"Violation with seed {options.seed}: {violation}")
    print(
        write(
            options.out,
            "Full disk",
            page_rows(fillings),
            f"{len(fillings)} fillings with seed {options.seed} in "
            f"{time.monotonic() - start:.0f} s. The graph opened after each, with every "
            "acknowledged write and one complete generation, and the same command completed its "
            "work; `neo4j-admin database check` found no errors.",
        )
    )


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
