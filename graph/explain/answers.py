"""Answers with the reasons in words for each item."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from isthmus.encoders.topics import language_of
from isthmus.graph.explain.context import collect_context, find_asker, read_sources
from isthmus.graph.explain.reasons import (
    AGAINST_SHARE,
    NAMED,
    SECOND_SHARE,
    Standing,
    write_reasons,
)
from isthmus.graph.explain.shares import average_signals, popularity_decides, sum_signals
from isthmus.graph.explain.wording import Wording
from isthmus.graph.filters import bind_filter
from isthmus.graph.serving import answer_users, rank_for_user, rank_items, write_answer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from isthmus.graph.database import Graph
    from isthmus.graph.explain.shares import Paths
    from isthmus.graph.filters import BoundFilter, Filter
    from isthmus.settings import Settings

REFERENCE_ITEMS = 1_000
"""Items of which the average item is the mean: all that a user has not met in a domain of at most
as many, and the best of a larger one."""


def recommend_with_reasons(
    graph: Graph,
    user: str,
    domain: str,
    n: int,
    settings: Settings,
    language: str | None = None,
    filter: Filter | BoundFilter | None = None,  # noqa: A002 - as for recommendations
) -> dict[str, Any]:
    """Recommends items and says why: the answer of `recommend_for_user` with its reasons.

    Popularity is named only where it decides: where the next item, or the first that is not in the
    answer, would stand above an item if both were equally popular.

    Args:
        graph: The graph.
        user: The user's id.
        domain: The target domain.
        n: Number of items.
        settings: Those of recommendations, `min_supporters` and `language`.
        language: `en` or `zh`; None for the language of the user's texts, or that of the settings.
        filter: What the items are restricted to; reasons compare them with the average of all.

    Returns:
        The answer with paths, each item with `reasons`, a list of sentences, and `language`.

    Raises:
        NotFound: The user or domain does not exist; the advice names similar ones.
        InputError: The graph is empty, or the filter is wrong.
    """
    bound = None if filter is None else bind_filter(graph, domain, filter)
    most = max(REFERENCE_ITEMS, n + 1)
    reference = rank_items(graph, user, domain, most, settings, paths=True)
    ranked = reference
    if bound is not None:
        ranked = rank_for_user(graph, user, domain, n + 1, settings, True, bound)
    answer = write_answer(graph, user, domain, n, ranked[:n], bound, explained=True)
    asker = find_asker(graph, user, domain, settings, language) if answer["items"] else None
    if asker is None:
        return answer
    items = {f"{domain}:{item['item_id']}": item for item in answer["items"]}
    answers: dict[str, Paths] = {key: item["paths"] for key, item in items.items()}
    average = average_signals([row["paths"] for row in reference])
    context, groups = collect_context(graph, asker, domain, answers, average, settings)
    order = [*answers.values(), *(row["paths"] for row in ranked[n : n + 1])]
    explained = []
    for place, (key, item) in enumerate(items.items()):
        below = order[place + 1 :]
        decides = popularity_decides(item["paths"], below, len(items) - place - 1)
        standing = Standing(average, sum_signals(item["paths"]), decides)
        reasons = write_reasons(context, key, groups[key], standing)
        explained.append(item | {"reasons": reasons})
    return {**answer, "language": asker.language, "items": explained}


def recommend_many_with_reasons(
    graph: Graph,
    users: Iterable[str],
    domain: str,
    n: int,
    settings: Settings,
    language: str | None = None,
    filter: BoundFilter | None = None,  # noqa: A002
) -> Iterator[dict[str, Any]]:
    """Answers many users as `recommend_with_reasons` does; an unknown one gets a note."""
    within = None if filter is None else replace(filter, note=None)  # the same for all

    def answer(user: str) -> dict[str, Any]:
        return recommend_with_reasons(graph, user, domain, n, settings, language, within)

    return answer_users(users, domain, answer)


def explain_text_answer(
    graph: Graph, answer: Mapping[str, Any], text: str, language: str | None = None
) -> dict[str, Any]:
    """Adds `reasons`, a list of sentences, to each item of an answer for a text, and `language`.

    Args:
        graph: The graph.
        answer: From `recommend_for_text`.
        text: The text.
        language: `en` or `zh`; None for that of the text.
    """
    language = language or ("zh" if language_of(text) == "zh" else "en")
    wording, domain = Wording(language), answer["domain"]
    keys = [f"{domain}:{item['item_id']}" for item in answer["items"]]
    answers = {key: item["paths"] for key, item in zip(keys, answer["items"], strict=True)}
    sources, _ = read_sources(graph, None, language, answers)
    # What the text asks for, as far as it leads to an item; the strongest first.
    paths = sorted(
        (path for own in answers.values() for path in own), key=lambda path: -path["share"]
    )
    asked = dict.fromkeys(
        path["from"] for path in paths if path["share"] > 0 and path["kind"] == "interest"
    )
    names = {start: sources[start].name for start in asked if start in sources}
    explained = [
        item | {"reasons": _write_text_reasons(wording, domain, item["paths"], names, own)}
        for key, item in zip(keys, answer["items"], strict=True)
        for own in [sources[key].interests if key in sources else {}]
    ]
    return {**answer, "language": language, "items": explained}


def _write_text_reasons(
    wording: Wording, domain: str, paths: Paths, asked: Mapping[str, str], own: Mapping[str, str]
) -> list[str]:
    """Writes why an item answers a text: what it asks for, words that are close, popularity.

    Args:
        wording: The words of the language.
        domain: The domain of the item.
        paths: Its paths.
        asked: Names of the interests that the text asks for, by id.
        own: Names of the interests that the item is about, by id.
    """
    order = sorted(paths, key=lambda path: -path["share"])
    near = [path for path in order if path["from"] is None]
    led = next((path for path in order if path["from"] in asked and path["share"] > 0), None)
    weighed = []
    if both := [name for start, name in asked.items() if start in own][:NAMED]:
        weighed.append((math.inf, wording.sentence("asked_belongs", things=both)))
    elif led is not None:
        key = "asked_leads_to" if own else "asked_leads"
        names = {"things": [asked[led["from"]]], "own": [*own.values()][:1] or [""]}
        weighed.append((led["share"], wording.sentence(key, **names)))
    if near and near[0]["share"] > 0:
        weighed.append(
            (near[0]["share"], wording.sentence("similar", things=_quote(wording, near[0])))
        )
    weighed.sort(key=lambda pair: -pair[0])
    sentences = [text for share, text in weighed if share >= SECOND_SHARE * weighed[0][0]]
    if not sentences:
        sentences.append(wording.sentence("popular_texts", domain=domain))
    total = sum(path["share"] for path in order if path["share"] > 0)
    if near and near[-1]["share"] < -AGAINST_SHARE * total:
        sentences.append(wording.sentence("unlike", things=_quote(wording, near[-1])))
    return sentences


def _quote(wording: Wording, path: Mapping[str, Any]) -> list[str]:
    """The words of the clause that a path starts from."""
    return [wording.quote(path["title"].strip(" .!?,;。！？，；"))]
