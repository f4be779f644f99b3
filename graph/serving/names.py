"""Names of users, domains and items that the graph does not have, with what was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from isthmus.errors import InputError, NotFound
from isthmus.graph.database import Graph, Statement
from isthmus.graph.ingest import find_near_item

_DOMAINS = ("domain", "source", "target")


def check_parameters(graph: Graph, reader: Statement, values: Mapping[str, Any]) -> None:
    """Checks that the users, domains and items exist that a reader is asked about.

    They are what its parameters user, users, domain, source, target and item are by their names.
    Without the check an unknown user looks like one without answers, and one of a group is left
    out.

    Raises:
        NotFound: One does not exist; the advice names similar ones.
        InputError: The graph is empty.
    """
    if not reader.is_reader:
        return
    texts = {name: value for name, value in values.items() if isinstance(value, str)}
    for domain in dict.fromkeys(texts[name] for name in _DOMAINS if name in texts):
        check_names(graph, None, domain)
    users = values.get("users")
    # Where it is no list, it is a number of users.
    for user in users if isinstance(users, list | tuple) else ():
        check_user(graph, str(user))
    if "user" in texts:
        check_user(graph, texts["user"])
    if "item" in texts:
        domain, colon, item_id = texts["item"].partition(":")
        if not colon:
            raise InputError(
                f"The item {texts['item']!r} is no key.",
                "A key is the domain and the id with a colon between them, as in "
                f"{reader.value_to_try('item')}.",
            )
        check_names(graph, None, domain)
        check_item(graph, domain, item_id)


def check_names(graph: Graph, user: str | None, domain: str) -> None:
    """Checks that a domain and a user exist.

    Raises:
        NotFound: One does not exist; the advice names similar ones.
        InputError: The graph is empty.
    """
    domains = [row["name"] for row in graph.read("admin/domains")]
    if not domains:
        raise InputError("The graph is empty.", "Load your tables with `isthmus ingest FOLDER`.")
    if domain not in domains:
        similar = difflib.get_close_matches(domain, domains, n=3, cutoff=0.4) or domains[:10]
        raise NotFound(f"There is no domain {domain!r}.", f"Did you mean {_join_or(similar)}?")
    if user is not None:
        check_user(graph, user)


def check_user(graph: Graph, user: str) -> None:
    """Checks that a user exists.

    Raises:
        NotFound: There is no such user; the advice names similar ones.
    """
    if not graph.read("recommend/user", user=user):
        start = user[: max(1, len(user) // 2)]
        ids = [row["id"] for row in graph.read("recommend/users_like", start=start)]
        similar = difflib.get_close_matches(user, ids, n=3, cutoff=0.4)
        advice = f"Did you mean {_join_or(similar)}?" if similar else "Check the ids of your users."
        raise NotFound(f"There is no user {user!r}.", advice)


def check_item(graph: Graph, domain: str, item_id: str) -> None:
    """Checks that a domain of the graph has an item.

    Raises:
        NotFound: The item does not exist; the advice names a similar one.
    """
    known = graph.read("ingest/known_items", item_ids=[item_id])
    if not any(row["domain"] == domain for row in known):
        near = find_near_item(graph, domain, item_id)
        advice = f"Did you mean {near!r}?" if near else "Check the ids of your items."
        raise NotFound(f"There is no item {item_id!r} in {domain!r}.", advice)


def _join_or(names: Sequence[str]) -> str:
    return " or ".join(repr(name) for name in names)
