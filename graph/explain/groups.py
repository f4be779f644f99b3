"""Groups the paths of an item by what their sources share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

ITEM_KINDS = ("transfer", "collaborative")
INTEREST_KINDS = ("interest", "text", "content")


@dataclass(frozen=True)
class Source:
    """An item or an interest that a path starts from.

    Attributes:
        name: Title, or the id where it has none; of an interest its name.
        domain: Domain of an item, "" of an interest.
        liked: Whether the user likes it; None where that is not known.
        interests: Names of the interests that an item is about, by id, strongest first.
    """

    name: str
    domain: str = ""
    liked: bool | None = None
    interests: Mapping[str, str] = field(default_factory=dict)


class Key(NamedTuple):
    """What the paths of a group have in common."""

    kind: str
    domain: str
    liked: bool
    counts_for: bool


@dataclass(frozen=True)
class Group:
    """Paths of one kind, whose sources are liked or not, and which count for or against an item.

    Attributes:
        key: What they have in common.
        interest: Name of the interest that all sources are about, if there is one.
        sources: Keys or ids of the sources, the strongest first.
        share: Sum of the shares.
    """

    key: Key
    interest: str | None
    sources: tuple[str, ...]
    share: float


def group_paths(paths: Iterable[Mapping[str, Any]], sources: Mapping[str, Source]) -> list[Group]:
    """Groups the paths from items and interests, the largest share first.

    The items of a domain that are liked, or not, and count for, or against, are divided by the
    interest that covers most of their share, the rest by the next one; items without interests make
    a group of their own. Paths whose source is not in `sources`, as one that was deleted meanwhile,
    and popularity are in no group.
    """
    buckets: dict[Key, dict[str, float]] = {}
    for path in paths:
        start, share = path["from"], path["share"]
        source = sources.get(start) if path["kind"] in ITEM_KINDS + INTEREST_KINDS else None
        if source is None or not share:
            continue
        liked = (share > 0) if source.liked is None else source.liked
        bucket = buckets.setdefault(Key(path["kind"], source.domain, liked, share > 0), {})
        bucket[start] = bucket.get(start, 0.0) + share
    groups = []
    for key, shares in buckets.items():
        if key.kind in ITEM_KINDS:
            groups += _divide_by_interest(key, shares, sources)
        else:
            groups.append(_build_group(key, None, [*shares], shares))
    return sorted(groups, key=lambda group: (-abs(group.share), group.sources))


def _divide_by_interest(
    key: Key, shares: Mapping[str, float], sources: Mapping[str, Source]
) -> list[Group]:
    groups = []
    remaining = sorted(shares)
    while remaining:
        covered: dict[str, float] = {}
        for start in remaining:
            for interest in sources[start].interests:
                covered[interest] = covered.get(interest, 0.0) + abs(shares[start])
        if not covered:
            groups.append(_build_group(key, None, remaining, shares))
            break
        largest = max(covered, key=covered.__getitem__)  # of equals the strongest of the first
        members = [start for start in remaining if largest in sources[start].interests]
        name = sources[members[0]].interests[largest]
        groups.append(_build_group(key, name, members, shares))
        remaining = [start for start in remaining if start not in members]
    return groups


def _build_group(
    key: Key, interest: str | None, members: Sequence[str], shares: Mapping[str, float]
) -> Group:
    order = sorted(members, key=lambda start: (-abs(shares[start]), start))
    return Group(key, interest, tuple(order), sum(shares[start] for start in members))
