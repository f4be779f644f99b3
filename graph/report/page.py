"""Renders the report as one HTML page that needs no network.

Titles and names are text of somebody: the template escapes them, the data of the charts lie in a
block that no text can leave, charts write them as text, and the page's policy lets a browser run
the page's own script alone and load nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from isthmus.errors import InputError
from isthmus.files import write_file
from isthmus.graph.report.charts import build_charts
from isthmus.html_page import page_environment, policy_hash, read_shared_file
from isthmus.output import escape_controls, json_text

ROOM = "isthmus.graph.report"


def write_page(path: Path, document: dict[str, Any]) -> None:
    """Writes the page atomically.

    Raises:
        InputError: The file cannot be written.
    """
    try:
        write_file(path, render_page(document), private=False)
    except OSError as error:
        raise InputError(
            f"The report cannot be written to {path}: {error.strerror or error}.",
            "Choose a path that you may write to.",
        ) from error


def render_page(document: dict[str, Any]) -> str:
    """Returns the page of a document of `isthmus.graph.report.sections.collect_report`."""
    from markupsafe import Markup

    environment = page_environment(ROOM).overlay(trim_blocks=True, lstrip_blocks=True)
    charts = build_charts(document)
    data = json_text(_escape_all(charts)).replace("<", "\\u003c")
    script = f"{read_shared_file('echarts.min.js')}\n{_read('page.js')}"
    return environment.get_template("page.html.j2").render(
        report=document,
        charts={chart["id"]: chart for chart in charts},
        data=Markup(data),  # noqa: S704
        style=Markup(read_shared_file("look.css") + _read("page.css")),  # noqa: S704
        script=Markup(script),  # noqa: S704
        policy=_policy(script),
        domain_rows=_rows(document["domains"], "domain", "items", "liked", "edges", "reached"),
        interest_rows=_rows(document["interests"]["largest"], "name", "items", "texts", "users"),
        generation_rows=_rows(
            document["generations"], "number", "state", "created_at", "edges", "reason"
        ),
    )


def _rows(rows: Sequence[dict[str, Any]], *keys: str) -> list[list[Any]]:
    """Returns the values of some keys of each row; nothing is an empty text."""
    return [["" if row[key] is None else row[key] for key in keys] for row in rows]


def _read(name: str) -> str:
    return (files(ROOM) / name).read_text("utf-8")


def _policy(script: str) -> str:
    """Returns the Content-Security-Policy of a page that runs one script and loads nothing."""
    return (
        f"default-src 'none'; script-src {policy_hash(script)}; style-src 'unsafe-inline'; "
        "base-uri 'none'; form-action 'none'"
    )


def _escape_all(value: Any) -> Any:
    """Escapes the control characters of all texts in a document."""
    if isinstance(value, dict):
        return {key: _escape_all(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_escape_all(each) for each in value]
    return escape_controls(value) if isinstance(value, str) else value
