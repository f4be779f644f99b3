"""Runs commands in this process as a console would, with all that they print, and a time limit."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from isthmus.scripts.main import main

NOISE = re.compile(
    r"Traceback \(most recent|panicked at|RUST_BACKTRACE|Warning: |  File \"|stack overflow"
    r"|polars_[a-z]{2,20}::|pyo3"
)
"""What libraries print, and no user should see."""
GOOD_CODES = (0, 2)


class Hang(BaseException):
    """A command has not ended in time."""


@dataclass
class Result:
    """What a command did.

    Attributes:
        code: Its exit code.
        out: Its standard output.
        err: Its standard error.
        seconds: How long it took.
    """

    code: int | None
    out: str
    err: str
    seconds: float

    def document(self) -> dict[str, Any]:
        """Returns the document on standard output; {} if there is none."""
        try:
            document = json.loads(self.out)
        except ValueError:
            return {}
        return document if isinstance(document, dict) else {}

    def fault(self, limit: float) -> str | None:
        """Returns what is wrong with the way in which the command ended; None if nothing is."""
        if noise := NOISE.search(f"{self.out}\n{self.err}"):
            last = self.err.strip().rpartition("\n")[2]
            return f"{noise[0].strip()}: {last[:300]}"
        if self.code is None or self.seconds > limit:
            return f"a hang: {self.seconds:.1f} s"
        if self.code not in GOOD_CODES:
            return f"exit code {self.code}: {self.err.strip()[-300:]}"
        if self.code and "Error: " not in self.err and "error" not in self.document():
            return f"exit code {self.code} without a sentence"
        return None


def run_command(arguments: list[str], limit: float) -> Result:
    """Runs a command of isthmus in this process; what it prints is read from the descriptors."""
    start, code = time.monotonic(), 0
    argv, sys.argv = sys.argv, ["isthmus", *arguments]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        try:
            with _redirected(out.fileno(), err.fileno()), _time_limit(limit):
                try:
                    main()
                except SystemExit as stop:
                    code = stop.code if isinstance(stop.code, int) else 1
                except Hang:
                    code = -1
                except BaseException:
                    traceback.print_exc()
                    code = 1
        finally:
            sys.argv = argv
        seconds = time.monotonic() - start
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode("utf-8", "replace"))
    return Result(None if code == -1 else code, texts[0], texts[1], seconds)


@contextmanager
def _redirected(out: int, err: int) -> Iterator[None]:
    saved = os.dup(1), os.dup(2)
    sys.stdout.flush()
    sys.stderr.flush()
    os.dup2(out, 1)
    os.dup2(err, 2)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for target, source in zip((1, 2), saved, strict=True):
            os.dup2(source, target)
            os.close(source)


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    def stop(*_: object) -> None:
        raise Hang

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
