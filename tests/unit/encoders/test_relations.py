"""What means the same in two languages is found, what only lies near is not; wholes hold parts."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from isthmus.encoders.text.encoder import load_encoder
from isthmus.encoders.topics.clusters import unit
from isthmus.encoders.topics.relations import containing, families, translations

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


def pairs(encoder, english, chinese):
    names = [*english, *chinese]
    languages = ["en"] * len(english) + ["zh"] * len(chinese)
    found = translations(encoder.encode(names, "passage"), languages)
    return {(names[one], names[other]) for one, other in found}


def test_interests_that_mean_the_same_in_chinese_and_english_are_found(encoder):
    found = pairs(encoder, [*SAME, *ONLY_ENGLISH], [*SAME.values(), *ONLY_CHINESE])
    assert found <= set(SAME.items())
    assert len(found) >= 4


def test_what_has_no_counterpart_gets_none(encoder):
    assert pairs(encoder, ONLY_ENGLISH, ONLY_CHINESE) == set()


def test_few_topics_do_not_say_what_a_language_has_in_common(encoder):
    two = list(SAME.items())[:2]
    assert pairs(encoder, [one for one, _ in two], [other for _, other in two]) == set()


def test_topics_of_one_language_never_mean_the_same():
    vectors = unit(np.eye(6, 8, dtype=np.float32))
    assert translations(np.vstack([vectors, vectors]), ["en"] * 12) == []
    assert translations(np.vstack([vectors, vectors]), ["en"] * 6 + ["und"] * 6) == []
    found = translations(np.vstack([vectors, vectors]), ["en"] * 6 + ["zh"] * 6)
    assert found == [(k, k + 6) for k in range(6)]


def test_topics_that_lie_together_are_a_family_and_one_alone_is_none():
    axes = np.eye(8, dtype=np.float32)
    near = [axes[k] + 0.3 * axes[4 + n] for k in range(3) for n in range(3)]
    labels = families(unit(np.array([*near, axes[7]])))
    assert labels.tolist()[-1] == -1 or len(set(labels.tolist())) == 3
    assert all(len(set(labels[k : k + 3].tolist())) == 1 for k in (0, 3, 6))
    assert families(unit(np.array(near[:8]))).tolist() == [-1] * 8


def test_a_topic_is_part_of_the_nearest_one_that_holds_nearly_all_of_its_items():
    about = np.zeros((40, 4))
    about[:, 0] = 1  # fiction
    about[:12, 1] = 1  # crime, all of it fiction
    about[:5, 2] = 1  # noir, all of it crime
    about[3:12, 3] = 1  # prize winners: fiction, and three in four crime too
    assert containing(csr_array(about)) == [(1, 0), (2, 1), (3, 0)]


def test_what_is_about_as_large_contains_nothing_and_few_items_say_nothing():
    about = np.zeros((20, 3))
    about[:10, 0] = about[:8, 1] = about[:4, 2] = 1
    assert containing(csr_array(about)) == []
    assert containing(csr_array((0, 0))) == []
