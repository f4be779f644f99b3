"""Vectors kept on disk, so that a text is encoded once by a model and never again.

A SQLite file a model, under the model's fingerprint: a row is the SHA-256 of a text as the model
read it, and its vector. Every save is one transaction of a write-ahead log: whoever is killed loses
the batch under way, and no reader ever sees half of one. Several processes may read and write.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from isthmus.encoders.text.encoder import Kind, TextEncoder, encoding_progress
from isthmus.errors import IsthmusError

if TYPE_CHECKING:
    from numpy.typing import NDArray

SECONDS_TO_WAIT = 60.0
# Below SQLite's usual limit of 32,766; measured: twice as fast as a query for each key.
KEYS_IN_QUERY = 10_000
# Five vectors of 384 numbers fill a page of 8 KiB; in one of 4 KiB a quarter is lost.
SETUP = """
PRAGMA page_size = 8192;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB NOT NULL);
"""


class VectorCache:
    """The vectors of every model, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, encoder: TextEncoder) -> Path:
        """The file with the vectors of one model."""
        short = re.sub(r"[^\w.-]+", "-", encoder.name.rstrip("/").rsplit("/", 1)[-1])
        return self.folder / f"{short}-{encoder.fingerprint[:32]}.sqlite"

    def find(
        self, encoder: TextEncoder, keys: Sequence[bytes]
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """What is known of `keys`, which differ from each other.

        Returns:
            The places in `keys` that have a vector, ascending, and these vectors, shape
            (places, dimensions).

        Raises:
            IsthmusError: The file cannot be read.
        """
        blobs: dict[bytes, bytes] = {}
        with self._opened(encoder) as database:
            for start in range(0, len(keys), KEYS_IN_QUERY):
                asked = keys[start : start + KEYS_IN_QUERY]
                marks = ",".join("?" * len(asked))
                query = f"SELECT key, vector FROM vectors WHERE key IN ({marks})"  # noqa: S608
                blobs.update(database.execute(query, asked))
        size = 4 * encoder.dimensions
        places = [place for place, key in enumerate(keys) if len(blobs.get(key, b"")) == size]
        flat = np.frombuffer(b"".join(blobs[keys[place]] for place in places), "<f4")
        vectors = flat.reshape(len(places), encoder.dimensions).astype(np.float32, copy=False)
        return np.array(places, np.int64), vectors

    def save(
        self, encoder: TextEncoder, keys: Sequence[bytes], vectors: NDArray[np.float32]
    ) -> None:
        """Keeps the vectors of `keys`, all of them or, where the process is killed, none.

        Raises:
            IsthmusError: The file cannot be written.
        """
        rows = [(key, row.tobytes()) for key, row in zip(keys, vectors.astype("<f4"), strict=True)]
        with self._opened(encoder) as database:
            database.execute("BEGIN IMMEDIATE")
            database.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)
            database.execute("COMMIT")

    @contextmanager
    def _opened(self, encoder: TextEncoder) -> Iterator[sqlite3.Connection]:
        path = self.path(encoder)
        database = None
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            database = sqlite3.connect(path, timeout=SECONDS_TO_WAIT, isolation_level=None)
            database.executescript(SETUP)
            yield database
        except (OSError, sqlite3.Error) as error:
            raise IsthmusError(
                f"The vector cache {path} cannot be used: {error}.",
                "See that the disk has room and the folder can be written to; if the file is "
                "damaged, delete it: the vectors are made anew.",
            ) from error
        finally:
            if database is not None:
                database.close()


def encode_cached(
    encoder: TextEncoder, cache: VectorCache, texts: Sequence[str], kind: Kind
) -> tuple[NDArray[np.float32], int, int]:
    """Vectors of unit length for `texts`, taken from the cache where it has them.

    New vectors are saved every few thousand texts, so that an interrupted run is taken up where it
    stopped. A text that occurs twice is encoded once.

    Returns:
        Vectors, shape (texts, dimensions); how many texts the model encoded; how many it did not
        have to. The two counts add up to the number of texts.

    Raises:
        IsthmusError: The cache cannot be read or written.
    """
    prepared = encoder.prepare(texts, kind)
    place_of: dict[bytes, int] = {}
    distinct: list[str] = []
    places = np.empty(len(prepared), np.int64)
    for row, text in enumerate(prepared):
        key = hashlib.sha256(text.encode()).digest()
        places[row] = place_of.setdefault(key, len(place_of))
        if places[row] == len(distinct):
            distinct.append(text)
    keys = list(place_of)

    vectors = np.empty((len(keys), encoder.dimensions), np.float32)
    known, found = cache.find(encoder, keys)
    vectors[known] = found
    missing = np.setdiff1d(np.arange(len(keys)), known)
    with encoding_progress(len(missing)) as advance:
        done = 0
        for window in encoder.windows([distinct[place] for place in missing], kind, advance):
            now = missing[done : done + len(window)]
            vectors[now] = window
            cache.save(encoder, [keys[place] for place in now], window)
            done += len(window)
    if len(keys) < len(prepared):
        vectors = vectors[places]
    return vectors, len(missing), len(prepared) - len(missing)
