"""`isthmus schema`: what the graph holds, and the attributes for filters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from isthmus.scripts.command import Output, with_settings

if TYPE_CHECKING:
    from isthmus.settings import Settings


@click.command()
@with_settings
def command(settings: Settings) -> Output:
    """List nodes and relationships with their numbers, and the attributes of items and users.

    Attributes are the columns of the tables items and users that isthmus itself does not read. Of
    each, the list has its type, how many nodes have it, and its range or values. The attributes of
    items are what `isthmus recommend --where` compares.

    \b
    Example:
      isthmus schema
    """
    from isthmus.graph.database import connect
    from isthmus.graph.operations import describe_schema

    with connect(settings) as graph:
        schema = describe_schema(graph)
    return Output(schema.document(), schema.text())
