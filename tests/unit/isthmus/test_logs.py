"""Logging to standard error as lines of text and as JSON lines."""

from __future__ import annotations

import io
import json
import logging
import os
import re
import stat
import subprocess
import sys
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path

import pytest

from isthmus.errors import InputError, Locked
from isthmus.logs import (
    WITH_TIME,
    JsonFormatter,
    TextFormatter,
    _PrivateLog,
    is_quiet,
    keep_log,
    logger,
)

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


def keep(folder: Path, count: int = 20) -> AbstractContextManager[Path | None]:
    return keep_log(folder, "retrain", TextFormatter([SECRET], WITH_TIME), count)


def test_a_kept_log_has_what_quiet_does_not_show(tmp_path: Path) -> None:
    handler = logging.StreamHandler(stream := io.StringIO())
    logging.getLogger().addHandler(handler)
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        with keep(tmp_path / "logs") as file:
            logger.info("retrain: clear in %.1f s, %s", 0.1, SECRET)
            logger.debug("a detail")
            assert is_quiet()
        logger.info("afterwards")
    finally:
        logging.getLogger().removeHandler(handler)
        logger.setLevel(level)
    assert stream.getvalue() == ""
    assert file is not None
    assert re.fullmatch(r"retrain-\d{8}T\d{6}Z-\d+\.log", file.name)
    (line,) = file.read_text().splitlines()
    assert line.endswith(" INFO retrain: clear in 0.1 s, ***")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_an_error_names_the_log_and_is_in_it(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught, keep(tmp_path) as file:
        raise InputError("The encoder is wrong.", "Name another.")
    assert caught.value.advice == f"Name another. Log: {file}"
    assert "ERROR InputError: The encoder is wrong. Name another." in file.read_text()


def test_a_bug_leaves_its_traceback_in_the_log(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), keep(tmp_path) as file:
        1 / 0  # noqa: B018
    assert "Traceback" in file.read_text()
    assert "ZeroDivisionError: division by zero" in file.read_text()


def test_a_run_that_had_to_wait_for_another_leaves_no_log(tmp_path: Path) -> None:
    with pytest.raises(Locked), keep(tmp_path):
        raise Locked("Another run holds the lock.")
    assert list(tmp_path.iterdir()) == []


def test_only_the_latest_logs_are_kept(tmp_path: Path) -> None:
    for number in range(10, 40):
        (tmp_path / f"retrain-202601{number}T000000Z-1.log").touch()
    (tmp_path / "server.log").touch()
    with keep(tmp_path, 3) as file:
        pass
    kept = sorted(path.name for path in tmp_path.iterdir())
    assert kept == [
        "retrain-20260138T000000Z-1.log",
        "retrain-20260139T000000Z-1.log",
        file.name,
        "server.log",
    ]


def test_without_a_place_for_the_log_the_run_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "logs").touch()
    with keep(tmp_path / "logs") as file:
        pass
    assert file is None
    assert "The log of this run is not kept" in caplog.text


def test_a_full_disk_does_not_end_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    handler = _PrivateLog("/dev/full", delay=True)
    handler.stream = open("/dev/full", "w")  # noqa: SIM115
    handler.handle(logging.makeLogRecord({"msg": "a line"}))
    assert capsys.readouterr().err == ""
    with pytest.raises(OSError, match="No space left"):
        handler.close()
