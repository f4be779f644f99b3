"""Translations, families and containment of topics."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from isthmus.encoders.text.encoder import load_encoder
from isthmus.encoders.topics.clusters import normalize_rows
from isthmus.encoders.topics.relations import cluster_topics, find_containment, find_translations

SAME = {
    "historical novels": "历史小说",
    "cookery": "烹饪",
    "jazz": "爵士乐",
    "gardening": "园艺",
    "psychology": "心理学",
    "football": "足球",
}
ONLY_ENGLISH = ["stainless steel pans", "mattresses", "vacuum cleaners"]
ONLY_CHINESE = ["诗歌", "战争电影", "经济学"]


@pytest.fixture(scope="module")
def encoder(server_settings):
    return load_encoder(server_settings.encoder, server_settings.home, None)


def translated_pairs(encoder, english, chinese):
    names = [*english, *chinese]
    languages = ["en"] * len(english) + ["zh"] * len(chinese)
    translations = find_translations(encoder.encode(names, "passage"), languages)
    return {(names[one], names[other]) for one, other in translations}


def test_translations_between_chinese_and_english_are_found(encoder):
    found = translated_pairs(encoder, [*SAME, *ONLY_ENGLISH], [*SAME.values(), *ONLY_CHINESE])
    assert found <= set(SAME.items())
    assert len(found) >= 4


def test_topics_without_a_counterpart_get_no_translation(encoder):
    assert translated_pairs(encoder, ONLY_ENGLISH, ONLY_CHINESE) == set()


def test_languages_with_few_topics_get_no_translations(encoder):
    two = list(SAME.items())[:2]
    assert translated_pairs(encoder, [one for one, _ in two], [other for _, other in two]) == set()


def test_topics_of_one_language_are_never_translations():
    vectors = normalize_rows(np.eye(6, 8, dtype=np.float32))
    assert find_translations(np.vstack([vectors, vectors]), ["en"] * 12) == []
    assert find_translations(np.vstack([vectors, vectors]), ["en"] * 6 + ["und"] * 6) == []
    found = find_translations(np.vstack([vectors, vectors]), ["en"] * 6 + ["zh"] * 6)
    assert found == [(k, k + 6) for k in range(6)]


def test_similar_topics_are_a_family_and_a_single_topic_is_none():
    axes = np.eye(8, dtype=np.float32)
    near = [axes[k] + 0.3 * axes[4 + n] for k in range(3) for n in range(3)]
    labels = cluster_topics(normalize_rows(np.array([*near, axes[7]])))
    assert labels.tolist()[-1] == -1 or len(set(labels.tolist())) == 3
    assert all(len(set(labels[k : k + 3].tolist())) == 1 for k in (0, 3, 6))
    assert cluster_topics(normalize_rows(np.array(near[:8]))).tolist() == [-1] * 8


def test_the_parent_is_the_nearest_topic_that_contains_nearly_all_items():
    about = np.zeros((40, 4))
    about[:, 0] = 1  # fiction
    about[:12, 1] = 1  # crime, all of it fiction
    about[:5, 2] = 1  # noir, all of it crime
    about[3:12, 3] = 1  # prize winners: all fiction, three in four crime
    assert find_containment(csr_array(about)) == [(1, 0), (2, 1), (3, 0)]


def test_topics_of_similar_size_or_with_few_items_have_no_parent():
    about = np.zeros((20, 3))
    about[:10, 0] = about[:8, 1] = about[:4, 2] = 1
    assert find_containment(csr_array(about)) == []
    assert find_containment(csr_array((0, 0))) == []
