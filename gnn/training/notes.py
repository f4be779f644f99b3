"""What a snapshot lacks for a training, and what a training leaves out of it, as sentences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from isthmus.gnn.data import find_heavy_accounts, interactions_in_domain
from isthmus.gnn.model import MIN_INTEREST_USERS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isthmus.gnn.data import InterestGraph


def training_notes(data: InterestGraph) -> list[str]:
    """Returns the notes on a snapshot, which `isthmus retrain` prints and stores nowhere."""
    return [*_likes(data), *_overlap(data), *_content(data), *_heavy_accounts(data)]


def _likes(data: InterestGraph) -> Iterator[str]:
    """Notes that nobody likes anything, or anything of some domains."""
    counts = [np.count_nonzero(_likers(data, t)) for t in range(len(data.domains))]
    if not any(counts):
        yield (
            f"Nobody likes anything yet: none of the {data.interactions.nnz:,} interactions has a "
            "weight above 0. There is nothing to learn from; items are in the order of what they "
            "are about and of their ids. Likes have a weight above 0, dislikes below."
        )
        return
    empty = [name for name, count in zip(data.domains, counts, strict=True) if not count]
    if empty:
        yield (
            f"Nobody likes an item of {_join(empty)} yet: there, content alone recommends, and "
            "then the order of ids."
        )


def _overlap(data: InterestGraph) -> Iterator[str]:
    """Notes that nobody, or hardly anybody, links the domains."""
    if len(data.domains) == 1:
        yield (
            f"{data.domains[0]} is the only domain: edges are learned within it, from what the "
            "same users like. Load items of a second domain to learn what leads from one to the "
            "other."
        )
        return
    domains = np.zeros((len(data.users), len(data.domains)), dtype=bool)
    domains[data.interaction_users(), data.item_domain[data.interactions.indices]] = True
    linking = np.count_nonzero(domains, axis=1) > 1
    if not linking.any():
        yield (
            "Nobody has interactions in two domains: no edges lead from one to another, and "
            "content and popularity recommend there as before. Load users of several domains, or "
            "name the same user alike in all tables (accounts.csv)."
        )
        return
    counts = {
        name: int(np.count_nonzero(linking & _likers(data, t)))
        for t, name in enumerate(data.domains)
    }
    few = [f"{count} in {name}" for name, count in counts.items() if count < MIN_INTEREST_USERS]
    if any(counts.values()) and few:
        yield (
            f"Users with likes in a domain and a history in another one: {', '.join(few)}. Fewer "
            f"than {MIN_INTEREST_USERS} cannot show which edges are better: content keeps counting "
            "there."
        )


def _likers(data: InterestGraph, target: int) -> NDArray[np.bool_]:
    """Whether each user likes something in a domain, (users,)."""
    liked = interactions_in_domain(data, target) & (data.interactions.data > 0)
    likers: NDArray[np.bool_] = (
        np.bincount(data.interaction_users(), liked, minlength=len(data.users)) > 0
    )
    return likers


def _content(data: InterestGraph) -> Iterator[str]:
    if not data.item_vectors.any():
        yield (
            "No item has an embedding, so that content does not count: run `isthmus encode`, and "
            "then `isthmus retrain` again."
        )


def _heavy_accounts(data: InterestGraph) -> Iterator[str]:
    heavy = find_heavy_accounts(data)
    if not len(heavy.users):
        return
    first, count = str(data.users[heavy.users[0]]), int(heavy.counts[0])
    more = f" and {len(heavy.users) - 1:,} more" if len(heavy.users) > 1 else ""
    yield (
        f"{first} with {count:,} interactions{more}: of an account with more than "
        f"{heavy.limit:,}, only the newest {heavy.limit:,} take part."
    )


def _join(names: list[str]) -> str:
    return ", ".join(names[:-1]) + " and " + names[-1] if len(names) > 1 else names[0]
