"""Lock files that name who holds them."""

from __future__ import annotations

import fcntl
import logging
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from isthmus.errors import Locked
from isthmus.locks import describe_holder, hold_lock, try_lock

HOLD = """
import sys, time
from pathlib import Path
from isthmus.locks import hold_lock
sys.argv = ["/usr/bin/isthmus", "backup", "words of somebody"]
with hold_lock(Path(sys.stdin.readline().strip()), 1):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_wait_has_a_limit_and_names_the_holder(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lock = tmp_path / "locks" / "server.lock"
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", HOLD], stdin=pipe, stdout=pipe) as holder:
        holder.stdin.write(f"{lock}\n".encode())
        holder.stdin.flush()
        assert holder.stdout.readline() == b"held\n"
        assert stat.S_IMODE(lock.stat().st_mode) == 0o600
        who = rf"process {holder.pid} \(isthmus backup\), running since \d{{4}}-\d\d-\d\d \d\d:"
        begin = time.monotonic()
        with caplog.at_level(logging.INFO), pytest.raises(Locked, match=who), hold_lock(lock, 0.4):
            pass
        assert 0.4 <= time.monotonic() - begin < 5
        assert f"process {holder.pid} (isthmus backup)" in caplog.text
        assert "words" not in lock.read_text()
        with try_lock(lock) as taken:
            assert not taken
        holder.kill()
    with hold_lock(lock, 5):  # that of a killed process is free
        assert describe_holder(lock).startswith(f"process {os.getpid()} (")
    assert lock.read_bytes() == b""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lists who holds a lock")
def test_a_holder_that_wrote_nothing_is_named_too(tmp_path: Path) -> None:
    lock = tmp_path / "server.lock"
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(Locked, match=rf"held by process {os.getpid()} \("), hold_lock(lock, 0):
            pass


def test_a_link_is_not_taken_for_a_lock(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "lock").symlink_to(tmp_path / "precious")
    with pytest.raises(OSError, match="symbolic link"), hold_lock(tmp_path / "lock", 0):
        pass
    assert (tmp_path / "precious").read_text() == "precious"
