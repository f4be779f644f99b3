"""Logging to standard error: lines of text, or one JSON object per line."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from types import TracebackType

from isthmus.output import MASK, escape_controls, hide_credentials, to_json

__all__ = ["MASK", "JsonFormatter", "TextFormatter", "is_json", "log_to_standard_error"]

MIN_SECRET_LENGTH = 8  # Neo4j's minimum for a password; a shorter value may be any word
# Libraries that print by handlers of their own read these when they are imported.
QUIET_LIBRARIES = {
    "HF_HUB_VERBOSITY": "error",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TRANSFORMERS_VERBOSITY": "error",
    "TRANSFORMERS_NO_ADVISORY_WARNINGS": "1",
    "TORCH_CPP_LOG_LEVEL": "ERROR",
    "PYTHONWARNINGS": "ignore",  # of child processes
}


class TextFormatter(logging.Formatter):
    """Formats a record as its message and traceback, with secrets masked and controls escaped."""

    def __init__(self, secrets: Sequence[str]) -> None:
        super().__init__("%(message)s")
        self.secrets = [secret for secret in secrets if len(secret) >= MIN_SECRET_LENGTH]

    def format(self, record: logging.LogRecord) -> str:
        """Returns the record as text; a text that is filled into its message stays on one line."""
        if isinstance(record.args, tuple):
            record.args = tuple(
                escape_controls(value) if isinstance(value, str) else value for value in record.args
            )
        return escape_controls(self.hide_secrets(super().format(record)), lines=True)

    def hide_secrets(self, text: str) -> str:
        """Returns a text with *** for the secrets, and for passwords in addresses."""
        for secret in self.secrets:
            text = text.replace(secret, MASK)
        return hide_credentials(text)


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
            "message": self.hide_secrets(logging.Formatter.format(self, record)),
            "command": self.command,
        }
        extra = {
            name: value
            for name, value in vars(record).items()
            if name not in self.STANDARD_ATTRIBUTES
        }
        return to_json(line | extra, sys.stderr)


def log_to_standard_error(level: int, formatter: TextFormatter) -> None:
    """Sends log records to standard error; those of other libraries from level ERROR only.

    What libraries warn of and try again is not for users, who can do nothing about it: a failure
    becomes an error of isthmus. Python's option -W or PYTHONWARNINGS shows warnings again, and the
    libraries' own environment variables their logs.

    Args:
        level: Minimum level of isthmus's own records.
        formatter: Format of the lines; with JSON, warnings and crashes of Python become lines too.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(level=logging.ERROR, handlers=[handler], force=True)
    logging.getLogger("isthmus").setLevel(level)
    logging.captureWarnings(True)
    if sys.warnoptions:
        logging.getLogger("py.warnings").setLevel(logging.WARNING)
    for name, value in QUIET_LIBRARIES.items():
        os.environ.setdefault(name, value)
    if isinstance(formatter, JsonFormatter):
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
