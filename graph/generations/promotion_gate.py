"""The promotion gate: compares champion and challenger on held-out users.

For each target domain some users are held out from every training: it does not see their
interactions in that domain. Both generations rank items for them by the product's Cypher as for
cold-start users, and the gate compares the NDCG@10. In a domain that nobody links with another,
single likes are held out instead, see `isthmus.graph.generations.held_out_likes`.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from isthmus.gnn.data import hide_interactions, interactions_in_domain, interactions_of_users
from isthmus.gnn.metrics import bootstrap_interval
from isthmus.graph.database import Graph
from isthmus.graph.generations.held_out_answers import HeldOutAnswers, answer_held_out
from isthmus.graph.generations.held_out_likes import MAX_LIKES_PER_TARGET, SHARE, held_out_likes
from isthmus.settings import Settings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isthmus.gnn.data import InterestGraph

HELD_OUT_SHARE = 0.05
MAX_USERS_PER_TARGET = 500
MIN_USERS = 30
SHORT_HISTORY, LONG_HISTORY = 5, 50
"""Interactions of new users, at most, and of users with a long history, at least."""
TITLES_PER_USER = 20
"""Titles whose languages are counted for a user."""
MIN_COVERAGE = 0.5
MAX_SLOWNESS = 3.0
"""A challenger may list at least this share of the items that its champion lists, and take at most
so many times as long to answer."""
SLOW_SECONDS = 0.1
"""Median time of an answer that is never too slow; shorter times differ by chance."""
HELD_OUT_RULE = (
    f"the first {MAX_USERS_PER_TARGET} of {HELD_OUT_SHARE:.0%} a target, by hash; one like of the "
    f"first {MAX_LIKES_PER_TARGET} of {SHARE:.0%} where nobody links a target with another domain"
)
"""Selection of the held-out users. Only generations trained with the same rule can be compared."""


@dataclass(frozen=True)
class GateDecision:
    """The decision of the gate on a challenger.

    Attributes:
        promoted: Whether the challenger is promoted.
        reason: The reason as a sentence.
        champion: Metrics of the champion on the held-out users, by name.
        challenger: Metrics of the challenger on the held-out users, by name.
    """

    promoted: bool
    reason: str
    champion: dict[str, float] = field(default_factory=dict)
    challenger: dict[str, float] = field(default_factory=dict)


def held_out_users(data: InterestGraph) -> list[NDArray[np.int64]]:
    """Selects the held-out users of each target domain, as ascending indices.

    They have histories inside and outside the target domain. They are the first users by a hash,
    whose salt differs from that of the evaluation's test users. When users are added, the last
    held-out users may drop out, but no user joins them who was in the training set before.
    """
    owners, held_out = data.interaction_users(), []
    for target, name in enumerate(data.domains):
        inside = interactions_in_domain(data, target)
        in_target, elsewhere = (
            np.bincount(owners, part, minlength=len(data.users)) > 0 for part in (inside, ~inside)
        )
        users = np.flatnonzero(in_target & elsewhere)
        hashes = np.array([_hash(str(user), name) for user in data.users[users]], dtype=np.float64)
        first = np.argsort(hashes, kind="stable")[:MAX_USERS_PER_TARGET]
        held_out.append(np.sort(users[first[hashes[first] < HELD_OUT_SHARE]]))
    return held_out


def _hash(user: str, domain: str) -> float:
    """Hash of a user for a target domain, from 0 to 1."""
    return int(hashlib.sha256(f"{user}|{domain}|gate".encode()).hexdigest()[:8], 16) / 2**32


def hide_held_out(
    data: InterestGraph, held_out: Sequence[NDArray[np.int64]], half_life_days: float
) -> InterestGraph:
    """Hides the interactions of held-out users in their target domain, and the held-out likes."""
    hidden = np.any(
        [interactions_of_users(data, target, users) for target, users in enumerate(held_out)],
        axis=0,
    )
    hidden[np.concatenate(held_out_likes(data))] = True
    return hide_interactions(data, hidden, half_life_days=half_life_days)


def compare_generations(
    graph: Graph,
    data: InterestGraph,
    held_out: Sequence[NDArray[np.int64]],
    champion: dict[str, Any] | None,
    challenger: int,
    settings: Settings,
) -> GateDecision:
    """Compares a candidate with the active generation on the held-out users.

    The first candidate is compared with the answers without a generation, which come from content
    and popularity.

    Args:
        graph: The graph that stores both generations.
        data: The snapshot of the challenger, with the interactions of the held-out users.
        held_out: Held-out users by target domain, from `held_out_users`.
        champion: The active generation from `active_generation`, or None.
        challenger: Number of the candidate.
        settings: The settings of recommendations, `seed`, `tolerated_loss`.
    """
    new = answer_held_out(graph, data, held_out, challenger, settings)
    if champion is not None and champion["settings"].get("held_out") != HELD_OUT_RULE:
        reason = "The champion was trained on the held-out users, so the two cannot be compared."
        return GateDecision(True, reason, challenger=new.metrics(data.domains))
    number = None if champion is None else champion["number"]
    old = answer_held_out(graph, data, held_out, number, settings)
    languages = languages_of_users(graph, data, new.users)
    slices = user_slices(new, data.domains, languages)
    promoted, reason = decide_promotion(old.ndcg, new.ndcg, settings, slices)
    if champion is None:
        reason = f"Compared with the answers by content and popularity: {reason}"
    elif promoted and (loss := lost_breadth_or_speed(old, new)):
        promoted, reason = False, f"{reason[:-1]}, but {loss}."
    return GateDecision(promoted, reason, old.metrics(data.domains), new.metrics(data.domains))


def languages_of_users(
    graph: Graph, data: InterestGraph, users: NDArray[np.int64]
) -> NDArray[np.str_]:
    """Returns the language of most titles that each user met, as a code of ISO 639, (users,)."""
    from isthmus.encoders.topics import language_of

    names = data.users[users].tolist()
    found = {
        row["user"]: Counter(map(language_of, row["titles"])).most_common(1)
        for row in graph.read(
            "generations/titles_of_users", users=sorted({*names}), most=TITLES_PER_USER
        )
    }
    most = [found.get(name) or [(language_of(""), 0)] for name in names]
    return np.array([language for ((language, _),) in most], dtype=str)


def user_slices(
    answers: HeldOutAnswers, domains: Sequence[str], languages: NDArray[np.str_]
) -> dict[str, NDArray[np.bool_]]:
    """Masks held-out users by name: of each domain and language, new ones, those of long history.

    Slices of fewer than `MIN_USERS` users, and of all users, are left out.

    Args:
        answers: Answers to the users.
        domains: Names of the target domains.
        languages: Language of each user, (users,).
    """
    slices = {f"users of {name}": answers.targets == k for k, name in enumerate(domains)}
    for language in sorted({*languages.tolist()}):
        slices[f"users of titles in the language {language}"] = languages == language
    slices[f"users with at most {SHORT_HISTORY} interactions"] = answers.histories <= SHORT_HISTORY
    slices[f"users with {LONG_HISTORY} interactions and more"] = answers.histories >= LONG_HISTORY
    return {
        name: users
        for name, users in slices.items()
        if MIN_USERS <= users.sum() < len(answers.ndcg)
    }


def lost_breadth_or_speed(champion: HeldOutAnswers, challenger: HeldOutAnswers) -> str:
    """Returns what a challenger lost beside its NDCG@10, as a clause; "" for nothing."""
    if len(champion.ndcg) < MIN_USERS:
        return ""
    if challenger.coverage < MIN_COVERAGE * champion.coverage:
        return (
            f"its lists hold {challenger.coverage:.1%} of the items, those of the champion "
            f"{champion.coverage:.1%}"
        )
    if challenger.seconds > max(SLOW_SECONDS, MAX_SLOWNESS * champion.seconds):
        return (
            f"it takes {challenger.seconds * 1000:.0f} ms to answer, the champion "
            f"{champion.seconds * 1000:.0f} ms"
        )
    return ""


def decide_promotion(
    champion: NDArray[np.float64],
    challenger: NDArray[np.float64],
    settings: Settings,
    slices: Mapping[str, NDArray[np.bool_]] | None = None,
) -> tuple[bool, str]:
    """Decides on a challenger by paired bootstrap intervals over the held-out users.

    The interval of all users has 95 %. Those of the slices share 5 % (Bonferroni), so that a
    challenger that is as good is refused no more often for having many of them.

    Args:
        champion: NDCG@10 of the champion for each user, (users,).
        challenger: NDCG@10 of the challenger for each user, (users,).
        settings: `seed`, `tolerated_loss`.
        slices: Masks of users by name.

    Returns:
        Whether to promote the challenger, and the reason as a sentence.
    """
    if len(champion) < MIN_USERS:
        return True, (
            f"{len(champion)} users could be held out, fewer than {MIN_USERS}: too few to compare."
        )
    gain = challenger - champion
    low, high = bootstrap_interval(gain, settings.seed)
    change = (
        f"NDCG@10 of {len(gain)} held-out users changes from {champion.mean():.4f} to "
        f"{challenger.mean():.4f}, by {gain.mean():+.4f} [{low:+.4f}, {high:+.4f}]"
    )
    if high < 0:
        return False, f"{change}: a significant loss."
    tolerated = settings.tolerated_loss
    if tolerated is not None and -gain.mean() > tolerated * champion.mean():
        return False, f"{change}: a loss of more than {tolerated:.1%} (tolerated_loss)."
    for name, users in (slices or {}).items():
        old, new = champion[users], challenger[users]
        low, high = bootstrap_interval(new - old, settings.seed, 0.05 / len(slices or {}))
        if high < 0:
            return False, (
                f"{change}, but of {len(new)} {name} from {old.mean():.4f} to {new.mean():.4f}, by "
                f"{(new - old).mean():+.4f} [{low:+.4f}, {high:+.4f}]: a significant loss there."
            )
    return True, f"{change}: no significant loss."
