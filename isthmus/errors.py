"""The errors that isthmus raises for its users: a message, advice and an exit code."""

from __future__ import annotations


class IsthmusError(Exception):
    """A failure that the user can understand and act on.

    Attributes:
        message: What is wrong, in one sentence, with the file, row or value.
        advice: What to do about it.
        exit_code: Exit code of the command line.
    """

    exit_code = 1

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice

    @property
    def kind(self) -> str:
        """Name of the error in `--json` documents, for example `InputError`."""
        return type(self).__name__

    def __str__(self) -> str:
        return f"{self.message} {self.advice}".strip()


class InputError(IsthmusError):
    """An input is wrong: a file, a row, an option or a name."""

    exit_code = 2


class NotFound(InputError):
    """There is no user, item, domain or statement of this name."""


class NothingToDo(IsthmusError):
    """There is no work to do; the graph is unchanged."""

    exit_code = 3


class Refused(IsthmusError):
    """The promotion gate refused a new generation; the active one goes on answering."""

    exit_code = 4


class Locked(IsthmusError):
    """Another run holds the lock."""

    exit_code = 75


GOOD_EXIT_CODES = (0, NothingToDo.exit_code)
"""Exit codes of a command that did its work or had none to do."""


class LeakError(IsthmusError):
    """Data that an evaluation hides are visible to the models, so its metrics would be invalid."""
