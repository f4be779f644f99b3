"""Opens a session on the graph that the commands use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from isthmus.api.session import Session

if TYPE_CHECKING:
    from pathlib import Path


def connect(
    home: str | Path | None = None,
    uri: str | None = None,
    *,
    username: str | None = None,
    password: str | None = None,
    database: str | None = None,
    config: str | Path | None = None,
) -> Session:
    """Opens the graph that the commands use, and starts isthmus's own server if no address is set.

    What is not given comes from the environment and `isthmus.toml`, as for the commands. Use the
    session as a context manager, or close it; several threads may share one.

    Args:
        home: Folder of everything that isthmus stores.
        uri: Address of a Neo4j server, bolt://HOST:PORT or neo4j://HOST:PORT.
        username: Name of the user on that server.
        password: Password of that user.
        database: Name of the database on that server.
        config: File of settings, instead of `isthmus.toml` in the home.

    Raises:
        InputError: A setting is invalid, or the database holds nodes of somebody else.
        IsthmusError: The server cannot be started or reached, or refuses the password.
    """
    from isthmus.settings import load_settings

    settings = load_settings(
        home=home,
        neo4j_uri=uri,
        neo4j_username=username,
        neo4j_password=password,
        neo4j_database=database,
        config=config,
    )
    return Session(settings)
