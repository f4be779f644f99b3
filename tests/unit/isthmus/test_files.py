"""Files that are private whatever the umask, and that follow and overwrite no link of others."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from isthmus.errors import InputError
from isthmus.files import (
    append_to,
    make_folder,
    new_file,
    open_log,
    open_private,
    private_umask,
    protect_home,
    remove_parts,
    write_file,
)


@pytest.fixture(autouse=True)
def open_umask() -> Iterator[None]:
    """The usual umask, by which others can read what a program creates."""
    previous = os.umask(0o022)
    yield
    os.umask(previous)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_files_and_folders_are_private_whatever_the_umask(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "a" / "b")
    write_file(folder / "written", "words")
    for opened in (open_log, append_to, open_private):
        opened(folder / opened.__name__).close()
    assert {mode(path) for path in (folder, folder.parent)} == {0o700}
    assert {path.name: mode(path) for path in folder.iterdir()} == dict.fromkeys(
        ("written", "open_log", "append_to", "open_private"), 0o600
    )


def test_a_file_for_others_has_the_umask_of_the_user_also_inside_a_command(tmp_path: Path) -> None:
    with private_umask(), private_umask():
        write_file(tmp_path / "report", "numbers", private=False)
        (tmp_path / "by a library").touch()
    write_file(tmp_path / "later", "numbers", private=False)
    assert mode(tmp_path / "report") == mode(tmp_path / "later") == 0o644
    assert mode(tmp_path / "by a library") == 0o600


def test_a_link_at_the_target_is_replaced_and_not_followed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("precious")
    (tmp_path / "link").symlink_to(precious)
    write_file(tmp_path / "link", "new")
    assert precious.read_text() == "precious"
    assert not (tmp_path / "link").is_symlink()

    (tmp_path / "other").symlink_to(precious)
    for opened in (append_to, open_log, open_private):
        with pytest.raises(OSError, match="symbolic link"):
            opened(tmp_path / "other")
    assert precious.read_text() == "precious"


@pytest.mark.parametrize("kind", ["file", "link", "link to nowhere"])
def test_a_new_file_overwrites_nothing_that_appears_meanwhile(tmp_path: Path, kind: str) -> None:
    target, precious = tmp_path / "a.dump", tmp_path / "precious"
    precious.write_text("precious")

    def write() -> None:
        with new_file(target, overwrite=False) as stream:
            stream.write(b"dump")
            if kind == "file":
                target.write_text("precious")
            else:
                target.symlink_to(precious if kind == "link" else tmp_path / "nowhere")

    with pytest.raises(FileExistsError):
        write()
    assert precious.read_text() == "precious"
    assert not (tmp_path / "nowhere").exists()
    assert kind != "file" or target.read_text() == "precious"
    assert list(tmp_path.glob("*.part")) == []


def test_a_new_file_needs_no_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    with new_file(tmp_path / "a.dump", overwrite=False) as stream:
        stream.write(b"dump")
    assert (tmp_path / "a.dump").read_bytes() == b"dump"
    assert mode(tmp_path / "a.dump") == 0o600
    with pytest.raises(FileExistsError), new_file(tmp_path / "a.dump", overwrite=False):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["a.dump"]


def test_a_failed_write_leaves_the_previous_file_and_nothing_else(tmp_path: Path) -> None:
    write_file(tmp_path / "file", "previous")

    def fail() -> None:
        with new_file(tmp_path / "file") as stream:
            stream.write(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert [path.read_text() for path in tmp_path.iterdir()] == ["previous"]


def test_only_own_files_are_removed_as_remains(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.touch()
    (tmp_path / ".a[1].dump.xyz.part").touch()
    (tmp_path / ".a1.dump.xyz.part").touch()
    (tmp_path / ".a[1].dump.link.part").symlink_to(kept)
    remove_parts(tmp_path / "a[1].dump")
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"kept", ".a1.dump.xyz.part", ".a[1].dump.link.part"}


def test_a_new_home_is_private_and_an_open_one_with_a_password_is_refused(tmp_path: Path) -> None:
    home = tmp_path / "new" / "home"
    protect_home(home)
    assert mode(home) == 0o700

    prepared = tmp_path / "prepared"
    (prepared / "jars").mkdir(parents=True)
    protect_home(prepared)  # by `mkdir`, before the first start
    assert mode(prepared) == 0o700

    (home / "server").mkdir()
    (home / "server" / "password").touch()
    for permissions in (0o755, 0o750, 0o711, 0o701):
        home.chmod(permissions)
        with pytest.raises(InputError, match=f"permissions are {permissions:o}") as caught:
            protect_home(home)
        assert f"chmod 700 {home}" in caught.value.advice
        assert mode(home) == permissions
    home.chmod(0o700)
    protect_home(home)


def test_a_folder_with_other_things_in_it_is_not_closed(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "notes.txt").touch()
    with pytest.raises(InputError, match="is open to other users"):
        protect_home(folder)
    assert mode(folder) == 0o755


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user")
def test_a_home_of_another_user_is_refused(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    os.chown(home, 65534, 65534)
    with pytest.raises(InputError, match="belongs to the user"):
        protect_home(home)
