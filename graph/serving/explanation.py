"""Recommendations as text: each item with its score, its reasons in words and its paths."""

from __future__ import annotations

from typing import Any

from isthmus.output import escape_controls

_DESCRIPTIONS = {
    "transfer": "transfer from {0} ({1})",
    "collaborative": "people who liked {0} liked this",
    "interest": "interest in {0}",
    "text": "you wrote about {0}",
    "content": "is about {0}",
    "popularity": "popular in {0}",
}


def format_answer(answer: dict[str, Any], paths: bool = False) -> str:
    """Formats an answer as lines, with the `reasons` of the items that have them.

    The first reason stands on a line of its own, the others on the next. Where all items have the
    same reasons, they stand once, before the items.

    Args:
        answer: The answer.
        paths: Whether to add the paths, whose shares sum to the score of each item.
    """
    lines = [answer["note"]] if "note" in answer else []
    all_reasons = [item.get("reasons", []) for item in answer["items"]]
    is_shared = len(all_reasons) > 1 and all(own == all_reasons[0] for own in all_reasons)
    if is_shared and all_reasons[0]:
        lines.append(_join(all_reasons[0], answer))
    for rank, item in enumerate(answer["items"], start=1):
        title = escape_controls(item["title"] or item["item_id"])
        lines.append(f"{rank:>3}. {title}  {_figure(item)}")
        if (reasons := item.get("reasons")) and not is_shared:
            rest = _join(reasons[1:], answer)
            lines += [f"     {line}" for line in (reasons[0], rest) if line]
        if paths:
            lines += [
                f"       {p['share']:+.4f}  {describe_path(p)}" for p in _shown(item["paths"])
            ]
    return "\n".join(lines)


def _join(sentences: list[str], answer: dict[str, Any]) -> str:
    return ("" if answer["language"] == "zh" else " ").join(sentences)


def _shown(paths: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The paths whose share is not 0 as it is printed."""
    return [path for path in paths if abs(path["share"]) >= 0.00005]


def _figure(item: dict[str, Any]) -> str:
    """The score of an item; for a text, its verdict and the probability of a like."""
    if "probability" not in item:
        return f"{item['score']:.4f}"
    return f"{item.get('verdict', '')} {item['probability']:.0%}".strip()


def describe_path(path: dict[str, Any]) -> str:
    """Describes a path in words on one line, without its share."""
    if path["from"] is None:
        return escape_controls(f"similar to “{path['title']}”")
    domain = path["from"].partition(":")[0]  # items have the key domain:item_id
    text = _DESCRIPTIONS[path["kind"]].format(path["title"] or path["from"], domain)
    return escape_controls(text)
