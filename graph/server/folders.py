"""The folders of a Neo4j, and how the data of one come to another."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import psutil

LEAST_PAGE_CACHE = 512 << 20
DATABASE = "neo4j"


@dataclass(frozen=True)
class Folders:
    """Where the parts of a Neo4j lie."""

    home: Path
    """Neo4j's own home: conf, data, logs, run."""
    jars: Path
    logs: Path

    @property
    def data(self) -> Path:
        """All that Neo4j stores: databases, their transaction logs, who may log in."""
        return self.home / "data"

    @property
    def replaced(self) -> Path:
        """The data that other data replace, until that is done."""
        return self.home / "data.replaced"

    @property
    def has_users(self) -> bool:
        """Whether a server ran on the data, so that their password is the one of then."""
        return (self.data / "databases" / "system").exists()

    def copy_users(self, other: Folders) -> None:
        """Gives another home all data of this one but the graph: who may log in."""
        graph = shutil.ignore_patterns(DATABASE)
        shutil.copytree(self.data, other.data, ignore=graph, dirs_exist_ok=True)

    def take_data(self, other: Folders) -> None:
        """Puts the data of another home in the place of these, by two renames.

        Killed between them, `settle_data` goes back to the data before.
        """
        if self.data.exists():
            self.data.replace(self.replaced)
        other.data.replace(self.data)
        shutil.rmtree(self.replaced, ignore_errors=True)

    def settle_data(self) -> None:
        """Leaves one of two data where `take_data` was killed."""
        if self.replaced.exists() and not self.data.exists():
            self.replaced.replace(self.data)
        shutil.rmtree(self.replaced, ignore_errors=True)

    def page_cache(self) -> str:
        """What holds the graph's files and some more, as Neo4j is told it: `640m`.

        512 MB at least, a quarter of the machine's memory at most.
        """
        stored = sum(file.stat().st_size for file in (self.data / "databases").rglob("*"))
        most = psutil.virtual_memory().total // 4
        return f"{max(LEAST_PAGE_CACHE, min(most, stored + stored // 4)) >> 20}m"

    @property
    def configuration(self) -> Path:
        """The file `neo4j.conf`."""
        return self.home / "conf" / "neo4j.conf"

    @property
    def console(self) -> Path:
        """What the process prints."""
        return self.logs / "server.log"

    @property
    def events(self) -> Path:
        """What Neo4j logs for its users; `debug.log` beside it has more."""
        return self.home / "logs" / "neo4j.log"
