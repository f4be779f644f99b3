"""Results of Cypher as tables of polars."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from isthmus.errors import InputError

if TYPE_CHECKING:
    import polars as pl

    from isthmus.graph.database import Graph

MAX_SECONDS = 600


def query_table(graph: Graph, statement: str, parameters: dict[str, Any]) -> pl.DataFrame:
    """Runs a statement of the catalogue, by its name, or Cypher text in a read transaction.

    Nodes become structs of their properties and `labels`, relationships of theirs and `type`.

    Raises:
        NotFound: The catalogue has no statement of this name, or the graph no user, domain or item
            that a reader is asked about.
        InputError: A parameter is missing, unknown or of no type of Cypher, or the text is not
            valid Cypher or writes.
    """
    import polars as pl

    from isthmus.graph.database import load_statement
    from isthmus.graph.serving import check_parameters

    if not statement.strip():
        raise InputError("The statement is empty.", "Give Cypher text, or a name of the catalogue.")
    known = None
    if re.search(r"\s", statement.strip()):
        text = statement
    else:
        known = load_statement(statement.strip())
        text, parameters = known.text, known.defaults | parameters
    _check_parameters(text, parameters)
    if known is not None:
        check_parameters(graph, known, parameters)
    try:
        with graph.read_result(text, parameters, MAX_SECONDS) as result:
            columns = list(result.keys())
            rows = [record.values() for record in result]
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(
            f"A parameter has a value that Cypher does not know: {error}.",
            "Give numbers, texts, dates, None, and lists and dicts of them.",
        ) from error
    return pl.DataFrame(
        [_column(name, [_plain(row[k]) for row in rows]) for k, name in enumerate(columns)]
    )


def _column(name: str, values: list[Any]) -> pl.Series:
    """Returns a column; values of several types, which no column has, become JSON."""
    import polars as pl

    from isthmus.output import json_text

    types = {type(value) for value in values if value is not None}
    if types == {int, float}:
        return pl.Series(name, values, pl.Float64, strict=False)
    try:
        if types == {dict}:  # a column of structs has only the keys of the first
            keys = dict.fromkeys(key for value in values if value for key in value)
            values = [value and dict.fromkeys(keys) | value for value in values]
        return pl.Series(name, values)
    except (TypeError, OverflowError, pl.exceptions.PolarsError):
        return pl.Series(name, [json_text(value, ascii_only=False) for value in values])


def _check_parameters(text: str, given: dict[str, Any]) -> None:
    """Checks that exactly the parameters of a text are given.

    Raises:
        InputError: One is missing or unknown.
    """
    from isthmus.graph.database import used_parameters

    used = {*used_parameters(text)}
    if missing := sorted(used - set(given)):
        named = ", ".join(f"{name}=…" for name in missing)
        raise InputError(
            f"The statement has parameters without a value: {', '.join(missing)}.",
            f"Give them: query(statement, {named}).",
        )
    if unknown := sorted(set(given) - used):
        raise InputError(
            f"The statement has no parameters of these names: {', '.join(unknown)}.",
            f"Its parameters: {', '.join(sorted(used)) or 'none'}.",
        )


def _plain(value: Any) -> Any:
    """Returns a value of the driver as one of Python."""
    import neo4j
    from neo4j import graph, time

    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, graph.Node):
        return {"labels": sorted(value.labels)} | _plain(dict(value))
    if isinstance(value, graph.Relationship):
        return {"type": value.type} | _plain(dict(value))
    if isinstance(value, graph.Path):
        return {"nodes": _plain(list(value.nodes)), "edges": _plain(list(value.relationships))}
    if isinstance(value, time.DateTime | time.Date | time.Time):
        return value.to_native()
    if isinstance(value, time.Duration | neo4j.spatial.Point):
        return str(value)
    return value
