"""What another user of the machine can do to a home: nothing. Runs as that user."""

from __future__ import annotations

import json
import os
import shutil
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import pytest

from isthmus.errors import InputError
from isthmus.files import open_log
from isthmus.graph.server import lifecycle as server
from isthmus.graph.server import process, record
from isthmus.settings import Settings

OUTSIDER = 65534
PYTHON = "/usr/bin/python3"  # that of the tests may lie where the outsider cannot go

ATTACK = """
import fcntl, json, os, sys
home = sys.argv[1]
done = []
for folder, _, _ in os.walk(home):
    done.append(f"listed {folder}")
known = ["rejected.jsonl", "isthmus.toml", "server/password", "server/record.json",
         "server/conf/neo4j.conf", "locks/server.lock",
         "logs/server.log", "server/data/databases/neo4j/neostore"]
for name in known:
    for flags in (os.O_RDONLY, os.O_WRONLY, os.O_RDWR | os.O_CREAT):
        try:
            os.close(os.open(f"{home}/{name}", flags))
        except PermissionError:
            continue
        done.append(f"opened {name}")
for act in (lambda: os.open(f"{home}/planted", os.O_CREAT | os.O_WRONLY),
            lambda: os.symlink("/etc/passwd", f"{home}/link"), lambda: os.chmod(home, 0o777),
            lambda: os.rename(home, home + "2"), lambda: os.kill(int(sys.argv[2]), 15),
            lambda: fcntl.flock(open(f"{home}/locks/server.lock"), fcntl.LOCK_EX)):
    try:
        act()
    except PermissionError:
        continue
    done.append("acted")
print(json.dumps(done))
"""

LISTEN = """
import socket, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("listening", flush=True)
received = b""
listener.settimeout(30)
while b"end" not in received[-3:]:
    connection = listener.accept()[0]
    connection.settimeout(3)
    try:
        received += connection.recv(100)
        connection.sendall(bytes([0, 0, 4, 5]))
        while part := connection.recv(4096):
            received += part
            connection.sendall(b"\\x00\\x03\\xb1\\x70\\xa0\\x00\\x00")
    except OSError:
        pass
    connection.close()
print(received.hex())
"""


def as_outsider(*arguments: object) -> subprocess.Popen[bytes]:
    command = [PYTHON, "-c", *map(str, arguments)]
    user = {"user": OUTSIDER, "group": OUTSIDER, "extra_groups": [], "cwd": "/"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, **user)


def can_run_as_outsider() -> bool:
    if os.geteuid() != 0 or not Path(PYTHON).exists():
        return False
    with as_outsider("pass") as outsider:
        return outsider.wait() == 0


@contextmanager
def umask(mask: int) -> Iterator[None]:
    previous = os.umask(mask)
    try:
        yield
    finally:
        os.umask(previous)


@pytest.fixture
def home(fresh_home: Path) -> Iterator[Path]:
    """A home in a folder that everybody can enter, as /tmp and many folders of users are."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    with umask(0o022):
        home = folder / "home"
        home.mkdir()
        for name in fresh_home.iterdir():
            (home / name.name).symlink_to(name)
        yield home
    server.stop(Settings(home=home, neo4j_uri=None))
    shutil.rmtree(folder)


def open_to_others(home: Path) -> list[str]:
    """Names of what group or others have any permission for."""
    paths = [home, *(path for path in home.rglob("*") if not path.is_symlink())]
    return [f"{path} {path.stat().st_mode:o}" for path in paths if path.stat().st_mode & 0o077]


@pytest.mark.skipif(not can_run_as_outsider(), reason="only root can run a program as another user")
def test_an_outsider_reads_writes_blocks_and_impersonates_nothing(home: Path) -> None:
    settings = Settings(home=home, neo4j_uri=None)
    running = server.start(settings)
    with open_log(home / "rejected.jsonl") as file:
        file.write(b"words of somebody")
    password = running.password()
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert open_to_others(home) == []

    with as_outsider(ATTACK, home, running.pid) as outsider:
        assert json.loads(outsider.communicate()[0]) == []
    assert server.find(settings) == running
    assert server.stop(settings)

    folders, port = record.home_folders(settings), process.port_in(running.uri)
    words = (process.temporary_folder(folders.home), "-cp", "x", process.MAIN_CLASS)
    with as_outsider(LISTEN, port, *words, f"--home-dir={folders.home}") as impostor:
        assert impostor.stdout is not None
        assert impostor.stdout.readline() == b"listening\n"
        forged = type(running)(**asdict(running) | {"pid": impostor.pid})
        record.write_record(settings, forged)
        assert server.find(settings) is None
        assert not process.answers_query(running.pid, running.uri, password)
        begin = time.monotonic()
        assert not server.stop(settings)
        assert time.monotonic() - begin < 5
        assert impostor.poll() is None
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(b"end")
        received = bytes.fromhex(impostor.communicate()[0].decode())
    assert received.endswith(b"end")
    assert password.encode() not in received

    home.chmod(0o755)
    with pytest.raises(InputError, match="is open to other users"):
        server.start(settings)
    home.chmod(0o700)
