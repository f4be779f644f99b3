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
    from collections.abc import Sequence

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
class Parts:
    """What can be mixed into the edges towards one target, and how it answers held-out users.

    Attributes:
        network: Weights of the network.
        forms: Weights of the closed form, one for each of `STRUCTURE_SHARES`, on the same scale.
        learned: The network's sums for the held-out users, float32 (users, items).
        solved: The closed form's, likewise.
        prior: What popularity says of each item, (items,).
        liked: What these users like, CSR (users, items).
    """

    network: Weights
    forms: Sequence[Weights]
    learned: NDArray[np.float32]
    solved: Sequence[NDArray[np.float32]]
    prior: NDArray[np.float32]
    liked: csr_array

    @classmethod
    def of(cls, decoder: EdgeDecoder, forms: Sequence[Weights], exam: Task) -> Parts:
        """The parts of one target, and their answers to its held-out users."""
        network = decoder.weights(exam.target)
        scale = network.deviation()
        scaled = [form.times(scale / max(form.deviation(), 1e-12)) for form in forms]
        history = exam.outside()
        with torch.no_grad():
            prior = decoder.prior(exam.target).numpy()
            answers = decoder(batch_of(exam, np.arange(len(exam)))).numpy()
        return cls(
            network=network,
            forms=scaled,
            learned=answers - prior,
            solved=[form.scores(history) for form in scaled],
            prior=prior,
            liked=exam.liked,
        )

    def worth(self, form: int, share: float) -> NDArray[np.float64]:
        """NDCG@10 of each held-out user with a share of one of the forms."""
        mixed = np.float32(1 - share) * self.learned + np.float32(share) * self.solved[form]
        return ndcg(np.asarray(mixed + self.prior, dtype=np.float32), self.liked)

    def mixed(self, form: int, share: float) -> Weights:
        """The edges with that share."""
        return self.network.times(1 - share).plus(self.forms[form], share)


def blended(parts: Sequence[Parts]) -> list[Weights]:
    """The edges towards each target, with the closed form's share that serves all of them best.

    The form is chosen first and its share second, and both for all targets together: a choice for
    each target, or among all pairs, would follow the noise of few users.
    """

    def worth(form: int, share: float) -> NDArray[np.float64]:
        return np.concatenate([np.zeros(0), *(part.worth(form, share) for part in parts)])

    form = clearly_best([worth(k, CLOSED_SHARE) for k in range(len(STRUCTURE_SHARES))])
    shares = (CLOSED_SHARE, *CLOSED_SHARES)
    share = shares[clearly_best([worth(form, value) for value in shares])]
    logger.info(
        "training: %.0f %% closed form, %.1f of it structure", 100 * share, STRUCTURE_SHARES[form]
    )
    return [part.mixed(form, share) for part in parts]
