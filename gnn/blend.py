"""The network's edges and the closed form's as one: mixed as held-out users of all targets say."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from gnn.closed_form import STRUCTURE_SHARES
from gnn.merge import clearly_best
from gnn.metrics import ndcg
from gnn.tasks import batch_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from gnn.edges import Weights
    from gnn.model import EdgeDecoder
    from gnn.tasks import Task

logger = logging.getLogger("isthmus")

# How much of the edges the closed form is, and what else is tried.
CLOSED_SHARE = 0.2
CLOSED_SHARES = (0.0, 0.1, 0.4, 0.6, 0.8, 1.0)


@dataclass(frozen=True)
class Mix:
    """What the edges are made of.

    Attributes:
        structure_share: Which closed form, see `gnn.closed_form`.
        closed_share: How much of the edges it is; the rest is the network.
    """

    structure_share: float
    closed_share: float

    def edges(self, network: Weights, form: Weights) -> Weights:
        """The weights of both as one, on the network's scale."""
        solved = form.scaled_like(network).times(self.closed_share)
        return network.times(1 - self.closed_share).plus(solved)


@dataclass(frozen=True)
class Answers:
    """What each part would answer the held-out users of one target.

    Attributes:
        learned: The network's sums, float32 (users, items).
        solved: The closed form's for each of `STRUCTURE_SHARES`, on the same scale.
        prior: What popularity says of each item, (items,).
        liked: What these users like, CSR (users, items).
    """

    learned: NDArray[np.float32]
    solved: Sequence[NDArray[np.float32]]
    prior: NDArray[np.float32]
    liked: csr_array

    @classmethod
    def of(cls, decoder: EdgeDecoder, forms: Iterable[Weights], exam: Task) -> Answers:
        """Asks the network and each form; a form is let go before the next is made."""
        network, history = decoder.weights(exam.target), exam.outside()
        with torch.no_grad():
            prior = decoder.prior(exam.target).numpy()
            answers = decoder(batch_of(exam, np.arange(len(exam)))).numpy()
        solved = [form.scaled_like(network).scores(history) for form in forms]
        return cls(answers - prior, solved, prior, exam.liked)

    def worth(self, form: int, share: float) -> NDArray[np.float64]:
        """NDCG@10 of each user with a share of one of the forms."""
        mixed = np.float32(1 - share) * self.learned + np.float32(share) * self.solved[form]
        return ndcg(np.asarray(mixed + self.prior, dtype=np.float32), self.liked)


def best_mix(answers: Sequence[Answers]) -> Mix:
    """The closed form and its share that serve the held-out users of all targets best.

    The form is chosen first and its share second, and both for all targets together: a choice for
    each target, or among all pairs, would follow the noise of few users.
    """

    def worth(form: int, share: float) -> NDArray[np.float64]:
        return np.concatenate([np.zeros(0), *(of.worth(form, share) for of in answers)])

    form = clearly_best([worth(k, CLOSED_SHARE) for k in range(len(STRUCTURE_SHARES))])
    shares = (CLOSED_SHARE, *CLOSED_SHARES)
    share = shares[clearly_best([worth(form, value) for value in shares])]
    logger.info(
        "training: %.0f %% closed form, %.1f of it structure", 100 * share, STRUCTURE_SHARES[form]
    )
    return Mix(STRUCTURE_SHARES[form], share)
