"""Embeddings, encoder versions, topics of texts, interests of items and of users."""

from isthmus.graph.interests.corpus import texts_of_graph, texts_of_tables
from isthmus.graph.interests.derivation import (
    MAX_INTERESTS_PER_USER,
    WEIGHT_DECIMALS,
    derivation_parameters,
    derive_interests_from_tables,
    derive_user_interests,
)
from isthmus.graph.interests.embeddings import delete_orphans, read_pages
from isthmus.graph.interests.encoder_versions import (
    active_encoder,
    active_version,
    active_version_number,
    delete_unused_versions,
    list_versions,
    register_version,
    settings_for_active_encoder,
)
from isthmus.graph.interests.encoding_cost import estimate_encoding, report_usage
from isthmus.graph.interests.find import (
    encode_and_find_interests,
    find_interests,
    largest_interests,
)
from isthmus.graph.interests.item_interests import build_item_interests, names_by_category
from isthmus.graph.interests.item_vectors import (
    ItemVectors,
    encoded_version,
    item_keys,
    read_item_vectors,
    read_vector_pages,
)
from isthmus.graph.interests.of_users import interests_of_users
from isthmus.graph.interests.reading import (
    Reading,
    describe_reader,
    read_text,
    reading_of_vector,
    text_reader,
    wanted_weight,
)
from isthmus.graph.interests.text_topics import Interests, Texts, learn_reader

__all__ = [
    "MAX_INTERESTS_PER_USER",
    "WEIGHT_DECIMALS",
    "Interests",
    "ItemVectors",
    "Reading",
    "Texts",
    "active_encoder",
    "active_version",
    "active_version_number",
    "build_item_interests",
    "delete_orphans",
    "delete_unused_versions",
    "derivation_parameters",
    "derive_interests_from_tables",
    "derive_user_interests",
    "describe_reader",
    "encode_and_find_interests",
    "encoded_version",
    "estimate_encoding",
    "find_interests",
    "interests_of_users",
    "item_keys",
    "largest_interests",
    "learn_reader",
    "list_versions",
    "names_by_category",
    "read_item_vectors",
    "read_pages",
    "read_text",
    "read_vector_pages",
    "reading_of_vector",
    "register_version",
    "report_usage",
    "settings_for_active_encoder",
    "text_reader",
    "texts_of_graph",
    "texts_of_tables",
    "wanted_weight",
]
