"""Commands that write, as processes that can be killed, and small things for them to write."""

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

from ledger import Event, Violation

from isthmus.graph.ingest.dataset import Dataset
from isthmus.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
ISTHMUS = (sys.executable, "-m", "isthmus.scripts.main")
LEASE = 1.0
"""Seconds for which a killed retraining holds its lock."""
LONGEST = 600.0
"""Seconds after which a command hangs."""
NEW_USERS, NEW_ITEMS, LIKES_A_USER = 20, 3, 12
STREAM_USERS, TASTES = 20, 8
EVENTS_A_STREAM = 4_000
FIRST_DAY = 1_735_689_600


@dataclass(frozen=True)
class Job:
    """A command and what it writes.

    Attributes:
        name: Of the job.
        arguments: Of `isthmus`.
        events: What it writes, in its order.
        lines: The same as a file that it reads from standard input, or None.
    """

    name: str
    arguments: tuple[str, ...]
    events: tuple[Event, ...] = ()
    lines: Path | None = None

    def after(self, safe: int) -> Job:
        """The same command for what is not safe yet."""
        if self.lines is None:
            return replace(self, events=self.events[safe:])
        rows = self.lines.read_bytes().splitlines(keepends=True)[safe:]
        left = self.lines.with_suffix(f".{safe}.jsonl")
        left.write_bytes(b"".join(rows))
        return replace(self, events=self.events[safe:], lines=left)


class Command:
    """A running `isthmus` command; the block's end is its end."""

    def __init__(self, job: Job, settings: Settings) -> None:
        self.job = job
        self.started = time.monotonic()
        self._said = settings.home / "said.jsonl"
        self._logged = settings.home / "logged.jsonl"
        foreign = ("NEO4J_", "ISTHMUS_NEO4J_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        own = {
            "PYTHONPATH": str(ROOT),
            "ISTHMUS_LOCK_SECONDS": str(LEASE),
            "ISTHMUS_LOG_FORMAT": "json",
        }
        with (
            self._said.open("wb") as said,
            self._logged.open("wb") as logged,
            (job.lines or Path(os.devnull)).open("rb") as lines,
        ):
            self.process = subprocess.Popen(
                [*ISTHMUS, *job.arguments, "--json", "--home", str(settings.home)],
                stdin=lines,
                stdout=said,
                stderr=logged,
                cwd=settings.home,
                env=kept | own,
            )

    def __enter__(self) -> Command:
        return self

    def __exit__(self, *error: object) -> None:
        self.kill()

    def kill(self) -> None:
        """Kills it with -9; it has ended after that."""
        self.process.kill()
        self.process.wait()

    def runs(self) -> bool:
        """Whether it has not ended."""
        return self.process.poll() is None

    def ended(self) -> int:
        """Its exit code, once it has ended by itself.

        Raises:
            Violation: It hangs, or ended with a traceback.
        """
        try:
            code = self.process.wait(LONGEST)
        except subprocess.TimeoutExpired:
            raise Violation(f"{self} has not ended within {LONGEST:.0f} s.") from None
        if "Traceback" in self._logged.read_text():
            raise Violation(f"{self} ended with a traceback: {self.last_words()}")
        return code

    def documents(self) -> list[dict[str, Any]]:
        """What it printed, as far as the lines are whole."""
        whole = self._said.read_text().rpartition("\n")[0]
        return [json.loads(line) for line in whole.splitlines()]

    def steps(self) -> list[str]:
        """The steps of a retraining that are through."""
        whole = self._logged.read_text().rpartition("\n")[0]
        lines = [json.loads(line) for line in whole.splitlines() if line.startswith("{")]
        return [line["step"] for line in lines if "step" in line]

    def safe(self) -> int:
        """How many of its events it acknowledged, from the first on, while it was at work."""
        return max((said.get("line", 0) for said in self.documents()), default=0)

    def last_words(self) -> str:
        """What it said at its end."""
        return (self._said.read_text()[-1000:] + self._logged.read_text()[-3000:]).strip()

    def __str__(self) -> str:
        return f"`isthmus {' '.join(self.job.arguments)}`"


class Jobs:
    """Makes jobs, no two of which write the same.

    Users of tables are new with each; those of events come again. An event's user has few
    interests and writes nothing, so that no interest is too weak to be kept or weighed by a text.
    """

    def __init__(self, dataset: Dataset, folder: Path) -> None:
        self.folder = folder
        self.number = 0
        rows = dataset.items.select("domain", "item_id", "categories").iter_rows()
        self.items = [(f"{domain}:{item}", categories) for domain, item, categories in rows]
        themes = sorted({of[0] for _, of in self.items})
        self.by_taste = [
            [key for key, of in self.items if themes.index(of[0]) % TASTES == taste]
            for taste in range(TASTES)
        ]

    def make(self, name: str, rng: Random) -> Job:
        """A job of this name."""
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
        """New users with their likes and texts, and new items, which only a table can bring."""
        tables = self.folder / f"tables {self.number}"
        tables.mkdir(parents=True)
        users = [f"t{self.number}-{k}" for k in range(NEW_USERS)]
        items = [
            [f"new{self.number}-{k}", *_like(rng.choice(self.items), self.number, k)]
            for k in range(NEW_ITEMS)
        ]
        likes = [
            [user, *key.split(":"), rng.choice((1.0, 0.5, -1.0)), FIRST_DAY + rng.randrange(10**7)]
            for user in users
            for key in rng.sample([key for key, _ in self.items], LIKES_A_USER)
        ]
        texts = [[user, f"Nothing like number {self.number}, says {user}."] for user in users]
        _write(tables / "items.csv", "item_id,domain,title,categories", items)
        _write(tables / "interactions.csv", "user_id,domain,item_id,weight,timestamp", likes)
        _write(tables / "texts.csv", "user_id,text", texts)
        events = tuple(Event(row[0], f"{row[1]}:{row[2]}") for row in likes)
        return Job("ingest", ("ingest", str(tables)), events)

    def _follow(self, rng: Random) -> Job:
        events = tuple(self._event(rng, k) for k in range(EVENTS_A_STREAM))
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
        event = self._event(rng, 0)
        assert event.event_id is not None
        said = ("feedback", event.user, *event.item.split(":"), "--event-id", event.event_id)
        return Job("feedback", said, (event,))

    def _event(self, rng: Random, k: int) -> Event:
        user = rng.randrange(STREAM_USERS)
        item = rng.choice(self.by_taste[user % TASTES])
        return Event(f"s{user}", item, f"{self.number}-{k}")


def _like(item: tuple[str, list[str]], number: int, k: int) -> list[str]:
    """Domain, title and categories of a new item that is like a known one."""
    key, categories = item
    return [key.split(":")[0], f"A new one, {number} {k}", "|".join(categories)]


def _write(path: Path, header: str, rows: list[list[Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(header.split(","))
        table.writerows(rows)
