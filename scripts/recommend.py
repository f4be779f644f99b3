"""`isthmus recommend`: the best items of a domain for a user or for a text."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from isthmus.scripts.command import LANGUAGE, Output, with_settings, write_json

if TYPE_CHECKING:
    from isthmus.settings import Settings


@click.command()
@click.argument("user", required=False)
@click.option("-d", "--domain", required=True, help="Domain to recommend from.")
@click.option(
    "-n",
    "n",
    default=10,
    type=click.IntRange(1, 1000),
    show_default=True,
    help="Maximum number of items.",
)
@click.option("--explain", is_flag=True, help="Say in words why each item is recommended.")
@click.option("--paths", is_flag=True, help="Print the paths that add up to each score.")
@LANGUAGE
@click.option("--text", help="Recommend for a text of a user who is not in the graph.")
@click.option(
    "--users",
    type=click.Path(path_type=Path, allow_dash=True),
    help="File of user ids: one per line, or a table with the column user_id; - for stdin.",
)
@click.option(
    "--where",
    help='Only items of which this is true, as "price < 30 and in_stock"; see isthmus schema.',
)
@click.option(
    "--exclude",
    multiple=True,
    metavar="ITEM",
    help="Leave out this item, or those of a file: @FILE. May be repeated.",
)
@click.option("--since", metavar="DATE", help="Only items published from this date on.")
@click.option(
    "--max-per-category",
    type=click.IntRange(1),
    metavar="N",
    help="At most N items of one category.",
)
@with_settings
def command(
    settings: Settings,
    user: str | None,
    domain: str,
    n: int,
    explain: bool,
    paths: bool,
    language: str | None,
    text: str | None,
    users: Path | None,
    where: str | None,
    exclude: tuple[str, ...],
    since: str | None,
    max_per_category: int | None,
) -> Output | None:
    """Recommend items of a domain to USER, to many users, or for a text.

    Items that the user has interacted with are left out. A text may ask for something, reject
    something, or both; items about what it rejects are left out. With --users, one JSON document
    per user is printed on a line of its own, in the order of the file.

    --where compares attributes of the items, which `isthmus schema` lists, and title, categories,
    published_at, popularity and likes, with and, or, not, in, is None and brackets. Filters apply
    before the best items are chosen: there are n of them where the domain has as many.

    \b
    Examples:
      isthmus recommend ana --domain films -n 5 --explain
      isthmus recommend ana --domain films --explain --language zh --paths
      isthmus recommend --text "我喜欢阅读历史小说。" --domain books
      isthmus recommend --text "I love jazz but can't stand metal" --domain music
      isthmus recommend --users ids.txt --domain films > answers.jsonl
      isthmus recommend ana -d books --where "price < 30 and in_stock and language in ['zh','en']"
      isthmus recommend ana -d books --exclude b7 --exclude @sold.txt --since 2024-01-01
      isthmus recommend ana -d books --where "'crime' not in categories" --max-per-category 2
    """
    if sum(given is not None for given in (user, text, users)) != 1:
        raise click.UsageError("Give one of USER, --text and --users.")
    from isthmus.graph.database import connect
    from isthmus.graph.explain import (
        explain_text_answer,
        recommend_many_with_reasons,
        recommend_with_reasons,
    )
    from isthmus.graph.filters import Filter, bind_filter
    from isthmus.graph.serving import (
        format_answer,
        recommend_for_text,
        recommend_for_user,
        recommend_for_users,
    )
    from isthmus.graph.sources import read_ids

    ids = [] if users is None else read_ids(users, "user_id")
    given = Filter(where, _read_items(exclude), since, max_per_category)
    with connect(settings) as graph:
        within = None if given.is_empty else bind_filter(graph, domain, given)
        if users is not None:
            if within is not None and within.note:
                click.echo(within.note, err=True)
            answers = (
                recommend_many_with_reasons(graph, ids, domain, n, settings, language, within)
                if explain
                else recommend_for_users(graph, ids, domain, n, settings, filter=within)
            )
            for answer in answers:
                write_json(answer)
            return None
        if text is not None:
            from isthmus.encoders.text import VectorCache
            from isthmus.graph.interests import active_encoder

            encoder = active_encoder(graph, settings)
            cache = VectorCache(settings.home / "vectors")
            answer = recommend_for_text(graph, encoder, cache, text, domain, n, within)
            if explain:
                answer = explain_text_answer(graph, answer, text, language)
        elif explain:
            answer = recommend_with_reasons(graph, str(user), domain, n, settings, language, within)
        else:
            answer = recommend_for_user(graph, str(user), domain, n, settings, filter=within)
    return Output(answer, format_answer(answer, paths))


def _read_items(given: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the ids of items, of which @FILE stands for those in a file."""
    from isthmus.graph.sources import read_ids

    return tuple(
        item
        for each in given
        for item in (read_ids(Path(each[1:]), "item_id") if each.startswith("@") else [each])
    )
