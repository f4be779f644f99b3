"""Logging to standard error, as lines of text or of JSON, and of some runs to files too."""

from __future__ import annotations

import io
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from isthmus.errors import IsthmusError, Locked, NothingToDo
from isthmus.files import append_to, make_folder
from isthmus.output import MASK, escape_controls, hide_credentials, to_json

__all__ = [
    "MASK",
    "JsonFormatter",
    "TextFormatter",
    "is_json",
    "is_quiet",
    "keep_log",
    "log_to_standard_error",
]

logger = logging.getLogger("isthmus")

WITH_TIME = "%(asctime)s %(levelname)s %(message)s"
"""Format of the lines of text in a file."""

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

    def __init__(self, secrets: Sequence[str], pattern: str = "%(message)s") -> None:
        super().__init__(pattern)
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


class _PrivateLog(logging.FileHandler):
    """Appends to a file of its owner; a full disk is no reason to end the run."""

    def _open(self) -> io.TextIOWrapper:
        return io.TextIOWrapper(
            append_to(Path(self.baseFilename)), encoding="utf-8", errors="backslashreplace"
        )

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Leaves a record out that the disk does not take."""


@contextmanager
def keep_log(
    folder: Path, name: str, formatter: logging.Formatter, count: int
) -> Iterator[Path | None]:
    """Keeps the log of the block in a file NAME-TIME-PID.log, also what --quiet does not show.

    An error of isthmus gets the file into its advice. A run that had nothing to do leaves no file.

    Args:
        folder: Folder of the file; created if missing.
        name: Name of the command.
        formatter: Format of the lines.
        count: Number of files of this name to keep; older ones are deleted.

    Yields:
        The file; None if it cannot be written.
    """
    try:
        file = _new_log(folder, name, count)
        handler = _PrivateLog(file)
    except OSError as error:
        logger.warning("The log of this run is not kept: %s", error)
        yield None
        return
    handler.setFormatter(formatter)
    root, level = logging.getLogger(), logger.level
    shown = [(other, other.level) for other in root.handlers]
    for other, own_level in shown:
        other.setLevel(max(own_level, level))
    logger.setLevel(min(level, logging.INFO))
    root.addHandler(handler)
    try:
        yield file
    except (Locked, NothingToDo):
        file.unlink(missing_ok=True)
        raise
    except IsthmusError as error:
        handler.handle(_record(logging.ERROR, f"{error.kind}: {error}"))
        error.advice = f"{error.advice} Log: {file}".strip()
        raise
    except BaseException as error:
        handler.handle(_record(logging.CRITICAL, f"ended by {type(error).__name__}", error))
        if isinstance(error, Exception):
            logger.error("Log: %s", file)
        raise
    finally:
        root.removeHandler(handler)
        for other, own_level in shown:
            other.setLevel(own_level)
        logger.setLevel(level)
        with suppress(OSError):
            handler.close()


def _new_log(folder: Path, name: str, count: int) -> Path:
    """Returns the path of a log that begins now, and deletes the oldest ones."""
    for old in sorted(make_folder(folder).glob(f"{name}-*.log"), reverse=True)[count - 1 :]:
        old.unlink(missing_ok=True)
    return folder / f"{name}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{os.getpid()}.log"


def _record(level: int, text: str, error: BaseException | None = None) -> logging.LogRecord:
    exc_info = None if error is None else (type(error), error, error.__traceback__)
    return logging.LogRecord("isthmus", level, __file__, 0, text, None, exc_info)


def is_quiet() -> bool:
    """Whether standard error shows warnings and errors only."""
    shown = all(handler.level <= logging.INFO for handler in logging.getLogger().handlers)
    return not (shown and logger.isEnabledFor(logging.INFO))


def is_json() -> bool:
    """Whether the log is in JSON, so that nothing else may be printed to standard error."""
    handlers = logging.getLogger().handlers
    return any(isinstance(handler.formatter, JsonFormatter) for handler in handlers)
