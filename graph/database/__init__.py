"""Connections to Neo4j: sessions, statements of `cypher/`, migrations, errors, retraining lock."""

from isthmus.graph.database.attributes import (
    Attribute,
    quote_name,
    read_attributes,
    refresh_attributes,
)
from isthmus.graph.database.connection import BATCH_ROWS, Graph, Row, Write
from isthmus.graph.database.errors import ServerRefused, ValueRefused
from isthmus.graph.database.lock import (
    UNLOCK,
    Lease,
    end_hold,
    lock_lost,
    offline_server,
    read_lock,
    refuse_while_retraining,
    retraining_lock,
)
from isthmus.graph.database.migrations import expected_indexes, migrate, pending_migrations
from isthmus.graph.database.own_statements import find_statement, paste_text
from isthmus.graph.database.parameters import bind_parameters
from isthmus.graph.database.query import RowTable, read_plan, read_rows
from isthmus.graph.database.session import connect
from isthmus.graph.database.statements import (
    Statement,
    list_statements,
    load_statement,
    used_parameters,
)

__all__ = [
    "BATCH_ROWS",
    "UNLOCK",
    "Attribute",
    "Graph",
    "Lease",
    "Row",
    "RowTable",
    "ServerRefused",
    "Statement",
    "ValueRefused",
    "Write",
    "bind_parameters",
    "connect",
    "end_hold",
    "expected_indexes",
    "find_statement",
    "list_statements",
    "load_statement",
    "lock_lost",
    "migrate",
    "offline_server",
    "paste_text",
    "pending_migrations",
    "quote_name",
    "read_attributes",
    "read_lock",
    "read_plan",
    "read_rows",
    "refresh_attributes",
    "refuse_while_retraining",
    "retraining_lock",
    "used_parameters",
]
