"""What is checked of a backup file before it is loaded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from isthmus.errors import InputError
from isthmus.graph.operations.backup_file import Description, check_file, describe, description_path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file that begins as a dump does, with its description."""
    file = tmp_path / "monday.dump"
    file.write_bytes(b"DZV1" + bytes(range(256)))
    describe(file)
    return file


def change(file: Path, **values: object) -> None:
    path = description_path(file)
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_a_whole_file_is_accepted_with_its_description_and_without(file: Path) -> None:
    description = check_file(file)
    assert isinstance(description, Description)
    assert description.bytes == 260
    description_path(file).unlink()
    assert check_file(file) is None


def test_a_backup_of_an_older_version_is_accepted_and_one_of_a_newer_is_not(file: Path) -> None:
    for older in ("5.26.1", "2026.08.3", "2025.12.0"):
        change(file, neo4j=older, isthmus="0.0.9")
        assert check_file(file) is not None
    for name, newer in (("neo4j", "2026.10.0"), ("neo4j", "2027.01.0"), ("isthmus", "0.10.0")):
        change(file, neo4j="2026.09.0", isthmus="0.1.0")
        change(file, **{name: newer})
        with pytest.raises(InputError, match=f"{newer}, which is newer than the") as error:
            check_file(file)
        assert "pip install --upgrade isthmus" in str(error.value)


def test_damage_is_found_by_the_size_the_checksum_and_the_header(file: Path) -> None:
    whole = file.read_bytes()
    for content, message in (
        (whole[:-1], r"has 259 bytes, and 260 were written"),
        (whole[:-1] + b"!", r"SHA-256 is not the one in monday\.dump\.json"),
        (b"PK" + whole[2:], r"is not a dump of Neo4j"),
        (b"", r"is not a dump of Neo4j"),
    ):
        file.write_bytes(content)
        with pytest.raises(InputError, match=message):
            check_file(file)


@pytest.mark.parametrize("content", ["", "{}", "[]", "null", '{"bytes": 3}', "\0"])
def test_a_damaged_description_is_named_with_a_way_out(file: Path, content: str) -> None:
    description_path(file).write_text(content)
    with pytest.raises(InputError, match=r"monday\.dump\.json is damaged"):
        check_file(file)
    description_path(file).unlink()  # the advice
    assert check_file(file) is None


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"There is no file .*nothing\.dump"):
        check_file(tmp_path / "nothing.dump")
