"""Groups of texts are named by their key terms, in each language of the texts."""

import csv
import gzip
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from isthmus.encoders.topics.cluster_names import (
    language_of,
    name_groups,
    name_in_languages,
    terms_of,
)

SHARED = Path(__file__).resolve().parents[4] / "shared"

TEA = ["green tea leaves", "black tea leaves in a tin", "green tea bags", "organic tea leaves"]
MUGS = ["red coffee mug", "large coffee mug", "coffee mug with a handle"]
NOVELS = ["明朝的历史小说", "一本历史小说，关于唐朝"]
PANS = ["不锈钢汤锅", "不锈钢炒锅", "家用不锈钢汤锅"]


def named(*groups):
    texts = [text for group in groups for text in group]
    labels = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    return name_groups(texts, labels, np.ones(len(texts)))


def test_names_are_the_terms_that_set_a_group_apart_in_either_language():
    names = named(TEA, MUGS, NOVELS)
    assert names[0].startswith("tea")
    assert names[1].startswith("coffee mug")
    assert names[2] == "历史小说"


def test_chinese_names_are_whole_words():
    assert named(PANS, NOVELS) == ["不锈钢汤锅", "历史小说"]
    assert terms_of("速度与激情") == ["速度", "激情"]


def test_a_group_is_named_in_each_language_of_its_texts():
    texts = [*TEA, "绿茶茶叶", "有机绿茶", *NOVELS, "12 34", *MUGS, "历史"]
    labels = np.array([0] * 6 + [1] * 3 + [2] * 4)
    names = name_in_languages(texts, labels, np.ones(len(texts)), {})
    assert [list(name) for name in names] == [["en", "zh"], ["zh"], ["en", "zh"]]
    assert names[0]["en"].startswith("tea")
    assert names[0]["zh"] == "绿茶"
    assert names[1] == {"zh": "历史小说"}


def test_a_stray_text_brings_no_name_in_its_language():
    texts = [*TEA, *TEA, "绿茶"]
    names = name_in_languages(texts, np.zeros(9, np.int64), np.ones(9), {})
    assert list(names[0]) == ["en"]


def test_a_group_keeps_the_names_that_it_has_and_others_differ_from_them():
    texts = [*TEA, "绿茶茶叶", "有机绿茶", *TEA]
    labels = np.array([0] * 6 + [1] * 4)
    given = {0: {"en": "hot drinks"}}
    names = name_in_languages(texts, labels, np.ones(10), given)
    assert names[0] == {"en": "hot drinks", "zh": "绿茶"}
    alone = name_in_languages(texts, labels, np.ones(10), {})[1]["en"]
    names = name_in_languages(texts, labels, np.ones(10), {0: {"en": alone}})
    assert names[0]["en"] == alone != names[1]["en"]


@pytest.mark.parametrize(
    ("text", "language"),
    [("绿茶 tea", "zh"), ("お茶の本", "ja"), ("녹차", "ko"), ("Été", "en"), ("", "und")],
)
def test_the_script_says_the_language(text, language):
    assert language_of(text) == language


def test_a_term_that_is_everywhere_comes_last():
    assert named(["shop, tea", "shop, tea"], ["shop, mug", "shop, mug"]) == [
        "tea, shop",
        "mug, shop",
    ]


def test_names_differ_even_where_the_texts_do_not():
    assert named(["tea"], ["tea"], ["tea"]) == ["tea", "tea (2)", "tea (3)"]


@pytest.mark.parametrize(("text", "name"), [("🍵 🍵", "🍵 🍵"), ("12 34", "12 34"), ("", "other")])
def test_texts_without_a_word_name_a_group_by_themselves(text, name):
    assert named([text]) == [name]


def test_terms_of_english_are_words_and_pairs_of_neighbours():
    assert terms_of("The Green Tea &amp; it's 2 big-cup mugs") == [
        "green", "tea", "green tea", "big", "cup", "big cup", "mugs", "cup mugs",
    ]  # fmt: skip


def test_terms_of_chinese_are_words_and_pairs_without_what_only_binds():
    assert terms_of("我的小说，好看") == ["小说", "好看"]
    assert terms_of("为什么他们不是这样的") == []
    assert terms_of("历史小说") == ["历史", "小说", "历史小说"]


def test_terms_of_japanese_are_short_runs():
    assert terms_of("お茶の本") == ["お茶", "茶の", "の本", "お茶の", "茶の本", "お茶の本"]


def test_the_dictionary_leaves_no_file_in_the_folder_of_all_users(tmp_path):
    code = "from isthmus.encoders.topics.cluster_names import terms_of; print(terms_of('历史小说'))"
    environment = {"TMPDIR": str(tmp_path), "PYTHONPATH": ":".join(sys.path)}
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert (done.stdout, done.stderr) == ("['历史', '小说', '历史小说']\n", "")
    assert list(tmp_path.iterdir()) == []


def test_names_of_real_chinese_categories_tell_what_they_are():
    path = SHARED / "data" / "tables" / "zh_reviews" / "labelled_texts.csv.gz"
    if not path.is_file():
        pytest.skip(f"no table {path}")
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))[::20]
    categories = sorted({row["category"] for row in rows})
    labels = np.array([categories.index(row["category"]) for row in rows])
    names = name_groups([row["text"] for row in rows], labels, np.ones(len(rows)))
    called = dict(zip(categories, names, strict=True))
    assert "酒店" in called["酒店"]
    assert "苹果" in called["水果"]
    assert "系统" in called["计算机"]
    assert "书" in called["书籍"]
    assert "洗发水" in called["洗发水"]
