"""A Neo4j of our own for one run: a home of its own below the user's, gone when the run ends."""

from __future__ import annotations

import contextlib
import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from isthmus.graph.server import lifecycle as server
from isthmus.settings import Settings

SHARED = ("jars", "aot", "encoders", "vectors")
"""Folders of a home that hold nothing of its graph, and are costly to make."""

HELD = "held"


def shared_home(settings: Settings, home: Path) -> Settings:
    """Settings of another home that has the downloads and caches of this one, and its own server.

    Args:
        settings: Of the home that lends them.
        home: The other one; made where it does not exist.
    """
    home.mkdir(parents=True, exist_ok=True)
    for name in SHARED:
        (settings.home / name).mkdir(parents=True, exist_ok=True)
        if not (home / name).exists():
            (home / name).symlink_to(settings.home.resolve() / name, target_is_directory=True)
    own = {"home": home, "neo4j_uri": None, "neo4j_database": "neo4j"}
    return settings.model_copy(update=own)


@contextlib.contextmanager
def scratch(settings: Settings) -> Iterator[Settings]:
    """Settings of an empty installation that is stopped and deleted when the block ends.

    However the block ends: done, failed or interrupted. What a killed run left behind is cleared
    away by the next one.
    """
    folder = settings.home / "scratch"
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.iterdir():
        _clear_abandoned(settings, left)
    home = Path(tempfile.mkdtemp(dir=folder))
    with (home / HELD).open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        own = shared_home(settings, home)
        try:
            yield own
        finally:
            _delete(own)


def _clear_abandoned(settings: Settings, home: Path) -> None:
    """Deletes a scratch home that no living process holds."""
    try:
        with (home / HELD).open("r+") as held:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _delete(settings.model_copy(update={"home": home, "neo4j_uri": None}))
    except OSError:
        return  # it is held, or on its way in or out


def _delete(settings: Settings) -> None:
    server.stop(settings)
    server.end_import(settings)
    shutil.rmtree(settings.home, ignore_errors=True)
