"""The result of a health check."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Check:
    """The result of one check.

    Attributes:
        name: Name of the check.
        ok: Whether the check passed.
        found: Result, as a sentence.
        advice: What to do; a check that passed may advise an improvement.
    """

    name: str
    ok: bool
    found: str
    advice: str = ""

    def document(self) -> dict[str, object]:
        """Returns the check as `--json` prints it."""
        return asdict(self)
