"""Constraints and indexes of the graph: applies each file of `cypher/migrations` once, in order."""

from __future__ import annotations

import hashlib
import logging
import re
from dataclasses import dataclass

from isthmus.graph.database.attributes import refresh_attributes
from isthmus.graph.database.connection import Capabilities, Graph
from isthmus.graph.database.errors import MissingMigration
from isthmus.graph.database.statements import CYPHER
from isthmus.progress import progress

logger = logging.getLogger("isthmus")

_SCHEMA_CHANGE = re.compile(r"\b(CREATE|DROP)\b[\w ]*\b(?:INDEX|CONSTRAINT) (\w+) IF")
_REQUIRES = re.compile(r"^// requires: (no )?search$", re.MULTILINE)


@dataclass(frozen=True)
class Migration:
    """A file that changes the schema; running it twice is harmless (IF NOT EXISTS).

    Attributes:
        name: File name without extension, for example `V0001__user_id`.
        checksum: SHA-256 of the file.
        text: The statement of the file.
        search: True or False if it is only for servers with or without SEARCH; None for all.
    """

    name: str
    checksum: str
    text: str
    search: bool | None

    def applies_to(self, capabilities: Capabilities) -> bool:
        """Whether a server with these capabilities needs the migration."""
        return self.search is None or self.search == capabilities.search


def read_migrations() -> list[Migration]:
    """Reads the migration files, in the order of their numbers."""
    migrations = []
    for path in sorted((CYPHER / "migrations").glob("V*.cypher")):
        text = path.read_text(encoding="utf-8")
        requires = _REQUIRES.search(text)
        migrations.append(
            Migration(
                path.stem,
                hashlib.sha256(text.encode()).hexdigest(),
                text,
                None if requires is None else requires[1] is None,
            )
        )
    return migrations


def expected_indexes(capabilities: Capabilities) -> set[str]:
    """Returns the names of the indexes that exist after all migrations on such a server."""
    names: set[str] = set()
    for migration in read_migrations():
        if migration.applies_to(capabilities):
            for verb, name in _SCHEMA_CHANGE.findall(migration.text):
                (names.add if verb == "CREATE" else names.discard)(name)
    return names


def pending_migrations(graph: Graph) -> list[Migration]:
    """Returns the migrations that this graph still needs.

    Raises:
        MissingMigration: The file of an applied migration was changed or is missing.
    """
    files = {migration.name: migration for migration in read_migrations()}
    rows = graph.read("admin/migrations")
    applied = {row["name"]: row["checksum"] for row in rows if row["checksum"] is not None}
    for name, checksum in applied.items():
        if name not in files or files[name].checksum != checksum:
            raise MissingMigration(
                f"Migration {name} was applied to this graph, but its file was changed or is "
                "missing.",
                "Restore the file, and put new changes into a new migration file.",
            )
    return [
        migration
        for migration in files.values()
        if migration.name not in applied and migration.applies_to(graph.capabilities)
    ]


def migrate(graph: Graph) -> list[str]:
    """Applies the pending migrations, records their checksums and returns their names.

    All statements run, and their indexes are online, before they are recorded, and running one
    again changes nothing. A killed run, or two runs at once, therefore end in the same graph. An
    index that could not be built, as on a full disk, is built by the next run.

    A database of an older Neo4j gets the format of the running one with its first write that is
    committed, and only then can it have the kinds of indexes that are new since.

    Raises:
        ForeignNodes: The database has nodes of somebody else under the labels of isthmus.
        MissingMigration: The file of an applied migration was changed or is missing.
    """
    pending = pending_migrations(graph)
    if not pending:
        return []
    graph.check_is_own()
    graph.write("admin/raise_format")
    for index in graph.read("admin/failed_indexes"):
        graph.write("admin/drop_index", name=index["name"])
    with progress("migrate", len(pending), "files") as advance:
        for migration in pending:
            graph.change_schema(migration.text)
            advance(1)
        graph.write("admin/await_indexes")
    refresh_attributes(graph)  # of a bulk load, which only declares them
    for migration in pending:
        graph.write("admin/record_migration", name=migration.name, checksum=migration.checksum)
    return [migration.name for migration in pending]
