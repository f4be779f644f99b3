"""Cues: by which words a writer wants or rejects, in English and in Chinese."""

from __future__ import annotations

import re
import time
import tomllib
from importlib.resources import files

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from isthmus.encoders.topics import cues
from isthmus.encoders.topics.bundled import bundled_sentences
from isthmus.encoders.topics.cues import FEATURES, SIGNS, cue_features, find_cues

CUES: dict[str, dict[str, list[str]]] = tomllib.loads(
    files("isthmus.encoders.topics").joinpath("cues.toml").read_text(encoding="utf-8")
)
PATTERNS = [
    (language, kind, pattern)
    for language, kinds in CUES.items()
    for kind, patterns in kinds.items()
    for pattern in patterns
]
FRAGMENTS = sorted(
    {part for _, _, pattern in PATTERNS for part in re.findall(r"[a-z']{2,}|[一-鿿]+", pattern)}
)


@pytest.mark.parametrize(
    "text",
    [
        "I cannot get enough of jazz",
        "I can’t get enough of jazz",
        "I never get tired of jazz",
        "Nothing beats jazz",
        "I can't live without jazz",
        "一聊到爵士就停不下来",
        "爵士看多少遍都不腻",
        "我离不开爵士",
        "百看不厌",
        "No evening without jazz",
        "一天不听爵士就浑身难受",
    ],
)
def test_idioms_with_negative_words_are_wanting(text: str) -> None:
    assert find_cues(text) == [1]


@pytest.mark.parametrize(
    "text",
    [
        "I hate jazz",
        "I can't stand jazz",
        "I don't like jazz",
        "I don’t like jazz",
        "no more jazz",
        "no jazz",
        "please no jazz",
        "nothing with jazz in it",
        "不要再推荐爵士给我了",
        "爵士，别再推给我了",
        "我讨厌爵士",
        "我不喜欢爵士",
        "受不了爵士",
    ],
)
def test_negated_verbs_of_wanting_are_rejecting(text: str) -> None:
    assert set(find_cues(text)) == {-1}


def test_the_longest_of_the_cues_at_a_place_counts() -> None:
    assert find_cues("It was not bad") == [1]
    # "recommend" alone is wanting, and so is "喜欢".
    assert find_cues("recommend") == [1]
    assert find_cues("I would not recommend it") == [-1]
    assert find_cues("喜欢") == [1]
    assert find_cues("不喜欢") == [-1]


def test_cues_are_found_in_their_order_and_only_as_whole_words_of_english() -> None:
    assert find_cues("I love jazz and hate metal") == [1, -1]
    assert find_cues("I hate metal and love jazz") == [-1, 1]
    assert find_cues("I LOVE JAZZ") == [1]
    assert find_cues("whatever, gloves and clovers") == []


@pytest.mark.parametrize(
    "text",
    [
        "love ballads",
        "a love story",
        "摇滚",
        "滚石",
        "爱情",
        "爱因斯坦",
        "See you tomorrow!",
        "no idea what this is",
        "明天见",
        "",
    ],
)
def test_names_of_subjects_are_neither_wanting_nor_rejecting(text: str) -> None:
    assert find_cues(text) == []


def test_the_features_of_a_text_are_counts_of_its_cues() -> None:
    rows = cue_features(["I love jazz", "I hate metal", "I love jazz, I love soul, I hate metal"])
    # Sign of the sum, any wanting, any rejecting, half the sum, the last cue.
    np.testing.assert_array_equal(
        rows, [[1, 1, 0, 0.5, 1], [-1, 0, 1, -0.5, -1], [1, 1, 1, 0.5, -1]]
    )
    assert cue_features(["我喜欢爵士，我喜欢书，我喜欢茶"])[0].tolist() == [1, 1, 0, 1, 1]


@pytest.mark.parametrize(
    "text",
    [None, "", "ジャズが大好きです", "Обожаю джаз, ненавижу метал", "أحب الجاز", "123", "😀"],
)
def test_a_text_in_an_unknown_language_or_without_words_has_no_cues(text: str | None) -> None:
    assert cue_features([text]).tolist() == [[0.0] * FEATURES]


def test_every_pattern_compiles_and_can_match_a_text() -> None:
    """A text is case-folded and has straight apostrophes when it is searched."""
    assert {language for language, _, _ in PATTERNS} == {"en", "zh"}
    assert {kind for _, kind, _ in PATTERNS} == set(SIGNS)
    for _, _, pattern in PATTERNS:
        compiled = re.compile(pattern)
        assert compiled.search("") is None, pattern

        def matches(text: str, compiled: re.Pattern[str] = compiled) -> bool:
            found = compiled.search(text.casefold().replace("\u2019", "'"))
            return found is not None and found.end() > found.start()

        find(
            st.from_regex(pattern, alphabet=st.characters(codec="utf-8")),
            matches,
            settings=settings(
                max_examples=50,
                database=None,
                deadline=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            ),
        )


WILD = st.one_of(
    st.text(max_size=300),
    st.lists(st.sampled_from(FRAGMENTS), max_size=60).map(lambda parts: " ".join(parts)[:300]),
    st.lists(st.sampled_from(FRAGMENTS), max_size=150).map(lambda parts: "".join(parts)[:300]),
    st.sampled_from(FRAGMENTS).map(lambda part: (f"{part} " * 300)[:300]),
    st.sampled_from(FRAGMENTS).map(lambda part: (part * 300)[:300]),
)
"""Also cues in pieces and repetitions, on which a search may backtrack."""


@given(WILD)
@settings(deadline=None, max_examples=400)
def test_any_text_is_searched_in_less_than_a_second(text: str) -> None:
    start = time.perf_counter()
    signs = find_cues(text)
    assert time.perf_counter() - start < 1
    assert set(signs) <= {1, -1}
    assert len(signs) <= len(text.casefold())


@given(st.lists(st.sampled_from(FRAGMENTS), min_size=1, max_size=12), st.data())
@settings(max_examples=100, deadline=None)
def test_only_patterns_that_cannot_match_are_left_out(parts: list[str], data: st.DataObject):
    text = data.draw(st.sampled_from([" ", ""])).join(parts)
    check_that_no_cue_is_lost([text])


def test_no_cue_of_the_bundled_sentences_is_lost():
    check_that_no_cue_is_lost([row.text for row in bundled_sentences()])


def check_that_no_cue_is_lost(texts: list[str]):
    found = [cues._match_cues.__wrapped__(text) for text in texts]
    everything = {
        language: {"": list(range(len(patterns)))}
        for language, patterns in cues._patterns().items()
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cues, "_patterns_by_words", lambda: everything)
        assert found == [cues._match_cues.__wrapped__(text) for text in texts]
