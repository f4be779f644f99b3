"""Bulk load of tables into an empty graph, by files for Neo4j's importer instead of statements.

The import builds a database in a scratch home, which then replaces the empty one in one step:
before it the graph is empty, after it the graph is complete. The last check that the graph is
empty runs after its server has stopped, so that no write can follow. The next connection creates
constraints and indexes, as for every graph.
"""

from __future__ import annotations

import shlex
import shutil
import time
from pathlib import Path

from isthmus.errors import InputError
from isthmus.graph import server
from isthmus.graph.database import connect, offline_server
from isthmus.graph.ingest.changes import Changes, IngestSummary
from isthmus.graph.ingest.dataset import Dataset
from isthmus.graph.ingest.import_files import write_files
from isthmus.graph.ingest.rows import GraphRows, build_rows, quarantine_rejected
from isthmus.graph.server import scratch
from isthmus.settings import Settings

IMPORT_LOG = Path("logs", "import.log")
IMPORT_FOLDER = "import"


def bulk_load(dataset: Dataset, path: Path, settings: Settings) -> IngestSummary:
    """Loads a dataset into an empty graph; for an external server, only writes the import files.

    Args:
        dataset: Valid tables.
        path: The folder that the tables were read from.
        settings: Settings of `ingest` and of the server.

    Raises:
        InputError: The graph is not empty, or more rows are invalid than the setting allows.
        ServerError: The import failed and the graph is still empty, or the graph is complete and
            its server does not start; the message says which.
        Locked: A retraining is running; the graph is unchanged.
    """
    start = time.monotonic()
    _check_empty(settings)
    rows = build_rows(dataset, settings)
    quarantine_rejected(rows, dataset, settings)
    changes = _all_new(rows)
    if settings.neo4j_uri is not None:
        folder = settings.home / IMPORT_FOLDER
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        arguments = write_files(rows, dataset, path, settings.half_life_days, folder)
        command = _import_command(settings.neo4j_database, arguments)
        return rows.summary(start, settings, changes, command)
    replaced = False
    try:
        with scratch(settings) as scratch_settings:
            folder = scratch_settings.home / IMPORT_FOLDER
            folder.mkdir()
            arguments = write_files(rows, dataset, path, settings.half_life_days, folder)
            server.import_database(scratch_settings, arguments, settings.home / IMPORT_LOG)
            _check_empty(settings)
            with offline_server(settings):
                _check_stopped_database_empty(settings)
                server.replace_database(settings, scratch_settings)
                replaced = True
        with connect(settings):
            return rows.summary(start, settings, changes)
    except server.ServerError as error:
        if not replaced:
            raise
        raise server.ServerError(
            f"The tables are loaded, but the server does not start: {error.message}",
            "Do not load them again; the next command that uses the graph starts the server.",
        ) from error


def _all_new(rows: GraphRows) -> dict[str, Changes]:
    """Returns the counts of a load into an empty graph; the importer tolerates no bad row."""
    return {
        name: Changes(new=len(frame), repeated=rows.repeated.get(name, 0))
        for name, frame in rows.tables().items()
    }


def _check_empty(settings: Settings) -> None:
    """Checks that the database is empty, since the import replaces it.

    Raises:
        InputError: It has nodes.
    """
    if settings.neo4j_uri is None and not server.has_graph(settings):
        return
    with connect(settings, migrated=False) as graph:
        if graph.read("admin/nodes")[0]["nodes"]:
            graph.check_is_own()
            raise InputError(
                "The graph is not empty, and a bulk load needs an empty graph.",
                "Load without --bulk to add to the graph, or create a new graph in another home "
                "with --home.",
            )


def _check_stopped_database_empty(settings: Settings) -> None:
    """Checks the database of a stopped server by a copy, whose address no other client knows."""
    if server.has_graph(settings):
        with scratch(settings) as copy:
            server.copy_database(settings, copy)
            _check_empty(copy)


def _import_command(database: str, arguments: list[str]) -> str:
    """Returns the command that imports the files on the machine of the server."""
    command = ("neo4j-admin", "database", "import", "full", database)
    return shlex.join([*command, "--overwrite-destination=true", *arguments])
