"""The catalogue of statements, their headers and parameters, without a server."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from isthmus.errors import InputError
from isthmus.graph.database import bind_parameters, find_statement, paste_text
from isthmus.graph.database.own_statements import parse_own
from isthmus.graph.database.statements import (
    COSTS,
    list_statements,
    load_statement,
    parse_statement,
    used_parameters,
)

READERS = [statement for statement in list_statements() if statement.is_reader]
ONE_ROW = {
    f"admin/{name}"
    for name in ("active_generation", "contents", "data_weights", "embeddings", "orphans")
}
TYPES = {"STRING": str, "INTEGER": int, "FLOAT": float, "BOOLEAN": bool, "LIST": list}
HEADER = """// purpose: People
//   of a town.
// cost: scan
// parameters:
//   town STRING name of the town;
//     example "Ghent"
//   most INTEGER maximum number of rows; default 20; example 5
//   share FLOAT least share, or null for any; default null
//   all BOOLEAN whether to show all; default false
//   ids LIST of ids; default []
// columns:
//   name name of the person
"""
TEXT = f"""{HEADER}MATCH (p {{town: $town}})
WHERE $all OR p.id IN $ids AND p.x > $share
RETURN p.name AS name LIMIT $most"""
PEOPLE = parse_statement("insight/people", TEXT)


def test_there_are_readers_in_each_folder_of_the_library() -> None:
    assert len(READERS) >= 60
    folders = {statement.name.partition("/")[0] for statement in READERS}
    assert folders == {"admin", "explain", "insight", "interests", "recommend"}


def test_readers_that_rank_say_the_same_as_each_other_word_for_word() -> None:
    ranking = {"recommend/for_group", "recommend/for_segment", "recommend/what_if"}
    shared = {
        reader.name: [part for part in reader.text.split("\n\n") if part.startswith("// As in rec")]
        for reader in READERS
        if "// As in recommend/for_user" in reader.text
    }
    assert shared.keys() == ranking | {"explain/would_lift"}
    first = shared["recommend/for_group"]
    assert len(first) == 3
    assert all(parts == first for parts in shared.values())


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_the_header_of_a_reader_says_all_that_an_analyst_needs(reader: Any) -> None:
    assert reader.purpose.endswith(".")
    assert reader.cost in COSTS
    assert reader.columns
    assert all(reader.meanings[column] for column in reader.columns)
    for name, meaning in reader.parameters.items():
        kind, _, words = meaning.partition(" ")
        assert kind in TYPES
        assert words
        assert name in reader.defaults or reader.value_to_try(name) is not None
        value = reader.value_to_try(name)
        assert isinstance(value, TYPES[kind]) or (value is None and "null" in words)


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_a_reader_writes_nothing_needs_no_plugin_and_orders_several_rows(reader: Any) -> None:
    code = re.sub(r"//[^\n]*|'[^']*'", "", reader.text)
    assert not re.search(r"\b(CREATE|MERGE|SET|DELETE|REMOVE|DROP|apoc|gds)\b", code)
    assert not code.lstrip().startswith("CYPHER")
    assert "ORDER BY" in code or reader.name in ONE_ROW


@pytest.mark.parametrize(
    "name",
    [
        "../pyproject",
        "admin/../admin/contents",
        "/etc/passwd",
        str(Path(__file__).with_suffix("")),
        "migrations/V0001__user_id",
        "admin/contents.cypher",
        "admin/contents\n",
        "admin",
        "",
    ],
)
def test_a_name_does_not_leave_the_catalogue(name: str) -> None:
    with pytest.raises(InputError, match="isthmus cypher list"):
        load_statement(name)


def test_a_header_has_types_meanings_defaults_and_examples() -> None:
    assert PEOPLE.purpose == "People of a town."
    assert PEOPLE.parameters["town"] == "STRING name of the town"
    assert PEOPLE.examples == {"town": "Ghent", "most": 5}
    assert PEOPLE.defaults == {"most": 20, "share": None, "all": False, "ids": []}
    assert PEOPLE.meanings == {"name": "name of the person"}


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("// cost: free\nRETURN 1", "'free' is unknown"),
        ("// parameters:\n//   a STRING x; default Ghent\nRETURN $a", "Ghent, is not JSON"),
    ],
)
def test_a_wrong_header_is_a_sentence(header: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        parse_statement("insight/x", header)


def test_dollars_in_texts_names_and_comments_are_no_parameters() -> None:
    text = "// $a\nRETURN '$b', \"it's $c // $d\", `$e`, 'http://x' + $f /* $g */ + $Name"
    assert used_parameters(text) == ["Name", "f"]


def test_values_are_read_by_their_declared_type() -> None:
    given = {"town": "42", "most": " 7 ", "share": "1e-2", "all": "TRUE", "ids": '["a", "b"]'}
    values = {"town": "42", "most": 7, "share": 0.01, "all": True, "ids": ["a", "b"]}
    assert bind_parameters(PEOPLE, given) == values


def test_parameters_with_a_default_may_be_left_out_and_null_is_no_value() -> None:
    values = bind_parameters(PEOPLE, {"town": '"null"', "share": "null"})
    assert values == {"town": "null", "most": 20, "share": None, "all": False, "ids": []}
    assert bind_parameters(PEOPLE, {"town": "null"})["town"] == "null"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, r"needs the parameter town. town: STRING name of the town. .*-p town=Ghent"),
        ({"town": "x", "twon": "y"}, r"no parameter 'twon'. It has town, most, share"),
        ({"town": "x", "most": "many"}, r"most .* whole number .* 'many' is not. .*-p most=20"),
        ({"town": "x", "most": "1.5"}, r"'1.5' is not"),
        ({"town": "x", "most": "99999999999999999999"}, r"is not"),
        ({"town": "x", "share": "nan"}, r"a number \(FLOAT\), which 'nan' is not"),
        ({"town": "x", "all": "maybe"}, r"true or false .* -p all=false"),
        ({"town": "x", "ids": "a,b"}, r"a list \(LIST\)"),
    ],
)
def test_a_wrong_parameter_is_a_sentence_with_an_example(given: dict[str, str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        bind_parameters(PEOPLE, given)


def test_a_statement_of_the_user_takes_json_or_text() -> None:
    statement = parse_own("mine", "RETURN $a, $b, $c")
    assert bind_parameters(statement, {"a": "1", "b": "x y", "c": '{"d": [true]}'}) == {
        "a": 1,
        "b": "x y",
        "c": {"d": [True]},
    }
    with pytest.raises(InputError, match=r"mine needs the parameters b, c"):
        bind_parameters(statement, {"a": "1"})


def test_param_lines_of_neo4j_browser_are_values_which_options_replace() -> None:
    text = (
        "\n:param user => 'ana'\n:param most => 3;\n\nMATCH (u {id: $user}) RETURN u LIMIT $most;"
    )
    statement = parse_own("mine", text)
    assert statement.text.startswith("MATCH")
    assert bind_parameters(statement, {"user": "lin"}) == {"user": "lin", "most": 3}
    for wrong, said in (
        (":use neo4j\nRETURN 1", "':use neo4j' is no statement"),
        (":param x => date()\nRETURN $x", "the value date()"),
        ("  \n", "has no statement"),
    ):
        with pytest.raises(InputError, match=re.escape(said)):
            parse_own("mine", wrong)


def test_what_is_shown_can_be_pasted_and_run_again() -> None:
    text = paste_text(PEOPLE)
    assert text.splitlines()[:2] == [':param town => "Ghent";', ":param most => 20;"]
    assert text.endswith("LIMIT $most;")
    again = parse_own("mine", text)
    assert bind_parameters(again, {}) == bind_parameters(PEOPLE, {"town": "Ghent"})
    assert paste_text(load_statement("admin/sizes")).startswith("// purpose")


def test_a_statement_comes_from_a_name_a_file_or_standard_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find_statement("admin/sizes").name == "admin/sizes"
    file = tmp_path / "ours.cypher"
    file.write_bytes("\ufeffRETURN '中文' AS x".encode())
    assert find_statement(str(file)).text == "RETURN '中文' AS x"
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"RETURN 1")))
    assert find_statement("-").text == "RETURN 1"
    file.write_bytes(b"RETURN '\xff'")
    for source, said in (
        (str(file), "not text in UTF-8"),
        (str(tmp_path / "no.cypher"), "No such file"),
        ("admin/sizes.cypher", "called admin/sizes"),
    ):
        with pytest.raises(InputError, match=said):
            find_statement(source)
