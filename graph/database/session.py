"""From settings to a graph that answers: the server of our own or yours, its migrations applied."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from isthmus.graph.database.connection import Graph, open_graph
from isthmus.graph.database.errors import ServerRefused
from isthmus.graph.server import lifecycle as server
from isthmus.settings import Settings

if TYPE_CHECKING:
    pass


@contextmanager
def connect(settings: Settings, migrated: bool = True) -> Iterator[Graph]:
    """Opens the graph of the settings, with the server of our own where no address is set.

    Args:
        settings: Address, user, password and database; or the home of the server of our own.
        migrated: Apply pending migrations first.

    Raises:
        IsthmusError: Refused, wrong password, version below 5.26, a changed migration.
    """
    with ExitStack() as stack:
        graph = _opened(settings, stack)
        if migrated:
            from isthmus.graph.database.migrations import migrate

            migrate(graph)
        yield graph


def _opened(settings: Settings, stack: ExitStack) -> Graph:
    """The graph of the settings; a server of our own that was killed is started again."""

    def opened(uri: str, user: str, password: str) -> Graph:
        return stack.enter_context(open_graph(uri, user, password, settings.neo4j_database))

    if settings.neo4j_uri is not None:
        password = settings.neo4j_password.get_secret_value()
        return opened(settings.neo4j_uri, settings.neo4j_username, password)
    record = server.start(settings)
    try:
        return opened(record.uri, record.username, record.password())
    except ServerRefused:
        if not server.has_ended(record):
            raise
    record = server.start(settings)
    return opened(record.uri, record.username, record.password())
