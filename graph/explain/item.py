"""Explains the place of one item: why it is where it is, or why it is not recommended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from isthmus.errors import InputError, NotFound
from isthmus.graph.explain.answers import REFERENCE_ITEMS
from isthmus.graph.explain.context import Asker, collect_context, find_asker, read_items
from isthmus.graph.explain.find import find_item
from isthmus.graph.explain.groups import INTEREST_KINDS, ITEM_KINDS, Source
from isthmus.graph.explain.reasons import Standing, write_reasons
from isthmus.graph.explain.shares import (
    Part,
    average_signals,
    popularity_decides,
    split_score,
    sum_signals,
)
from isthmus.graph.explain.wording import Wording
from isthmus.graph.serving import check_names, rank_items

if TYPE_CHECKING:
    from isthmus.graph.database import Graph, Row
    from isthmus.settings import Settings

FIRST = 10
"""An item of a higher number is asked why it is not recommended."""
SHOWN_FIRST = 3
WITHOUT = 3
LEADING = 2
_FIRST_STEP, _STEP = 100, 10


def explain_item(
    graph: Graph,
    user: str,
    domain: str,
    name: str,
    settings: Settings,
    language: str | None = None,
) -> dict[str, Any]:
    """Explains the place of an item among all that a user has not met in its domain.

    Args:
        graph: The graph.
        user: The user's id.
        domain: The domain of the item.
        name: Its id, or its title if no other item of the domain has it.
        settings: `min_supporters`, `language`, and those of recommendations.
        language: `en` or `zh`; None for the language of the user's texts, or that of the settings.

    Returns:
        `user`, `domain`, `generation`, `language`, `item_id`, `title`; `met`, whether the user has
        met the item; `rank` (None if met) and `of`; `reasons`, all sentences; `score` and
        `average_score`; `parts`, rows of `signal`, `share`, `average` and `difference`, whose
        differences add up to that of the scores; `without`, rows of `domain`, `item_id`, `title`
        and `rank`, the place of the item had the user not met one of the items that count most for
        or against it; `leading`, the items not met that lead to it most; and `paths`.

    Raises:
        NotFound: The user, the domain or the item does not exist.
        InputError: Several items have the title.
    """
    check_names(graph, user, domain)
    item = find_item(graph, domain, name)
    asker = find_asker(graph, user, domain, settings, language)
    if asker is None:
        raise NotFound(f"There is no user {user!r}.", "Check the ids of your users.")
    own, row = read_items(graph, user, asker.language, {item["key"]})[item["key"]]
    question = _Question(graph, settings, asker, domain, item["key"])
    met = row["weight"] is not None
    place = question.find_place([item["key"]] if met else [])
    wording = Wording(asker.language)
    title = wording.quote(own.name)
    answer = _describe_place(question, place, wording, title, met)
    if met:
        answer["reasons"] = [_describe_met(wording, title, row), *answer["reasons"]]
    named = {"item_id": row["item_id"], "title": row["title"], "met": met}
    head = {"user": user, "domain": domain, "generation": place.row["generation"]}
    return head | {"language": asker.language} | named | answer


@dataclass(frozen=True)
class _Place:
    """A row of the ranking, its number, and the rows around it."""

    row: Row
    rank: int
    ranked: Sequence[Row]

    @property
    def paths(self) -> list[Row]:
        """The paths of the row, the strongest first."""
        return sorted(self.row["paths"], key=lambda path: -abs(path["share"]))


@dataclass(frozen=True)
class _Question:
    """An item and the user who asks about it."""

    graph: Graph
    settings: Settings
    asker: Asker
    domain: str
    item: str

    def find_place(self, hidden: Sequence[str], paths: bool = True) -> _Place:
        """Finds the item in the ranking of all items, without the interactions with some items."""
        n = REFERENCE_ITEMS if paths else _FIRST_STEP
        while True:
            rows = rank_items(
                self.graph,
                self.asker.user,
                self.domain,
                n,
                self.settings,
                paths=paths,
                hidden=hidden,
            )
            for rank, row in enumerate(rows, start=1):
                if f"{self.domain}:{row['item_id']}" == self.item:
                    return _Place(row, rank, rows)
            if len(rows) < n:
                raise InputError(f"{self.item} was deleted just now.", "Ask for another item.")
            n *= _STEP

    def can_hide(self, place: _Place) -> bool:
        """Whether hiding an item is the same as never having met it.

        It is not for the only item of a history, without which there is none, and where interests
        count, which come from texts too.
        """
        kinds = {path["kind"] for row in place.ranked for path in row["paths"]}
        return self.asker.history > 1 and not kinds & ({*INTEREST_KINDS} - {"text"})


def _describe_met(wording: Wording, title: str, row: Row) -> str:
    key = "met_liked" if row["weight"] > 0 else "met_disliked"
    if row["at"] is None:
        return wording.sentence(key, item=title)
    return wording.sentence(f"{key}_on", item=title, date=row["at"])


def _describe_place(
    question: _Question, place: _Place, wording: Wording, title: str, met: bool
) -> dict[str, Any]:
    """Builds the rest of the document of `explain_item`."""
    domain, asker = question.domain, question.asker
    size = question.graph.read("recommend/domain_size", domain=domain)[0]["items"]
    of = size - asker.met + met
    can_hide = question.can_hide(place)
    if met and not can_hide:  # its place, were it new, cannot be computed
        unknown = dict.fromkeys(("rank", "score", "average_score"))
        empty: dict[str, list[Row]] = {
            key: [] for key in ("reasons", "parts", "without", "leading", "paths")
        }
        return {**unknown, "of": of, **empty}
    average = average_signals([row["paths"] for row in place.ranked])
    parts = split_score(place.paths, average)
    context, groups = collect_context(
        question.graph, asker, domain, {question.item: place.paths}, average, question.settings
    )
    below = [row["paths"] for row in place.ranked[place.rank :]]
    decides = popularity_decides(place.paths, below, max(0, FIRST - place.rank))
    recommended = place.rank <= FIRST
    signals = sum_signals(place.paths)
    standing = Standing(average, signals, decides and recommended, recommended)
    reasons = write_reasons(context, question.item, groups[question.item], standing)
    if met:
        reasons = [wording.sentence("if_new", rank=place.rank), *reasons]
    else:
        user = asker.user
        rank = wording.sentence(
            "rank", item=title, rank=place.rank, of=of, domain=domain, user=user
        )
        reasons = [rank, *reasons]
    without = _find_ranks_without(question, place) if can_hide and not met else []
    leading: list[Row] = []
    if place.rank > FIRST and not met:
        leading = question.graph.read(
            "explain/leading_items", user=asker.user, item=question.item, n=LEADING
        )
        reasons += _describe_gap(wording, domain, place, parts, leading)
    if asker.known == "history" and asker.history == 1 and not asker.texts and not met:
        reasons += _describe_only_item(place, context.sources, wording)
    return {
        "rank": None if met else place.rank,
        "of": of,
        "reasons": reasons + _describe_ranks_without(without, place.rank, wording),
        "score": place.row["score"],
        "average_score": sum(average.values()),
        "parts": [_part_row(part) for part in parts],
        "without": without,
        "leading": leading,
        "paths": place.paths,
    }


def _part_row(part: Part) -> Row:
    return {
        "signal": part.signal,
        "share": part.share,
        "average": part.average,
        "difference": part.difference,
    }


def _describe_gap(
    wording: Wording, domain: str, place: _Place, parts: Sequence[Part], leading: Sequence[Row]
) -> list[str]:
    """Says what the last of the first items has more, which they are, and what leads to this."""
    last = place.ranked[FIRST - 1]
    shares = {part.signal: part.share for part in parts}
    ahead = {
        part.signal: part.share - shares.get(part.signal, 0.0)
        for part in split_score(last["paths"], {})
    }
    signal = max(ahead, key=ahead.__getitem__)
    sentences = []
    if ahead[signal] > 0:
        title, words = [wording.quote(_name(last))], wording.signal(signal, domain)
        sentences.append(wording.sentence("gap", rank=FIRST, things=title, signal=words))
    first = [wording.quote(_name(row)) for row in place.ranked[:SHOWN_FIRST]]
    sentences.append(wording.sentence("first", things=first))
    if leading:
        names = [
            wording.quote(_name(row)) + wording.about(row["domain"])["about"] for row in leading
        ]
        sentences.append(wording.sentence("leading", things=names))
    return sentences


def _find_ranks_without(question: _Question, place: _Place) -> list[Row]:
    """Ranks the item again without each of the items that count most for or against it."""
    shares: dict[str, float] = {}
    for path in place.paths:
        if path["kind"] in ITEM_KINDS and path["share"]:
            shares[path["from"]] = shares.get(path["from"], 0.0) + path["share"]
    strongest = sorted(shares, key=lambda key: (-abs(shares[key]), key))[:WITHOUT]
    sources = read_items(question.graph, None, "en", {*strongest})
    rows = []
    for key in strongest:
        if key in sources:
            _, item = sources[key]
            named = {name: item[name] for name in ("domain", "item_id", "title")}
            rows.append(named | {"rank": question.find_place([key], paths=False).rank})
    return rows


def _describe_ranks_without(rows: Sequence[Row], rank: int, wording: Wording) -> list[str]:
    """Says where the item would stand without each item, in one sentence where that is the same."""
    names: dict[int, list[str]] = {}
    for row in rows:
        clause = wording.clause("without_one", things=[wording.quote(_name(row))])
        names.setdefault(row["rank"], []).append(clause)
    return [
        wording.sentence(
            "without_same" if other == rank else "without",
            things=wording.join_or(own),
            rank=other,
        )
        for other, own in names.items()
    ]


def _describe_only_item(
    place: _Place, sources: Mapping[str, Source], wording: Wording
) -> list[str]:
    """Says what is left without the only item of a history, if it leads to the item."""
    names = {
        sources[path["from"]].name
        for path in place.paths
        if path["kind"] in ITEM_KINDS and path["share"] and path["from"] in sources
    }
    return [wording.sentence("without_all", things=[wording.quote(name)]) for name in names]


def _name(row: Row) -> str:
    return str(row["title"] or row["item_id"])
