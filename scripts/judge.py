"""`isthmus judge`: the probability that the writer of a text likes an item."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from isthmus.scripts.command import Output, with_settings

if TYPE_CHECKING:
    from isthmus.settings import Settings


@click.command()
@click.option("--text", required=True, help="What the user wrote.")
@click.option("-d", "--domain", required=True, help="Domain of the items.")
@click.option(
    "--items",
    type=click.Path(path_type=Path, allow_dash=True),
    help="File of item ids: one per line, or a table with the column item_id; - for stdin.",
)
@with_settings
def command(settings: Settings, text: str, domain: str, items: Path | None) -> Output:
    """Judge whether the writer of a text likes items of a domain.

    Prints a probability for each item of --items, or of the whole domain if it has at most 1,000
    items, the most probable first; an item is liked from .5 on. The probabilities are calibrated
    by `isthmus retrain` on users who wrote: among as many items that they like as other items.

    \b
    Examples:
      isthmus judge --text "我喜欢阅读历史小说。" --domain books
      isthmus judge --text "no more horror, please" --domain films --items ids.txt
    """
    from isthmus.encoders.text import VectorCache
    from isthmus.graph.database import connect
    from isthmus.graph.interests import active_encoder
    from isthmus.graph.serving import format_answer, judge_text
    from isthmus.graph.sources import read_ids

    ids = None if items is None else read_ids(items, "item_id")
    with connect(settings) as graph:
        encoder = active_encoder(graph, settings)
        cache = VectorCache(settings.home / "vectors")
        answer = judge_text(graph, encoder, cache, text, domain, ids)
    return Output(answer, format_answer(answer))
