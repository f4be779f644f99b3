"""A temporary installation for one run: a home below the user's that is deleted when it ends."""

from __future__ import annotations

import contextlib
import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from isthmus.files import make_folder, open_private
from isthmus.graph.server import databases, lifecycle
from isthmus.settings import Settings

SHARED_FOLDERS = ("jars", "aot", "encoders", "vectors")
"""Folders of a home that do not depend on its graph and are expensive to create."""

OWN_CONNECTORS = {
    "server_web": "off",
    "server_listen": "127.0.0.1",
    "server_port": None,
    "server_certificate": None,
    "server_key": None,
}
"""Settings of a server that only this command uses."""

LOCK_NAME = "held"


def shared_home(settings: Settings, home: Path) -> Settings:
    """Returns settings of a home with the downloads and caches of another, and its own server.

    Args:
        settings: Settings of the home whose downloads and caches are shared.
        home: Folder of the new home; created if missing.
    """
    make_folder(home)
    for name in SHARED_FOLDERS:
        make_folder(settings.home / name)
        if not (home / name).exists():
            (home / name).symlink_to(settings.home.resolve() / name, target_is_directory=True)
    own = {"home": home, "neo4j_uri": None, "neo4j_database": "neo4j", **OWN_CONNECTORS}
    return settings.model_copy(update=own)


@contextlib.contextmanager
def scratch(settings: Settings) -> Iterator[Settings]:
    """Yields settings of an empty installation, which is stopped and deleted after the block.

    It is deleted also after an error or an interrupt. The next run deletes what a killed run left
    behind.
    """
    folder = make_folder(settings.home / "scratch")
    for abandoned in folder.iterdir():
        _delete_abandoned(settings, abandoned)
    home = Path(tempfile.mkdtemp(dir=folder))
    with open_private(home / LOCK_NAME) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        own = shared_home(settings, home)
        try:
            yield own
        finally:
            _delete(own)


def _delete_abandoned(settings: Settings, home: Path) -> None:
    """Deletes a scratch home that no running process has locked."""
    try:
        with (home / LOCK_NAME).open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _delete(settings.model_copy(update={"home": home, "neo4j_uri": None}))
    except OSError:
        return  # it is locked, or is being created or deleted


def _delete(settings: Settings) -> None:
    lifecycle.stop(settings)
    databases.end_abandoned_import(settings)
    shutil.rmtree(settings.home, ignore_errors=True)
