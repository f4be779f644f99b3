"""What a run found, as one HTML page that needs no network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from isthmus.graph.serving.explanation import sentence


def write_report(path: Path, title: str, result: dict[str, Any]) -> None:
    """Writes the page, whole or not at all.

    Args:
        path: Where to.
        title: What was run.
        result: The document of the demo: people, planted, recovered, training.
    """
    from jinja2 import Environment, PackageLoader

    loader = PackageLoader("isthmus.graph.operations", ".")
    environment = Environment(loader=loader, autoescape=True)
    page = environment.get_template("report.html.j2").render(
        title=title, sentence=sentence, **result
    )
    part = path.with_name(path.name + ".part")
    part.write_text(page, encoding="utf-8")
    part.replace(path)
