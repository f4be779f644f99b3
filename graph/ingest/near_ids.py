"""Finds the id that somebody probably meant."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Sequence

from isthmus.graph.database import Graph

MAX_NAMED = 20
"""Ids for which a near one is looked for; a table with more has another fault."""
MAX_COMPARED = 2_000
CUTOFF = 0.75
LENGTH_DIFFERENCE = 2


def near_ids(missing: Iterable[str], known: Sequence[str]) -> dict[str, str]:
    """Returns for the first ids that do not exist the id that is most like each, if any is.

    Args:
        missing: Ids that do not exist, possibly repeated.
        known: Ids that exist.
    """
    wanted = list(dict.fromkeys(missing))[:MAX_NAMED]
    if not wanted or not known:
        return {}
    by_skeleton = {_skeleton(item_id): item_id for item_id in known}
    near = {}
    for item_id in wanted:
        same = by_skeleton.get(_skeleton(item_id))
        found = [same] if same is not None else _most_similar(item_id, known)
        if found:
            near[item_id] = found[0]
    return near


def find_near_item(graph: Graph, domain: str, item_id: str) -> str | None:
    """Returns the id in a domain of the graph that is most like one that does not exist."""
    start = item_id[:1]
    rows = [
        row["item_id"]
        for prefix in {start, start.lower(), start.upper()}
        for row in graph.read(
            "ingest/similar_items", domain=domain, prefix=prefix, most=MAX_COMPARED
        )
    ]
    return near_ids([item_id], rows).get(item_id)


def _most_similar(item_id: str, known: Sequence[str]) -> list[str]:
    length = len(item_id)
    candidates = [
        other
        for other in known
        if abs(len(other) - length) <= LENGTH_DIFFERENCE and other[:1] == item_id[:1]
    ]
    return difflib.get_close_matches(item_id, candidates[:MAX_COMPARED], n=1, cutoff=CUTOFF)


def _skeleton(item_id: str) -> str:
    """Returns an id without case, marks, leading zeros and decimals of zero."""
    text = unicodedata.normalize("NFKD", item_id).casefold()
    text = re.sub(r"\.0+$", "", text)
    return re.sub(r"[\W_]", "", text).lstrip("0") or text
