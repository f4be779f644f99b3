"""The network's edges and the closed form's as one: mixed as held-out users of all targets say."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy.sparse import csr_array

from isthmus.gnn.data.examples import HISTORY_POWER
from isthmus.gnn.data.histories import histories, over_length
from isthmus.gnn.data.splits import sample
from isthmus.gnn.edges.candidates import candidate_lists
from isthmus.gnn.edges.edge_list import joined
from isthmus.gnn.edges.factored_weights import among, strongest
from isthmus.gnn.edges.pruning import CHOICE, UNTOUCHED_PART, choice, most_used, reserved, share
from isthmus.gnn.metrics import ndcg
from isthmus.gnn.model.batches import batch_of
from isthmus.gnn.model.item_cold_start import borrowed
from isthmus.gnn.model.kernel_ridge import FORMS, Form, closed_form, closed_form_of_interests
from isthmus.gnn.selection import ERRORS, clearly_best

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from isthmus.gnn.data.arrays import InterestGraph
    from isthmus.gnn.data.examples import Task
    from isthmus.gnn.data.histories import Reading
    from isthmus.gnn.edges.edge_list import Edges
    from isthmus.gnn.edges.factored_weights import Weights
    from isthmus.gnn.model.edge_decoder import Decoders

logger = logging.getLogger("isthmus")

# How much of the edges the closed form is: all of them, unless the network is clearly worth it.
CLOSED_SHARES = (1.0, 0.8, 0.6, 0.4, 0.2, 0.1, 0.0)
# What popularity counts, times what the network has learned that it counts beside its own edges.
PRIORS = (1.0, 0.25, 0.5, 2.0)
# So many users say at most which edges are used.
USERS_ASKED = 50_000


@dataclass(frozen=True)
class Mix:
    """What the edges are made of.

    Attributes:
        form: Which closed form.
        closed_share: How much of the edges it is; the rest is the network.
        prior: What popularity counts beside them, times what it counts beside the network.
    """

    form: Form = FORMS[0]
    closed_share: float = CLOSED_SHARES[0]
    prior: float = PRIORS[0]

    def edges(self, network: Weights, form: Weights) -> Weights:
        """The weights of both as one, on the network's scale."""
        solved = form.scaled_like(network).times(self.closed_share)
        return network.times(1 - self.closed_share).plus(solved)


@dataclass(frozen=True)
class Answers:
    """What each part would answer the held-out users of one target.

    Attributes:
        learned: The network's sums, float32 (users, items).
        solved: The closed form's for each of `FORMS`, on the same scale.
        prior: What popularity says of each item, (items,).
        liked: What these users like, CSR (users, items).
    """

    learned: NDArray[np.float32]
    solved: Sequence[NDArray[np.float32]]
    prior: NDArray[np.float32]
    liked: csr_array

    @classmethod
    def of(cls, network: Decoders, forms: Iterable[Weights], exam: Task) -> Answers:
        """Asks the network and each form; a form is let go before the next is made."""
        edges, history = network.weights(exam.target), exam.outside()
        prior = network.prior(exam.target)
        with torch.no_grad():
            answers = network(batch_of(exam, np.arange(len(exam)))).numpy()
        solved = [form.scaled_like(edges).scores(history) for form in forms]
        return cls(answers - prior, solved, prior, exam.liked)

    def worth(self, form: int, share: float, prior: float) -> NDArray[np.float64]:
        """NDCG@10 of each user with a share of one of the forms."""
        mixed = np.float32(1 - share) * self.learned + np.float32(share) * self.solved[form]
        mixed += np.float32(prior) * self.prior
        return ndcg(mixed, self.liked)


