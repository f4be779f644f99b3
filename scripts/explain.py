"""`isthmus explain`: why an item is recommended to a user, or why it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from isthmus.scripts.command import LANGUAGE, Output, with_settings

if TYPE_CHECKING:
    from isthmus.settings import Settings


@click.command()
@click.argument("user")
@click.argument("item")
@click.option("-d", "--domain", required=True, help="Domain of the item.")
@LANGUAGE
@click.option("--paths", is_flag=True, help="Print the paths that add up to the score.")
@with_settings
def command(
    settings: Settings, user: str, item: str, domain: str, language: str | None, paths: bool
) -> Output:
    """Explain the place of ITEM, an id or a title, among all items of a domain for USER.

    Says at which number it stands and why, at which number it would stand without the items of the
    user's history that count most, and, if it is not among the first ten, what holds it back. The
    table compares the parts of its score with those of an average item of the domain.

    \b
    Examples:
      isthmus explain ana f0012 --domain films
      isthmus explain ana "逃离木星环" --domain films --language zh
    """
    from isthmus.graph.database import connect
    from isthmus.graph.explain import explain_item, format_explanation

    with connect(settings) as graph:
        document = explain_item(graph, user, domain, item, settings, language)
    return Output(document, format_explanation(document, paths=paths))
