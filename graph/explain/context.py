"""Collects from the graph what explanations name: sources of paths, people, the language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from isthmus.graph.explain.groups import ITEM_KINDS, Group, Source, group_paths
from isthmus.graph.explain.reasons import Context, Known, choose_groups
from isthmus.graph.explain.wording import LANGUAGES, Wording

if TYPE_CHECKING:
    from isthmus.graph.database import Graph, Row
    from isthmus.graph.explain.shares import Paths
    from isthmus.settings import Settings


@dataclass(frozen=True)
class Asker:
    """The user who is answered.

    Attributes:
        user: The user's id.
        history: Number of interactions.
        texts: Number of texts.
        met: Number of interactions with items of the domain.
        language: Language of the answer.
    """

    user: str
    history: int
    texts: int
    met: int
    language: str

    @property
    def known(self) -> Known:
        """What is known of the user."""
        return "history" if self.history else "texts" if self.texts else "nothing"


def find_asker(
    graph: Graph, user: str, domain: str, settings: Settings, language: str | None
) -> Asker | None:
    """Looks up a user; None if there is no such user.

    The language is the given one, or else that in which the user wrote most, or else that of the
    setting `language`.
    """
    rows = graph.read("explain/user", user=user, domain=domain, languages=list(LANGUAGES))
    if not rows:
        return None
    row = rows[0]
    chosen = language or row["language"] or settings.language
    return Asker(user, row["history"], row["texts"], row["met"], chosen)


def read_sources(
    graph: Graph, user: str | None, language: str, answers: Mapping[str, Paths]
) -> tuple[dict[str, Source], frozenset[str]]:
    """Reads some items, and the items and interests from which the paths to them start.

    Args:
        graph: The graph.
        user: The user whose likes and dislikes they are, or None.
        language: Language of the names of interests.
        answers: Paths by key of the item to which they lead.

    Returns:
        All of these by key or id, and the keys of the items that anybody likes.
    """
    starts: dict[bool, set[str]] = {True: {*answers}, False: set()}
    kinds: dict[str, str] = {}
    for paths in answers.values():
        for path in paths:
            if path["kind"] != "popularity" and path["from"] is not None:
                starts[path["kind"] in ITEM_KINDS].add(path["from"])
                kinds[path["from"]] = path["kind"]
    items = read_items(graph, user, language, starts[True])
    sources = {key: source for key, (source, _) in items.items()}
    if starts[False]:
        ids = sorted(starts[False])
        for row in graph.read("explain/interests", user=user, interests=ids, language=language):
            weight = row["written"] if kinds[row["id"]] == "text" else row["weight"]
            liked = None if weight is None else weight > 0
            sources[row["id"]] = Source(row["name"], liked=liked)
    return sources, frozenset(key for key, (_, row) in items.items() if row["likes"])


def read_items(
    graph: Graph, user: str | None, language: str, keys: set[str]
) -> dict[str, tuple[Source, Row]]:
    """Reads items by key, each with the row of `explain/sources`."""
    rows = graph.read("explain/sources", user=user, keys=sorted(keys), language=language)
    return {row["key"]: (_build_item(row), row) for row in rows}


def collect_context(
    graph: Graph,
    asker: Asker,
    domain: str,
    answers: Mapping[str, Paths],
    average: Mapping[str, float],
    settings: Settings,
) -> tuple[Context, dict[str, list[Group]]]:
    """Collects what the sentences on some items need, and groups the paths of each.

    Args:
        graph: The graph.
        asker: The user who is answered.
        domain: The domain of the items.
        answers: Paths by key of the item.
        average: Signals of an average item.
        settings: `min_supporters`.
    """
    sources, liked = read_sources(graph, asker.user, asker.language, answers)
    groups = {key: group_paths(paths, sources) for key, paths in answers.items()}
    pairs = [
        {"source": group.sources[0], "item": key}
        for key, own in groups.items()
        for group in choose_groups(own, average)
        if group.key.kind in ITEM_KINDS and group.key.liked and group.key.counts_for
    ]
    rows = graph.read(
        "explain/supporters", user=asker.user, pairs=pairs, least=settings.min_supporters
    )
    people = {(row["source"], row["item"]): row["people"] for row in rows}
    wording = Wording(asker.language)
    return Context(wording, domain, asker.known, sources, people, liked), groups


def _build_item(row: Row) -> Source:
    return Source(
        row["title"] or row["item_id"],
        row["domain"],
        None if row["weight"] is None else row["weight"] > 0,
        {interest["id"]: interest["name"] for interest in row["interests"]},
    )
