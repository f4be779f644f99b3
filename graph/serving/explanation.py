"""Answers as text for people: each item, its score, the paths that make it."""

from __future__ import annotations

from typing import Any

_SENTENCES = {
    "transfer": "liking {0} leads here from another domain",
    "collaborative": "people who liked {0} liked this",
    "interest": "an interest in {0} leads here",
    "content": "is about {0}",
    "popularity": "popular in {0}",
}


def as_text(answer: dict[str, Any], paths: bool = False) -> str:
    """An answer as lines; with `paths`, below each item the shares that add up to its score."""
    lines = [answer["note"]] if "note" in answer else []
    for rank, item in enumerate(answer["items"], start=1):
        verdict = f"  {item['verdict']}" if "verdict" in item else ""
        lines.append(f"{rank:>3}. {item['title'] or item['item_id']}  {item['score']:.4f}{verdict}")
        if paths:
            lines += [f"       {p['share']:+.4f}  {sentence(p)}" for p in item["paths"]]
    return "\n".join(lines)


def sentence(path: dict[str, Any]) -> str:
    """What a path says, without its share."""
    if path["from"] is None:
        return "its title is near to the text"
    return _SENTENCES[path["kind"]].format(path["title"] or path["from"])
