import csv
import gzip
from pathlib import Path

import numpy as np
import pytest

from encoders.clusters import cluster, name_groups, terms_of

SHARED = Path(__file__).resolve().parents[3] / "shared"


def bundles(sizes, dimensions=16, seed=0):
    """Unit vectors in bundles of the given sizes, all of them in one narrow cone, as E5's are."""
    rng = np.random.default_rng(seed)
    axes = np.eye(dimensions)[1 : len(sizes) + 1]
    rows = np.repeat(axes, sizes, axis=0) * 0.3 + 0.03 * rng.standard_normal(
        (sum(sizes), dimensions)
    )
    rows[:, 0] += 2
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


TEA = ["green tea leaves", "black tea leaves in a tin", "green tea bags", "organic tea leaves"]
MUGS = ["red coffee mug", "large coffee mug", "coffee mug with a handle"]
NOVELS = ["明朝的历史小说", "一本历史小说，关于唐朝"]


def test_bundles_are_found_although_all_vectors_are_nearly_alike():
    vectors = bundles([4, 3, 2])
    assert (vectors @ vectors.T).min() > 0.95
    found = cluster(vectors, TEA + MUGS + NOVELS, count=3)
    assert found.labels.tolist() == [0, 0, 0, 0, 1, 1, 1, 2, 2]


def test_the_largest_cluster_comes_first():
    found = cluster(bundles([2, 5, 9]), [f"word{n}" for n in range(16)], count=3)
    assert np.bincount(found.labels).tolist() == [9, 5, 2]


def test_centers_are_unit_means_in_the_space_that_was_given():
    vectors = bundles([4, 3, 2])
    found = cluster(vectors, TEA + MUGS + NOVELS, count=3)
    mean = vectors[4:7].mean(axis=0)
    np.testing.assert_allclose(found.centers[1], mean / np.linalg.norm(mean), atol=1e-6)
    assert found.centers.dtype == np.float32


def test_names_are_the_terms_that_set_a_cluster_apart_in_either_language():
    found = cluster(bundles([4, 3, 2]), TEA + MUGS + NOVELS, count=3)
    assert found.names[0].startswith("tea")
    assert found.names[1].startswith("coffee mug")
    assert found.names[2] == "历史小说"


def test_a_term_that_is_everywhere_comes_last():
    texts = ["shop, tea", "shop, tea", "shop, mug", "shop, mug"]
    assert name_groups(texts, np.array([0, 0, 1, 1]), np.ones(4)) == ["tea, shop", "mug, shop"]


def test_names_differ_even_where_the_texts_do_not():
    names = name_groups(["tea", "tea", "tea"], np.array([0, 1, 2]), np.ones(3))
    assert names == ["tea", "tea (2)", "tea (3)"]


@pytest.mark.parametrize(("text", "name"), [("🍵 🍵", "🍵 🍵"), ("12 34", "12 34"), ("", "other")])
def test_texts_without_a_word_name_a_group_by_themselves(text, name):
    assert name_groups([text], np.array([0]), np.ones(1)) == [name]


def test_terms_of_english_are_words_and_pairs_of_neighbours():
    assert terms_of("The Green Tea &amp; it's 2 big-cup mugs") == [
        "green", "tea", "green tea", "big", "cup", "big cup", "mugs", "cup mugs",
    ]  # fmt: skip


def test_terms_of_chinese_are_short_runs_that_no_particle_begins_or_ends():
    assert terms_of("我的小说，好看") == ["小说", "好看"]
    assert terms_of("历史小说")[-1] == "历史小说"


@pytest.mark.parametrize(("texts", "clusters"), [(1, 1), (5, 5), (30, 8), (400, 20), (60_000, 200)])
def test_without_a_count_there_are_as_many_as_the_root_within_bounds(texts, clusters):
    vectors = np.random.default_rng(1).standard_normal((texts, 3)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    found = cluster(vectors, ["tea"] * texts)
    assert len(found.names) == len(found.centers) == found.labels.max() + 1
    assert abs(len(found.names) - clusters) <= clusters // 20


def test_fewer_clusters_come_back_where_fewer_texts_differ():
    vectors = np.repeat(bundles([1, 1]), 5, axis=0)
    found = cluster(vectors, ["tea"] * 5 + ["mug"] * 5, count=9)
    assert found.names == ["tea", "mug"]


def test_no_texts_make_no_cluster():
    found = cluster(np.zeros((0, 4), np.float32), [])
    assert (found.labels.shape, found.centers.shape, found.names) == ((0,), (0, 4), [])


def test_the_same_input_gives_the_same_clusters():
    vectors = bundles([50] * 12, dimensions=32)
    texts = [f"tea number {chr(97 + n % 26) * 3}" for n in range(len(vectors))]
    one, other = cluster(vectors, texts), cluster(vectors, texts)
    assert np.array_equal(one.labels, other.labels)
    assert np.array_equal(one.centers, other.centers)
    assert one.names == other.names


def test_names_of_real_chinese_categories_tell_what_they_are():
    path = SHARED / "data" / "tables" / "zh_reviews" / "labelled_texts.csv.gz"
    if not path.is_file():
        pytest.skip(f"no table {path}")
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))[::20]
    categories = sorted({row["category"] for row in rows})
    labels = np.array([categories.index(row["category"]) for row in rows])
    names = name_groups([row["text"] for row in rows], labels, np.ones(len(rows)))
    named = dict(zip(categories, names, strict=True))
    assert "酒店" in named["酒店"]
    assert "苹果" in named["水果"]
    assert "系统" in named["计算机"]
    assert "书" in named["书籍"]
    assert "洗发水" in named["洗发水"]
