"""Opens the graph of the settings, on an existing server or on isthmus's own, and migrates it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from isthmus.errors import IsthmusError
from isthmus.graph import server
from isthmus.graph.database.address import check_answers, read_address
from isthmus.graph.database.connection import Graph, Row, open_graph, open_own_graph
from isthmus.graph.database.errors import ForeignNodes, QueryFailed, ServerRefused
from isthmus.graph.database.own_server import OwnServer
from isthmus.graph.server import ServerRecord
from isthmus.settings import Settings

logger = logging.getLogger("isthmus.server")


@contextmanager
def connect(
    settings: Settings, migrated: bool = True, options: Row | None = None
) -> Iterator[Graph]:
    """Opens the graph of the settings; starts isthmus's own server if no address is set.

    Args:
        settings: Address, user, password and database, or the home of isthmus's own server.
        migrated: Apply pending migrations first.
        options: Options of the driver, such as the size of its pool; None for its own.

    Raises:
        InputError: The address is invalid, or the database holds nodes of somebody else.
        IsthmusError: The connection is refused, the password is wrong, the version is older than
            5.26, or an applied migration was changed.
    """
    with ExitStack() as stack:
        graph = _open(settings, stack, options)
        if migrated:
            from isthmus.graph.database.migrations import migrate

            migrate(graph)
        try:
            yield graph
        except Exception as error:
            if not isinstance(error, IsthmusError) or isinstance(error, QueryFailed):
                _blame_foreign_nodes(graph, error)
            raise


def _blame_foreign_nodes(graph: Graph, error: Exception) -> None:
    """Raises `ForeignNodes` if an unexpected error may come from nodes of somebody else."""
    try:
        graph.check_is_own()
    except ForeignNodes as foreign:
        raise foreign from error
    except IsthmusError:  # the first error says more
        pass


def _open(settings: Settings, stack: ExitStack, options: Row | None) -> Graph:
    """Opens the graph of the settings; starts isthmus's own server again if it does not work."""

    def open_own(record: ServerRecord) -> Graph:
        graph = stack.enter_context(open_own_graph(record, settings.neo4j_database, options))
        graph.own_server = OwnServer(settings, record)
        return graph

    if settings.neo4j_uri is not None:
        address = read_address(settings.neo4j_uri)
        check_answers(address)
        password = settings.neo4j_password.get_secret_value()
        user, database = settings.neo4j_username, settings.neo4j_database
        return stack.enter_context(open_graph(address.uri, user, password, database, options))
    record = server.start(settings)
    try:
        graph = open_own(record)
    except ServerRefused as error:
        if not server.has_exited(record):
            silent = server.explain_silence(settings, record)
            raise ServerRefused(silent.message, silent.advice) from error
        record = server.start(settings)
        graph = open_own(record)
    state = server.read_state(graph.driver)
    if state.failed and (state.message or server.has_room_to_start(settings)):
        logger.warning("Neo4j has given the graph up (%s) and is started again.", state.reason)
        graph = open_own(server.restart(settings, record))
    return graph
