"""Texts of the synthetic dataset with what their writers like and dislike.

A text is a form of `sentences.toml` with an interest put in, by the name of its category or by a
phrase that shares no word with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any, Literal

from isthmus.graph.sources.planted import Cell, Item, read_toml

Kind = Literal["praise", "complaint", "two things", "praise of an item", "complaint of an item"]
POST_WEIGHTS: dict[Kind, float] = {"praise": 0.66, "two things": 0.17, "complaint": 0.17}
"""Shares of the posts; three fifths of all texts are posts, the others reviews of items."""
BOTH_LIKED_SHARE = 0.3


@dataclass(frozen=True)
class PlantedText:
    """A text and what its writer says in it.

    Attributes:
        user: The writer.
        text: The text.
        item_id: The reviewed item, or "".
        language: `zh` or `en`.
        likes: Interests that the text praises.
        dislikes: Interests that the text complains about.
        domain: Domain of these interests' categories.
        kind: What kind of text it is.
        has_name: Whether the text has the name of one of these categories in it.
    """

    user: str
    text: str
    item_id: str
    language: str
    likes: tuple[str, ...]
    dislikes: tuple[str, ...]
    domain: str
    kind: Kind
    has_name: bool


def draw_post(
    rng: Random,
    user: str,
    language: str,
    liked: Sequence[Cell],
    others: Sequence[Cell],
    named: bool,
    kind: Kind | None = None,
) -> PlantedText:
    """Draws a text that is not about an item.

    Args:
        rng: Source of the draws.
        user: The writer.
        language: Language of the text.
        liked: Categories of one domain that the user likes; praise is about the first.
        others: Categories of this domain that the user does not like.
        named: Whether the text has the names of its categories in it.
        kind: Kind of the post; drawn by default.
    """
    kind = kind or rng.choices([*POST_WEIGHTS], [*POST_WEIGHTS.values()])[0]
    likes, dislikes = [liked[0]], [rng.choice(others)]
    if kind == "complaint":
        likes = []
    elif kind == "praise":
        dislikes = []
    elif len(liked) > 1 and rng.random() < BOTH_LIKED_SHARE:
        likes, dislikes = [liked[0], rng.choice(liked[1:])], []
    return _draw_text(rng, user, language, kind, likes, dislikes, named)


def draw_review(
    rng: Random, user: str, language: str, item: Item, liked: bool, named: bool
) -> PlantedText:
    """Draws praise of an item and its category, or a complaint about both."""
    if liked:
        return _draw_text(rng, user, language, "praise of an item", [item.cell], [], named, item)
    return _draw_text(rng, user, language, "complaint of an item", [], [item.cell], named, item)


def planted_text(
    user: str,
    text: str,
    language: str,
    kind: Kind,
    likes: Sequence[Cell],
    dislikes: Sequence[Cell],
    item: Item | None = None,
) -> PlantedText:
    """Describes a text about categories of one domain."""
    cells = [*likes, *dislikes]
    return PlantedText(
        user=user,
        text=text,
        item_id=item.item_id if item else "",
        language=language,
        likes=tuple(cell.interest for cell in likes),
        dislikes=tuple(cell.interest for cell in dislikes),
        domain=cells[0].category.domain,
        kind=kind,
        has_name=any(
            name.lower() in text.lower()
            for cell in cells
            for name in (cell.category.name, *cell.names.values())
        ),
    )


def _draw_text(
    rng: Random,
    user: str,
    language: str,
    kind: Kind,
    likes: Sequence[Cell],
    dislikes: Sequence[Cell],
    named: bool,
    item: Item | None = None,
) -> PlantedText:
    """Draws a form and fills it; of two categories the first is {x}, which is always liked."""
    cells = [*likes, *dislikes]
    forms = _sentences()[language][_form_name(kind, len(likes))]
    form: str = rng.choice(forms["any"] + forms.get(cells[0].category.domain, []))
    phrases = [cell.names[language] if named else rng.choice(cell.cues[language]) for cell in cells]
    slots = dict(zip(("x", "y"), phrases, strict=False))
    text = form.format(title=item.title if item else "", **slots)
    if form.startswith("{"):
        text = text[0].upper() + text[1:]
    return planted_text(user, text, language, kind, likes, dislikes, item)


def _form_name(kind: Kind, likes: int) -> str:
    if kind == "two things":
        return "both_liked" if likes == 2 else "one_liked"
    return kind.replace(" ", "_")


@cache
def _sentences() -> dict[str, Any]:
    return read_toml("sentences.toml")
