"""Vector cache on disk: a model encodes each text only once.

One SQLite file per model, named by the model's fingerprint. A row is the SHA-256 of a prepared text
and its vector. Every save is one transaction of a write-ahead log: a killed process loses at most
the current batch, and readers never see part of one. Several processes may read and write.
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

from isthmus.encoders.text.text_encoder import Kind, TextEncoder, encoding_progress
from isthmus.errors import IsthmusError
from isthmus.files import make_folder, open_private

if TYPE_CHECKING:
    from numpy.typing import NDArray

LOCK_TIMEOUT_SECONDS = 60.0
# Below SQLite's usual limit of 32,766 parameters; measured: twice as fast as one query per key.
QUERY_KEYS = 10_000
# Five vectors of 384 dimensions fill a page of 8 KiB; with 4 KiB a quarter of the page is unused.
SETUP = """
PRAGMA page_size = 8192;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB NOT NULL);
"""


class VectorCache:
    """A folder with one file of vectors per model."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, encoder: TextEncoder) -> Path:
        """Returns the file of a model's vectors."""
        model_name = re.sub(r"[^\w.-]+", "-", encoder.name.rstrip("/").rsplit("/", 1)[-1])
        return self.folder / f"{model_name}-{encoder.fingerprint[:32]}.sqlite"

    def find(
        self, encoder: TextEncoder, keys: Sequence[bytes]
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Reads the stored vectors of distinct keys.

        Returns:
            Positions in `keys` that have a vector, ascending, and these vectors, shape
            (positions, dimensions).

        Raises:
            IsthmusError: The file cannot be read.
        """
        blobs: dict[bytes, bytes] = {}
        with self._open(encoder) as database:
            for start in range(0, len(keys), QUERY_KEYS):
                some_keys = keys[start : start + QUERY_KEYS]
                marks = ",".join("?" * len(some_keys))
                query = f"SELECT key, vector FROM vectors WHERE key IN ({marks})"  # noqa: S608
                blobs.update(database.execute(query, some_keys))
        vector_bytes = 4 * encoder.dimensions
        positions = [k for k, key in enumerate(keys) if len(blobs.get(key, b"")) == vector_bytes]
        flat = np.frombuffer(b"".join(blobs[keys[k]] for k in positions), "<f4")
        vectors = flat.reshape(len(positions), encoder.dimensions).astype(np.float32, copy=False)
        return np.array(positions, np.int64), vectors

    def save(
        self, encoder: TextEncoder, keys: Sequence[bytes], vectors: NDArray[np.float32]
    ) -> None:
        """Stores the vectors of `keys` in one transaction.

        Raises:
            IsthmusError: The file cannot be written.
        """
        rows = [(key, row.tobytes()) for key, row in zip(keys, vectors.astype("<f4"), strict=True)]
        with self._open(encoder) as database:
            database.execute("BEGIN IMMEDIATE")
            database.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)
            database.execute("COMMIT")

    @contextmanager
    def _open(self, encoder: TextEncoder) -> Iterator[sqlite3.Connection]:
        path = self.path(encoder)
        database = None
        try:
            make_folder(self.folder)
            open_private(path).close()
            database = sqlite3.connect(path, timeout=LOCK_TIMEOUT_SECONDS, isolation_level=None)
            database.executescript(SETUP)
            yield database
        except (OSError, sqlite3.Error) as error:
            raise IsthmusError(
                f"The vector cache {path} cannot be used: {error}.",
                "Check that the disk has free space and the folder is writable. If the file is "
                "damaged, delete it; the texts are then encoded again.",
            ) from error
        finally:
            if database is not None:
                database.close()


def encode_cached(
    encoder: TextEncoder, cache: VectorCache, texts: Sequence[str], kind: Kind
) -> tuple[NDArray[np.float32], int, int]:
    """Encodes texts to vectors of unit length, and reads those in the cache from there.

    New vectors are saved every few thousand texts, so that an interrupted run resumes where it
    stopped. Duplicate texts are encoded once.

    Returns:
        Vectors, shape (texts, dimensions); the number of texts that the model encoded; the number
        that it did not have to encode. The two numbers add up to the number of texts.

    Raises:
        IsthmusError: The cache cannot be read or written.
    """
    prepared = encoder.prepare(texts, kind)
    distinct, positions = _distinct(prepared)
    keys, words = list(distinct), list(distinct.values())

    vectors = np.empty((len(keys), encoder.dimensions), np.float32)
    cached, cached_vectors = cache.find(encoder, keys)
    vectors[cached] = cached_vectors
    missing = np.setdiff1d(np.arange(len(keys)), cached)
    with encoding_progress(len(missing)) as advance:
        done = 0
        for window in encoder.encode_windows([words[k] for k in missing], kind, advance):
            encoded = missing[done : done + len(window)]
            vectors[encoded] = window
            cache.save(encoder, [keys[k] for k in encoded], window)
            done += len(window)
    if len(keys) < len(prepared):
        vectors = vectors[positions]
    return vectors, len(missing), len(prepared) - len(missing)


def find_uncached(
    encoder: TextEncoder, cache: VectorCache, texts: Sequence[str], kind: Kind
) -> dict[bytes, str]:
    """Returns the prepared texts that the model would have to encode, by key; writes nothing.

    Raises:
        IsthmusError: The cache cannot be read.
    """
    distinct, _ = _distinct(encoder.prepare(texts, kind))
    if not encoder.is_known or not cache.path(encoder).is_file():
        return distinct
    keys = list(distinct)
    for position in cache.find(encoder, keys)[0]:
        del distinct[keys[position]]
    return distinct


def _distinct(prepared: Sequence[str]) -> tuple[dict[bytes, str], NDArray[np.int64]]:
    """Returns the distinct texts by key, and the position of each text among them, (texts,)."""
    position_of: dict[bytes, int] = {}
    distinct: dict[bytes, str] = {}
    positions = np.empty(len(prepared), np.int64)
    for row, text in enumerate(prepared):
        key = hashlib.sha256(text.encode()).digest()
        positions[row] = position_of.setdefault(key, len(position_of))
        distinct.setdefault(key, text)
    return distinct, positions
