"""The files of a graph whose server is stopped: import, copy, check, and replacement by others."""

from __future__ import annotations

import shutil
from pathlib import Path

from isthmus.files import make_folder
from isthmus.graph.server import admin_tool, process
from isthmus.graph.server.connectors import Connectors
from isthmus.graph.server.disk import ROOM_TO_START, check_room
from isthmus.graph.server.folders import DATABASE
from isthmus.graph.server.lifecycle import page_cache_size, pause, prepare_folders, start
from isthmus.graph.server.record import home_folders, password_path
from isthmus.settings import Settings

TABLES = ("--nodes=", "--relationships=")
IMPORT_GROWTH = 2
"""Bytes of a graph, with what the import sorts, for a byte of its files."""


def import_database(settings: Settings, arguments: list[str], log: Path) -> None:
    """Creates the graph of a home without one from files; starts no server.

    Args:
        settings: Settings of the home, which no other command uses.
        arguments: Arguments of `database import full`, from `isthmus.graph.ingest.import_files`.
        log: File for the output of the import.

    Raises:
        FetchError: The jars of Neo4j are missing and cannot be downloaded.
        DiskFull: The disk has no room for a graph from these files.
        ServerError: The import failed; the message has the reason from its log.
    """
    folders = prepare_folders(settings)
    files = [Path(each.rpartition("=")[2]) for each in arguments if each.startswith(TABLES)]
    size = sum(file.stat().st_size for file in files)
    check_room(settings.home, ROOM_TO_START + IMPORT_GROWTH * size)
    process.configure(folders, Connectors(), settings.server_heap, page_cache_size(settings))
    admin_tool.import_full(folders, settings.server_heap, [DATABASE, *arguments], log)


def end_abandoned_import(settings: Settings) -> None:
    """Kills an import into this home that a killed command left running."""
    admin_tool.kill_abandoned(home_folders(settings).home)


def copy_database(settings: Settings, other: Settings) -> None:
    """Copies the graph, the database users and the password to a home without a graph.

    Args:
        settings: Settings of this home, whose server is `pause`.
        other: Settings of the other home.
    """
    new = home_folders(other)
    data = home_folders(settings).data
    check_room(new.home, sum(file.stat().st_size for file in data.rglob("*")))
    shutil.copytree(data, new.data)
    shutil.copy2(password_path(settings), password_path(other))


def check_database(settings: Settings) -> None:
    """Runs Neo4j's consistency check on this home's graph; its server is stopped meanwhile.

    Raises:
        FetchError: The jars of Neo4j are missing and cannot be downloaded.
        ServerError: The graph is inconsistent, or cannot be checked.
    """
    start(settings)  # recovers the transaction log of a killed server
    with pause(settings) as folders:
        admin_tool.check_files(folders, page_cache_size(settings), DATABASE)


def load_database(settings: Settings, file: Path, check: bool) -> None:
    """Creates the graph of a home without one from a dump; starts no server.

    Args:
        settings: Settings of the home, which no other command uses.
        file: A file that `database dump` wrote.
        check: Run Neo4j's consistency check on the graph.

    Raises:
        InputError: Neo4j cannot read the file; the message has the reason.
        DiskFull: The disk has no room for the graph.
        ServerError: The graph is inconsistent.
    """
    folders = prepare_folders(settings)
    process.configure(folders, Connectors(), settings.server_heap, page_cache_size(settings))
    check_room(settings.home, ROOM_TO_START + admin_tool.size_of_dump(folders, file))
    admin_tool.load_dump(folders, file)
    if check:
        admin_tool.check_files(folders, page_cache_size(settings), DATABASE)


def replace_database(settings: Settings, other: Settings) -> None:
    """Replaces the graph of this home with that of another; database users and password stay.

    If the process is killed at any moment, this home has either its own graph or the other one.

    Args:
        settings: Settings of this home, whose server is `pause`.
        other: Settings of a home on the same disk that has a graph and no running server.
    """
    folders, new = home_folders(settings), home_folders(other)
    new.delete_users()
    if folders.data.exists():
        folders.copy_users(new)
    make_folder(folders.home)
    folders.take_data(new)
