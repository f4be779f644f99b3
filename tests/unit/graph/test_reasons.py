"""Reasons in words: what is grouped, named and left out, in English and Chinese."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from random import Random
from typing import Any

import pytest

from isthmus.graph.explain import reasons
from isthmus.graph.explain.groups import Source, group_paths
from isthmus.graph.explain.layout import format_explanation
from isthmus.graph.explain.reasons import Context, Known, Standing, write_reasons
from isthmus.graph.explain.shares import average_signals, popularity_decides, split_score
from isthmus.graph.explain.wording import LANGUAGES, LONGEST_TITLE, Wording

WORDS = tomllib.loads((Path(reasons.__file__).parent / "wording.toml").read_text("utf-8"))
SF = {"sf": "science fiction"}
SOURCES = {
    "podcasts:a": Source("Dune", "podcasts", True, SF | {"new": "new"}),
    "podcasts:b": Source("三体", "podcasts", True, SF),
    "podcasts:c": Source("Solaris", "podcasts", True, SF),
    "podcasts:d": Source("Emma", "podcasts", True, {"love": "love stories"}),
    "podcasts:x": Source("Saw", "podcasts", False, {"horror": "horror"}),
    "museums:m": Source("m7", "museums", True),
    "tea": Source("tea", liked=True),
    "beer": Source("beer", liked=False),
}


def path(start: str, share: float, kind: str = "transfer") -> dict[str, Any]:
    return {"kind": kind, "from": start, "via": "TRANSFERS_TO", "title": None, "share": share}


def write(
    *paths: dict[str, Any],
    language: str = "en",
    people: dict[tuple[str, str], int] | None = None,
    known: Known = "history",
    liked: bool = True,
    **standing: Any,
) -> list[str]:
    values: dict[str, Any] = {"average": {}, "signals": {}, "popularity_decides": False}
    context = Context(
        Wording(language), "films", known, SOURCES, people or {}, {"films:f"} if liked else {}
    )
    groups = group_paths(paths, SOURCES)
    return write_reasons(context, "films:f", groups, Standing(**values | standing))


THREE = (path("podcasts:a", 3.0), path("podcasts:b", 2.0), path("podcasts:c", 1.0))
PEOPLE = {("podcasts:a", "films:f"): 1_143}


def test_items_of_one_interest_are_counted_and_the_strongest_two_are_named() -> None:
    assert write(*THREE, people=PEOPLE) == [
        "Because of 3 items that you liked in podcasts (science fiction), “Dune” and “三体” most "
        "of all; 1,143 people who liked “Dune” liked it too."
    ]
    assert write(*THREE, people=PEOPLE, language="zh") == [
        "因为你喜欢 podcasts 里的 3 项 science fiction，尤其是“Dune”和“三体”；"
        "1,143 位喜欢“Dune”的人也喜欢它。"
    ]


def test_one_or_two_items_are_named_without_a_number() -> None:
    assert write(*THREE[:2]) == [
        "Because you liked “Dune” and “三体” in podcasts (science fiction)."
    ]
    assert write(THREE[0], people={("podcasts:a", "films:f"): 1}) == [
        "Because you liked “Dune” in podcasts (science fiction); one person who liked “Dune” liked "
        "it too."
    ]
    assert write(THREE[1], language="zh") == ["因为你喜欢 podcasts 里的“三体”（science fiction）。"]


def test_items_without_interests_are_named_by_their_domain_alone() -> None:
    assert write(path("museums:m", 1.0)) == ["Because you liked “m7” in museums."]
    assert write(path("museums:m", 1.0), language="zh") == ["因为你喜欢 museums 里的“m7”。"]


def test_a_second_interest_is_named_where_it_counts_for_a_quarter() -> None:
    second = "Also because you liked “Emma” in podcasts (love stories)."
    assert write(*THREE, path("podcasts:d", 2.0))[1:] == [second]
    assert write(*THREE, path("podcasts:d", 1.9))[1:] == []


def test_what_counts_against_an_item_is_named_where_it_is_strong() -> None:
    against = path("podcasts:x", -1.5)
    assert write(*THREE, against)[1:] == [
        "But you did not like “Saw” in podcasts (horror), which counts against it."
    ]
    assert write(*THREE, against, language="zh")[1:] == [
        "不过你不喜欢 podcasts 里的“Saw”（horror），这对它不利。"
    ]
    assert write(*THREE, path("podcasts:x", -1.0))[1:] == []
    assert write(*(entry | {"share": -1.0} for entry in THREE)) == [
        "But 3 items that you liked in podcasts (science fiction), “Dune” and “三体” most of all, "
        "count against it."
    ]


def test_of_an_item_that_is_not_recommended_the_reasons_only_speak_for_it() -> None:
    said = write(*THREE, path("podcasts:d", 2.0), path("podcasts:x", -9.0), recommended=False)
    assert [sentence.split(" ")[:4] for sentence in said] == [
        ["What", "speaks", "for", "it:"],
        ["And", "you", "liked", "“Emma”"],
        ["What", "speaks", "against", "it:"],
    ]


def test_a_dislike_may_count_for_an_item() -> None:
    assert write(path("podcasts:x", 1.0)) == [
        "Because you did not like “Saw” in podcasts (horror)."
    ]


@pytest.mark.parametrize(
    ("kind", "known", "expected"),
    [
        ("interest", "history", "Because you are interested in tea."),
        ("interest", "texts", "Because you wrote about tea."),
        ("text", "history", "Because you wrote about tea."),
        ("content", "history", "Because it belongs to tea, which you like."),
    ],
)
def test_interests_are_said_to_come_from_where_they_come_from(
    kind: str, known: Known, expected: str
) -> None:
    assert write(path("tea", 1.0, kind), known=known) == [expected]


def test_an_interest_that_was_rejected_counts_against_an_item() -> None:
    assert write(path("tea", 1.0, "text"), path("beer", -1.0, "text"))[1:] == [
        "But you wrote that you do not want beer, which counts against it."
    ]
    assert write(path("tea", 1.0, "content"), path("beer", -1.0, "content"))[1:] == [
        "But it belongs to beer, which you do not like."
    ]


def test_popularity_is_named_only_where_it_decides() -> None:
    assert write(THREE[0], popularity_decides=True)[1:] == [
        "It is also more popular than what stands below it, and that decides its place."
    ]
    assert write(THREE[0]) == ["Because you liked “Dune” in podcasts (science fiction)."]


@pytest.mark.parametrize(
    ("known", "share", "expected"),
    [
        ("history", 2.0, "It is popular in films; nothing that you have met leads to it."),
        ("texts", 2.0, "It is popular in films; nothing that you wrote leads to it."),
        ("nothing", 2.0, "It is popular in films; nothing is known of you yet."),
        ("history", 1.0, "Nothing that you have met leads to it, and it is not popular in films."),
    ],
)
def test_an_item_that_nothing_leads_to_is_popular_or_not(
    known: Known, share: float, expected: str
) -> None:
    standing = {"average": {"popularity": 1.0}, "signals": {"popularity": share}}
    assert write(known=known, **standing) == [expected]
    assert write(known=known, liked=False, **standing)[1:] == ["Nobody has liked it yet."]


def test_what_leads_to_an_average_item_as_well_is_no_reason() -> None:
    average = {"transfer": 4.0, "popularity": 1.0}
    assert write(THREE[0], average=average, signals={"transfer": 3.0, "popularity": 0.5}) == [
        "What you have met leads to others more than to it."
    ]
    # Together they are more than that.
    assert len(write(THREE[0], path("podcasts:d", 2.0), average=average)) == 2


def test_an_item_that_dislikes_spare_is_said_to_be_spared() -> None:
    average = {"collaborative": -2.0, "popularity": 1.0}
    assert write(average=average, signals={"popularity": 1.0}) == [
        "What you have met counts against others more than against it."
    ]


def test_paths_whose_source_is_gone_are_no_reason() -> None:
    assert (
        group_paths([path("podcasts:gone", 1.0), path("films", 1.0, "popularity")], SOURCES) == []
    )


def test_the_interest_that_covers_most_names_a_group() -> None:
    groups = group_paths([*THREE, path("podcasts:d", 5.0), path("museums:m", 1.0)], SOURCES)
    assert [(group.interest, len(group.sources), group.share) for group in groups] == [
        ("science fiction", 3, 6.0),
        ("love stories", 1, 5.0),
        (None, 1, 1.0),
    ]


def items(*scores: tuple[float, float]) -> list[list[dict[str, Any]]]:
    return [
        [path("podcasts:a", rest), path("films", popularity, "popularity")]
        for rest, popularity in scores
    ]


def test_popularity_decides_if_the_next_would_stand_above_without_it() -> None:
    first, second, third = items((1.0, 0.9), (1.5, 0.2), (0.1, 0.1))
    assert popularity_decides(first, [second, third], listed=2)
    assert not popularity_decides(second, [third], listed=1)
    assert not popularity_decides(third, [], listed=0)


def test_popularity_decides_if_the_first_outside_of_the_list_would_stand_above_without_it() -> None:
    first, second, third = items((1.0, 2.0), (0.9, 1.9), (1.1, 0.5))
    assert popularity_decides(first, [second, third], listed=1)
    assert not popularity_decides(first, [second, third], listed=2)
    assert not popularity_decides(first, [second, third], listed=0)


def test_differences_of_signals_add_up_to_the_difference_of_scores() -> None:
    draw = Random(7)
    kinds = ("transfer", "collaborative", "interest", "content", "text", "popularity")
    for _ in range(1_000):
        answer = [
            [path("x", draw.gauss(0, 3), draw.choice(kinds)) for _ in range(draw.randint(1, 40))]
            for _ in range(draw.randint(1, 12))
        ]
        scores = [sum(entry["share"] for entry in paths) for paths in answer]
        parts = split_score(answer[0], average_signals(answer))
        difference = scores[0] - sum(scores) / len(scores)
        assert sum(part.difference for part in parts) == pytest.approx(difference, abs=1e-6)


def test_a_constant_explains_nothing() -> None:
    answer = items((1.0, 7.0), (0.5, 7.0))
    parts = {part.signal: part for part in split_score(answer[0], average_signals(answer))}
    assert parts["popularity"].difference == 0.0
    assert parts["transfer"].difference == 0.25


def test_titles_are_quoted_once_shortened_and_never_changed_inside() -> None:
    wording = Wording("en")
    assert wording.quote("The “Best” of") == "“The ‘Best’ of”"
    assert wording.quote("《长安》") == "《长安》"
    assert wording.quote("《A》和《B》") == "“《A》和《B》”"
    assert wording.quote("a\n b") == "“a b”"
    assert wording.quote("银河X战") == "“银河X战”"
    long = wording.quote("word " * 40)
    assert len(long) == LONGEST_TITLE + 2
    assert long.endswith("…”")
    assert wording.sentence("similar", things=["{domain}"]).endswith("{domain}.")


def test_latin_words_stand_apart_from_chinese_ones() -> None:
    wording = Wording("zh")
    assert wording.sentence("popular", domain="films") == "它在 films 里很受欢迎。"
    assert wording.sentence("popular", domain="电影") == "它在电影里很受欢迎。"
    assert wording.sentence("text_liked", things=["jazz"]) == "你写到过 jazz。"


def test_every_language_has_the_same_templates_with_placeholders_that_are_filled() -> None:
    def keys(words: dict[str, Any], start: str = "") -> set[str]:
        found = set()
        for key, value in words.items():
            found |= keys(value, f"{start}{key}.") if isinstance(value, dict) else {start + key}
        return found

    def placeholders(language: str, key: str) -> set[str]:
        return {*re.findall(r"\{(\w+)\}", str(WORDS[language][key]))} - {
            "about",
            "kind",
            "interest",
        }

    assert tuple(sorted(WORDS)) == LANGUAGES
    assert keys(WORDS["en"]) == keys(WORDS["zh"])
    for key in WORDS["en"]:
        assert placeholders("en", key) == placeholders("zh", key), key


def test_the_table_of_signals_is_aligned_where_letters_are_wide() -> None:
    part = {"signal": "popularity", "share": 1.0, "average": 0.5, "difference": 0.5}
    document = {
        "language": "zh",
        "domain": "films",
        "reasons": ["一。"],
        "parts": [part],
        "score": 1.0,
        "average_score": 0.5,
        "paths": [path("films", 1.0, "popularity")],
    }
    assert format_explanation(document, paths=True).splitlines() == [
        "一。",
        "",
        "             这一项  平均一项     相差",
        "受欢迎程度  +1.0000   +0.5000  +0.5000",
        "得分        +1.0000   +0.5000  +0.5000",
        "",
        "+1.0000  popular in films",
    ]
