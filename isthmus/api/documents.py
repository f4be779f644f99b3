"""The documents that commands print with `--json`, the Python API returns and the service sends."""

from __future__ import annotations

from typing import NotRequired

from typing_extensions import TypedDict  # pydantic needs this one before Python 3.12

Path = TypedDict(
    "Path", {"kind": str, "from": str | None, "title": str | None, "via": str, "share": float}
)
"""A path of a score.

`kind` is `transfer`, `collaborative`, `interest`, `text`, `content` or `popularity`; `from` the key
of the item, id of the interest or name of the domain that it begins at, null for a clause of a
text; `title` the title or name of that; `via` the type of its relationship; and `share` its share
of the score. The shares of an item add up to its score.
"""


class RecommendedItem(TypedDict):
    """An item of an answer.

    Attributes:
        domain: Its domain.
        item_id: Its id.
        title: Its title.
        score: Its score; the items are in the order of their scores.
        paths: The paths of the score, strongest first; empty unless they were asked for.
        reasons: Sentences on why it is recommended, where they were asked for.
        probability: For a text: the probability that its writer likes the item.
        likes: For a text, with a probability from .5 on: true.
        verdict: The same in the language of the text.
    """

    domain: str
    item_id: str
    title: str | None
    score: float
    paths: list[Path]
    reasons: NotRequired[list[str]]
    probability: NotRequired[float]
    likes: NotRequired[bool]
    verdict: NotRequired[str]


class LeftOut(TypedDict):
    """An interest that a text rejects, whose items are left out of the answer.

    Attributes:
        interest: Its id.
        name: Its name in the language of the text.
        because: The words that reject it.
    """

    interest: str
    name: str | None
    because: str


class Answer(TypedDict):
    """Recommended items.

    Attributes:
        user: Id of the user; null for a text.
        domain: The domain that was asked for.
        generation: Number of the generation that answered; null before the first retraining.
        items: The items, best first.
        language: Language of the reasons, `en` or `zh`.
        left_out: For a text: interests that it rejects.
        note: A sentence on what is missing, if something is.
    """

    user: str | None
    domain: str
    generation: int | None
    items: list[RecommendedItem]
    language: NotRequired[str]
    left_out: NotRequired[list[LeftOut]]
    note: NotRequired[str]


class Recorded(TypedDict):
    """A recorded like or dislike.

    Attributes:
        user: Id of the user.
        domain: Domain of the item.
        item_id: Id of the item.
        weight: Above 0 for a like, below 0 for a dislike.
        recorded: False if the event was recorded before, or taken back.
    """

    user: str
    domain: str
    item_id: str
    weight: float
    recorded: bool


class ReadInterest(TypedDict):
    """An interest that a text is about.

    Attributes:
        interest: Its id.
        name: Its name in the language of the text.
        weight: How much of the text is about it, above 0.
        polarity: From 1 for praise to -1 for a complaint.
        wanted: From 1 for what the text wants to -1 for what it rejects.
    """

    interest: str
    name: str | None
    weight: float
    polarity: float
    wanted: float


class RecordedText(TypedDict):
    """A recorded text.

    Attributes:
        user: Id of the user.
        interests: What it is about.
        recorded: False if the event was recorded before, or taken back.
    """

    user: str
    interests: list[ReadInterest]
    recorded: bool


class UserInterest(TypedDict):
    """An interest of a user, derived from interactions and texts.

    Attributes:
        interest: Its id.
        name: Its name.
        weight: Its strength; below 0 for what the user dislikes.
        written: The part of it that comes from texts about no item.
        likes: Number of liked items about it.
        dislikes: Number of disliked items about it.
        texts: Number of texts about it.
        first_at: Time of the first interaction or text about it, if dated.
        last_at: Time of the last one, if dated.
    """

    interest: str
    name: str | None
    weight: float
    written: float
    likes: int
    dislikes: int
    texts: int
    first_at: str | None
    last_at: str | None
