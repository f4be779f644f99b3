"""Retraining at its times: a child process that is given a limit, tried again, and told of.

The times are APScheduler's triggers. Runs follow one another in the foreground, so what comes due
during a run is one run after it, however often it came.
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

from isthmus.errors import GOOD_EXIT_CODES, IsthmusError, Locked
from isthmus.scheduling.cron import Cron
from isthmus.settings import Settings

logger = logging.getLogger("isthmus.scheduling.schedule")

SECONDS_TO_END = 30.0  # from SIGTERM to SIGKILL
FIRST_PAUSE, LONGEST_PAUSE = 60.0, 3600.0  # before a failed run is tried again; it doubles
PAUSE_WHILE_LOCKED = 300.0
LONGEST_SLEEP = (
    30.0  # then the clock is read again: it may have been set, or the machine have slept
)
PAUSES_OF_HEALTHCHECK = (2.0, 10.0, None)
TIMEOUT_OF_HEALTHCHECK = 10.0


class RunFailed(IsthmusError):
    """The scheduled command failed as often as it may."""


class Ended(BaseException):
    """SIGTERM arrived."""


@dataclass(frozen=True)
class Policy:
    """How a scheduled command is run.

    Attributes:
        time_limit: Seconds after which a run hangs and is ended.
        retries: How often a failed run is tried again.
        healthcheck: A file that is touched or a URL that is asked after a good run.
    """

    time_limit: float
    retries: int
    healthcheck: str | None = None

    @property
    def asks_a_url(self) -> bool:
        """Whether the healthcheck is a URL, which is often its own password."""
        return (self.healthcheck or "").startswith(("http://", "https://"))


@dataclass(frozen=True)
class Run:
    """How a scheduled command went.

    Attributes:
        exit_code: Of the last try; None where it was ended at the time limit.
        tries: Including those that met the lock of another run.
        seconds: In all.
        document: What the command printed; its last line where that is JSON.
    """

    exit_code: int | None
    tries: int
    seconds: float
    document: dict[str, Any]

    @property
    def is_good(self) -> bool:
        """Whether the command did its work, or had none to do."""
        return self.exit_code in GOOD_EXIT_CODES


def retraining(settings: Settings) -> list[str]:
    """The command that is scheduled, with this Python and this home."""
    quiet = [] if logger.isEnabledFor(logging.INFO) else ["--quiet"]
    return [*isthmus(), "retrain", "--json", "--home", str(settings.home), *quiet]


def isthmus() -> list[str]:
    """The command line of isthmus in this environment; -P keeps the working folder out of it."""
    return [sys.executable, "-P", "-m", "isthmus.scripts.main"]


def keep(cron: Cron, command: list[str], policy: Policy) -> dict[str, int]:
    """Runs a command at its times, until SIGTERM.

    Returns:
        `runs` and how many of them `failed`.
    """
    trigger, started = cron.trigger(), _now()
    runs = failed = 0
    signal.signal(signal.SIGTERM, _end)
    try:
        while due := trigger.get_next_fire_time(started, started):
            logger.info("schedule: the next run is due at %s", due.isoformat(" ", "minutes"))
            while (left := (due - _now()).total_seconds()) > 0:
                time.sleep(min(left, LONGEST_SLEEP))
            started = _now()
            runs += 1
            failed += not run(command, policy).is_good
    except Ended:
        logger.info("schedule: ended by SIGTERM")
    return {"runs": runs, "failed": failed}


def once(command: list[str], policy: Policy) -> Run:
    """Runs a command now.

    Raises:
        Locked: Another run held the lock all the time.
        RunFailed: It failed, or SIGTERM ended it.
    """
    signal.signal(signal.SIGTERM, _end)
    try:
        done = run(command, policy)
    except Ended as error:
        raise RunFailed("SIGTERM ended the run.", "The graph is whole; run it again.") from error
    if done.exit_code == Locked.exit_code:
        raise Locked("Another run held the lock all the time.", "Wait until it ends, or end it.")
    if not done.is_good:
        raise RunFailed(f"The run failed {done.tries} times: {_sentence(done)}.")
    return done


def run(command: list[str], policy: Policy) -> Run:
    """Runs a command until it is good, or has failed as often as it may.

    A run that met another one's lock waits and is tried again, for as long as the time limit.
    """
    start, tries, failures = time.monotonic(), 0, 0
    while True:
        logger.info("schedule: run starts")
        tries += 1
        exit_code, document = _try(command, policy.time_limit)
        seconds = time.monotonic() - start
        done = Run(exit_code, tries, round(seconds, 3), document)
        if done.is_good:
            logger.info("schedule: run ended well in %.0f s, %s", seconds, _sentence(done))
            _give_sign_of_life(policy)
            return done
        if exit_code == Locked.exit_code:
            pause, goes_on = PAUSE_WHILE_LOCKED, seconds < policy.time_limit
        else:
            pause, goes_on = (
                min(FIRST_PAUSE * 2**failures, LONGEST_PAUSE),
                failures < policy.retries,
            )
            failures += 1
        if not goes_on:
            logger.error("schedule: run failed %d times: %s", tries, _sentence(done))
            return done
        logger.warning("schedule: %s; once more in %.0f s", _sentence(done), pause)
        time.sleep(pause)


def _try(command: list[str], time_limit: float) -> tuple[int | None, dict[str, Any]]:
    """Runs a command once, in a session of its own; no process of it stays."""
    child = subprocess.Popen(  # noqa: S603
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True
    )
    try:
        printed, _ = child.communicate(timeout=time_limit)
    except subprocess.TimeoutExpired:
        return None, {}
    finally:
        _end_group(child)
    return child.returncode, _document(printed)


def _end_group(child: subprocess.Popen[bytes]) -> None:
    """Ends what of a child's processes lives: asked first, then killed."""
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            child.wait(SECONDS_TO_END)
    with suppress(ProcessLookupError, PermissionError):  # macOS says that of a group of zombies
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    if child.stdout:
        child.stdout.close()


