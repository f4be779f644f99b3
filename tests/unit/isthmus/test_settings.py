"""Settings from the environment and from files, and who may write those."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from isthmus.errors import InputError
from isthmus.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[3]
SECRET = "tomlsecretpw"


def write_settings(folder: Path, text: str, mode: int = 0o600) -> Path:
    file = folder / "isthmus.toml"
    file.write_text(text)
    file.chmod(mode)
    return file


def isthmus(*arguments: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "isthmus.scripts.main", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env=os.environ
        | {"PYTHONPATH": str(ROOT), "ISTHMUS_HOME": str(folder / "home")}
        | environment,
    )


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
    write_settings(tmp_path, 'threads = 3\nneo4j_uri = "bolt://here"\n')
    monkeypatch.setenv("ISTHMUS_THREADS", "")
    monkeypatch.setenv("NEO4J_URI", "")
    settings = load_settings(home=tmp_path)
    assert (settings.threads, settings.neo4j_uri) == (3, "bolt://here")


def test_a_blank_address_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NEO4J_URI", "  ")
    assert load_settings().neo4j_uri is None


def test_a_file_in_the_working_folder_is_named_and_not_read(tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("important")
    write_settings(tmp_path, f'metrics_file = "{notes}"\nneo4j_uri = "bolt://127.0.0.1:9"\n')
    done = isthmus("cypher", "list", folder=tmp_path)
    assert (done.returncode, notes.read_text()) == (0, "important")
    assert "isthmus.toml: name it with --config" in done.stderr
    named = isthmus("cypher", "list", "--config", "isthmus.toml", folder=tmp_path)
    assert (named.returncode, named.stderr) == (0, "")
    assert notes.read_text().startswith("# HELP")


def test_a_named_file_replaces_that_of_the_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_settings(tmp_path, "threads = 3\nseed = 1\n")
    other = tmp_path / "other.toml"
    other.write_text("threads = 5\n")
    monkeypatch.setenv("ISTHMUS_CONFIG", str(other))
    settings = load_settings(home=tmp_path)
    assert (settings.threads, settings.seed) == (5, 7)
    with pytest.raises(InputError, match="no file of settings"):
        load_settings(home=tmp_path, config=tmp_path / "none.toml")


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_can_write_is_refused(mode: int, tmp_path: Path) -> None:
    file = write_settings(tmp_path, "threads = 3\n", mode)
    with pytest.raises(InputError, match="can be written by other users") as caught:
        load_settings(home=tmp_path)
    subprocess.run(caught.value.advice.partition("right: ")[2], shell=True, check=True)
    assert load_settings(home=tmp_path).threads == 3
    file.unlink()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_refused(tmp_path: Path) -> None:
    os.chown(write_settings(tmp_path, "threads = 3\n"), 65534, 65534)
    with pytest.raises(InputError, match="belongs to another user"):
        load_settings(home=tmp_path)


def test_a_pipe_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "isthmus.toml", 0o600)
    with pytest.raises(InputError, match="is not a file"):
        load_settings(home=tmp_path)


@pytest.mark.parametrize(
    "entry",
    [
        f'neo4j_pasword = "{SECRET}"',
        f'password = "{SECRET}"',
        f'neo4j_password = ["{SECRET}"]',
        f'neo4j_uri = "bolt://neo4j:{SECRET}@127.0.0.1:7"',
        f'neo4j_uri = "bolt://neo4j:a@{SECRET}/b@127.0.0.1:7"',
        f'neo4j_uri = "bolt://neo4j:a/{SECRET}@127.0.0.1:7"',
        f'openai_base_url = "https://{SECRET}@host/v1"',
        f'threads = "https://u:{SECRET}@host/v1"',
        f'openai_api_key = "{SECRET}',
    ],
)
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_no_secret_of_a_wrong_entry_is_printed(entry: str, form: list[str], tmp_path: Path) -> None:
    (tmp_path / "home").mkdir(0o700)
    write_settings(tmp_path / "home", entry)
    done = isthmus("recommend", "ana", "-d", "books", *form, folder=tmp_path)
    assert done.returncode == 2
    assert "tomlsecret" not in done.stdout + done.stderr


def test_a_misspelt_setting_is_named_with_the_right_one(tmp_path: Path) -> None:
    write_settings(tmp_path, f'neo4j_pasword = "{SECRET}"')
    with pytest.raises(InputError, match=r"no setting neo4j_pasword.*mean neo4j_password\?"):
        load_settings(home=tmp_path)


def test_a_number_that_is_not_finite_is_refused(tmp_path: Path) -> None:
    write_settings(tmp_path, "half_life_days = inf")
    with pytest.raises(InputError, match="half_life_days"):
        load_settings(home=tmp_path)
