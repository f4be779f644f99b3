"""Restore and verification of a backup.

A backup is checked, loaded into an installation of its own beside the home, opened by a server
there and counted, while the server of the home goes on answering. Only then is that one stopped,
for the time of two renames.
"""

from __future__ import annotations

import logging
import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from isthmus.errors import InputError
from isthmus.graph import server
from isthmus.graph.database import connect, offline_server, refuse_while_retraining
from isthmus.graph.operations.backup import external_server_error
from isthmus.graph.operations.backup_file import check_file
from isthmus.graph.server import ServerError
from isthmus.settings import Settings

logger = logging.getLogger("isthmus.backup")

HEAP, PAGE_CACHE = "512m", "64m"


@dataclass(frozen=True)
class Verified:
    """A backup that was opened by a server.

    Attributes:
        file: Path of the file.
        bytes: Size of the file.
        created: When it was written, in UTC (ISO 8601); None without a description beside it.
        users: Users in it.
        items: Items in it.
        interactions: Interactions in it.
        texts: Texts in it.
        interests: Interests in it.
        seconds: Duration.
    """

    file: str
    bytes: int
    created: str | None
    users: int
    items: int
    interactions: int
    texts: int
    interests: int
    seconds: float

    def document(self) -> dict[str, object]:
        """Returns the result as `--json` prints it."""
        return asdict(self)

    def __str__(self) -> str:
        counts = ("users", "items", "interactions", "texts", "interests")
        listed = ", ".join(f"{getattr(self, name):,} {name}" for name in counts)
        written = f" of {self.created}" if self.created else ""
        return f"{self.file}: {self.bytes / 1e6:,.1f} MB{written} with {listed}"


@dataclass(frozen=True)
class Restored:
    """A backup that has become the graph.

    Attributes:
        backup: What it holds; its seconds include those of the replacement.
        seconds_offline: How long the graph was not available.
    """

    backup: Verified
    seconds_offline: float

    def document(self) -> dict[str, object]:
        """Returns the result as `--json` prints it."""
        return self.backup.document() | {"seconds_offline": self.seconds_offline}


def verify_backup(settings: Settings, file: Path) -> Verified:
    """Loads a backup beside the graph of the home, checks its files, and counts what it holds.

    Raises:
        InputError: The file is missing, damaged, not a backup, or of a newer version.
        DiskFull: The disk has no room for the graph.
        ServerError: A server cannot open it.
    """
    with _open_beside(settings, file.absolute(), check=True) as (verified, _):
        return verified


def restore_backup(settings: Settings, file: Path, yes: bool = False) -> Restored:
    """Replaces the graph of isthmus's own server by the graph of a backup.

    If anything fails, the previous graph goes on answering.

    Args:
        settings: Settings of the home, which need not have a graph.
        file: A file that `create_backup` or Neo4j's `database dump` wrote.
        yes: Replace an existing graph.

    Raises:
        InputError: NEO4J_URI is set, the file is missing, damaged, not a backup or of a newer
            version, or the home has a graph and `yes` is not set.
        Locked: A retraining is running.
        DiskFull: The disk has no room for the graph.
        ServerError: A server cannot open the graph of the backup.
    """
    file = file.absolute()
    if settings.neo4j_uri:
        options = "--from-stdin --overwrite-destination=true"
        load = f"database load {{}} {options} < {shlex.quote(str(file))}"
        raise external_server_error(settings, load)
    if server.has_graph(settings) and not yes:
        raise InputError(
            f"The home {settings.home} has a graph, which {file.name} would replace.",
            "Give --yes to replace it; to save it, run `isthmus backup` first.",
        )
    refuse_while_retraining(settings)
    start = time.monotonic()
    with _open_beside(settings, file, check=False) as (verified, trial):
        stopped = time.monotonic()
        with offline_server(settings):
            server.replace_database(settings, trial)
        now = time.monotonic()
    return Restored(
        replace(verified, seconds=round(now - start, 3)), seconds_offline=round(now - stopped, 3)
    )


@contextmanager
def _open_beside(
    settings: Settings, file: Path, check: bool
) -> Iterator[tuple[Verified, Settings]]:
    """Yields what a backup holds, and the stopped installation that it was loaded into.

    Args:
        settings: Settings of the home.
        file: The backup.
        check: Check the files of the graph, which a file without a description needs anyway.
    """
    start = time.monotonic()
    description = check_file(file)
    if description is None:
        logger.warning("%s has no description beside it; its content is checked instead.", file)
    small = {"server_heap": HEAP, "server_page_cache": PAGE_CACHE}
    with server.scratch(settings) as own:
        trial = own.model_copy(update=small)
        try:
            server.load_database(trial, file, check or description is None)
            logger.info("%s is loaded", file.name)
            with connect(trial, migrated=False) as graph:
                counts = graph.read("admin/contents")[0]
            server.stop(trial)
        except server.DiskFull:
            raise
        except ServerError as error:
            raise ServerError(
                f"The graph of {file} cannot be opened: {error.message}",
                "The graph of the home is unchanged. Give another backup.",
            ) from error
        logger.info("a server answers queries on the graph of %s", file.name)
        seconds = round(time.monotonic() - start, 3)
        created = description.created if description else None
        size = file.stat().st_size
        yield Verified(str(file), size, created, **counts, seconds=seconds), trial
