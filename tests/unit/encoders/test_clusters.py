import numpy as np
import pytest

from isthmus.encoders.topics.clusters import cluster, match


def bundles(sizes, dimensions=16, seed=0):
    """Unit vectors in bundles of the given sizes, all of them in one narrow cone, as E5's are."""
    rng = np.random.default_rng(seed)
    axes = np.eye(dimensions)[1 : len(sizes) + 1]
    rows = np.repeat(axes, sizes, axis=0) * 0.3 + 0.03 * rng.standard_normal(
        (sum(sizes), dimensions)
    )
    rows[:, 0] += 2
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_bundles_are_found_although_all_vectors_are_nearly_alike():
    vectors = bundles([4, 3, 2])
    assert (vectors @ vectors.T).min() > 0.95
    found = cluster(vectors, count=3)
    assert found.labels.tolist() == [0, 0, 0, 0, 1, 1, 1, 2, 2]
    assert found.closeness.min() > 0.8


def test_the_largest_cluster_comes_first():
    assert np.bincount(cluster(bundles([2, 5, 9]), count=3).labels).tolist() == [9, 5, 2]


@pytest.mark.parametrize(("texts", "clusters"), [(1, 1), (5, 5), (30, 8), (400, 20), (60_000, 200)])
def test_without_a_count_there_are_as_many_as_the_root_within_bounds(texts, clusters):
    vectors = np.random.default_rng(1).standard_normal((texts, 3)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    found = cluster(vectors)
    assert abs(found.labels.max() + 1 - clusters) <= clusters // 20


def test_fewer_clusters_come_back_where_fewer_texts_differ():
    vectors = np.repeat(bundles([1, 1]), 5, axis=0)
    assert cluster(vectors, count=9).labels.tolist() == [0] * 5 + [1] * 5
    known = np.arange(10)
    assert cluster(vectors, known=known).labels.max() == 1


def test_no_texts_make_no_cluster():
    found = cluster(np.zeros((0, 4), np.float32))
    assert (found.labels.shape, found.closeness.shape) == ((0,), (0,))


def test_the_same_input_gives_the_same_clusters():
    vectors = bundles([50] * 12, dimensions=32)
    one, other = cluster(vectors), cluster(vectors)
    assert np.array_equal(one.labels, other.labels)
    assert np.array_equal(one.closeness, other.closeness)


def test_clusters_are_found_again_although_there_are_more_texts_and_more_clusters():
    rng = np.random.default_rng(3)
    vectors = rng.standard_normal((900, 24)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    before = cluster(vectors[:800]).labels
    known = np.concatenate([before, np.full(100, -1)])
    afresh, again = cluster(vectors).labels, cluster(vectors, known=known).labels
    assert before.max() + 1 == 28
    assert again.max() + 1 == afresh.max() + 1 == 30
    assert (match(known, again) >= 0).sum() == 28
    assert (match(known, afresh) >= 0).sum() < 14


def test_what_shares_few_texts_is_not_the_same_cluster():
    known = np.array([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, -1, -1])
    labels = np.array([1, 1, 1, 0, 2, 2, 3, 3, 0, 0, 0, 0])
    assert match(known, labels).tolist() == [2, 0, 1, -1]
    assert match(known, np.array([0] * 12)).tolist() == [0]
    scattered = np.array([0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3])
    assert (match(known, scattered) < 0).sum() >= 2
    assert match(np.full(12, -1), labels).tolist() == [-1] * 4


def test_nothing_is_matched_where_there_is_nothing():
    assert match(np.zeros(0, np.int64), np.zeros(0, np.int64)).tolist() == []
