"""Scheduled retraining, with small child processes instead of the retraining."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import psutil
import pytest

from isthmus.errors import InputError, Locked, Refused
from isthmus.scheduling import schedule
from isthmus.scheduling.cron import read_cron
from isthmus.scheduling.schedule import RetryPolicy, RunFailed, run_command

ROOT = Path(__file__).resolve().parents[3]
# Counts its runs in a file and exits with the codes of its arguments, one per run.
COUNTING = """
import json, pathlib, sys
file, codes = pathlib.Path(sys.argv[1]), sys.argv[2:]
runs = len(file.read_text()) if file.exists() else 0
file.write_text("x" * (runs + 1))
code = int(codes[min(runs, len(codes) - 1)])
print("output of another library")
print(json.dumps({"generation": 7} if code == 0 else {"error": {"message": f"Reason {code}."}}))
sys.exit(code)
"""


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "RETRY_SECONDS", 0.01)
    monkeypatch.setattr(schedule, "LOCK_RETRY_SECONDS", 0.01)
    monkeypatch.setattr(schedule, "HEALTHCHECK_RETRY_SECONDS", (0.01, None))


def counter(folder: Path, *codes: int) -> list[str]:
    return [sys.executable, "-c", COUNTING, str(folder / "runs"), *map(str, codes)]


def runs(folder: Path) -> int:
    return len((folder / "runs").read_text())


@pytest.mark.parametrize(
    ("text", "start", "expected"),
    [
        ("0 3 * * *", "2026-03-01T03:00", "2026-03-02T03:00"),
        ("*/15 * * * *", "2026-03-01T03:01", "2026-03-01T03:15"),
        ("0 3 * * 0", "2026-03-02T00:00", "2026-03-08T03:00"),  # 0 is Sunday, as in cron
        ("0 3 * * 7", "2026-03-02T00:00", "2026-03-08T03:00"),
        ("0 3 * * mon-fri", "2026-03-06T04:00", "2026-03-09T03:00"),
        ("30 2 29 feb *", "2026-01-01T00:00", "2028-02-29T02:30"),
        ("0 20-23/3 1,15 * *", "2026-03-01T21:00", "2026-03-01T23:00"),
    ],
)
def test_due_times_are_those_of_cron(text: str, start: str, expected: str) -> None:
    trigger = read_cron(text).trigger()
    begin = datetime.fromisoformat(start).replace(tzinfo=trigger.timezone)
    due = trigger.get_next_fire_time(begin, begin)
    assert due == datetime.fromisoformat(expected).replace(tzinfo=trigger.timezone)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("0 3 * *", "4 fields instead of 5"),
        ("60 3 * * *", "'60' is not a valid minute"),
        ("0 24 * * *", "'24' is not a valid hour"),
        ("0 3 5-1 * *", "'5-1' is not a valid day of the month"),
        ("0 3 * * */0", "is not a valid day of the week"),
        ("0 3 * * someday", "'someday' is not a valid day of the week"),
        ("0/5 3 * * *", "'0/5' is not a valid minute"),
        ("0 3 1 * 1", "exclude each other"),
        ("0 3 30 2 *", "none of its months has a day 30"),
    ],
)
def test_an_invalid_cron_expression_is_an_error_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason.replace("*", r"\*")):
        read_cron(text)


def test_a_failed_run_is_retried_and_a_successful_one_touches_the_healthcheck(
    tmp_path: Path,
) -> None:
    alive = tmp_path / "alive"
    run = run_command(counter(tmp_path, 1, 1, 0), RetryPolicy(30, 3, str(alive)))
    assert (run.is_good, run.tries, run.document) == (True, 3, {"generation": 7})
    assert alive.exists()


def test_a_run_that_fails_or_is_ended_names_its_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "retrain-20260101T000000Z-1.log").touch()  # of another process
    code = "import os, sys, time; "
    code += "open(f'{sys.argv[1]}/retrain-20260101T000001Z-{os.getpid()}.log', 'w').close(); "
    code += "time.sleep(60)"
    policy = RetryPolicy(2, 0, logs=tmp_path)
    with pytest.raises(RunFailed, match="reached the time limit") as caught:
        schedule.run_with_retries([sys.executable, "-c", code, str(tmp_path)], policy)
    (log,) = tmp_path.glob("retrain-20260101T000001Z-*.log")
    assert caught.value.advice == f"Log: {log}"
    assert f"reached the time limit. Log: {log}" in caplog.text


def test_a_run_whose_retries_fail_is_an_error_and_does_not_touch_the_healthcheck(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    alive = tmp_path / "alive"
    with pytest.raises(RunFailed, match="failed 3 times: Reason 1"):
        schedule.run_with_retries(counter(tmp_path, 1), RetryPolicy(30, 2, str(alive)))
    assert runs(tmp_path) == 3
    assert not alive.exists()
    pauses = [line.rpartition(" in ")[2] for line in caplog.messages if "retrying" in line]
    assert len(pauses) == 2


def test_nothing_to_do_is_a_success(tmp_path: Path) -> None:
    alive = tmp_path / "alive"
    assert run_command(counter(tmp_path, 3), RetryPolicy(30, 3, str(alive))).tries == 1
    assert alive.exists()


def test_a_refusal_is_not_repeated_and_calls_for_somebody_after_some_in_a_row(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    alive = tmp_path / "alive"
    policy = RetryPolicy(30, 3, str(alive), max_refusals=2, max_generation_days=10)

    def refused(**document: object) -> list[str]:
        alive.unlink(missing_ok=True)
        text = json.dumps({"generation": 1, "reason": "a significant loss.", **document})
        return [sys.executable, "-c", f"print({text!r}); raise SystemExit(4)"]

    run = run_command(refused(refusals_in_a_row=1, generation_age=86_400), policy)
    assert (run.exit_code, run.tries, run.is_good) == (4, 1, False)
    assert "refused a generation: a significant loss" in caplog.text
    assert alive.exists()
    run_command(refused(refusals_in_a_row=2, generation_age=86_400), policy)
    assert not alive.exists()
    run_command(refused(refusals_in_a_row=1, generation_age=11 * 86_400), policy)
    assert not alive.exists()
    assert "2 refusals in a row" in caplog.text
    assert "11 days old" in caplog.text
    with pytest.raises(Refused, match="a significant loss"):
        schedule.run_with_retries(refused(), policy)


def test_a_held_lock_is_retried_and_does_not_count_as_a_failure(tmp_path: Path) -> None:
    run = run_command(counter(tmp_path, 75, 75, 75, 0), RetryPolicy(30, 0))
    assert (run.exit_code, run.tries) == (0, 4)


def test_a_lock_held_until_the_time_limit_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(Locked):
        schedule.run_with_retries(counter(tmp_path, 75), RetryPolicy(0.5, 0))
    assert runs(tmp_path) > 1


def test_a_run_at_its_time_limit_is_killed_with_its_child_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "TERMINATION_SECONDS", 0.3)
    stubborn = (
        "import os, pathlib, signal, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "os.fork()\n"
        "(pathlib.Path(sys.argv[1]) / str(os.getpid())).touch()\n"
        "time.sleep(60)\n"
    )
    begin = time.monotonic()
    run = run_command([sys.executable, "-c", stubborn, str(tmp_path)], RetryPolicy(1.5, 0))
    assert time.monotonic() - begin < 20
    assert (run.is_good, run.exit_code) == (False, None)
    pids = [int(file.name) for file in tmp_path.iterdir()]
    assert len(pids) == 2
    gone, alive = psutil.wait_procs([psutil.Process(p) for p in pids if psutil.pid_exists(p)], 5)
    zombies = [process.status() == psutil.STATUS_ZOMBIE for process in alive]
    assert alive == [] or all(zombies), gone


def test_a_healthcheck_url_is_requested_after_a_successful_run_and_is_not_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    requests: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            requests.append(self.path)
            self.send_error(503) if "down" in self.path else self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as site:
        threading.Thread(target=site.serve_forever, args=(0.01,), daemon=True).start()
        address = f"http://127.0.0.1:{site.server_address[1]}"
        assert run_command(counter(tmp_path, 0), RetryPolicy(30, 0, f"{address}/secret-up")).is_good
        assert run_command(
            counter(tmp_path, 0), RetryPolicy(30, 0, f"{address}/secret-down")
        ).is_good
        site.shutdown()
    assert requests == ["/secret-up", "/secret-down", "/secret-down"]
    assert "HTTPError 503" in caplog.text
    assert "secret" not in caplog.text


SCHEDULER = """
import logging, sys
from datetime import timedelta
from isthmus.scheduling import schedule
from isthmus.scheduling.cron import read_cron

