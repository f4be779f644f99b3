"""Recommendations as text: each item with its score and the paths that explain it."""

from __future__ import annotations

from typing import Any

_DESCRIPTIONS = {
    "transfer": "transfer from {0} ({1})",
    "collaborative": "people who liked {0} liked this",
    "interest": "interest in {0}",
    "content": "is about {0}",
    "popularity": "popular in {0}",
}


def format_answer(answer: dict[str, Any], paths: bool = False) -> str:
    """Formats an answer as lines; `paths` adds the shares that sum to the score of each item."""
    lines = [answer["note"]] if "note" in answer else []
    for rank, item in enumerate(answer["items"], start=1):
        verdict = f"  {item['verdict']}" if "verdict" in item else ""
        lines.append(f"{rank:>3}. {item['title'] or item['item_id']}  {item['score']:.4f}{verdict}")
        if paths:
            lines += [f"       {p['share']:+.4f}  {describe_path(p)}" for p in item["paths"]]
    return "\n".join(lines)


def describe_path(path: dict[str, Any]) -> str:
    """Describes a path in words, without its share."""
    if path["from"] is None:
        return "its title is similar to the text"
    domain = path["from"].partition(":")[0]  # items have the key domain:item_id
    return _DESCRIPTIONS[path["kind"]].format(path["title"] or path["from"], domain)
