"""Answers: run the query, say where each comes from, and what to do where there is none."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING, Any

from isthmus.errors import InputError
from isthmus.graph.database.connection import Graph, Row
from isthmus.graph.interests.encoder_versions import answering
from isthmus.graph.interests.text_topics import interests_of_text
from isthmus.settings import Settings

if TYPE_CHECKING:
    from isthmus.encoders.text.encoder import TextEncoder

CANDIDATES = 200
NEAREST = 200
CLIENTS = 4
USERS_A_ROUND = 256
SAMPLE = 1_000
NO_VERSION = 0
"""Encoder versions are numbered from 1; a graph without one has no vectors."""
LIKED_ABOVE = 1.0
"""Deviations above a domain's mean similarity from which a text is said to like an item."""


def recommend(
    graph: Graph, user: str, domain: str, n: int, settings: Settings, paths: bool = True
) -> dict[str, Any]:
    """The best `n` items of a domain that a user has not met.

    Returns:
        The document of `recommend --json`: each item's score is the sum of its paths' shares.

    Raises:
        InputError: There is no such user or domain; it names the nearest ones.
    """
    rows = ranked(graph, user, domain, n, settings, paths=paths)
    if not rows:
        _refuse_unknown(graph, user, domain)
    answer = _answer(rows, domain)
    note = _note(rows, user, domain)
    return {"user": user, "domain": domain} | answer | ({"note": note} if note else {})


def ranked(
    graph: Graph,
    user: str,
    domain: str,
    n: int,
    settings: Settings,
    *,
    paths: bool = False,
    generation: int | None = None,
    as_if_cold: bool = False,
) -> list[Row]:
    """Rows of `recommend/for_user`, best first; none where there is no such user or domain.

    Args:
        graph: The graph.
        user: The user's id.
        domain: Where to recommend from.
        n: How many.
        settings: How a history is read.
        paths: Each row with its paths.
        generation: The one that answers, whether it is active or not; without it the active one.
        as_if_cold: What the user did in the domain counts as not done.
    """
    candidates, most_edges = CANDIDATES + n, settings.edges_per_node
    while True:
        rows = graph.read(
            "recommend/for_user",
            user=user,
            domain=domain,
            n=n,
            history_limit=settings.history_limit,
            half_life_days=settings.half_life_days,
            candidates=candidates,
            paths=paths,
            generation=generation,
            as_if_cold=as_if_cold,
            most_edges=most_edges,
        )
        if rows and rows[0]["most_edges"] > most_edges:
            # The generation was learned with another setting than this one.
            most_edges = rows[0]["most_edges"]
            continue
        # Somebody who met most of the best items needs a longer list to find n new ones; so does
        # somebody whose history speaks against most of the popular ones.
        if (len(rows) == n and _no_better(rows)) or candidates > _items_in(graph, domain):
            return rows
        candidates *= 10


def recommend_for_users(
    graph: Graph, users: Iterable[str], domain: str, n: int, settings: Settings
) -> Iterator[dict[str, Any]]:
    """Answers for many users in the order asked; an unknown one gets a note in place of items."""

    def answer(user: str) -> dict[str, Any]:
        try:
            return recommend(graph, user, domain, n, settings)
        except InputError as error:
            empty: dict[str, Any] = {
                "user": user,
                "domain": domain,
                "generation": None,
                "items": [],
            }
            return empty | {"note": str(error)}

    asked = iter(users)
    with ThreadPoolExecutor(CLIENTS) as clients:
        while some := list(islice(asked, USERS_A_ROUND)):
            yield from clients.map(answer, some)


