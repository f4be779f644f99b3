"""The session for services with asyncio: what they need of it, in threads."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, Self, TypeVar

from isthmus.api.opening import connect

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import polars as pl

    from isthmus.api.documents import Answer, Recorded, RecordedText, UserInterest
    from isthmus.api.session import Session
    from isthmus.graph.database import Row
    from isthmus.graph.filters import Filter

Result = TypeVar("Result")

THREADS = 8
"""Requests to the graph at a time; further ones wait."""


def connect_async(
    home: str | Path | None = None, uri: str | None = None, **options: str | Path | None
) -> AsyncSession:
    """Returns a session for `async with`, which opens the graph; see `connect`."""
    return AsyncSession(partial(connect, home, uri, **options))  # type: ignore[arg-type]


class AsyncSession:
    """An open graph for asyncio: its functions are those of `Session`, awaited.

    Each runs in one of `THREADS` threads, which share one connection: the event loop is never
    blocked. A recording goes on to its end if its task is cancelled.

    Args:
        open_session: Opens the session.
    """

    def __init__(self, open_session: Callable[[], Session]) -> None:
        self._open = open_session
        self._threads = ThreadPoolExecutor(THREADS, "isthmus")
        self._session: Session | None = None

    async def __aenter__(self) -> Self:
        self._session = await self._run(self._open)
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._run(self.session.close)
        self._threads.shutdown()

    @property
    def session(self) -> Session:
        """The session, for what this class does not have."""
        if self._session is None:
            raise RuntimeError("The session is not open: use `async with isthmus.connect_async()`.")
        return self._session

    async def recommend(
        self,
        user: str,
        domain: str,
        n: int = 10,
        *,
        filter: Filter | None = None,  # noqa: A002 - as in `Session`
        paths: bool = False,
        reasons: bool = False,
        language: str | None = None,
    ) -> Answer:
        """Recommends for a user, see `Session.recommend`."""
        recommend = self.session.recommend
        options = {"filter": filter, "paths": paths, "reasons": reasons, "language": language}
        return await self._run(recommend, user, domain, n, **options)

    async def recommend_text(
        self,
        text: str,
        domain: str,
        n: int = 10,
        *,
        filter: Filter | None = None,  # noqa: A002 - as in `Session`
        paths: bool = False,
        reasons: bool = False,
        language: str | None = None,
    ) -> Answer:
        """Recommends for a text, see `Session.recommend_text`."""
        recommend = self.session.recommend_text
        options = {"filter": filter, "paths": paths, "reasons": reasons, "language": language}
        return await self._run(recommend, text, domain, n, **options)

    async def explain(self, user: str, domain: str, item: str, language: str | None = None) -> Row:
        """Explains the place of one item, see `Session.explain`."""
        return await self._run(self.session.explain, user, domain, item, language)

    async def feedback(
        self,
        user: str,
        domain: str,
        item: str,
        like: bool = True,
        *,
        weight: float = 1.0,
        event_id: str | None = None,
    ) -> Recorded:
        """Records a like or a dislike, see `Session.feedback`."""
        record = self.session.feedback
        return await self._run(record, user, domain, item, like, weight=weight, event_id=event_id)

    async def feedback_text(
        self, user: str, text: str, *, event_id: str | None = None
    ) -> RecordedText:
        """Records a text, see `Session.feedback_text`."""
        return await self._run(self.session.feedback_text, user, text, event_id=event_id)

    async def interests(self, user: str, language: str = "en") -> list[UserInterest]:
        """Returns the interests of a user, see `Session.interests`."""
        return await self._run(self.session.interests, user, language)

    async def query(self, statement: str, /, **parameters: Any) -> pl.DataFrame:
        """Runs a statement, see `Session.query`."""
        return await self._run(self.session.query, statement, **parameters)

    async def _run(
        self, function: Callable[..., Result], *arguments: Any, **options: Any
    ) -> Result:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, partial(function, *arguments, **options))
