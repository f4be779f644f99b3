"""Clusters of texts are named by their characteristic terms, in each language of the texts."""

import csv
import gzip
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from isthmus.encoders.topics.cluster_names import (
    language_of,
    name_clusters,
    name_groups,
    terms_of,
)

SHARED = Path(__file__).resolve().parents[4] / "shared"

TEA = ["green tea leaves", "black tea leaves in a tin", "green tea bags", "organic tea leaves"]
MUGS = ["red coffee mug", "large coffee mug", "coffee mug with a handle"]
NOVELS = ["明朝的历史小说", "一本历史小说，关于唐朝"]
PANS = ["不锈钢汤锅", "不锈钢炒锅", "家用不锈钢汤锅"]


def names_of(*clusters):
    texts = [text for cluster in clusters for text in cluster]
    labels = np.repeat(np.arange(len(clusters)), [len(cluster) for cluster in clusters])
    return name_groups(texts, labels, np.ones(len(texts)))


def test_a_cluster_is_named_by_its_characteristic_terms_in_either_language():
    names = names_of(TEA, MUGS, NOVELS)
    assert names[0].startswith("tea")
    assert names[1].startswith("coffee mug")
    assert names[2] == "历史小说"


def test_chinese_names_are_whole_words():
    assert names_of(PANS, NOVELS) == ["不锈钢汤锅", "历史小说"]
    assert terms_of("速度与激情") == ["速度", "激情"]


def test_a_cluster_is_named_in_each_language_of_its_texts():
    texts = [*TEA, "绿茶茶叶", "有机绿茶", *NOVELS, "12 34", *MUGS, "历史"]
    labels = np.array([0] * 6 + [1] * 3 + [2] * 4)
    names = name_clusters(texts, labels, np.ones(len(texts)), {})
    assert [list(name) for name in names] == [["en", "zh"], ["zh"], ["en", "zh"]]
    assert names[0]["en"].startswith("tea")
    assert names[0]["zh"] == "绿茶"
    assert names[1] == {"zh": "历史小说"}


def test_a_single_text_in_another_language_adds_no_name():
    texts = [*TEA, *TEA, "绿茶"]
    names = name_clusters(texts, np.zeros(9, np.int64), np.ones(9), {})
    assert list(names[0]) == ["en"]


def test_existing_names_stay_and_the_new_names_differ_from_them():
    texts = [*TEA, "绿茶茶叶", "有机绿茶", *TEA]
    labels = np.array([0] * 6 + [1] * 4)
    given = {0: {"en": "hot drinks"}}
    names = name_clusters(texts, labels, np.ones(10), given)
    assert names[0] == {"en": "hot drinks", "zh": "绿茶"}
    alone = name_clusters(texts, labels, np.ones(10), {})[1]["en"]
    names = name_clusters(texts, labels, np.ones(10), {0: {"en": alone}})
    assert names[0]["en"] == alone != names[1]["en"]


@pytest.mark.parametrize(
    ("text", "language"),
    [("绿茶 tea", "zh"), ("お茶の本", "ja"), ("녹차", "ko"), ("Été", "en"), ("", "und")],
)
def test_the_language_follows_from_the_script(text, language):
    assert language_of(text) == language


def test_a_term_of_all_clusters_comes_last():
    assert names_of(["shop, tea", "shop, tea"], ["shop, mug", "shop, mug"]) == [
        "tea, shop",
        "mug, shop",
    ]


def test_names_are_unique_even_for_equal_texts():
    assert names_of(["tea"], ["tea"], ["tea"]) == ["tea", "tea (2)", "tea (3)"]


@pytest.mark.parametrize(("text", "name"), [("🍵 🍵", "🍵 🍵"), ("12 34", "12 34"), ("", "other")])
def test_a_text_without_words_is_its_own_name(text, name):
    assert names_of([text]) == [name]


def test_terms_of_english_are_words_and_pairs_of_neighbours():
    assert terms_of("The Green Tea &amp; it's 2 big-cup mugs") == [
        "green", "tea", "green tea", "big", "cup", "big cup", "mugs", "cup mugs",
    ]  # fmt: skip


def test_terms_of_chinese_are_words_and_pairs_without_function_words():
    assert terms_of("我的小说，好看") == ["小说", "好看"]
    assert terms_of("为什么他们不是这样的") == []
    assert terms_of("历史小说") == ["历史", "小说", "历史小说"]


def test_terms_of_japanese_are_short_runs():
    assert terms_of("お茶の本") == ["お茶", "茶の", "の本", "お茶の", "茶の本", "お茶の本"]


def test_the_dictionary_writes_no_file_in_the_shared_temporary_folder(tmp_path):
    code = "from isthmus.encoders.topics.cluster_names import terms_of; print(terms_of('历史小说'))"
    environment = {"TMPDIR": str(tmp_path), "PYTHONPATH": ":".join(sys.path)}
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert (done.stdout, done.stderr) == ("['历史', '小说', '历史小说']\n", "")
    assert list(tmp_path.iterdir()) == []


def test_names_of_real_chinese_categories_contain_the_category():
    path = SHARED / "data" / "tables" / "zh_reviews" / "labelled_texts.csv.gz"
    if not path.is_file():
        pytest.skip(f"no table {path}")
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))[::20]
    categories = sorted({row["category"] for row in rows})
    labels = np.array([categories.index(row["category"]) for row in rows])
    names = name_groups([row["text"] for row in rows], labels, np.ones(len(rows)))
    by_category = dict(zip(categories, names, strict=True))
    assert "酒店" in by_category["酒店"]
    assert "苹果" in by_category["水果"]
    assert "系统" in by_category["计算机"]
    assert "书" in by_category["书籍"]
    assert "洗发水" in by_category["洗发水"]
