"""Finds items, users and interests by name, and the items to which an item leads."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from isthmus.graph.serving.names import check_item, check_names

if TYPE_CHECKING:
    from isthmus.graph.database import Graph, Row

Searched = Literal["items", "users", "interests"]

STOP_WORDS = frozenset(
    re.findall(
        r"\w+",
        "a and are as at be but by for if in into is it no not of on or s such t that the their "
        "then there these they this to was will with www",
    )
)
"""Words that Neo4j's analyzer of titles does not index."""


def search(
    graph: Graph, kind: Searched, words: str, n: int, domain: str | None = None
) -> list[Row]:
    """Returns at most `n` items, users or interests, best match first.

    Args:
        graph: The graph.
        kind: `items` are found by all of some words of their titles, the last of which may be
            unfinished, or by the beginning of their id; `users` by the beginning of their id;
            `interests` by a part of a name in any language, or of their id.
        words: What was typed; for nothing but blanks, nothing is found.
        n: Maximum number of results.
        domain: Domain of the items; None for all.

    Raises:
        NotFound: The domain does not exist.
    """
    words = words.strip()
    if domain is not None:
        check_names(graph, None, domain)
    if not words:
        return []
    if kind == "users":
        return graph.read("search/users", start=words, n=n)
    if kind == "interests":
        return graph.read("search/interests", part=words.lower(), n=n)
    query = title_query(words)
    return graph.read("search/items", words=query, start=words, domain=domain, n=n)


def title_query(words: str) -> str:
    """Returns words as a Lucene query of which all must be in the title, in any order.

    Chinese titles are indexed by pairs of characters: more of them must follow one another, and one
    alone is found as the first of a pair. The last word of another script may be the beginning of
    one.
    """
    found = re.findall(r"\w+", words)
    found = [word for word in found if word.lower() not in STOP_WORDS] or found
    return " AND ".join(
        f'("{word}" OR {word.lower()}*)' if word == found[-1] or len(word) == 1 else f'"{word}"'
        for word in found
    )


def related_items(
    graph: Graph, domain: str, item_id: str, n: int, target: str | None = None
) -> list[Row]:
    """Returns the items to which the learned edges of an item lead, strongest first.

    Args:
        graph: The graph.
        domain: Domain of the item.
        item_id: Its id.
        n: Maximum number of items.
        target: Domain of the related items; None for that of the item, in which they are what is
            liked together with it.

    Raises:
        NotFound: A domain or the item does not exist; the advice names a similar one.
    """
    for name in dict.fromkeys((domain, target or domain)):
        check_names(graph, None, name)
    check_item(graph, domain, item_id)
    rows = graph.read(
        "recommend/related_items",
        item=f"{domain}:{item_id}",
        domain=target or domain,
        kinds=["transfer", "co_liked"],
        most=n,
    )
    named = ("domain", "item_id", "title", "weight")
    return [{name: row[name] for name in named} for row in rows if row["weight"] > 0]