def _document(printed: bytes) -> dict[str, Any]:
    lines = printed.decode(errors="replace").splitlines()
    with suppress(ValueError):
        document = json.loads(lines[-1] if lines else "")
        if isinstance(document, dict):
            return document
    return {}


def _sentence(done: Run) -> str:
    """What a run came to, as a person would say it."""
    if done.exit_code is None:
        return "it was ended at its time limit"
    if "error" in done.document:
        return str(done.document["error"]["message"]).rstrip(".")
    if done.exit_code == 0 and "generation" in done.document:
        return f"generation {done.document['generation']}"
    return f"exit code {done.exit_code}"


def _give_sign_of_life(policy: Policy) -> None:
    """Touches a file or asks a URL; where that fails, the run was good all the same."""
    if policy.healthcheck is None:
        return
    if policy.asks_a_url:
        _ask(policy.healthcheck)
        return
    try:
        Path(policy.healthcheck).touch()
    except OSError as error:
        logger.warning("schedule: the healthcheck file cannot be touched: %s", error)


def _ask(url: str) -> None:
    """Requests a URL, which no log may show."""
    import requests

    for pause in PAUSES_OF_HEALTHCHECK:
        try:
            requests.get(url, timeout=TIMEOUT_OF_HEALTHCHECK).raise_for_status()
        except requests.RequestException as error:
            if pause is not None:
                time.sleep(pause)
                continue
            status = f" {error.response.status_code}" if error.response is not None else ""
            kind = type(error).__name__
            logger.warning("schedule: the healthcheck's URL cannot be asked: %s%s", kind, status)
        else:
            return


def _now() -> datetime:
    return datetime.now().astimezone()


def _end(_: int, __: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # one is enough while the child is ended
    raise Ended
