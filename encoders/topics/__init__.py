"""Topics and polarity of texts: classifiers, clusters, names of clusters, relations of topics."""

from isthmus.encoders.topics.cluster_names import (
    MIN_LANGUAGE_SHARE,
    UNSPACED_CHARACTERS,
    language_of,
    name_clusters,
)
from isthmus.encoders.topics.clusters import (
    Clusters,
    cluster_vectors,
    match_clusters,
    normalize_rows,
    one_hot,
)
from isthmus.encoders.topics.discriminant import TopicClassifier, fit_topic_classifier
from isthmus.encoders.topics.polarity import fit_polarity
from isthmus.encoders.topics.relations import cluster_topics, find_containment, find_translations

__all__ = [
    "MIN_LANGUAGE_SHARE",
    "UNSPACED_CHARACTERS",
    "Clusters",
    "TopicClassifier",
    "cluster_topics",
    "cluster_vectors",
    "find_containment",
    "find_translations",
    "fit_polarity",
    "fit_topic_classifier",
    "language_of",
    "match_clusters",
    "name_clusters",
    "normalize_rows",
    "one_hot",
]
