"""The bodies of requests."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from isthmus.api.session import MAX_ITEMS
from isthmus.graph.filters import Filter

MAX_ID, MAX_TEXT = 1_000, 10_000

Id = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_ID)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_TEXT)]
Count = Annotated[int, Field(ge=1, le=MAX_ITEMS)]
Language = Literal["en", "zh"]
Number = Annotated[int, Field(ge=1, le=2**31 - 1)]
MAX_ROWS = 10_000


class Body(BaseModel):
    """A body without unknown keys, so that a misspelled one is not ignored."""

    model_config = ConfigDict(extra="forbid")


class Wanted(Body):
    """What is recommended, whoever it is for."""

    domain: Id = Field(description="Domain of the items.", examples=["films"])
    n: Count = Field(10, description="Maximum number of items.")
    where: str | None = Field(
        None,
        min_length=1,
        max_length=2_000,
        description="An expression of attributes that the items fulfil.",
        examples=["price < 30 and in_stock"],
    )
    exclude: list[Id] = Field([], max_length=10_000, description="Items that are left out.")
    since: str | None = Field(
        None, max_length=40, description="Items published from this date on.", examples=["2024"]
    )
    max_per_category: int | None = Field(
        None, ge=1, le=MAX_ITEMS, description="Maximum number of items of one category."
    )
    paths: bool = Field(False, description="Whether to add the paths of each score.")
    reasons: bool = Field(False, description="Whether to add sentences on why, for each item.")
    language: Language | None = Field(None, description="Language of the sentences.")

    def options(self) -> dict[str, Any]:
        """Returns the keywords of the session's functions that recommend."""
        given = Filter(self.where, self.exclude, self.since, self.max_per_category)
        within = None if given.is_empty else given
        return {
            "filter": within,
            "paths": self.paths,
            "reasons": self.reasons,
            "language": self.language,
        }


class ForUser(Wanted):
    """Items for a user."""

    user: Id = Field(description="Id of the user.", examples=["ana"])


class ForText(Wanted):
    """Items for a text whose writer is not in the graph."""

    text: Text = Field(description="What somebody wrote.", examples=["我喜欢科幻小说"])


class Explained(Body):
    """One item of a user, whose place is explained."""

    user: Id = Field(description="Id of the user.", examples=["ana"])
    domain: Id = Field(description="Domain of the item.", examples=["films"])
    item: Id = Field(description="Id of the item, or its title.", examples=["f0012"])
    language: Language | None = Field(None, description="Language of the sentences.")


class Compared(Body):
    """A user whose answers of two generations are compared."""

    user: Id = Field(description="Id of the user.", examples=["ana"])
    domain: Id = Field(description="Domain of the items.", examples=["films"])
    n: Count = Field(10, description="Maximum number of items of each list.")
    first: Number | None = Field(None, description="A generation; the one before the second.")
    second: Number | None = Field(None, description="Another generation; the active one.")


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


class UndoneEvent(Body):
    """An event that is taken back."""

    event_id: Id = Field(description="The id with which it was recorded.")


class Asked(Body):
    """A reader of the library with values of its parameters."""

    name: Id = Field(description="Name of the reader.", examples=["interests/profile"])
    parameters: dict[str, JsonValue] = Field(
        {},
        description="Values by the names of the parameters; those with a default may be left out.",
        examples=[{"user": "ana"}],
    )


class AskedRows(Asked):
    """A reader that is run."""

    limit: int = Field(1_000, ge=1, le=MAX_ROWS, description="Maximum number of rows.")


class AskedPlan(Asked):
    """A reader whose plan is asked for."""

    profile: bool = Field(False, description="Whether to run it, and count rows and hits.")
