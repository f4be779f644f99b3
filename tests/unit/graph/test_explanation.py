"""Answers as text: what each path says of an item."""

from __future__ import annotations

from isthmus.graph.serving.explanation import describe_path, format_answer

TRANSFER = {"kind": "transfer", "share": 1.5, "from": "books:b1", "title": "The Gates of Kaifeng"}
POPULAR = {"kind": "popularity", "share": -0.25, "from": "films", "title": None}


def test_a_transfer_names_the_item_and_its_domain() -> None:
    assert describe_path(TRANSFER) == "transfer from The Gates of Kaifeng (books)"
    assert describe_path(TRANSFER | {"title": None}) == "transfer from books:b1 (books)"


def test_a_path_without_a_source_comes_from_the_text() -> None:
    path = {"kind": "content", "share": 2.0, "from": None, "title": None}
    assert describe_path(path) == "its title is similar to the text"


def test_an_answer_shows_the_shares_that_add_up_to_each_score() -> None:
    item = {"item_id": "f1", "title": "", "score": 1.25, "paths": [TRANSFER, POPULAR]}
    lines = format_answer({"note": "No history.", "items": [item]}, paths=True).splitlines()
    assert lines[:2] == ["No history.", "  1. f1  1.2500"]
    assert [line.split()[0] for line in lines[2:]] == ["+1.5000", "-0.2500"]
    assert lines[3].endswith("popular in films")
    assert format_answer({"items": [item]}) == "  1. f1  1.2500"
