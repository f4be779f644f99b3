"""Scheduled retraining in a child process, with a time limit, retries and a healthcheck.

The times come from triggers of APScheduler. Runs follow one another in the foreground, so all times
that are due during a run lead to one run after it.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Any

from isthmus.errors import GOOD_EXIT_CODES, IsthmusError, Locked, Refused
from isthmus.scheduling.cron import Cron
from isthmus.settings import Settings

logger = logging.getLogger("isthmus.scheduling.schedule")

TERMINATION_SECONDS = 30.0  # from SIGTERM to SIGKILL
RETRY_SECONDS, MAX_RETRY_SECONDS = 60.0, 3600.0  # before a failed run is retried; it doubles
LOCK_RETRY_SECONDS = 300.0
# The clock is read again at this interval: it may be set, or the machine may sleep.
MAX_SLEEP_SECONDS = 30.0
HEALTHCHECK_RETRY_SECONDS = (2.0, 10.0, None)
HEALTHCHECK_TIMEOUT_SECONDS = 10.0
SECONDS_PER_DAY = 86_400


class RunFailed(IsthmusError):
    """The scheduled command failed, and so did its retries."""


class Terminated(BaseException):
    """The process received SIGTERM."""


@dataclass(frozen=True)
class RetryPolicy:
    """Time limit, retries and healthcheck of a scheduled command.

    Attributes:
        time_limit: Maximum duration of a run in seconds; then it is terminated.
        retries: Maximum number of retries of a failed run.
        healthcheck: File to touch or URL to request after a successful run.
        max_refusals: Refusals in a row after which the healthcheck is no longer signalled.
        max_generation_days: Age of the active generation after which a refusal does not signal the
            healthcheck; None for any age.
        logs: Folder in which each run keeps a log with its process id in the name; None without.
    """

    time_limit: float
    retries: int
    healthcheck: str | None = None
    max_refusals: int = 3
    max_generation_days: float | None = None
    logs: Path | None = None

    @property
    def healthcheck_is_url(self) -> bool:
        """Whether the healthcheck is a URL, which is treated as a secret."""
        return (self.healthcheck or "").startswith(("http://", "https://"))


@dataclass(frozen=True)
class ScheduledRun:
    """Result of a scheduled command.

    Attributes:
        exit_code: Exit code of the last attempt; None if it reached the time limit.
        tries: Number of attempts, including those that found the lock held by another run.
        seconds: Total duration in seconds, with pauses.
        document: JSON object in the last line that the command printed; otherwise empty.
        log: Log of the last attempt, if it was kept.
    """

    exit_code: int | None
    tries: int
    seconds: float
    document: dict[str, Any]
    log: Path | None = None

    @property
    def is_good(self) -> bool:
        """Whether the command did its work or had none to do."""
        return self.exit_code in GOOD_EXIT_CODES

    @property
    def is_refused(self) -> bool:
        """Whether the promotion gate refused the generation that the command trained."""
        return self.exit_code == Refused.exit_code


def retrain_command(settings: Settings) -> list[str]:
    """Returns the command line of `isthmus retrain` for this home."""
    quiet = [] if logger.isEnabledFor(logging.INFO) else ["--quiet"]
    config = [] if settings.config is None else ["--config", str(settings.config)]
    home = ["--home", str(settings.home)]
    return [*isthmus_command(), "retrain", "--json", *home, *config, *quiet]


def isthmus_command() -> list[str]:
    """Returns the command line of isthmus in this Python; -P excludes the working folder."""
    return [sys.executable, "-P", "-m", "isthmus.scripts.main"]


def run_on_schedule(cron: Cron, command: list[str], policy: RetryPolicy) -> dict[str, int]:
    """Runs a command at the times of a cron expression, until SIGTERM.

    Returns:
        The number of `runs`, of those that were `refused` by the gate, and that `failed`.
    """
    trigger, started = cron.trigger(), _now()
    runs = refused = failed = 0
    signal.signal(signal.SIGTERM, _raise_terminated)
    try:
        while due := trigger.get_next_fire_time(started, started):
            logger.info("schedule: the next run is due at %s", due.isoformat(" ", "minutes"))
            while (remaining := (due - _now()).total_seconds()) > 0:
                time.sleep(min(remaining, MAX_SLEEP_SECONDS))
            started = _now()
            runs += 1
            run = run_command(command, policy)
            refused += run.is_refused
            failed += not (run.is_good or run.is_refused)
    except Terminated:
        logger.info("schedule: stopped by SIGTERM")
    return {"runs": runs, "refused": refused, "failed": failed}


def run_with_retries(command: list[str], policy: RetryPolicy) -> ScheduledRun:
    """Runs a command once, now, with the retries of the policy.

    Raises:
        Locked: Another run held the lock until the time limit.
        Refused: The promotion gate refused the generation that the command trained.
        RunFailed: The command and its retries failed, or SIGTERM stopped it.
    """
    signal.signal(signal.SIGTERM, _raise_terminated)
    try:
        run = run_command(command, policy)
    except Terminated as error:
        raise RunFailed(
            "SIGTERM stopped the run.", "The graph is intact; run the command again."
        ) from error
    if run.exit_code == Locked.exit_code:
        raise Locked(
            "Another run held the lock until the time limit.",
            "Wait until that run ends, or stop it.",
        )
    if run.is_refused:
        raise Refused(
            f"{_outcome(run)}.",
            f"`isthmus generations list --all` shows what was refused.{_log_of(run)}",
        )
    if not run.is_good:
        raise RunFailed(f"The run failed {run.tries} times: {_outcome(run)}.", _log_of(run).strip())
    return run


def run_command(command: list[str], policy: RetryPolicy) -> ScheduledRun:
    """Runs a command until it succeeds or its retries are used up.

    A run that finds the lock held by another run is repeated until the time limit, and does not
    count as a failure. A refusal by the promotion gate is not repeated.
    """
    start, tries, failures = time.monotonic(), 0, 0
    while True:
        logger.info("schedule: run starts")
        tries += 1
        exit_code, document, log = _run_once(command, policy)
        seconds = time.monotonic() - start
        run = ScheduledRun(exit_code, tries, round(seconds, 3), document, log)
        if run.is_good:
            logger.info("schedule: run succeeded in %.0f s, %s", seconds, _outcome(run))
            _signal_healthcheck(policy)
            return run
        if run.is_refused:  # training again on the same data would end in the same way
            logger.warning("schedule: %s.%s", _outcome(run), _log_of(run))
            if alarm := _alarm(run, policy):
                logger.error("schedule: the healthcheck is not signalled: %s", alarm)
            else:
                _signal_healthcheck(policy)
            return run
        if exit_code == Locked.exit_code:
            pause, retry = LOCK_RETRY_SECONDS, seconds < policy.time_limit
        else:
            pause = min(RETRY_SECONDS * 2**failures, MAX_RETRY_SECONDS)
            retry = failures < policy.retries
            failures += 1
        if not retry:
            outcome = _outcome(run)
            logger.error("schedule: run failed %d times: %s.%s", tries, outcome, _log_of(run))
            return run
        outcome = _outcome(run)
        logger.warning("schedule: %s; retrying in %.0f s.%s", outcome, pause, _log_of(run))
        time.sleep(pause)


def _run_once(
    command: list[str], policy: RetryPolicy
) -> tuple[int | None, dict[str, Any], Path | None]:
    """Runs a command once, in its own session; returns its exit code, printed document and log.

    All processes of the session are terminated afterwards. The exit code is None if the command
    reached the time limit.
    """
    started = time.time()
    child = subprocess.Popen(  # noqa: S603
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True
    )
    try:
        output, _ = child.communicate(timeout=policy.time_limit)
    except subprocess.TimeoutExpired:
        return None, {}, _find_log(policy.logs, child.pid, started)
    finally:
        _terminate_group(child)
    return child.returncode, _parse_document(output), _find_log(policy.logs, child.pid, started)


def _find_log(folder: Path | None, pid: int, started: float) -> Path | None:
    """Returns the log that a process kept, or None; an earlier process may have had its id."""
    files = sorted(folder.glob(f"*-{pid}.log")) if folder else []
    return files[-1] if files and files[-1].stat().st_mtime >= started - 1 else None


def _terminate_group(child: subprocess.Popen[bytes]) -> None:
    """Terminates the running processes of a child's group, then kills those that remain."""
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            child.wait(TERMINATION_SECONDS)
    with suppress(ProcessLookupError, PermissionError):  # macOS denies it for zombies
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    if child.stdout:
        child.stdout.close()