@dataclass(frozen=True)
class Taught:
    """What edges are made of: a network that was taught, and closed forms.

    Attributes:
        known: The graph that was learned from.
        network: The network.
        lessons: A task for each domain as a target.
        likes: How often each item is liked, (items,).
        structure: Singular vectors of the items' likes, (items, rank).
        stand_ins: By target who stands in for items that nobody has touched.
        co_liked: The edges that lead within a domain.
        newcomer: The edges from each domain to what all like in it.
        mix: How much of them either is.
        reading: How histories are read.
        seed: Of the samples.
    """

    known: InterestGraph
    network: Decoders
    lessons: Sequence[Task]
    likes: NDArray[np.float64]
    structure: NDArray[np.float32]
    stand_ins: Sequence[csr_array]
    co_liked: Edges
    newcomer: Edges
    mix: Mix
    reading: Reading
    seed: int

    def popularity(self, target: int) -> float:
        """What popularity counts beside the edges."""
        return self.mix.prior * self.network.popularity(target)

    def form(self, target: int, form: Form) -> Weights:
        """A closed form of the edges between items into a domain."""
        sources, targets = self.known.items_outside(target), self.known.items_of(target)
        return closed_form(
            self.lessons[target],
            self.likes[sources],
            self.structure[sources],
            self.structure[targets],
            form,
            self.seed,
        )

    def answers(self, exam: Task) -> Answers:
        """What either would answer held-out users."""
        forms = (self.form(exam.target, form) for form in FORMS)
        return Answers.of(self.network, forms, exam)

    def weights(self, target: int) -> tuple[Weights, Weights]:
        """Of all edges into a domain, from items and from interests."""
        return self.item_weights(target), self.interest_weights(target)

    def item_weights(self, target: int) -> Weights:
        """Of all edges from items into a domain."""
        form = self.form(target, self.mix.form)
        return self.mix.edges(self.network.weights(target), form)

    def interest_weights(self, target: int) -> Weights:
        """Of all edges from interests into a domain, on the scale of those from items."""
        solved = closed_form_of_interests(self.lessons[target], self.seed)
        return solved.scaled_like(self.network.weights(target)) if solved.sources else solved

    def transfer(self, edges_per_node: int, dense_items: int) -> Edges:
        """The edges between items that are kept; see `isthmus.gnn.training.train.train`."""
        liked, untouched = [], []
        for t in self._taught():
            weights, likes = self.item_weights(t), self._likes(t)
            new, places = reserved(likes, edges_per_node)
            large = is_large(self.known, t, dense_items)
            lists = list(candidate_lists(weights, likes, self.seed)) if large else weights.lists()
            many = choice(weights.sources, weights.targets, edges_per_node)
            a_choice = many > edges_per_node
            found = strongest(weights, likes, many, among(lists, ~new), against=a_choice)
            ends = self.known.items_outside(t), self.known.items_of(t)
            if places:
                untouched.append(borrowed(found, self.stand_ins[t], places).between(*ends))
            if a_choice:
                said = np.float32(self.mix.prior) * self.network.prior(t)
                found = most_used(found, self._histories(t), said, likes, edges_per_node)
            liked.append(found.between(*ends))
        return self._shared(liked, untouched, edges_per_node)

    def interest(self, edges_per_node: int) -> Edges:
        """The edges from interests that are kept."""
        liked, untouched = [], []
        for t in self._taught():
            weights, likes = self.interest_weights(t), self._likes(t)
            new, places = reserved(likes, edges_per_node)
            ends = np.arange(len(self.known.interests)), self.known.items_of(t)
            lists = among(weights.lists(), ~new)
            found = strongest(weights, likes, edges_per_node, lists, against=True)
            liked.append(found.between(*ends))
            if places:
                found = strongest(weights, likes, CHOICE * edges_per_node, lists, against=True)
                untouched.append(borrowed(found, self.stand_ins[t], places).between(*ends))
        return self._shared(liked, untouched, edges_per_node)

    def _shared(self, liked: list[Edges], untouched: list[Edges], edges_per_node: int) -> Edges:
        domain = self.known.item_domain
        first = share(joined(untouched), domain, edges_per_node // UNTOUCHED_PART)
        return share(joined(liked), domain, edges_per_node, first)

    def _histories(self, target: int) -> csr_array:
        """What users did outside a domain, weighed as it is served, CSR (users, items outside)."""
        everybody = np.arange(len(self.known.users))
        read = histories(self.known, target, everybody, self.reading, as_if_cold=True).outside
        some = np.flatnonzero(np.diff(read.indptr))
        some = some[sample(len(some), self.seed, USERS_ASKED)]
        rows = over_length(csr_array(read[some]), HISTORY_POWER)
        return csr_array(rows[:, self.known.items_outside(target)])

    def _taught(self) -> list[int]:
        """The targets that there is something to learn about."""
        return [t for t, lesson in enumerate(self.lessons) if len(lesson)]

    def _likes(self, target: int) -> NDArray[np.float64]:
        likes: NDArray[np.float64] = self.likes[self.known.items_of(target)]
        return likes


def is_large(graph: InterestGraph, target: int, dense_items: int) -> bool:
    """Whether there are too many items on either side of a domain's border to score all pairs."""
    inside = len(graph.items_of(target))
    return max(inside, len(graph.items) - inside) > dense_items


def best_mixes(answers: Sequence[Answers], shares: Sequence[float]) -> list[Mix]:
    """The closed form alone, and its share beside the network that serves held-out users best.

    Form, share and popularity are chosen one after the other, and for all targets together: a
    choice for each target, or among all at once, would follow the noise of few users.

    Args:
        answers: A target each.
        shares: Of the closed form, those to choose from; the first stands for it alone.

    Returns:
        One mix where the first share is the best.
    """

    def worth(form: int, share: float, prior: float) -> NDArray[np.float64]:
        return np.concatenate([np.zeros(0), *(of.worth(form, share, prior) for of in answers)])

    forms = range(len(FORMS))
    form = clearly_best([worth(k, shares[0], PRIORS[0]) for k in forms])
    best = shares[clearly_best([worth(form, one, PRIORS[0]) for one in shares])]
    mixes = []
    for closed in dict.fromkeys((shares[0], best)):
        prior = PRIORS[clearly_best([worth(form, closed, prior) for prior in PRIORS], ERRORS)]
        mixes.append(Mix(FORMS[form], closed, prior))
        logger.info(
            "training: %.0f %% closed form, structure %g, rarity %g; popularity times %g",
            100 * closed,
            *FORMS[form],
            prior,
        )
    return mixes
