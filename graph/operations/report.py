"""Writes the result of the demo as one HTML page that needs no network.

Titles and names are text of somebody: they are escaped, and should one of them become a tag after
all, the page's policy lets a browser run no script, load nothing and apply no style but its own.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

from isthmus.files import write_file
from isthmus.graph.serving import describe_path
from isthmus.html_page import page_environment, policy_hash

ROOM = "isthmus.graph.operations"


def write_report(path: Path, title: str, result: dict[str, Any]) -> None:
    """Writes the page atomically.

    Args:
        path: File to write.
        title: Title of the page.
        result: Document of the demo: people, planted, recovered, training.
    """
    from markupsafe import Markup

    style = Markup((files(ROOM) / "report.css").read_text("utf-8"))  # noqa: S704
    page = (
        page_environment(ROOM)
        .get_template("report.html.j2")
        .render(title=title, sentence=describe_path, style=style, policy=_policy(style), **result)
    )
    write_file(path, page, private=False)


def _policy(style: str) -> str:
    """Returns the Content-Security-Policy of a page without scripts and with one style sheet."""
    return (
        f"default-src 'none'; style-src {policy_hash(style)}; base-uri 'none'; form-action 'none'"
    )
