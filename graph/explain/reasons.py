"""Writes the reasons for an item: a few sentences on its strongest groups of paths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from isthmus.graph.explain.groups import ITEM_KINDS, Group, Source
from isthmus.graph.explain.wording import Wording

SECOND_SHARE = 0.25
"""Share of what counts for an item, from which a second group is named."""
AGAINST_SHARE = 0.2
"""The same for what counts against it."""
NAMED = 2

Known = Literal["history", "texts", "nothing"]
"""What is known of a user: interactions, or texts alone, or neither."""


@dataclass(frozen=True)
class Popularity:
    """What popularity does for an item.

    Attributes:
        decides: Whether it decides the place of the item.
        advantage: The share beyond that of an average item.
        likes: Whether anybody likes the item.
    """

    decides: bool
    advantage: float
    likes: bool


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
    """

    wording: Wording
    domain: str
    known: Known
    sources: Mapping[str, Source]
    people: Mapping[tuple[str, str], int]


def write_reasons(
    context: Context,
    item: str,
    groups: Sequence[Group],
    popularity: Popularity,
    recommended: bool = True,
) -> list[str]:
    """Writes the reasons for an item, the strongest first.

    Args:
        context: What all items of the answer share.
        item: Key of the item.
        groups: Its groups of paths, the strongest first.
        popularity: What popularity does for it.
        recommended: Whether the item is one that is recommended, for these reasons; of another one
            they are only what speaks for it.

    Returns:
        One to four sentences: on one or two groups that count for it, on popularity where it
        decides, and on a strong group that counts against it.
    """
    wording = context.wording
    chosen = choose_groups(groups)
    clauses = []
    count = sum(group.share > 0 for group in chosen)
    for k, group in enumerate(chosen):
        clause = _describe_group(context, group)
        if k < count:
            many = group.key.kind in ITEM_KINDS and len(group.sources) > NAMED
            because = "because_many" if many else "because"
            clause = wording.clause(because if recommended else "speaks", reason=clause)
            clause = wording.clause("also", reason=clause) if k else clause
            clause = _add_people(context, item, group, clause)
        clauses.append(clause)
    sentences = [wording.finish(clause) for clause in clauses]
    if not count:
        sentences[:0] = _describe_popularity(context, popularity)
    elif popularity.decides:
        sentences.insert(count, wording.sentence("popular_decides"))
    return sentences


def choose_groups(groups: Sequence[Group]) -> list[Group]:
    """Returns up to two groups that count for an item, and a strong one that counts against it."""
    helping = [group for group in groups if group.share > 0]
    opposing = [group for group in groups if group.share < 0]
    total = sum(group.share for group in helping)
    chosen = helping[:1] + [g for g in helping[1:2] if g.share >= SECOND_SHARE * total]
    return chosen + [g for g in opposing[:1] if -g.share >= AGAINST_SHARE * total]


def _describe_group(context: Context, group: Group) -> str:
    wording, key = context.wording, group.key
    feeling = ("liked" if key.liked else "disliked") + ("_for" if key.counts_for else "_against")
    names = [context.sources[start].name for start in group.sources[:NAMED]]
    if key.kind not in ITEM_KINDS:
        # Of a user who has no history, interests come from texts.
        written = key.kind == "interest" and context.known == "texts"
        return wording.clause(f"{'text' if written else key.kind}_{feeling}", things=names)
    count = len(group.sources)
    return wording.clause(
        feeling if count <= NAMED else f"{feeling}_many",
        things=[wording.quote(name) for name in names],
        domain=key.domain,
        count=count,
        **wording.about(group.interest),
    )


def _add_people(context: Context, item: str, group: Group, clause: str) -> str:
    """Adds how many people liked the strongest source of a group and the item."""
    people = context.people.get((group.sources[0], item))
    if people is None:
        return clause
    return context.wording.clause(
        "supporters" if people > 1 else "supporters_one",
        reason=clause,
        count=f"{people:,}",
        things=[context.wording.quote(context.sources[group.sources[0]].name)],
    )


def _describe_popularity(context: Context, popularity: Popularity) -> list[str]:
    """The sentences on an item that nothing else leads to."""
    start = "popular" if popularity.likes and popularity.advantage > 0 else "nothing"
    sentence = context.wording.sentence(f"{start}_{context.known}", domain=context.domain)
    return [sentence, *([] if popularity.likes else [context.wording.sentence("no_likes")])]