def recommend_for_text(
    graph: Graph, encoder: TextEncoder, text: str, domain: str, n: int
) -> dict[str, Any]:
    """The best `n` items of a domain for a text of somebody who is not in the graph.

    Each item says whether the text likes it: whether its similarity lies `LIKED_ABOVE`
    deviations above that of the domain's items on the whole.

    Args:
        graph: The graph.
        encoder: The one of the answers, from `encoder_of_answers`.
        text: What somebody wrote.
        domain: Where to recommend from.
        n: How many.

    Raises:
        InputError: The text is empty, there is no such domain, or the encoder is another one.
    """
    if not text.strip():
        raise InputError("The text is empty.", 'Give some words: --text "I like …".')
    version = _version_read_by(graph, encoder)
    vectors = encoder.encode([text], "query")
    asked = {"domain": domain, "vector": vectors[0].tolist(), "version": version}
    search = "" if graph.capabilities.search else "_without_search"
    similar = graph.read(f"recommend/nearest_items{search}", **asked, k=max(NEAREST, n))
    spread = graph.read("recommend/similarity_spread", **asked, sample=SAMPLE)
    mean, deviation = spread[0]["mean"] or 0.0, max(spread[0]["deviation"] or 0.0, 1e-6)
    rows = graph.read(
        "recommend/for_text",
        domain=domain,
        n=n,
        candidates=CANDIDATES,
        similar=[
            {"key": row["key"], "share": (row["similarity"] - mean) / deviation} for row in similar
        ],
        interests=interests_of_text(graph, vectors, version),
        version=version,
    )
    if not rows:
        _refuse_unknown(graph, None, domain)
    answer = _answer(rows, domain)
    verdicts = _VERDICTS["zh" if re.search(r"[\u4e00-\u9fff]", text) else "en"]
    for item in answer["items"]:
        content = sum(path["share"] for path in item["paths"] if path["kind"] == "content")
        item["likes"] = content >= LIKED_ABOVE
        item["verdict"] = verdicts[item["likes"]]
    note = None
    if not similar:
        note = "No item has an embedding yet: these are popular ones. Run `isthmus encode`."
    elif answer["generation"] is None:
        note = _UNTRAINED
    return {"user": None, "domain": domain} | answer | ({"note": note} if note else {})


def _version_read_by(graph: Graph, encoder: TextEncoder) -> int:
    """The active encoder version, when it is this encoder's: other vectors mean nothing to it."""
    active = answering(graph)
    if active is None:
        return NO_VERSION
    if active.fingerprint != encoder.fingerprint:
        raise InputError(
            f"The graph answers with version {active.number} of its encoders, {active.name}; the "
            f"text would be read by {encoder.name}, whose files are others.",
            "Put that encoder's files back, or run `isthmus retrain` to change to the one that is "
            "set.",
        )
    return active.number


def history(graph: Graph, user: str, limit: int = 10) -> list[Row]:
    """What a user did, newest first."""
    return graph.read("recommend/history", user=user, limit=limit)


_VERDICTS = {"zh": ("不喜欢", "喜欢"), "en": ("does not like", "likes")}
_UNTRAINED = (
    "No edges are learned yet: this comes from content and popularity. Run `isthmus retrain`."
)


def _answer(rows: Sequence[Row], domain: str) -> dict[str, Any]:
    items = []
    for row in rows:
        paths = sorted(row["paths"], key=lambda path: -abs(path["share"]))
        item = {"domain": domain, "item_id": row["item_id"], "title": row["title"]}
        items.append(item | {"score": row["score"], "paths": paths})
    return {"generation": rows[0]["generation"] if rows else None, "items": items}


def _note(rows: Sequence[Row], user: str, domain: str) -> str | None:
    if not rows:
        return f"{user} has met every item of {domain}."
    if rows[0]["history"] == 0 and all(_only_popular(row) for row in rows):
        return f"{user} has no history yet: these are the popular items of {domain}."
    return _UNTRAINED if rows[0]["generation"] is None else None


def _only_popular(row: Row) -> bool:
    return all(path["kind"] == "popularity" for path in row["paths"])


def _no_better(rows: Sequence[Row]) -> bool:
    """Whether no item that the query did not look at can have a better score than these."""
    rest = rows[-1]["rest"]
    return rest is None or rows[-1]["score"] >= rest


def _items_in(graph: Graph, domain: str) -> int:
    return int(graph.read("recommend/domain_size", domain=domain)[0]["items"])


def _refuse_unknown(graph: Graph, user: str | None, domain: str) -> None:
    """Says which name is unknown, and which ones are near to it."""
    domains = [row["name"] for row in graph.read("admin/domains")]
    if not domains:
        raise InputError("The graph is empty.", "Load your tables with `isthmus ingest FOLDER`.")
    if domain not in domains:
        near = difflib.get_close_matches(domain, domains, n=3, cutoff=0.4) or domains[:10]
        raise InputError(f"There is no domain {domain!r}.", f"Did you mean {_either(near)}?")
    if user is not None and not graph.read("recommend/user", user=user):
        start = user[: max(1, len(user) // 2)]
        ids = [row["id"] for row in graph.read("recommend/users_like", start=start)]
        near = difflib.get_close_matches(user, ids, n=3, cutoff=0.4)
        advice = f"Did you mean {_either(near)}?" if near else "See which users were loaded."
        raise InputError(f"There is no user {user!r}.", advice)


def _either(names: Sequence[str]) -> str:
    return " or ".join(repr(name) for name in names)