logging.basicConfig(level=logging.INFO, format="%(message)s")
class EverySecond:
    def trigger(self): return self
    def get_next_fire_time(self, previous, now): return previous + timedelta(seconds=1)
policy = schedule.RetryPolicy(60, 0)
print(schedule.run_on_schedule(EverySecond(), sys.argv[1:], policy), flush=True)
"""


def test_times_due_during_a_run_become_one_run_and_sigterm_stops_the_child(tmp_path: Path) -> None:
    record_start = (
        "import os, pathlib, sys, time\n"
        "file = pathlib.Path(sys.argv[1]) / f'{time.time()} {os.getpid()}'\n"
        "file.touch()\n"
        "time.sleep(3.4 if len(list(file.parent.iterdir())) == 1 else 60)\n"
    )
    child = [sys.executable, "-c", record_start, str(tmp_path)]
    scheduler = subprocess.Popen(
        [sys.executable, "-c", SCHEDULER, *child],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    deadline = time.monotonic() + 40
    while len(list(tmp_path.iterdir())) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    scheduler.send_signal(signal.SIGTERM)
    out, err = scheduler.communicate(timeout=20)
    assert scheduler.returncode == 0, err
    assert out.strip() == "{'runs': 2, 'refused': 0, 'failed': 0}"
    assert "stopped by SIGTERM" in err
    starts = sorted(file.name.split() for file in tmp_path.iterdir())
    assert len(starts) == 2
    assert 3.3 < float(starts[1][0]) - float(starts[0][0]) < 10
    assert not psutil.pid_exists(int(starts[1][1]))


def test_the_command_runs_a_real_retraining_and_reports_its_error(tmp_path: Path) -> None:
    def run_schedule(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [
                *schedule.isthmus_command(),
                "schedule",
                *arguments,
                "--json",
                "--home",
                str(tmp_path / "h"),
            ],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        )

    no_server = {"NEO4J_URI": "bolt://127.0.0.1:1", "NEO4J_PASSWORD": "a long secret"}
    result = run_schedule("--once", "--retries", "0", **no_server)
    assert result.returncode == 1
    error = json.loads(result.stdout)["error"]
    assert error["kind"] == "RunFailed"
    assert "bolt://127.0.0.1:1" in error["message"]
    assert "a long secret" not in result.stdout + result.stderr
    assert run_schedule().returncode == 2
    assert run_schedule("--once", "--cron", "0 3 * * *").returncode == 2
    assert run_schedule("--cron", "0 3 * *").returncode == 2


def test_the_next_run_is_after_now() -> None:
    trigger = read_cron("* * * * *").trigger()
    now = datetime.now().astimezone()
    assert now < trigger.get_next_fire_time(now, now) <= now + timedelta(minutes=1)
