"""Cache of a chat model's answers on disk: the model is asked once for each text.

One SQLite file. A row is the SHA-256 of a question and its answer; every save is one transaction.
Several processes may read and write.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from isthmus.errors import IsthmusError
from isthmus.files import make_folder, open_private

LOCK_TIMEOUT_SECONDS = 60.0
QUERY_KEYS = 10_000  # below SQLite's usual limit of 32,766 parameters
SETUP = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS answers (key BLOB PRIMARY KEY, answer TEXT NOT NULL);
"""


class AnswerCache:
    """A file with answers by key."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def find(self, keys: Sequence[bytes]) -> dict[bytes, str]:
        """Returns the stored answers of keys.

        Raises:
            IsthmusError: The file cannot be read.
        """
        answers: dict[bytes, str] = {}
        with self._open() as database:
            for start in range(0, len(keys), QUERY_KEYS):
                some_keys = keys[start : start + QUERY_KEYS]
                marks = ",".join("?" * len(some_keys))
                query = f"SELECT key, answer FROM answers WHERE key IN ({marks})"  # noqa: S608
                answers.update(database.execute(query, some_keys))
        return answers

    def save(self, answers: Mapping[bytes, str]) -> None:
        """Stores answers in one transaction.

        Raises:
            IsthmusError: The file cannot be written.
        """
        with self._open() as database:
            database.execute("BEGIN IMMEDIATE")
            database.executemany("INSERT OR REPLACE INTO answers VALUES (?, ?)", answers.items())
            database.execute("COMMIT")

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        database = None
        try:
            make_folder(self.path.parent)
            open_private(self.path).close()
            database = sqlite3.connect(
                self.path, timeout=LOCK_TIMEOUT_SECONDS, isolation_level=None
            )
            database.executescript(SETUP)
            yield database
        except (OSError, sqlite3.Error) as error:
            raise IsthmusError(
                f"The cache of answers {self.path} cannot be used: {error}.",
                "Check that the disk has free space and the folder is writable. If the file is "
                "damaged, delete it; the texts are then sent again.",
            ) from error
        finally:
            if database is not None:
                database.close()
