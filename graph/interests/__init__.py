"""Embeddings, encoder versions, topics of texts, interests of items and of users."""

from isthmus.graph.interests.corpus import texts_of_graph, texts_of_tables
from isthmus.graph.interests.derivation import (
    MAX_INTERESTS_PER_USER,
    WEIGHT_DECIMALS,
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
from isthmus.graph.interests.find import (
    encode_and_find_interests,
    find_interests,
    largest_interests,
)
from isthmus.graph.interests.item_interests import build_item_interests
from isthmus.graph.interests.text_topics import interests_of_text

__all__ = [
    "MAX_INTERESTS_PER_USER",
    "WEIGHT_DECIMALS",
    "active_encoder",
    "active_version",
    "active_version_number",
    "build_item_interests",
    "delete_orphans",
    "delete_unused_versions",
    "derive_interests_from_tables",
    "derive_user_interests",
    "encode_and_find_interests",
    "find_interests",
    "interests_of_text",
    "largest_interests",
    "list_versions",
    "read_pages",
    "register_version",
    "settings_for_active_encoder",
    "texts_of_graph",
    "texts_of_tables",
]
