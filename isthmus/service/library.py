"""The library of readers over HTTP: what there is, their rows and their plans."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import APIRouter, Response
from typing_extensions import TypedDict

from isthmus.errors import InputError, NotFound
from isthmus.graph.database import (
    Graph,
    RowTable,
    Statement,
    ValueRefused,
    bind_parameters,
    list_statements,
    load_statement,
    read_plan,
    read_rows,
)
from isthmus.graph.serving import check_parameters
from isthmus.output import json_text
from isthmus.service.bodies import AskedPlan, AskedRows

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import JsonValue

    from isthmus.service.connection import Connection

SECONDS = 30.0
"""Time limit of a reader."""
AT_A_TIME = 4
"""Readers that go through a domain or the whole graph and run at a time; others wait, without
keeping recommendations from the database."""


class Parameter(TypedDict):
    """A parameter of a reader.

    Attributes:
        name: Its name.
        type: STRING, INTEGER, FLOAT, BOOLEAN or LIST.
        meaning: What it is.
        required: Whether it has no default.
        default: Its default; null if it has none, or that.
        example: A value to try.
    """

    name: str
    type: str
    meaning: str
    required: bool
    default: Any
    example: Any


class Column(TypedDict):
    """A column of the rows of a reader, and what it holds."""

    name: str
    meaning: str


class Reader(TypedDict):
    """A statement of the library that answers a question.

    Attributes:
        name: Folder and name.
        purpose: What it answers.
        cost: `point`, `scan` or `global`: how much of the graph it reads.
        parameters: Its parameters.
        columns: The columns of its rows.
        text: Its Cypher.
    """

    name: str
    purpose: str
    cost: str
    parameters: list[Parameter]
    columns: list[Column]
    text: str


class Library(TypedDict):
    """All readers, by name."""

    statements: list[Reader]


class Rows(TypedDict):
    """Rows of a reader; `cut` says whether there are more than the limit."""

    columns: list[str]
    rows: list[list[Any]]
    cut: bool


def build_library(connection: Connection) -> APIRouter:
    """Returns the routes of the library.

    Args:
        connection: Gives each request the session.
    """
    router = APIRouter(prefix="/v1/statements")
    limiter = CapacityLimiter(AT_A_TIME)

    async def ask(
        name: str,
        given: dict[str, JsonValue],
        read: Callable[[Graph, Statement, dict[str, Any]], RowTable],
    ) -> Response:
        reader = _find_reader(name)
        values = _bind(reader, given)

        def run() -> str:
            with connection.session() as session:
                table = _read(partial(read, session.graph, reader, values))
            document = {"columns": table.columns, "rows": table.rows, "cut": table.cut}
            return json_text(document, ascii_only=False)

        text = await run_sync(run, limiter=None if reader.cost == "point" else limiter)
        return Response(text, media_type="application/json")

    @router.get("")
    def statements() -> Library:
        """Lists the readers of the library, with their parameters, columns and Cypher."""
        readers = [_describe(each) for each in list_statements() if each.is_reader]
        return {"statements": readers}

    @router.post("/run", response_model=Rows)
    async def run(body: AskedRows) -> Response:
        """Runs a reader, within a limit of rows and of 30 seconds."""

        def read(graph: Graph, reader: Statement, values: dict[str, Any]) -> RowTable:
            check_parameters(graph, reader, values)
            return read_rows(graph, reader.text, values, SECONDS, body.limit)

        return await ask(body.name, body.parameters, read)

    @router.post("/plan", response_model=Rows)
    async def plan(body: AskedPlan) -> Response:
        """Returns the operators of a reader's plan, the last one first."""

        def read(graph: Graph, reader: Statement, values: dict[str, Any]) -> RowTable:
            return read_plan(graph, reader.text, values, SECONDS, body.profile)

        return await ask(body.name, body.parameters, read)

    return router


def _find_reader(name: str) -> Statement:
    """Returns a reader by its name.

    Raises:
        NotFound: The library has no such reader.
    """
    try:
        statement = load_statement(name)
    except NotFound:
        statement = None
    if statement is None or not statement.is_reader:
        raise NotFound(
            f"The library has no statement {name!r}.", "GET /v1/statements lists all of them."
        )
    return statement


def _bind(reader: Statement, given: dict[str, JsonValue]) -> dict[str, Any]:
    """Returns the values of all parameters, those given and the defaults.

    Raises:
        InputError: One is missing, unknown, or not of its type.
    """
    texts = {name: json_text(value) for name, value in given.items()}
    return bind_parameters(reader, texts, before="")


def _read(read: Callable[[], RowTable]) -> RowTable:
    """Reads rows or a plan.

    Raises:
        InputError: A value is none that the database knows.
    """
    try:
        return read()
    except ValueRefused as error:
        raise InputError(
            f"The statement does not take these values: {error.message}.", "Correct the parameters."
        ) from error
    except (OverflowError, ValueError) as error:  # a number or a text within a list
        raise InputError(
            f"A parameter has a value that Cypher does not know: {error}.",
            "Give texts, and numbers of at most 64 bits.",
        ) from error


def _describe(statement: Statement) -> Reader:
    parameters = []
    for name, words in statement.parameters.items():
        kind, _, meaning = words.partition(" ")
        parameters.append(
            Parameter(
                name=name,
                type=kind,
                meaning=meaning,
                required=name not in statement.defaults,
                default=statement.defaults.get(name),
                example=statement.examples.get(name),
            )
        )
    columns = [Column(name=name, meaning=words) for name, words in statement.meanings.items()]
    return Reader(
        name=statement.name,
        purpose=statement.purpose,
        cost=statement.cost,
        parameters=parameters,
        columns=columns,
        text=statement.text,
    )
