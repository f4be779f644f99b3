"""A text is split where it may want one thing and reject another."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from isthmus.encoders.topics.clauses import MAX_CHARACTERS, MAX_CLAUSES, Clause, split_clauses
from isthmus.encoders.topics.cues import find_cues

PIECES = (
    "but", "however", "except", "anything but", "instead of", "and I", ", not ", ". ", "! ",
    "但是", "虽然", "除了", "以外", "都行", "也", "，", "。", "而不是", "除",
    "我喜欢", "horror", "猫",
)  # fmt: skip
"""Words at which texts are split, and some others."""


def words(text: str) -> list[str]:
    return [clause.text for clause in split_clauses(text)]


def rejected(text: str) -> list[str]:
    return [clause.text for clause in split_clauses(text) if clause.rejected]


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("I love jazz but can't stand metal.", ["I love jazz", "can't stand metal"]),
        ("I like jazz; however, metal bores me", ["I like jazz", "metal bores me"]),
        ("I like jazz although metal bores me", ["I like jazz", "metal bores me"]),
        ("Although I like jazz, I hate metal", ["I like jazz", "I hate metal"]),
        ("虽然我喜欢爵士，但是我讨厌金属。", ["我喜欢爵士", "我讨厌金属"]),
        ("我喜欢喜剧，不过恐怖片就算了", ["我喜欢喜剧", "恐怖片就算了"]),
        ("I want jazz. No metal!", ["I want jazz", "No metal"]),
        ("I love tea and I hate coffee", ["I love tea", "I hate coffee"]),
        ("我喜欢喜剧，讨厌恐怖片", ["我喜欢喜剧", "讨厌恐怖片"]),
    ],
)
def test_a_contrast_and_a_new_statement_start_a_clause_that_nothing_is_rejected_by(
    text: str, clauses: list[str]
) -> None:
    assert split_clauses(text) == [Clause(clause) for clause in clauses]


@pytest.mark.parametrize(
    ("text", "clauses", "exception"),
    [
        ("Any film except horror.", ["Any film", "horror"], "horror"),
        ("I watch everything except for horror", ["I watch everything", "horror"], "horror"),
        ("Anything but horror", ["Anything", "horror"], "horror"),
        ("Show me comedies instead of thrillers", ["Show me comedies", "thrillers"], "thrillers"),
        ("jazz rather than metal", ["jazz", "metal"], "metal"),
        ("除了恐怖片都行", ["恐怖片", "都行"], "恐怖片"),
        ("除了恐怖片我什么都看", ["恐怖片", "我什么都看"], "恐怖片"),
        ("除了恐怖片以外都行", ["恐怖片", "都行"], "恐怖片"),
        ("除了茶都行", ["茶", "都行"], "茶"),
        ("除了恐怖片以外，我都喜欢", ["恐怖片", "我都喜欢"], "恐怖片"),
        ("我想看喜剧而不是恐怖片", ["我想看喜剧", "恐怖片"], "恐怖片"),
    ],
)
def test_an_exception_is_a_rejected_clause_of_its_own(
    text: str, clauses: list[str], exception: str
) -> None:
    assert words(text) == clauses
    assert rejected(text) == [exception]


@pytest.mark.parametrize(
    ("text", "exception", "wanted"),
    [
        ("Apart from horror, I watch anything", "horror", "I watch anything"),
        ("Except for horror, I like everything", "horror", "I like everything"),
        ("除了恐怖片，我都喜欢", "恐怖片", "我都喜欢"),
    ],
)
def test_what_follows_an_exception_at_the_start_is_not_rejected(
    text: str, exception: str, wanted: str
) -> None:
    assert split_clauses(text) == [Clause(exception, rejected=True), Clause(wanted)]


@pytest.mark.parametrize(
    "text",
    [
        "除了历史小说，我也喜欢科幻小说",
        "除了历史小说我还喜欢科幻小说",
        "除了历史小说也喜欢科幻小说",
    ],
)
def test_besides_in_chinese_rejects_nothing(text: str) -> None:
    assert rejected(text) == []
    assert "历史小说" in words(text)[0]
    assert words(text)[-1].endswith("喜欢科幻小说")


@pytest.mark.parametrize(
    ("text", "wish", "prohibition"),
    [
        ("A slow evening with jazz, no metal", "A slow evening with jazz", "no metal"),
        ("Soup recipes, nothing about diets", "Soup recipes", "nothing about diets"),
        ("Emperors and courts, without wizards", "Emperors and courts", "without wizards"),
        ("A walk by the sea, please no murders", "A walk by the sea", "please no murders"),
        ("雪山徒步的片子，不要命案", "雪山徒步的片子", "不要命案"),
        ("给外婆看的纪录片，千万别有鬼", "给外婆看的纪录片", "千万别有鬼"),
        ("背包走川西的游记，别推编程的", "背包走川西的游记", "别推编程的"),
    ],
)
def test_what_a_text_forbids_is_apart_from_what_it_names_before(
    text: str, wish: str, prohibition: str
) -> None:
    assert words(text) == [wish, prohibition]


@pytest.mark.parametrize(
    "text",
    ["Cartoons are for kids, I can't stand them", "爱情片看多了只觉得假，腻得慌"],
)
def test_a_complaint_stays_with_what_it_is_about(text: str) -> None:
    assert words(text) == [text]


@pytest.mark.parametrize(
    "text",
    [
        "I don't like ghosts, vampires, zombies",
        "I like tea and coffee",
        "no rock, pop and metal",
        "我不喜欢鬼怪、僵尸、吸血鬼",
        "我讨厌鬼怪，僵尸，吸血鬼",
    ],
)
def test_a_list_of_things_stays_with_its_verb(text: str) -> None:
    assert split_clauses(text) == [Clause(text)]


@pytest.mark.parametrize(
    ("text", "rejected", "wanted"),
    [
        ("No more vampires please, tell me about whales", "No more vampires please", None),
        ("I'm done with tango, let's hear some folk", "I'm done with tango", None),
        ("Enough of tango. Talk to me about folk.", "Enough of tango", None),
        ("Skip the tango and find me folk songs", "Skip the tango", "find me folk songs"),
        ("别再聊探戈了，讲讲民谣吧", "别再聊探戈了", "讲讲民谣吧"),
        ("探戈听腻了，换点民谣", "探戈听腻了", "换点民谣"),
        ("别放探戈，换成民谣吧", "别放探戈", "换成民谣吧"),
    ],
)
def test_what_is_asked_for_in_place_of_something_is_another_clause(
    text: str, rejected: str, wanted: str | None
) -> None:
    first, second = split_clauses(text)
    assert first.text == rejected
    assert wanted in (None, second.text)
    assert np.sign(sum(find_cues(first.text))) == -1
    assert np.sign(sum(find_cues(second.text))) == 1


def test_instead_of_at_the_start_rejects_only_what_it_names() -> None:
    clauses = split_clauses("Instead of tango I'd rather hear folk")
    assert clauses == [Clause("tango", rejected=True), Clause("I'd rather hear folk")]


def test_a_statement_without_cues_after_a_rejection_is_a_clause() -> None:
    clauses = split_clauses("I quit the choir. These days all I hear is folk songs.")
    assert [clause.silent for clause in clauses] == [False, True]
    # before one it is what the rejection is about
    assert len(split_clauses("All those long evenings in the choir. I quit that.")) == 1


def test_long_texts_and_texts_of_many_clauses_stay_whole() -> None:
    clause = "I love jazz but I hate metal. "
    review = clause * (MAX_CHARACTERS // len(clause) + 1)
    assert len(review) > MAX_CHARACTERS
    assert split_clauses(review) == [Clause(review)]
    many = " ".join(f"I {('like', 'hate')[k % 2]} x{k}." for k in range(MAX_CLAUSES + 1))
    assert split_clauses(many) == [Clause(many)]
    assert len(split_clauses(many[: many.rindex(" I")])) == MAX_CLAUSES


@pytest.mark.parametrize(
    "text",
    [
        "I'm forty and I love cartoons. More please!",
        "说实话，游记我真的欣赏不来。",
        "I like a. I love b.",
    ],
)
def test_statements_of_one_sign_are_one_clause(text: str) -> None:
    assert split_clauses(text) == [Clause(text)]


@given(
    st.one_of(
        st.text(max_size=450),
        st.lists(st.sampled_from(PIECES), max_size=30).map(" ".join),
        st.lists(st.sampled_from(PIECES), max_size=30).map("".join),
    )
)
@example("")
@example("but")
@example("除了")
def test_any_text_gives_clauses_of_its_own_words(text: str) -> None:
    clauses = split_clauses(text)
    assert 1 <= len(clauses) <= MAX_CLAUSES
    for clause in clauses:
        assert clause.text in text
