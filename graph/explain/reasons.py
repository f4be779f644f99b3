"""Writes the reasons for an item: a few sentences on its strongest groups of paths."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from isthmus.graph.explain.groups import ITEM_KINDS, Group, Source
from isthmus.graph.explain.wording import Wording

SECOND_SHARE = 0.25
"""Share of what counts for an item, from which a second group is named."""
AGAINST_SHARE = 0.2
"""The same for what counts against it."""
NAMED = 2
"""Titles that are named of a group."""
POPULAR = 1.05
"""Popularity of an item that is called popular, as a multiple of that of an average item."""

Known = Literal["history", "texts", "nothing"]
"""What is known of a user: interactions, or texts alone, or neither."""


@dataclass(frozen=True)
class Standing:
    """Where an item stands, as far as no group of paths says it.

    Attributes:
        average: Signals of an average item.
        signals: Signals of the item.
        popularity_decides: Whether popularity decides its place.
        recommended: Whether it is one of the items that are recommended; of another one, the
            reasons are only what speaks for and against it.
    """

    average: Mapping[str, float]
    signals: Mapping[str, float]
    popularity_decides: bool
    recommended: bool = True


@dataclass(frozen=True)
class Context:
    """What the sentences on the items of one answer share.

    Attributes:
        wording: The words of the language.
        domain: The domain of the items.
        known: What is known of the user.
        sources: Sources of paths by key or id.
        people: Numbers of people who liked the source and the item, by both keys; pairs with too
            few people are absent.
        liked: Keys of the items that anybody likes.
    """

    wording: Wording
    domain: str
    known: Known
    sources: Mapping[str, Source]
    people: Mapping[tuple[str, str], int]
    liked: Collection[str]


def write_reasons(
    context: Context, item: str, groups: Sequence[Group], standing: Standing
) -> list[str]:
    """Writes the reasons for an item, the strongest first.

    Args:
        context: What all items of the answer share.
        item: Key of the item.
        groups: Its groups of paths, the strongest first.
        standing: Where it stands.

    Returns:
        One to four sentences: on one or two groups that count for it, on popularity where it
        decides or nothing else counts for it, and on a strong group that counts against it.
    """
    wording = context.wording
    chosen = choose_groups(groups, standing.average)
    clauses = [
        _describe_place(context, item, group, standing.recommended, k > 0)
        for k, group in enumerate(chosen)
    ]
    sentences = [wording.finish(clause) for clause in clauses]
    count = sum(group.share > 0 for group in chosen)
    if not count:
        less = any(group.share > 0 for group in groups)
        sentences[:0] = _describe_popularity(context, item, standing, bool(chosen), less)
    elif standing.popularity_decides:
        sentences.insert(count, wording.sentence("popular_decides"))
    return sentences


def choose_groups(groups: Sequence[Group], average: Mapping[str, float]) -> list[Group]:
    """Returns up to two groups that count for an item, and a strong one that counts against it.

    What leads to an average item as well is no reason: a group counts for an item if its share, or
    that of all groups of its kind, exceeds that of an average item, and against it likewise.
    """
    sums: dict[str, float] = {}
    for group in groups:
        sums[group.key.kind] = sums.get(group.key.kind, 0.0) + group.share

    def is_more(group: Group) -> bool:
        sign = 1 if group.share > 0 else -1
        return max(sign * group.share, sign * sums[group.key.kind]) > sign * average.get(
            group.key.kind, 0.0
        )

    helping = [group for group in groups if group.share > 0 and is_more(group)]
    opposing = [group for group in groups if group.share < 0 and is_more(group)]
    total = sum(group.share for group in helping)
    chosen = helping[:1] + [g for g in helping[1:2] if g.share >= SECOND_SHARE * total]
    return chosen + [g for g in opposing[:1] if -g.share >= AGAINST_SHARE * total]


def _describe_place(
    context: Context, item: str, group: Group, recommended: bool, second: bool
) -> str:
    """Says that a group counts for an item or against it."""
    wording = context.wording
    many = "_many" if group.key.kind in ITEM_KINDS and len(group.sources) > NAMED else ""
    reason = _describe_group(context, group, many)
    if group.share < 0:
        own = "_own" if group.key.kind == "content" else many
        return wording.clause(f"against{own}" if recommended else "speaks_against", reason=reason)
    if recommended:
        clause = wording.clause(f"because{many}", reason=reason)
        clause = wording.clause("also", reason=clause) if second else clause
    else:
        clause = wording.clause("speaks_also" if second else "speaks", reason=reason)
    people = context.people.get((group.sources[0], item))
    if people is None:
        return clause
    return wording.clause(
        "supporters" if people > 1 else "supporters_one",
        reason=clause,
        count=f"{people:,}",
        things=[wording.quote(context.sources[group.sources[0]].name)],
    )


def _describe_group(context: Context, group: Group, many: str) -> str:
    """Says what the sources of a group are and what the user thinks of them."""
    wording, key = context.wording, group.key
    feeling = "liked" if key.liked else "disliked"
    names = [context.sources[start].name for start in group.sources[:NAMED]]
    if key.kind not in ITEM_KINDS:
        # Of a user who has no history, interests come from texts.
        written = key.kind == "interest" and context.known == "texts"
        return wording.clause(f"{'text' if written else key.kind}_{feeling}", things=names)
    interest = group.interest
    if interest is not None and interest.casefold() in {name.casefold() for name in names}:
        interest = None  # an interest of one item alone, which has its title
    return wording.clause(
        f"{feeling}{many}",
        things=[wording.quote(name) for name in names],
        domain=key.domain,
        count=len(group.sources),
        **wording.about(interest),
    )


def _describe_popularity(
    context: Context, item: str, standing: Standing, opposed: bool, less: bool
) -> list[str]:
    """The sentences on an item that nothing else counts for.

    Args:
        context: What all items of the answer share.
        item: Key of the item.
        standing: Where it stands.
        opposed: Whether something counts against it, which is said after these sentences.
        less: Whether something leads to it, but more to an average item.
    """
    wording, domain = context.wording, context.domain
    met = "texts" if context.known == "texts" else "history"
    mean, own = dict(standing.average), dict(standing.signals)
    popular = own.pop("popularity", 0.0) > POPULAR * mean.pop("popularity", 0.0)
    sentences = []
    if popular and (opposed or less) and standing.recommended:
        sentences.append(wording.sentence("popular", domain=domain))
    if less:
        sentences.append(wording.sentence(f"less_{met}"))
    elif not opposed and sum(own.values()) > sum(mean.values()) < 0:
        sentences.append(wording.sentence(f"spared_{met}"))
    elif not opposed:
        start = "popular" if popular else "nothing"
        sentences.append(wording.sentence(f"{start}_{context.known}", domain=domain))
    if item not in context.liked:
        sentences.append(wording.sentence("no_likes"))
    return sentences
