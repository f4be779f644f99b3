"""Answers as text: what each path says of an item."""

from __future__ import annotations

from isthmus.graph.serving.explanation import describe_path, format_answer

TRANSFER = {"kind": "transfer", "share": 1.5, "from": "books:b1", "title": "The Gates of Kaifeng"}
POPULAR = {"kind": "popularity", "share": -0.25, "from": "films", "title": None}


def test_a_transfer_names_the_item_and_its_domain() -> None:
    assert describe_path(TRANSFER) == "transfer from The Gates of Kaifeng (books)"
    assert describe_path(TRANSFER | {"title": None}) == "transfer from books:b1 (books)"


def test_a_path_without_a_source_quotes_the_clause_that_the_item_is_similar_to() -> None:
    path = {"kind": "content", "share": 2.0, "from": None, "title": "I love jazz"}
    assert describe_path(path) == "similar to “I love jazz”"


def test_an_item_for_a_text_shows_its_verdict_and_probability_and_no_score() -> None:
    item = {"item_id": "f1", "title": "", "score": 1.25, "paths": [], "probability": 0.7345}
    assert format_answer({"items": [item]}) == "  1. f1  73%"
    liked = item | {"likes": True, "verdict": "喜欢"}
    assert format_answer({"items": [liked]}) == "  1. f1  喜欢 73%"
    disliked = item | {"likes": False, "verdict": "does not like", "probability": 0.004}
    assert format_answer({"items": [disliked]}) == "  1. f1  does not like 0%"


def test_an_answer_shows_the_shares_that_add_up_to_each_score() -> None:
    item = {"item_id": "f1", "title": "", "score": 1.25, "paths": [TRANSFER, POPULAR]}
    lines = format_answer({"note": "No history.", "items": [item]}, paths=True).splitlines()
    assert lines[:2] == ["No history.", "  1. f1  1.2500"]
    assert [line.split()[0] for line in lines[2:]] == ["+1.5000", "-0.2500"]
    assert lines[3].endswith("popular in films")
    assert format_answer({"items": [item]}) == "  1. f1  1.2500"


def test_reasons_that_all_items_share_are_written_once() -> None:
    items = [
        {"item_id": name, "title": "", "score": 1.0, "paths": [], "reasons": ["No edge.", "New."]}
        for name in ("f1", "f2")
    ]
    answer = {"language": "en", "items": items}
    assert format_answer(answer).splitlines() == [
        "No edge. New.",
        "  1. f1  1.0000",
        "  2. f2  1.0000",
    ]
    items[1]["reasons"] = ["No edge."]
    assert format_answer(answer).splitlines()[1:] == [
        *("     No edge.", "     New.", "  2. f2  1.0000", "     No edge."),
    ]
    assert format_answer(answer | {"items": items[:1]}).splitlines()[1] == "     No edge."
