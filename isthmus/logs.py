"""Logging to standard error: lines of text, or one JSON object per line."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from types import TracebackType

MIN_SECRET_LENGTH = 8  # Neo4j's minimum for a password; a shorter value may be any word
MASK = "***"


class TextFormatter(logging.Formatter):
    """Formats a record as its message and traceback, with secrets masked."""

    def __init__(self, secrets: Sequence[str]) -> None:
        super().__init__("%(message)s")
        self.secrets = [secret for secret in secrets if len(secret) >= MIN_SECRET_LENGTH]

    def format(self, record: logging.LogRecord) -> str:
        """Returns the record as text."""
        text = super().format(record)
        for secret in self.secrets:
            text = text.replace(secret, MASK)
        return text


class JsonFormatter(TextFormatter):
    """Formats a record as a JSON object: `time`, `level`, `message`, `command`, its `extra`."""

    STANDARD_ATTRIBUTES = frozenset({*vars(logging.makeLogRecord({})), "message"})

    def __init__(self, secrets: Sequence[str], command: str) -> None:
        super().__init__(secrets)
        self.command = command

    def format(self, record: logging.LogRecord) -> str:
        """Returns the record as one line of JSON."""
        time = datetime.fromtimestamp(record.created, UTC)
        line = {
            "time": time.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": super().format(record),
            "command": self.command,
        }
        extra = {
            name: value
            for name, value in vars(record).items()
            if name not in self.STANDARD_ATTRIBUTES
        }
        return json.dumps(line | extra, ensure_ascii=False, default=str)


def log_to_standard_error(level: int, formatter: TextFormatter) -> None:
    """Sends log records to standard error; those of other libraries from level WARNING only.

    Args:
        level: Minimum level of isthmus's own records.
        formatter: Format of the lines; with JSON, warnings and crashes of Python become lines too.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("isthmus").setLevel(level)
    if isinstance(formatter, JsonFormatter):
        logging.captureWarnings(True)
        sys.excepthook = _log_crash


def _log_crash(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    logging.getLogger("isthmus").critical(
        "isthmus has a bug: %s", error, exc_info=(kind, error, traceback)
    )


def is_json() -> bool:
    """Whether the log is in JSON, so that nothing else may be printed to standard error."""
    handlers = logging.getLogger().handlers
    return any(isinstance(handler.formatter, JsonFormatter) for handler in handlers)
