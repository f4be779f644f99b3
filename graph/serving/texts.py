"""Recommendations for a text, and the probability that its writer likes an item."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from isthmus.encoders.topics import language_of
from isthmus.errors import InputError
from isthmus.graph.filters import BoundFilter, Filter, bind_filter, few_items
from isthmus.graph.interests import Reading, active_version, read_text, wanted_weight
from isthmus.graph.serving.names import check_names
from isthmus.graph.serving.recommend import POPULAR_CANDIDATES, UNTRAINED, build_answer
from isthmus.graph.serving.restriction import rank_within, read_within, shortage_note

if TYPE_CHECKING:
    from isthmus.encoders.text import TextEncoder, VectorCache
    from isthmus.graph.database import Graph, Row

NEAREST_CANDIDATES = 200
SAMPLE_ITEMS = 1_000
NO_VERSION = 0
"""Encoder versions are numbered from 1; a graph without one has no vectors."""
MAX_JUDGED_ITEMS = 1_000
# Where no generation has been calibrated: an item one standard deviation above the mean
# similarity of its domain is as likely as not.
DEFAULT_SLOPE, DEFAULT_OFFSET = 1.5, -1.5

_VERDICTS = {"zh": ("不喜欢", "喜欢"), "en": ("does not like", "likes")}
_LEFT_OUT = {"zh": "未列出：{0}，因为你写了“{1}”。", "en": "left out: {0}, because you wrote “{1}”"}
_ABOUT_NOTHING = {
    "zh": "这段话没有提到目录里的东西：以下是 {0} 里的热门。",
    "en": "The text is about nothing in the catalogue: these are popular items of {0}.",
}
_JUDGED_NOTHING = {
    "zh": "这段话没有提到目录里的东西：只按热门程度计算。",
    "en": "The text is about nothing in the catalogue: only popularity counts.",
}
_LEFT = "the text rejects, or nothing leads to,"
_NOT_ENCODED = "No item has an embedding yet: these are popular items. Run `isthmus encode`."


def recommend_for_text(
    graph: Graph,
    encoder: TextEncoder,
    cache: VectorCache,
    text: str,
    domain: str,
    n: int,
    filter: Filter | BoundFilter | None = None,  # noqa: A002 - as for users
) -> dict[str, Any]:
    """Recommends `n` items of a domain for a text whose writer is not in the graph.

    What the text asks for raises items, what it rejects lowers them, and items about an interest
    that it rejects are left out; `left_out` names these interests. Where the text asks for
    something, each item has the probability that the writer likes it, and from .5 on a verdict.

    Args:
        graph: The graph.
        encoder: The encoder of the active version, from `active_encoder`.
        cache: Its vector cache.
        text: The text.
        domain: The target domain.
        n: Number of items.
        filter: What the items are restricted to.

    Raises:
        InputError: The text is empty, the domain does not exist, the encoder is not that of the
            active version, or the filter is wrong.
    """
    _check_text(text)
    language = _language(text)
    bound = None if filter is None else bind_filter(graph, domain, filter)
    is_encoded = active_version(graph) is not None
    reading = read_text(graph, encoder, cache, text) if is_encoded else None

    def rank(within: BoundFilter | None, most: int) -> list[Row]:
        return score_items(graph, domain, most, reading, within=within)

    rows = rank_within(graph, rank, bound, n)
    about_filter: list[str] = []
    if bound is not None and len(rows) < n:
        about_filter.append(shortage_note(graph, bound, len(rows), _LEFT))
    if bound is not None and bound.note is not None:
        about_filter.append(bound.note)
    if reading is None:
        if not rows:
            check_names(graph, None, domain)
        why = "\n".join([_NOT_ENCODED, *about_filter])
        answer = build_answer(rows, domain) | {"left_out": [], "note": why}
        return {"user": None, "domain": domain} | answer
    if not rows:
        check_names(graph, None, domain)
    answer = build_answer(rows, domain)
    if reading.wants_something:
        for item, row in zip(answer["items"], rows, strict=True):
            item["probability"] = _probability(row)
            if item["probability"] >= 0.5:
                item["likes"], item["verdict"] = True, _VERDICTS[language][1]
    answer["left_out"] = _left_out(graph, reading, language)
    notes = _left_out_notes(answer["left_out"], language)
    if not reading.about_something:
        notes.append(_ABOUT_NOTHING[language].format(domain))
    if answer["generation"] is None:
        notes.append(UNTRAINED)
    notes += about_filter
    note = {"note": "\n".join(notes)} if notes else {}
    return {"user": None, "domain": domain} | answer | note


def judge_text(
    graph: Graph,
    encoder: TextEncoder,
    cache: VectorCache,
    text: str,
    domain: str,
    items: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Returns the probability that the writer of a text likes each of some items.

    It is the probability that an item is one that he likes, where as many others of the domain
    as liked ones are judged. It is calibrated on users who wrote, by `isthmus retrain`.

    Args:
        graph: The graph.
        encoder: The encoder of the active version, from `active_encoder`.
        cache: Its vector cache.
        text: The text.
        domain: The domain of the items.
        items: Their ids; None for all items of a domain of at most MAX_JUDGED_ITEMS.

    Returns:
        `text`, `domain`, `items` by falling probability, each with `probability`, `likes`,
        `verdict` and `paths`, and `calibration` with `error` (None where nothing is calibrated)
        and `pairs`.

    Raises:
        InputError: The text is empty, nothing is encoded, the domain or an item does not exist, or
            the domain has too many items.
    """
    _check_text(text)
    if items is None:
        items = [row["item_id"] for row in graph.read("recommend/items_of_domain", domain=domain)]
        if len(items) > MAX_JUDGED_ITEMS:
            raise InputError(
                f"The domain {domain!r} has more than {MAX_JUDGED_ITEMS:,} items.",
                "Name the items: --items FILE, one item id per line.",
            )
    if not items:
        check_names(graph, None, domain)
        raise InputError("There are no items to judge.", "Write an item id per line into the file.")
    reading = read_text(graph, encoder, cache, text)
    keys = [f"{domain}:{item}" for item in items]
    rows = score_items(graph, domain, len(keys), reading, keys)
    _check_items(graph, domain, items, rows)
    answer = build_answer(rows, domain)
    words = _VERDICTS[_language(text)]
    for item, row in zip(answer["items"], rows, strict=True):
        item["probability"] = _probability(row)
        item["likes"] = item["probability"] >= 0.5
        item["verdict"] = words[item["likes"]]
    note = {} if reading.about_something else {"note": _JUDGED_NOTHING[_language(text)]}
    calibration = {"error": rows[0]["calibration_error"], "pairs": rows[0]["calibration_pairs"]}
    return {"text": text, "domain": domain} | answer | {"calibration": calibration} | note


