"""Records to an empty graph, in bulk: files for Neo4j's importer in place of statements.

The import makes a database in a scratch home, which takes the place of the empty one in a moment:
until then the graph is empty, from then on it is whole. That it is empty is seen last when its
server has stopped, so that no write can come after. Constraints and indexes come with the next
connection, as for every graph.
"""

from __future__ import annotations

import shlex
import shutil
import time
from pathlib import Path

from isthmus.errors import InputError
from isthmus.graph.database.lock import standstill
from isthmus.graph.database.session import connect
from isthmus.graph.ingest.dataset import Dataset
from isthmus.graph.ingest.import_files import write_files
from isthmus.graph.ingest.rows import Loaded, rows_of
from isthmus.graph.server import lifecycle as server
from isthmus.graph.server.scratch import scratch
from isthmus.settings import Settings

LOG = Path("logs", "import.log")
FOLDER = "import"


def bulk_load(dataset: Dataset, path: Path, settings: Settings) -> Loaded:
    """Loads a dataset into an empty graph; for a server that is not ours, writes the files alone.

    Args:
        dataset: Valid tables.
        path: The folder they came from.
        settings: Those of `ingest`, and the server.

    Raises:
        InputError: The graph is not empty, or more rows are wrong than the setting allows.
        ServerError: The import failed; the graph is empty as before.
        Locked: A retraining is at work; the graph is as before.
    """
    start = time.monotonic()
    _check_empty(settings)
    rows = rows_of(dataset, settings)
    if settings.neo4j_uri is not None:
        folder = settings.home / FOLDER
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        arguments = write_files(rows, dataset, path, settings.half_life_days, folder)
        return rows.loaded(start, command=_command(settings.neo4j_database, arguments))
    with scratch(settings) as other:
        folder = other.home / FOLDER
        folder.mkdir()
        arguments = write_files(rows, dataset, path, settings.half_life_days, folder)
        server.import_database(other, arguments, settings.home / LOG)
        _check_empty(settings)
        with standstill(settings):
            _check_still_empty(settings)
            server.take_database(settings, other)
    with connect(settings):
        return rows.loaded(start)


def _check_empty(settings: Settings) -> None:
    """Sees that the database holds nothing that an import would replace."""
    if settings.neo4j_uri is None and not server.has_graph(settings):
        return
    with connect(settings, migrated=False) as graph:
        if graph.read("admin/nodes")[0]["nodes"]:
            raise InputError(
                "The graph is not empty, and a bulk load makes a new one.",
                "Load without --bulk: that adds to what there is. Or give the new graph a home of "
                "its own with --home.",
            )


def _check_still_empty(settings: Settings) -> None:
    """Sees the same of a server that has stopped, by a copy whose address nobody knows."""
    if server.has_graph(settings):
        with scratch(settings) as copy:
            server.copy_database(settings, copy)
            _check_empty(copy)


def _command(database: str, arguments: list[str]) -> str:
    """The import of the files, to be run where the server is."""
    tool = ("neo4j-admin", "database", "import", "full", database)
    return shlex.join([*tool, "--overwrite-destination=true", *arguments])
