"""What isthmus says on standard error: lines for people, or a JSON object a line."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from types import TracebackType

SHORTEST_SECRET = 8  # as short as Neo4j takes a password; a shorter one may be any word
HIDDEN = "***"


class Lines(logging.Formatter):
    """A message as it is, with its traceback where it has one, and without secrets."""

    def __init__(self, secrets: Sequence[str]) -> None:
        super().__init__("%(message)s")
        self.secrets = [secret for secret in secrets if len(secret) >= SHORTEST_SECRET]

    def format(self, record: logging.LogRecord) -> str:
        """The record as text."""
        text = super().format(record)
        for secret in self.secrets:
            text = text.replace(secret, HIDDEN)
        return text


class JsonLines(Lines):
    """A record as one JSON object: `time`, `level`, `message`, `command`, and its `extra`."""

    KNOWN = frozenset({*vars(logging.makeLogRecord({})), "message"})

    def __init__(self, secrets: Sequence[str], command: str) -> None:
        super().__init__(secrets)
        self.command = command

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        time = datetime.fromtimestamp(record.created, UTC)
        line = {
            "time": time.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": super().format(record),
            "command": self.command,
        }
        extra = {name: value for name, value in vars(record).items() if name not in self.KNOWN}
        return json.dumps(line | extra, ensure_ascii=False, default=str)


def log_to_standard_error(level: int, formatter: Lines) -> None:
    """Sends what isthmus says to standard error; other libraries only from a warning up."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("isthmus").setLevel(level)
    if isinstance(formatter, JsonLines):  # what Python itself prints are lines of theirs, too
        logging.captureWarnings(True)
        sys.excepthook = _log_crash


def _log_crash(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    logging.getLogger("isthmus").critical(
        "isthmus has a bug: %s", error, exc_info=(kind, error, traceback)
    )


def is_json() -> bool:
    """Whether a JSON object a line is wanted, so that nothing else may stand between them."""
    return any(isinstance(one.formatter, JsonLines) for one in logging.getLogger().handlers)
