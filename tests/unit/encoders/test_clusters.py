import numpy as np
import pytest

from isthmus.encoders.topics.clusters import cluster_vectors, match_clusters


def vector_groups(sizes, dimensions=16, seed=0):
    """Groups of unit vectors of the given sizes in one narrow cone, like embeddings of E5."""
    rng = np.random.default_rng(seed)
    axes = np.eye(dimensions)[1 : len(sizes) + 1]
    rows = np.repeat(axes, sizes, axis=0) * 0.3 + 0.03 * rng.standard_normal(
        (sum(sizes), dimensions)
    )
    rows[:, 0] += 2
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_clusters_are_found_in_a_narrow_cone():
    vectors = vector_groups([4, 3, 2])
    assert (vectors @ vectors.T).min() > 0.95
    found = cluster_vectors(vectors, count=3)
    assert found.labels.tolist() == [0, 0, 0, 0, 1, 1, 1, 2, 2]
    assert found.closeness.min() > 0.8


def test_the_largest_cluster_comes_first():
    assert np.bincount(cluster_vectors(vector_groups([2, 5, 9]), count=3).labels).tolist() == [
        9,
        5,
        2,
    ]


@pytest.mark.parametrize(("texts", "clusters"), [(1, 1), (5, 5), (30, 8), (400, 20), (60_000, 200)])
def test_the_default_count_is_the_square_root_within_bounds(texts, clusters):
    vectors = np.random.default_rng(1).standard_normal((texts, 3)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    found = cluster_vectors(vectors)
    assert abs(found.labels.max() + 1 - clusters) <= clusters // 20


def test_there_are_no_more_clusters_than_distinct_texts():
    vectors = np.repeat(vector_groups([1, 1]), 5, axis=0)
    assert cluster_vectors(vectors, count=9).labels.tolist() == [0] * 5 + [1] * 5
    known = np.arange(10)
    assert cluster_vectors(vectors, known=known).labels.max() == 1


def test_no_texts_give_no_clusters():
    found = cluster_vectors(np.zeros((0, 4), np.float32))
    assert (found.labels.shape, found.closeness.shape) == ((0,), (0,))


def test_the_same_input_gives_the_same_clusters():
    vectors = vector_groups([50] * 12, dimensions=32)
    one, other = cluster_vectors(vectors), cluster_vectors(vectors)
    assert np.array_equal(one.labels, other.labels)
    assert np.array_equal(one.closeness, other.closeness)


def test_known_clusters_are_found_again_when_texts_and_clusters_are_added():
    rng = np.random.default_rng(3)
    vectors = rng.standard_normal((900, 24)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    before = cluster_vectors(vectors[:800]).labels
    known = np.concatenate([before, np.full(100, -1)])
    random_start = cluster_vectors(vectors).labels
    known_start = cluster_vectors(vectors, known=known).labels
    assert before.max() + 1 == 28
    assert known_start.max() + 1 == random_start.max() + 1 == 30
    assert (match_clusters(known, known_start) >= 0).sum() == 28
    assert (match_clusters(known, random_start) >= 0).sum() < 14


def test_clusters_with_few_shared_texts_do_not_match():
    known = np.array([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, -1, -1])
    labels = np.array([1, 1, 1, 0, 2, 2, 3, 3, 0, 0, 0, 0])
    assert match_clusters(known, labels).tolist() == [2, 0, 1, -1]
    assert match_clusters(known, np.array([0] * 12)).tolist() == [0]
    scattered = np.array([0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3])
    assert (match_clusters(known, scattered) < 0).sum() >= 2
    assert match_clusters(np.full(12, -1), labels).tolist() == [-1] * 4


def test_no_clusters_have_no_matches():
    assert match_clusters(np.zeros(0, np.int64), np.zeros(0, np.int64)).tolist() == []
