"""Puts explanations into words, by the templates of `wording.toml`."""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from isthmus.output import escape_controls

LANGUAGES = ("en", "zh")
LONGEST_TITLE = 60
# A title that stands in marks of its own needs no others.
_QUOTED = re.compile(r"[“\"「『《][^”\"」』》]*[”\"」』》]")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_HAN = "[\u3400-\u9fff]"
_TOUCH = re.compile(f"(?!{_HAN})\\w{_HAN}|{_HAN}(?!{_HAN})\\w")


class Wording:
    """The words of one language.

    Attributes:
        language: Its code, one of `LANGUAGES`.
    """

    def __init__(self, language: str) -> None:
        self.language = language
        self._words = _read_words()[language]

    def sentence(self, key: str, **values: Any) -> str:
        """Returns a whole sentence: a capital letter at its start, and a full stop."""
        return self.finish(self.clause(key, **values))

    def clause(self, key: str, **values: Any) -> str:
        """Fills a template.

        Args:
            key: Its name.
            values: Numbers and names by the name of the placeholder. `things`, `item` and `own`
                are lists of names that have been quoted where they need it.
        """
        return self._fill(self._words[key], values)

    def finish(self, clause: str) -> str:
        """Makes a sentence of a clause."""
        return escape_controls(f"{clause[:1].upper()}{clause[1:]}{self._words['stop']}")

    def join_or(self, names: Sequence[str]) -> str:
        """Joins names of which any one is meant."""
        return self._join(names, "last_or")

    def about(self, interest: str | None) -> dict[str, str]:
        """The placeholders `about` and `kind` for an interest, or for none."""
        if interest is None:
            return {"about": "", "kind": self._words["kind"]}
        return {"about": self._words["about"].format(interest=interest), "kind": interest}

    def signal(self, kind: str, domain: str) -> str:
        """The name of a signal of the score."""
        return self._fill(self._words["signals"][kind], {"domain": domain})

    def columns(self) -> dict[str, str]:
        """The headings of the table of signals."""
        return dict(self._words["columns"])

    def quote(self, title: str) -> str:
        """Puts a title into quotation marks, after cutting one that is very long."""
        first, last, inner_first, inner_last = self._words["quotes"]
        title = " ".join(title.split())
        if len(title) > LONGEST_TITLE:
            title = title[: LONGEST_TITLE - 1].rstrip() + "…"
        if _QUOTED.fullmatch(title):
            return title
        inner = title.replace("“", inner_first).replace("”", inner_last)
        return f"{first}{inner}{last}"

    def _fill(self, template: str, values: dict[str, Any]) -> str:
        """Fills a template; in Chinese, Latin words and numbers stand apart from what is around."""
        names = {
            key: self._join(value) if isinstance(value, list) else str(value)
            for key, value in values.items()
        }
        if self.language != "zh":
            return template.format(**names)
        parts = _PLACEHOLDER.split(template)
        parts[1::2] = [names[key] for key in parts[1::2]]
        parts = [part for part in parts if part]
        gaps = [" " if _TOUCH.fullmatch(a[-1] + b[0]) else "" for a, b in pairwise(parts)]
        return "".join(part + gap for part, gap in zip(parts, [*gaps, ""], strict=True))

    def _join(self, names: Sequence[str], last_comma: str = "last_comma") -> str:
        *most, last = names
        comma, final = self._words["comma"], self._words[last_comma]
        return f"{comma.join(most)}{final if most else ''}{last}"


@functools.cache
def _read_words() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("wording.toml").read_text(encoding="utf-8"))
