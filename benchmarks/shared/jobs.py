"""Write commands as processes that can be killed, and small inputs for them."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

from isthmus.graph.ingest import Dataset
from isthmus.settings import Settings
from shared.ledger import Event, Violation

ROOT = Path(__file__).resolve().parents[2]
ISTHMUS = (sys.executable, "-m", "isthmus.scripts.main")
LOCK_SECONDS = 1.0
"""Seconds for which a killed retraining holds its lock."""
TIMEOUT_SECONDS = 600.0
"""Seconds after which a command counts as hanging."""
NEW_USERS, NEW_ITEMS, INTERACTIONS_PER_USER = 20, 3, 12
STREAM_USERS, TASTES = 20, 8
EVENTS_PER_STREAM = 4_000
FIRST_DAY = 1_735_689_600


@dataclass(frozen=True)
class Job:
    """A command and the events that it writes.

    Attributes:
        name: Name of the job.
        arguments: Arguments of `isthmus`.
        events: Events that it writes, in order.
        lines: File of the same events for standard input, or None.
    """

    name: str
    arguments: tuple[str, ...]
    events: tuple[Event, ...] = ()
    lines: Path | None = None

    def remainder(self, acknowledged: int) -> Job:
        """Returns the same command for the events after the acknowledged ones."""
        if self.lines is None:
            return replace(self, events=self.events[acknowledged:])
        rows = self.lines.read_bytes().splitlines(keepends=True)[acknowledged:]
        lines = self.lines.with_suffix(f".{acknowledged}.jsonl")
        lines.write_bytes(b"".join(rows))
        return replace(self, events=self.events[acknowledged:], lines=lines)


class Command:
    """A running `isthmus` command, which is killed at the end of the block.

    Args:
        job: The command.
        settings: Settings of its home.
        outputs: Folder for its output and its log; the home if not given.
    """

    def __init__(self, job: Job, settings: Settings, outputs: Path | None = None) -> None:
        self.job = job
        self.started = time.monotonic()
        self._output = (outputs or settings.home) / "output.jsonl"
        self._log = (outputs or settings.home) / "log.jsonl"
        server_settings = ("NEO4J_", "ISTHMUS_NEO4J_")
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(server_settings)
        }
        own = {
            "PYTHONPATH": str(ROOT),
            "ISTHMUS_LOCK_SECONDS": str(LOCK_SECONDS),
            "ISTHMUS_LOG_FORMAT": "json",
        }
        with (
            self._output.open("wb") as output,
            self._log.open("wb") as log,
            (job.lines or Path(os.devnull)).open("rb") as lines,
        ):
            self.process = subprocess.Popen(
                [*ISTHMUS, *job.arguments, "--json", "--home", str(settings.home)],
                stdin=lines,
                stdout=output,
                stderr=log,
                cwd=settings.home,
                env=inherited | own,
            )

    def __enter__(self) -> Command:
        return self

    def __exit__(self, *error: object) -> None:
        self.kill()

    def kill(self) -> None:
        """Kills the process with SIGKILL and waits for its end."""
        self.process.kill()
        self.process.wait()

    def is_running(self) -> bool:
        """Whether the process has not ended."""
        return self.process.poll() is None

    def wait(self) -> int:
        """Waits for the end of the process; returns its exit code.

        Raises:
            Violation: It hangs, or ended with a traceback.
        """
        try:
            code = self.process.wait(TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            raise Violation(f"{self} has not ended within {TIMEOUT_SECONDS:.0f} s.") from None
        if "Traceback" in self._log.read_text():
            raise Violation(f"{self} ended with a traceback: {self.last_output()}")
        return code

    def documents(self) -> list[dict[str, Any]]:
        """Returns the documents of the complete lines on standard output."""
        complete = self._output.read_text().rpartition("\n")[0]
        return [json.loads(line) for line in complete.splitlines()]

    def completed_steps(self) -> list[str]:
        """Returns the completed steps of a retraining."""
        complete = self._log.read_text().rpartition("\n")[0]
        records = [json.loads(line) for line in complete.splitlines() if line.startswith("{")]
        return [record["step"] for record in records if "step" in record]

    def acknowledged_events(self) -> int:
        """Returns the number of events that were acknowledged while the command ran."""
        return max((document.get("line", 0) for document in self.documents()), default=0)

    def last_output(self) -> str:
        """Returns the end of its output and its log."""
        return (self._output.read_text()[-1000:] + self._log.read_text()[-3000:]).strip()

    def __str__(self) -> str:
        return f"`isthmus {' '.join(self.job.arguments)}`"


class Jobs:
    """Creates jobs, no two of which write the same.

    Every table has new users; the users of events recur. Users of events have few interests and no
    texts, so that no interest is too weak to be stored, and none depends on a text.
    """

    def __init__(self, dataset: Dataset, folder: Path) -> None:
        self.folder = folder
        self.number = 0
        rows = dataset.items.select("domain", "item_id", "categories").iter_rows()
        self.items = [(f"{domain}:{item}", categories) for domain, item, categories in rows]
        all_categories = sorted({categories[0] for _, categories in self.items})
        self.keys_by_taste = [
            [
                key
                for key, categories in self.items
                if all_categories.index(categories[0]) % TASTES == taste
            ]
            for taste in range(TASTES)
        ]

    def create(self, name: str, rng: Random) -> Job:
        """Creates a job of this name."""
        self.number += 1
        if name == "ingest":
            return self._ingest(rng)
        if name == "follow":
            return self._follow(rng)
        if name == "feedback":
            return self._feedback(rng)
        arguments = {"encode": ("encode",), "retrain": ("retrain", "--force")}
        return Job(name, arguments[name])

    def _ingest(self, rng: Random) -> Job:
        """Creates a load of tables, with new users, their interactions and texts, and new items."""
        tables = self.folder / f"tables {self.number}"
        tables.mkdir(parents=True)
        users = [f"t{self.number}-{k}" for k in range(NEW_USERS)]
        items = [
            [f"new{self.number}-{k}", *_similar_item(rng.choice(self.items), self.number, k)]
            for k in range(NEW_ITEMS)
        ]
        interactions = [
            [user, *key.split(":"), rng.choice((1.0, 0.5, -1.0)), FIRST_DAY + rng.randrange(10**7)]
            for user in users
            for key in rng.sample([key for key, _ in self.items], INTERACTIONS_PER_USER)
        ]
        texts = [[user, f"Nothing like number {self.number}, says {user}."] for user in users]
        _write_csv(tables / "items.csv", "item_id,domain,title,categories", items)
        _write_csv(
            tables / "interactions.csv", "user_id,domain,item_id,weight,timestamp", interactions
        )
        _write_csv(tables / "texts.csv", "user_id,text", texts)
        events = tuple(Event(row[0], f"{row[1]}:{row[2]}") for row in interactions)
        return Job("ingest", ("ingest", str(tables)), events)

    def _follow(self, rng: Random) -> Job:
        events = tuple(self._draw_event(rng, k) for k in range(EVENTS_PER_STREAM))
        lines = self.folder / f"events {self.number}.jsonl"
        rows = [
            {
                "user_id": event.user,
                "domain": event.item.split(":")[0],
                "item_id": event.item.split(":")[1],
                "weight": rng.choice((1.0, 0.5, -1.0)),
                "event_id": event.event_id,
            }
            for event in events
        ]
        lines.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return Job("follow", ("ingest", "--follow"), events, lines)

    def _feedback(self, rng: Random) -> Job:
        event = self._draw_event(rng, 0)
        assert event.event_id is not None
        arguments = ("feedback", event.user, *event.item.split(":"), "--event-id", event.event_id)
        return Job("feedback", arguments, (event,))

    def _draw_event(self, rng: Random, k: int) -> Event:
        user = rng.randrange(STREAM_USERS)
        item = rng.choice(self.keys_by_taste[user % TASTES])
        return Event(f"s{user}", item, f"{self.number}-{k}")


def _similar_item(item: tuple[str, list[str]], number: int, k: int) -> list[str]:
    """Returns domain, title and categories of a new item, like those of an existing one."""
    key, categories = item
    return [key.split(":")[0], f"A new one, {number} {k}", "|".join(categories)]


def _write_csv(path: Path, header: str, rows: list[list[Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header.split(","))
        writer.writerows(rows)
