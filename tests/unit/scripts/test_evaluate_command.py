"""The options of `isthmus evaluate` are checked before anything is read."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from isthmus.errors import NothingToDo
from isthmus.scripts.evaluate import Folds, command


@pytest.mark.parametrize(
    ("value", "folds"),
    [("all", tuple(range(10))), ("0", (0,)), ("2,0, 1", (0, 1, 2)), ("3,3", (3,))],
)
def test_folds_are_all_or_numbers(value: str, folds: tuple[int, ...]) -> None:
    assert Folds().convert(value, None, None) == folds


@pytest.mark.parametrize("value", ["10", "-1", "0-2", "", "every", "1,,2", "²"])
def test_other_values_of_folds_are_refused(value: str) -> None:
    with pytest.raises(click.BadParameter, match="from 0 to 9"):
        Folds().convert(value, None, None)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["cold-start", ".", "--fold", "1", "--folds", "all"], "cannot be given together"),
        (["cold-start", ".", "--folds", "11"], "from 0 to 9"),
        (["temporal", ".", "--at", "yesterday"], "yesterday"),
    ],
)
def test_wrong_options_exit_with_2_and_a_message(
    arguments: list[str], expected: str, tmp_path: Path
) -> None:
    result = CliRunner().invoke(command, [*arguments, "--home", str(tmp_path)])
    assert result.exit_code == 2
    assert expected in result.output


@pytest.mark.parametrize("protocol", ["cold-start", "temporal", "next-item"])
def test_every_protocol_shows_examples(protocol: str) -> None:
    result = CliRunner().invoke(command, [protocol, "--help"])
    assert result.exit_code == 0
    assert f"isthmus evaluate {protocol} data/" in result.output


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("ana,f1,-1\nana,b1,1", "Nobody likes an item of films"),
        ("ana,f1,1\nben,b1,1", "Nobody with interactions in films has any in another domain"),
        ("ana,f1,1\nana,f2,1", "films is the only domain"),
        ("ana,f1,1\nana,b1,1", "Fold 0 holds out no user with likes in films"),
    ],
)
def test_lopsided_data_ends_in_what_is_missing(
    rows: str, said: str, tmp_path: Path, fresh_home: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    items = "f1,films\nf2,films\n" + ("b1,books\n" if "b1" in rows else "")
    (data / "items.csv").write_text(f"item_id,domain\n{items}")
    (data / "interactions.csv").write_text(f"user_id,item_id,weight\n{rows}\n")
    words = ["cold-start", str(data), "--target", "films", "--home", str(fresh_home)]
    error = CliRunner().invoke(command, words).exception
    assert isinstance(error, NothingToDo)
    assert said in error.message
    assert error.advice
