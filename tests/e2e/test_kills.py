"""kill -9 at any moment: the next run goes on, nothing is lost, nothing is half active."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from isthmus.graph.server.process import MAIN_CLASS

ROOT = Path(__file__).resolve().parents[2]
KILLS = 3
VICTIMS = {"ingest", "follow", "feedback", "encode", "retrain", "publish", "server"}


def soak(home: Path, *arguments: str) -> subprocess.Popen[str]:
    """Starts `benchmarks/soak.py`, which ends with 1 at the first promise that is not kept."""
    return subprocess.Popen(
        [sys.executable, ROOT / "benchmarks" / "soak.py", *arguments, "-o", home / "soak"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=home,
        env=os.environ | {"PYTHONPATH": str(ROOT), "ISTHMUS_HOME": str(home)},
    )


def servers_below(home: Path) -> list[int]:
    """Every Neo4j on a home below this one, by the process list alone."""
    found = []
    for other in psutil.process_iter(["cmdline"]):
        words = other.info["cmdline"] or []
        if MAIN_CLASS in words and any(str(home) in word for word in words):
            found.append(other.pid)
    return found


def test_killed_commands_and_servers_lose_nothing_and_leave_nothing_half_done(
    fresh_home: Path,
) -> None:
    run = soak(fresh_home, "--kills", str(KILLS))
    out, err = run.communicate()
    assert run.returncode == 0, out + err
    rows = json.loads((fresh_home / "soak.json").read_text())
    kills = {row["victim"]: row["kills"] for row in rows}
    assert set(kills) <= VICTIMS
    assert list(kills.values()) == [1] * KILLS
    assert servers_below(fresh_home) == []
    assert list((fresh_home / "scratch").iterdir()) == []


def test_a_soak_that_is_interrupted_leaves_no_server_behind(fresh_home: Path) -> None:
    run = soak(fresh_home)
    while not servers_below(fresh_home):
        assert run.poll() is None
        time.sleep(0.05)
    run.send_signal(signal.SIGINT)
    _, err = run.communicate(timeout=120)
    assert run.returncode == 130, err
    assert "Traceback" not in err
    assert servers_below(fresh_home) == []
    assert list((fresh_home / "scratch").iterdir()) == []
