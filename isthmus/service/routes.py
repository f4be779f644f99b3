"""The routes under /v1: each is one call of the session."""

from __future__ import annotations

from typing import Annotated, Any, Literal, cast

from fastapi import APIRouter, Query
from typing_extensions import TypedDict

from isthmus.api.documents import Answer, Recorded, RecordedText, UserInterest
from isthmus.graph.database import read_attributes
from isthmus.graph.events import undo_event
from isthmus.graph.generations import compare_answers, list_generations
from isthmus.service.bodies import (
    MAX_TEXT,
    Compared,
    Count,
    Explained,
    Feedback,
    ForText,
    ForUser,
    Id,
    UndoneEvent,
    WrittenText,
)
from isthmus.service.connection import Connection
from isthmus.service.counters import Counters

Language = Annotated[str, Query(pattern=r"^[a-z]{2,3}$", description="Language of the names.")]


class ComparedItem(TypedDict):
    """An item of one generation's answer, and its place in the other's; null if far below."""

    rank: int
    item_id: str
    title: str | None
    score: float
    other_rank: int | None


class ComparedAnswer(TypedDict):
    """What one generation recommends."""

    generation: int
    state: str
    created_at: str
    items: list[ComparedItem]


class Comparison(TypedDict):
    """What two generations recommend, and how many items are in both lists."""

    user: str
    domain: str
    same: int
    first: ComparedAnswer
    second: ComparedAnswer


class Undone(TypedDict):
    """An event that was taken back; `undone` is false if it was before."""

    event_id: str
    user: str | None
    item: str | None
    undone: bool


class DomainSize(TypedDict):
    """A domain and its number of items."""

    domain: str
    items: int


class GenerationState(TypedDict):
    """A generation, `active` or `retired`, whose edges the graph has."""

    number: int
    state: str
    created_at: str
    edges: int


class AttributeOfItems(TypedDict):
    """An attribute of items that filters can name, with some of its values."""

    name: str
    type: str
    low: str | None
    high: str | None
    values: list[str]


class Overview(TypedDict):
    """What can be asked for: domains, generations, and attributes for filters."""

    domains: list[DomainSize]
    generations: list[GenerationState]
    attributes: list[AttributeOfItems]


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

    @router.post("/feedback/undo")
    def undo(body: UndoneEvent) -> Undone:
        """Takes back an event that was recorded with an id, as if it had never come."""
        with connection.session() as session:
            return cast("Undone", undo_event(session.graph, body.event_id, session.settings))

    @router.post("/compare")
    def compare(body: Compared) -> Comparison:
        """Compares what two generations recommend to a user."""
        with connection.session() as session:
            return cast(
                "Comparison",
                compare_answers(
                    session.graph,
                    body.user,
                    body.domain,
                    body.n,
                    session.settings,
                    body.first,
                    body.second,
                ),
            )

    @router.get("/overview")
    def overview() -> Overview:
        """Returns the domains, the generations with edges, and the attributes of items."""
        with connection.session() as session:
            graph = session.graph
            kept = [row for row in list_generations(graph) if row["state"] in ("active", "retired")]
            attributes = [each for each in read_attributes(graph) if each.label == "Item"]
            return Overview(
                domains=cast("list[DomainSize]", graph.read("search/domains")),
                generations=[
                    GenerationState(
                        number=row["number"],
                        state=row["state"],
                        created_at=row["created_at"],
                        edges=row["edges"],
                    )
                    for row in kept
                ],
                attributes=[
                    AttributeOfItems(
                        name=each.name,
                        type=each.type,
                        low=each.low,
                        high=each.high,
                        values=list(each.values),
                    )
                    for each in attributes
                ],
            )

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
