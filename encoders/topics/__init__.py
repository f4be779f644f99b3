"""Topics and polarity of texts: readers, classifiers, clusters and their names, relations."""

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
from isthmus.encoders.topics.discriminant import fit_topic_classifier
from isthmus.encoders.topics.polarity import fit_polarity
from isthmus.encoders.topics.relations import cluster_topics, find_containment, find_translations
from isthmus.encoders.topics.text_reader import ReadClause, TextReader, fit_min_evidence
from isthmus.encoders.topics.text_space import (
    LANGUAGES,
    TextSpace,
    language_index,
    load_text_space,
)
from isthmus.encoders.topics.topic_reader import (
    MIN_HELD_OUT,
    Corpus,
    ReaderChoice,
    TopicReader,
    choose_reader,
    compare_readers,
    corpus_means,
    first_labels,
    hold_out_writers,
    learn_labels,
    names_reader,
)

__all__ = [
    "LANGUAGES",
    "MIN_HELD_OUT",
    "MIN_LANGUAGE_SHARE",
    "UNSPACED_CHARACTERS",
    "Clusters",
    "Corpus",
    "ReadClause",
    "ReaderChoice",
    "TextReader",
    "TextSpace",
    "TopicReader",
    "choose_reader",
    "cluster_topics",
    "cluster_vectors",
    "compare_readers",
    "corpus_means",
    "find_containment",
    "find_translations",
    "first_labels",
    "fit_min_evidence",
    "fit_polarity",
    "fit_topic_classifier",
    "hold_out_writers",
    "language_index",
    "language_of",
    "learn_labels",
    "load_text_space",
    "match_clusters",
    "name_clusters",
    "names_reader",
    "normalize_rows",
    "one_hot",
]
