"""Writes the result of the demo as one HTML page that needs no network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from isthmus.graph.serving import describe_path


def write_report(path: Path, title: str, result: dict[str, Any]) -> None:
    """Writes the page atomically.

    Args:
        path: File to write.
        title: Title of the page.
        result: Document of the demo: people, planted, recovered, training.
    """
    from jinja2 import Environment, PackageLoader

    loader = PackageLoader("isthmus.graph.operations", ".")
    environment = Environment(loader=loader, autoescape=True)
    page = environment.get_template("report.html.j2").render(
        title=title, sentence=describe_path, **result
    )
    part = path.with_name(path.name + ".part")
    part.write_text(page, encoding="utf-8")
    part.replace(path)
