"""`isthmus server logs`: the end of a log, what is written to it, and the next log of its name."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Queue

import pytest

from isthmus.errors import InputError, NothingToDo
from isthmus.graph.server import follow_log, read_log, server_log
from isthmus.settings import Settings

ISTHMUS = [sys.executable, "-m", "isthmus.scripts.main", "server", "logs"]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(server_log, "POLL_SECONDS", 0.01)
    home = tmp_path / "home"
    (home / "server" / "logs").mkdir(parents=True, mode=0o700)
    return Settings(home=home, neo4j_uri=None)


@pytest.fixture
def log(settings: Settings) -> Path:
    file = settings.home / "server" / "logs" / "neo4j.log"
    file.write_text("".join(f"line {number}\n" for number in range(1000)))
    return file


def lines_of(follow: Iterator[server_log.LogLines]) -> Queue[str]:
    """Returns a queue of the lines that are followed, by a thread."""
    queue: Queue[str] = Queue()

    def work() -> None:
        for part in follow:
            for line in part.lines:
                queue.put(line)

    threading.Thread(target=work, daemon=True).start()
    return queue


def test_the_last_lines_are_read(settings: Settings, log: Path) -> None:
    assert read_log(settings, 2).lines == ["line 998", "line 999"]
    assert read_log(settings, 0).lines == []
    assert len(read_log(settings, 5000).lines) == 1000
    assert read_log(settings, 2).file == log


def test_details_are_in_another_file(settings: Settings, log: Path) -> None:
    log.with_name("debug.log").write_bytes(b"details \xff\n")
    assert read_log(settings, 9, details=True).lines == ["details \ufffd"]


def test_the_console_is_read_where_the_server_ended_before_it_had_a_log(settings: Settings) -> None:
    console = settings.home / "logs" / "server.log"
    console.parent.mkdir()
    console.write_text("Error occurred during initialization of VM\n")
    assert read_log(settings, 9).lines == ["Error occurred during initialization of VM"]


def test_follow_goes_on_with_the_next_log(settings: Settings, log: Path) -> None:
    queue = lines_of(follow_log(settings, 1))
    assert queue.get(timeout=5) == "line 999"
    with log.open("a") as stream:
        stream.write("half of ")
        stream.flush()
        stream.write("a line\n")
    assert queue.get(timeout=5) == "half of a line"
    with log.open("a") as stream:
        log.replace(log.with_suffix(".previous"))
        stream.write("the last of the old one\n")
    assert queue.get(timeout=5) == "the last of the old one"
    log.write_text("the first of the new one\n")
    assert queue.get(timeout=5) == "the first of the new one"
    log.write_text("cut\n")  # emptied in place
    assert queue.get(timeout=5) == "cut"


def test_follow_waits_for_the_log_of_a_server_that_is_starting(settings: Settings) -> None:
    queue = lines_of(follow_log(settings, 9))
    log = settings.home / "server" / "logs" / "neo4j.log"
    log.write_text("Starting...\n")
    assert queue.get(timeout=5) == "Starting..."


def test_without_a_server_there_is_no_log(tmp_path: Path) -> None:
    with pytest.raises(NothingToDo, match="has run yet"):
        read_log(Settings(home=tmp_path, neo4j_uri=None), 9)


def test_the_log_of_another_server_is_where_that_is(settings: Settings) -> None:
    other = settings.model_copy(update={"neo4j_uri": "bolt://graph.example:7687"})
    with pytest.raises(InputError, match=r"bolt://graph\.example:7687 lies on its machine"):
        read_log(other, 9)


def test_control_characters_are_escaped_and_an_interrupt_ends_well(
    settings: Settings, log: Path
) -> None:
    log.write_text("red \x1b[31mtitle\x07\n")
    command = [*ISTHMUS, "-f", "--home", str(settings.home)]
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as follow:
        assert follow.stdout is not None
        assert follow.stdout.readline() == "red \\x1b[31mtitle\\x07\n"
        follow.send_signal(signal.SIGINT)
        assert follow.wait(10) in (0, 130)  # 130 where it is just printing
    done = subprocess.run(
        [*ISTHMUS, "--json", "--home", settings.home], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == {"file": str(log), "lines": ["red \x1b[31mtitle\x07"]}
