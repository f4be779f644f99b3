"""`isthmus server` without a server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ISTHMUS = [sys.executable, "-m", "isthmus.scripts.main"]
OTHER = {"NEO4J_URI": "bolt://graph.example:7687"}


def run(home: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [*ISTHMUS, *arguments, "--json", "--home", str(home)]
    env = os.environ | environment
    return subprocess.run(command, capture_output=True, text=True, check=False, env=env)


def test_the_status_of_a_stopped_server_has_all_keys(tmp_path: Path) -> None:
    done = run(tmp_path, "server", "status")
    assert done.returncode == 0
    document = json.loads(done.stdout)
    assert document["home"] == str(tmp_path)
    assert (document["running"], document["state"], document["answering"]) == (
        False,
        "stopped",
        False,
    )
    assert document.keys() >= {"uri", "username", "password_file", "pid", "version", "web"}
    assert document["milliseconds"] is None


def test_the_password_of_another_server_is_changed_there(tmp_path: Path) -> None:
    done = run(tmp_path, "server", "password", "rotate", **OTHER)
    assert done.returncode == 2
    error = json.loads(done.stdout)["error"]
    assert OTHER["NEO4J_URI"] in error["message"]
    assert "ALTER CURRENT USER SET PASSWORD FROM 'old' TO 'new'" in error["advice"]


def test_the_log_of_a_server_that_never_ran_is_nothing_to_do(tmp_path: Path) -> None:
    done = run(tmp_path, "server", "logs")
    assert done.returncode == 3
    assert "isthmus server start" in json.loads(done.stdout)["error"]["advice"]


def test_two_checks_of_doctor_are_not_asked_for_at_once(tmp_path: Path) -> None:
    done = run(tmp_path / "home", "doctor", "--data", "--compare-runtimes")
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["advice"] == "Give one of them."
