"""After kill -9 at any time, the next run completes the work and no acknowledged write is lost."""

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
SEED = "10"  # kills a retraining at one of its last steps, and then the server under a command


def soak(home: Path, *arguments: str) -> subprocess.Popen[str]:
    """Starts `benchmarks/soak.py`, which exits with 1 at the first violated guarantee."""
    return subprocess.Popen(
        [sys.executable, ROOT / "benchmarks" / "soak.py", *arguments, "-o", home / "soak"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=home,
        env=os.environ | {"PYTHONPATH": str(ROOT), "ISTHMUS_HOME": str(home)},
    )


def servers_below(home: Path) -> list[int]:
    """The process ids of every Neo4j whose home is below this one."""
    pids = []
    for process in psutil.process_iter(["cmdline"]):
        arguments = process.info["cmdline"] or []
        if MAIN_CLASS in arguments and any(str(home) in argument for argument in arguments):
            pids.append(process.pid)
    return pids


def test_killed_commands_and_servers_lose_no_write_and_leave_nothing_unfinished(
    fresh_home: Path,
) -> None:
    run = soak(fresh_home, "--kills", "2", "--seed", SEED)
    out, err = run.communicate()
    assert run.returncode == 0, out + err
    rows = json.loads((fresh_home / "soak.json").read_text())
    assert {row["victim"]: row["times"] for row in rows} == {"publish": 1, "server": 1}
    assert servers_below(fresh_home) == []
    assert list((fresh_home / "scratch").iterdir()) == []


def test_an_interrupted_soak_leaves_no_server_running(fresh_home: Path) -> None:
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
