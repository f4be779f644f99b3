"""Statements of anybody, run to be read: their rows within limits, and their plans."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import neo4j.graph
from neo4j.spatial import Point
from neo4j.time import Date, DateTime, Duration, Time

from isthmus.graph.database.connection import Graph, Row

# `.500000000Z` of the nanoseconds of a time, of which `.5Z` is left.
_ZEROS = re.compile(r"\.(\d*?)0+(?=\D|$)")

PLAN_COLUMNS = ("depth", "operator", "details", "estimated_rows", "rows", "db_hits")


@dataclass(frozen=True)
class RowTable:
    """Rows of a statement.

    Attributes:
        columns: Names of the columns.
        rows: A list of values per row: texts, numbers, booleans, None, lists and maps; times as
            ISO 8601.
        cut: Whether there were more rows than asked for.
    """

    columns: list[str]
    rows: list[list[Any]]
    cut: bool = False


def read_rows(
    graph: Graph, text: str, parameters: Row, seconds: float, most_rows: int | None
) -> RowTable:
    """Runs a statement that only reads.

    Args:
        graph: Where it runs.
        text: One statement, of the catalogue or of the user.
        parameters: Values of its parameters.
        seconds: Time limit of the statement.
        most_rows: Maximum number of rows; None for all.

    Raises:
        InputError: It writes, or is no valid Cypher, or a parameter is missing.
        QueryFailed: It took longer than its limit, or failed.
    """
    rows: list[list[Any]] = []
    with graph.read_result(text, parameters, seconds) as result:
        columns = list(result.keys())
        for record in result:
            if most_rows is not None and len(rows) == most_rows:
                return RowTable(columns, rows, cut=True)
            rows.append([plain_value(value) for value in record.values()])
    return RowTable(columns, rows)


def read_plan(
    graph: Graph, text: str, parameters: Row, seconds: float, profile: bool = False
) -> RowTable:
    """Returns the operators of a statement's plan, the last one first, with their depth.

    Args:
        graph: Where the plan is made.
        text: One statement.
        parameters: Values of its parameters.
        seconds: Time limit.
        profile: Run the statement, which must only read, and count rows and database hits; without
            it they are None.
    """
    verb = "PROFILE" if profile else "EXPLAIN"
    with graph.read_result(f"{verb}\n{text}", parameters, seconds) as result:
        summary = result.consume()
    plan = (summary.profile if profile else summary.plan) or {}
    return RowTable(list(PLAN_COLUMNS), list(_operators(plan, 0)))


def plain_value(value: Any) -> Any:
    """Returns a value of the driver as texts, numbers, lists and maps.

    A node becomes its properties and `labels`, a relationship its properties and `type`, a path
    the list of both in turn.
    """
    if isinstance(value, list | tuple) and not isinstance(value, Point | Duration):
        return [plain_value(each) for each in value]
    if isinstance(value, dict):
        return {key: plain_value(each) for key, each in value.items()}
    if isinstance(value, neo4j.graph.Node):
        return {"labels": sorted(value.labels)} | plain_value(dict(value))
    if isinstance(value, neo4j.graph.Relationship):
        return {"type": value.type} | plain_value(dict(value))
    if isinstance(value, neo4j.graph.Path):
        steps: list[Any] = [value.nodes[0]]
        for step, node in zip(value.relationships, value.nodes[1:], strict=True):
            steps += [step, node]
        return plain_value(steps)
    if isinstance(value, Date | DateTime | Duration | Time):
        text = _ZEROS.sub(lambda found: f".{found[1]}" if found[1] else "", value.iso_format())
        return text.replace("+00:00", "Z")
    if isinstance(value, Point):
        return {"srid": value.srid, "coordinates": list(value)}
    if isinstance(value, bytes | bytearray):
        return value.hex()
    return value


def _operators(plan: Row, depth: int) -> Iterator[list[Any]]:
    arguments = plan.get("args", {})
    yield [
        depth,
        plan.get("operatorType", "").partition("@")[0],
        " ".join(str(arguments.get("Details", "")).split()),
        arguments.get("EstimatedRows"),
        plan.get("rows"),
        plan.get("dbHits"),
    ]
    for child in plan.get("children", []):
        yield from _operators(child, depth + 1)
