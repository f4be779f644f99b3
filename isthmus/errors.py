"""The errors that isthmus raises on purpose, each a sentence and a way out."""

from __future__ import annotations


class IsthmusError(Exception):
    """A failure that the user can understand and act on.

    Attributes:
        message: What happened, in one sentence, with the file, row or value.
        advice: What to do about it.
        exit_code: What the command line ends with.
    """

    exit_code = 1

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice

    @property
    def kind(self) -> str:
        """The error's name as `--json` prints it, for example `InputError`."""
        return type(self).__name__

    def __str__(self) -> str:
        return f"{self.message} {self.advice}".strip()


class InputError(IsthmusError):
    """What the user gave is wrong: a file, a row, an option, a name."""

    exit_code = 2


class NothingToDo(IsthmusError):
    """There is no work, or a gate refused it; the graph is as it was."""

    exit_code = 3


class Locked(IsthmusError):
    """Another run holds the lock."""

    exit_code = 75


GOOD_EXIT_CODES = (0, NothingToDo.exit_code)
"""Of a command that did its work, or had none to do."""


class LeakError(IsthmusError):
    """What an evaluation hides is visible to the models, so that its figures would mean nothing."""
