"""Models that learn edge weights from histories: features, kernel ridge regression, network."""

from isthmus.gnn.model.batches import make_training_batch
from isthmus.gnn.model.domain_popularity import compute_domain_popularity, domain_popularity_edges
from isthmus.gnn.model.edge_decoder import EdgeDecoder, softmax_loss
from isthmus.gnn.model.features import (
    HOPS,
    Features,
    build_domain_graph,
    compute_features,
)
from isthmus.gnn.model.interest_edges import solve_interest_edges
from isthmus.gnn.model.item_cold_start import nearest_liked_items
from isthmus.gnn.model.item_cosine import item_cosine_edges
from isthmus.gnn.model.kernel import (
    MAX_TUNING_USERS,
    MIN_TUNING_USERS,
    Kernel,
    TrainingUsers,
    leave_one_out_ndcg,
    most_users,
    tune_kernel,
)
from isthmus.gnn.model.own_items import MIN_INTEREST_USERS, add_own_item_edges
from isthmus.gnn.model.solved_kernel import Popularity, solve_kernel
from isthmus.gnn.model.transfer_model import NetworkEdges, TransferModel

__all__ = [
    "HOPS",
    "MAX_TUNING_USERS",
    "MIN_INTEREST_USERS",
    "MIN_TUNING_USERS",
    "EdgeDecoder",
    "Features",
    "Kernel",
    "NetworkEdges",
    "Popularity",
    "TrainingUsers",
    "TransferModel",
    "add_own_item_edges",
    "build_domain_graph",
    "compute_domain_popularity",
    "compute_features",
    "domain_popularity_edges",
    "item_cosine_edges",
    "leave_one_out_ndcg",
    "make_training_batch",
    "most_users",
    "nearest_liked_items",
    "softmax_loss",
    "solve_interest_edges",
    "solve_kernel",
    "tune_kernel",
]
