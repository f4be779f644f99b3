"""`isthmus serve`: what it prints at its start."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from isthmus.scripts import serve

TOKEN = "0123456789abcdef"


@pytest.mark.parametrize(
    ("is_terminal", "page"),
    [(True, f"http://127.0.0.1:1/#token={TOKEN}"), (False, "http://127.0.0.1:1/")],
)
def test_the_token_is_printed_on_a_terminal_alone(
    monkeypatch: pytest.MonkeyPatch, is_terminal: bool, page: str
) -> None:
    monkeypatch.setattr(
        serve, "sys", SimpleNamespace(stdout=SimpleNamespace(isatty=lambda: is_terminal))
    )
    text = serve._describe_start("http://127.0.0.1:1", Path("/home/service/tokens"), TOKEN)
    assert text.splitlines()[1] == f"The explorer: {page}"
    assert (TOKEN in text) == is_terminal
