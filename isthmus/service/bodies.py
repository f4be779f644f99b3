"""The bodies of requests."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from isthmus.api.session import MAX_ITEMS

MAX_ID, MAX_TEXT = 1_000, 10_000

Id = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_ID)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_TEXT)]
Count = Annotated[int, Field(ge=1, le=MAX_ITEMS)]


class Body(BaseModel):
    """A body without unknown keys, so that a misspelled one is not ignored."""

    model_config = ConfigDict(extra="forbid")


class Wanted(Body):
    """What is recommended, whoever it is for; filters of the items belong here."""

    domain: Id = Field(description="Domain of the items.", examples=["films"])
    n: Count = Field(10, description="Maximum number of items.")


class ForUser(Wanted):
    """Items for a user."""

    user: Id = Field(description="Id of the user.", examples=["ana"])
    paths: bool = Field(False, description="Whether to add the paths of each score.")


class ForText(Wanted):
    """Items for a text whose writer is not in the graph."""

    text: Text = Field(description="What somebody wrote.", examples=["我喜欢科幻小说"])
    paths: bool = Field(False, description="Whether to add the paths of each score.")


class Explained(Wanted):
    """Items for a user, each with the paths of its score in words."""

    user: Id = Field(description="Id of the user.", examples=["ana"])


class Event(Body):
    """Something that a user did just now."""

    user: Id = Field(description="Id of the user, who is created if necessary.")
    event_id: Id | None = Field(
        None,
        description="Idempotency key: events with the same id count once, so that a request "
        "without an answer can be sent again.",
    )


class Feedback(Event):
    """A user likes or dislikes an item."""

    domain: Id = Field(description="Domain of the item.")
    item: Id = Field(description="Id of the item.")
    like: bool = Field(True, description="False for a dislike.")
    weight: float = Field(1.0, gt=0, le=1e6, allow_inf_nan=False, description="Its strength.")


class WrittenText(Event):
    """A user wrote a text."""

    text: Text = Field(description="The words, which the graph does not keep by default.")
