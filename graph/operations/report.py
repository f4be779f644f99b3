"""Writes the result of the demo as one HTML page that needs no network.

Titles and names are text of somebody: they are escaped, and should one of them become a tag after
all, the page's policy lets a browser run no script, load nothing and apply no style but its own.
"""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files
from pathlib import Path
from typing import Any

from isthmus.files import write_file
from isthmus.graph.serving import describe_path
from isthmus.output import escape_controls


def write_report(path: Path, title: str, result: dict[str, Any]) -> None:
    """Writes the page atomically.

    Args:
        path: File to write.
        title: Title of the page.
        result: Document of the demo: people, planted, recovered, training.
    """
    from jinja2 import Environment, PackageLoader
    from markupsafe import Markup

    loader = PackageLoader("isthmus.graph.operations", ".")
    environment = Environment(loader=loader, autoescape=True, finalize=_without_controls)
    style = Markup((files("isthmus.graph.operations") / "report.css").read_text("utf-8"))  # noqa: S704
    page = environment.get_template("report.html.j2").render(
        title=title, sentence=describe_path, style=style, policy=_policy(style), **result
    )
    write_file(path, page, private=False)


def _policy(style: str) -> str:
    """Returns the Content-Security-Policy of a page without scripts and with one style sheet."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def _without_controls(value: object) -> object:
    """Escapes the control characters of a text that is filled into the page."""
    is_text = isinstance(value, str) and not hasattr(value, "__html__")
    return escape_controls(str(value)) if is_text else value
