"""Constraints and indexes of the graph: the files of `cypher/migrations`, in order, each once."""

from __future__ import annotations

import hashlib
import logging
import re
from dataclasses import dataclass

from isthmus.graph.database.connection import Capabilities, Graph
from isthmus.graph.database.errors import MissingMigration
from isthmus.graph.database.statements import CYPHER
from isthmus.progress import progress

logger = logging.getLogger("isthmus")

_MAKES = re.compile(r"\b(CREATE|DROP)\b[\w ]*\b(?:INDEX|CONSTRAINT) (\w+) IF")
_REQUIRES = re.compile(r"^// requires: (no )?search$", re.MULTILINE)


@dataclass(frozen=True)
class Migration:
    """A file that changes the schema; it can run twice without harm (IF NOT EXISTS).

    Attributes:
        name: The file's name without ending, `V0001__user_id`.
        checksum: SHA-256 of the file.
        text: Its one statement.
        search: True or False where it is only for servers with or without SEARCH.
    """

    name: str
    checksum: str
    text: str
    search: bool | None

    def suits(self, capabilities: Capabilities) -> bool:
        """Whether a server of these capabilities needs it."""
        return self.search is None or self.search == capabilities.search


def migrations() -> list[Migration]:
    """The files in the order of their numbers."""
    found = []
    for path in sorted((CYPHER / "migrations").glob("V*.cypher")):
        text = path.read_text(encoding="utf-8")
        requires = _REQUIRES.search(text)
        found.append(
            Migration(
                path.stem,
                hashlib.sha256(text.encode()).hexdigest(),
                text,
                None if requires is None else requires[1] is None,
            )
        )
    return found


def indexes(capabilities: Capabilities) -> set[str]:
    """Names of the indexes that a server of these capabilities has when all is applied."""
    names: set[str] = set()
    for migration in migrations():
        if migration.suits(capabilities):
            for verb, name in _MAKES.findall(migration.text):
                (names.add if verb == "CREATE" else names.discard)(name)
    return names


def pending(graph: Graph) -> list[Migration]:
    """What this graph still needs.

    Raises:
        MissingMigration: A file that ran here was changed or is gone.
    """
    files = {migration.name: migration for migration in migrations()}
    ran = {row["name"]: row["checksum"] for row in graph.read("admin/migrations")}
    for name, checksum in ran.items():
        if name not in files or files[name].checksum != checksum:
            raise MissingMigration(
                f"Migration {name} ran on this graph, and its file was changed or is gone.",
                "Put the file back as it was, and write what is new into a file of its own.",
            )
    return [m for m in files.values() if m.name not in ran and m.suits(graph.capabilities)]


def migrate(graph: Graph) -> list[str]:
    """Applies what is pending, records each file with its checksum, returns their names.

    Killed halfway, or run by two commands at once, it ends in the same graph: a statement
    runs before it is recorded, and running it again changes nothing.

    Raises:
        MissingMigration: A file that ran here was changed or is gone.
    """
    todo = pending(graph)
    if not todo:
        return []
    with progress("migrate", len(todo), "files") as advance:
        for migration in todo:
            graph.run(migration.text, {})
            graph.write("admin/record_migration", name=migration.name, checksum=migration.checksum)
            advance(1)
        graph.write("admin/await_indexes")
    return [migration.name for migration in todo]
