"""Ridge regression from the interests of users to their likes: the edges that leave interests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array, diags_array

from isthmus.gnn.data import sample_rows
from isthmus.gnn.edges import FactoredWeights

if TYPE_CHECKING:
    from isthmus.gnn.data import Examples

# Ridge of the interests, in units of the mean squared length of a user's interests.
RIDGE = 10.0
# Users with many likes count less for each of them.
LIKES_EXPONENT = -0.25
MAX_USERS = 50_000


def solve_interest_edges(examples: Examples, seed: int) -> FactoredWeights:
    """Solves for the edge weights from interests to the items inside a domain.

    With S the interests that the users' histories imply, s(u, k), and Y their likes, each over the
    user's number of likes to a power: W = (S' S + ridge)^-1 S' Y.

    Args:
        examples: Training examples of the domain.
        seed: Seed of the sample of users.
    """
    users = sample_rows(len(examples), seed, MAX_USERS)
    interests = examples.interests[users].toarray()
    liked = csr_array(examples.liked[users])
    counts = np.diff(liked.indptr).astype(np.float32)
    labels_by_item = csr_array((diags_array(counts**LIKES_EXPONENT) @ liked).T)
    gram = interests.T @ interests
    mean_squared_length = float(np.trace(gram)) / max(len(users), 1)
    gram[np.diag_indices_from(gram)] += max(RIDGE * mean_squared_length, 1e-9)
    return FactoredWeights(
        (np.linalg.inv(gram),),
        lambda targets: (np.ascontiguousarray((labels_by_item[targets] @ interests).T),),
        labels_by_item.shape[0],
    )
