"""Settings from the environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from isthmus.settings import Settings, load_settings


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_an_empty_variable_is_one_that_is_not_set(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    expected = load_settings()
    monkeypatch.setenv(f"ISTHMUS_{name.upper()}", "")
    monkeypatch.setenv(name.upper(), "")
    assert load_settings() == expected


def test_an_empty_variable_leaves_the_entry_of_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "isthmus.toml").write_text('threads = 3\nneo4j_uri = "bolt://here"\n')
    monkeypatch.setenv("ISTHMUS_THREADS", "")
    monkeypatch.setenv("NEO4J_URI", "")
    settings = load_settings()
    assert (settings.threads, settings.neo4j_uri) == (3, "bolt://here")


def test_a_blank_address_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NEO4J_URI", "  ")
    assert load_settings().neo4j_uri is None
