"""`isthmus recommend`: the best items of a domain for a user or for a text."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

import click

from isthmus.scripts.command import Output, with_settings, write_json

if TYPE_CHECKING:
    from isthmus.settings import Settings


@click.command()
@click.argument("user", required=False)
@click.option("-d", "--domain", required=True, help="Domain to recommend from.")
@click.option("-n", "n", default=10, type=click.IntRange(1, 1000), show_default=True)
@click.option("--explain", is_flag=True, help="Print the paths that make each score.")
@click.option("--text", help="Recommend for these words of somebody who is not in the graph.")
@click.option("--users", type=click.File(), help="A user id a line, or - for standard input.")
@with_settings
def command(
    settings: Settings,
    user: str | None,
    domain: str,
    n: int,
    explain: bool,
    text: str | None,
    users: TextIO | None,
) -> Output | None:
    """Recommend items of a domain to USER, to many users, or for a text.

    \b
    Examples:
      isthmus recommend ana --domain films -n 5 --explain
      isthmus recommend --text "我喜欢阅读历史小说。" --domain books
      isthmus recommend --users ids.txt --domain films > answers.jsonl
    """
    if sum(given is not None for given in (user, text, users)) != 1:
        raise click.UsageError("Give one of USER, --text and --users.")
    from isthmus.graph.database.session import connect
    from isthmus.graph.serving.explanation import as_text
    from isthmus.graph.serving.recommend import recommend, recommend_for_text, recommend_for_users

    with connect(settings) as graph:
        if users is not None:
            names = (line.strip() for line in users)
            for answer in recommend_for_users(graph, filter(None, names), domain, n, settings):
                write_json(answer)
            return None
        if text is not None:
            from isthmus.graph.interests.encoder_versions import encoder_of_answers

            encoder = encoder_of_answers(graph, settings)
            answer = recommend_for_text(graph, encoder, text, domain, n)
        else:
            answer = recommend(graph, str(user), domain, n, settings)
    return Output(answer, as_text(answer, paths=explain))