def _parse_document(output: bytes) -> dict[str, Any]:
    """Parses the last line of the output; empty if it is not a JSON object."""
    lines = output.decode(errors="replace").splitlines()
    with suppress(ValueError):
        document = json.loads(lines[-1] if lines else "")
        if isinstance(document, dict):
            return document
    return {}


def _outcome(run: ScheduledRun) -> str:
    """Describes the outcome of a run in a few words, for the log."""
    if run.exit_code is None:
        return "it reached the time limit"
    if run.is_refused:
        return f"the promotion gate refused a generation: {run.document.get('reason', '')}".rstrip(
            "."
        )
    if "error" in run.document:
        return str(run.document["error"]["message"]).rstrip(".")
    if run.exit_code == 0 and "generation" in run.document:
        return f"generation {run.document['generation']}"
    return f"exit code {run.exit_code}"


def _log_of(run: ScheduledRun) -> str:
    """Names the log of a run, for the end of a sentence; "" if none was kept."""
    return f" Log: {run.log}" if run.log else ""


def _alarm(run: ScheduledRun, policy: RetryPolicy) -> str:
    """Returns why a refusal calls for somebody, as a clause; "" if it does not."""
    in_a_row = run.document.get("refusals_in_a_row", 0)
    if in_a_row >= policy.max_refusals:
        return f"{in_a_row} refusals in a row (max_refusals)"
    age = (run.document.get("generation_age") or 0) / SECONDS_PER_DAY
    if policy.max_generation_days is not None and age > policy.max_generation_days:
        return f"the active generation is {age:.0f} days old (max_generation_days)"
    return ""


def _signal_healthcheck(policy: RetryPolicy) -> None:
    """Touches the file or requests the URL of the healthcheck; logs a warning on failure."""
    if policy.healthcheck is None:
        return
    if policy.healthcheck_is_url:
        _request_url(policy.healthcheck)
        return
    try:
        Path(policy.healthcheck).touch()
    except OSError as error:
        logger.warning("schedule: the healthcheck file cannot be touched: %s", error)


def _request_url(url: str) -> None:
    """Requests a URL, which must not appear in the log."""
    import requests

    for pause in HEALTHCHECK_RETRY_SECONDS:
        try:
            requests.get(url, timeout=HEALTHCHECK_TIMEOUT_SECONDS).raise_for_status()
        except requests.RequestException as error:
            if pause is not None:
                time.sleep(pause)
                continue
            status = f" {error.response.status_code}" if error.response is not None else ""
            kind = type(error).__name__
            logger.warning("schedule: the healthcheck URL cannot be requested: %s%s", kind, status)
        else:
            return


def _now() -> datetime:
    return datetime.now().astimezone()


def _raise_terminated(_: int, __: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # ignore further signals during the cleanup
    raise Terminated