def score_items(
    graph: Graph,
    domain: str,
    n: int,
    reading: Reading | None,
    keys: list[str] | None = None,
    within: BoundFilter | None = None,
) -> list[Row]:
    """Returns rows of `recommend/for_text`, best first.

    Args:
        graph: The graph.
        domain: The domain of the items.
        n: Number of items.
        reading: What the text says; None where nothing is encoded.
        keys: The items to score; None for the best of the domain.
        within: What these are restricted to. If it leaves few, all of them are scored; if it leaves
            a share of the items, as many times more of the nearest are looked at.
    """
    few = None if within is None else few_items(graph, within)
    nearest_items = max(NEAREST_CANDIDATES, n)
    if within is not None and few is None:
        nearest_items = int(nearest_items / max(within.share, 0.1))
    clauses = [] if reading is None else _clauses(graph, domain, reading)
    version = NO_VERSION if reading is None else reading.version
    similar: list[str] = []
    if few is not None:
        similar = few
    elif keys is None:
        search = "" if graph.capabilities.search else "_without_search"
        for clause in clauses:
            if clause["weight"] > 0:
                nearest = graph.read(
                    f"recommend/nearest_items{search}",
                    domain=domain,
                    vector=clause["vector"],
                    version=version,
                    k=nearest_items,
                )
                similar += [row["key"] for row in nearest]
    return read_within(
        graph,
        "recommend/for_text",
        within,
        domain=domain,
        n=n,
        candidates=0 if keys is not None else POPULAR_CANDIDATES,
        clauses=clauses,
        similar=similar,
        interests=[] if reading is None else reading.wanted_interests,
        rejected=[] if reading is None else list(reading.rejected),
        items=keys,
        version=version,
    )


def _clauses(graph: Graph, domain: str, reading: Reading) -> list[Row]:
    """The clauses that are about something, with the spread of their similarity in the domain."""
    clauses = []
    for clause in reading.clauses:
        if not clause.about:
            continue
        vector = clause.search.astype(float).tolist()
        spread = graph.read(
            "recommend/similarity_spread",
            domain=domain,
            vector=vector,
            version=reading.version,
            sample=SAMPLE_ITEMS,
        )[0]
        clauses.append(
            {
                "text": clause.text,
                "vector": vector,
                "weight": wanted_weight(clause.polarity),
                "mean": spread["mean"] or 0.0,
                "deviation": max(spread["deviation"] or 0.0, 1e-6),
            }
        )
    return clauses


def _left_out(graph: Graph, reading: Reading, language: str) -> list[Row]:
    """The rejected interests with their names and the words that reject them."""
    if not reading.rejected:
        return []
    ids = [*reading.rejected]
    rows = graph.read("interests/names", version=reading.version, interests=ids, language=language)
    return [
        {"interest": row["id"], "name": row["name"], "because": reading.rejected[row["id"]]}
        for row in rows
    ]


def _left_out_notes(left_out: list[Row], language: str) -> list[str]:
    """A sentence on each clause that rejects interests."""
    names: dict[str, list[str]] = {}
    for row in left_out:
        names.setdefault(row["because"], []).append(row["name"])
    comma = "、" if language == "zh" else ", "
    return [_LEFT_OUT[language].format(comma.join(own), because) for because, own in names.items()]


def _probability(row: Row) -> float:
    if row["scores"]:
        return round(float(np.interp(row["score"], row["scores"], row["probabilities"])), 4)
    logit = max(-50.0, min(50.0, DEFAULT_SLOPE * row["score"] + DEFAULT_OFFSET))
    return round(1 / (1 + math.exp(-logit)), 4)


def _check_text(text: str) -> None:
    if not text.strip():
        raise InputError("The text is empty.", 'Write some words: --text "I like …".')


def _check_items(graph: Graph, domain: str, items: Sequence[str], rows: list[Row]) -> None:
    unknown = sorted({*items} - {row["item_id"] for row in rows})
    if unknown:
        check_names(graph, None, domain)
        raise InputError(
            f"There is no item {unknown[0]!r} in {domain!r}"
            + (f", and {len(unknown) - 1:,} more are unknown." if len(unknown) > 1 else "."),
            "Correct the ids, or load the items with `isthmus ingest`.",
        )


def _language(text: str) -> str:
    return "zh" if language_of(text) == "zh" else "en"
