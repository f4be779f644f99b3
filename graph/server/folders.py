"""The folders of a Neo4j server, and moving the data of one home into another."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import psutil

MIN_PAGE_CACHE = 512 << 20
DATABASE = "neo4j"


@dataclass(frozen=True)
class Folders:
    """Locations of the parts of a Neo4j server.

    Attributes:
        home: Home folder of Neo4j, with conf, data, import, logs and run.
        jars: Folder of the jars, which is also the working folder of Java.
        logs: Folder for the output of the processes.
    """

    home: Path
    jars: Path
    logs: Path

    @property
    def data(self) -> Path:
        """Folder of the databases, their transaction logs and the database users."""
        return self.home / "data"

    @property
    def replaced(self) -> Path:
        """Folder that holds the previous data while `take_data` replaces them."""
        return self.home / "data.replaced"

    @property
    def has_users(self) -> bool:
        """Whether a server has run on the data, so that their password is already set."""
        return (self.data / "databases" / "system").exists()

    def copy_users(self, other: Folders) -> None:
        """Copies all data except the graph, that is the database users, to another home."""
        graph = shutil.ignore_patterns(DATABASE)
        shutil.copytree(self.data, other.data, ignore=graph, dirs_exist_ok=True)

    def delete_users(self) -> None:
        """Deletes all data except the graph."""
        kept = (DATABASE, "databases", "transactions")
        for folder in (self.data, self.data / "databases", self.data / "transactions"):
            for path in folder.iterdir():
                if path.name not in kept:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()

    def take_data(self, other: Folders) -> None:
        """Replaces the data with those of another home, by two renames.

        If the process is killed between the renames, `recover_data` restores the previous data.
        """
        if self.data.exists():
            self.data.replace(self.replaced)
        other.data.replace(self.data)
        shutil.rmtree(self.replaced, ignore_errors=True)

    def recover_data(self) -> None:
        """Restores or deletes the previous data that a killed `take_data` left behind."""
        if self.replaced.exists() and not self.data.exists():
            self.replaced.replace(self.data)
        shutil.rmtree(self.replaced, ignore_errors=True)

    def page_cache(self) -> str:
        """Returns a page cache size for the graph's files in Neo4j's notation, as `640m`.

        125 % of the size of the files, at least 512 MB and at most a quarter of the memory.
        """
        stored = sum(file.stat().st_size for file in (self.data / "databases").rglob("*"))
        limit = psutil.virtual_memory().total // 4
        return f"{max(MIN_PAGE_CACHE, min(limit, stored + stored // 4)) >> 20}m"

    @property
    def configuration(self) -> Path:
        """The file `neo4j.conf`."""
        return self.home / "conf" / "neo4j.conf"

    @property
    def console(self) -> Path:
        """File with the standard output and standard error of the server process."""
        return self.logs / "server.log"

    @property
    def events(self) -> Path:
        """Neo4j's user log; `debug.log` in the same folder has more detail."""
        return self.home / "logs" / "neo4j.log"
