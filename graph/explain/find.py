"""Finds the item that an id or a title names."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from isthmus.errors import InputError, NotFound

if TYPE_CHECKING:
    from isthmus.graph.database import Graph, Row

MOST_NAMED = 5
_HAN = re.compile("[\u3040-\u30ff\u3400-\u9fff]")


def find_item(graph: Graph, domain: str, name: str) -> Row:
    """Finds an item of a domain by its id, or by its title if one item alone has it.

    Returns:
        `key`, `domain`, `item_id` and `title`.

    Raises:
        NotFound: No item has the id or the title; the advice names those with a similar title, or
            the domain that has it.
        InputError: Several items have the title; the advice names their ids.
    """
    rows = graph.read("explain/find_items", name=name, words=_search_words(name))
    own = [row for row in rows if row["domain"] == domain]
    for by in ("id", "title"):
        found = [row for row in own if row["by"] == by]
        if len(found) == 1:
            return found[0]
        if found:
            raise InputError(
                f"{len(found)} items of {domain} have the title {name!r}.",
                f"Give the id of one of them: {_list_items(found)}.",
            )
    raise NotFound(f"There is no item {name!r} in {domain}.", _advise(rows, domain, name))


def _advise(rows: list[Row], domain: str, name: str) -> str:
    elsewhere = [row for row in rows if row["by"] != "words"]
    if elsewhere:
        return f"It is in another domain: {elsewhere[0]['domain']}, {_list_items(elsewhere[:1])}."
    titles = {row["title"].casefold(): row for row in rows if row["domain"] == domain}
    near = difflib.get_close_matches(name.casefold(), titles, n=MOST_NAMED, cutoff=0.5)
    if not near:
        return "Give its item_id or its whole title, as the table items has it."
    return f"Did you mean {_list_items([titles[title] for title in near])}?"


def _list_items(rows: list[Row]) -> str:
    named = [
        f"{row['item_id']} (“{row['title']}”)" if row["title"] else row["item_id"]
        for row in rows[:MOST_NAMED]
    ]
    more = [f"{len(rows) - MOST_NAMED:,} more"] if len(rows) > MOST_NAMED else []
    return ", ".join(named + more)


def _search_words(name: str) -> str:
    """The words of a title as a query of a full-text index, the whole title first.

    Latin words may be misspelled. In capitals, AND, OR and NOT would be operators.
    """
    words = re.findall(r"\w+", name.lower())
    if not words:
        return ""
    near = [word if _HAN.search(word) else f"{word}~" for word in words]
    return " ".join([f'"{" ".join(words)}"^9', *near])
