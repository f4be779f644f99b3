"""Recommendations for users, with their explanations and advice on unknown names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from typing import Any

from isthmus.errors import InputError
from isthmus.graph.database import Graph, Row
from isthmus.graph.filters import BoundFilter, Filter, bind_filter
from isthmus.graph.serving.names import check_names
from isthmus.graph.serving.restriction import rank_within, read_within, shortage_note
from isthmus.settings import Settings

POPULAR_CANDIDATES = 200
CLIENTS = 4
BATCH_USERS = 256


def recommend_for_user(
    graph: Graph,
    user: str,
    domain: str,
    n: int,
    settings: Settings,
    paths: bool = True,
    filter: Filter | BoundFilter | None = None,  # noqa: A002 - its name in Python
) -> dict[str, Any]:
    """Recommends `n` items of a domain that a user has no interaction with.

    Args:
        graph: The graph.
        user: The user's id.
        domain: The target domain.
        n: Number of items.
        settings: As for `rank_items`.
        paths: Whether to return the paths of each item, and the note on what is missing.
        filter: What the items are restricted to; bound with `bind_filter` where many questions have
            the same one, which spares two queries.

    Returns:
        The document of `recommend --json`: each item's score is the sum of its paths' shares. Where
        a filter leaves fewer than `n`, the note says how many.

    Raises:
        NotFound: The user or domain does not exist; the advice names similar ones.
        InputError: The graph is empty, or the filter is wrong.
    """
    bound = None if filter is None else bind_filter(graph, domain, filter)
    rows = rank_for_user(graph, user, domain, n, settings, paths, bound)
    return write_answer(graph, user, domain, n, rows, bound, paths)


def rank_for_user(
    graph: Graph,
    user: str,
    domain: str,
    n: int,
    settings: Settings,
    paths: bool,
    bound: BoundFilter | None,
) -> list[Row]:
    """Returns the rows of the best `n` items within a filter, as `rank_items` does."""

    def rank(within: BoundFilter | None, most: int) -> list[Row]:
        return rank_items(graph, user, domain, most, settings, paths=paths, within=within)

    return rank_within(graph, rank, bound, n)


def write_answer(
    graph: Graph,
    user: str,
    domain: str,
    n: int,
    rows: Sequence[Row],
    bound: BoundFilter | None,
    paths: bool = True,
    explained: bool = False,
) -> dict[str, Any]:
    """Builds the answer of `recommend_for_user` from its rows, at most `n` of them.

    Args:
        graph: The graph.
        user: The user's id.
        domain: The target domain.
        n: Number of items that were asked for.
        rows: The rows.
        bound: The filter within which they were ranked, or None.
        paths: Whether the rows have their paths, by which the note says what is missing.
        explained: Whether reasons are added, which say of each item that it is only popular.

    Raises:
        NotFound: There are no rows, because the user or domain does not exist.
    """
    if not rows:
        check_names(graph, user, domain)
    answer = build_answer(rows, domain)
    has_note = paths and (rows or bound is None)
    notes = [_write_note(rows, user, domain, explained)] if has_note else []
    if bound is not None and len(rows) < n:
        notes.append(shortage_note(graph, bound, len(rows), f"{user} has interactions with"))
    if bound is not None:
        notes.append(bound.note)
    note = "\n".join(each for each in notes if each)
    return {"user": user, "domain": domain} | answer | ({"note": note} if note else {})


def rank_items(
    graph: Graph,
    user: str,
    domain: str,
    n: int,
    settings: Settings,
    *,
    paths: bool = False,
    generation: int | None = None,
    as_if_cold: bool = False,
    hidden: Sequence[str] = (),
    within: BoundFilter | None = None,
) -> list[Row]:
    """Returns rows of `recommend/for_user`, best first; none if the user or domain does not exist.

    Args:
        graph: The graph.
        user: The user's id.
        domain: The target domain.
        n: Number of items.
        settings: `history_limit`, `half_life_days`, `edges_per_node`.
        paths: Whether to return the paths of each row.
        generation: Number of the generation to use, active or not; None for the active one.
        as_if_cold: Whether to hide the user's interactions in the domain, as for a cold-start user.
        hidden: Keys of items whose interactions with the user are hidden.
        within: What the items are restricted to, before the best `n` are chosen.
    """
    candidates, most_edges = n + POPULAR_CANDIDATES, settings.edges_per_node
    if within is not None and not within.reads_index:
        # The walk by popularity passes about as many items as without a filter.
        candidates = n + int(POPULAR_CANDIDATES * within.share)

    while True:
        rows = read_within(
            graph,
            "recommend/for_user",
            within,
            user=user,
            domain=domain,
            n=n,
            history_limit=settings.history_limit,
            half_life_days=settings.half_life_days,
            candidates=candidates,
            paths=paths,
            generation=generation,
            as_if_cold=as_if_cold,
            hidden=list(hidden),
            most_edges=most_edges,
        )
        if rows and rows[0]["most_edges"] > most_edges:
            # The generation was trained with a larger `edges_per_node` than the present setting.
            most_edges = rows[0]["most_edges"]
            continue
        # More candidates are needed for users who know most of the best items, and for users with
        # negative edges to most of the popular items.
        all_scored = within is not None and rows and rows[0]["rest"] is None
        if all_scored or (len(rows) == n and _is_complete(rows)):
            return rows
        if candidates > _count_items(graph, domain):
            return rows
        candidates *= 10


def recommend_for_users(
    graph: Graph,
    users: Iterable[str],
    domain: str,
    n: int,
    settings: Settings,
    paths: bool = True,
    filter: Filter | BoundFilter | None = None,  # noqa: A002
) -> Iterator[dict[str, Any]]:
    """Recommends for many users in their order; an unknown user gets a note and no items.

    Raises:
        InputError: The filter is wrong.
    """
    bound = None if filter is None else bind_filter(graph, domain, filter)
    within = None if bound is None else replace(bound, note=None)  # the same for all

    def answer(user: str) -> dict[str, Any]:
        return recommend_for_user(graph, user, domain, n, settings, paths, within)

    return answer_users(users, domain, answer)


def answer_users(
    users: Iterable[str], domain: str, answer: Callable[[str], dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    """Answers many users at once, in their order; an unknown one gets a note and no items."""

    def answer_or_note(user: str) -> dict[str, Any]:
        try:
            return answer(user)
        except InputError as error:
            nothing: dict[str, Any] = {"generation": None, "items": [], "note": str(error)}
            return {"user": user, "domain": domain, **nothing}

    remaining = iter(users)
    with ThreadPoolExecutor(CLIENTS) as clients:
        while batch := list(islice(remaining, BATCH_USERS)):
            yield from clients.map(answer_or_note, batch)


def recent_interactions(graph: Graph, user: str, limit: int = 10) -> list[Row]:
    """Returns the interactions of a user, newest first."""
    return graph.read("recommend/history", user=user, limit=limit)


UNTRAINED = (
    "No edges are learned yet: these items come from content and popularity. Run `isthmus retrain`."
)


def build_answer(rows: Sequence[Row], domain: str) -> dict[str, Any]:
    """Builds the keys `generation` and `items` of an answer, the strongest paths first."""
    items = []
    for row in rows:
        paths = sorted(row["paths"], key=lambda path: -abs(path["share"]))
        item = {"domain": domain, "item_id": row["item_id"], "title": row["title"]}
        items.append(item | {"score": row["score"], "paths": paths})
    return {"generation": rows[0]["generation"] if rows else None, "items": items}


def _write_note(rows: Sequence[Row], user: str, domain: str, explained: bool) -> str | None:
    """Writes the note on the items that a user is recommended; None where nothing is missing.

    Args:
        rows: Rows of `recommend/for_user` with their paths.
        user: The user's id.
        domain: The target domain.
        explained: Whether the reasons of the items say that they are only popular.
    """
    if not rows:
        return f"{user} has interactions with every item of {domain}."
    kinds = {path["kind"] for row in rows for path in row["paths"] if path["share"]}
    history, untrained = rows[0]["history"], rows[0]["generation"] is None
    only_popular = kinds == {"popularity"}
    notes = []
    if not kinds:
        subject = f"{user} has no history yet, and nobody" if not history else "Nobody"
        notes.append(
            f"{subject} likes any of these items of {domain} yet: they are in the order of their "
            "ids."
        )
    elif only_popular and explained:
        pass  # the reasons say it
    elif only_popular and not history:
        return f"{user} has no history yet: these are the popular items of {domain}."
    elif only_popular and not untrained:
        notes.append(
            f"No edge leads from what {user} has met to these items: they are the popular ones of "
            f"{domain}."
        )
    elif history and not untrained and not kinds & {"transfer", "collaborative"}:
        notes.append(
            f"No user links these items with what {user} has met: they come from content and "
            "popularity."
        )
    if untrained:
        notes.append(UNTRAINED)
    return "\n".join(notes) or None


def _is_complete(rows: Sequence[Row]) -> bool:
    """Whether no item that was not scored can have a higher score than these."""
    bound = rows[-1]["rest"]
    return bound is None or rows[-1]["score"] >= bound


def _count_items(graph: Graph, domain: str) -> int:
    return int(graph.read("recommend/domain_size", domain=domain)[0]["items"])
