"""The HTML report shows texts of other people, which must stay texts."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from typing import Any

from isthmus.graph.operations import write_report

EVIL = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "\x1b]0;pwned\x07\x9b2J",
    "\u202edlog\u2066",
    "</style><base href=//evil>",
    "{{ 7 * 7 }}",
)


def write(tmp_path: Path, text: str) -> str:
    path: dict[str, Any] = {"kind": "text", "from": "d:i", "title": text, "via": None, "share": 1.0}
    item = {"item_id": text, "title": text, "score": 1.0, "domain": text, "paths": [path]}
    item |= {"reasons": [text, text]}
    person = {
        "user": text,
        "taste": text,
        "history": [{"title": text, "weight": 1.0}],
        "answers": [{"domain": text, "language": "zh", "items": [item]}],
    }
    training = {
        "generation": 1,
        "edges": 2,
        "seconds": 3.0,
        "steps": [{"name": text, "seconds": 1}],
    }
    result = {"people": [person], "planted": 1, "recovered": 1, "training": training}
    write_report(tmp_path / "report.html", text, result)
    return (tmp_path / "report.html").read_text("utf-8")


def test_no_text_becomes_a_tag_or_a_control_character(tmp_path: Path) -> None:
    tags = re.compile(r"<(/?[a-z!][^\s>]*)")
    expected = tags.findall(write(tmp_path, "plain"))
    for text in EVIL:
        page = write(tmp_path, text)
        assert tags.findall(page) == expected
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", page)
    assert "{{ 7 * 7 }}" in page


def test_the_policy_allows_no_script_and_no_style_but_the_page_s_own(tmp_path: Path) -> None:
    page = write(tmp_path, "plain")
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert policy
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    rules = policy[1].replace("&#39;", "'").split("; ")
    assert rules[:2] == ["default-src 'none'", f"style-src 'sha256-{digest}'"]
    assert "style=" not in page
    assert "<script" not in page
