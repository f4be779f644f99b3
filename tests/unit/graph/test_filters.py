"""The language of filters: what it means, what it refuses; no text gets into the Cypher."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isthmus.errors import InputError
from isthmus.graph.database import Attribute
from isthmus.graph.filters import Filter
from isthmus.graph.filters.filters import _moment
from isthmus.graph.filters.names import known_names
from isthmus.graph.filters.times import read_time
from isthmus.graph.filters.translation import Predicate, translate

TYPES = {
    "price": "number",
    "old_price": "number",
    "in_stock": "boolean",
    "language": "text",
    "tags": "list",
    "released": "datetime",
    "价格": "number",
    "有货": "boolean",
    "Brand": "text",
}
NAMES = known_names([Attribute("Item", name, name, kind) for name, kind in TYPES.items()])


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


def cypher(text: str) -> str:
    """The translation, with the parameters in their places."""
    done = translate(text, NAMES)
    return re.sub(r"\$(filter_\d+)", lambda match: repr(done.parameters[match[1]]), done.cypher)


def refusal(text: str) -> InputError:
    with pytest.raises(InputError) as raised:
        translate(text, NAMES)
    return raised.value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("price < 30", "j.`price` < 30"),
        ("30 > price", "j.`price` < 30"),
        ("10 <= price < 30", "(j.`price` >= 10 AND j.`price` < 30)"),
        ("price != -1.5", "j.`price` <> -1.5"),
        ("price < old_price", "j.`price` < j.`old_price`"),
        ("in_stock", "j.`in_stock` = true"),
        ("in_stock == False", "j.`in_stock` = False"),
        ("in_stock == true", "j.`in_stock` = True"),
        ("price", "j.`price` <> 0"),
        ("not price < 30", "NOT coalesce(j.`price` < 30, false)"),
        ("not not in_stock", "j.`in_stock` = true"),
        (
            "not (price < 30 or in_stock)",
            "(NOT coalesce(j.`price` < 30, false) AND NOT coalesce(j.`in_stock` = true, false))",
        ),
        (
            "not (10 < price < 30)",
            "(NOT coalesce(j.`price` > 10, false) OR NOT coalesce(j.`price` < 30, false))",
        ),
        ("language in ['zh', 'en']", "j.`language` IN ['zh', 'en']"),
        ("language not in ('zh',)", "NOT j.`language` IN ['zh']"),
        ("'new' in tags", "'new' IN j.`tags`"),
        ("'new' not in tags", "NOT coalesce('new' IN j.`tags`, false)"),
        ("language in tags", "j.`language` IN j.`tags`"),
        ("'手机' in title", "j.title CONTAINS '手机'"),
        ("price is None", "j.`price` IS NULL"),
        ("price != null", "NOT (j.`price` IS NULL)"),
        ("title is None", "coalesce(j.title, '') = ''"),
        ("价格 < 30 and 有货", "(j.`价格` < 30 AND j.`有货` = true)"),
        ("brand == 'A'", "j.`Brand` = 'A'"),
        ("  popularity > .5\n and likes >= 3 ", "(j.popularity > 0.5 AND j.likes >= 3)"),
    ],
)
def test_an_expression_has_its_translation(text: str, expected: str) -> None:
    assert cypher(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("released < '2024'", [("<", utc(2024, 1, 1))]),
        ("released <= '2024'", [("<", utc(2025, 1, 1))]),
        ("released > '2024-12'", [(">=", utc(2025, 1, 1))]),
        ("released >= '2024-05'", [(">=", utc(2024, 5, 1))]),
        ("released > '2024-05-31'", [(">=", utc(2024, 6, 1))]),
        ("released <= '2024-05-31T12:30:00+08:00'", [("<=", utc(2024, 5, 31, 4, 30))]),
    ],
)
def test_a_date_stands_for_its_whole_day_month_or_year(
    text: str, expected: list[tuple[str, datetime]]
) -> None:
    done = translate(text, NAMES)
    signs = re.findall(r"j\.`released` (\S+) \$(\w+)", done.cypher)
    assert [(sign, done.parameters[name]) for sign, name in signs] == expected


def test_a_day_is_equal_to_all_of_its_moments() -> None:
    done = translate("released == '2024-05-31'", NAMES)
    assert done.cypher == "($filter_0 <= j.`released` AND j.`released` < $filter_1)"
    assert list(done.parameters.values()) == [utc(2024, 5, 31), utc(2024, 6, 1)]


@pytest.mark.parametrize(
    ("text", "message", "advice"),
    [
        (
            "price < 'cheap'",
            "character 9, at 'cheap': price is a number, and 'cheap' is not",
            "as in price < 1",
        ),
        ("prise < 3", "character 1, at prise: items have no attribute prise", "Did you mean price"),
        ("genre == 'x'", "no attribute genre", "Did you mean categories?"),
        ("价钱 < 3", "character 1, at 价钱: items have no attribute 价钱", "价格 (number)"),
        ("  价格 < '便宜'", "character 8, at '便宜'", "as in 价格 < 1"),
        ("price = 30", "character 7: invalid syntax", "Write `==` for equal"),
        ("in_stock AND price < 3", "character 10: invalid syntax", "in small letters"),
        ("in_stock && price < 3", "invalid syntax", "Write `and` and `or`"),
        ("价格 ＜ 3", "invalid character '＜'", "in ASCII"),
        ("price <", "character", "A filter looks like this"),
        ("", "The filter is empty", "A filter looks like this"),
        ("language", "language is a text, no condition", "language == "),
        ("tags == 'x'", "tags is a list of texts", "in tags"),
        ("tags in ['x']", "tags is a list of texts", "in tags"),
        ("in_stock > 1", "in_stock is true or false", "not in_stock"),
        ("in_stock == 1", "in_stock is true or false, and 1 is not", "not in_stock"),
        ("price == True", "price is a number, and True is not", "price < 1"),
        ("released < 'soon'", "'soon' is no date", "'2024-05-31'"),
        ("released < 2024", "released is a date, and 2024 is not", "'"),
        ("language in 'zh'", "behind `in` stands a list", "language in ['zh', 'en']"),
        ("3 in tags", "it is no text", "in tags"),
        ("price is 3", "`is` compares with None only", "=="),
        ("1 < 2", "both sides are values", ""),
        ("True", "this is no condition", ""),
        ("price < 1e999", "the number is too large", ""),
        ("price < 9223372036854775808", "the number is too large", ""),
        ("price < language", "language is a text, and price is a number", "the same type"),
        ("price < len(title)", "a function call is not part", ""),
        ("price * 2 < 3", "arithmetic is not part", ""),
        ("title.x == 'a'", "names have no dots", ""),
        ("title[0] == 'a'", "brackets behind a name", ""),
        ("price if in_stock else 1", "if … else", ""),
        ("f'{price}' == title", "formatted texts", ""),
        ("b'a' == title", "it is no value of the language", ""),
        ("3j < price", "it is no value of the language", ""),
        ("'\\ud800' == title", "half of a surrogate pair", ""),
        ("-'a' == title", "a sign stands before a number", ""),
        ("(price := 3) < 4", "this is no value", ""),
        ("price < 3\0", "null bytes", ""),
        ("x" * 2_001, "2,001 characters, more than 2,000", "--exclude @FILE"),
    ],
)
def test_anything_else_is_a_sentence_with_its_place(text: str, message: str, advice: str) -> None:
    error = refusal(text)
    assert message in error.message
    assert advice in error.advice


@pytest.mark.parametrize(
    "text",
    [
        "(" * 900 + "price" + ")" * 900,
        "not " * 490 + "in_stock",
        "-" * 1_990 + "1 < price",
        "[" * 1_000,
        "price < 1" + " or price < 1" * 150,
        "price < " + "1 < " * 480 + "1",
        "price in [" + "1," * 900 + "]",
        "lambda: " * 240 + "1",
        "{" * 1_999,
        "price" + ".a" * 990 + " < 1",
    ],
)
def test_a_hostile_size_is_a_sentence(text: str) -> None:
    assert refusal(text).advice


ALLOWED = re.compile(
    r"(?: |\(|\)|,|\$filter_\d+|j\.`\w+`|j\.(?:title|published_at|categories|popularity|likes)\b"
    r"|\b(?:AND|OR|NOT|IN|IS|NULL|CONTAINS|coalesce|true|false|0)\b|<=|>=|<>|<|>|=|''"
    r"|any\(c IN j\.categories WHERE toLower\(c\) IN )*"
)
"""Words of the translation itself."""


def check_safe(done: Predicate) -> None:
    assert ALLOWED.fullmatch(done.cypher), done.cypher
    declared = set(re.findall(r"`(\w+)`", done.cypher))
    assert declared <= TYPES.keys()
    assert set(re.findall(r"\$(\w+)", done.cypher)) == done.parameters.keys()


INJECTIONS = [
    "x' OR 1=1 //",
    "x'}) DETACH DELETE n //",
    "') RETURN 1 //",
    "x`) DETACH DELETE j //",
    "\\' OR true //",
    "\\u0027 OR true OR \\u0027",
    "\u0027 OR true",
    "*/ MATCH (n) DETACH DELETE n /*",
    "/* AND filter */",
    "$filter_0",
    "$user",
    "'; DROP CONSTRAINT user_id; //",
    "' UNION ALL MATCH (n) RETURN n //",
    "' CALL db.labels() YIELD label RETURN label //",
    "' LOAD CSV FROM 'file:///etc/passwd' AS l RETURN l //",
    "' CALL { CREATE (x:User {id: 'mallory'}) } //",
    "} RETURN apoc.load.json('http://x') //",
    "\n// ",
    "\r\nDETACH DELETE j",
    "\u2028DETACH DELETE j",
    "${jndi:ldap://x}",
    "‘ OR 1=1",
    "＇ OR 1=1",
    "ʼ OR 1=1",
    "\\x27 OR 1=1",
]
PLACES = [
    "title == {value}",
    "{value} == title",
    "language in [{value}]",
    "{value} in tags",
    "{value} not in title",
    "not (title < {value})",
    "released < {value}",
    "price < {value}",
    "{raw}",
    "price < 3 and {raw}",
    "title == '{raw}'",
    "`{raw}` < 3",
]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("words", INJECTIONS)
def test_no_text_of_an_expression_gets_into_the_cypher(place: str, words: str) -> None:
    text = place.format(value=repr(words), raw=words)
    try:
        done = translate(text, NAMES)
    except InputError:
        return
    check_safe(done)
    values = [
        v
        for value in done.parameters.values()
        for v in (value if isinstance(value, list) else [value])
    ]
    assert words in values or "{raw}" in place


def test_injections_are_tried_more_than_a_hundred_ways() -> None:
    assert len(INJECTIONS) * len(PLACES) >= 100


SIGNS = st.sampled_from(["<", "<=", ">", ">=", "==", "!=", "in", "not in", "is", "is not"])
ATOMS = st.one_of(
    st.sampled_from([*TYPES, "title", "likes", "None", "True", "x"]),
    st.integers().map(str),
    st.floats().map(repr),
    st.text(max_size=12).map(repr),
    st.lists(st.text(max_size=4), max_size=3).map(repr),
)
EXPRESSIONS = st.recursive(
    st.one_of(ATOMS, st.tuples(ATOMS, SIGNS, ATOMS).map(" ".join)),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda x: f"({' '.join(x)})"),
        inner.map(lambda x: f"not ({x})"),
    ),
    max_leaves=8,
)


@settings(max_examples=500, deadline=None)
@given(st.one_of(EXPRESSIONS, st.text(max_size=200)))
def test_every_text_is_translated_safely_or_a_sentence(text: str) -> None:
    with suppress(InputError):
        check_safe(translate(text, NAMES))


def test_a_declared_name_that_is_no_identifier_is_never_put_into_cypher() -> None:
    with pytest.raises(ValueError, match="no name of an attribute"):
        known_names([Attribute("Item", "x` = 1 OR true //", "x", "number")])


@pytest.mark.parametrize("text", ["", "2024-13", "2024-02-30", "0000", "9999", "99999", "x"])
def test_what_is_no_date(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - of datetime
        read_time(text)


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        ("2024-05", utc(2024, 5, 1)),
        (date(2024, 5, 31), utc(2024, 5, 31)),
        (datetime(2024, 5, 31, 8), utc(2024, 5, 31, 8)),
    ],
)
def test_since_is_a_text_a_date_or_a_moment(since: Any, expected: datetime) -> None:
    assert _moment(since) == expected


def test_a_filter_knows_whether_it_restricts_anything() -> None:
    assert Filter().is_empty
    assert Filter(exclude=[]).is_empty
    assert not Filter(where="").is_empty
    assert not Filter(max_per_category=1).is_empty
