"""What a server of a home is doing, and why it does not: running and answering are two things."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import psutil

from isthmus.errors import IsthmusError
from isthmus.graph.server import disk, identity, process
from isthmus.graph.server.failures import ServerError, known_reason
from isthmus.graph.server.health import DatabaseState
from isthmus.graph.server.record import (
    ServerRecord,
    explain_file_errors,
    home_folders,
    make_record,
    read_record,
)
from isthmus.settings import Settings

SECONDS_TO_ANSWER = 4.0
EXIT_TIMEOUT_SECONDS = 5.0


@dataclass(frozen=True)
class ServerStatus:
    """What the server of a home is doing.

    Attributes:
        state: `stopped`; `starting`, before its first answer; `answering` a query; or
            `not answering`, though it runs.
        record: Its process and address; None if it is stopped, or has no address yet.
        milliseconds: Time of the answer to a query, with the connection; None without an answer.
        reason: Why it does not answer, as a clause, as far as it is known.
    """

    state: Literal["stopped", "starting", "answering", "not answering"]
    record: ServerRecord | None = None
    milliseconds: float | None = None
    reason: str = ""


def read_status(settings: Settings) -> ServerStatus:
    """Finds out within a few seconds what the server of this home is doing; changes nothing."""
    with explain_file_errors(settings):
        recorded = read_record(settings)
        server = identity.find_server(home_folders(settings).home) if recorded is None else None
        record = recorded or (make_record(settings, server.pid) if server else None)
    if record is None:
        return ServerStatus("stopped" if server is None else "starting")
    suspended = f"its process is suspended, and `kill -CONT {record.pid}` resumes it"
    if _is_suspended(record.pid):
        return ServerStatus("not answering", record, reason=suspended)
    start = time.monotonic()
    reason = _within(SECONDS_TO_ANSWER, lambda: _why_unanswered(settings, record))
    if reason is None and _is_suspended(record.pid):
        reason = suspended
    if reason == "":
        return ServerStatus("answering", record, round(1000 * (time.monotonic() - start), 1))
    if recorded is None and _age(record.pid) < process.SECONDS_TO_START:
        return ServerStatus("starting", record)
    reason = reason or f"it gave no answer within {SECONDS_TO_ANSWER:.0f} s"
    return ServerStatus("not answering", record, reason=reason)


def _why_unanswered(settings: Settings, record: ServerRecord) -> str:
    """Asks the server a query; returns why it does not answer, or "" if it does."""
    try:
        if process.answers_query(record.pid, record.uri, record.password()):
            return ""
    except IsthmusError as error:  # such as a password that it refuses
        return error.message.rstrip(".")
    state = database_state(settings, record)
    if state is None:
        return "it accepts no connection"
    known = known_reason(state.reason) if state.message else None
    return known[0] if known else state.message.rstrip(".") or f"its graph is {state.status}"


def _within(seconds: float, question: Callable[[], str]) -> str | None:
    """Returns the answer to a question, or None if there is none in time.

    The driver waits longer for a process that accepts connections and says nothing.
    """
    answers: list[str] = []
    thread = threading.Thread(target=lambda: answers.append(question()), daemon=True)
    thread.start()
    thread.join(seconds)
    return answers[0] if answers else None


def _is_suspended(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_STOPPED)
    except psutil.Error:
        return False


def _age(pid: int) -> float:
    try:
        return time.time() - psutil.Process(pid).create_time()
    except psutil.Error:
        return float("inf")


def database_state(settings: Settings, record: ServerRecord) -> DatabaseState | None:
    """Asks the server of this home for the state of its graph; None if it does not answer."""
    return process.database_state(record.pid, record.uri, record.password())


def has_exited(record: ServerRecord) -> bool:
    """Whether the process of a server exits within 5 s; a killed process may take a moment."""
    return process.wait_for_exit(record.pid, EXIT_TIMEOUT_SECONDS)


def has_room_to_start(settings: Settings) -> bool:
    """Whether the disk of this home has room for a start of its server."""
    return disk.free_bytes(settings.home) >= disk.ROOM_TO_START


def explain_silence(settings: Settings, record: ServerRecord) -> ServerError:
    """Returns why the server of this home does not answer: it is suspended, busy or has exited."""
    console = home_folders(settings).console
    if not has_exited(record):
        state = "runs and does not answer"
        advice = "`isthmus server status` shows what it does, and `isthmus server stop` ends it."
        if _is_suspended(record.pid):
            state = "is suspended"
            advice = f"`kill -CONT {record.pid}` lets it go on; then run the command again."
        return ServerError(f"isthmus's own Neo4j (process {record.pid}) {state}.", advice)
    said = console.read_text(errors="replace") if console.exists() else ""
    reason, advice = known_reason(said) or (
        "it was ended from outside, as by the system where memory is short",
        "Run the command again; it starts the server again.",
    )
    return ServerError(
        f"Neo4j stopped during the command: {reason}. Everything that was committed is kept.",
        f"{advice} Log: {console}",
    )


def explain_reason(settings: Settings, text: str) -> ServerError | None:
    """Returns the error for what Neo4j says of the disk of this home; None for anything else."""
    for pattern, number in disk.ERRORS.items():
        if re.search(pattern, text):
            return disk.explain_disk_error(number, settings.home)
    return None
