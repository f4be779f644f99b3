"""The routes under /v1: each is one call of the session."""

from __future__ import annotations

from typing import Annotated, Any, Literal, cast

from fastapi import APIRouter, Query
from typing_extensions import TypedDict

from isthmus.api.documents import Answer, Recorded, RecordedText, UserInterest
from isthmus.service.bodies import (
    MAX_TEXT,
    Count,
    Explained,
    Feedback,
    ForText,
    ForUser,
    Id,
    WrittenText,
)
from isthmus.service.connection import Connection
from isthmus.service.counters import Counters

Language = Annotated[str, Query(pattern=r"^[a-z]{2,3}$", description="Language of the names.")]


class Interests(TypedDict):
    """The interests of a user, strongest first."""

    user: str
    interests: list[UserInterest]


class RelatedItem(TypedDict):
    """An item to which the edges of another lead."""

    domain: str
    item_id: str
    title: str | None
    weight: float


class Related(TypedDict):
    """The items to which the learned edges of an item lead, strongest first."""

    domain: str
    item_id: str
    items: list[RelatedItem]


class FoundItem(TypedDict):
    """An item of a search."""

    domain: str
    item_id: str
    title: str | None


class FoundUser(TypedDict):
    """A user of a search."""

    user: str


class FoundInterest(TypedDict):
    """An interest of a search, with its names by language and its number of items."""

    interest: str
    name: str | None
    names: list[str]
    languages: list[str]
    items: int


class Found(TypedDict):
    """What a search found, best match first."""

    items: list[FoundItem]
    users: list[FoundUser]
    interests: list[FoundInterest]


def build_routes(connection: Connection, counters: Counters) -> APIRouter:
    """Returns the routes.

    Args:
        connection: Gives each request the session.
        counters: Counts what is recorded.
    """
    router = APIRouter(prefix="/v1")

    @router.post("/recommend", response_model_exclude_unset=True)
    def recommend(body: ForUser) -> Answer:
        """Recommends items of a domain that a user has no interaction with."""
        with connection.session() as session:
            return session.recommend(body.user, body.domain, body.n, **body.options())

    @router.post("/recommend/text", response_model_exclude_unset=True)
    def recommend_text(body: ForText) -> Answer:
        """Recommends items for a text whose writer is not in the graph; nothing is stored."""
        with connection.session() as session:
            return session.recommend_text(body.text, body.domain, body.n, **body.options())

    @router.post("/explain")
    def explain(body: Explained) -> dict[str, Any]:
        """Explains the place of one item for a user: why it is there, or why it is not."""
        with connection.session() as session:
            return session.explain(body.user, body.domain, body.item, body.language)

    @router.post("/feedback")
    def feedback(body: Feedback) -> Recorded:
        """Records that a user likes or dislikes an item; the next answer uses it."""
        with connection.session() as session:
            done = session.feedback(
                body.user,
                body.domain,
                body.item,
                body.like,
                weight=body.weight,
                event_id=body.event_id,
            )
        if done["recorded"]:
            counters.recorded.labels("like" if body.like else "dislike").inc()
        return done

    @router.post("/feedback/text")
    def feedback_text(body: WrittenText) -> RecordedText:
        """Records a text that a user wrote; the next answer uses it."""
        with connection.session() as session:
            done = session.feedback_text(body.user, body.text, event_id=body.event_id)
        if done["recorded"]:
            counters.recorded.labels("text").inc()
        return done

    @router.get("/interests")
    def interests(user: Id, language: Language = "en") -> Interests:
        """Returns the interests of a user, as they are derived now."""
        with connection.session() as session:
            return {"user": user, "interests": session.interests(user, language)}

    @router.get("/related")
    def related(domain: Id, item: Id, target: Id | None = None, n: Count = 10) -> Related:
        """Returns the items to which an item leads, in its own domain or in `target`."""
        with connection.session() as session:
            rows = session.related(domain, item, n, target=target)
        return {"domain": domain, "item_id": item, "items": cast("list[RelatedItem]", rows)}

    @router.get("/search")
    def search(
        words: Annotated[str, Query(max_length=MAX_TEXT)],
        kind: Literal["items", "users", "interests"] | None = None,
        domain: Id | None = None,
        n: Count = 10,
    ) -> Found:
        """Finds items by words of their titles, users by their ids, interests by their names."""
        found = Found(items=[], users=[], interests=[])
        with connection.session() as session:
            if kind in (None, "items"):
                rows = session.search(words, "items", n, domain=domain)
                found["items"] = cast("list[FoundItem]", rows)
            if kind in (None, "users"):
                found["users"] = cast("list[FoundUser]", session.search(words, "users", n))
            if kind in (None, "interests"):
                rows = session.search(words, "interests", n)
                found["interests"] = cast("list[FoundInterest]", rows)
        return found

    return router
