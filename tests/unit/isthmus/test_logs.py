"""Logging to standard error as lines of text and as JSON lines."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from isthmus.logs import JsonFormatter, TextFormatter

ROOT = Path(__file__).resolve().parents[3]
SECRET = "correct horse"
LOGGING = f"""
import logging, sys, warnings
from isthmus.logs import JsonFormatter, log_to_standard_error
from isthmus.progress import progress
log_to_standard_error(logging.INFO, JsonFormatter(["{SECRET}"], "server start"))
logger = logging.getLogger("isthmus.server")
logger.info("two\\nlines of %s", "历史小说")
logger.debug("below the level")
warnings.warn("old", DeprecationWarning, stacklevel=1)
with progress("load items", 2, "rows") as advance:
    advance(2)
raise ValueError("the password is {SECRET}")
"""


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "always", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
    )


def test_standard_error_has_one_json_object_per_line_without_secrets() -> None:
    result = run("-c", LOGGING)
    lines = [json.loads(line) for line in result.stderr.splitlines()]
    assert [line["level"] for line in lines] == ["info", "warning", "info", "critical"]
    assert all(set(line) == {"time", "level", "message", "command"} for line in lines)
    assert {line["command"] for line in lines} == {"server start"}
    assert all(datetime.fromisoformat(line["time"]).tzinfo for line in lines)
    assert lines[0]["message"] == "two\nlines of 历史小说"
    assert "load items: 2 rows" in lines[2]["message"]
    assert "Traceback" in lines[3]["message"]
    assert SECRET not in result.stderr
    assert result.returncode == 1


@pytest.mark.parametrize(
    "formatter", [TextFormatter([SECRET, "short"]), JsonFormatter([SECRET], "encode")]
)
def test_a_secret_is_masked_in_both_formats(formatter: TextFormatter) -> None:
    record = logging.makeLogRecord({"msg": "short: %s", "args": (f"bolt://u:{SECRET}@h",)})
    text = formatter.format(record)
    assert SECRET not in text
    assert "short: bolt://u:***@h" in text


def test_an_error_is_logged_in_the_format_of_the_setting(tmp_path: Path) -> None:
    command = ("-m", "isthmus.scripts.main", "ingest", "nowhere", "--home", str(tmp_path / "home"))
    plain = run(*command)
    assert plain.returncode == 2
    assert plain.stderr.startswith("Error: ")
    result = run(*command, ISTHMUS_LOG_FORMAT="json")
    (line,) = [json.loads(line) for line in result.stderr.splitlines()]
    assert (line["level"], line["command"]) == ("error", "ingest")
    assert line["message"] == plain.stderr.strip()
    assert run(*command, ISTHMUS_LOG_FORMAT="xml").returncode == 2
