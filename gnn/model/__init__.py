"""Models that learn edge weights from histories: propagation, decoder, kernel, ensemble."""

from isthmus.gnn.model.batches import make_batch, make_training_batch
from isthmus.gnn.model.domain_popularity import compute_domain_popularity, domain_popularity_edges
from isthmus.gnn.model.edge_decoder import DecoderEnsemble, DecoderInputs, EdgeDecoder, softmax_loss
from isthmus.gnn.model.ensemble import (
    KERNEL_SHARES,
    MIN_INTEREST_USERS,
    EnsembleWeights,
    TrainedEnsemble,
    select_ensemble_weights,
)
from isthmus.gnn.model.item_cold_start import nearest_liked_items
from isthmus.gnn.model.item_cosine import item_cosine_edges
from isthmus.gnn.model.kernel_ridge import MAX_USERS, Kernel, leave_one_out_ndcg
from isthmus.gnn.model.propagation import (
    HOPS,
    build_domain_graph,
    like_spectrum,
    propagate_features,
)

__all__ = [
    "HOPS",
    "KERNEL_SHARES",
    "MAX_USERS",
    "MIN_INTEREST_USERS",
    "DecoderEnsemble",
    "DecoderInputs",
    "EdgeDecoder",
    "EnsembleWeights",
    "Kernel",
    "TrainedEnsemble",
    "build_domain_graph",
    "compute_domain_popularity",
    "domain_popularity_edges",
    "item_cosine_edges",
    "leave_one_out_ndcg",
    "like_spectrum",
    "make_batch",
    "make_training_batch",
    "nearest_liked_items",
    "propagate_features",
    "select_ensemble_weights",
    "softmax_loss",
]
