"""The options of `isthmus evaluate`, before anything is read."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from isthmus.scripts.evaluate import Folds, command


@pytest.mark.parametrize(
    ("said", "folds"),
    [("all", tuple(range(10))), ("0", (0,)), ("2,0, 1", (0, 1, 2)), ("3,3", (3,))],
)
def test_folds_are_all_or_numbers(said: str, folds: tuple[int, ...]) -> None:
    assert Folds().convert(said, None, None) == folds


@pytest.mark.parametrize("said", ["10", "-1", "0-2", "", "every", "1,,2", "²"])
def test_other_folds_are_refused_with_what_was_said(said: str) -> None:
    with pytest.raises(click.BadParameter, match="from 0 to 9"):
        Folds().convert(said, None, None)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["cold-start", ".", "--fold", "1", "--folds", "all"], "cannot be given together"),
        (["cold-start", ".", "--folds", "11"], "from 0 to 9"),
        (["temporal", ".", "--at", "yesterday"], "yesterday"),
    ],
)
def test_wrong_options_are_a_sentence(arguments: list[str], expected: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(command, [*arguments, "--home", str(tmp_path)])
    assert done.exit_code == 2
    assert expected in done.output


@pytest.mark.parametrize("protocol", ["cold-start", "temporal", "next-item"])
def test_every_protocol_shows_examples(protocol: str) -> None:
    done = CliRunner().invoke(command, [protocol, "--help"])
    assert done.exit_code == 0
    assert f"isthmus evaluate {protocol} data/" in done.output
